//! The real server on a free port, spoken to over HTTP; a module a promise.

mod areas;
mod documents;
mod durability;
mod edge;
mod features;
mod feeds;
mod flood;
mod harness;
mod import_features;
mod items;
mod layers;
mod locate;
mod nearest;
#[path = "../../src/real_data.rs"]
mod real_data;
mod submit;
mod tiles;
mod withdraw;
