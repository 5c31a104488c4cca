//! The life of a report: what happened to it, and what its office does.

use serde_json::Value;

use crate::http::describe::schema::{integer, nullable, object, text};
use crate::http::describe::{Describe, Operation};
use crate::http::doors::life::{EventList, StandingDocument};
use diaban_core::domain::State;
use diaban_core::domain::report::Level;

const JSON: &str = "application/json";
const OWN: &str = "The token of the report, which the answer to its POST had in this header";
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
