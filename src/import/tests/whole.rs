//! Files as a whole: of any form, of none, too deep, too large, of any bytes.

use proptest::prelude::*;

use super::*;

#[test]
fn texts_one_after_the_other_are_read_and_a_bad_one_costs_itself() {
    let one = feature(1, HERE);
    for (text, bad) in [
        (format!("{one}\n{{\"type\":\n{}\n", feature(2, HERE)), 2),
        (format!("\u{1e}{one}\n\u{1e}{{\"type\":\n\u{1e}{}\n", feature(2, HERE)), 2),
    ] {
        let read = import(text, "facilities", PARKING).unwrap();
        assert_eq!(
            (read.findings.format, read.features.len(), read.rejected.len()),
            (Format::GeoJsonSeq, 2, 1)
        );
        assert_eq!(read.rejected[0].row, bad);
    }
    let pretty = serde_json::from_str::<serde_json::Value>(&document(&[one], "")).unwrap();
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    assert_eq!(import(pretty, "facilities", PARKING).unwrap().findings.format, Format::GeoJson);
}

#[test]
fn files_that_are_not_read_say_what_to_do() {
    for (bytes, word) in [
        (&b"PK\x03\x04rest"[..], "unpack it"),
        (b"\0\0\x27\x0a\0\0", "shapefile, which is not a format that is read; convert it with: ogr2ogr"),
        (b"SQLite format 3\0", "GeoPackage"),
        (b"\xff\xfea\0b", "UTF-16"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"<?xml version='1.0'?><service_requests><request>", "ask its server for .json"),
        (b"", "empty"),
        (b"{\"a\":1,\"b\":2}", "JSON but not GeoJSON: it has no \"type\", its members are a, b"),
        (b"{\"type\":\"FeatureCollection\",\"features\":[NaN]}", "not JSON"),
        (b"{\"type\":\"FeatureCollection\",\"features\":{}}", "not GeoJSON"),
        (b"{\"type\":\"FeatureCollection\"}", "no features"),
        (
            b"id,lon,lat,Name_VI,name_vi\n1,106.7,10.78,a,b\n",
            "the column \"name_vi\" is there twice and would be read",
        ),
        (b"id,lon,lat,LAT\n1,106.7,10.78,3\n", "the column \"LAT\" is there twice"),
    ] {
        let said = refused(bytes, "facilities", PARKING);
        assert!(said.contains(word), "{said} / {word}");
    }
    let packed = gzip(document(&[feature(1, HERE)], "").as_bytes());
    assert!(refused(&packed[..packed.len() - 9], "facilities", PARKING).contains("gzip data is truncated"));
    assert!(refused(gzip(&vec![b' '; 257 << 20]), "facilities", PARKING).contains("larger than 256 MiB"));
}

#[test]
fn what_is_too_deep_or_too_much_costs_a_row_not_the_stack() {
    let deep =
        format!("{}{}", r#"{"type":"GeometryCollection","geometries":["#.repeat(10_000), "]}".repeat(10_000));
    let line = format!(
        r#"{{"type":"LineString","coordinates":[{}[106.7,10.78]]}}"#,
        "[106.7,10.78],".repeat(MAX_VERTICES)
    );
    let text = document(&[feature(1, &deep), feature(2, &line), feature(3, HERE)], "");
    let read = import(text, "facilities", PARKING).unwrap();
    let said = reasons(&read);
    assert_eq!(read.features.len(), 1);
    let many = format!("more than {MAX_VERTICES} vertices");
    assert!(said[0].contains("recursion limit") && said[1].contains(&many), "{said:?}");
    let wkt = format!("id,wkt\n1,\"{}\"\n", "GEOMETRYCOLLECTION(".repeat(100_000));
    let read = import(wkt, "facilities", PARKING).unwrap();
    assert!(reasons(&read)[0].contains("wkt is nested too deeply"), "{:?}", reasons(&read));
}

#[test]
fn a_file_of_too_many_rows_is_refused_rather_than_cut() {
    let text = format!("id\n{}", "1\n".repeat(MAX_ROWS + 1));
    assert!(refused(text, "facilities", PARKING).contains("more than 1000000 rows"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_bytes_break_the_readers(
        begin in prop::sample::select(vec!["", "{", "{\"type\":\"Feature\",", "\u{1e}{", "id,lon,lat\n", "id,wkt\n1,", "<", "\u{1f}\u{8b}"]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = import([begin.as_bytes(), &rest].concat(), "facilities", PARKING);
    }

    #[test]
    fn no_wkt_breaks_the_reader(text in "(POINT|POLYGON|MULTIPOLYGON|LINESTRING|GEOMETRYCOLLECTION)[ ZM(),0-9.eE-]{0,60}") {
        let _ = import(format!("id,wkt\n1,\"{text}\"\n"), "traffic", "set = { kind = 'road' }");
    }
}
