//! Records how far this process has followed the change log, and trims the part that no process
//! needs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::SnapshotWriter;
use crate::clock::Clock;
use crate::store::{Following, Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::map::Level;

/// How often a process records its position.
const EVERY: Duration = Duration::from_secs(60);
/// Trims once in this many rounds.
const TRIM_EVERY: u32 = 10;
/// The last day of the log is always kept, and a process not seen for a day is forgotten.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Records and trims forever. `id` identifies this process among the followers.
pub async fn trim(
    id: i64,
    store: Store,
    snapshots: Arc<SnapshotWriter>,
    mut level: watch::Receiver<Level>,
    clock: Arc<dyn Clock>,
) {
    if level.wait_for(|l| l.caught_up).await.is_err() {
        return;
    }
    let mut times = 0;
    loop {
        // After a restart the process would continue from its snapshot file.
        let applied = level.borrow().applied;
        let position = snapshots.position().map_or(applied, |saved| saved.min(applied));
        if let Err(error) = once(&store, id, position, clock.now(), times % TRIM_EVERY == 0).await {
            tracing::warn!(%error, "cannot trim the change log");
        }
        times += 1;
        tokio::time::sleep(EVERY).await;
    }
}

async fn once(store: &Store, id: i64, position: i64, now: Instant, trim: bool) -> Result<(), StoreError> {
    let day_ago = Instant::from_ms(now.ms() - DAY_MS);
    store.register(Following { id, position, at: now }, day_ago).await?;
    if trim {
        let rows = store.trim(day_ago).await?;
        if rows > 0 {
            tracing::info!(rows, "trimmed the change log");
        }
    }
    Ok(())
}
