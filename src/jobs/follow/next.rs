//! The map of boundaries that are about to come into force, made ready beside the present one.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::FollowError;
use super::read::{changes, feature_changes, view_of};
use crate::action::{Areas, City};
use crate::store::{self, ChangeKind, Store, StoreError, StoredAreas};
use diaban_core::map::View;

/// The map of boundaries that are about to come into force, kept level with the log beside the present one.
pub(super) enum Next {
    Loading { edition: i64, running: JoinHandle<Result<Ready, FollowError>> },
    Ready(Ready),
}

pub(super) struct Ready {
    pub(super) areas: Arc<Areas>,
    pub(super) view: View,
    /// Up to this change of the log every report was placed before it was read; none where that is all there is.
    placed_to: Option<i64>,
}

/// Makes the map of an edition that comes, beside the present one.
pub(super) async fn make_ready(
    store: Store,
    city: Arc<City>,
    stored: StoredAreas,
    edition: i64,
) -> Result<Ready, FollowError> {
    let pack = city.clone();
    let placed_to = stored.edition(edition).and_then(|e| e.prepared_to);
    let areas = tokio::task::spawn_blocking(move || {
        let areas = Areas::build(&pack.pack, &stored, edition)?;
        // They are kept there; the map needs them.
        areas.shapes(&areas.codebook.active)?;
        Ok::<_, FollowError>(areas)
    });
    let areas = areas.await??;
    let view = view_of(&store, &city, &areas).await?;
    Ok(Ready { areas: Arc::new(areas), view, placed_to })
}

impl Next {
    pub(super) fn edition(&self) -> i64 {
        match self {
            Self::Loading { edition, .. } => *edition,
            Self::Ready(ready) => ready.areas.codebook.edition,
        }
    }
}

impl Ready {
    /// What is to be read once its edition is in force: the log of the turn and, of before, the reports that came or
    /// changed since they were placed. Those were placed at the turn at the latest, so they say the former ward here.
    /// None when the log does not go back so far.
    pub(super) async fn late(
        &self,
        store: &Store,
        log: &[store::Change],
    ) -> Result<Option<Vec<store::Change>>, StoreError> {
        let (Some(placed_to), Some(first)) = (self.placed_to, log.first()) else {
            return Ok(Some(log.to_vec()));
        };
        let mut late = store.changes_after(placed_to, i64::MAX).await?;
        if late.iter().any(|c| c.kind == ChangeKind::Trimmed) {
            return Ok(None);
        }
        late.retain(|c| c.seq < first.seq && c.kind.reports().is_some());
        Ok(Some(late.into_iter().chain(log.iter().copied()).collect()))
    }

    /// Applies changes as the present map does. Those that it was loaded after change nothing.
    pub(super) async fn apply(
        &mut self,
        store: &Store,
        city: &City,
        log: &[store::Change],
    ) -> Result<(), FollowError> {
        let Some(last) = log.last() else { return Ok(()) };
        let changes = changes(store, log, &self.view.codebook).await?;
        self.view.features = feature_changes(store, city, log, &self.view, &self.areas).await?;
        let at = last.seq.max(self.view.snapshot.at());
        self.view.snapshot = Arc::new(self.view.snapshot.apply(&changes, at));
        Ok(())
    }
}
