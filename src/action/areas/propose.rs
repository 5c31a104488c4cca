//! Boundaries as somebody proposes them: checked as a whole, then kept as an edition, then every report is placed.

use std::sync::{Arc, Mutex, PoisonError};

use super::operate::to_come;
use super::prepare::{NewEdition, Prepared, prepare, prepare_edition};
use super::{AreasError, build};
use crate::action::city::City;
use crate::action::import::{ImportError, candidate, with_crs};
use crate::clock::Clock;
use crate::store::Store;
use diaban_core::area::{Finding, Generation, Severity};
use diaban_core::domain::{Instant, Successor};

/// Boundaries as somebody proposes them.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The day from which they are valid.
    pub generation: String,
    /// GeoJSON, plain or gzipped; none for those of the city pack.
    pub boundaries: Option<Vec<u8>>,
    /// The coordinate system, whatever the document says.
    pub crs: Option<String>,
    /// Which wards have the ground of which former ones.
    pub successors: Option<Vec<Successor>>,
    /// When they are to come into force by themselves.
    pub from: Option<Instant>,
}

/// Boundaries that were read and checked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The wards.
    pub candidate: Arc<Generation>,
    /// What the checks found, the worst first.
    pub findings: Vec<Finding>,
    proposal: Proposal,
}

/// Reads and checks; nothing is stored. Takes seconds, beside the async threads.
///
/// # Errors
/// When it is no set of boundaries, or its moment has passed.
pub async fn check_proposal(
    city: &Arc<City>,
    clock: &dyn Clock,
    proposal: Proposal,
) -> Result<Checked, AreasError> {
    to_come(clock, proposal.from)?;
    let city = city.clone();
    let checked = tokio::task::spawn_blocking(move || {
        let mut proposal = proposal;
        if let (Some(name), Some(boundaries)) = (&proposal.crs, &mut proposal.boundaries) {
            *boundaries = with_crs(boundaries, name)?;
        }
        let given = proposal.successors.as_deref().unwrap_or_default();
        let (candidate, findings) =
            candidate(&city, &proposal.generation, proposal.boundaries.as_deref(), given)?;
        Ok::<_, ImportError>(Checked { candidate: Arc::new(candidate), findings, proposal })
    });
    Ok(checked.await??)
}

impl Checked {
    /// How many of the findings are errors.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|f| f.severity == Severity::Error).count()
    }

    /// Keeps them as an edition, under the name of where they came from; nobody sees it. Gives its number.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep(
        self,
        city: &Arc<City>,
        store: &Store,
        clock: &dyn Clock,
        source: &str,
    ) -> Result<i64, AreasError> {
        let Proposal { boundaries, successors, from, .. } = self.proposal;
        let new = NewEdition { source, bytes: boundaries.as_deref(), successors, from };
        prepare_edition(city, store, clock, self.candidate, new).await
    }
}

/// Places every report under an edition that is kept.
///
/// # Errors
/// When the store fails, or the edition was withdrawn or others came into force meanwhile.
pub async fn place_reports(
    city: &Arc<City>,
    store: &Store,
    edition: i64,
    progress: impl FnMut(u64),
) -> Result<Prepared, AreasError> {
    let stored = store.areas().await?;
    let former = stored.in_force();
    let next = build(city, stored, edition).await?;
    prepare(city, store, (&next, former), progress).await
}

/// The preparations of this process: one at a time.
#[derive(Clone, Debug, Default)]
pub struct Preparations(Arc<Mutex<Doing>>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Doing {
    #[default]
    Nothing,
    Checking,
    /// An edition whose number is not known yet is written.
    Keeping,
    Placing(i64),
}

/// The preparation that runs now; another one may begin when it is dropped.
#[derive(Debug)]
pub struct Preparation(Preparations);

impl Preparations {
    /// Begins one; none while another one runs.
    pub fn begin(&self) -> Option<Preparation> {
        let mut doing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *doing != Doing::Nothing {
            return None;
        }
        *doing = Doing::Checking;
        Some(Preparation(self.clone()))
    }

    /// Whether reports are placed under this edition just now: a turn to it waits for that.
    pub fn are_placing(&self, edition: i64) -> bool {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Doing::Keeping => true,
            Doing::Placing(placing) => placing == edition,
            Doing::Nothing | Doing::Checking => false,
        }
    }

    fn set(&self, doing: Doing) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }
}

impl Drop for Preparation {
    fn drop(&mut self) {
        self.0.set(Doing::Nothing);
    }
}

impl Preparation {
    /// Keeps what was checked and gives its number; the reports are placed in the background then. What is left of that
    /// when the process ends is done before the turn.
    ///
    /// # Errors
    /// When the store fails; nothing is kept then.
    pub async fn keep(
        self,
        checked: Checked,
        city: &Arc<City>,
        store: &Store,
        clock: &dyn Clock,
        source: &str,
    ) -> Result<i64, AreasError> {
        self.0.set(Doing::Keeping);
        let edition = checked.keep(city, store, clock, source).await?;
        self.0.set(Doing::Placing(edition));
        let (city, store) = (city.clone(), store.clone());
        tokio::spawn(async move {
            match place_reports(&city, &store, edition, |_| {}).await {
                Ok(done) => tracing::info!(
                    edition,
                    reports = done.looked_at,
                    moved = done.moved,
                    homeless = done.homeless,
                    "all reports are placed"
                ),
                Err(AreasError::Stale) => {
                    tracing::info!(edition, "withdrawn or overtaken before all reports were placed");
                }
                Err(error) => {
                    tracing::error!(edition, %error, "not all reports are placed; an activation does the rest");
                }
            }
            drop(self);
        });
        Ok(edition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_preparation_runs_at_a_time() {
        let all = Preparations::default();
        let one = all.begin().unwrap();
        assert!(all.begin().is_none());
        assert!(!all.are_placing(3), "what is only checked delays no turn");
        one.0.set(Doing::Placing(3));
        assert!(all.are_placing(3) && !all.are_placing(2));
        drop(one);
        assert!(!all.are_placing(3) && all.begin().is_some());
    }
}
