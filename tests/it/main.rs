//! The real server on a free port, spoken to over HTTP; a module a promise.

mod documents;
mod durability;
mod edge;
mod harness;
mod items;
mod locate;
mod submit;
