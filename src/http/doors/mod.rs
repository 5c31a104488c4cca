//! The doors: each reads a request, calls one verb or one read, and writes the answer. Which stands where is
//! the table in `routes`.

pub(in crate::http) mod account;
pub(in crate::http) mod areas;
pub(in crate::http) mod basemap;
pub(in crate::http) mod categories;
pub(in crate::http) mod devices;
pub(in crate::http) mod events;
pub(in crate::http) mod features;
pub(in crate::http) mod feeds;
pub(in crate::http) mod former;
pub(in crate::http) mod health;
pub(in crate::http) mod life;
pub(in crate::http) mod locate;
pub(in crate::http) mod nearest;
pub(in crate::http) mod open311;
pub(in crate::http) mod page;
pub(in crate::http) mod pictures;
pub(in crate::http) mod report;
pub(in crate::http) mod styles;
pub(in crate::http) mod tiles;
