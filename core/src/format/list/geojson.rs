//! A page of features as a GeoJSON `FeatureCollection` with the links and counts of OGC API Features.

use std::io::Write;

use super::{Encoder, Extent, Format, Page, Row, Schema};
use crate::format::geojson::{Feature, Link, MEDIA, write};

/// The format.
pub const FORMAT: Format = Format {
    names: &["geojson", "json"],
    media: MEDIA,
    accepts: &[MEDIA, "application/json"],
    extension: "geojson",
    title: "a page as a GeoJSON FeatureCollection",
    extent: Extent::Page,
    encoder: || Box::new(Collection { returned: 0 }),
};

struct Collection {
    returned: u64,
}

// The members stand in the order of their names, as in all JSON documents of this service.
impl Encoder for Collection {
    fn begin(&mut self, _: &Schema, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"features\":[");
    }

    fn row(&mut self, schema: &Schema, row: &Row<'_>, out: &mut Vec<u8>) {
        if self.returned > 0 {
            out.push(b',');
        }
        self.returned += 1;
        write(&Feature { schema, row }, out);
    }

    fn took_back(&mut self) {
        self.returned -= 1;
    }

    fn end(&mut self, page: &Page<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"],\"links\":");
        write(&page.links.iter().map(Link::to_json).collect::<Vec<_>>(), out);
        let (matched, returned) = (page.matched, self.returned);
        write!(out, r#","numberMatched":{matched},"numberReturned":{returned},"type":"FeatureCollection"}}"#)
            .expect("writing to memory cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use geo::Point;
    use serde_json::json;

    use super::super::tests::written;
    use super::super::{Cell, Place};
    use super::*;

    #[test]
    fn the_document() {
        let schema = Schema::new(Place::LonLat, true, ["votes", "title", "wards"]);
        let cells =
            vec![Cell::Integer(2), Cell::from("\"Ổ gà\"\n"), Cell::Texts(vec!["a".into(), "b".into()])];
        let here = Row {
            id: 7_u64.into(),
            geometry: Some(Cow::Owned(Point::new(106.7, 10.0).into())),
            cells: cells.clone(),
        };
        let nowhere = Row {
            id: "x".into(),
            geometry: None,
            cells: vec![Cell::Null, Cell::Number(1.0), Cell::Boolean(true)],
        };
        let feature = |id: serde_json::Value, geometry, properties| json!({ "type": "Feature", "id": id, "geometry": geometry, "properties": properties });
        let model = json!({
            "type": "FeatureCollection",
            "features": [
                feature(
                    json!(7),
                    json!({ "type": "Point", "coordinates": [106.7, 10.0] }),
                    json!({ "id": 7, "votes": 2, "title": "\"Ổ gà\"\n", "wards": ["a", "b"] }),
                ),
                feature(json!("x"), json!(null), json!({ "id": "x", "votes": null, "title": 1.0, "wards": true })),
            ],
            "links": [{ "href": "https://map.test/a", "rel": "self", "type": "a/b", "title": "This page" }],
            "numberMatched": 7,
            "numberReturned": 2,
        });
        let text = String::from_utf8(written(&FORMAT, &schema, &[here, nowhere])).unwrap();
        assert_eq!(text, model.to_string());
        let empty = String::from_utf8(written(&FORMAT, &schema, &[])).unwrap();
        assert!(empty.starts_with("{\"features\":[],\"links\":[{"), "{empty}");
    }
}
