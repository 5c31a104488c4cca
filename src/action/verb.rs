//! What all verbs on a stored report share: they read how it stands, decide, write, and decide anew when
//! somebody else was quicker.

use super::city::City;
use crate::clock::Clock;
use crate::store::{Amendment, Applied, Standing, Step, Store, StoreError};
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::text;
use diaban_core::domain::{Precision, Violation};

/// Characters of a reason or a note.
const WORDS: usize = 2_000;
/// Decisions before giving up: each means that somebody else changed the report in between.
const TRIES: usize = 4;

/// Why a verb did nothing.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    /// There is no such report.
    #[error("no report has this id")]
    Missing,
    /// It was erased: nothing can happen to it any more.
    #[error("the report was erased")]
    Erased,
    /// A rule forbids it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Violation>),
    /// Others change it all the time.
    #[error("the report was changed by somebody else meanwhile; look at it again")]
    Changed,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VerbError {
    pub(super) fn refused(field: &str, detail: impl Into<String>) -> Self {
        Self::Refused(vec![Violation::new(field, detail)])
    }
}

/// What was decided: the step and the words that go with it.
pub(super) struct Decision {
    pub(super) step: Step,
    pub(super) role: &'static str,
    pub(super) reason: Option<String>,
    pub(super) note: Option<String>,
}

/// Reads, decides, writes.
pub(super) async fn decide(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    rule: impl Fn(&Standing) -> Result<Decision, VerbError>,
) -> Result<(), VerbError> {
    for _ in 0..TRIES {
        let was = store.standing(id).await?.ok_or(VerbError::Missing)?;
        if was.withdrawn == Withdrawn::Erased {
            return Err(VerbError::Erased);
        }
        let Decision { step, role, reason, note } = rule(&was)?;
        let at = clock.now();
        let precision = precision(city, &was);
        let waits = precision != Precision::Exact;
        let amendment = Amendment { was, step, role, at, shown: precision.shown(at), waits, reason, note };
        if store.amend_report(amendment).await? == Applied::Done {
            return Ok(());
        }
    }
    Err(VerbError::Changed)
}

/// How precisely the public may see a report.
pub(super) fn precision(city: &City, was: &Standing) -> Precision {
    was.decided.with(city.pack.categories.by_code(&was.category).map(|c| c.precision))
}

/// A word from the office, cleaned as a citizen's is.
pub(super) fn words(raw: Option<&str>, field: &str) -> Result<Option<String>, VerbError> {
    raw.map_or(Ok(None), |raw| text::clean(raw, WORDS).map_err(|e| VerbError::refused(field, e.to_string())))
}
