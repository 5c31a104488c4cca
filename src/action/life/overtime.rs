//! What happens when somebody who is awaited says nothing: that no answer came is put on record; a report of which its
//! office decides nothing is opened again.

use super::rate::open_again;
use super::verb::{Actor, Decision, VerbError, decide, done_before};
use crate::action::city::City;
use crate::clock::Clock;
use crate::store::{Step, Store};
use diaban_core::domain::caller::Act;

/// Reports that are read at once.
const PIECE: u32 = 100;

/// Does it where it is time; answers with how many reports that were. Other processes do the same: the first one writes.
///
/// # Errors
/// When the database fails.
pub async fn overtime(city: &City, store: &Store, clock: &dyn Clock) -> Result<usize, VerbError> {
    let reports = store.awaited_until(clock.now(), PIECE).await?;
    for id in &reports {
        let done = match silence(city, store, clock, *id).await {
            Ok(()) => open_again(city, store, clock, *id).await,
            refused => refused,
        };
        match done {
            // Somebody was quicker.
            Ok(()) | Err(VerbError::Changed | VerbError::Missing | VerbError::Erased) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(reports.len())
}

async fn silence(city: &City, store: &Store, clock: &dyn Clock, id: u64) -> Result<(), VerbError> {
    let now = clock.now();
    let done = decide(city, store, clock, id, (&Actor::OPERATOR, Act::Work), |was, _| {
        let over = was.question().is_some_and(|q| !q.silent && q.until < now);
        if over { Ok(Decision::new(Step::Silence, "system")) } else { Err(VerbError::Done) }
    });
    done_before(done.await)
}
