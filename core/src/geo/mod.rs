//! Geometry: positions, boxes, projections and datums, Morton codes, distances, polygon checks.
//! Not here: what a position means for a report (domain) or which ward owns it (area).

mod bbox;
mod blur;
pub mod crs;
mod distance;
mod ellipsoid;
mod lonlat;
pub mod polygon;
mod projection;
pub mod validity;
pub mod vn2000;

pub mod mercator;
pub mod morton;

pub use bbox::{Bbox, BboxError};
pub use blur::GridCell;
pub use crs::{Crs, Datum};
pub use distance::{Plane, distance_m, metres_per_degree};
pub use lonlat::{LonLat, LonLatError};
pub use mercator::{Mercator, TileId, TileIdError};
pub use projection::Projection;
