//! One JSON document to rows while it is read: a `FeatureCollection`, a `Feature`, a geometry, a list of
//! objects, or an object with such a list inside. Each row is read on its own, so one that is wrong costs one
//! row. Not here: where the rows are (plan), whether they are all that there is (paging).

mod object;
mod pages;
mod paging;
mod plan;
pub(in crate::import::read) mod sequence;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::ControlFlow;

use geojson::JsonValue;
use serde::de::{DeserializeSeed, Deserializer as _, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::de::Read;
use serde_json::value::RawValue;

use self::object::{any, feature};
use self::paging::Paging;
use self::plan::{DEPTH, Plan, may_hold_rows};
use crate::import::place::KINDS;
use crate::import::read::format::FormatError;
use crate::import::read::sink::{Part, Sink};
use crate::import::read::unpack::Budget;
use diaban_core::area::crs_name;

pub use self::pages::{Page, join};
pub(in crate::import::read) use self::plan::plan;

/// Names of members shown of a document that is no GeoJSON, and characters of each.
const SHOWN: usize = 8;
const SHOWN_CHARS: usize = 40;
/// Bytes of a member beside the rows in which paging is looked for; a longer one tells of something else.
const MAX_BESIDE: usize = 1 << 20;

/// Takes what a document holds, in its order.
pub(in crate::import::read) trait Events {
    /// The text of a row; `is_feature` when it must be a feature.
    fn item(&mut self, row: u64, text: &str, is_feature: bool) -> ControlFlow<()>;
    /// The coordinate system that it names.
    fn crs(&mut self, name: String);
    /// It is a page of a longer answer.
    fn part(&mut self, part: Part);
    /// What was passed over.
    fn note(&mut self, text: String);
}

/// Makes rows of the texts.
struct Rows<'a>(&'a mut dyn Sink);

impl Events for Rows<'_> {
    fn item(&mut self, row: u64, text: &str, is_feature: bool) -> ControlFlow<()> {
        self.0.row(if is_feature { feature(row, text) } else { any(row, text) })
    }

    fn crs(&mut self, name: String) {
        self.0.crs(name);
    }

    fn part(&mut self, part: Part) {
        self.0.part(part);
    }

    fn note(&mut self, text: String) {
        self.0.note(text);
    }
}

/// Gives the rows to a sink as long as they are wanted; `budget` begins anew with each.
pub(in crate::import::read) fn rows<'de>(
    json: Deserializer<impl Read<'de>>,
    budget: &Budget,
    plan: &Plan,
    sink: &mut dyn Sink,
) -> Result<(), FormatError> {
    walk(json, budget, plan, &mut Rows(sink))
}

/// Gives the texts of the rows.
pub(in crate::import::read) fn walk<'de>(
    mut json: Deserializer<impl Read<'de>>,
    budget: &Budget,
    plan: &Plan,
    events: &mut dyn Events,
) -> Result<(), FormatError> {
    let mut walk = Walk {
        events,
        budget,
        plan,
        rows: 0,
        seen: false,
        stopped: false,
        told: false,
        paging: Paging::default(),
        document: Document::default(),
    };
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
        Ok(()) if walk.seen => {
            walk.end();
            Ok(())
        }
        Ok(()) => {
            let text = walk.document.feature()?;
            let _ = walk.events.item(1, &text, true);
            Ok(())
        }
    }
}

struct Walk<'a> {
    events: &'a mut dyn Events,
    budget: &'a Budget,
    plan: &'a Plan,
    rows: u64,
    /// Whether there was a list at all.
    seen: bool,
    stopped: bool,
    /// Whether it was told that there is more.
    told: bool,
    paging: Paging,
    document: Document,
}

/// What a document says beside its list.
#[derive(Default)]
struct Document {
    kind: Option<String>,
    /// The members that a single feature or a geometry has.
    own: Vec<(String, Box<RawValue>)>,
    /// The first names of members in their alphabetical order.
    names: BTreeSet<String>,
}

