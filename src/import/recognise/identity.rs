//! What identifies a row within its source: a column that the user names, the format's own id, a
//! column that looks like one and is filled in every row, or else the content.

use std::collections::BTreeMap;
use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

use crate::import::clean::{Letters, clean};
use crate::import::limits::MAX_SOURCE_ID;
use crate::import::raw::Raw;

/// Names of columns that hold ids, best first.
const NAMES: &[&str] =
    &["@id", "id", "source_id", "osm_id", "uuid", "guid", "objectid", "fid", "gid", "stopid", "ma"];

/// Where source ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum Identity {
    /// A column.
    Column(String),
    /// The feature's own `id`, or the element's.
    Member,
    /// A hash of the content: a row that changes looks like one that went and one that came.
    Content,
}

/// How the column of the ids is found when the user names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Guess {
    /// Whatever looks like one and is filled in every row.
    Likely,
    /// Only one that is called `id`: a guess that is wrong would take two rows for one.
    Sure,
}

/// Counts who has what, before anything is decided.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    rows: u64,
    members: u64,
    columns: BTreeMap<String, u64>,
}

impl Candidates {
    /// Takes in a row.
    pub(super) fn see(&mut self, raw: &Raw) {
        self.rows += 1;
        self.members += u64::from(raw.id.is_some());
        for name in raw.properties.keys().filter(|n| looks_like_id(n)) {
            if raw.text(name).is_some() {
                *self.columns.entry(name.clone()).or_default() += 1;
            }
        }
    }

    /// Decides where the ids of all rows come from.
    pub(super) fn choose(&self, named: Option<&str>, guess: Guess) -> Identity {
        if let Some(column) = named {
            return Identity::Column(column.to_owned());
        }
        if self.members > 0 && self.members == self.rows {
            return Identity::Member;
        }
        let full: Vec<&String> =
            self.columns.iter().filter(|(_, n)| **n == self.rows).map(|(name, _)| name).collect();
        let called = |name: &str| full.iter().find(|c| c.to_lowercase() == name);
        let column = match (guess, full.as_slice()) {
            (Guess::Sure, _) => called("id"),
            // `ga_id` alone can only be meant as one; of several nobody knows which.
            (Guess::Likely, [only]) => Some(only),
            (Guess::Likely, _) => NAMES.iter().find_map(|name| called(name)),
        };
        column.map_or(Identity::Content, |column| Identity::Column((*column).clone()))
    }
}

fn looks_like_id(name: &str) -> bool {
    let folded = name.to_lowercase();
    NAMES.contains(&&*folded) || (!name.contains('.') && (name.ends_with("_id") || name.ends_with("Id")))
}

impl Identity {
    /// Whether they are hashes of the row.
    pub(in crate::import) fn is_hash(&self) -> bool {
        *self == Self::Content
    }

    /// The source id of a row.
    ///
    /// # Errors
    /// When it has none, or one that cannot be kept.
    pub(in crate::import) fn of(&self, raw: &Raw, letters: &mut Letters) -> Result<String, String> {
        let (what, id) = match self {
            Self::Column(name) => (name.as_str(), raw.text(name)),
            Self::Member => ("id", raw.id.clone()),
            Self::Content => {
                let text = format!("{:?}\n{:?}", raw.geometry, raw.properties);
                return Ok(format!("h{:032x}", xxh3_128(text.as_bytes())));
            }
        };
        let id = id.map(|id| clean(id, letters).trim().to_owned()).filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| format!("{what} is missing, so the source does not identify it"))?;
        if id.chars().count() > MAX_SOURCE_ID || id.chars().any(char::is_control) {
            return Err(format!(
                "{what} must have at most {MAX_SOURCE_ID} characters and no control characters"
            ));
        }
        Ok(id)
    }
}

/// Where they come from, for people.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(name) => write!(f, "the column {name:?}"),
            Self::Member => f.write_str("the features' own ids"),
            Self::Content => f.write_str("hashes of the content"),
        }
    }
}
