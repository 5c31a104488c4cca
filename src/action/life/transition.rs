//! A report goes to another state, the office says how much it presses, or writes a word to it.

use super::verb::{Actor, Decision, VerbError, decide, plain_words, public_words, words};
use crate::action::city::City;
use crate::clock::Clock;
use crate::store::{Standing, Step, Store};
use diaban_core::domain::caller::Act;
use diaban_core::domain::mask::Written;
use diaban_core::domain::report::{Level, Needs, Proof, WHERE, Withdrawn, says_not_ours};
use diaban_core::domain::{Category, Instant, State, Status, deadline};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transition {
    /// The state after; the one it has, or none, with a note or a level leaves it.
    pub to: Option<State>,
    /// How much the report presses from now on.
    pub level: Option<Level>,
    /// Why; a refusal needs one.
    pub reason: Option<String>,
    /// What everybody may read.
    pub note: Option<String>,
    /// What offices read.
    pub internal: Option<String>,
    /// The report that a duplicate repeats.
    pub original: Option<u64>,
    /// Where to go; without it a redirection says what the category does.
    pub redirect_to: Option<String>,
    /// When the answer is due from now on: with a note, an interim reply.
    pub due: Option<Instant>,
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
    let words = Words {
        reason: public_words(asked.reason.as_deref(), "reason")?,
        note: public_words(asked.note.as_deref(), "note")?,
        internal: words(asked.internal.as_deref(), "internal_note")?,
        redirect_to: plain_words(asked.redirect_to.as_deref(), "redirect_to", WHERE)?,
    };
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
    let now = clock.now();
    decide(city, store, clock, id, (actor, Act::Work), |was, _| {
        if let Some(due) = asked.due {
            return extension(was, asked, (due, now), words.clone());
        }
        let category = city.pack.categories.by_code(&was.category);
        let decision = rule(was, category, asked, words.clone())?;
        let opens = decision.step == Step::State(State::Reopened);
        Ok(Decision { due: if opens { reopened(city, was, now) } else { None }, ..decision })
    })
    .await
}

/// When the answer is due of a report that is opened again: the clock of its category begins anew. None where it is due
/// later already.
pub(super) fn reopened(city: &City, was: &Standing, now: Instant) -> Option<Instant> {
    let category = city.pack.categories.by_code(&was.category)?;
    let due = deadline::due(now, category.target_days, &city.pack.calendar);
    Some(due).filter(|due| was.due.is_none_or(|before| before < *due))
}

/// The texts of a transition, cleaned.
#[derive(Clone, Debug, Default)]
struct Words {
    reason: Option<Written>,
    note: Option<Written>,
    internal: Option<String>,
    redirect_to: Option<String>,
}

/// An answer is put off at most so far, in milliseconds.
const MOST_MS: i64 = 366 * 24 * 3_600_000;

/// The answer is put off: an interim reply with a new date.
fn extension(
    was: &Standing,
    asked: &Transition,
    (due, now): (Instant, Instant),
    words: Words,
) -> Result<Decision, VerbError> {
    let refused = |field: &str, why: &str| Err(VerbError::refused(field, why));
    if asked.to.is_some_and(|to| to != was.state) || asked.level.is_some() || asked.original.is_some() {
        return refused("due_at", "goes with a note alone: the answer is put off, and nothing else");
    }
    if was.state.status() == Status::Closed {
        return refused("due_at", "is for open reports: this one has its answer");
    }
    if words.note.is_none() {
        return refused("note", "is required: an interim reply, which says why it takes longer");
    }
    if due <= now || was.due.is_some_and(|before| due <= before) {
        return refused("due_at", "must be to come, and later than the date that it has");
    }
    if due.ms() - now.ms() > MOST_MS {
        return refused("due_at", "must be within a year");
    }
    let Words { reason, note, internal, .. } = words;
    Ok(Decision { reason, note, internal, due: Some(due), ..Decision::new(Step::Extend, "office") })
}

