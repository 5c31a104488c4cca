//! Documents of JSON as servers and tools write them: pages, lists inside, members of all kinds.

use geo::Geometry;

use super::{HERE, PARKING, collection, document, feature, import, reasons, refused};
use crate::import::*;

const BANK: &str = "set = { kind = 'bank' }";

#[test]
fn a_page_of_a_longer_answer_is_never_taken_for_the_whole() {
    let row = feature(1, HERE);
    let record = r#"{"id":1,"lon":106.7,"lat":10.78}"#;
    for (text, word) in [
        (
            format!(r#"{{"type":"FeatureCollection","exceededTransferLimit":true,"features":[{row}]}}"#),
            "exceededTransferLimit",
        ),
        (
            format!(
                r#"{{"type":"FeatureCollection","features":[{row}],"properties":{{"exceededTransferLimit":true}}}}"#
            ),
            "exceededTransferLimit",
        ),
        (
            format!(
                r#"{{"type":"FeatureCollection","features":[{row}],"links":[{{"rel":"self","href":"a"}},{{"rel":"next","href":"https://x.vn/2"}}]}}"#
            ),
            "https://x.vn/2",
        ),
        (
            format!(
                r#"{{"type":"FeatureCollection","numberMatched":60,"numberReturned":1,"features":[{row}]}}"#
            ),
            "it holds 1 rows and says numberMatched 60",
        ),
        (
            format!(r#"{{"type":"FeatureCollection","totalFeatures":60,"features":[{row}]}}"#),
            "totalFeatures 60",
        ),
        (format!(r#"{{"count":60,"next":"https://x.vn/?page=2","results":[{record}]}}"#), "?page=2"),
        (
            format!(r#"{{"count":60,"next":null,"previous":"https://x.vn/?page=2","results":[{record}]}}"#),
            "count 60",
        ),
        (format!(r#"{{"@odata.nextLink":"https://x.vn/2","value":[{record}]}}"#), "https://x.vn/2"),
        (format!(r#"{{"success":true,"result":{{"records":[{record}],"total":60}}}}"#), "total 60"),
        (format!(r#"{{"data":[{record}],"meta":{{"hasMore":true}}}}"#), "hasMore"),
    ] {
        let said = refused(text, "facilities", BANK);
        assert!(said.starts_with("this is a part of a longer answer") && said.contains(word), "{said}");
    }
    // All there is.
    for text in [
        format!(
            r#"{{"type":"FeatureCollection","numberMatched":1,"numberReturned":1,"features":[{row}],"links":[{{"rel":"prev","href":"a"}}]}}"#
        ),
        format!(r#"{{"type":"FeatureCollection","exceededTransferLimit":false,"features":[{row}]}}"#),
        format!(r#"{{"count":1,"next":null,"results":[{record}]}}"#),
        format!(r#"{{"type":"FeatureCollection","totalFeatures":"unknown","features":[{row}]}}"#),
    ] {
        assert_eq!(import(text.clone(), "facilities", BANK).unwrap().features.len(), 1, "{text}");
    }
}

#[test]
fn pages_join_to_one_document() {
    let page = |ids: std::ops::Range<u32>, more: &str| {
        let rows: Vec<String> = ids.map(|i| feature(i, HERE)).collect();
        Page::read(document(&rows, more).into_bytes(), None).unwrap().unwrap()
    };
    let pages = [
        page(0..3, r#","crs":{"type":"name","properties":{"name":"EPSG:4326"}},"next":"?2""#),
        page(3..5, ""),
    ];
    assert_eq!(pages[0].part.as_ref().unwrap().next.as_deref(), Some("?2"));
    assert_eq!(import(join(&pages), "facilities", BANK).unwrap().features.len(), 5);
    assert!(Page::read(b"id,lon\n1,2\n".to_vec(), None).unwrap().is_none());
}

#[test]
fn rows_are_found_where_they_are() {
    let a = r#"{"id":"a","lon":106.7,"lat":10.78,"name_vi":"A"}"#;
    let b = r#"{"id":"b","lon":"106.71","lat":"10.77","tags":[{"x":1}]}"#;
    for text in [
        format!("[{a},{b}]"),
        format!(r#"{{"results":[{a},{b}]}}"#),
        format!(r#"{{"status":"ok","result":{{"fields":[{{"id":"x"}}],"records":[{a},{b}]}}}}"#),
        format!(r#"{{"links":[{{"href":"x"}}],"data":{{"items":[{a},{b}]}}}}"#),
        format!("{a}\n{b}\n"),
    ] {
        let read = import(text.clone(), "facilities", BANK).unwrap();
        let ids: Vec<&str> = read.features.iter().map(|f| &*f.source_id).collect();
        assert_eq!(ids, ["a", "b"], "{text}: {:?}", reasons(&read));
        let at = collection("facilities").position("name_vi").unwrap();
        assert_eq!(format!("{:?}", read.features[0].values[at]), "Text(\"A\")");
    }
    let two = format!(r#"{{"open":[{a}],"closed":[{b}]}}"#);
    let said = refused(two.clone(), "facilities", BANK);
    assert!(said.contains("several lists of objects: open (1 objects), closed (1 objects)"), "{said}");
    let read = import(two.clone(), "facilities", &format!("list = 'closed'\n{BANK}")).unwrap();
    assert_eq!(read.features[0].source_id, "b");
    assert!(refused(two, "facilities", &format!("list = 'x'\n{BANK}")).contains("no list \"x\""));
}

#[test]
fn features_and_geometries_are_rows_in_every_dress() {
    let f = feature(1, HERE);
    let g = feature(2, HERE);
    let collection = document(&[f.clone(), g.clone()], "");
    for text in [
        format!("[{f},{g}]"),
        format!("{f}\n{g}"),
        format!("\u{1e}{f}\n\u{1e}{g}\n"),
        format!("{}\n{}\n", document(std::slice::from_ref(&f), ""), document(std::slice::from_ref(&g), "")),
        format!(r#"{{"data":{collection}}}"#),
        format!(r#"[{{"id":1,"geometry":{HERE}}},{{"id":2,"the_geom":{HERE}}}]"#),
    ] {
        let read = import(text.clone(), "facilities", BANK).unwrap();
        let ids: Vec<&str> = read.features.iter().map(|f| &*f.source_id).collect();
        assert_eq!(ids, ["1", "2"], "{text}: {:?}", reasons(&read));
    }
    for text in [HERE.to_owned(), feature(1, HERE), format!("{HERE}\n\n")] {
        assert_eq!(import(text.clone(), "facilities", BANK).unwrap().features.len(), 1, "{text}");
    }
    let esri = r#"{"features":[{"attributes":{"OBJECTID":1},"geometry":{"x":106.7,"y":10.78}}]}"#;
    assert!(reasons(&import(esri, "facilities", BANK).unwrap())[0].contains("f=geojson"));
}

#[test]
fn shapes_of_one_null_heights_and_foreign_members_are_read() {
    let at = "[106.7,10.78]";
    for (shape, kind) in [
        (r#"{"type":"Point","coordinates":[106.7,10.78,null]}"#.to_owned(), "Point"),
        (
            r#"{"type":"Point","coordinates":[106.7,10.78,"12 m",4],"bbox":[1,2,3,4],"meta":{"a":[]}}"#
                .to_owned(),
            "Point",
        ),
        (format!(r#"{{"type":"GeometryCollection","geometries":[{HERE}]}}"#), "Point"),
        (
            format!(
                r#"{{"type":"GeometryCollection","geometries":[{{"type":"GeometryCollection","geometries":[{HERE},null]}}]}}"#
            ),
            "Point",
        ),
        (format!(r#"{{"type":"GeometryCollection","geometries":[{HERE},{HERE}]}}"#), "MultiPoint"),
        (
            format!(
                r#"{{"type":"GeometryCollection","geometries":[{HERE},{{"type":"Polygon","coordinates":[]}}]}}"#
            ),
            "Point",
        ),
        (format!(r#"{{"type":"MultiPoint","coordinates":[{at}]}}"#), "MultiPoint"),
    ] {
        let read = import(document(&[feature(1, &shape)], ""), "facilities", BANK).unwrap();
        let found = match read.features.first().and_then(|f| f.geometry.as_ref()) {
            Some(Geometry::Point(_)) => "Point",
            Some(Geometry::MultiPoint(_)) => "MultiPoint",
            other => panic!("{shape}: {other:?} {:?}", reasons(&read)),
        };
        assert_eq!(found, kind, "{shape}");
    }
    let foreign = format!(
        r#"{{"type":"Feature","id":"x","links":[],"time":null,"title":"t","properties":{{"kind":"bank"}},"geometry":{HERE}}}"#
    );
    assert_eq!(import(document(&[foreign], ""), "facilities", "").unwrap().features[0].source_id, "x");
    let mixed = format!(
        r#"{{"type":"GeometryCollection","geometries":[{HERE},{{"type":"LineString","coordinates":[{at},[106.8,10.8]]}}]}}"#
    );
    let read = import(document(&[feature(1, &mixed)], ""), "traffic", "set = { kind = 'road' }").unwrap();
    assert!(reasons(&read)[0].contains("must be of shape"), "{:?}", reasons(&read));
}

#[test]
fn ids_that_rows_share_are_seen_before_a_row_is_lost() {
    let rows = |ids: &dyn Fn(u32) -> u32| {
        (0..100).fold("id,lon,lat,name_vi\n".to_owned(), |text, i| {
            text + &format!("{},106.7,10.78,Nhà {i}\n", ids(i))
        })
    };
    // Named by the user: the file is refused and says how many.
    let said = refused(rows(&|i| i / 10), "facilities", &format!("id = 'id'\n{PARKING}"));
    assert!(
        said.contains(
            "the ids in \"id\" do not tell rows apart: 90 of 100 repeat one, first row 3 that of row 2"
        ),
        "{said}"
    );
    // Guessed: another way is taken, and told.
    let read = import(rows(&|i| i / 10), "facilities", PARKING).unwrap();
    assert_eq!((read.features.len(), read.findings.ids_are_hashes), (100, true));
    assert!(read.findings.notes.join("\n").contains("the values of \"id\" do not tell rows apart"));
    // A slip costs its row.
    let read = import(rows(&|i| if i == 7 { 3 } else { i }), "facilities", PARKING).unwrap();
    assert_eq!((read.features.len(), &*reasons(&read)[0]), (99, "9 3: has the same source id as row 5"));
    let features: Vec<String> = (0..100).map(|i| feature(i % 20, HERE)).collect();
    assert!(
        refused(document(&features, ""), "facilities", PARKING)
            .contains("the features' own ids do not tell rows apart")
    );
}
