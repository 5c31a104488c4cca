//! Reads an object whose members may be large: each is looked up by its name and read as what it must be. A document
//! inside it is never made a tree.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::wire::extract::malformed;
use crate::http::wire::problem::Problem;
use diaban_core::domain::{Violation, nearest};

/// Members that nobody asked for are named up to this number.
const STRANGERS: usize = 20;
/// Characters that are shown of the name of one.
const SHOWN: usize = 40;

/// The members of an object, as they were written, and what is wrong with them.
pub(in crate::http) struct Members<'a> {
    known: Vec<(&'static str, &'a RawValue)>,
    pub(in crate::http) faults: Vec<Violation>,
}

impl<'a> Members<'a> {
    /// Of a body; other names than the valid ones are faults.
    ///
    /// # Errors
    /// 400 when it is not an object of JSON, or a member is named twice.
    pub(in crate::http) fn read(bytes: &'a [u8], valid: &'static [&'static str]) -> Result<Self, Problem> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let read = json.deserialize_map(Reader(valid)).and_then(|read| json.end().map(|()| read));
        read.map_err(|e| malformed(&e.to_string()))
    }

    /// The member of this name as it was written; none where it is missing or null.
    pub(in crate::http) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.known.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value).filter(|value| value.get() != "null")
    }

    /// The member of this name; none where it is missing or null, or is not `what` it must be, which is a fault.
    pub(in crate::http) fn get<T: Deserialize<'a>>(&mut self, name: &'static str, what: &str) -> Option<T> {
        let value = self.raw(name)?;
        serde_json::from_str(value.get()).map_err(|_| self.fault(name, format!("must be {what}"))).ok()
    }

    /// Whether there is a member of this name, null or not.
    pub(in crate::http) fn has(&self, name: &str) -> bool {
        self.known.iter().any(|(known, _)| *known == name)
    }

    /// Notes a fault.
    pub(in crate::http) fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(Violation::new(name, detail));
    }

    /// 422 with all faults, if there are any.
    pub(in crate::http) fn judged(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::content(self.faults)) }
    }
}

struct Reader(&'static [&'static str]);

impl<'de> Visitor<'de> for Reader {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members<'de>, A::Error> {
        let mut read = Members { known: Vec::new(), faults: Vec::new() };
        while let Some((Name(name), value)) = members.next_entry::<Name<'de>, &'de RawValue>()? {
            match self.0.iter().find(|valid| **valid == name) {
                Some(valid) if read.has(valid) => return Err(de::Error::custom("a member is named twice")),
                Some(valid) => read.known.push((valid, value)),
                None if read.faults.len() < STRANGERS => {
                    let hint = nearest(&name, self.0.iter().copied()).map_or_else(
                        || format!("valid here: {}", self.0.join(", ")),
                        |v| format!("did you mean {v}?"),
                    );
                    let shown: String = name.chars().take(SHOWN).collect();
                    read.fault(&shown, format!("is not a member of this; {hint}"));
                }
                None => {}
            }
        }
        Ok(read)
    }
}

/// The name of a member, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &[&str] = &["at", "force"];

    #[test]
    fn members_are_read_by_name_and_faults_name_them() {
        let mut members = Members::read(br#"{"at":"now","force":7,"forced":{}}"#, VALID).ok().unwrap();
        assert_eq!(members.get::<String>("at", "a text").as_deref(), Some("now"));
        assert_eq!(members.get::<bool>("force", "true or false"), None);
        let faults: Vec<String> = members.faults.iter().map(ToString::to_string).collect();
        assert!(faults[0].contains("forced") && faults[0].contains("did you mean force?"), "{faults:?}");
        assert!(faults[1].contains("must be true or false"), "{faults:?}");
        assert!(members.judged().is_err());
        let members = Members::read(br#"{"at":null}"#, VALID).ok().unwrap();
        assert!(members.has("at") && members.raw("at").is_none() && !members.has("force"));
        assert!(members.judged().is_ok());
    }

    #[test]
    fn what_is_no_object_or_has_two_meanings_is_refused() {
        for body in ["", "[]", "7", r#"{"at":1} {}"#, r#"{"at":1,"\u0061t":2}"#, r#"{"at":nul}"#] {
            assert!(Members::read(body.as_bytes(), VALID).is_err(), "{body}");
        }
        let many = format!("{{{}}}", (0..100).map(|i| format!("\"x{i}\":0")).collect::<Vec<_>>().join(","));
        assert_eq!(Members::read(many.as_bytes(), VALID).ok().unwrap().faults.len(), STRANGERS);
    }
}
