//! Wards of a city, ready for look-up: which one owns a point, which one is next, how far the
//! border is; and the checks that a new set of boundaries passes before it may answer.
//!
//! A **unit** is one ward with its shape, a **generation** is all the units valid from one day on,
//! the **book** is every generation a process knows. The book is immutable and shared by `Arc`;
//! a change makes a new one.
//!
//! Reading order: `unit`, `read` (file to units), `generation` (units to look-up), `grid` (the
//! exact index), `nearest` (what lies farther than the grid looks), `outline` (union and gaps),
//! `locate` (the rules of ownership), `meeting` (wards of a line or an area), `check` (findings on a candidate), `book`.
//!
//! Not here: SQL, HTTP, files, the clock, or which body answers for a ward (`domain::routing`).

mod book;
mod check;
mod edge;
mod generation;
mod grid;
mod locate;
mod meeting;
mod nearest;
mod outline;
mod read;
#[cfg(test)]
mod tests;
mod unit;

pub use book::{AreaBook, BookError};
pub use check::{Finding, Severity, check};
pub use generation::{BuildError, Generation};
pub use locate::{GAP_REACH_M, Located, OFFSHORE_REACH_M, Outside, OutsideReason, SNAP_M};
pub use meeting::lent_shape;
pub use read::{ReadError, ToDegrees, read_sea, read_units, read_units_with};
pub use unit::{Unit, UnitError};
