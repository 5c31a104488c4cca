//! Numbers on the ground: positions, boxes, web mercator, Morton codes, distances.
//! Not here: what a position means for a report (domain) or which ward owns it (area).

mod bbox;
mod blur;
mod lonlat;

pub use bbox::{Bbox, BboxError};
pub use blur::GridCell;
pub use lonlat::{LonLat, LonLatError};
