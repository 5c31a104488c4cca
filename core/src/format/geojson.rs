//! GeoJSON (RFC 7946) and its text sequence (RFC 8142). Coordinates have seven decimals at most.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use crate::domain::field::{self, Value};
use crate::domain::view::PublicReport;
use crate::geo::LonLat;

/// Media type of a feature or a collection.
pub const MEDIA: &str = "application/geo+json";
/// Media type of a text sequence.
pub const MEDIA_SEQ: &str = "application/geo+json-seq";

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
}

impl Link {
    /// As documents of OGC API write it.
    pub fn to_json(&self) -> Json {
        json!({ "href": self.href, "rel": self.rel, "type": self.media, "title": self.title })
    }
}

/// A report as a Feature; its id is a number.
pub fn report(r: &PublicReport) -> Map<String, Json> {
    let mut properties = Map::new();
    properties.insert("id".into(), r.id.into());
    for f in field::REPORT {
        properties.insert(f.name.into(), value((f.get)(r)));
    }
    let mut feature = Map::new();
    feature.insert("type".into(), "Feature".into());
    feature.insert("id".into(), r.id.into());
    feature.insert("geometry".into(), r.facts.point.map_or(Json::Null, point));
    feature.insert("properties".into(), properties.into());
    feature
}

/// A point geometry.
pub fn point(p: LonLat) -> Json {
    json!({ "type": "Point", "coordinates": [p.lon(), p.lat()] })
}

/// A feature of a page, written at once: as a tree it would take ten times the room, and a page may
/// have ten thousand.
pub fn written(feature: &Map<String, Json>) -> Box<RawValue> {
    serde_json::value::to_raw_value(feature).expect("a JSON value is JSON")
}

/// A page of features.
pub fn collection(features: &[Box<RawValue>], matched: u64, links: &[Link]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Page<'a> {
        features: &'a [Box<RawValue>],
        links: Vec<Json>,
        number_matched: u64,
        number_returned: usize,
        r#type: &'static str,
    }
    let links = links.iter().map(Link::to_json).collect();
    let page = Page {
        features,
        links,
        number_matched: matched,
        number_returned: features.len(),
        r#type: "FeatureCollection",
    };
    serde_json::to_vec(&page).expect("a JSON value is JSON")
}

/// One record of a text sequence: record separator, feature, line feed.
pub fn sequence_record(feature: &Map<String, Json>, out: &mut Vec<u8>) {
    out.push(0x1e);
    serde_json::to_writer(&mut *out, feature).expect("writing JSON to memory cannot fail");
    out.push(b'\n');
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
