//! The life of boundaries: an edition is prepared beside the one in force, comes into force at one change of the log,
//! and can be taken back for a while. What is decided of each report is `place`, its record `store::areas`.

mod features;
mod place;
mod prepare;
pub(super) mod succession;
mod turn;

pub use features::{ReassignedFeatures, feature_under, reassign_features};
pub use prepare::{NewEdition, Prepared, begin, prepare, prepare_edition};
pub use succession::read_successors;
pub use turn::{Activation, activate, adopt_all, judge, undo};

use super::city::CityError;
use crate::store::StoreError;
use diaban_core::domain::Instant;

/// Why boundaries were not prepared, or did not come into force.
#[derive(Debug, thiserror::Error)]
pub enum AreasError {
    /// The boundaries.
    #[error(transparent)]
    City(#[from] CityError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A table of successors.
    #[error("the table of successors: {0}")]
    Successors(String),
    /// No edition has this number or generation.
    #[error("no edition {0} is prepared; `diaban areas list` shows them")]
    Missing(String),
    /// Somebody else brought other boundaries into force meanwhile.
    #[error("other boundaries came into force meanwhile; nothing was changed")]
    Stale,
    /// More reports change than can be prepared.
    #[error("reports change faster than they are prepared; nothing was changed, try again")]
    Behind,
    /// There is nothing to take back.
    #[error("nothing can be taken back: no turn is on record")]
    NoTurn,
    /// It is too late.
    #[error("the turn could be taken back until {0} only")]
    TooLate(Instant),
    /// A background task failed.
    #[error("a background task failed")]
    Task(#[from] tokio::task::JoinError),
}
