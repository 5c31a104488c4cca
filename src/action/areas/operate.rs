//! What operators decide of an edition beside a process that serves: it is written down here, and the job of turns of
//! any process does it.

use super::turn::undoable;
use super::{AreasError, EditionStatus, Stage};
use crate::clock::Clock;
use crate::store::{Applied, EditionState, Store};
use diaban_core::domain::Instant;

/// What can be activated, looked at or withdrawn.
pub(super) const OPEN: &[Stage] = &[Stage::Prepared, Stage::Scheduled, Stage::Announced];
/// What can be scheduled: what is announced comes already.
const WAITING: &[Stage] = &[Stage::Prepared, Stage::Scheduled];

/// Says when an edition comes into force by itself; never with none.
///
/// # Errors
/// When there is no such edition, it cannot be scheduled any more, or the moment has passed.
pub async fn schedule_edition(
    store: &Store,
    clock: &dyn Clock,
    edition: i64,
    at: Option<Instant>,
) -> Result<(), AreasError> {
    to_come(clock, at)?;
    let stored = store.area_states().await?;
    let status = EditionStatus::find(&stored, edition)?.fit(WAITING)?;
    applied(store.schedule_edition(edition, status.edition.state, at).await?)
}

/// Lets an edition come into force as soon as a process that serves has done what is left to do.
///
/// # Errors
/// When there is no such edition, or it cannot come into force.
pub async fn activate_soon(store: &Store, clock: &dyn Clock, edition: i64) -> Result<(), AreasError> {
    let stored = store.area_states().await?;
    let status = EditionStatus::find(&stored, edition)?.fit(OPEN)?;
    applied(store.schedule_edition(edition, status.edition.state, Some(clock.now())).await?)
}

/// Takes an edition back that is not in force: it never comes into force then.
///
/// # Errors
/// When there is no such edition, or it is or was in force.
pub async fn withdraw_edition(store: &Store, clock: &dyn Clock, edition: i64) -> Result<(), AreasError> {
    let stored = store.area_states().await?;
    let mut status = EditionStatus::find(&stored, edition)?;
    // What was in force and is announced comes back by an undo, which could not be done any more.
    if status.stage == Stage::Announced && status.since.is_some() {
        status.stage = Stage::Former;
    }
    let state = status.fit(OPEN)?.edition.state;
    applied(store.move_edition(edition, state, EditionState::Withdrawn, clock.now()).await?)
}

/// Lets the last turn be taken back as soon as a process that serves has done what is left to do. Gives the edition
/// that comes back.
///
/// # Errors
/// When there is nothing to take back, or it is too late.
pub async fn undo_soon(store: &Store, clock: &dyn Clock) -> Result<i64, AreasError> {
    let stored = store.area_states().await?;
    let former = undoable(&stored, clock.now())?;
    applied(store.recall(stored.in_force(), former, clock.now()).await?)?;
    Ok(former)
}

/// Refuses a moment that has passed: who means now says so.
pub(super) fn to_come(clock: &dyn Clock, at: Option<Instant>) -> Result<(), AreasError> {
    match at {
        Some(at) if at < clock.now() => Err(AreasError::Passed(at)),
        _ => Ok(()),
    }
}

fn applied(applied: Applied) -> Result<(), AreasError> {
    if applied == Applied::Stale { Err(AreasError::Changed) } else { Ok(()) }
}
