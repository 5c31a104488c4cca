//! The map as the store has it: read whole, and the rows that the log names.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::FollowError;
use crate::action::{Areas, City, feature_under};
use crate::store::{self, ChangeKind, Store, StoreError, ranges};
use diaban_core::domain::{CodeBook, Instant};
use diaban_core::geo::Mercator;
use diaban_core::map::{Change, FeatureChange, FeatureSets, Snapshot, View};

/// Rows per read when the map is loaded. A database driver needs ten times the size of a row, and
/// the process keeps heap memory once it has used it.
const LOAD_ROWS: i64 = 4_000;
/// The same for features, each with its shape.
const LOAD_FEATURES: i64 = 1_000;
/// How many of these reads run concurrently.
const LOAD_READERS: usize = 2;

/// Reads the whole map as of the current position of the log.
///
/// # Errors
/// When the database cannot be read.
pub async fn load(store: &Store, codebook: &CodeBook) -> Result<Snapshot, FollowError> {
    let at = store.last_change().await?;
    let last = store.last_report().await?;
    let starts = (0..=last / LOAD_ROWS).map(|i| i * LOAD_ROWS + 1);
    let mut parts = pin!(
        stream::iter(starts)
            .map(async |first| store.map_rows(&[(first, first + LOAD_ROWS - 1)], codebook).await)
            .buffered(LOAD_READERS)
    );
    // One large allocation, which is returned to the system as a whole.
    let mut rows = Vec::with_capacity(last as usize);
    while let Some(part) = parts.try_next().await? {
        rows.extend(part);
    }
    // Takes a second for a million reports: not on a thread that answers.
    Ok(tokio::task::spawn_blocking(move || Snapshot::from_rows(rows, at)).await?)
}

/// The whole map under some areas, as of now.
pub(super) async fn view_of(store: &Store, city: &City, areas: &Areas) -> Result<View, FollowError> {
    let snapshot = Arc::new(load(store, &areas.codebook).await?);
    let features = features(store, city, areas).await?;
    let shapes = areas.shapes(&areas.codebook.active)?;
    Ok(View { snapshot, features, codebook: areas.codebook.clone(), shapes, step: 0 })
}

/// All features of the city's collections.
pub(super) async fn features(store: &Store, city: &City, areas: &Areas) -> Result<FeatureSets, FollowError> {
    let collections = city.pack.collections.clone();
    let changed = store.features_changed().await?;
    let last = store.last_feature().await?;
    let mut rows = Vec::new();
    for first in (1..=last).step_by(LOAD_FEATURES as usize) {
        let range = (first, first + LOAD_FEATURES - 1);
        let stored = store.features(range, &collections).await?;
        rows.extend(stored.into_iter().map(|f| (f.collection.clone(), feature_under(areas, f))));
    }
    Ok(tokio::task::spawn_blocking(move || FeatureSets::build(&collections, rows, changed)).await?)
}

/// The current rows named in the log, each read once.
pub(super) async fn changes(
    store: &Store,
    log: &[store::Change],
    codebook: &CodeBook,
) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    let ranges = ranges(log, ChangeKind::reports);
    let mut rows = store.map_rows(&ranges, codebook).await?.into_iter().peekable();
    for seq in ranges.into_iter().flat_map(|(first, last)| first..=last) {
        changes.push(match rows.next_if(|r| i64::from(r.seq) == seq) {
            Some(row) => Change::Upsert(row),
            None => Change::Remove { seq: seq as u32 },
        });
    }
    Ok(changes)
}

/// The collections after the log's changes; each current feature is read once.
pub(super) async fn feature_changes(
    store: &Store,
    city: &City,
    log: &[store::Change],
    view: &View,
    areas: &Areas,
) -> Result<FeatureSets, FollowError> {
    let mut changes = Vec::new();
    for (first, last) in ranges(log, ChangeKind::features) {
        let rows = store.features((first, last), &city.pack.collections).await?;
        let mut rows = rows.into_iter().peekable();
        for seq in first..=last {
            changes.push(match rows.next_if(|f| f.feature.seq == seq) {
                Some(stored) => FeatureChange::Upsert {
                    collection: stored.collection.clone(),
                    feature: feature_under(areas, stored),
                },
                None => FeatureChange::Remove { seq },
            });
        }
    }
    let before = view.features.clone();
    if changes.is_empty() {
        return Ok(before);
    }
    let touching = log.iter().filter(|c| c.kind.features().is_some());
    let at = touching.map(|c| c.at).max().unwrap_or(Instant::MIN);
    Ok(tokio::task::spawn_blocking(move || before.apply(&changes, at)).await?)
}

/// Old and new positions of the changed reports.
pub(super) fn places(before: &Snapshot, changes: &[Change]) -> Vec<Mercator> {
    let of = |change: &Change| {
        let (seq, now) = match change {
            Change::Upsert(row) => (row.seq, row.point),
            Change::Remove { seq } => (*seq, None),
        };
        [before.get(seq).and_then(|row| row.point), now]
    };
    changes.iter().flat_map(of).flatten().map(Mercator::from_lonlat).collect()
}
