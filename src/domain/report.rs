//! A report as it is recorded: the public facts, what is kept apart, and the events of its life.

use std::collections::BTreeMap;

use super::{Instant, State, WardId};
use crate::geo::LonLat;

/// The largest public id: ids are drawn from `1..=MAX_ID`, so that a JavaScript number holds them
/// and cluster ids (from 2^52) never meet them.
pub const MAX_ID: u64 = (1 << 52) - 1;

/// A new report, checked, routed and ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReport {
    /// The public id.
    pub id: u64,
    /// What everybody may see.
    pub public: PublicFacts,
    /// What only the responsible office may see.
    pub private: PrivateFacts,
    /// What happened to it, oldest first; the first is that it was received.
    pub events: Vec<Event>,
}

/// What everybody may see of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicFacts {
    /// The public point, blurred by the category's precision.
    pub point: Option<LonLat>,
    /// Code of the category.
    pub category: String,
    /// Where the report stands.
    pub state: State,
    /// The ward that owns the true place.
    pub ward: Option<WardId>,
    /// Id of the body that must answer.
    pub body: String,
    /// The routing rule that chose the body.
    pub rule: String,
    /// A line.
    pub title: Option<String>,
    /// What was seen.
    pub description: Option<String>,
    /// The address as written; none where it would tell a blurred place.
    pub address: Option<String>,
    /// The door it came through.
    pub source: String,
    /// Metres from the true place to the nearest ward border; none where the place is blurred.
    pub border_m: Option<f64>,
    /// Metres out at sea, for a place off the coast.
    pub offshore_m: Option<f64>,
    /// When it was seen.
    pub observed: Option<Instant>,
    /// When it was received.
    pub created: Instant,
    /// When it last changed.
    pub updated: Instant,
    /// When an answer is due.
    pub due: Option<Instant>,
}

/// What is kept apart from the public facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrivateFacts {
    /// The true place.
    pub point: Option<LonLat>,
    /// How far the true place may be off, in metres, as the phone said.
    pub accuracy_m: Option<f64>,
    /// The address as written.
    pub address: Option<String>,
    /// Answers to the category's questions, by question code.
    pub answers: BTreeMap<String, String>,
}

/// One thing that happened to a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// In which role somebody acted: `citizen`, `office`, `system`.
    pub role: &'static str,
    /// The state before; none for the first event.
    pub from: Option<State>,
    /// The state after.
    pub to: State,
    /// Why; `rejected` needs one.
    pub reason: Option<String>,
    /// What everybody may read.
    pub note: Option<String>,
}
