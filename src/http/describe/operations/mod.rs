//! The operations of each route, by what they are about. A route with a segment that varies has an operation for
//! each collection, layer or format there is, because standards and clients want literal paths.

pub(in crate::http) mod account;
pub(in crate::http) mod areas;
pub(in crate::http) mod collections;
pub(in crate::http) mod georeport;
pub(in crate::http) mod life;
pub(in crate::http) mod map;
pub(in crate::http) mod news;
pub(in crate::http) mod people;
pub(in crate::http) mod service;

use serde_json::Value;

use super::features::{REPORTS, WARDS};
use super::{Describe, Operation, schema};

/// Every collection: its id and its name for people.
fn collections_of(describe: &Describe<'_>) -> Vec<(String, String)> {
    let own = [REPORTS, WARDS].map(|id| (id.to_owned(), id.to_owned()));
    own.into_iter().chain(declared_of(describe).into_iter().map(|(id, _, title)| (id, title))).collect()
}

/// Every declared collection and every part of one: its id, the id of the collection, its name for people.
fn declared_of(describe: &Describe<'_>) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for c in &describe.about.pack.collections {
        all.push((c.id.to_string(), c.id.to_string(), c.title.en.clone()));
        all.extend(c.parts().into_iter().map(|p| (p.id, c.id.to_string(), p.title.en)));
    }
    all
}

/// An id as the beginning of the name of an operation.
fn operation_name(id: &str) -> String {
    id.replace('-', "_")
}

/// A live stream.
fn stream(path: impl Into<String>, id: impl Into<String>, summary: impl Into<String>) -> Operation {
    Operation::new(path, id, summary).answers("text/event-stream", schema::text())
}

/// A document of JSON that takes no parameter but `f`.
fn document(
    path: impl Into<String>,
    id: impl Into<String>,
    summary: impl Into<String>,
    s: Value,
) -> Operation {
    Operation::new(path, id, summary).query(["f"]).json(s)
}
