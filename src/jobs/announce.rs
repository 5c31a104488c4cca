//! Sends new events to live streams: one reader of the log serves all listeners.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::action::{City, Entries, Told};
use crate::store::{Position, Store, StoreError};
use diaban_core::map::Level;

/// Events per read.
const BATCH: u32 = 500;
/// Pause after a database error.
const RETRY: Duration = Duration::from_secs(1);

/// Reads events after `last` whenever the live map has moved, and sends each to all listeners,
/// forever. A listener that is too slow misses events and reads the store instead. `last` is read
/// before anybody can listen, so an event after a listener's first read is always sent.
pub async fn announce(
    store: Store,
    city: Arc<City>,
    public_url: String,
    mut level: watch::Receiver<Level>,
    out: broadcast::Sender<Arc<Told>>,
    mut last: Position,
) {
    loop {
        level.mark_unchanged();
        match step(&store, &city, &public_url, &mut last, &out).await {
            Ok(true) => {}
            Ok(false) => {
                if level.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "cannot read new events; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Returns whether there may be more.
async fn step(
    store: &Store,
    city: &City,
    public_url: &str,
    last: &mut Position,
    out: &broadcast::Sender<Arc<Told>>,
) -> Result<bool, StoreError> {
    let edition = city.areas().codebook.edition;
    let events = store.events_after(None, *last, BATCH, edition).await?;
    // Other boundaries are in force, and this process is about to hear of it: until then nobody who listens knows the
    // wards of the events.
    if store.edition_in_force().await? != edition {
        return Ok(false);
    }
    let full = events.len() == BATCH as usize;
    let entries = Entries::new(city, public_url);
    for event in events {
        *last = event.at;
        // There may be no listeners.
        let _ = out.send(Arc::new(entries.told(event)));
    }
    Ok(full)
}
