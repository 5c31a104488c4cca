//! GeoJSON to rows: one document, or texts one after the other. Each feature is read on its own, so
//! one that is wrong costs one row. Not here: whether its numbers are degrees (recognise).

use std::collections::BTreeMap;
use std::fmt;

use geojson::{Feature, JsonValue, feature::Id};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::format::{FormatError, strip_bom};
use super::raw::{Raw, Row, Unread};
use super::{MAX_COLUMNS, MAX_ROWS, shape};
use diaban_core::domain::field::Value;

/// Bytes of one feature.
pub(super) const MAX_FEATURE_BYTES: usize = 16 << 20;
/// Bytes of a column's name, outer names included; longer ones are not read.
const MAX_NAME: usize = 200;
/// Names of members shown of a document that is no GeoJSON.
const SHOWN: usize = 8;

/// A document with its features unread.
pub(super) struct Document<'a> {
    texts: Vec<Option<&'a str>>,
    /// The name of the coordinate system in its `crs` member, as GeoJSON of 2008 had it.
    pub(super) crs: Option<String>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    kind: Option<JsonValue>,
    crs: Option<JsonValue>,
    #[serde(borrow, default)]
    features: Option<Texts<'a>>,
}

struct Texts<'a>(Vec<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of features")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element::<&RawValue>()? {
                    if texts.len() == MAX_ROWS {
                        return Err(A::Error::custom(format!("more than {MAX_ROWS} features")));
                    }
                    texts.push(text.get());
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}

/// Opens one document: a `FeatureCollection` or a `Feature`.
pub(super) fn document(bytes: &[u8]) -> Result<Document<'_>, FormatError> {
    let broken = |text: String| Err(FormatError::Broken(text));
    let text = match std::str::from_utf8(strip_bom(bytes)) {
        Ok(text) => text,
        Err(e) => return broken(format!("the file is not UTF-8 at byte {}", e.valid_up_to())),
    };
    let wire: Wire<'_> = match serde_json::from_str(text) {
        Ok(wire) => wire,
        Err(e) if e.is_data() => return broken(format!("the file is not GeoJSON: {e}")),
        Err(e) => return broken(format!("the file is not JSON: {e}")),
    };
    let crs = crs(wire.crs.as_ref());
    match (wire.kind.as_ref().and_then(JsonValue::as_str), wire.features) {
        (Some("FeatureCollection"), Some(Texts(texts))) => {
            Ok(Document { texts: texts.into_iter().map(Some).collect(), crs })
        }
        (Some("FeatureCollection"), None) => broken("the FeatureCollection has no features".to_owned()),
        (Some("Feature"), _) => Ok(Document { texts: vec![Some(text)], crs }),
        (kind, _) => {
            let why = kind.map_or("it has no \"type\"".to_owned(), |k| {
                format!("its \"type\" is {:?}", k.chars().take(40).collect::<String>())
            });
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap_or_default();
            let names: Vec<String> =
                members.into_keys().take(SHOWN).map(|k| k.chars().take(40).collect()).collect();
            broken(format!(
                "the file is JSON but not GeoJSON: {why}, its members are {}; make a FeatureCollection of it",
                names.join(", ")
            ))
        }
    }
}

/// Opens texts one after the other.
pub(super) fn sequence(bytes: &[u8]) -> Result<Document<'_>, FormatError> {
    let bytes = strip_bom(bytes);
    let separator = if bytes.contains(&0x1e) { 0x1e } else { b'\n' };
    let mut texts = Vec::new();
    for text in bytes.split(|b| *b == separator).map(<[u8]>::trim_ascii).filter(|t| !t.is_empty()) {
        if texts.len() == MAX_ROWS {
            return Err(FormatError::Broken(format!("more than {MAX_ROWS} features")));
        }
        texts.push(std::str::from_utf8(text).ok());
    }
    Ok(Document { texts, crs: None })
}

/// The name in a `crs` member; a linked one is named by the member itself.
pub(super) fn crs(member: Option<&JsonValue>) -> Option<String> {
    let member = member.filter(|m| !m.is_null())?;
    let name = member.pointer("/properties/name").and_then(JsonValue::as_str);
    let name = name.map_or_else(|| member.to_string(), str::to_owned);
    Some(name.chars().take(80).collect())
}

impl Document<'_> {
    /// The features, one by one.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        self.texts.iter().zip(1..).map(|(text, row)| {
            let unread = |reason: &str| Unread { row, id: None, reason: reason.to_owned() };
            text.ok_or_else(|| unread("is not UTF-8")).and_then(|text| feature(row, text))
        })
    }
}

/// One object that is no feature; its place is still to be found.
pub(super) fn record(row: u64, text: &str) -> Row {
    let unread = |reason: String| Unread { row, id: None, reason };
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
    Ok(Raw { row, id: None, geometry: Ok(None), properties })
}

pub(super) fn feature(row: u64, text: &str) -> Row {
    let unread = |id: Option<String>, reason: String| Unread { row, id, reason };
    if text.len() > MAX_FEATURE_BYTES {
        return Err(unread(None, format!("is larger than {} MiB", MAX_FEATURE_BYTES >> 20)));
    }
    let feature: Feature =
        serde_json::from_str(text).map_err(|e| unread(None, format!("is no GeoJSON feature: {e}")))?;
    let id = feature.id.map(|id| match id {
        Id::String(s) => s,
        Id::Number(n) => n.to_string(),
    });
    let geometry = feature.geometry.map(|g| shape::from_geojson(&g.value)).transpose();
    let geometry = geometry.map_err(|reason| format!("geometry {reason}"));
    let mut properties = BTreeMap::new();
    for (name, value) in feature.properties.into_iter().flatten() {
        flatten(&name, value, &mut properties);
    }
    if properties.len() > MAX_COLUMNS {
        return Err(unread(id, format!("has more than {MAX_COLUMNS} properties")));
    }
    Ok(Raw { row, id, geometry, properties })
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
