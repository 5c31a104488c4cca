//! Brings scheduled boundaries into force at their instant, finishes what a turn left to do, and forgets what can no
//! longer be taken back. Every process would do it; who comes second waits for the first, and finds nothing left to do
//! or does what one that ended left.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::action::{self, Activation, AreasError, City, Preparations};
use crate::clock::Clock;
use crate::store::Store;
use diaban_core::domain::Instant;
use diaban_core::map::Level;

/// How often it is looked whether something is due.
const EVERY: Duration = Duration::from_secs(1);
/// In every so many rounds it is looked whether something can be forgotten.
const FORGET: u32 = 3_600;
/// An activation takes at most so long from its announcement, in milliseconds.
const LEASE_MS: i64 = 15 * 60_000;
/// So long before their instant boundaries are announced, in milliseconds: every process has its map ready by then.
const AHEAD_MS: i64 = 5 * 60_000;

/// Looks forever.
pub async fn turn_areas(
    store: Store,
    city: Arc<City>,
    clock: Arc<dyn Clock>,
    preparations: Preparations,
    mut level: watch::Receiver<Level>,
) {
    if level.wait_for(|l| l.caught_up).await.is_err() {
        return;
    }
    // What this process has looked at already, so that nothing is read again while nothing changes.
    let mut edition = None;
    let mut rounds: u32 = 0;
    loop {
        if rounds.is_multiple_of(FORGET) {
            edition = None;
        }
        rounds = rounds.wrapping_add(1);
        if let Err(error) = once(&store, &city, &*clock, &preparations, &mut edition).await {
            tracing::error!(%error, "cannot bring boundaries into force; trying again");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn once(
    store: &Store,
    city: &Arc<City>,
    clock: &dyn Clock,
    preparations: &Preparations,
    seen: &mut Option<i64>,
) -> Result<(), AreasError> {
    let now = clock.now();
    if store.lapse(Instant::from_ms(now.ms() - LEASE_MS), now).await? {
        tracing::warn!("boundaries were announced and did not come into force; they are prepared as before");
    }
    let due = store.due_edition(Instant::from_ms(now.ms() + AHEAD_MS)).await?;
    if let Some((edition, at)) = due.filter(|(edition, _)| !preparations.are_placing(*edition)) {
        tracing::info!(edition, %at, "boundaries come into force");
        let outcome = action::activate(city, store, clock, edition, Some(at), |step| {
            if let Activation::InForce(kept) = step {
                tracing::info!(
                    edition,
                    milliseconds = kept.as_millis() as u64,
                    "other boundaries are in force"
                );
            }
        });
        match outcome.await {
            // Another process was quicker.
            Ok(_) | Err(AreasError::Stale) => {}
            Err(error) => return Err(error),
        }
    }
    let areas = city.areas();
    let now = areas.codebook.edition;
    if *seen != Some(now) {
        action::adopt_all(store, clock, |_| {}).await?;
        action::reassign_features(&areas, store, clock, |_| {}).await?;
        store.forget_former(clock.now()).await?;
        *seen = Some(now);
    }
    Ok(())
}
