//! An office asks whoever sent a report, who answers. While an answer is awaited the clock of the office's own answer
//! rests. Not here: what happens when none comes (overtime).

use super::verb::{Actor, Decision, VerbError, decide, done_before, words};
use crate::action::city::City;
use crate::clock::Clock;
use crate::store::{Standing, Step, Store};
use diaban_core::domain::caller::{Act, Caller};
use diaban_core::domain::report::EventKind;
use diaban_core::domain::{Calendar, Instant, Status, deadline};

/// Asks whoever sent a report. `internal` is for offices.
///
/// # Errors
/// See [`VerbError`]; one question at a time, and of open reports only.
pub async fn ask(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    (question, internal): (&str, Option<&str>),
    actor: &Actor,
) -> Result<(), VerbError> {
    let Some(question) = words(Some(question), "question")? else {
        return Err(VerbError::refused("question", "is required: what should whoever sent it tell?"));
    };
    let internal = words(internal, "internal_note")?;
    let (now, clocks) = (clock.now(), &city.pack.clocks);
    let until = clocks.reply.end(now, &clocks.office);
    decide(city, store, clock, id, (actor, Act::Work), |was, _| {
        let internal = internal.clone();
        let due = asked(was, (now, until), &city.pack.calendar)?;
        let said = Some(question.clone());
        Ok(Decision { internal, due, said, ..Decision::new(Step::Question { until }, "office") })
    })
    .await
}

/// When the office's answer is due once it has asked; none where the clock goes on, because it has run out before.
fn asked(
    was: &Standing,
    (now, until): (Instant, Instant),
    calendar: &Calendar,
) -> Result<Option<Instant>, VerbError> {
    if was.state.status() == Status::Closed {
        return Err(VerbError::NotNow("the report is closed; a question is for open ones"));
    }
    if was.question().is_some_and(|q| !q.silent) {
        return Err(VerbError::NotNow("a question is open; one at a time"));
    }
    let due = was.due.filter(|due| *due >= now);
    Ok(due.map(|due| deadline::rested(due, now, until, calendar)).filter(|then| Some(*then) != due))
}

/// Whoever sent a report answers the question of its office. The same answer once more, as a phone sends it that did not
/// hear of the first, is no fault.
///
/// # Errors
/// See [`VerbError`].
pub async fn reply(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    answer: &str,
) -> Result<(), VerbError> {
    let Some(answer) = words(Some(answer), "answer")? else {
        return Err(VerbError::refused("answer", "is required: what is your answer?"));
    };
    let now = clock.now();
    let actor = Actor { caller: Caller::Reporter, key: None, saw: None };
    let done = decide(city, store, clock, id, (&actor, Act::Reply), |was, life| {
        let due = answered(was, now, &city.pack.calendar).map_err(|refused| {
            let last = life.iter().rev().find(|event| event.kind == EventKind::Reply);
            let again = last.is_some_and(|event| event.said.as_ref() == Some(&answer));
            if again { VerbError::Done } else { refused }
        })?;
        let said = Some(answer.clone());
        Ok(Decision { due, said, ..Decision::new(Step::Reply, "reporter") })
    });
    done_before(done.await)
}

/// When the office's answer is due once it has heard: its clock rested as long as the question was open, and no longer.
/// None where that changes nothing: nothing rested, the time is over, or the office promised another date meanwhile.
fn answered(was: &Standing, now: Instant, calendar: &Calendar) -> Result<Option<Instant>, VerbError> {
    let Some(question) = was.question() else {
        return Err(VerbError::NotNow("no question is open"));
    };
    let rest = question.rest.filter(|(_, to)| was.due == Some(*to) && now <= question.until);
    let due = rest.map(|(from, to)| deadline::rested(from, question.asked, now, calendar).min(to));
    Ok(due.filter(|due| was.due != Some(*due)))
}

#[cfg(test)]
mod tests {
    use super::super::verb::tests::standing;
    use super::*;
    use crate::store::{Awaited, Wait};
    use diaban_core::domain::State;

    const fn day(n: i64) -> Instant {
        // Wednesday, 25 November 2026, 08:30 in the city.
        Instant::from_ms(1_795_570_200_000 + n * 86_400_000)
    }

    fn calendar() -> Calendar {
        crate::city_files::embedded().unwrap().calendar
    }

    fn open(due: Option<Instant>, awaited: Option<Awaited>) -> Standing {
        Standing { due, awaited, ..standing(State::InProgress) }
    }

    fn question(rest: Option<(Instant, Instant)>) -> Awaited {
        let said = "?".to_owned();
        Awaited { wait: Wait::Answer, n: 2, said, asked: day(0), until: day(7), rest, silent: false }
    }

    #[test]
    fn a_clock_rests_while_a_question_is_open_and_one_that_ran_out_does_not() {
        let due = |was: &Standing| asked(was, (day(0), day(7)), &calendar());
        // Two days are left: a week later there are as many, over a weekend.
        assert_eq!(due(&open(Some(day(2)), None)).unwrap(), Some(day(9)));
        assert_eq!(due(&open(Some(day(-1)), None)).unwrap(), None, "late already");
        assert_eq!(due(&open(None, None)).unwrap(), None);
        let silent = Some(Awaited { silent: true, ..question(None) });
        assert!(due(&open(Some(day(2)), silent)).is_ok());
        for was in [open(None, Some(question(None))), standing(State::Resolved)] {
            assert!(matches!(due(&was), Err(VerbError::NotNow(_))));
        }
    }

    #[test]
    fn an_early_answer_ends_the_rest_and_no_answer_shortens_what_was_promised() {
        let due = |was: &Standing, at| answered(was, at, &calendar()).unwrap();
        let was = open(Some(day(9)), Some(question(Some((day(2), day(9))))));
        assert_eq!(due(&was, day(0)), Some(day(2)), "at once");
        assert_eq!(due(&was, day(1)), Some(day(5)), "Thursday: from Friday to Monday");
        assert_eq!(due(&was, day(7)), None, "at the end");
        assert_eq!(due(&was, day(8)), None, "too late to matter");
        let promised = Standing { due: Some(day(20)), ..was.clone() };
        assert_eq!(due(&promised, day(1)), None);
        assert_eq!(due(&open(Some(day(-1)), Some(question(None))), day(1)), None, "it did not rest");
        assert!(matches!(answered(&open(None, None), day(1), &calendar()), Err(VerbError::NotNow(_))));
    }
}
