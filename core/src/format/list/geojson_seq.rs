//! GeoJSON text sequence (RFC 8142): before each feature a record separator, after it a line feed.

use super::{Encoder, Extent, Format, Row, Schema};
use crate::format::geojson::{Feature, write};

const MEDIA: &str = "application/geo+json-seq";

/// The format.
pub const FORMAT: Format = Format {
    names: &["geojsonseq"],
    media: MEDIA,
    accepts: &[MEDIA],
    extension: "geojsons",
    title: "all features as a GeoJSON text sequence",
    extent: Extent::Stream,
    encoder: || Box::new(Sequence),
};

struct Sequence;

impl Encoder for Sequence {
    fn row(&mut self, schema: &Schema, row: &Row<'_>, out: &mut Vec<u8>) {
        out.push(0x1e);
        write(&Feature { schema, row }, out);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::super::tests::written;
    use super::*;

    #[test]
    fn each_record_stands_alone() {
        let row = Row { id: 7_u64.into(), geometry: None, cells: Vec::new() };
        let schema = Schema::new(Place::Shape, false, [""; 0]);
        let record = "\u{1e}{\"geometry\":null,\"id\":7,\"properties\":{},\"type\":\"Feature\"}\n";
        assert_eq!(written(&FORMAT, &schema, &[row.clone(), row]), record.repeat(2).into_bytes());
    }
}
