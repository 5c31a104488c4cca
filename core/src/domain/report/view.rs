//! What may leave the house. Encoders accept views only, so privacy has one room.

use std::ops::{Index, IndexMut};

use crate::domain::field::{self, Code8, Code16, Count, NEVER, STATE, Time};
use crate::domain::report::PublicFacts;
use crate::domain::{Instant, State};
use crate::geo::LonLat;

/// What the live map knows of one report: the public facts that the table of fields gives a column, each
/// in its slot (`row[field::VOTES]`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapRow {
    /// The internal sequence: dense, never shown. Key of the live index, order of lists.
    pub seq: u32,
    /// The public id, 1..2^52.
    pub id: u64,
    /// The public point; none for a placeless or hidden report, which no tile shows.
    pub point: Option<LonLat>,
    pub(crate) codes8: [u8; field::CODES8],
    pub(crate) codes16: [u16; field::CODES16],
    pub(crate) counts: [u32; field::COUNTS],
    pub(crate) times: [i64; field::TIMES],
    /// A bit for each field of which only is known whether it has a value.
    pub(crate) present: u8,
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

impl MapRow {
    /// A report of which nothing else is known.
    pub const fn new(seq: u32, id: u64, point: Option<LonLat>) -> Self {
        Self {
            seq,
            id,
            point,
            codes8: field::UNKNOWN8,
            codes16: [u16::MAX; field::CODES16],
            counts: [0; field::COUNTS],
            times: [NEVER; field::TIMES],
            present: 0,
            last_event: Position { shown_ms: 0, seq: 0 },
        }
    }

    /// The same with another value in a slot.
    #[must_use]
    pub fn with<S>(mut self, slot: S, value: <Self as Index<S>>::Output) -> Self
    where
        Self: IndexMut<S>,
        <Self as Index<S>>::Output: Sized,
    {
        self[slot] = value;
        self
    }

    /// Where the report stands.
    pub fn state(&self) -> State {
        State::from_code(self[STATE]).unwrap_or(State::Received)
    }

    /// Whether the field of that bit has a value.
    pub const fn has(&self, bit: u8) -> bool {
        self.present >> bit & 1 == 1
    }

    /// The instant in a slot, if there is one.
    pub fn instant(&self, slot: Time) -> Option<Instant> {
        Some(self[slot]).filter(|ms| *ms != NEVER).map(Instant::from_ms)
    }
}

macro_rules! slots {
    ($($slot:ident($held:ident) => $value:ty),+ $(,)?) => { $(
        impl Index<$slot> for MapRow {
            type Output = $value;

            fn index(&self, slot: $slot) -> &$value {
                &self.$held[slot.0]
            }
        }

        impl IndexMut<$slot> for MapRow {
            fn index_mut(&mut self, slot: $slot) -> &mut $value {
                &mut self.$held[slot.0]
            }
        }
    )+ };
}

slots! { Code8(codes8) => u8, Code16(codes16) => u16, Count(counts) => u32, Time(times) => i64 }

/// The public view of one report: its facts with the names that people read.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicReport {
    /// The internal sequence, for the cursor only; encoders never write it.
    pub seq: i64,
    /// The public id.
    pub id: u64,
    /// What everybody may see.
    pub facts: PublicFacts,
    /// The ward's name, in Vietnamese.
    pub ward_name: Option<String>,
    /// The body's name, in Vietnamese.
    pub body_name: String,
    /// Whether the ward comes from approximate boundaries.
    pub approximate: bool,
}
