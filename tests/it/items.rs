//! The same query gives the same rows in every format, page by page and as a stream.

use std::io::Read as _;
use std::time::Duration;

use serde_json::Value;

use diaban::clock::Clock;

use crate::harness::{CENTRE, Server, agent_within, get};

const ITEMS: &str = "/collections/reports/items";

/// Thirty reports: three categories, in a row to the east, one a minute.
fn filled() -> Server {
    let server = Server::start();
    for i in 0..30_i64 {
        let t = diaban_core::domain::Instant::parse(crate::harness::NOW).unwrap();
        server.clock.set(diaban_core::domain::Instant::from_ms(t.ms() + i * 60_000));
        let category = ["pothole", "road_sign", "admin_procedure"][i as usize % 3];
        let place = (i % 3 != 2).then_some((CENTRE.0 + i as f64 * 0.000_5, CENTRE.1));
        server.report(category, place);
    }
    // Those without a place are of a category whose times are public by the hour.
    let now = server.clock.now();
    server.end_hour();
    server.until("all are counted", || server.matched("") == 30);
    server.clock.set(now);
    server
}

fn ids(page: &Value) -> Vec<u64> {
    page["features"].as_array().unwrap().iter().map(|f| f["id"].as_u64().unwrap()).collect()
}

#[test]
fn pages_hold_every_row_once_newest_first_and_none_is_empty() {
    let server = filled();
    let mut all = Vec::new();
    let mut next = format!("{ITEMS}?limit=10");
    loop {
        let answer = server.get(&next);
        let page = answer.json();
        assert_eq!(page["numberMatched"], 30);
        assert!(!ids(&page).is_empty());
        all.extend(ids(&page));
        let link = page["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next").cloned();
        let Some(link) = link else { break };
        let href = link["href"].as_str().unwrap();
        assert_eq!(answer.header("link"), format!("<{href}>; rel=\"next\""));
        next = href.strip_prefix("https://map.test").unwrap().to_owned();
    }
    let whole = ids(&server.get(&format!("{ITEMS}?limit=1000")).json());
    assert_eq!(all, whole);
    assert_eq!(all.len(), 30);
    let times: Vec<String> = server.get(&format!("{ITEMS}?limit=1000")).json()["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["properties"]["created_at"].as_str().unwrap().to_owned())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
}

#[test]
fn writes_between_pages_neither_repeat_nor_hide_a_row_and_are_found_at_once() {
    let server = filled();
    let filter: String = form_urlencoded::byte_serialize(
        b"category = 'pothole' OR S_INTERSECTS(geometry, LINESTRING(106.4 10.4,107.2 11.2)) OR votes > 3",
    )
    .collect();
    let query = format!("{ITEMS}?filter={filter}&limit=3");
    let before = ids(&server.get(&format!("{query}0")).json());
    assert_eq!(before.len(), 10);
    let mut seen = Vec::new();
    let mut next = query.clone();
    loop {
        let page = server.get(&next).json();
        seen.extend(ids(&page));
        // Who has just reported finds it, whether or not the map has it already.
        let id = server.report("pothole", Some(CENTRE))["id"].as_u64().unwrap();
        server.report("road_sign", Some(CENTRE));
        assert_eq!(ids(&server.get(&query).json())[0], id);
        let link = page["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next").cloned();
        let Some(link) = link else { break };
        next = link["href"].as_str().unwrap().strip_prefix("https://map.test").unwrap().to_owned();
    }
    assert_eq!(seen, before);
}

#[test]
fn every_format_gives_the_same_rows() {
    let server = filled();
    for query in
        ["", "category=pothole", "bbox=106.6,10.7,106.705,10.8", "status=open&category=pothole,manhole"]
    {
        let rows = ids(&server.get(&format!("{ITEMS}?limit=1000&{query}")).json());
        assert_eq!(rows.len() as u64, server.matched(query), "{query}");
        let sequence = server.get(&format!("{ITEMS}?f=geojsonseq&{query}"));
        assert_eq!(sequence.header("content-type"), "application/geo+json-seq");
        let text = sequence.text();
        let streamed: Vec<u64> = text
            .split('\u{1e}')
            .skip(1)
            .map(|r| serde_json::from_str::<Value>(r).unwrap()["id"].as_u64().unwrap())
            .collect();
        assert_eq!(streamed, rows, "{query}");
        let table = server.get_with(&format!("{ITEMS}?{query}"), &[("Accept", "text/csv")]);
        assert!(table.header("content-type").starts_with("text/csv"));
        let mut reader = csv::Reader::from_reader(&table.body[..]);
        let column = reader.headers().unwrap().iter().position(|h| h == "id").unwrap();
        let listed: Vec<u64> = reader.records().map(|r| r.unwrap()[column].parse().unwrap()).collect();
        assert_eq!(listed, rows, "{query}");
    }
}

#[test]
fn filters_choose_what_they_say() {
    let server = filled();
    assert_eq!(server.matched("category=pothole"), 10);
    assert_eq!(server.matched("category=pothole,admin_procedure"), 20);
    assert_eq!(server.matched("status=closed"), 0);
    assert_eq!(server.matched("state=received"), 30);
    assert_eq!(server.matched("datetime=2026-11-25T01:35:00Z/.."), 16);
    assert_eq!(
        server.matched("datetime=../2026-11-25T01:34:59.999Z"),
        14,
        "those without a place are told by the hour"
    );
    assert_eq!(server.matched("updated=2026-11-25"), 30);
    // A report without a place is in no box, not even in that of the whole world.
    assert_eq!(server.matched("bbox=-180,-90,180,90"), 20);
    assert_eq!(server.matched("bbox=170,-90,-170,90"), 0);
}

#[test]
fn wrong_parameters_are_named() {
    let server = Server::start();
    let named = |query: &str| server.get(&format!("{ITEMS}?{query}")).problem(400);
    assert_eq!(named("limit=abc"), ["limit"]);
    assert_eq!(named("statsu=open"), ["statsu"]);
    assert_eq!(named("bbox=1,2,3&datetime=then"), ["bbox", "datetime"]);
    assert_eq!(named("cursor=77"), ["cursor"]);
    assert_eq!(named("f=xml"), ["f"]);
    assert_eq!(named("ward=99999"), ["ward"]);
    assert_eq!(server.get(&format!("{ITEMS}?_=1&utm_source=x")).status, 200);
    server.get_with(ITEMS, &[("Accept", "application/x-no-such-type")]).problem(406);
    server.get(&format!("{ITEMS}/1")).problem(404);
    server.get(&format!("{ITEMS}/99999999999999999999")).problem(404);
    server.get(&format!("{ITEMS}/abc")).problem(404);
}

#[test]
fn wards_are_listed_with_closed_rings_and_found_by_code() {
    let server = Server::start();
    let page = server.get("/collections/wards/items?limit=1000").json();
    assert_eq!(page["numberMatched"], 168);
    assert_eq!(page["numberReturned"], 168);
    let first = &page["features"][0];
    let one = server.get(&format!("/collections/wards/items/{}", first["id"].as_str().unwrap())).json();
    assert_eq!(one["geometry"], first["geometry"]);
    let by_code =
        server.get(&format!("/collections/wards/items/{}", first["properties"]["code"].as_str().unwrap()));
    assert_eq!(by_code.json()["id"], first["id"]);
    server.get("/collections/wards/items/00000").problem(404);
}

#[test]
fn many_exports_at_once_all_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 8_000);
    let whole = server.get(&format!("{ITEMS}?f=csv")).body;
    // More of them than there are connections to the database, each read ahead by its encoder.
    // That all end is what counts, not how soon: other tests run beside this one.
    let patient = agent_within(Duration::from_secs(120));
    let export = || {
        let answer = loop {
            let answer =
                get(&patient, &server.base, &format!("{ITEMS}?f=csv"), &[("Accept-Encoding", "gzip")]);
            // On a slow machine this is a flood, and exports are the first to go.
            if answer.status != 503 {
                break answer;
            }
        };
        assert_eq!((answer.status, answer.header("content-encoding")), (200, "gzip"));
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut text).unwrap();
        text == whole
    };
    // Lists take turns with them, and wait for connections in their turns.
    let lists = || (0..100).all(|_| matches!(server.get(&format!("{ITEMS}?limit=100")).status, 200 | 503));
    let all: Vec<bool> = std::thread::scope(|scope| {
        let exports: Vec<_> = (0..12).map(|_| scope.spawn(|| (0..3).all(|_| export()))).collect();
        let lists: Vec<_> = (0..6).map(|_| scope.spawn(lists)).collect();
        exports.into_iter().chain(lists).map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(all, [true; 18]);
}
