//! The properties of features, one JSON object a line.

use super::{Encoder, Extent, Format, Row, Schema};
use crate::format::geojson::write;

/// The format.
pub const FORMAT: Format = Format {
    names: &["ndjson"],
    media: "application/x-ndjson",
    accepts: &["application/x-ndjson"],
    extension: "ndjson",
    title: "the properties alone, one JSON object a line",
    extent: Extent::Stream,
    encoder: || Box::new(Lines),
};

struct Lines;

impl Encoder for Lines {
    fn row(&mut self, schema: &Schema, row: &Row<'_>, out: &mut Vec<u8>) {
        write(&schema.properties(row).collect::<std::collections::BTreeMap<_, _>>(), out);
        out.push(b'\n');
    }
}
