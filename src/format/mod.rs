//! Views to bytes, one file a format. Not here: HTTP headers (http), what may be seen (`domain::view`).

pub mod csv;
pub mod feature;
pub mod geojson;
