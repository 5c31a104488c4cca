//! Keeps the keys in memory as they are in the store: made and revoked beside the server, by hand, they
//! are few and rarely change, so they are read anew every other second.

use std::sync::Arc;
use std::time::Duration;

use crate::action::Keyring;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(2);

/// Reads the keys, for ever. What cannot be read leaves the keys as they were.
pub async fn refresh_keys(store: Store, keys: Arc<Keyring>) {
    loop {
        match store.keys().await {
            Ok(all) => keys.fill(all),
            Err(error) => tracing::error!(%error, "reading keys"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
