//! A report goes to another state, or the office writes a word to it.

use super::city::City;
use super::verb::{Actor, Decision, VerbError, decide, public_words, words};
use crate::clock::Clock;
use crate::store::{Standing, Step, Store};
use diaban_core::domain::State;
use diaban_core::domain::caller::Act;
use diaban_core::domain::mask::Written;
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
    /// What offices read.
    pub internal: Option<String>,
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
    actor: &Actor,
) -> Result<(), VerbError> {
    let reason = public_words(asked.reason.as_deref(), "reason")?;
    let note = public_words(asked.note.as_deref(), "note")?;
    let internal = words(asked.internal.as_deref(), "internal_note")?;
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
    let words = Words { reason, note, internal };
    decide(city, store, clock, id, (actor, Act::Work), |was| rule(was, asked, words.clone())).await
}

/// The texts of a transition, cleaned.
#[derive(Clone, Debug, Default)]
struct Words {
    reason: Option<Written>,
    note: Option<Written>,
    internal: Option<String>,
}

fn rule(was: &Standing, asked: &Transition, words: Words) -> Result<Decision, VerbError> {
    let Words { mut reason, mut note, internal } = words;
    let to = asked.to.unwrap_or(was.state);
    if to == was.state {
        let step = match (&note, &internal) {
            (Some(_), _) => Step::Note,
            (None, Some(_)) if reason.is_none() => Step::Internal,
            _ => {
                let detail = format!("is {} already; a note needs a text", to.name());
                return Err(VerbError::refused("state", detail));
            }
        };
        return Ok(Decision { step, role: "office", reason, note, internal });
    }
    if !was.state.next().contains(&to) {
        return Err(VerbError::Illegal { from: was.state, to });
    }
    match (to, asked.original) {
        (State::Duplicate, Some(original)) => {
            reason = Some(Written::by_us(original.to_string()));
            note.get_or_insert_with(|| Written::by_us(format!("Trùng với phản ánh {original}.")));
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
    Ok(Decision { step: Step::State(to), role: "office", reason, note, internal })
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
            body: "centre".to_owned(),
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
            let Transition { reason, note, internal, .. } = asked.clone();
            let words = Words { reason: reason.map(Written::of), note: note.map(Written::of), internal };
            rule(&standing(from), asked, words).map(|d| (d.step, d.reason.map(|r| r.shown.to_string())))
        };
        assert!(go(State::Received, &to(State::Resolved)).is_ok());
        let illegal = go(State::Resolved, &to(State::Forwarded)).unwrap_err();
        assert_eq!(illegal.to_string(), "forwarded cannot follow resolved; possible: reopened");
        assert!(go(State::Received, &to(State::Rejected)).is_err());
        let why = Transition { reason: Some("why".into()), ..to(State::Rejected) };
        assert!(go(State::Received, &why).is_ok());
        assert!(go(State::Received, &to(State::Duplicate)).is_err());
        let of = Transition { original: Some(7), ..to(State::Duplicate) };
        assert_eq!(go(State::Received, &of).unwrap(), (Step::State(State::Duplicate), Some("7".into())));
        assert!(go(State::Received, &to(State::Received)).is_err());
        let note = Transition { note: Some("seen".into()), ..Transition::default() };
        assert_eq!(go(State::Received, &note).unwrap().0, Step::Note);
        let among = Transition { internal: Some("seen".into()), ..Transition::default() };
        assert_eq!(go(State::Received, &among).unwrap().0, Step::Internal);
        let both = Transition { note: Some("seen".into()), ..among };
        assert_eq!(go(State::Received, &both).unwrap().0, Step::Note);
    }
}
