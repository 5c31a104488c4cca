//! A prepared edition comes into force, and is taken back.

use std::sync::Arc;
use std::time::Duration;

use super::behind::adopt_all;
use super::place::place;
use super::prepare::prepare;
use super::{AreasError, build, succession};
use crate::action::city::{Areas, City};
use crate::action::patience::patiently;
use crate::clock::Clock;
use crate::store::{EditionState, Judge, Outcome, Store, StoreError, StoredAreas, Turn};
use diaban_core::domain::Instant;

/// A turn can be taken back for thirty days.
const UNDO_MS: i64 = 30 * 24 * 3_600_000;
/// So long the processes that serve have to make their maps ready; one that is not follows later, and refuses reports
/// meanwhile. A map of a million reports takes half a minute on a busy machine.
const READY: Duration = Duration::from_secs(300);
/// A process that serves says within this time that it has heard.
const HEARD: Duration = Duration::from_secs(10);
/// How often it is looked whether they are.
const LOOK: Duration = Duration::from_millis(100);
/// A process that was not seen for so long does not serve, in milliseconds.
const SEEN_MS: i64 = 150_000;
/// Times that what changed meanwhile is prepared before a turn is given up.
const TRIES: usize = 50;

/// How far an activation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Reports placed so far.
    Preparing(u64),
    /// All are placed; the processes that serve make their maps ready.
    Announced,
    /// It is in force. So long the store was kept from other writes.
    InForce(Duration),
    /// Rows of reports written so far.
    Writing(u64),
}

/// Brings an edition into force, at an instant or as soon as possible: places what is not placed yet, lets every process
/// get ready, turns, and writes the rows of reports. Killed anywhere, the store is before or after the turn, and a
/// repeat or any process that serves does the rest. Gives the areas in force then; a process that serves takes them
/// into use by itself, with its map.
///
/// # Errors
/// When the store fails or others were quicker; nothing is in force then that was not before.
pub async fn activate(
    city: &Arc<City>,
    store: &Store,
    clock: &dyn Clock,
    edition: i64,
    at: Option<Instant>,
    mut progress: impl FnMut(Activation),
) -> Result<Arc<Areas>, AreasError> {
    let stored = store.areas().await?;
    let Some(target) = stored.edition(edition) else { return Err(AreasError::Missing(edition.to_string())) };
    let (former, state) = (stored.in_force(), target.state);
    if edition == former {
        adopt_all(store, clock, |n| progress(Activation::Writing(n))).await?;
        return build(city, stored, edition).await;
    }
    if at.is_some() && target.from != at {
        // Others came into force since it was found due, or somebody put it off.
        return Err(AreasError::Stale);
    }
    // Rows must stand by the boundaries in force before others are prepared.
    adopt_all(store, clock, |_| {}).await?;
    let stored = succession::complete(city, store, stored, edition).await?;
    let next = build(city, stored, edition).await?;
    prepare(city, store, (&next, former), |n| progress(Activation::Preparing(n))).await?;
    let _ = patiently(|| store.move_edition(edition, state, EditionState::Announced, clock.now())).await?;
    progress(Activation::Announced);
    let announced = std::time::Instant::now();
    while announced.elapsed() < READY {
        // One that ended is not waited for: it does not answer, or is not seen any more.
        let since = Instant::from_ms(clock.now().ms() - SEEN_MS);
        let (silent, making) = store.unready(edition, since).await?;
        if making == 0 && (silent == 0 || announced.elapsed() > HEARD) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    while at.is_some_and(|at| clock.now() < at) {
        let stored = store.area_states().await?;
        let announced = stored.edition(edition).is_some_and(|e| e.state == EditionState::Announced);
        if !announced || stored.in_force() != former {
            return Err(AreasError::Stale);
        }
        tokio::time::sleep(LOOK).await;
    }
    let judge = judge(city, &next);
    let mut error = AreasError::Behind;
    for _ in 0..TRIES {
        let prepared = prepare(city, store, (&next, former), |_| {}).await;
        let now = clock.now();
        let undo_until = Instant::from_ms(now.ms() + UNDO_MS);
        let begun = std::time::Instant::now();
        let outcome = match prepared {
            Ok(_) => match store.turn(Turn { judge: judge.clone(), former, at: now, undo_until }).await {
                // Another process writes. It is tried again at a later moment, which is the one of the turn then.
                Err(StoreError::Busy) => {
                    error = StoreError::Busy.into();
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                outcome => outcome?,
            },
            Err(AreasError::Stale) => Outcome::Stale,
            Err(error) => return Err(error),
        };
        match outcome {
            Outcome::Done => {
                progress(Activation::InForce(begun.elapsed()));
                adopt_all(store, clock, |n| progress(Activation::Writing(n))).await?;
                return Ok(next);
            }
            Outcome::Behind => error = AreasError::Behind,
            Outcome::Unsettled => {
                adopt_all(store, clock, |_| {}).await?;
            }
            // What has an instant is tried again: it stays announced, and maps stay ready for it.
            Outcome::Stale if at.is_some() => return Err(AreasError::Stale),
            Outcome::Stale => {
                error = AreasError::Stale;
                break;
            }
        }
    }
    let _ = patiently(|| store.move_edition(edition, EditionState::Announced, state, clock.now())).await?;
    Err(error)
}

/// Who decides where reports belong under these areas.
pub fn judge(city: &Arc<City>, areas: &Arc<Areas>) -> Judge {
    let (edition, generation) = (areas.codebook.edition, areas.codebook.active.clone());
    let (city, areas) = (city.clone(), areas.clone());
    Judge { edition, generation, place: Arc::new(move |record| place(&city, &areas, record)) }
}

/// Takes the last turn back: every report that nobody touched since is where it was, the others are placed anew.
///
/// # Errors
/// When there is nothing to take back, it is too late, or the store fails.
pub async fn undo(
    city: &Arc<City>,
    store: &Store,
    clock: &dyn Clock,
    progress: impl FnMut(Activation),
) -> Result<Arc<Areas>, AreasError> {
    let stored = store.areas().await?;
    activate(city, store, clock, undoable(&stored, clock.now())?, None, progress).await
}

/// The edition that comes back when the last turn is taken back.
pub(super) fn undoable(stored: &StoredAreas, now: Instant) -> Result<i64, AreasError> {
    let last = stored.turns.last().ok_or(AreasError::NoTurn)?;
    let former = last.former.ok_or(AreasError::NoTurn)?;
    if last.undo_until < now { Err(AreasError::TooLate(last.undo_until)) } else { Ok(former) }
}
