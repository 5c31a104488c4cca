//! Tells live streams what is new: one reader of the log for all who listen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::action::{City, Entries, Told};
use crate::store::{Position, Store, StoreError};
use diaban_core::map::Level;

/// Events read in one go.
const BATCH: u32 = 500;
/// After trouble with the database.
const AGAIN: Duration = Duration::from_secs(1);

/// Reads events after `last` whenever the live map has moved, and sends each to everybody, for ever. Who
/// listens too slowly misses some and reads the store instead. `last` is read before anybody can listen:
/// what happens after a listener's first look is then always told.
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
                tracing::error!(%error, "reading new events");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// Says whether there may be more.
async fn step(
    store: &Store,
    city: &City,
    public_url: &str,
    last: &mut Position,
    out: &broadcast::Sender<Arc<Told>>,
) -> Result<bool, StoreError> {
    let news = store.events_after(None, *last, BATCH).await?;
    let full = news.len() == BATCH as usize;
    let entries = Entries::new(city, public_url);
    for event in news {
        *last = event.at;
        // Nobody may be listening.
        let _ = out.send(Arc::new(entries.told(event)));
    }
    Ok(full)
}
