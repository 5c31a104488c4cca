//! The filter on reports, with names already turned into codes, and its one evaluator.

use crate::domain::Instant;
use crate::domain::view::MapRow;
use crate::geo::Bbox;

/// A closed interval of instants; open ends are `Instant::MIN` and `Instant::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first instant inside.
    pub from: Instant,
    /// The last instant inside.
    pub to: Instant,
}

impl Interval {
    /// All of time.
    pub const ALL: Self = Self { from: Instant::MIN, to: Instant::MAX };

    /// Whether an instant lies inside.
    pub fn contains(self, t: Instant) -> bool {
        self.from <= t && t <= self.to
    }

    /// Whether nothing is excluded.
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }
}

/// A set of small codes (categories, states, wards), kept sorted; `None` in a filter means any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CodeSet(Vec<u16>);

impl CodeSet {
    /// Whether a code is in the set.
    pub fn contains(&self, code: u16) -> bool {
        self.0.binary_search(&code).is_ok()
    }

    /// The codes in ascending order.
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

impl FromIterator<u16> for CodeSet {
    fn from_iter<I: IntoIterator<Item = u16>>(codes: I) -> Self {
        let mut v: Vec<u16> = codes.into_iter().collect();
        v.sort_unstable();
        v.dedup();
        Self(v)
    }
}

/// Which reports are asked for. The default asks for all.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The public point lies in this box; a report without one never matches a box.
    pub bbox: Option<Bbox>,
    /// When it was received.
    pub created: Interval,
    /// When it last changed.
    pub updated: Interval,
    /// Positions of categories in the pack.
    pub categories: Option<CodeSet>,
    /// Codes of [`State`](crate::domain::State).
    pub states: Option<CodeSet>,
    /// Positions in the ward table.
    pub wards: Option<CodeSet>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            bbox: None,
            created: Interval::ALL,
            updated: Interval::ALL,
            categories: None,
            states: None,
            wards: None,
        }
    }
}

impl Filter {
    /// Whether every report matches.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The one evaluator: SQL and the map may be quicker, never different.
    pub fn matches(&self, row: &MapRow) -> bool {
        let in_set = |set: &Option<CodeSet>, code: u16| set.as_ref().is_none_or(|s| s.contains(code));
        self.created.contains(row.created)
            && self.updated.contains(row.updated)
            && in_set(&self.categories, row.category.into())
            && in_set(&self.states, row.state as u16)
            && in_set(&self.wards, row.ward)
            && self.bbox.is_none_or(|b| row.point.is_some_and(|p| b.contains(p)))
    }
}
