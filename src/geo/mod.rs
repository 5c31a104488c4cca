//! Numbers on the ground: positions, boxes, web mercator, Morton codes, distances.
//! Not here: what a position means for a report (domain) or which ward owns it (area).

mod bbox;
mod lonlat;

pub mod mercator;
pub mod morton;

pub use bbox::{Bbox, BboxError};
pub use lonlat::{LonLat, LonLatError};
pub use mercator::{Mercator, TileId, TileIdError};
