//! Whoever sent a report says how it was closed, and may wish to have it opened again; its office decides about that.

use super::transition::reopened;
use super::verb::{Actor, Decision, VerbError, decide, done_before, public_words, words};
use crate::action::city::City;
use crate::clock::Clock;
use crate::store::{Happening, Standing, Step, Store};
use diaban_core::domain::caller::{Act, Caller};
use diaban_core::domain::report::{EventKind, Rating};
use diaban_core::domain::{Instant, Reopening, State, Status};

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rated {
    /// Satisfied or not.
    pub rating: Rating,
    /// Codes of the pack: why not.
    pub reasons: Vec<String>,
    /// A word for the office.
    pub words: Option<String>,
    /// Whether the report should be opened again.
    pub reopen: bool,
}

/// Rates how a report was closed, once after each time, and once more some weeks after it was resolved. Where the category
/// says so, it is opened again at once if that is wished; else its office decides.
///
/// # Errors
/// See [`VerbError`].
pub async fn rate(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    asked: &Rated,
) -> Result<(), VerbError> {
    check(city, asked)?;
    let said = words(asked.words.as_deref(), "words")?;
    let now = clock.now();
    let actor = Actor { caller: Caller::Reporter, key: None, saw: None };
    let done = decide(city, store, clock, id, (&actor, Act::Reply), |was, life| {
        rate_until(city, was, &life, now).map_err(|refused| {
            let last = life.iter().rev().find(|event| event.kind == EventKind::Rating);
            let same = |event: &Happening| {
                (event.rating, &event.said) == (Some(asked.rating), &said)
                    && event.rating_reasons == asked.reasons
                    && event.until.is_some() == asked.reopen
            };
            if last.is_some_and(same) { VerbError::Done } else { refused }
        })?;
        let step = Step::Rating {
            rating: asked.rating,
            reasons: asked.reasons.clone(),
            wish: asked.reopen.then(|| decided_until(city, was, now)),
        };
        Ok(Decision { said: said.clone(), ..Decision::new(step, "reporter") })
    });
    done_before(done.await)?;
    if asked.reopen {
        open_again(city, store, clock, id).await?;
    }
    Ok(())
}

/// What is wrong with what was asked for, whatever the report.
fn check(city: &City, asked: &Rated) -> Result<(), VerbError> {
    let known = &city.pack.ratings.reasons;
    if let Some(strange) = asked.reasons.iter().find(|code| !known.iter().any(|r| r.code == **code)) {
        let codes: Vec<&str> = known.iter().map(|r| &*r.code).collect();
        let detail = format!("`{strange}` is not one of: {}", codes.join(", "));
        return Err(VerbError::refused("reasons", detail));
    }
    if (1..asked.reasons.len()).any(|i| asked.reasons[..i].contains(&asked.reasons[i])) {
        return Err(VerbError::refused("reasons", "names one of them twice"));
    }
    if asked.rating == Rating::Satisfied {
        let refused = |field| Err(VerbError::refused(field, "is for those who are not satisfied"));
        if !asked.reasons.is_empty() {
            return refused("reasons");
        }
        if asked.reopen {
            return refused("reopen");
        }
    }
    Ok(())
}

/// Until when its office has time to decide: none where the category opens reports by itself.
fn decided_until(city: &City, was: &Standing, now: Instant) -> Instant {
    let category = city.pack.categories.by_code(&was.category);
    match category.map_or(Reopening::Decided, |c| c.reopening) {
        Reopening::Automatic => now,
        Reopening::Decided => city.pack.ratings.decide.end(now, &city.pack.clocks.office),
    }
}

/// When a report can be rated: from when until when. `life` is what happened to it.
fn times_to_rate(city: &City, state: State, life: &[Happening]) -> Vec<(Instant, Instant)> {
    if state.status() != Status::Closed || state == State::Duplicate {
        return Vec::new();
    }
    let closes = |event: &&Happening| event.kind == EventKind::State && event.to == state;
    let Some(closed) = life.iter().rev().find(closes).map(|event| event.at) else { return Vec::new() };
    let (rules, office) = (&city.pack.ratings, &city.pack.clocks.office);
    let again = rules.again_after.end(closed, office);
    let first = (closed, rules.within.end(closed, office));
    let second = (again, rules.within.end(again, office));
    if state == State::Resolved { vec![first, second] } else { vec![first] }
}

/// Until when a report can be rated, if it can at a moment.
///
/// # Errors
/// [`VerbError::NotNow`] with the reason.
pub fn rate_until(
    city: &City,
    was: &Standing,
    life: &[Happening],
    now: Instant,
) -> Result<Instant, VerbError> {
    if was.state == State::Duplicate {
        return Err(VerbError::NotNow("it repeats another report; that one can be rated"));
    }
    if was.state.status() == Status::Open {
        return Err(VerbError::NotNow("the report is open; it can be rated once it is closed"));
    }
    let times = times_to_rate(city, was.state, life);
    let Some((from, to)) = times.into_iter().find(|(from, to)| *from <= now && now <= *to) else {
        return Err(VerbError::NotNow("the time to rate it is over, or has not come yet"));
    };
    if life.iter().any(|event| event.kind == EventKind::Rating && event.at >= from) {
        return Err(VerbError::NotNow("it is rated already"));
    }
    Ok(to)
}

/// Opens a report again whose sender wishes it, once its office has had its time.
///
/// # Errors
/// See [`VerbError`].
pub(super) async fn open_again(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
) -> Result<(), VerbError> {
    let now = clock.now();
    let done = decide(city, store, clock, id, (&Actor::OPERATOR, Act::Work), |was, _| {
        if was.wish().is_none_or(|wish| wish.until > now) {
            return Err(VerbError::Done);
        }
        let due = reopened(city, was, now);
        Ok(Decision { due, ..Decision::new(Step::State(State::Reopened), "system") })
    });
    done_before(done.await)
}

/// The office does not open a report again. Everybody reads the reason.
///
/// # Errors
/// See [`VerbError`].
pub async fn keep_closed(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    (reason, internal): (&str, Option<&str>),
    actor: &Actor,
) -> Result<(), VerbError> {
    let Some(reason) = public_words(Some(reason), "reason")? else {
        return Err(VerbError::refused("reason", "is required: why is it not opened again?"));
    };
    let internal = words(internal, "internal_note")?;
    decide(city, store, clock, id, (actor, Act::Work), |was, _| {
        if was.wish().is_none() {
            return Err(VerbError::NotNow("nobody wishes to have it opened again, or it was decided"));
        }
        let (reason, internal) = (Some(reason.clone()), internal.clone());
        Ok(Decision { reason, internal, ..Decision::new(Step::Kept, "office") })
    })
    .await
}
