//! Keeps the sessions in memory in step with the store, so that one that ends is over in every process within a second.
//! What is asked is one number; all is read when it changed.

use std::sync::Arc;
use std::time::Duration;

use crate::action::accounts::{Accounts, refresh};
use crate::store::Store;

/// Between rounds.
const EVERY: Duration = Duration::from_millis(400);
/// Between rounds that somebody waits for: whoever sends made-up cookies causes no more.
const PAUSE: Duration = Duration::from_millis(20);

/// Goes round, forever. After an error the sessions stay as they were.
pub async fn refresh_sessions(store: Store, accounts: Arc<Accounts>) {
    loop {
        if let Err(error) = refresh(&store, &accounts.sessions).await {
            tracing::error!(%error, "reading sessions");
        }
        tokio::time::sleep(PAUSE).await;
        // Either is a reason for the next round.
        let _ = tokio::time::timeout(EVERY, accounts.sessions.wanted()).await;
    }
}
