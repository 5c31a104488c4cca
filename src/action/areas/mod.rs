//! The life of boundaries: an edition is prepared beside the one in force, comes into force at one change of the log,
//! and can be taken back for a while. What is decided of each report is `place`, its record `store::areas`.

mod behind;
mod features;
mod moves;
mod operate;
mod place;
mod prepare;
mod propose;
mod status;
pub(super) mod succession;
mod turn;

pub use behind::adopt_all;
pub use features::{ReassignedFeatures, feature_under, reassign_features};
pub use moves::{Moves, NamedMove, NamedWard};
pub use operate::{activate_soon, schedule_edition, undo_soon, withdraw_edition};
pub use prepare::{Prepared, begin};
pub use propose::{Checked, Preparation, Preparations, Proposal, check_proposal, place_reports};
pub use status::{EditionStatus, Stage};
pub use succession::read_successors;
pub use turn::{Activation, activate, judge, undo};

use std::sync::Arc;

use super::city::{Areas, City, CityError};
use super::import::ImportError;
use crate::store::{StoreError, StoredAreas};
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
    /// What was proposed is no set of boundaries.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A table of successors.
    #[error("the table of successors: {0}")]
    Successors(String),
    /// No edition has this number or generation.
    #[error("no edition {0} is prepared; `diaban areas list` shows them")]
    Missing(String),
    /// An edition stands where this cannot be done to it.
    #[error("edition {edition} is {stage}; this can be done to what is {}", listed(fit))]
    Unfit {
        /// The edition.
        edition: i64,
        /// Where it stands.
        stage: Stage,
        /// Where it would have to stand.
        fit: &'static [Stage],
    },
    /// A moment to come has passed.
    #[error("{0} has passed; what is to come into force at once is activated")]
    Passed(Instant),
    /// Somebody else changed it at the same time.
    #[error("it changed just now; nothing was done, look at it again")]
    Changed,
    /// Somebody else brought other boundaries into force meanwhile, or withdrew these.
    #[error("other boundaries came into force meanwhile, or these were withdrawn; nothing was changed")]
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

/// `a, b or c`.
fn listed(stages: &[Stage]) -> String {
    let names: Vec<String> = stages.iter().map(ToString::to_string).collect();
    match &names[..] {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// The areas as they are when an edition is in force.
async fn build(city: &Arc<City>, stored: StoredAreas, edition: i64) -> Result<Arc<Areas>, AreasError> {
    let city = city.clone();
    let areas = tokio::task::spawn_blocking(move || Areas::build(&city.pack, &stored, edition)).await??;
    Ok(Arc::new(areas))
}
