//! A city feature as a Feature of GeoJSON, as a CSV record, and as the text that tells whether it
//! changed.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::xxh3_128;

use super::geometry;
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

/// A feature as GeoJSON; `codebook` names its wards.
pub fn geojson(collection: &Collection, f: &Arc<Feature>, codebook: &CodeBook) -> Map<String, Json> {
    let wards: Vec<Json> = codebook.ward_names(&f.wards).map(Json::from).collect();
    let mut all = Map::new();
    all.insert("id".into(), f.id.into());
    all.extend(properties(collection, &f.values));
    all.insert("wards".into(), wards.into());
    all.insert("source".into(), (*f.source).into());
    all.insert("source_id".into(), f.source_id.clone().into());
    all.insert("revision".into(), f.revision.into());
    all.insert("created_at".into(), f.created.to_string().into());
    all.insert("updated_at".into(), f.updated.to_string().into());
    let mut feature = Map::new();
    feature.insert("type".into(), "Feature".into());
    feature.insert("id".into(), f.id.into());
    feature.insert("geometry".into(), geometry::to_json(f.geometry.as_ref()));
    feature.insert("properties".into(), all.into());
    feature
}
