//! Declared collections: what an import writes is listed, found, filtered, exported, and gone again.

use serde_json::{Value, json};

use crate::harness::Server;

fn works(id: &str, kind: &str, from: &str, to: &str) -> Value {
    json!({
        "source_id": id,
        "geometry": { "type": "LineString", "coordinates": [[106.69, 10.77], [106.71, 10.78]] },
        "wards": ["2025-07-01.26740", "2025-07-01.26743"],
        "properties": { "kind": kind, "severity": "high", "valid_from": from, "valid_to": to, "name_vi": "Đường \"Lê Lợi\"" },
    })
}

fn ids(page: &Value) -> Vec<&str> {
    page["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["properties"]["source_id"].as_str().unwrap())
        .collect()
}

#[test]
fn an_import_is_listed_filtered_and_replaced() {
    let server = Server::start();
    let list = |query: &str| server.get(&format!("/collections/traffic/items?{query}")).json();
    assert_eq!(list("")["numberMatched"], 0);
    let now = "2026-11-25T00:00:00Z";
    server.features(
        "traffic",
        "works",
        &[
            works("a", "crash", now, "2026-11-26T00:00:00Z"),
            works("b", "closure", "2026-12-01", "2026-12-02"),
        ],
        &[],
    );
    assert_eq!(ids(&list("")), ["b", "a"], "newest first");
    assert_eq!(ids(&list("active=true")), ["a"]);
    assert_eq!(ids(&list("datetime=2026-12-01")), ["b"]);
    assert_eq!(ids(&list("kind=crash")), ["a"]);
    assert_eq!(ids(&list("bbox=106.6,10.7,106.7,10.9&severity=high")), ["b", "a"]);
    assert_eq!(ids(&list("bbox=106.6,10.7,106.65,10.9")), [] as [&str; 0]);
    assert_eq!(ids(&list("ward=26740")), ["b", "a"]);
    assert_eq!(ids(&list("source=other")), [] as [&str; 0]);

    let first = &list("kind=crash")["features"][0];
    let id = first["id"].as_u64().unwrap();
    let one = server.get(&format!("/collections/traffic/items/{id}")).json();
    assert_eq!(one["properties"], first["properties"]);
    assert_eq!(one["properties"]["revision"], 1);

    // The same again changes nothing; another severity is a new revision; what is gone is gone.
    server.features("traffic", "works", &[works("a", "crash", now, "2026-11-26T00:00:00Z")], &[]);
    assert_eq!(server.get(&format!("/collections/traffic/items/{id}")).json()["properties"]["revision"], 1);
    server.features("traffic", "works", &[works("a", "flood", now, "2026-11-26T00:00:00Z")], &["b"]);
    let one = server.get(&format!("/collections/traffic/items/{id}")).json();
    assert_eq!((&one["properties"]["revision"], &one["properties"]["kind"]), (&json!(2), &json!("flood")));
    assert_eq!(ids(&list("")), ["a"]);
}

#[test]
fn pages_follow_each_other_and_streams_hold_all() {
    let server = Server::start();
    let many: Vec<Value> =
        (0..7).map(|i| works(&i.to_string(), "crash", "2026-11-25", "2026-11-26")).collect();
    server.features("traffic", "works", &many, &[]);
    let mut seen = Vec::new();
    let mut path = "/collections/traffic/items?limit=3&active=true".to_owned();
    loop {
        let page = server.get(&path).json();
        assert_eq!(page["numberMatched"], 7);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        let next = page["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next");
        let Some(next) = next else { break };
        path = next["href"].as_str().unwrap().strip_prefix("https://map.test").unwrap().to_owned();
    }
    assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"]);
    let sequence = server.get("/collections/traffic/items?f=geojsonseq").text();
    assert_eq!(sequence.matches('\u{1e}').count(), 7);
    let table = server.get("/collections/traffic/items?f=csv&limit=2").text();
    assert_eq!(table.lines().count(), 3);
    assert!(
        table.contains("LINESTRING(106.69 10.77,106.71 10.78)") && table.contains("\"Đường \"\"Lê Lợi\"\"\"")
    );
}

#[test]
fn mistakes_are_named() {
    let server = Server::start();
    for (path, status, said) in [
        ("/collections/traffic/items?knid=crash", 400, "did you mean kind?"),
        ("/collections/traffic/items?kind=crush", 400, "did you mean crash?"),
        ("/collections/traffic/items?active=maybe", 400, "true or false"),
        ("/collections/traffic/items?cursor=77", 400, "cursor"),
        ("/collections/facilities/items?active=true", 400, "not a parameter"),
        ("/collections/trafic/items", 404, "/collections lists them"),
        ("/collections/traffic/items/77", 404, "has this id"),
        ("/collections/traffic/items/x", 404, "has this id"),
        ("/collections/nothing/schema", 404, "/collections lists them"),
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.text().contains(said)),
            (status, true),
            "{path}: {}",
            answer.text()
        );
    }
    let schema = server.get("/collections/alerts/schema").json();
    assert_eq!(schema["properties"]["severity"]["oneOf"][4]["x-title-vi"], "Cực kỳ nghiêm trọng");
}

#[test]
fn kinds_of_shapes_are_offered_apart() {
    let server = Server::start();
    let spot = |id: &str| {
        json!({
            "source_id": id,
            "geometry": { "type": "Point", "coordinates": [106.7, 10.77] },
            "properties": { "kind": "hazard", "severity": "low" },
        })
    };
    let now = "2026-11-25T00:00:00Z";
    let line = works("line", "crash", now, "2026-11-26T00:00:00Z");
    server.features("traffic", "works", &[spot("p1"), line, spot("p2")], &[]);
    let list = |id: &str, query: &str| server.get(&format!("/collections/{id}/items?{query}")).json();
    assert_eq!(ids(&list("traffic", "")), ["p2", "line", "p1"]);
    assert_eq!(ids(&list("traffic-lines", "")), ["line"]);
    assert_eq!(ids(&list("traffic-points", "")), ["p2", "p1"]);
    assert_eq!(ids(&list("traffic-points", "kind=crash")), [] as [&str; 0]);
    // Pages go on under the same name, and orders hold there.
    let page = list("traffic-points", "limit=1&sortby=created");
    let next = page["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next").unwrap();
    assert!(next["href"].as_str().unwrap().contains("/collections/traffic-points/items?"), "{next}");
    assert_eq!(list("traffic-lines", "f=json")["numberMatched"], 1);
    // Each is a collection of its own to whoever asks, and described as one.
    let all = server.get("/collections").json();
    let named: Vec<&str> =
        all["collections"].as_array().unwrap().iter().filter_map(|c| c["id"].as_str()).collect();
    assert!(named.contains(&"traffic-lines") && named.contains(&"traffic-points"), "{named:?}");
    assert!(!named.contains(&"facilities-points"), "{named:?}");
    for document in ["", "/schema", "/queryables"] {
        assert_eq!(server.get(&format!("/collections/traffic-lines{document}")).status, 200, "{document}");
    }
    assert!(server.get("/api").json()["paths"]["/collections/traffic-lines/items"]["get"].is_object());
    let id = list("traffic-lines", "")["features"][0]["id"].as_u64().unwrap();
    assert_eq!(server.get(&format!("/collections/traffic-lines/items/{id}")).status, 200);
    assert_eq!(server.get(&format!("/collections/traffic-points/items/{id}")).status, 404);
    assert_eq!(server.get("/collections/traffic-areas/items").status, 404);
}
