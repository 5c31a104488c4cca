//! A clock that jumps: what is recorded meanwhile, what is told afterwards, and who is told of it.

use diaban_core::domain::Instant;

use crate::feeds::items;
use crate::harness::{CENTRE, NOW, Server};

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

#[test]
fn the_date_of_answers_goes_with_the_clock() {
    let server = Server::start();
    let date = |path: &str| server.get(path).header("date").to_owned();
    for path in
        ["/healthz", "/readyz", "/collections/reports/items", "/no-such-thing", "/tiles/incidents/0/0/0.mvt"]
    {
        assert_eq!(date(path), "Wed, 25 Nov 2026 01:30:00 GMT", "{path}");
    }
    for (moment, says) in [
        ("2026-11-25T02:30:00Z", "Wed, 25 Nov 2026 02:30:00 GMT"),
        ("2026-11-24T23:30:00Z", "Tue, 24 Nov 2026 23:30:00 GMT"),
        ("1970-01-01T00:00:07Z", "Thu, 01 Jan 1970 00:00:07 GMT"),
        ("2100-06-01T00:00:00Z", "Tue, 01 Jun 2100 00:00:00 GMT"),
        (NOW, "Wed, 25 Nov 2026 01:30:00 GMT"),
    ] {
        server.clock.set(at(moment));
        assert_eq!(date("/healthz"), says);
    }
}

/// The feed's dates and ids, newest first.
fn told(server: &Server, path: &str) -> Vec<(String, String)> {
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    items(&server.get(path)).iter().map(|i| (text(&i["date_modified"]), text(&i["id"]))).collect()
}

#[test]
fn a_write_in_2100_does_not_pin_the_feeds() {
    // What was wrong, and what was recorded before it.
    for (wrong, before) in [
        ("2100-01-01T00:00:00Z", true),
        ("2100-01-01T00:00:00Z", false),
        ("2027-01-15T00:00:00Z", true),
        ("2262-01-01T00:00:00Z", true),
    ] {
        let server = Server::start();
        if before {
            server.report("road_sign", Some(CENTRE));
        }
        server.clock.set(at(wrong));
        for _ in 0..3 {
            server.report("road_sign", Some(CENTRE));
        }
        server.clock.set(at("2026-11-25T01:40:00Z"));
        let new = server.report("road_sign", Some(CENTRE))["id"].as_u64().unwrap();
        let all = 4 + u64::from(before);
        server.until("the map has them", || server.matched("") == all);
        for path in ["/feeds/reports.json", "/feeds/reports/changes.json"] {
            if server.get(path).status == 404 {
                continue;
            }
            server.until("the feed is at the present", || {
                told(&server, path).iter().all(|(date, _)| date.starts_with("2026-11-25T"))
            });
            let news = told(&server, path);
            assert_eq!(news.len() as u64, all, "{path}");
            assert!(news[0].1.contains(&new.to_string()), "{wrong} {path}: the newest comes first: {news:?}");
            assert!(news.is_sorted_by(|a, b| a.0 >= b.0), "{news:?}");
        }
        // And so it goes on.
        server.clock.set(at("2026-11-25T01:50:00Z"));
        server.report("road_sign", Some(CENTRE));
        server.until("one more", || told(&server, "/feeds/reports.json").len() as u64 == all + 1);
        assert!(told(&server, "/feeds/reports.json")[0].0.starts_with("2026-11-25T01:50"), "{wrong}");
    }
}

#[test]
fn a_clock_that_is_behind_does_not_move_what_happened() {
    let server = Server::start();
    for minute in ["10", "20", "30"] {
        server.clock.set(at(&format!("2026-11-25T01:{minute}:00Z")));
        server.report("road_sign", Some(CENTRE));
    }
    let before = told(&server, "/feeds/reports.json");
    for wrong in
        ["1970-01-01T00:00:00Z", "2026-11-25T00:10:00Z", "2026-11-24T02:00:00Z", "2025-12-01T00:00:00Z"]
    {
        server.clock.set(at(wrong));
        server.report("road_sign", Some(CENTRE));
    }
    server.until("all are told", || told(&server, "/feeds/reports.json").len() == 7);
    let after = told(&server, "/feeds/reports.json");
    // Whoever stops at what he knows has read everything, and nothing that he knows has moved.
    assert_eq!(after[4..], before);
    assert!(after.iter().all(|(date, _)| date.starts_with("2026-11-25T01:")), "{after:?}");
}

#[test]
fn steps_of_more_than_a_minute_are_flagged_and_counted() {
    let server = Server::start();
    let ready = || server.get("/readyz").json();
    let metric = |name: &str| {
        let text = server.get("/metrics").text();
        let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!((ready()["clock"].as_str(), ready()["clock_steps"].as_u64()), (Some("steady"), Some(0)));
    let mut now = at(NOW).ms();
    for (n, step_s) in [(1, 3_600), (2, -3_600), (3, 61 + 5), (4, -100_000_000)] {
        now += step_s * 1_000;
        server.clock.set(Instant::from_ms(now));
        server.until("it is counted", || ready()["clock_steps"].as_u64() == Some(n));
        assert_eq!(ready()["clock"], "stepped");
        assert!((metric("diaban_clock_steps ") - n as f64).abs() < 0.5);
        let last = metric("diaban_clock_last_step_seconds ");
        assert!((last - step_s as f64).abs() < 20.0, "{last} for {step_s}");
    }
}
