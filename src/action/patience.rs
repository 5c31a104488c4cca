//! Work that nobody waits for: it gives way to every other write, instead of failing after minutes because it met a long
//! one.

use std::time::{Duration, Instant};

use crate::store::StoreError;

/// How long it waits before it tries again.
const AGAIN: Duration = Duration::from_millis(100);
/// A store that takes nothing for so long has more than a long write.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes when others let it.
///
/// # Errors
/// What the store says, but that it is busy only when it has been for a minute.
pub(super) async fn patiently<T, F>(write: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let begun = Instant::now();
    loop {
        match write().await {
            Err(StoreError::Busy) if begun.elapsed() < PATIENCE => tokio::time::sleep(AGAIN).await,
            other => return other,
        }
    }
}
