//! Looks whether somebody who was awaited let the time pass.

use std::sync::Arc;
use std::time::Duration;

use crate::action::{self, City};
use crate::clock::Clock;
use crate::store::Store;

/// How often. The clock is the service's own, which tests set.
const LOOK: Duration = Duration::from_secs(1);

/// Forever.
pub async fn overtime(store: Store, city: Arc<City>, clock: Arc<dyn Clock>) {
    loop {
        match action::overtime(&city, &store, &*clock).await {
            Ok(0) => {}
            Ok(reports) => tracing::info!(reports, "the time of those who were awaited is over"),
            Err(error) => tracing::warn!(%error, "cannot look who let the time pass; trying again"),
        }
        tokio::time::sleep(LOOK).await;
    }
}
