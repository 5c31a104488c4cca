//! The operations of each route, by what they are about. A route with a segment that varies has an operation for
//! each collection, layer or format there is, because standards and clients want literal paths.

pub(in crate::http) mod collections;
pub(in crate::http) mod georeport;
pub(in crate::http) mod map;
pub(in crate::http) mod news;
pub(in crate::http) mod service;

use serde_json::Value;

use super::features::{REPORTS, WARDS};
use super::{Describe, Operation, schema};

/// Every collection: its id and its name for people.
fn collections_of(describe: &Describe<'_>) -> Vec<(String, String)> {
    let own = [REPORTS, WARDS].map(|id| (id.to_owned(), id.to_owned()));
    let declared = describe.about.pack.collections.iter().map(|c| (c.id.to_string(), c.title.en.clone()));
    own.into_iter().chain(declared).collect()
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
