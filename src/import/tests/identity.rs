//! How rows are known again: by ids, or by hashes of their content.

use super::*;
use diaban_core::format::feature::content_hash;

#[test]
fn content_is_told_by_its_hash_and_rows_without_ids_by_theirs() {
    let of = |name: &str, lon: &str| {
        let text = format!("name_vi,lon,lat\n{name},{lon},10.78\n{name},{lon},10.78\n");
        let read = import(text, "facilities", PARKING).unwrap();
        assert!(read.findings.ids_are_hashes && reasons(&read)[0].ends_with("is the same as row 2"));
        content_hash(collection("facilities"), &read.features[0])
    };
    assert_eq!(of("A", "106.7"), of("A", "106.70000001"));
    assert_ne!(of("A", "106.7"), of("B", "106.7"));
    assert_ne!(of("A", "106.7"), of("A", "106.7000002"));
}

/// What is stored is known again by these: a release that changes them takes every row for a new one.
#[test]
fn ids_that_are_hashes_of_the_content_stay_for_ever() {
    let ids = |text: &str, profile: &str| -> Vec<String> {
        let read = import(text, "facilities", profile).unwrap();
        assert!(read.rejected.is_empty(), "{:?}", reasons(&read));
        read.features.into_iter().map(|f| f.source_id).collect()
    };
    let ids_of = |text: &str, profile: &str| -> Vec<String> {
        reports(text, profile).unwrap().into_iter().map(|r| r.source_id).collect()
    };
    let table = "name_vi,lon,lat\nA,106.7,10.78\n";
    assert_eq!(ids(table, PARKING), ["hae6936cee45ed13e5f12490c49d8e4a5"]);
    let swapped = "swap_axes = true\nset = { kind = 'parking' }";
    assert_eq!(ids("name_vi,lon,lat\nA,10.78,106.7\n", swapped), ["hc79cd294613fb12156eceff9ff2cd338"]);
    assert_eq!(ids("name_vi,box\nA,POINT(106.7 10.78)\n", PARKING), ["hae6936cee45ed13e5f12490c49d8e4a5"]);
    let shape = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"lat":1,"a":{{"b":[1,2]}}}},"geometry":{HERE}}}]}}"#
    );
    assert_eq!(ids(&shape, PARKING), ["hb4b0187fc0bc21ccbcb1028e6d7bd0fe"]);
    let report = "created_at,title,lon,lat\n2025-01-02,'=A,106.7,10.78\n2025-01-02,B,,\n";
    assert_eq!(
        ids_of(report, "guarded = true"),
        ["h6fb85852dae55a41ed55fb6a8b500367", "h071bac241918e87fbb8929b345abc841"]
    );
    let records = r#"[{"created_at":"2025-01-02","LAT":"10.78","LONG":106.7},{"created_at":"2025-01-03","x":10.78,"y":106.7}]"#;
    assert_eq!(
        ids_of(records, ""),
        ["hd8902ce53645b3d4b2d2761f6f5fa02c", "h2150606558817ca2262916803da8f466"]
    );
    assert_eq!(
        ids_of(r#"[{"created_at":"2025-01-03","x":10.78,"y":106.7}]"#, "swap_axes = true"),
        ["h2150606558817ca2262916803da8f466"]
    );
}
