//! A report goes to another state, or the office writes a word to it.

use super::city::City;
use super::verb::{Decision, VerbError, decide, words};
use crate::clock::Clock;
use crate::store::{Standing, Step, Store};
use diaban_core::domain::State;
use diaban_core::domain::report::Withdrawn;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transition {
    /// The state after; the one it has, or none, with a note is a word of the office.
    pub to: Option<State>,
    /// Why; a refusal needs one.
    pub reason: Option<String>,
    /// What everybody may read.
    pub note: Option<String>,
    /// The report that a duplicate repeats.
    pub original: Option<u64>,
}

/// Carries out a transition of the one table.
///
/// # Errors
/// See [`VerbError`].
pub async fn transition(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    asked: &Transition,
) -> Result<(), VerbError> {
    let reason = words(asked.reason.as_deref(), "reason")?;
    let note = words(asked.note.as_deref(), "note")?;
    if let Some(original) = asked.original {
        let standing = store.standing(original).await?.filter(|_| original != id);
        let there =
            standing.ok_or_else(|| VerbError::refused("original", "must be the id of another report"))?;
        // Its id would be told before its hour is over.
        if there.withdrawn == Withdrawn::Waiting {
            return Err(VerbError::refused(
                "original",
                "is not public before its hour is over; try again then",
            ));
        }
    }
    decide(city, store, clock, id, |was| rule(was, asked, reason.clone(), note.clone())).await
}

fn rule(
    was: &Standing,
    asked: &Transition,
    reason: Option<String>,
    note: Option<String>,
) -> Result<Decision, VerbError> {
    let to = asked.to.unwrap_or(was.state);
    if to == was.state {
        if note.is_none() {
            return Err(VerbError::refused(
                "state",
                format!("is {} already; a note needs a text", to.name()),
            ));
        }
        return Ok(Decision { step: Step::Note, role: "office", reason, note });
    }
    if !was.state.next().contains(&to) {
        let next: Vec<&str> = was.state.next().iter().map(|s| s.name()).collect();
        let detail = format!("cannot follow {}; possible: {}", was.state.name(), next.join(", "));
        return Err(VerbError::refused("state", detail));
    }
    let (mut reason, mut note) = (reason, note);
    match (to, asked.original) {
        (State::Duplicate, Some(original)) => {
            reason = Some(original.to_string());
            note.get_or_insert_with(|| format!("Trùng với phản ánh {original}."));
        }
        (State::Duplicate, None) => {
            return Err(VerbError::refused("original", "is required: which report does it repeat?"));
        }
        (_, Some(_)) => return Err(VerbError::refused("original", "is for duplicates only")),
        (State::Rejected, None) if reason.is_none() => {
            return Err(VerbError::refused("reason", "is required: why is it refused?"));
        }
        _ => {}
    }
    Ok(Decision { step: Step::State(to), role: "office", reason, note })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Decided;
    use diaban_core::domain::Precision;

    fn standing(state: State) -> Standing {
        Standing {
            seq: 1,
            state,
            withdrawn: Withdrawn::No,
            category: "pothole".into(),
            ward: None,
            point: None,
            placed: true,
            decided: Decided { stored: Some(Precision::Exact), looks: Precision::Exact },
            told: true,
            events: 1,
            edition: 0,
        }
    }

    fn to(state: State) -> Transition {
        Transition { to: Some(state), ..Transition::default() }
    }

    #[test]
    fn the_table_and_the_words_that_states_need_are_kept() {
        let go = |from, asked: &Transition| {
            rule(&standing(from), asked, asked.reason.clone(), asked.note.clone()).map(|d| (d.step, d.reason))
        };
        assert!(go(State::Received, &to(State::Resolved)).is_ok());
        assert!(go(State::Resolved, &to(State::Forwarded)).is_err());
        assert!(go(State::Received, &to(State::Rejected)).is_err());
        let why = Transition { reason: Some("why".into()), ..to(State::Rejected) };
        assert!(go(State::Received, &why).is_ok());
        assert!(go(State::Received, &to(State::Duplicate)).is_err());
        let of = Transition { original: Some(7), ..to(State::Duplicate) };
        assert_eq!(go(State::Received, &of).unwrap(), (Step::State(State::Duplicate), Some("7".into())));
        assert!(go(State::Received, &to(State::Received)).is_err());
        let note = Transition { note: Some("seen".into()), ..Transition::default() };
        assert_eq!(go(State::Received, &note).unwrap().0, Step::Note);
    }
}
