//! The wards of a city, indexed for look-up: the owner of a point, the runner-up, the distance to the
//! border; and the checks that a new set of boundaries must pass.
//!
//! A **unit** is one ward with its shape. A **generation** is all units valid from one day on. The
//! **book** is all generations that a process has loaded. It is immutable and shared by `Arc`; a
//! change makes a new one.
//!
//! Reading order: `unit`, `read` (file to units), `generation` (units to look-up), `index` (the exact grid, and
//! distances beyond its reach), `outline` (union and gaps), `common` (ground of two shapes), `locate` (the ownership rules, how likely an owner
//! is, the wards of a line or an area), `check` (findings on a candidate), `book`.
//!
//! Not here: SQL, HTTP, files, the clock, or which body answers for a ward (`domain::routing`).

mod book;
mod check;
mod common;
mod crs_name;
mod generation;
mod index;
mod locate;
mod outline;
mod read;
mod succession;
#[cfg(test)]
mod tests;
mod unit;

pub use book::{AreaBook, BookError};
pub use check::{Finding, Known, Severity, check};
pub use crs_name::crs_name;
pub use generation::{BuildError, Generation};
pub use locate::{
    Accuracy, AccuracyError, CONFIDENCE, GAP_REACH_M, Located, OFFSHORE_REACH_M, OUTSIDE_REACH_M, Odds,
    Outside, OutsideReason, SNAP_M, USUAL_CONFIDENCE, lent_shape,
};
pub use read::{ReadError, read_sea, read_units};
pub use succession::{Overlap, overlaps};
pub use unit::{Unit, UnitError};
