//! What identifies a row within its source: a column that the user names, the format's own id, a
//! column that looks like one and is filled in every row, or else the content.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_128;

use super::MAX_SOURCE_ID;
use super::clean::{Letters, clean};
use super::raw::Raw;

/// Names of columns that hold ids, best first.
const NAMES: &[&str] =
    &["@id", "id", "source_id", "osm_id", "uuid", "guid", "objectid", "fid", "gid", "stopid", "ma"];

/// Where source ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// A column.
    Column(String),
    /// The feature's own `id`, or the element's.
    Member,
    /// A hash of the content: a row that changes looks like one that went and one that came.
    Content,
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

    /// Decides for reports: only a column that is named or is called `id`, because a guess that is wrong
    /// would take two reports for one.
    pub(super) fn choose_surely(&self, named: Option<&str>) -> Identity {
        let plain = || self.columns.iter().find(|(c, n)| **n == self.rows && c.to_lowercase() == "id");
        match named {
            Some(column) => Identity::Column(column.to_owned()),
            None if self.members > 0 && self.members == self.rows => Identity::Member,
            None => plain().map_or(Identity::Content, |(column, _)| Identity::Column(column.clone())),
        }
    }

    /// Decides where the ids of all rows come from.
    pub(super) fn choose(&self, named: Option<&str>) -> Identity {
        if let Some(column) = named {
            return Identity::Column(column.to_owned());
        }
        if self.members > 0 && self.members == self.rows {
            return Identity::Member;
        }
        let full: Vec<&String> =
            self.columns.iter().filter(|(_, n)| **n == self.rows).map(|(name, _)| name).collect();
        let known = NAMES.iter().find_map(|n| full.iter().find(|c| c.to_lowercase() == *n));
        // `ga_id` alone can only be meant as one; of several nobody knows which.
        let only = if let [column] = full.as_slice() { Some(column) } else { None };
        known.or(only).map_or(Identity::Content, |column| Identity::Column((*column).clone()))
    }
}

fn looks_like_id(name: &str) -> bool {
    let folded = name.to_lowercase();
    NAMES.contains(&&*folded) || (!name.contains('.') && (name.ends_with("_id") || name.ends_with("Id")))
}

impl Identity {
    /// Where they come from, for people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Column(name) => format!("the column {name:?}"),
            Self::Member => "the features' own ids".to_owned(),
            Self::Content => "hashes of the content".to_owned(),
        }
    }

    /// The source id of a row.
    ///
    /// # Errors
    /// When it has none, or one that cannot be kept.
    pub(super) fn of(&self, raw: &Raw, letters: &mut Letters) -> Result<String, String> {
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
