//! A moderator takes a report from the public, gives it back, or erases it for good.

use super::verb::{Actor, Decision, VerbError, decide};
use crate::action::city::City;
use crate::clock::Clock;
use crate::store::{Step, Store};
use diaban_core::domain::caller::{Act, Caller};
use diaban_core::domain::report::Withdrawn;

/// What a moderator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// Out of the public's sight: lists, tiles, counts, exports; feeds keep a tombstone.
    Hide,
    /// Back into it.
    Unhide,
    /// Texts, places and answers go for good; the frame stays, so that readers learn of it.
    Erase,
}

/// Carries out a withdrawal.
///
/// # Errors
/// See [`VerbError`].
pub async fn withdraw(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    what: Withdrawal,
    actor: &Actor,
) -> Result<(), VerbError> {
    let act = if what == Withdrawal::Erase { Act::Erase } else { Act::Moderate };
    let role = if actor.caller == Caller::Reporter { "citizen" } else { "moderator" };
    decide(city, store, clock, id, (actor, act), |was, _| {
        let step = match (what, was.withdrawn) {
            (Withdrawal::Hide, Withdrawn::No | Withdrawn::Waiting) => Step::Hide,
            (Withdrawal::Unhide, Withdrawn::Hidden) => Step::Show,
            (Withdrawal::Erase, _) => Step::Erase,
            (Withdrawal::Hide, _) => return Err(VerbError::refused("report", "is hidden already")),
            (Withdrawal::Unhide, _) => return Err(VerbError::refused("report", "is not hidden")),
        };
        Ok(Decision::new(step, role))
    })
    .await
}