fn rule(
    was: &Standing,
    category: Option<&Category>,
    asked: &Transition,
    words: Words,
) -> Result<Decision, VerbError> {
    let to = asked.to.unwrap_or(was.state);
    let level = asked.level.filter(|level| *level != was.level);
    if to != was.state && to.status() == Status::Closed && was.tasks.open > 0 {
        return Err(VerbError::NotNow("tasks of it are open: end or withdraw them first"));
    }
    let step = if to == was.state { remark(was, asked, level, &words)? } else { Step::State(to) };
    if to != was.state && !was.state.next().contains(&to) {
        return Err(VerbError::Illegal { from: was.state, to });
    }
    let goes = matches!(step, Step::State(_));
    if asked.original.is_some() && !(goes && to == State::Duplicate) {
        return Err(VerbError::refused("original", "is for duplicates only"));
    }
    if words.redirect_to.is_some() && !(goes && to == State::Redirected) {
        return Err(VerbError::refused("redirect_to", "is for redirections only"));
    }
    let Words { reason, note, internal, redirect_to } =
        if goes { told(to, category, asked, words)? } else { words };
    Ok(Decision { reason, note, internal, level, redirect_to, ..Decision::new(step, "office") })
}

/// The step of what leaves the state as it is.
fn remark(
    was: &Standing,
    asked: &Transition,
    level: Option<Level>,
    words: &Words,
) -> Result<Step, VerbError> {
    match (level, &words.note, &words.internal) {
        (Some(_), ..) => Ok(Step::Level),
        (None, Some(_), _) => Ok(Step::Note),
        (None, None, Some(_)) if words.reason.is_none() => Ok(Step::Internal),
        _ if asked.to.is_none() && asked.level.is_some() => {
            Err(VerbError::refused("level", format!("is {} already", was.level.name())))
        }
        _ => {
            let detail = format!("is {} already; a note needs a text", was.state.name());
            Err(VerbError::refused("state", detail))
        }
    }
}

