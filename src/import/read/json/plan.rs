//! Where the rows of a JSON document are: its features, a list of objects inside it, or the document itself.
//! Decided before the first row is read, by the whole file or, of a stream, by its beginning.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::import::read::format::{FormatError, strip_bom};

/// Depth in which lists are looked for.
pub(super) const DEPTH: usize = 4;
/// Lists that go with rows and are none.
const BESIDE: [&str; 8] =
    ["links", "fields", "columns", "errors", "warnings", "facets", "messages", "aliases"];
/// Lists that are told.
const TOLD: usize = 8;

/// Where the rows are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::import::read) struct Plan {
    /// The path of a list of objects; none for features, a list or a document of one.
    pub(super) list: Option<String>,
}

/// Whether a list may hold rows, by its name.
pub(super) fn may_hold_rows(name: &str) -> bool {
    !BESIDE.contains(&name.to_lowercase().as_str())
}

/// Finds the rows; `named` is the list that the user names.
///
/// # Errors
/// When there are several lists, or none of that name.
pub(in crate::import::read) fn plan(begin: &[u8], named: Option<&str>) -> Result<Plan, FormatError> {
    if strip_bom(begin).trim_ascii_start().first() != Some(&b'{') {
        return Ok(Plan::default());
    }
    let mut scan = Scan::default();
    // What is broken, or is cut off at the end of a beginning, is told when it is read.
    let whole = {
        let mut json = serde_json::Deserializer::from_slice(strip_bom(begin));
        Inside { scan: &mut scan, path: String::new(), depth: 0 }.deserialize(&mut json).is_ok()
    };
    let said = || {
        let lists = scan.lists.iter().take(TOLD).map(|(path, n)| format!("{path} ({n} objects)"));
        lists.collect::<Vec<_>>().join(", ")
    };
    match named {
        Some(name) if whole && !scan.lists.iter().any(|(path, _)| path == name) => {
            Err(FormatError::Broken(format!("the file has no list {name:?} of objects; it has {}", said())))
        }
        Some(name) => Ok(Plan { list: Some(name.to_owned()) }),
        None if scan.geojson => Ok(Plan::default()),
        None => match scan.lists.as_slice() {
            [] => Ok(Plan::default()),
            [(path, _)] => Ok(Plan { list: Some(path.clone()) }),
            _ => Err(FormatError::Broken(format!(
                "the file holds several lists of objects: {}; say which one holds the rows with --list",
                said()
            ))),
        },
    }
}

#[derive(Default)]
struct Scan {
    /// Paths of lists of objects, with how many.
    lists: Vec<(String, u64)>,
    /// Whether it is a document of GeoJSON.
    geojson: bool,
}

struct Inside<'a> {
    scan: &'a mut Scan,
    path: String,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Inside<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { scan, path, depth } = self;
        while let Some(name) = members.next_key::<String>()? {
            if depth == 0 && (name == "features" || name == "geometry" || name == "coordinates") {
                scan.geojson = true;
            }
            if depth + 1 >= DEPTH || scan.geojson || !may_hold_rows(&name) {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let path = if path.is_empty() { name } else { format!("{path}.{name}") };
            members.next_value_seed(Inside { scan, path, depth: depth + 1 })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut position = None;
        while let Some(IsObject(object)) = items.next_element()? {
            if !object {
                continue;
            }
            let at = *position.get_or_insert_with(|| {
                self.scan.lists.push((self.path.clone(), 0));
                self.scan.lists.len() - 1
            });
            self.scan.lists[at].1 += 1;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.scan.geojson |= self.path == "type" && text == "FeatureCollection";
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Whether a value is an object; what is in it is passed over.
struct IsObject(bool);

impl<'de> Deserialize<'de> for IsObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(true)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(false)
            }

            fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_str<E>(self, _: &str) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_unit<E>(self) -> Result<bool, E> {
                Ok(false)
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}
