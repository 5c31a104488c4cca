//! Views to bytes, one file a format. Not here: HTTP headers (http), what may be seen (`domain::view`).

pub mod atom;
pub mod cql2_json;
pub mod csv;
pub mod feature;
pub mod geojson;
pub mod geojson_feed;
pub mod geometry;
pub mod georeport;
pub mod json_feed;
mod xml;

#[cfg(test)]
mod cql2_tests;
#[cfg(test)]
mod feed_testing;
