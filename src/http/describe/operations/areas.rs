//! The life of boundaries, for operators with a key.

use serde_json::{Value, json};

use crate::http::describe::schema::{any, flag, instant, integer, list, map, nullable, number, object, text};
use crate::http::describe::{Describe, Operation};
use crate::http::doors::areas::{CheckedDocument, EditionDocument, EditionList, HomelessList, MovesTable};
use diaban_core::format::geojson;

const JSON: &str = "application/json";

pub(in crate::http) fn editions(d: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/areas/editions", "areaEditions", "All boundaries that were imported");
    vec![operation.json(d.json::<EditionList>())]
}

pub(in crate::http) fn one(d: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/areas/editions/{edition}", "areaEdition", "One edition of boundaries");
    vec![operation.json(d.json::<EditionDocument>())]
}

pub(in crate::http) fn propose(d: &mut Describe<'_>) -> Vec<Operation> {
    let ward =
        [("from_generation", text()), ("from_code", text()), ("to_generation", text()), ("to_code", text())];
    let successor = object(ward.into_iter().chain([("part", flag()), ("main", flag())]), []);
    // It may have members of its own.
    let mut collection = object([("type", text()), ("features", list(map(any())))], []);
    collection["additionalProperties"] = any();
    let body = d.named("NewAreas", |_| {
        object(
            [("generation", text()), ("boundaries", collection)],
            [
                ("successors", nullable(list(successor))),
                ("crs", nullable(text())),
                ("at", nullable(instant())),
                ("force", flag()),
                ("source", nullable(text())),
            ],
        )
    });
    let summary = "Boundaries are checked and kept, and every report is placed under them; at most 64 MiB";
    let operation = Operation::new("/areas/editions", "proposeAreas", summary).query(["dry_run"]);
    let checked = d.json::<CheckedDocument>();
    vec![operation.body(JSON, body).status("200", "Only checked", JSON, checked.clone()).status(
        "202",
        "Kept; reports are placed in the background",
        JSON,
        checked,
    )]
}

pub(in crate::http) fn moves(d: &mut Describe<'_>) -> Vec<Operation> {
    let path = "/areas/editions/{edition}/moves";
    let operation = Operation::new(path, "areaMoves", "What prepared boundaries move, by ward and body");
    let lines = d.named("AreaMoveLines", |_| lines());
    vec![operation.query(["f"]).json(d.json::<MovesTable>()).answers(geojson::MEDIA, lines)]
}

/// A line from ward to ward for each move.
fn lines() -> Value {
    let one = |name| json!({ "type": "string", "enum": [name] });
    let line = object([("type", one("LineString")), ("coordinates", list(list(number())))], []);
    let properties = [
        ("from_ward", nullable(text())),
        ("to_ward", nullable(text())),
        ("from_body", text()),
        ("to_body", text()),
        ("reports", integer()),
        ("open", integer()),
    ];
    let feature = object(
        [("type", one("Feature")), ("geometry", nullable(line)), ("properties", object(properties, []))],
        [],
    );
    object(
        [
            ("type", one("FeatureCollection")),
            ("edition", integer()),
            ("generation", text()),
            ("placed", flag()),
            ("features", list(feature)),
        ],
        [],
    )
}

/// What is done to one edition.
fn decision(verb: &str, id: &str, summary: &str) -> Operation {
    Operation::new(format!("/areas/editions/{{edition}}/{verb}"), id, summary)
}

pub(in crate::http) fn schedule(d: &mut Describe<'_>) -> Vec<Operation> {
    let body = d.named("AreaSchedule", |_| object([("at", nullable(instant()))], []));
    let summary = "Prepared boundaries come into force at this time by themselves, or not with null";
    let operation = decision("schedule", "scheduleAreas", summary).body(JSON, body);
    vec![operation.json(d.json::<EditionDocument>())]
}

pub(in crate::http) fn activate(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "Boundaries come into force as soon as they can; look at the edition";
    let operation = decision("activate", "activateAreas", summary);
    vec![operation.status("202", "They are about to", JSON, d.json::<EditionDocument>())]
}

pub(in crate::http) fn withdraw(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "Boundaries that are not in force never come into force";
    vec![decision("withdraw", "withdrawAreas", summary).json(d.json::<EditionDocument>())]
}

pub(in crate::http) fn undo(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "The last turn is taken back: the boundaries before it come into force again";
    let operation = Operation::new("/areas/undo", "undoAreas", summary);
    vec![operation.status("202", "They are about to", JSON, d.json::<EditionDocument>())]
}

pub(in crate::http) fn homeless(d: &mut Describe<'_>) -> Vec<Operation> {
    let summary = "Reports that no ward answers for, because theirs was divided";
    let operation = Operation::new("/areas/homeless", "homelessReports", summary).query(["limit"]);
    vec![operation.json(d.json::<HomelessList>())]
}
