//! A part of a report is given to another body or to a contractor, and ends. A report with open tasks cannot be closed; one
//! that several bodies work on has more time for its answer.

use std::sync::atomic::{AtomicI64, Ordering};

use super::transfer::{To, target};
use super::verb::{Actor, Decision, VerbError, decide, plain_words, public_words, words};
use crate::action::city::{Areas, City};
use crate::clock::Clock;
use crate::store::{Standing, Step, Store, Task, TaskBy};
use diaban_core::domain::caller::{Act, Caller, Part, Refusal, authorize};
use diaban_core::domain::report::TaskState;
use diaban_core::domain::{BodyId, Instant, Status, deadline};

/// Tasks of one report: more than that are no parts of it.
const MOST: i64 = 20;
/// Characters of the name of a contractor.
const NAME: usize = 200;
/// Until when a task is to be done if nobody says so: working days.
const USUAL: u16 = 5;
/// A task is to be done within so many milliseconds.
const MOST_MS: i64 = 366 * 24 * 3_600_000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Who does it: a ward or body as of a transfer; none for a contractor.
    pub to: Option<To>,
    /// The name of the contractor.
    pub contractor: Option<String>,
    /// What is to be done: for those who work on it.
    pub what: String,
    /// When it is to be done.
    pub due: Option<Instant>,
    /// What everybody may read.
    pub note: Option<String>,
}

/// Gives a part of a report to others; answers with its number.
///
/// # Errors
/// See [`VerbError`].
pub async fn give_task(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    asked: &NewTask,
    actor: &Actor,
) -> Result<i64, VerbError> {
    let areas = city.areas();
    let to = asked.to.as_ref().map(|to| target(city, &areas, to)).transpose()?;
    let contractor = plain_words(asked.contractor.as_deref(), "contractor", NAME)?;
    if to.is_some() == contractor.is_some() {
        return Err(VerbError::refused("body", "or ward, or contractor is required: one of them does it"));
    }
    let Some(what) = words(Some(&asked.what), "what")? else {
        return Err(VerbError::refused("what", "is required: what is to be done?"));
    };
    let note = public_words(asked.note.as_deref(), "note")?;
    let now = clock.now();
    let due = asked.due.unwrap_or_else(|| deadline::due(now, USUAL, &city.pack.calendar));
    if due <= now || due.ms() - now.ms() > MOST_MS {
        return Err(VerbError::refused("due_at", "must be to come, and within a year"));
    }
    let number = AtomicI64::new(0);
    decide(city, store, clock, id, (actor, Act::Work), |was, _| {
        if was.state.status() == Status::Closed {
            return Err(VerbError::NotNow("the report is closed; tasks are for open ones"));
        }
        if was.tasks.all >= MOST {
            return Err(VerbError::NotNow("the report has as many tasks as it can have"));
        }
        let by = match (&to, &contractor) {
            (Some(to), _) => TaskBy::Body(to.body(&was.body).to_string()),
            (None, name) => TaskBy::Contractor(name.clone().unwrap_or_default()),
        };
        if by.body() == Some(&was.body) {
            let field = to.as_ref().map_or("body", |to| to.field);
            return Err(VerbError::refused(field, "answers for the report itself"));
        }
        let longer = by.body().is_some() && was.tasks.of_bodies == 0;
        let n = was.tasks.all + 1;
        number.store(n, Ordering::Relaxed);
        let step = Step::Task { n, by, what: what.clone(), due };
        let due = if longer { several(city, was, now) } else { None };
        Ok(Decision { note: note.clone(), due, ..Decision::new(step, "office") })
    })
    .await?;
    Ok(number.into_inner())
}

/// When the answer is due once a second body works on the report; none where it is late already.
fn several(city: &City, was: &Standing, now: Instant) -> Option<Instant> {
    let clocks = &city.pack.clocks;
    was.due.filter(|due| *due >= now).map(|due| deadline::later(due, clocks.several, &city.pack.calendar))
}

/// Ends a task: done or returned by whoever has it, withdrawn by the office of the report.
///
/// # Errors
/// See [`VerbError`].
pub async fn end_task(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    (n, to): (i64, TaskState),
    (note, internal): (Option<&str>, Option<&str>),
    actor: &Actor,
) -> Result<(), VerbError> {
    let note = public_words(note, "note")?;
    let internal = words(internal, "internal_note")?;
    let (was, task) = of(city, store, id, n, actor).await?;
    let theirs = authorize(&actor.caller, Act::Work, &was.resource()).is_ok();
    if to == TaskState::Withdrawn && !theirs {
        return Err(VerbError::refused(
            "state",
            "withdrawn is for the office of the report; returned is yours",
        ));
    }
    if to == TaskState::Returned && note.is_none() && internal.is_none() {
        return Err(VerbError::refused("note", "or internal_note is required: why is it not done?"));
    }
    if task.state != TaskState::Open {
        return if task.state == to { Ok(()) } else { Err(VerbError::NotNow("the task has ended")) };
    }
    // Who may was decided above: whoever has the task need not answer for the report.
    let writes = Actor { caller: Caller::Operator, ..actor.clone() };
    decide(city, store, clock, id, (&writes, Act::EndTask), |_, life| {
        let ended = life.iter().any(|e| e.task.is_some_and(|(m, s)| m == n && s != TaskState::Open));
        if ended {
            return Err(VerbError::NotNow("the task has ended"));
        }
        let step = Step::TaskEnded { n, to, by: task.by.clone() };
        let role = if theirs { "office" } else { "task" };
        Ok(Decision { note: note.clone(), internal: internal.clone(), ..Decision::new(step, role) })
    })
    .await
}

/// A task of a report, for whoever may see it: the office of the report, and whoever has it.
///
/// # Errors
/// See [`VerbError`].
pub async fn of(
    city: &City,
    store: &Store,
    id: u64,
    n: i64,
    actor: &Actor,
) -> Result<(Standing, Task), VerbError> {
    let was = store.standing(id).await?.ok_or(VerbError::Missing)?;
    let tasks = store.tasks(was.seq).await?;
    let task = tasks.into_iter().find(|task| task.n == n).ok_or(VerbError::Missing)?;
    let bodies = today(&city.areas(), task.by.body());
    let resource = was.resource().with_part(Part { n, bodies: &bodies });
    authorize(&actor.caller, Act::EndTask, &resource).map_err(|refusal| match refusal {
        Refusal::Unseen => VerbError::Missing,
        refusal => refusal.into(),
    })?;
    Ok((was, task))
}

/// The bodies that stand for one today: those of its ward's successors.
fn today(areas: &Areas, body: Option<&str>) -> Vec<String> {
    let Some(body) = body.map(BodyId::new) else { return Vec::new() };
    match body.ward() {
        None => vec![body.to_string()],
        Some(ward) => {
            let wards = areas.standing_for(&ward);
            wards.iter().filter_map(|ward| body.in_ward(ward)).map(|id| id.to_string()).collect()
        }
    }
}
