//! Applies the change log to the live map. This is the only way by which a write becomes visible.
//!
//! A commit only wakes the loop; the log is authoritative and is read every second anyway. The map
//! is loaded from a log position that was read before its rows, and applying a change twice has no
//! effect, so rows written in between are never lost. At the start the map is loaded from its
//! snapshot file, if there is one.

mod next;
mod read;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use super::SnapshotWriter;
use crate::action::{City, CityError};
use crate::store::{self, ChangeKind, Store, StoreError, StoredAreas};
use diaban_core::map::{Change, Level, Live, Moved, ShapeError, Snapshot, View};
use next::{Next, make_ready};
use read::{changes, feature_changes, features, places, view_of};

pub use read::load;

/// The log is read at least this often, even without a wake-up.
const POLL: Duration = Duration::from_secs(1);
/// Delay after a wake-up, so that commits in quick succession are applied together. At a thousand
/// commits a second, applying each alone took more CPU than writing them.
const GATHER: Duration = Duration::from_millis(3);
/// Changes per read.
const BATCH: i64 = 5_000;

/// Whoever still reads a map that was replaced so long ago frees it.
const READ_WITHIN: Duration = Duration::from_secs(60);

/// Follows the log until it is dropped.
pub struct Follower {
    store: Store,
    city: Arc<City>,
    live: Arc<Live>,
    level: watch::Sender<Level>,
    snapshots: Arc<SnapshotWriter>,
    moves: Option<broadcast::Sender<Arc<Moved>>>,
    fold: Option<Fold>,
    next: Option<Next>,
    /// The number of this process among those that follow the log.
    number: Option<i64>,
    /// So many reports there is memory for, in all maps.
    room: u64,
}

/// A fold running in the background, and the changes applied since it started.
struct Fold {
    running: JoinHandle<Snapshot>,
    since: Vec<Change>,
}

