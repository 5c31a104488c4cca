//! One JSON object to a row: a GeoJSON feature, or an object of any members. Not here: whether its numbers
//! are degrees (place).

use std::collections::BTreeMap;

use geojson::JsonValue;
use serde::Deserialize;

use crate::import::limits::{MAX_COLUMNS, MAX_ROW_BYTES};
use crate::import::place::{KINDS, Wire};
use crate::import::raw::{PlaceIn, Raw, Rejected, Row};
use diaban_core::area::crs_name;
use diaban_core::domain::field::Value;

/// Bytes of a column's name, outer names included; longer ones are not read.
const MAX_NAME: usize = 200;

/// A feature as it is written; other members are passed over.
#[derive(Deserialize)]
struct FeatureWire {
    #[serde(rename = "type", default)]
    kind: JsonValue,
    #[serde(default)]
    id: JsonValue,
    #[serde(default)]
    geometry: Option<Wire>,
    #[serde(default)]
    properties: Option<serde_json::Map<String, JsonValue>>,
    #[serde(default)]
    crs: JsonValue,
}

/// The `type` of an object; other members are passed over.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: JsonValue,
}

/// What an object says of its type.
pub(super) fn kind_of(text: &str) -> Option<String> {
    serde_json::from_str::<Kind>(text).ok().and_then(|k| k.kind.as_str().map(str::to_owned))
}

/// One object of a list or a text of a sequence: a feature, a bare geometry, or an object of any members.
pub(super) fn any(row: u64, text: &str) -> Row {
    if text.len() > MAX_ROW_BYTES {
        return feature(row, text);
    }
    match kind_of(text) {
        Some(kind) if kind == "Feature" || KINDS.contains(&&*kind) && text.contains("oordinates") => {
            feature(row, text)
        }
        _ => record(row, text),
    }
}

/// One object that is no feature; its place is in its members.
pub(super) fn record(row: u64, text: &str) -> Row {
    let unread = |reason: String| Rejected { row, source_id: None, reason };
    let Ok(JsonValue::Object(members)) = serde_json::from_str(text) else {
        return Err(unread("is no JSON object".to_owned()));
    };
    let mut properties = BTreeMap::new();
    let (mut geometry, mut crs, mut place) = (Ok(None), None, PlaceIn::Members);
    for (name, value) in members {
        // A geometry in a member is the place of the object.
        let shaped = value.get("type").and_then(JsonValue::as_str).is_some_and(|k| KINDS.contains(&k))
            && (value.get("coordinates").is_some() || value.get("geometries").is_some());
        if shaped && place == PlaceIn::Members {
            place = PlaceIn::Geometry;
            (crs, geometry) = match serde_json::from_value::<Wire>(value) {
                Ok(wire) => (wire.crs(), wire.read()),
                Err(e) => (None, Err(e.to_string())),
            };
            geometry = geometry.map_err(|reason| format!("{name} {reason}"));
            continue;
        }
        flatten(&name, value, &mut properties);
    }
    if properties.len() > MAX_COLUMNS {
        return Err(unread(format!("has more than {MAX_COLUMNS} members")));
    }
    Ok(Raw { row, id: None, place, crs, geometry, properties })
}

/// One feature, or a geometry without one.
pub(super) fn feature(row: u64, text: &str) -> Row {
    let unread = |id: Option<String>, reason: String| Rejected { row, source_id: id, reason };
    if text.len() > MAX_ROW_BYTES {
        return Err(unread(None, format!("is larger than {} MiB", MAX_ROW_BYTES >> 20)));
    }
    let broken = |e: serde_json::Error| unread(None, format!("is no GeoJSON feature: {e}"));
    let feature: FeatureWire = serde_json::from_str(text).map_err(broken)?;
    let kind = feature.kind.as_str().unwrap_or_default();
    if KINDS.contains(&kind) {
        let wire: Wire = serde_json::from_str(text).map_err(broken)?;
        let (crs, geometry) = (wire.crs(), wire.read().map_err(|reason| format!("geometry {reason}")));
        return Ok(Raw {
            row,
            id: None,
            place: PlaceIn::Geometry,
            crs,
            geometry,
            properties: BTreeMap::new(),
        });
    }
    if kind != "Feature" {
        let esri = text.contains("\"attributes\"");
        let hint = if esri {
            "it looks like Esri's JSON; ask its server for f=geojson"
        } else {
            "its type must be Feature"
        };
        return Err(unread(None, format!("is no GeoJSON feature: {hint}")));
    }
    let id = match feature.id {
        JsonValue::Null => None,
        JsonValue::String(s) => Some(s),
        JsonValue::Number(n) => Some(n.to_string()),
        _ => return Err(unread(None, "is no GeoJSON feature: its id must be a text or a number".to_owned())),
    };
    let crs = feature.geometry.as_ref().and_then(Wire::crs).or_else(|| crs_name(&feature.crs));
    let geometry = feature.geometry.map_or(Ok(None), Wire::read);
    let geometry = geometry.map_err(|reason| format!("geometry {reason}"));
    let mut properties = BTreeMap::new();
    for (name, value) in feature.properties.into_iter().flatten() {
        flatten(&name, value, &mut properties);
    }
    if properties.len() > MAX_COLUMNS {
        return Err(unread(id, format!("has more than {MAX_COLUMNS} properties")));
    }
    Ok(Raw { row, id, place: PlaceIn::Geometry, crs, geometry, properties })
}

/// Members of members become `outer.inner`, scalars in a list one text; the depth is JSON's own.
fn flatten(name: &str, value: JsonValue, out: &mut BTreeMap<String, Value>) {
    if out.len() > MAX_COLUMNS || name.len() > MAX_NAME {
        return;
    }
    let value = match value {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(b) => Value::Boolean(b),
        JsonValue::Number(n) => match n.as_i64() {
            Some(i) => Value::Integer(i),
            None => n.as_f64().map_or(Value::Null, Value::Number),
        },
        JsonValue::String(s) => Value::Text(s),
        JsonValue::Object(members) => {
            for (inner, value) in members {
                flatten(&format!("{name}.{inner}"), value, out);
            }
            return;
        }
        JsonValue::Array(items) if items.iter().any(|i| i.is_object() || i.is_array()) => {
            for (i, value) in items.into_iter().enumerate() {
                flatten(&format!("{name}.{i}"), value, out);
            }
            return;
        }
        JsonValue::Array(items) => {
            let texts: Vec<String> =
                items.iter().map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned)).collect();
            Value::Text(texts.join(", "))
        }
    };
    out.insert(name.to_owned(), value);
}
