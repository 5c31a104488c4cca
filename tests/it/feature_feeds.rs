//! Feeds of alerts and traffic: in force or not by the clock alone, told anew when revised, page by page.

use diaban::clock::Clock;
use diaban_core::domain::Instant;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::feeds::items;
use crate::harness::{Server, after};

const MINUTE: i64 = 60_000;

fn alert(id: &str, headline: &str, from: i64, to: i64) -> Value {
    json!({
        "source_id": id,
        "geometry": { "type": "Polygon", "coordinates": [[[106.6, 10.7], [106.8, 10.7], [106.8, 10.9], [106.6, 10.7]]] },
        "wards": ["2025-07-01.26740"],
        "properties": {
            "severity": "severe", "headline_vi": headline, "headline_en": "Heavy rain", "text_vi": "Ở yên <trong nhà>.",
            "sender": "Đài Khí tượng Thủy văn", "onset": after(from).to_string(), "expires": after(to).to_string(),
        },
    })
}

fn titles(server: &Server, path: &str) -> Vec<String> {
    items(&server.get(path)).iter().map(|i| i["title"].as_str().unwrap().to_owned()).collect()
}

fn advance(server: &Server, ms: i64) {
    server.clock.set(Instant::from_ms(server.clock.now().ms() + ms));
}

#[test]
fn the_documents() {
    let server = Server::start();
    server.features("alerts", "bulletin", &[alert("a", "Mưa lớn", 0, MINUTE)], &[]);
    let number = items(&server.get("/feeds/alerts.json"))[0]["_diaban"]["feature"].to_string();
    let same = |path: &str| server.get(path).text().replace(&number, "(id)");
    assert_snapshot!("alerts_atom", same("/feeds/alerts.atom").replace("><", ">\n<"));
    let json = |path: &str| serde_json::from_str::<Value>(&same(path).replace("(id)", "1")).unwrap();
    assert_json_snapshot!("alerts_json", json("/feeds/alerts.json"));
    assert_json_snapshot!("ward_alerts_geojson", json("/feeds/wards/26740/alerts.geojson"));
}

#[test]
fn an_alert_comes_and_goes_with_the_clock_alone() {
    let server = Server::start();
    let feeds =
        ["/feeds/alerts.json", "/feeds/wards/26740/alerts.json", "/feeds/alerts.json?severity=severe"];
    server.features("alerts", "bulletin", &[alert("a", "Mưa lớn", MINUTE, 2 * MINUTE)], &[]);
    let seen = || feeds.map(|f| titles(&server, f).len());
    let dates = |d: &str| {
        let first = server.get(d);
        let tag = first.header("etag").to_owned();
        let known = server.get_with(d, &[("If-None-Match", &tag)]).status;
        assert_eq!(known, 304);
        (tag, first.header("last-modified").to_owned())
    };
    assert_eq!(seen(), [0; 3]);
    let before = dates(feeds[0]);
    advance(&server, MINUTE - 1);
    assert_eq!(seen(), [0; 3], "a millisecond before its onset");
    advance(&server, 1);
    assert_eq!(seen(), [1; 3]);
    assert_eq!(titles(&server, feeds[0]), ["Nghiêm trọng / Severe: Mưa lớn / Heavy rain"]);
    assert_eq!(
        items(&server.get(feeds[0]))[0]["date_modified"],
        after(MINUTE).to_string(),
        "told when it began"
    );
    advance(&server, 1_000);
    let during = dates(feeds[0]);
    advance(&server, MINUTE - 1_000);
    assert_eq!(seen(), [0; 3], "gone at its expiry");
    advance(&server, 1_000);
    let late = dates(feeds[0]);
    assert!(before != during && during != late && before.1 != during.1 && during.1 != late.1);
    // A reader that knows dates only notices both.
    for date in [&before.1, &during.1] {
        assert_eq!(server.get_with(feeds[0], &[("If-Modified-Since", date)]).status, 200);
    }
    assert_eq!(server.get_with(feeds[0], &[("If-Modified-Since", &late.1)]).status, 304);
    // Other wards hear nothing of it, other times can be asked for.
    assert_eq!(titles(&server, "/feeds/wards/26743/alerts.json").len(), 0);
    assert_eq!(titles(&server, "/feeds/alerts.json?active=false").len(), 1);
}

#[test]
fn a_cancelled_alert_is_noticed_by_date_too() {
    let server = Server::start();
    server.features("alerts", "bulletin", &[alert("a", "Mưa lớn", 0, 9 * MINUTE)], &[]);
    advance(&server, MINUTE);
    let date = server.get("/feeds/alerts.atom").header("last-modified").to_owned();
    let since = || server.get_with("/feeds/alerts.atom", &[("If-Modified-Since", &date)]).status;
    assert_eq!(since(), 304);
    server.features("alerts", "bulletin", &[], &["a"]);
    advance(&server, 2_000);
    assert_eq!(since(), 200);
    assert_eq!(titles(&server, "/feeds/alerts.json").len(), 0);
}

#[test]
fn pages_lose_nothing_when_an_alert_is_revised_meanwhile() {
    let server = Server::start();
    let all: Vec<Value> = (0..5).map(|i| alert(&i.to_string(), &format!("số {i}"), 0, MINUTE)).collect();
    server.features("alerts", "bulletin", &all, &[]);
    let first = server.get("/feeds/alerts.json?limit=2").json();
    let mut known: Vec<Value> = first["items"].as_array().unwrap().clone();
    let mut next = first["next_url"].as_str().map(str::to_owned);
    advance(&server, 1_000);
    let last = all
        .iter()
        .find(|a| {
            !known.iter().any(|k| {
                k["title"].as_str().unwrap().contains(a["properties"]["headline_vi"].as_str().unwrap())
            })
        })
        .unwrap();
    let mut revised = last.clone();
    revised["properties"]["text_vi"] = "Đã sửa.".into();
    server.features("alerts", "bulletin", &[revised], &[]);
    while let Some(url) = next {
        let page = server.get(url.strip_prefix("https://map.test").unwrap()).json();
        known.extend(page["items"].as_array().unwrap().iter().cloned());
        next = page["next_url"].as_str().map(str::to_owned);
    }
    // What was revised rose to the top: the next reading meets it first.
    let top = items(&server.get("/feeds/alerts.json?limit=1"));
    assert_eq!(top[0]["_diaban"]["revision"], 2);
    known.extend(top);
    let mut ids: Vec<&str> = known.iter().map(|i| i["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 5, "none lost, none doubled");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[test]
fn what_is_no_feed_or_no_parameter_is_said() {
    let server = Server::start();
    server.get("/feeds/facilities.atom").problem(404);
    server.get("/feeds/wards/26740/facilities.atom").problem(404);
    server.get("/feeds/wards/26740/reports.atom").problem(404);
    assert_eq!(server.get("/feeds/traffic.json").status, 200);
    assert_eq!(server.get("/feeds/alerts.json?severty=severe").problem(400), ["severty"]);
    assert_eq!(server.get("/feeds/alerts.json?severity=bad").problem(400), ["severity"]);
    assert_eq!(server.get("/feeds/alerts.json?cursor=x").problem(400), ["cursor"]);
    assert_eq!(server.get("/feeds/alerts.json?limit=x").problem(400), ["limit"]);
    assert_eq!(server.get("/feeds/wards/26740/alerts.json?ward=26743").problem(400), ["ward"]);
}
