//! The map of boundaries that are about to come into force, made ready beside the present one.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::FollowError;
use super::read::{changes, feature_changes, view_of};
use crate::action::{Areas, City};
use crate::store::{self, Store, StoredAreas};
use diaban_core::map::View;

/// The map of boundaries that are about to come into force, kept level with the log beside the present one.
pub(super) enum Next {
    Loading { edition: i64, running: JoinHandle<Result<Ready, FollowError>> },
    Ready(Ready),
}

pub(super) struct Ready {
    pub(super) areas: Arc<Areas>,
    pub(super) view: View,
}

/// Makes the map of an edition that comes, beside the present one.
pub(super) async fn make_ready(
    store: Store,
    city: Arc<City>,
    stored: StoredAreas,
    edition: i64,
) -> Result<Ready, FollowError> {
    let pack = city.clone();
    let areas = tokio::task::spawn_blocking(move || Areas::build(&pack.pack, &stored, edition)).await??;
    let view = view_of(&store, &city, &areas).await?;
    Ok(Ready { areas: Arc::new(areas), view })
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