/// Why the map cannot be read or followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The areas.
    #[error(transparent)]
    City(#[from] CityError),
    /// The shapes of the wards.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A background task failed. The text of its panic may quote a report.
    #[error("a background task failed")]
    Task(#[from] tokio::task::JoinError),
}

/// The map at exactly one change: loaded, then caught up with the log until nothing is left, even
/// while others write. Each row was read after the last change that names it, so the view is exact
/// at its position, [`Snapshot::at`]. `cache` is the folder of snapshot files, as for a serving
/// process.
///
/// # Errors
/// When the database cannot be read or the areas are invalid.
pub async fn view_now(store: &Store, city: Arc<City>, cache: Option<&Path>) -> Result<View, FollowError> {
    let live = Arc::new(Live::new(View::empty(&city.pack.collections, city.areas().codebook.clone())));
    let snapshots = Arc::new(SnapshotWriter::new(store.map_file(cache)));
    let level = watch::Sender::new(Level::default());
    let mut follower = Follower::new(store.clone(), city, live.clone(), level, snapshots);
    follower.load().await?;
    let mut before = 0;
    while live.load().snapshot.at() != before {
        before = live.load().snapshot.at();
        follower.step().await?;
    }
    Ok(View::clone(&live.load()))
}

impl Follower {
    /// Creates a follower that keeps a live map up to date.
    pub fn new(
        store: Store,
        city: Arc<City>,
        live: Arc<Live>,
        level: watch::Sender<Level>,
        snapshots: Arc<SnapshotWriter>,
    ) -> Self {
        Self {
            store,
            city,
            live,
            level,
            snapshots,
            moves: None,
            fold: None,
            next: None,
            number: None,
            room: u64::MAX,
        }
    }

    /// Also sends what moved in each step, after readers can see it.
    #[must_use]
    pub fn with_moves(self, moves: broadcast::Sender<Arc<Moved>>) -> Self {
        Self { moves: Some(moves), ..self }
    }

    /// Also says, under this number, when its map is ready for boundaries that come.
    #[must_use]
    pub fn numbered(self, number: i64) -> Self {
        Self { number: Some(number), ..self }
    }

    /// Makes a second map ready only if there is memory for the reports of both: so many in all.
    #[must_use]
    pub fn with_room(self, room: u64) -> Self {
        Self { room, ..self }
    }

    fn tell(&self, moved: Moved) {
        // There may be no listeners.
        let _ = self.moves.as_ref().map(|moves| moves.send(Arc::new(moved)));
    }

    /// Loads the map, then follows the log forever. Database errors are logged and retried.
    pub async fn run(mut self) {
        let mut commits = self.store.commits();
        loop {
            let result = if self.level.borrow().loaded { self.step().await } else { self.load().await };
            if let Err(error) = &result {
                tracing::error!(%error, "cannot follow the change log; trying again");
            }
            self.level.send_modify(|l| {
                l.reachable = result.is_ok();
                l.caught_up |= l.is_current();
            });
            // If more changes may be waiting, read on; otherwise wait for a commit or the next
            // poll.
            if !matches!(result, Ok(true)) {
                let _ = tokio::time::timeout(POLL, commits.changed()).await;
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    /// After a change of areas: the next ones are in force at this change, or they are to be made ready. Without a map
    /// that is ready, everything is read anew.
    async fn follow_areas(&mut self, log: &[store::Change]) -> Result<bool, FollowError> {
        let stored = self.store.areas().await?;
        let in_force = stored.in_force();
        if log.iter().any(|c| c.kind == ChangeKind::Trimmed) {
            self.next = None;
            self.city.reload(&stored)?;
            return self.load().await;
        }
        if in_force != self.live.load().codebook.edition {
            return self.turn(stored, log).await;
        }
        let announced = stored.announced().map(|e| e.seq);
        let reports = self.live.load().snapshot.len() as u64;
        if let Some(edition) = announced.filter(|_| 2 * reports > self.room) {
            // Nobody waits for this process: it reads the coming map when it is in force.
            tracing::warn!(
                reports,
                room = self.room,
                "no memory for a second map: the turn will take seconds here"
            );
            self.say_ready(edition, true).await?;
            return self.apply(log).await;
        }
        if announced != self.next.as_ref().map(Next::edition) {
            if let Some(edition) = announced {
                self.say_ready(edition, false).await?;
            }
            // The present map goes on meanwhile: what the next one misses it applies afterwards.
            self.next = announced.map(|edition| {
                let ready = make_ready(self.store.clone(), self.city.clone(), stored, edition);
                Next::Loading { edition, running: tokio::spawn(ready) }
            });
        }
        self.apply(log).await
    }

    /// Takes the next map when it is loaded, brings it level with the present one, and says so.
    async fn finish_next(&mut self) -> Result<(), FollowError> {
        let loaded = |next: &mut Next| matches!(next, Next::Loading { running, .. } if running.is_finished());
        let Some(Next::Loading { edition, running }) = self.next.take_if(loaded) else { return Ok(()) };
        let mut ready = running.await??;
        let log = self.store.changes_after(ready.view.snapshot.at(), i64::MAX).await?;
        let applied = self.level.borrow().applied;
        let log: Vec<_> = log.into_iter().filter(|c| c.seq <= applied).collect();
        ready.apply(&self.store, &self.city, &log).await?;
        self.next = Some(Next::Ready(ready));
        self.say_ready(edition, true).await
    }

    async fn say_ready(&self, edition: i64, made: bool) -> Result<(), FollowError> {
        if let Some(number) = self.number {
            self.store.ready(number, edition, made).await?;
        }
        Ok(())
    }

    /// The other edition is in force, up to this change.
    async fn turn(&mut self, stored: StoredAreas, log: &[store::Change]) -> Result<bool, FollowError> {
        let in_force = stored.in_force();
        self.finish_next().await?;
        let ready = match self.next.take() {
            Some(Next::Ready(next)) if next.areas.codebook.edition == in_force => {
                next.late(&self.store, log).await?.map(|log| (next, log))
            }
            _ => None,
        };
        let (mut next, log) = if let Some(ready) = ready {
            ready
        } else {
            let next = make_ready(self.store.clone(), self.city.clone(), stored, in_force).await?;
            (next, log.to_vec())
        };
        next.apply(&self.store, &self.city, &log).await?;
        let at = next.view.snapshot.at();
        self.fold = None;
        // The new areas know the wards of the former ones; the former areas would not know those of the new map.
        self.city.turn(next.areas);
        let before = self.live.load();
        self.live.store(next.view);
        free(before);
        self.tell(Moved::All);
        self.level.send_modify(|l| {
            l.applied = at;
            l.head = l.head.max(at);
        });
        Ok(true)
    }

    async fn load(&mut self) -> Result<bool, FollowError> {
        let areas = self.city.areas();
        self.fold = None;
        // The positions are read first, so changes written meanwhile are applied again.
        let head = self.store.last_change().await?;
        let first = !self.level.borrow().loaded;
        let saved = if first { self.snapshots.load(&self.store, &areas.codebook).await } else { None };
        let from_file = saved.is_some();
        let view = match saved {
            Some(saved) => View {
                snapshot: Arc::new(saved),
                features: features(&self.store, &self.city, &areas).await?,
                codebook: areas.codebook.clone(),
                shapes: areas.shapes(&areas.codebook.active)?,
                step: 0,
            },
            None => view_of(&self.store, &self.city, &areas).await?,
        };
        let at = view.snapshot.at();
        let before = self.live.load();
        self.live.store(view);
        free(before);
        self.tell(Moved::All);
        self.level.send_modify(|l| {
            *l = Level { loaded: true, reachable: true, from_file, applied: at, head: head.max(at), ..*l };
        });
        Ok(true)
    }

    /// Applies the next changes. Returns whether there may be more.
    async fn step(&mut self) -> Result<bool, FollowError> {
        self.finish_fold().await;
        self.finish_next().await?;
        let applied = self.level.borrow().applied;
        let log = self.store.changes_after(applied, BATCH).await?;
        let Some(last) = log.last().map(|c| c.seq) else { return Ok(false) };
        let full = log.len() as i64 == BATCH;
        self.level.send_modify(|l| l.head = l.head.max(last));
        // If the log begins later than the map's position, changes that it needs have been trimmed.
        if log.iter().any(|c| matches!(c.kind, ChangeKind::Areas | ChangeKind::Trimmed)) {
            return self.follow_areas(&log).await;
        }
        self.apply(&log).await?;
        Ok(full)
    }

    /// Applies changes to the present map, and to the one that is ready beside it. Returns that there may be more.
    async fn apply(&mut self, log: &[store::Change]) -> Result<bool, FollowError> {
        let Some(last) = log.last().map(|c| c.seq) else { return Ok(false) };
        let view = self.live.load();
        let changes = changes(&self.store, log, &view.codebook).await?;
        let snapshot = view.snapshot.apply(&changes, last);
        let features = feature_changes(&self.store, &self.city, log, &view, &self.city.areas()).await?;
        if let Some(Next::Ready(next)) = &mut self.next {
            next.apply(&self.store, &self.city, log).await?;
        }
        if let Some(fold) = &mut self.fold {
            fold.since.extend_from_slice(&changes);
        } else if snapshot.needs_fold() {
            let before = snapshot.clone();
            self.fold =
                Some(Fold { running: tokio::task::spawn_blocking(move || before.fold()), since: Vec::new() });
        }
        let moved = Moved::Some {
            reports: places(&view.snapshot, &changes),
            features: log.iter().any(|c| c.kind.features().is_some()),
        };
        self.live.advance(View { snapshot: Arc::new(snapshot), features, ..View::clone(&view) }, &moved);
        self.tell(moved);
        self.level.send_modify(|l| l.applied = last);
        Ok(true)
    }

    /// Replaces the map by a finished fold, with the changes applied since it started.
    async fn finish_fold(&mut self) {
        let Some(fold) = self.fold.take_if(|f| f.running.is_finished()) else { return };
        if let Ok(folded) = fold.running.await {
            let before = self.live.load();
            self.live.store_folded(folded.apply(&fold.since, before.snapshot.at()));
            free(before);
        } else {
            tracing::error!("folding the live map failed");
        }
    }
}

/// Lets go of a map that was replaced, after those who read it, so that none of them frees it: a million reports take
/// tenths of a second.
fn free(before: Arc<View>) {
    tokio::spawn(async move {
        let begun = tokio::time::Instant::now();
        let is_read = |v: &Arc<View>| Arc::strong_count(v) > 1 || Arc::strong_count(&v.snapshot) > 1;
        while is_read(&before) && begun.elapsed() < READ_WITHIN {
            tokio::time::sleep(POLL).await;
        }
        tokio::task::spawn_blocking(move || drop(before)).await
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action;
    use crate::clock::FixedClock;
    use crate::store::test_database::store_url;
    use crate::store::{EditionState, Following, report};
    use diaban_core::domain::Instant;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_map_is_made_ready_only_where_there_is_memory_for_it() {
        const REPORTS: u64 = 20;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let pack = crate::city_files::embedded().unwrap();
        let now = Instant::parse("2026-11-25T01:30:00Z").unwrap();
        let clock = FixedClock::at(now);
        let mut next = action::begin(&store, &pack, &clock).await.unwrap().editions.remove(0);
        let city = Arc::new(City::new(pack, &store.areas().await.unwrap()).unwrap());
        store.load_reports((1..=REPORTS).map(report).collect()).await.unwrap();
        next.state = EditionState::Prepared;
        let next = store.add_edition(next).await.unwrap();
        for (number, room, waited_for) in [(1, 2 * REPORTS - 1, 0), (2, 2 * REPORTS, 1)] {
            let live =
                Arc::new(Live::new(View::empty(&city.pack.collections, city.areas().codebook.clone())));
            let snapshots = Arc::new(SnapshotWriter::new(None));
            let level = watch::Sender::new(Level::default());
            let follower = Follower::new(store.clone(), city.clone(), live, level, snapshots);
            let mut follower = follower.numbered(number).with_room(room);
            store.register(Following { id: number, position: 0, at: now }, now).await.unwrap();
            follower.load().await.unwrap();
            let announce = store.move_edition(next, EditionState::Prepared, EditionState::Announced, now);
            let _ = announce.await.unwrap();
            follower.step().await.unwrap();
            assert_eq!(follower.next.is_some(), waited_for > 0);
            let unready = store.unready(next, now).await.unwrap();
            assert_eq!(
                unready,
                (number - 1, waited_for),
                "those before it are silent, it makes a map ready or not"
            );
            assert!(store.lapse(Instant::MAX, now).await.unwrap());
        }
        store.close().await;
    }
}