impl Document {
    /// The text of a document that is one feature or one geometry.
    fn feature(&self) -> Result<String, FormatError> {
        let broken = |text: String| Err(FormatError::Broken(text));
        match self.kind.as_deref() {
            Some(kind) if kind == "Feature" || KINDS.contains(&kind) => {
                let own: Vec<String> = self.own.iter().map(|(name, v)| format!(",\"{name}\":{v}")).collect();
                Ok(format!("{{\"type\":\"{kind}\"{}}}", own.concat()))
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
    fn list<'de, A: SeqAccess<'de>>(&mut self, mut items: A, is_feature: bool) -> Result<(), A::Error> {
        self.seen = true;
        if let Some(part) = self.paging.early() {
            self.told = true;
            self.events.part(part);
        }
        self.budget.renew();
        while let Some(text) = items.next_element::<Box<RawValue>>()? {
            self.rows += 1;
            if self.events.item(self.rows, text.get(), is_feature).is_break() {
                self.stopped = true;
                return Err(A::Error::custom("no more rows are wanted"));
            }
            self.budget.renew();
        }
        Ok(())
    }

    fn end(&mut self) {
        // ArcGIS says it in the properties of the collection.
        let own = self.document.own.iter().find(|(name, _)| name == "properties");
        if let Some(value) = own.and_then(|(_, raw)| serde_json::from_str(raw.get()).ok()) {
            self.paging.see("properties", &value);
        }
        if let Some(part) = self.paging.part(self.rows).filter(|_| !self.told) {
            self.events.part(part);
        }
    }

    /// A member beside the rows.
    fn beside(&mut self, name: &str, text: &RawValue) {
        if text.get().len() <= MAX_BESIDE
            && let Ok(value) = serde_json::from_str::<JsonValue>(text.get())
        {
            self.paging.see(name, &value);
        }
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.list(items, false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            self.budget.renew();
            let kind = self.document.kind.as_deref();
            match name.as_str() {
                _ if self.plan.list.as_deref().is_some_and(|p| is_on_way(p, &name)) => {
                    members.next_value_seed(Inside { walk: self, path: name.clone(), depth: 1 })?;
                }
                "features" if self.plan.list.is_none() && kind.is_none_or(|k| k == "FeatureCollection") => {
                    members.next_value_seed(Features(self))?;
                }
                "type" => self.document.kind = members.next_value::<JsonValue>()?.as_str().map(shown),
                "crs" => {
                    let text: Box<RawValue> = members.next_value()?;
                    let member = serde_json::from_str(text.get()).unwrap_or(JsonValue::Null);
                    if let Some(name) = crs_name(&member) {
                        self.events.crs(name);
                    }
                }
                "id" | "geometry" | "properties" | "coordinates" | "geometries" => {
                    self.document.own.push((name.clone(), members.next_value()?));
                }
                _ => {
                    let text: Box<RawValue> = members.next_value()?;
                    self.beside(&name, &text);
                }
            }
            self.document.note(&name);
        }
        Ok(())
    }
}

/// Whether a path leads through or to a member.
fn is_on_way(path: &str, at: &str) -> bool {
    path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A member on the way to the list of rows.
struct Inside<'s, 'a> {
    walk: &'s mut Walk<'a>,
    path: String,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Inside<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inside<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of objects in {}", self.path)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.walk.plan.list.as_ref() == Some(&self.path) {
            return self.walk.list(items, false);
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            self.walk.budget.renew();
            let path = format!("{}.{name}", self.path);
            if self.depth < DEPTH && self.walk.plan.list.as_deref().is_some_and(|p| is_on_way(p, &path)) {
                members.next_value_seed(Inside { walk: self.walk, path, depth: self.depth + 1 })?;
            } else {
                let text: Box<RawValue> = members.next_value()?;
                let rows = text.get().starts_with('[') && text.get().contains('{') && may_hold_rows(&name);
                if rows && self.walk.plan.list.is_some() {
                    self.walk.events.note(format!("the list {path} of the document is not read"));
                }
                self.walk.beside(&name, &text);
            }
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
        self.0.list(items, true)
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}
