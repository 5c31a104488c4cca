//! Compares the clock with time that really passed. Whoever sets a clock by more than a minute should know what it did
//! to moments that were recorded meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use crate::clock::{Clock, ClockSteps};
use diaban_core::domain::Instant;

const EVERY: Duration = Duration::from_secs(1);

/// Watches forever. `recorded` is the last moment in the store: a clock that begins well before it went back while
/// nobody served, or went forward then.
pub async fn watch_clock(clock: Arc<dyn Clock>, steps: Arc<ClockSteps>, recorded: Instant) {
    let (mut wall, mut real) = (clock.now(), Stopwatch::now());
    if recorded > wall {
        note(&steps, wall.ms().saturating_sub(recorded.ms()), "the clock is behind what was recorded last");
    }
    loop {
        tokio::time::sleep(EVERY).await;
        let (now, passed) = (clock.now(), real.elapsed());
        let step = now.ms().saturating_sub(wall.ms()).saturating_sub(passed.as_millis() as i64);
        note(&steps, step, "the clock stepped");
        (wall, real) = (now, Stopwatch::now());
    }
}

fn note(steps: &ClockSteps, step_ms: i64, what: &'static str) {
    if steps.note(step_ms) {
        tracing::warn!(seconds = step_ms / 1_000, "{what}");
    }
}
