//! A file of city features into checked features, or of reports into reports to be judged. Both are one
//! pipeline; what is refused keeps its row number and a reason.
//!
//! Reading order: `profile` (what the user says of a source, columns to properties), `raw` (a row before
//! anything is decided), `read` (bytes to rows, one reader for each format), `place` (which columns hold
//! the place, cells to shapes, what a shape must be), `recognise` (a look at the rows: are the numbers
//! degrees of this city, where are the ids), `judge` (a row to a feature or a report), `pipeline` (these
//! steps joined, for features and for reports). `findings` says in words what was found, `diff` compares
//! with what is stored.
//!
//! Not here: SQL, the net, the command line. Nothing is guessed silently: what looks wrong as a
//! whole is refused with the reason, what was changed in a value is counted.

mod clean;
pub mod diff;
mod error;
mod findings;
mod judge;
mod limits;
mod numbers;
mod pipeline;
mod place;
mod profile;
mod raw;
mod read;
mod recognise;

pub use diff::Diff;
pub use error::ImportError;
pub use findings::{Counts, Findings, Reasons, RejectedTable};
pub use judge::{Incoming, Outside};
pub use limits::{MAX_BYTES, MAX_COLUMNS, MAX_ROW_BYTES, MAX_ROWS, MAX_SOURCE_ID, MAX_VERTICES};
pub use pipeline::{Batch, Input, Read, ReportInput, ReportRead, read, read_reports};
pub use place::{Wrong, circle};
pub use profile::{MappingError, NoColumn, Profile, Scalar, Times};
pub use raw::Rejected;
pub use read::{Format, FormatError, Page, Part, join};

#[cfg(test)]
mod tests;
