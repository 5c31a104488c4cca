//! What may leave the house. Encoders accept views only, so privacy has one room.

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
    /// When it was received.
    pub created: Instant,
    /// When it last changed.
    pub updated: Instant,
}

/// `MapRow::ward` of a report that belongs to no ward.
pub const NO_WARD: u16 = u16::MAX;
