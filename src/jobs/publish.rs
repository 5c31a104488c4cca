//! Makes public what waited for the end of its hour.

use std::sync::Arc;
use std::time::Duration;

use crate::action::{self, City};
use crate::clock::Clock;
use crate::store::{Store, over};

/// How often the clock is looked at. It is the service's own, which tests set.
const LOOK: Duration = Duration::from_millis(200);
/// Pause after a database error.
const RETRY: Duration = Duration::from_secs(1);

/// Once for each hour that ends, and once at the start, forever. What was stored too late for its hour waits for the
/// end of the next one: by itself it would tell more.
pub async fn publish(store: Store, city: Arc<City>, clock: Arc<dyn Clock>) {
    let mut done = None;
    loop {
        let end = over(clock.now());
        if done == Some(end) {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        let judge = action::judge(&city, &city.areas());
        match store.publish(end, clock.now(), judge).await {
            Ok(events) => {
                if events > 0 {
                    tracing::info!(events, "the hour is over: what waited for it is public");
                }
                done = Some(end);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot make public what waited for its hour; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
