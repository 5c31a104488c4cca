//! diaban: citizen reports routed to the ward that must answer, and the live map of them. This crate is the
//! service; what is pure stands in `diaban_core`.
//!
//! The modules in reading order. Imports go one way, from the end of this list to its beginning;
//! `tests/rules.rs` holds the storeys.

pub mod city_files;
pub mod clock;
pub mod memory;
pub mod part;

pub mod import;

pub mod basemap;
pub mod store;

pub mod action;

pub mod demo;
pub mod jobs;

pub mod http;

pub mod config;

pub mod app;

pub mod cli;

#[cfg(test)]
extern crate self as diaban;
