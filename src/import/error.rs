//! Why a file is refused as a whole.

use super::place::Wrong;
use super::profile::{MappingError, NoColumn};
use super::read::FormatError;

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
    /// A column that the user names and no row has.
    #[error(transparent)]
    NoColumn(#[from] NoColumn),
}
