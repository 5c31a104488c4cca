//! The filter on reports, with names already turned into codes, and its one evaluator.

use super::cql::{Literal, Range};
use super::reports::Rest;
use crate::domain::view::MapRow;
use crate::domain::{Instant, Status};
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

    /// What lies in it and in a range of instants; none if nothing does.
    pub(super) fn cut(self, r: &Range) -> Option<Self> {
        let end = |e: &Option<(Literal, bool)>, open: Instant| match e {
            Some((Literal::Instant(t), _)) => *t,
            _ => open,
        };
        let (from, to) = (end(&r.from, Instant::MIN).max(self.from), end(&r.to, Instant::MAX).min(self.to));
        (from <= to).then_some(Self { from, to })
    }
}

/// A set of small codes (categories, states, wards, bodies), kept sorted; `None` in a filter means any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CodeSet(Vec<u16>);

impl CodeSet {
    /// Whether a code is in the set.
    pub fn contains(&self, code: u16) -> bool {
        self.0.binary_search(&code).is_ok()
    }

    /// The codes that are in both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self(self.0.iter().copied().filter(|c| other.contains(*c)).collect())
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
    /// Positions of bodies in the vocabulary.
    pub bodies: Option<CodeSet>,
    /// At least so many people support it.
    pub min_votes: u32,
    /// Whether it is open and was due before that moment, or not.
    pub overdue: Option<(bool, Instant)>,
    /// What only CQL2 can say.
    pub rest: Option<Rest>,
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
            bodies: None,
            min_votes: 0,
            overdue: None,
            rest: None,
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
            && in_set(&self.bodies, row.body)
            && row.votes >= self.min_votes
            && self.overdue.is_none_or(|(is, as_of)| {
                let late = row.state.status() == Status::Open && row.due.is_some_and(|due| due < as_of);
                late == is
            })
            && self.bbox.is_none_or(|b| row.point.is_some_and(|p| b.contains(p)))
            && self.rest.as_ref().is_none_or(|r| r.rows.holds(&|t| t.holds(row)))
    }

    /// The moment that it asks about, if the answer depends on one.
    pub fn as_of(&self) -> Option<Instant> {
        self.overdue.map(|(_, at)| at).or_else(|| self.rest.as_ref()?.as_of)
    }
}
