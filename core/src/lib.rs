//! The pure part of diaban: what a report is, whose ward a place lies in, what is asked, and the exact
//! live map of it all. No I/O, clock or chance: values go in, values come out.
//!
//! The modules in reading order; imports go one way, from the end of this list to its beginning.

pub mod geo;

pub mod domain;

pub mod query;

pub mod area;
pub mod format;

pub mod pack;

pub mod map;

pub mod raster;

#[cfg(any(test, feature = "testing"))]
pub mod real_data;
