//! A file of city features into checked features, or of reports into reports to be judged: formats are read, columns mapped, places and
//! values judged; what is refused keeps its row number and a reason.
//!
//! Reading order: `format` (which one it is), a reader for each (`geojson`, `table`, `osm`) that
//! yields [`Raw`] rows, `shape` (what a shape must be), `recognise` (swapped axes, other coordinate
//! systems), `mapping` (columns to properties), `clean` (letters), `identity` (source ids), `check`
//! (one row to a feature), `read` (all of it together), `report` (what was found, in words), `diff`
//! (against what is stored).
//!
//! Files of reports have no bound, so they go another way: `stream` (rows while it is read), `times`,
//! `incoming` (one row to a report of the past), `reports` (all of it together, in batches).
//!
//! Not here: SQL, the net, the command line. Nothing is guessed silently: what looks wrong as a
//! whole is refused with the reason, what was changed in a value is counted.

mod check;
mod circle;
mod clean;
pub mod diff;
mod format;
mod geojson;
mod identity;
mod incoming;
mod mapping;
mod osm;
mod raw;
mod read;
mod recognise;
mod report;
mod reports;
mod shape;
mod stream;
mod table;
mod times;

pub use check::{Counts, Outside, Rejected};
pub use circle::polygon as circle;
pub use diff::Diff;
pub use format::{Format, FormatError};
pub use incoming::Incoming;
pub use mapping::{MappingError, Profile, Scalar};
pub use raw::{Raw, Unread};
pub use read::{ImportError, Input, Read, read};
pub use recognise::Wrong;
pub use report::{Reasons, RejectedTable, rejected_csv};
pub use reports::{Batch, ReportInput, ReportRead, read_reports};
pub use times::Times;

/// Most bytes of a file of features, packed and unpacked.
pub const MAX_BYTES: u64 = 256 << 20;
/// Most rows of a file of features.
pub const MAX_ROWS: usize = 1_000_000;
/// Most vertices of one feature.
pub const MAX_VERTICES: usize = 100_000;
/// Most columns of a row, nested members counted one by one.
pub const MAX_COLUMNS: usize = 1_000;
/// Most characters of a source's own id.
pub const MAX_SOURCE_ID: usize = 200;

#[cfg(test)]
mod osm_tests;
#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod tests;
