//! CSV (RFC 4180): UTF-8, CR LF, a header line; text that a spreadsheet would run as a formula is
//! guarded by an apostrophe.

use std::borrow::Cow;
use std::io::Write;

use super::{Cell, Encoder, Extent, Format, Place, Row, Schema};
use crate::format::geometry;

/// The format.
pub const FORMAT: Format = Format {
    names: &["csv"],
    media: "text/csv; charset=utf-8; header=present",
    accepts: &["text/csv"],
    extension: "csv",
    title: "a table with a header line",
    extent: Extent::Stream,
    encoder: || Box::new(Csv),
};

struct Csv;

impl Encoder for Csv {
    fn begin(&mut self, schema: &Schema, out: &mut Vec<u8>) {
        let (before, after): (&[&str], &[&str]) = match schema.place {
            Place::LonLat => (&["lon", "lat"], &[]),
            Place::Shape => (&[], &["geometry"]),
        };
        let columns = schema.columns.iter().map(AsRef::as_ref);
        out.extend_from_slice(b"id");
        for name in before.iter().copied().chain(columns).chain(after.iter().copied()) {
            out.push(b',');
            text(name, out);
        }
        out.extend_from_slice(b"\r\n");
    }

    fn row(&mut self, schema: &Schema, row: &Row<'_>, out: &mut Vec<u8>) {
        debug_assert_eq!(schema.columns.len(), row.cells.len());
        cell(&row.id, out);
        if schema.place == Place::LonLat {
            match row.geometry.as_deref() {
                Some(geo::Geometry::Point(p)) => write(out, format_args!(",{},{}", p.x(), p.y())),
                _ => out.extend_from_slice(b",,"),
            }
        }
        for value in &row.cells {
            out.push(b',');
            cell(value, out);
        }
        if schema.place == Place::Shape {
            out.push(b',');
            text(&row.geometry.as_deref().map(geometry::to_wkt).unwrap_or_default(), out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn cell(value: &Cell<'_>, out: &mut Vec<u8>) {
    match value {
        Cell::Null => {}
        Cell::Text(s) => guarded(s, out),
        Cell::Texts(all) => guarded(&all.join(" "), out),
        Cell::Integer(i) => write(out, format_args!("{i}")),
        Cell::Number(n) => write(out, format_args!("{n}")),
        Cell::Boolean(b) => write(out, format_args!("{b}")),
    }
}

fn write(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("writing to memory cannot fail");
}

/// What a text begins with that a spreadsheet would run (OWASP's rule for formula injection).
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether a text looks like a formula, or like one that is guarded already: two guards differ from one, so
/// that [`unguard`] gives back any text.
fn needs_guard(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A text as a cell that no spreadsheet runs: what looks like a formula has an apostrophe before it.
pub fn guard(text: &str) -> Cow<'_, str> {
    if needs_guard(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text of a cell that [`guard`] made.
pub fn unguard(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| needs_guard(text)).unwrap_or(cell)
}

fn guarded(s: &str, out: &mut Vec<u8>) {
    text(&guard(s), out);
}

/// Quoted where it must be, quotes doubled. Words that databases write for nothing are texts when quoted.
fn text(s: &str, out: &mut Vec<u8>) {
    let is_nothing = matches!(s, "NULL" | "\\N");
    if !is_nothing && !s.bytes().any(|b| matches!(b, b',' | b'"' | b'\r' | b'\n')) {
        return out.extend_from_slice(s.as_bytes());
    }
    out.push(b'"');
    for (i, part) in s.split('"').enumerate() {
        if i > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use geo::{Geometry, Point};
    use proptest::prelude::*;
    use std::borrow::Cow;

    use super::super::tests::written;
    use super::*;

    fn row(id: u64, point: Option<(f64, f64)>, cells: Vec<Cell<'_>>) -> Row<'_> {
        let geometry = point.map(|p| Cow::Owned(Geometry::Point(Point::from(p))));
        Row { id: id.into(), geometry, cells }
    }

    #[test]
    fn the_place_stands_where_the_schema_says() {
        let columns = ["name", "n"];
        let cells = vec![Cell::from("=1+1"), Cell::Integer(-3)];
        let rows = [row(7, Some((106.7, 10.5)), cells.clone()), row(8, None, cells)];
        let points = written(&FORMAT, &Schema::new(Place::LonLat, true, columns), &rows);
        assert_eq!(
            String::from_utf8(points).unwrap(),
            "id,lon,lat,name,n\r\n7,106.7,10.5,'=1+1,-3\r\n8,,,'=1+1,-3\r\n"
        );
        let shapes = written(&FORMAT, &Schema::new(Place::Shape, false, columns), &rows);
        assert_eq!(
            String::from_utf8(shapes).unwrap(),
            "id,name,n,geometry\r\n7,'=1+1,-3,POINT(106.7 10.5)\r\n8,'=1+1,-3,\r\n"
        );
    }

    proptest! {
        /// And no cell begins like a formula.
        #[test]
        fn a_guard_comes_off_and_gives_the_text_again(text in "'{0,3}[=+@\\-\t\ra']{0,3}") {
            let cell = guard(&text);
            prop_assert!(!cell.starts_with(FORMULA));
            prop_assert_eq!(unguard(&cell), &*text);
        }

        /// Byte for byte what the csv crate writes.
        #[test]
        fn any_text_is_quoted_as_it_must_be(texts in prop::collection::vec("[a-c,\"\r\n \t=']{0,6}|\\PC{0,5}", 2)) {
            let rows = [row(1, None, texts.iter().map(|t| Cell::from(t.as_str())).collect())];
            let bytes = written(&FORMAT, &Schema::new(Place::LonLat, true, ["a", "b"]), &rows);
            let mut model = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
            model.write_record(["id", "lon", "lat", "a", "b"]).unwrap();
            let formula = |t: &String| t.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']);
            let shown = texts.iter().map(|t| if formula(t) { format!("'{t}") } else { t.clone() });
            let fixed = ["1", "", ""].into_iter().map(str::to_owned);
            model.write_record(fixed.chain(shown)).unwrap();
            prop_assert_eq!(bytes, model.into_inner().unwrap());
        }
    }
}
