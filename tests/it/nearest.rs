//! The nearest places, in the right order, with what is known of their hours.

use serde_json::{Value, json};

use crate::harness::Server;

fn place(id: &str, kind: &str, at: (f64, f64), hours: Option<&str>) -> Value {
    let mut properties = json!({ "kind": kind });
    if let Some(hours) = hours {
        properties["opening_hours"] = hours.into();
    }
    json!({
        "source_id": id,
        "geometry": { "type": "Point", "coordinates": [at.0, at.1] },
        "properties": properties,
    })
}

#[test]
fn places_come_nearest_first_and_say_whether_they_are_open() {
    let server = Server::start();
    // The clock stands at 08:30 on a Wednesday in the city.
    server.features(
        "facilities",
        "list",
        &[
            place("far", "hospital", (106.75, 10.8), Some("24/7")),
            place("near", "pharmacy", (106.701, 10.77), Some("07h00 - 22h00")),
            place("shut", "pharmacy", (106.7001, 10.77), Some("Mo-Fr 13:00-17:00")),
            place("unknown", "toilet", (106.702, 10.77), Some("hỏi bảo vệ")),
        ],
        &[],
    );
    let ask = |query: &str| server.get(&format!("/nearest?lon=106.7&lat=10.77&{query}"));
    let names = |query: &str| -> Vec<String> {
        let answer = ask(query);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let features = answer.json()["features"].as_array().unwrap().clone();
        features.iter().map(|f| f["properties"]["source_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["shut", "near", "unknown", "far"]);
    assert_eq!(names("limit=2"), ["shut", "near"]);
    assert_eq!(names("kind=pharmacy,hospital&open=true"), ["near", "far"]);
    assert_eq!(names("max_m=150"), ["shut", "near"]);
    let answer = ask("");
    assert_eq!(answer.header("cache-control"), "no-store");
    let of = |n: usize, name: &str| answer.json()["features"][n]["properties"][name].clone();
    assert!((of(1, "distance_m").as_f64().unwrap() - 109.4).abs() < 0.2);
    assert_eq!((of(0, "open_now"), of(0, "opens_at")), (json!(false), json!("2026-11-25T06:00:00.000Z")));
    assert_eq!((of(1, "open_now"), of(1, "closes_at")), (json!(true), json!("2026-11-25T15:00:00.000Z")));
    assert_eq!((of(2, "open_now"), of(2, "opens_at")), (Value::Null, Value::Null));
    assert_eq!((of(3, "open_now"), of(3, "closes_at")), (json!(true), Value::Null));
}

#[test]
fn mistakes_are_named() {
    let server = Server::start();
    for (query, fields) in [
        ("", &["lon", "lat"][..]),
        ("lon=106.7&lat=91", &["lat"]),
        ("lon=106.7&lat=10&limit=0&open=maybe&max_m=-1", &["max_m", "limit", "open"]),
        ("lon=106.7&lat=10&knid=toilet", &["knid"]),
        ("lon=106.7&lat=10&kind=toilte", &["kind"]),
        ("lon=106.7&lat=10&collection=facilites", &["collection"]),
        ("lon=106.7&lat=10&collection=traffic", &["collection"]),
    ] {
        assert_eq!(server.get(&format!("/nearest?{query}")).problem(400), fields, "{query}");
    }
}

#[test]
fn opening_hours_of_real_lists_are_understood() {
    let Some(data) = diaban_core::real_data::folder("opening_hours_of_real_lists_are_understood") else {
        return;
    };
    let folder = data.join("facilities");
    let mut texts = std::collections::BTreeSet::new();
    let mut lots = csv::Reader::from_path(folder.join("parking-lots-2020.csv")).unwrap();
    let names = lots.headers().unwrap().clone();
    let column = |name: &str| names.iter().position(|n| n == name).unwrap();
    let (opens, closes) = (column("opens"), column("closes"));
    for row in lots.records() {
        let row = row.unwrap();
        texts.insert(format!("{}-{}", &row[opens], &row[closes]));
    }
    let toilets = std::fs::read(folder.join("osm-hanoi-toilets.geojson")).unwrap();
    let toilets: Value = serde_json::from_slice(&toilets).unwrap();
    for f in toilets["features"].as_array().unwrap() {
        texts.extend(f["properties"]["tags"]["opening_hours"].as_str().map(str::to_owned));
    }
    let lost: Vec<&String> =
        texts.iter().filter(|t| diaban_core::domain::hours::Hours::parse(t).is_none()).collect();
    println!("{} of {} distinct values are understood", texts.len() - lost.len(), texts.len());
    assert!(texts.len() > 90 && lost.is_empty(), "{lost:?}");
}
