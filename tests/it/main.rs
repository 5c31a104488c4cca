//! The real server on a free port, spoken to over HTTP; a module a promise.

mod areas;
mod documents;
mod durability;
mod edge;
mod harness;
mod hostile;
mod items;
mod limits;
mod locate;
#[path = "../../src/real_data.rs"]
mod real_data;
mod submit;
mod tiles;
