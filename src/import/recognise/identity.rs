//! What identifies a row within its source: a column that the user names, the format's own id, a
//! column that looks like one and is filled in every row, or else the content.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::import::clean::{Letters, clean};
use crate::import::limits::MAX_SOURCE_ID;
use crate::import::raw::Raw;

/// Names of columns that hold ids, best first.
const NAMES: &[&str] =
    &["@id", "id", "source_id", "osm_id", "uuid", "guid", "objectid", "fid", "gid", "stopid", "ma"];

/// Repeats below this, or below this percent of the rows, are slips: each costs its row.
const FEW: u64 = 5;
const SLIPS: u64 = 5;

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
#[derive(Debug)]
pub(super) struct Candidates {
    rows: u64,
    members: Ids,
    named: Option<String>,
    columns: BTreeMap<String, Ids>,
}

/// The ids in one place.
#[derive(Debug, Default)]
struct Ids {
    filled: u64,
    /// Hash of each to the row that had it first.
    first: HashMap<u64, u64>,
    repeats: u64,
    /// The first row that repeats one, and the row that it repeats.
    example: Option<(u64, u64)>,
}

impl Ids {
    fn see(&mut self, id: &str, row: u64) {
        self.filled += 1;
        match self.first.entry(xxh3_64(id.trim().as_bytes())) {
            Entry::Vacant(free) => _ = free.insert(row),
            Entry::Occupied(first) => {
                self.repeats += 1;
                self.example.get_or_insert((row, *first.get()));
            }
        }
    }

    /// Whether it names things that rows have in common: more than a slip here and there.
    fn is_shared(&self) -> bool {
        self.repeats >= FEW && self.repeats * 100 > self.filled * SLIPS
    }

    fn said(&self, what: &str) -> String {
        let (row, first) = self.example.unwrap_or_default();
        let (n, of) = (self.repeats, self.filled);
        format!("{what} do not tell rows apart: {n} of {of} repeat one, first row {row} that of row {first}")
    }
}

impl Candidates {
    pub(super) fn new(named: Option<&str>) -> Self {
        let named = named.map(str::to_owned);
        Self { rows: 0, members: Ids::default(), named, columns: BTreeMap::new() }
    }

    /// Takes in a row.
    pub(super) fn see(&mut self, raw: &Raw) {
        self.rows += 1;
        if let Some(id) = &raw.id {
            self.members.see(id, raw.row);
        }
        let named = self.named.as_deref().map(str::to_lowercase);
        let wanted = |n: &&String| looks_like_id(n) || named.as_ref().is_some_and(|c| *c == n.to_lowercase());
        for name in raw.properties.keys().filter(wanted) {
            if let Some(id) = raw.text(name) {
                self.columns.entry(name.clone()).or_default().see(&id, raw.row);
            }
        }
    }

    /// Decides where the ids of all rows come from; `known` is the column where the file is known.
    pub(super) fn choose(&self, known: Option<&str>, guess: Guess) -> Identity {
        if let Some(column) = self.named.as_deref().or(known) {
            return Identity::Column(column.to_owned());
        }
        if self.members.filled > 0 && self.members.filled == self.rows {
            return Identity::Member;
        }
        let full: Vec<&String> =
            self.full().filter(|(_, ids)| !ids.is_shared()).map(|(name, _)| name).collect();
        let called = |name: &str| full.iter().find(|c| c.to_lowercase() == name);
        let column = match (guess, full.as_slice()) {
            (Guess::Sure, _) => called("id"),
            // `ga_id` alone can only be meant as one; of several nobody knows which.
            (Guess::Likely, [only]) => Some(only),
            (Guess::Likely, _) => NAMES.iter().find_map(|name| called(name)),
        };
        column.map_or(Identity::Content, |column| Identity::Column((*column).clone()))
    }

    fn full(&self) -> impl Iterator<Item = (&String, &Ids)> {
        self.columns.iter().filter(|(_, ids)| ids.filled == self.rows)
    }

    /// Why ids that were named, by the user or by the format, cannot be: before the first row is lost.
    pub(super) fn repeated(&self, identity: &Identity) -> Option<String> {
        let (what, ids) = match identity {
            Identity::Member => ("the features' own ids".to_owned(), Some(&self.members)),
            Identity::Column(name) => {
                let same = self.columns.iter().find(|(c, _)| c.to_lowercase() == name.to_lowercase());
                (format!("the ids in {name:?}"), same.map(|(_, ids)| ids))
            }
            Identity::Content => return None,
        };
        ids.filter(|ids| ids.is_shared()).map(|ids| ids.said(&what))
    }

    /// Columns that look like ids and are none, when rows are identified by something else.
    pub(super) fn passed_over(&self, identity: &Identity) -> Vec<String> {
        if !identity.is_hash() {
            return Vec::new();
        }
        let shared = self.full().filter(|(_, ids)| ids.is_shared());
        shared.map(|(name, ids)| ids.said(&format!("the values of {name:?}"))).collect()
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
