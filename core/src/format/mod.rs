//! Views to bytes: lists and feeds with one file a format, and the documents that stand alone. Not here:
//! HTTP headers (http), what may be seen (`domain::view`).

pub mod cql2_json;
pub mod feature;
pub mod feed;
pub mod geojson;
pub mod geometry;
pub mod georeport;
pub mod list;
pub mod successors;
mod xml;

#[cfg(test)]
mod cql2_laws;
#[cfg(test)]
mod cql2_tests;
