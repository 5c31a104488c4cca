//! Why a file is refused as a whole.

use super::place::Wrong;
use super::profile::{MappingError, NoColumn};
use super::read::{FormatError, Part};

/// Why a file is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Its format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The profile.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Its coordinates.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// A page of a longer answer.
    #[error(
        "this is a part of a longer answer: {}; what it leaves out would look gone. Give the address instead of \
         a file, so that the next pages are followed, or all pages in one file", .0.why
    )]
    Part(Part),
    /// A column of ids that does not tell rows apart.
    #[error("{0}; name another column with --id, or leave it out")]
    NotUnique(String),
    /// A column that the user names and no row has.
    #[error(transparent)]
    NoColumn(#[from] NoColumn),
}
