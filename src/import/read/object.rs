//! One JSON object to a row: a GeoJSON feature, or an object of any members. Not here: whether its numbers
//! are degrees (place).

use std::collections::BTreeMap;

use geojson::{Feature, JsonValue, feature::Id};

use crate::import::limits::{MAX_COLUMNS, MAX_ROW_BYTES};
use crate::import::place::from_geojson;
use crate::import::raw::{PlaceIn, Raw, Rejected, Row};
use diaban_core::domain::field::Value;

/// Bytes of a column's name, outer names included; longer ones are not read.
const MAX_NAME: usize = 200;

/// One object that is no feature; its place is in its members.
pub(super) fn record(row: u64, text: &str) -> Row {
    let unread = |reason: String| Rejected { row, source_id: None, reason };
    let Ok(JsonValue::Object(members)) = serde_json::from_str(text) else {
        return Err(unread("is no JSON object".to_owned()));
    };
    let mut properties = BTreeMap::new();
    for (name, value) in members {
        flatten(&name, value, &mut properties);
    }
    if properties.len() > MAX_COLUMNS {
        return Err(unread(format!("has more than {MAX_COLUMNS} members")));
    }
    Ok(Raw { row, id: None, place: PlaceIn::Members, geometry: Ok(None), properties })
}

/// One feature.
pub(super) fn feature(row: u64, text: &str) -> Row {
    let unread = |id: Option<String>, reason: String| Rejected { row, source_id: id, reason };
    if text.len() > MAX_ROW_BYTES {
        return Err(unread(None, format!("is larger than {} MiB", MAX_ROW_BYTES >> 20)));
    }
    let feature: Feature =
        serde_json::from_str(text).map_err(|e| unread(None, format!("is no GeoJSON feature: {e}")))?;
    let id = feature.id.map(|id| match id {
        Id::String(s) => s,
        Id::Number(n) => n.to_string(),
    });
    let geometry = feature.geometry.map(|g| from_geojson(&g.value)).transpose();
    let geometry = geometry.map_err(|reason| format!("geometry {reason}"));
    let mut properties = BTreeMap::new();
    for (name, value) in feature.properties.into_iter().flatten() {
        flatten(&name, value, &mut properties);
    }
    if properties.len() > MAX_COLUMNS {
        return Err(unread(id, format!("has more than {MAX_COLUMNS} properties")));
    }
    Ok(Raw { row, id, place: PlaceIn::Geometry, geometry, properties })
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
