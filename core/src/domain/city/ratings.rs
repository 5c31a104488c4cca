//! How long a closed report can be rated, and what can be said. Not here: the city's own words (data/ratings.toml, read
//! by pack), what a rating does (the service).

use crate::domain::Text;
use crate::domain::clocks::Limit;

/// Why somebody is not satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingReason {
    /// Stable `snake_case` code, the public and stored name.
    pub code: String,
    /// In words.
    pub name: Text,
}

/// The rules of rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratings {
    /// For so long after a report was closed it can be rated.
    pub within: Limit,
    /// After so long whoever sent a report that was resolved is asked once more whether it is still so.
    pub again_after: Limit,
    /// So long an office has to decide whether it opens a report again; without a decision it is opened.
    pub decide: Limit,
    /// Why somebody is not satisfied, in the order of the pack.
    pub reasons: Vec<RatingReason>,
}

impl Default for Ratings {
    /// Of a city that says nothing of it: two weeks, again after four, three working days, no reasons.
    fn default() -> Self {
        Self {
            within: Limit::Days(14),
            again_after: Limit::Days(28),
            decide: Limit::WorkingDays(3),
            reasons: Vec::new(),
        }
    }
}

/// Who decides whether a report is opened again whose sender is not satisfied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reopening {
    /// Its office, within a limit ([`Ratings::decide`]).
    #[default]
    Decided,
    /// Nobody: it is opened at once.
    Automatic,
}

impl Reopening {
    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Automatic => "automatic",
        }
    }
}
