//! What may leave the house. Encoders accept views only, so privacy has one room.

use super::report::PublicFacts;
use super::{Instant, State};
use crate::geo::LonLat;

/// What the live map knows of one report: public facts in the shape of its columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapRow {
    /// The internal sequence: dense, never shown. Key of the live index, order of lists.
    pub seq: u32,
    /// The public id, 1..2^52.
    pub id: u64,
    /// The public point; none for a placeless or hidden report, which no tile shows.
    pub point: Option<LonLat>,
    /// Position of the category in the pack.
    pub category: u8,
    /// Where the report stands.
    pub state: State,
    /// Position of the ward in the process-wide ward table; `NO_WARD` for none.
    pub ward: u16,
    /// Position of the body that must answer, as [`CodeBook::body`](super::CodeBook::body) counts;
    /// `NO_BODY` for one that left the pack.
    pub body: u16,
    /// How many people support it.
    pub votes: u32,
    /// When it was received.
    pub created: Instant,
    /// When it last changed.
    pub updated: Instant,
    /// When an answer is due.
    pub due: Option<Instant>,
    /// Where its last event stands: the order of feeds.
    pub last_event: Position,
}

/// Where an event stands in the order of feeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The public moment, in milliseconds.
    pub shown_ms: i64,
    /// The sequence of the event.
    pub seq: i64,
}

impl Position {
    /// The public moment.
    pub const fn shown(self) -> Instant {
        Instant::from_ms(self.shown_ms)
    }

    /// Whether it was recorded later than another: the order of a live stream.
    pub const fn is_after(self, other: Self) -> bool {
        self.seq > other.seq
    }
}

/// `MapRow::ward` of a report that belongs to no ward.
pub const NO_WARD: u16 = u16::MAX;
/// `MapRow::category` of a category that left the pack: counted, under no name.
pub const NO_CATEGORY: u8 = u8::MAX;
/// `MapRow::body` of a body that left the pack.
pub const NO_BODY: u16 = u16::MAX;

/// The public view of one report: its facts with the names that people read.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicReport {
    /// The internal sequence, for the cursor only; encoders never write it.
    pub seq: i64,
    /// The public id.
    pub id: u64,
    /// What everybody may see.
    pub facts: PublicFacts,
    /// How many people support it.
    pub votes: i64,
    /// The ward's name, in Vietnamese.
    pub ward_name: Option<String>,
    /// The body's name, in Vietnamese.
    pub body_name: String,
    /// Whether the ward comes from approximate boundaries.
    pub approximate: bool,
}
