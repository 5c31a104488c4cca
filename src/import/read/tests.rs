//! Each format as a stream of bytes: good, damaged, endless.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::import::raw::{PlaceIn, Row};
use crate::import::tests::gzip;

#[derive(Default)]
struct Kept {
    rows: Vec<Row>,
    header: Vec<String>,
    notes: Vec<String>,
    crs: Option<String>,
    part: Option<Part>,
    most: Option<usize>,
}

impl Sink for Kept {
    fn header(&mut self, names: &[String]) {
        names.clone_into(&mut self.header);
    }

    fn crs(&mut self, name: String) {
        self.crs = Some(name);
    }

    fn twice(&mut self, name: &str) {
        self.notes.push(name.to_owned());
    }

    fn part(&mut self, part: Part) {
        self.part = Some(part);
    }

    fn note(&mut self, words: String) {
        self.notes.push(words);
    }

    fn row(&mut self, row: Row) -> ControlFlow<()> {
        self.rows.push(row);
        if self.most == Some(self.rows.len()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

const OPTIONS: Options<'_> =
    Options { delimiter: None, columns: &[], collection: "reports", osm: None, list: None };

/// Reads a stream.
fn run(bytes: &[u8]) -> (Kept, Option<String>) {
    run_to(bytes, None)
}

fn run_to(bytes: &[u8], most: Option<usize>) -> (Kept, Option<String>) {
    let mut kept = Kept { most, ..Kept::default() };
    let done = Stream::open(bytes).and_then(|stream| {
        let format = recognise(stream.head())?;
        stream.rows(format, OPTIONS, &mut kept)
    });
    (kept, done.err().map(|e| e.to_string()))
}

const POINT: &str = r#"{"type":"Feature","id":7,"geometry":{"type":"Point","coordinates":[106.7,10.78]},"properties":{"a":1}}"#;

#[test]
fn every_format_gives_its_rows_and_a_wrong_one_costs_one_row() {
    let collection = format!(
        r#"{{"links":[{{"href":"x"}}],"crs":{{"properties":{{"name":"EPSG:32648"}}}},"features":[{POINT},{{"type":"Feature"}},3,{POINT}],"type":"FeatureCollection"}}"#
    );
    let (kept, error) = run(collection.as_bytes());
    assert_eq!((error, kept.rows.len()), (None, 4));
    assert_eq!(kept.crs.as_deref(), Some("EPSG:32648"));
    assert_eq!(kept.rows[3].as_ref().unwrap().id.as_deref(), Some("7"));
    assert_eq!(kept.rows[2].as_ref().unwrap_err().row, 3);
    for sequence in [
        format!("\u{1e}{POINT}\n\u{1e}{POINT}\n\u{1e}{{\n"),
        format!("{POINT}\n\n{POINT}\nnot json"),
        format!("\u{feff}{POINT}\r\n{POINT}\r\n[]\r\n"),
    ] {
        let (kept, error) = run(sequence.as_bytes());
        assert_eq!((error, kept.rows.len()), (None, 3), "{sequence}");
        assert!(kept.rows[1].is_ok() && kept.rows[2].is_err());
    }
    let (kept, error) = run(br#"[{"LAT":"10.78","LONG":106.7,"a":{"b":2}},{"lat":1},[]]"#);
    assert_eq!((error, kept.rows.len()), (None, 3));
    let raw = kept.rows[0].as_ref().unwrap();
    assert_eq!((raw.place, raw.text("a.b").as_deref()), (PlaceIn::Members, Some("2")));
    let (kept, error) = run("\u{feff}id;lon;lat\r\n1;106.7;10.78\r\n2;1\r\n".as_bytes());
    assert_eq!((error, kept.rows.len()), (None, 2));
    assert_eq!(kept.rows[0].as_ref().unwrap().row, 2);
}

#[test]
fn byte_order_marks_are_no_part_of_a_file_however_many_there_are() {
    for marks in ["", "\u{feff}", "\u{feff}\u{feff}"] {
        for text in ["id;lon[\n7;2\n", POINT] {
            let (kept, error) = run(format!("{marks}{text}").as_bytes());
            assert_eq!((error, kept.rows.len()), (None, 1), "{marks:?} {text}");
            assert_eq!(kept.rows[0].as_ref().unwrap().row, 1 + u64::from(text != POINT));
            assert!(text == POINT || kept.header == ["id", "lon["], "{:?}", kept.header);
        }
    }
}

#[test]
fn a_file_that_breaks_off_gave_what_was_before() {
    let broken = format!(r#"{{"type":"FeatureCollection","features":[{POINT},{POINT},{{"#);
    let (kept, error) = run(broken.as_bytes());
    assert_eq!(kept.rows.len(), 2);
    assert!(error.unwrap().contains("not JSON after row 2: "));
    let mut packed = gzip(format!("{POINT}\n").repeat(60_000).as_bytes());
    packed.truncate(packed.len() / 2);
    let (kept, error) = run(&packed);
    assert!(kept.rows.len() > 1_000 && error.unwrap().contains("breaks off"));
    for (bytes, word) in [
        (
            &b"{\"type\":\"Topology\",\"features\":[]}"[..],
            "its \"type\" is \"Topology\", its members are features, type;",
        ),
        (b"", "empty"),
        (b"<kml/>", "XML"),
        (b"{\"features\":7}", "list of features"),
        (b"{\"type\":\"FeatureCollection\"}", "has no features"),
    ] {
        let (_, error) = run(bytes);
        assert!(error.as_ref().unwrap().contains(word), "{error:?}");
    }
}

#[test]
fn a_row_that_never_ends_does_not_fill_the_memory() {
    // 20 MiB: the bound is 16.
    let long = "x".repeat(20 << 20);
    let (kept, error) = run(format!("id,lon,lat\n1,2,3\n\"{long}").as_bytes());
    assert_eq!(kept.rows.len(), 1);
    assert!(error.unwrap().contains("larger than 16 MiB"));
    let (_, error) = run(format!(r#"[{{"a":"{long}"}}]"#).as_bytes());
    assert!(error.unwrap().contains("larger than 16 MiB"));
    let (kept, error) = run(format!("{POINT}\n{{\"a\":\"{long}\"}}\n{POINT}\n").as_bytes());
    assert_eq!((error, kept.rows.len()), (None, 3));
    assert!(kept.rows[1].as_ref().unwrap_err().reason.contains("larger"));
}

#[test]
fn it_ends_when_no_more_is_wanted() {
    let list = format!(r#"{{"type":"FeatureCollection","features":[{POINT},{POINT},{POINT}]}}"#);
    let (kept, error) = run_to(list.as_bytes(), Some(2));
    assert_eq!((error, kept.rows.len()), (None, 2));
}

#[test]
fn a_document_may_be_one_feature_over_many_lines() {
    let pretty: serde_json::Value = serde_json::from_str(POINT).unwrap();
    let (kept, error) = run(serde_json::to_string_pretty(&pretty).unwrap().as_bytes());
    assert_eq!((error, kept.rows.len()), (None, 1));
    let raw = kept.rows[0].as_ref().unwrap();
    assert_eq!((raw.row, raw.id.as_deref(), raw.text("a").as_deref()), (1, Some("7"), Some("1")));
    assert!(matches!(raw.geometry, Ok(Some(geo::Geometry::Point(_)))));
}

proptest! {
    #[test]
    fn a_file_in_memory_gives_the_rows_of_a_stream(
        pieces in prop::collection::vec(prop::sample::select(vec![
            POINT, ",", "\n", "[", "]", "{", "}", "\u{1e}", "{\"type\":\"FeatureCollection\",\"features\":[",
            "id,lon\r\n", "1;2", "\"", "\"crs\":{\"a\":1},", "\u{feff}",
        ]), 1..8),
    ) {
        let bytes = pieces.concat().into_bytes();
        let Ok(format) = recognise(&bytes) else { return Ok(()) };
        let mut whole = Kept::default();
        let done = rows_of(&bytes, format, OPTIONS, &mut whole);
        let (stream, error) = run(&bytes);
        // Of a byte that is no JSON the two do not count the column alike.
        let fault = |text: String| text.split(" at line ").next().map(str::to_owned);
        prop_assert_eq!(done.err().map(|e| fault(e.to_string())), error.map(fault));
        prop_assert_eq!((whole.rows, whole.header, whole.crs), (stream.rows, stream.header, stream.crs));
        prop_assert_eq!(whole.notes, stream.notes);
    }
}
