//! GeoJSON (RFC 7946): a row as a Feature, and the links of its documents. Members stand in the order of
//! their names, as in all JSON documents of this service; coordinates have seven decimals at most.

use std::borrow::Cow;

use geo::Point;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::geometry;
use super::list::{Cell, Place, Row, Schema};
use crate::domain::field::{self, Value};
use crate::domain::view::PublicReport;
use crate::geo::LonLat;

/// Media type of a feature or a collection.
pub const MEDIA: &str = "application/geo+json";

/// One link of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Absolute address.
    pub href: String,
    /// Relation (RFC 8288 or an OGC URI).
    pub rel: &'static str,
    /// Media type of what it leads to.
    pub media: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What is to be sent there by POST; none where a GET is meant.
    pub body: Option<Json>,
}

impl Link {
    /// As documents of OGC API write it.
    pub fn to_json(&self) -> Json {
        let mut link = json!({ "href": self.href, "rel": self.rel, "type": self.media, "title": self.title });
        if let Some(body) = &self.body {
            link["method"] = "POST".into();
            link["body"] = body.clone();
        }
        link
    }
}

/// What a report holds, as lists write it.
pub fn report_schema() -> Schema {
    Schema::new(Place::LonLat, true, field::REPORT.iter().map(|f| f.name))
}

/// A report as a row of that schema.
pub fn report_row(r: &PublicReport) -> Row<'_> {
    Row {
        id: r.id.into(),
        geometry: r.facts.point.map(|p| Cow::Owned(Point::new(p.lon(), p.lat()).into())),
        cells: field::REPORT.iter().map(|f| (f.get)(r).into()).collect(),
    }
}

/// A report as a Feature; its id is a number.
pub fn report(r: &PublicReport) -> Map<String, Json> {
    Feature { schema: &report_schema(), row: &report_row(r) }.to_map()
}

/// A point geometry.
pub fn point(p: LonLat) -> Json {
    json!({ "type": "Point", "coordinates": [p.lon(), p.lat()] })
}

/// A row as a Feature.
#[derive(Clone, Copy, Debug)]
pub struct Feature<'a> {
    /// What the row holds.
    pub schema: &'a Schema,
    /// The row.
    pub row: &'a Row<'a>,
}

impl Feature<'_> {
    /// As a tree, to which more can be added.
    pub fn to_map(&self) -> Map<String, Json> {
        match serde_json::to_value(self) {
            Ok(Json::Object(members)) => members,
            _ => unreachable!("a feature is an object"),
        }
    }
}

impl Serialize for Feature<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut feature = serializer.serialize_map(Some(4))?;
        feature.serialize_entry("geometry", &self.row.geometry.as_deref().map(geometry::GeoJson))?;
        feature.serialize_entry("id", &self.row.id)?;
        feature.serialize_entry("properties", &Properties(self))?;
        feature.serialize_entry("type", "Feature")?;
        feature.end()
    }
}

struct Properties<'a>(&'a Feature<'a>);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.schema.properties(self.0.row))
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Texts(texts) => serializer.collect_seq(texts),
            Self::Integer(i) => serializer.serialize_i64(*i),
            Self::Number(n) => serializer.serialize_f64(*n),
            Self::Boolean(b) => serializer.serialize_bool(*b),
        }
    }
}

/// Writes something as JSON.
pub(super) fn write(what: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, what).expect("writing JSON to memory cannot fail");
}

pub(super) fn value(v: Value) -> Json {
    match v {
        Value::Null => Json::Null,
        Value::Text(s) => s.into(),
        Value::Integer(i) => i.into(),
        Value::Number(n) => n.into(),
        Value::Boolean(b) => b.into(),
    }
}
