//! What is written behind a turn: rows of reports, wards of features. Every process would write it, so one does at a
//! time; and nobody waits for it, so it gives way to every other write.

use std::time::{Duration, Instant};

use crate::action::patience::patiently;
use crate::clock::Clock;
use crate::store::{Alone, Store, StoreError};

/// After each write it rests as long as that took, at most so long: half of the time belongs to those who read and post.
const PAUSE: Duration = Duration::from_secs(1);

/// The right to write what follows a turn, as long as this lives.
pub(super) struct Behind<'a> {
    store: &'a Store,
    alone: Alone,
}

impl<'a> Behind<'a> {
    /// Waits for the process that has it. What is to be written is looked up afterwards: it may have done all.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(super) async fn begin(store: &'a Store) -> Result<Self, StoreError> {
        Ok(Self { store, alone: store.settle_alone().await? })
    }

    /// Writes when others let it, and rests.
    ///
    /// # Errors
    /// What the store says; that it is busy, only when it has been for a minute.
    pub(super) async fn write<T, F>(&mut self, write: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        if !self.alone.holds().await {
            self.alone = self.store.settle_alone().await?;
        }
        let begun = Instant::now();
        let done = patiently(write).await?;
        tokio::time::sleep(begun.elapsed().min(PAUSE)).await;
        Ok(done)
    }
}

/// Writes all that the last turn prepared into the rows of reports, or waits until another process has; gives how many
/// were left to this one.
///
/// # Errors
/// When the store fails; a repeat does the rest.
pub async fn adopt_all(
    store: &Store,
    clock: &dyn Clock,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    if !store.is_unsettled().await? {
        return Ok(0);
    }
    let mut behind = Behind::begin(store).await?;
    let mut written = 0;
    loop {
        let reports = behind.write(|| store.adopt(clock.now())).await?;
        if reports == 0 {
            return Ok(written);
        }
        written += reports;
        progress(written);
    }
}
