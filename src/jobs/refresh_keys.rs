//! Keeps the keys in memory in step with the store. Operators add and revoke keys in another
//! process. Keys are few and rarely change, so they are all read again every two seconds.

use std::sync::Arc;
use std::time::Duration;

use crate::action::Keyring;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(2);

/// Reads the keys, forever. After an error the keys stay as they were.
pub async fn refresh_keys(store: Store, keys: Arc<Keyring>) {
    loop {
        match store.keys().await {
            Ok(all) => keys.fill(all),
            Err(error) => tracing::error!(%error, "reading keys"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
