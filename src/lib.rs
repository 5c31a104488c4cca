//! diaban: citizen reports routed to the ward that must answer, and the live map of them.
//!
//! The modules in reading order. Imports go one way, from the end of this list to its beginning;
//! `tests/rules.rs` holds the storeys.

pub mod geo;

pub mod domain;

pub mod query;

pub mod area;
pub mod clock;
pub mod format;

pub mod pack;

pub mod import;

pub mod basemap;
pub mod map;
pub mod store;

pub mod action;
pub mod raster;

pub mod demo;
pub mod jobs;

pub mod http;

pub mod config;

pub mod app;

pub mod cli;

#[cfg(test)]
extern crate self as diaban;
#[cfg(test)]
mod real_data;
