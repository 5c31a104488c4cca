//! One JSON document to rows while it is read: a `FeatureCollection`, a `Feature`, or a list of objects.
//! Each feature is read on its own, so one that is wrong costs one row.

use std::collections::BTreeSet;
use std::fmt;

use geojson::JsonValue;
use serde::de::{DeserializeSeed, Deserializer as _, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::de::Read;
use serde_json::value::RawValue;

use super::format::FormatError;
use super::object::{feature, record};
use super::sink::Sink;
use super::unpack::Budget;
use crate::import::raw::Row;

/// Names of members shown of a document that is no GeoJSON, and characters of each.
const SHOWN: usize = 8;
const SHOWN_CHARS: usize = 40;

/// Gives the rows to a sink as long as they are wanted; `budget` begins anew with each.
pub(super) fn rows<'de>(
    mut json: Deserializer<impl Read<'de>>,
    budget: &Budget,
    sink: &mut dyn Sink,
) -> Result<(), FormatError> {
    let mut walk = Walk { sink, budget, rows: 0, seen: false, stopped: false, document: Document::default() };
    let walked = json.deserialize_any(&mut walk).and_then(|()| json.end());
    let broken = |what: &str, e: serde_json::Error| {
        let after = if walk.rows > 0 { format!(" after row {}", walk.rows) } else { String::new() };
        Err(FormatError::Broken(format!("{what}{after}: {e}")))
    };
    match walked {
        _ if walk.stopped => Ok(()),
        Err(e) if e.is_io() => broken("the file breaks off", e),
        Err(e) if e.is_data() => broken("the file is not GeoJSON", e),
        Err(e) => broken("the file is not JSON", e),
        Ok(()) if walk.seen => Ok(()),
        Ok(()) => {
            let text = walk.document.feature()?;
            let _ = walk.sink.row(feature(1, &text));
            Ok(())
        }
    }
}

struct Walk<'a> {
    sink: &'a mut dyn Sink,
    budget: &'a Budget,
    rows: u64,
    /// Whether there was a list at all.
    seen: bool,
    stopped: bool,
    document: Document,
}

/// What a document says beside its list.
#[derive(Default)]
struct Document {
    kind: Option<String>,
    /// The members that a single feature has.
    own: Vec<(String, Box<RawValue>)>,
    /// The first names of members in their alphabetical order.
    names: BTreeSet<String>,
}

impl Document {
    /// The text of a document that is one feature.
    fn feature(&self) -> Result<String, FormatError> {
        let broken = |text: String| Err(FormatError::Broken(text));
        match self.kind.as_deref() {
            Some("Feature") => {
                let own: Vec<String> = self.own.iter().map(|(name, v)| format!(",\"{name}\":{v}")).collect();
                Ok(format!("{{\"type\":\"Feature\"{}}}", own.concat()))
            }
            Some("FeatureCollection") => broken("the FeatureCollection has no features".to_owned()),
            kind => {
                let why = kind
                    .map_or_else(|| "it has no \"type\"".to_owned(), |k| format!("its \"type\" is {k:?}"));
                let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
                broken(format!(
                    "the file is JSON but not GeoJSON: {why}, its members are {}; make a FeatureCollection or a \
                     list of objects of it",
                    names.join(", ")
                ))
            }
        }
    }

    fn note(&mut self, name: &str) {
        self.names.insert(shown(name));
        if self.names.len() > SHOWN {
            self.names.pop_last();
        }
    }
}

impl Walk<'_> {
    fn list<'de, A: SeqAccess<'de>>(
        &mut self,
        mut items: A,
        read: fn(u64, &str) -> Row,
    ) -> Result<(), A::Error> {
        self.seen = true;
        self.budget.renew();
        while let Some(text) = items.next_element::<Box<RawValue>>()? {
            self.rows += 1;
            if self.sink.row(read(self.rows, text.get())).is_break() {
                self.stopped = true;
                return Err(A::Error::custom("no more rows are wanted"));
            }
            self.budget.renew();
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.list(items, record)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            self.budget.renew();
            let kind = self.document.kind.as_deref();
            match name.as_str() {
                "features" if kind.is_none_or(|k| k == "FeatureCollection") => {
                    members.next_value_seed(Features(self))?;
                }
                "type" => self.document.kind = members.next_value::<JsonValue>()?.as_str().map(shown),
                "crs" => {
                    if let Some(name) = crs(&members.next_value()?) {
                        self.sink.crs(name);
                    }
                }
                "id" | "geometry" | "properties" => {
                    self.document.own.push((name.clone(), members.next_value()?));
                }
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
            self.document.note(&name);
        }
        Ok(())
    }
}

/// The list inside a collection.
struct Features<'s, 'a>(&'s mut Walk<'a>);

impl<'de> DeserializeSeed<'de> for Features<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.0.list(items, feature)
    }
}

/// The name in a `crs` member, as GeoJSON of 2008 had it; a linked one is named by the member itself.
fn crs(member: &JsonValue) -> Option<String> {
    if member.is_null() {
        return None;
    }
    let name = member.pointer("/properties/name").and_then(JsonValue::as_str);
    let name = name.map_or_else(|| member.to_string(), str::to_owned);
    Some(name.chars().take(80).collect())
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}
