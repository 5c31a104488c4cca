//! A city feature as a row of a list, as a Feature of GeoJSON, and as the text that tells whether it
//! changed.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::xxh3_128;

use super::geometry;
use super::list::{Cell, Place, Row, Schema};
use crate::domain::feature::{Membership, NewFeature};
use crate::domain::field::{Kind, Value};
use crate::domain::{CodeBook, Collection, Feature};

/// The properties of a collection's feature, by name; absent ones are null.
pub fn properties(collection: &Collection, values: &[Value]) -> Map<String, Json> {
    collection
        .properties
        .iter()
        .zip(values)
        .map(|(p, v)| (p.name.clone(), super::geojson::value(v.clone())))
        .collect()
}

/// Reads such properties back; what does not fit its type any more is null.
pub fn values(collection: &Collection, properties: &Map<String, Json>) -> Vec<Value> {
    let read = |name: &str, kind: Kind| match (properties.get(name), kind) {
        (Some(Json::String(s)), Kind::Text | Kind::Instant) => Value::Text(s.clone()),
        (Some(Json::Number(n)), Kind::Integer) => n.as_i64().map_or(Value::Null, Value::Integer),
        (Some(Json::Number(n)), Kind::Number) => n.as_f64().map_or(Value::Null, Value::Number),
        (Some(Json::Bool(b)), Kind::Boolean) => Value::Boolean(*b),
        _ => Value::Null,
    };
    collection.properties.iter().map(|p| read(&p.name, p.kind.kind())).collect()
}

/// Tells whether two imports of a source id carry the same: a hash of shape, values and wards.
pub fn content_hash(collection: &Collection, feature: &NewFeature) -> [u8; 16] {
    let (shape, properties) = texts(collection, feature);
    text_hash(shape.as_deref(), &properties, &feature.wards, feature.membership)
}

/// Shape and properties as they are stored.
pub fn texts(collection: &Collection, feature: &NewFeature) -> (Option<String>, String) {
    let shape = feature.geometry.as_ref().map(|g| geometry::to_json(Some(g)).to_string());
    (shape, Json::Object(properties(collection, &feature.values)).to_string())
}

/// The same hash from [`texts`], for what is stored already.
pub fn text_hash(
    shape: Option<&str>,
    properties: &str,
    wards: &[String],
    membership: Membership,
) -> [u8; 16] {
    let shape = shape.unwrap_or("null");
    let mut text = format!("{shape}\n{properties}\n{}", wards.join(","));
    // A row that names the wards it met before is another row: new boundaries mean something else to it.
    text.push_str(match membership {
        Membership::Met => "",
        Membership::Named => "\nnamed",
        Membership::Lent => "\nlent",
    });
    xxh3_128(text.as_bytes()).to_be_bytes()
}

/// What stands after the properties of a declared collection.
const ENDS: [&str; 6] = ["wards", "source", "source_id", "revision", "created_at", "updated_at"];

/// What the features of a collection hold, as lists write it.
pub fn schema(collection: &Collection) -> Schema {
    let properties = collection.properties.iter().map(|p| Cow::Owned(p.name.clone()));
    Schema::new(Place::Shape, true, properties.chain(ENDS.map(Cow::Borrowed)))
}

/// A feature as a row of that schema; `codebook` names its wards.
pub fn row<'a>(f: &'a Feature, codebook: &CodeBook) -> Row<'a> {
    let ends = [
        Cell::Texts(codebook.ward_names(&f.wards).collect()),
        (*f.source).into(),
        f.source_id.as_str().into(),
        Cell::Integer(f.revision.into()),
        f.created.to_string().into(),
        f.updated.to_string().into(),
    ];
    Row {
        id: f.id.into(),
        geometry: f.geometry.as_ref().map(Cow::Borrowed),
        cells: f.values.iter().map(Cell::from).chain(ends).collect(),
    }
}

/// A feature as GeoJSON; `codebook` names its wards.
pub fn geojson(collection: &Collection, f: &Feature, codebook: &CodeBook) -> Map<String, Json> {
    super::geojson::Feature { schema: &schema(collection), row: &row(f, codebook) }.to_map()
}