/// What is told with a state, with all that it must say.
fn told(
    to: State,
    category: Option<&Category>,
    asked: &Transition,
    words: Words,
) -> Result<Words, VerbError> {
    let missing = |field: &str, why: &str| Err(VerbError::refused(field, why));
    let mut told = words;
    match to.needs() {
        Needs::Proof => {
            let proof = category.map_or(Proof::None, |c| c.proof);
            if proof == Proof::Note && told.note.is_none() {
                return missing("note", "is required in this category: what was done?");
            }
        }
        Needs::Note if told.note.is_none() => {
            return missing("note", "is required: what is the answer?");
        }
        Needs::Nothing | Needs::Note => {}
        Needs::Reason => match told.reason.as_ref().map(|r| &*r.shown) {
            None => return missing("reason", "is required: why is it refused?"),
            Some(reason) if says_not_ours(reason) => {
                return missing(
                    "reason",
                    "must name whose it is: give it to that body or ward with POST …/transfers; \
                     to people of whom this service knows nothing, with the state redirected",
                );
            }
            Some(_) => {}
        },
        Needs::Where => {
            let declared = || category.and_then(|c| c.redirect.as_ref()).map(|to| to.both());
            told.redirect_to = told.redirect_to.or_else(declared);
            if told.redirect_to.is_none() {
                return missing("redirect_to", "is required: where to go?");
            }
        }
        Needs::Original => {
            let Some(original) = asked.original else {
                return missing("original", "is required: which report does it repeat?");
            };
            told.reason = Some(Written::by_us(original.to_string()));
            told.note.get_or_insert_with(|| Written::by_us(format!("Trùng với phản ánh {original}.")));
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::super::verb::tests::standing;
    use super::*;
    use diaban_core::domain::Text;

    fn to(state: State) -> Transition {
        Transition { to: Some(state), ..Transition::default() }
    }

    /// Decides it of a report in this state and category.
    fn go(from: State, category: Option<&Category>, asked: &Transition) -> Result<Decision, VerbError> {
        let Transition { reason, note, internal, redirect_to, .. } = asked.clone();
        let [reason, note] = [reason, note].map(|words| words.map(Written::of));
        rule(&standing(from), category, asked, Words { reason, note, internal, redirect_to })
    }

    fn field(refused: Result<Decision, VerbError>) -> String {
        match refused {
            Err(VerbError::Refused(faults)) => faults[0].field.clone(),
            Err(error) => error.to_string(),
            Ok(_) => "done".to_owned(),
        }
    }

    #[test]
    fn the_table_and_the_words_that_states_need_are_kept() {
        let step = |from, asked: &Transition| {
            go(from, None, asked).map(|d| (d.step, d.reason.map(|r| r.shown.to_string())))
        };
        assert!(step(State::Received, &to(State::Resolved)).is_ok());
        let illegal = go(State::Resolved, None, &to(State::Forwarded)).err().unwrap();
        assert_eq!(illegal.to_string(), "forwarded cannot follow resolved; possible: reopened");
        let why = Transition { reason: Some("why".into()), ..to(State::Rejected) };
        assert!(step(State::Received, &why).is_ok());
        let of = Transition { original: Some(7), ..to(State::Duplicate) };
        assert_eq!(step(State::Received, &of).unwrap(), (Step::State(State::Duplicate), Some("7".into())));
        for (state, wanted) in [
            (State::Rejected, "reason"),
            (State::Duplicate, "original"),
            (State::Answered, "note"),
            (State::Redirected, "redirect_to"),
            (State::Resolved, "done"),
            (State::Received, "state"),
        ] {
            assert_eq!(field(go(State::Received, None, &to(state))), wanted, "{state:?}");
        }
        let others = Transition { reason: Some("Not ours.".into()), ..to(State::Rejected) };
        let refused = go(State::Received, None, &others).err().unwrap().to_string();
        assert!(refused.contains("POST …/transfers"), "{refused}");
        for asked in [
            Transition { original: Some(7), ..to(State::Resolved) },
            Transition { original: Some(7), note: Some("n".into()), ..Transition::default() },
        ] {
            assert_eq!(field(go(State::Received, None, &asked)), "original");
        }
        let elsewhere = Transition { redirect_to: Some("there".into()), ..to(State::Resolved) };
        assert_eq!(field(go(State::Received, None, &elsewhere)), "redirect_to");
    }

    #[test]
    fn a_remark_is_told_or_is_among_offices() {
        let step = |asked: &Transition| go(State::Received, None, asked).unwrap().step;
        let note = Transition { note: Some("seen".into()), ..Transition::default() };
        assert_eq!(step(&note), Step::Note);
        let among = Transition { internal: Some("seen".into()), ..Transition::default() };
        assert_eq!(step(&among), Step::Internal);
        assert_eq!(step(&Transition { note: Some("seen".into()), ..among.clone() }), Step::Note);
        // How much it presses is for everybody, also where the words are not.
        let level = Transition { level: Some(Level::Urgent), ..among };
        assert_eq!(step(&level), Step::Level);
        let both = Transition { level: Some(Level::Low), ..to(State::InProgress) };
        let done = go(State::Received, None, &both).unwrap();
        assert_eq!((done.step, done.level), (Step::State(State::InProgress), Some(Level::Low)));
        let same = Transition { level: Some(Level::Normal), ..Transition::default() };
        assert_eq!(field(go(State::Received, None, &same)), "level");
        let same = Transition { level: Some(Level::Normal), ..to(State::InProgress) };
        assert_eq!(go(State::Received, None, &same).unwrap().level, None);
    }

    #[test]
    fn a_category_says_where_to_go_and_what_proves_that_it_is_done() {
        let pack = crate::city_files::embedded().unwrap();
        let plain = pack.categories.iter().find(|c| c.redirect.is_none() && c.proof == Proof::None).unwrap();
        let declared = Text { vi: "Tiếp công dân".into(), en: "Reception".into() };
        let strict = Category { redirect: Some(declared), proof: Proof::Note, ..plain.clone() };
        let place = |category, asked: &Transition| go(State::Forwarded, Some(category), asked);
        assert_eq!(field(place(plain, &to(State::Redirected))), "redirect_to");
        let said = place(&strict, &to(State::Redirected)).unwrap().redirect_to;
        assert_eq!(said.as_deref(), Some("Tiếp công dân / Reception"));
        let own = Transition { redirect_to: Some("Toà án".into()), ..to(State::Redirected) };
        assert_eq!(place(&strict, &own).unwrap().redirect_to.as_deref(), Some("Toà án"));
        assert_eq!(field(place(plain, &to(State::Resolved))), "done");
        assert_eq!(field(place(&strict, &to(State::Resolved))), "note");
        let proven = Transition { note: Some("Đã sửa".into()), ..to(State::Resolved) };
        assert_eq!(field(place(&strict, &proven)), "done");
    }
}
