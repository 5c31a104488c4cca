//! The wards of a city, indexed for look-up: the owner of a point, the runner-up, the distance to the
//! border; and the checks that a new set of boundaries must pass.
//!
//! A **unit** is one ward with its shape. A **generation** is all units valid from one day on. The
//! **book** is all generations that a process has loaded. It is immutable and shared by `Arc`; a
//! change makes a new one.
//!
//! Reading order: `unit`, `read` (file to units), `generation` (units to look-up), `grid` (the exact
//! index), `nearest` (distances beyond the grid's reach), `outline` (union and gaps), `locate` (the
//! ownership rules), `accuracy` and `odds` (how likely an owner is), `meeting` (wards of a line or an
//! area), `check` (findings on a candidate), `book`.
//!
//! Not here: SQL, HTTP, files, the clock, or which body answers for a ward (`domain::routing`).

mod accuracy;
mod book;
mod check;
mod crs_name;
mod edge;
mod generation;
mod grid;
mod locate;
mod meeting;
mod nearest;
mod odds;
mod outline;
mod read;
mod succession;
#[cfg(test)]
mod tests;
mod unit;

pub use accuracy::{Accuracy, AccuracyError, CONFIDENCE, USUAL_CONFIDENCE};
pub use book::{AreaBook, BookError};
pub use check::{Finding, Known, Severity, check};
pub use crs_name::crs_name;
pub use generation::{BuildError, Generation};
pub use locate::{GAP_REACH_M, Located, OFFSHORE_REACH_M, OUTSIDE_REACH_M, Outside, OutsideReason, SNAP_M};
pub use meeting::lent_shape;
pub use odds::Odds;
pub use read::{ReadError, read_sea, read_units};
pub use succession::{Overlap, overlaps};
pub use unit::{Unit, UnitError};
