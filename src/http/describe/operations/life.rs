//! The life of a report: what happened to it, and what its office does.

use serde_json::Value;

use crate::http::describe::schema::{flag, integer, list, nullable, object, text};
use crate::http::describe::{Describe, Operation};
use crate::http::doors::life::{EventList, StandingDocument, TaskDocument, TaskList};
use diaban_core::domain::State;
use diaban_core::domain::report::{Level, TaskState};

const JSON: &str = "application/json";
const OWN: &str = "The token of the report, which the answer to its POST had in this header";
const LINK: &str = "The token of the task, which the answer to the POST of a contractor's had";
const SEEN: &str = "The tag of what was seen: if the report has changed since, nothing is done (412)";

fn of(part: &str, id: &str, summary: &str) -> Operation {
    Operation::new(format!("/collections/reports/items/{{id}}/{part}"), id, summary)
}

pub(in crate::http) fn events(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "What happened to a report; its office reads more of it with its key";
    let operation = of("events", "reportEvents", summary).header("Report-Token", OWN, text());
    vec![operation.json(d.json::<EventList>())]
}

pub(in crate::http) fn erase(_: &mut Describe<'_>) -> Vec<Operation> {
    let summary =
        "Whoever sent a report erases its texts and places for good, with its token; so may operators";
    let operation = Operation::new("/collections/reports/items/{id}", "eraseReport", summary);
    vec![operation.header("Report-Token", OWN, text()).nothing("It is erased")]
}

pub(in crate::http) fn standing(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary =
        "A report as its office knows it, with the states that may follow and the texts as they were written";
    vec![of("standing", "reportStanding", summary).json(d.json::<StandingDocument>())]
}

pub(in crate::http) fn transition(d: &mut Describe<'_>) -> Vec<Operation> {
    let mut state = text();
    state["enum"] = State::ALL.iter().map(|s| s.name()).collect::<Vec<_>>().into();
    let mut level = text();
    level["enum"] = Level::ALL.map(Level::name).to_vec().into();
    let summary = "A report goes to another state; with its present state or none, only the level is set or the note added";
    vec![work(
        d,
        ("transitions", "changeReport", summary),
        "ReportTransition",
        [
            ("state", nullable(state)),
            ("level", nullable(level)),
            ("reason", nullable(text())),
            ("note", nullable(text())),
            ("internal_note", nullable(text())),
            ("original", nullable(integer())),
            ("redirect_to", nullable(text())),
            ("due_at", nullable(text())),
        ],
    )]
}

pub(in crate::http) fn transfer(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "A report goes to another body or to the office of another ward; one that goes round, to the body \
                   that coordinates";
    vec![work(
        d,
        ("transfers", "transferReport", summary),
        "ReportTransfer",
        [
            ("ward", nullable(text())),
            ("body", nullable(text())),
            ("note", nullable(text())),
            ("internal_note", nullable(text())),
        ],
    )]
}

pub(in crate::http) fn ask(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "An office asks whoever sent a report; until the answer comes its own clock rests";
    let members = [("question", text()), ("internal_note", nullable(text()))];
    vec![work(d, ("questions", "askReporter", summary), "ReportQuestionAsked", members)]
}

pub(in crate::http) fn reply(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "Whoever sent a report answers the question of its office, with the token of the report";
    vec![own(d, ("answers", "answerOffice", summary), ("ReportAnswer", object([("answer", text())], [])))]
}

pub(in crate::http) fn rate(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "Whoever sent a report says how it was closed, with the token of the report, and may wish to have it \
                   opened again";
    let optional = [("reasons", list(text())), ("words", text()), ("reopen", flag())];
    let body = object([("satisfied", flag())], optional.map(|(name, s)| (name, nullable(s))));
    vec![own(d, ("ratings", "rateReport", summary), ("ReportRated", body))]
}

pub(in crate::http) fn keep_closed(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary =
        "An office does not open a report again whose sender wishes it; to open it, set the state reopened";
    let members = [("reason", text()), ("internal_note", nullable(text()))];
    vec![work(d, ("refusals", "keepReportClosed", summary), "ReportKept", members)]
}

pub(in crate::http) fn give_task(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "An office gives a part of a report to another body, a ward, or a contractor";
    let names = ["ward", "body", "contractor", "due_at", "note"];
    let body =
        d.named("ReportNewTask", |_| object([("what", text())], names.map(|name| (name, nullable(text())))));
    let operation = of("tasks", "giveTask", summary).header("If-Match", SEEN, text());
    vec![operation.body(JSON, body).json(d.json::<TaskDocument>())]
}

pub(in crate::http) fn tasks(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "The parts of a report that others do, for its office";
    vec![of("tasks", "reportTasks", summary).json(d.json::<TaskList>())]
}

pub(in crate::http) fn own_tasks(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "The open tasks of the bodies and wards of the key, those first that are due first";
    vec![Operation::new("/tasks", "ownTasks", summary).json(d.json::<TaskList>())]
}

pub(in crate::http) fn task(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "A part of a report, for the office of the report and for whoever has it";
    let operation = of("tasks/{task}", "reportTask", summary).header("Task-Token", LINK, text());
    vec![operation.json(d.json::<TaskDocument>())]
}

pub(in crate::http) fn end_task(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary =
        "Whoever has a task says that it is done or returned; the office of the report withdraws it";
    let mut state = text();
    state["enum"] = TaskState::ENDS.map(TaskState::name).to_vec().into();
    let words = ["note", "internal_note"].map(|name| (name, nullable(text())));
    let body = d.named("ReportTaskEnd", |_| object([("state", state)], words));
    let operation = of("tasks/{task}", "endTask", summary).header("Task-Token", LINK, text());
    vec![operation.body(JSON, body).json(d.json::<TaskDocument>())]
}

/// What whoever sent a report writes to it.
fn own(
    d: &mut Describe<'_>,
    (part, id, summary): (&str, &str, &str),
    (name, body): (&'static str, Value),
) -> Operation {
    let body = d.named(name, |_| body);
    let operation = of(part, id, summary).header("Report-Token", OWN, text());
    operation.body(JSON, body).json(d.json::<EventList>())
}

/// What an office does: a body of these members.
fn work<const N: usize>(
    d: &mut Describe<'_>,
    (part, id, summary): (&str, &str, &str),
    name: &'static str,
    members: [(&'static str, Value); N],
) -> Operation {
    let body = d.named(name, |_| object([], members));
    of(part, id, summary).header("If-Match", SEEN, text()).body(JSON, body).json(d.json::<StandingDocument>())
}
