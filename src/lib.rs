//! diaban: citizen reports routed to the ward that must answer, and the live map of them.
//!
//! The modules in reading order. Imports go one way, from the bottom of this list to the top
//! (`tests/rules.rs` checks it): `geo`, `domain`, `query`, then `area` and `format`, then `store`
//! and `map` (which never import each other), `action`, `jobs` and `http` (never each other),
//! `app` with `pack` and `config` beside it, and `cli`.

pub mod clock;

pub mod geo;

pub mod domain;

pub mod query;

pub mod area;

pub mod map;

pub mod pack;

pub mod store;

pub mod format;
