//! Programs that poll `/events` miss nothing and get nothing twice, and learn no more than they may.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use diaban_core::domain::Precision;
use serde_json::{Value, json};

use crate::feeds::{done, items};
use crate::harness::{CENTRE, Server};
use crate::hour::category;
use crate::kept::pack;
use crate::office::{Caller, ITEMS, NEIGHBOUR, made};
use crate::receiver::Receiver;
use crate::test_database::store_url;

/// A page of events.
pub(crate) fn page(caller: &Caller, query: &str) -> Value {
    let answer = caller.get(&format!("/events{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "private, no-store");
    answer.json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

/// All events after a cursor, and the last cursor.
pub(crate) fn read(caller: &Caller, since: &str, limit: u32) -> (Vec<Value>, String) {
    let (mut events, mut next) = (Vec::new(), since.to_owned());
    loop {
        let page = page(caller, &format!("?since={next}&limit={limit}"));
        let more = page["events"].as_array().unwrap();
        assert!(more.len() <= limit as usize);
        events.extend(more.iter().cloned());
        text(&page, "next").clone_into(&mut next);
        if page["more"] == false {
            return (events, next);
        }
    }
}

pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| text(event, "type")).collect()
}

#[test]
fn who_polls_from_the_last_cursor_misses_nothing_and_gets_nothing_twice() {
    let server = Server::start();
    let reader = Caller::new(&server, &["--scope", "read"]);
    // Nothing has happened yet; from there on all is told.
    let start = page(&reader, "");
    assert_eq!((&start["events"], &start["more"]), (&json!([]), &json!(false)));
    let start = text(&start, "next").to_owned();
    let blurred = category(Precision::Grid150m);
    let (mut told, mut next, ended) = (Vec::new(), start.clone(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let server = &server;
                scope.spawn(move || {
                    for i in 0..25 {
                        server.report(if (i + writer) % 5 == 0 { blurred } else { "pothole" }, Some(CENTRE));
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            writers.into_iter().for_each(|w| w.join().unwrap());
            ended.store(true, Ordering::SeqCst);
        });
        loop {
            let last = ended.load(Ordering::SeqCst);
            let (events, cursor) = read(&reader, &next, 3);
            told.extend(events);
            next = cursor;
            if last {
                break;
            }
        }
    });
    assert_eq!(told.len(), 80, "what is blurred waits for the end of its hour");
    // The same again from where the last page ended: nothing.
    assert_eq!(read(&reader, &next, 10), (Vec::new(), next.clone()));
    server.end_hour();
    server.until("the hour is over", || {
        let (events, cursor) = read(&reader, &next, 100);
        told.extend(events);
        next = cursor;
        told.len() >= 100
    });
    assert_eq!(told.len(), 100);
    let ids: BTreeSet<&str> = told.iter().map(|event| text(&event["data"], "id")).collect();
    assert_eq!(ids.len(), 100, "none came twice");
    // In one go it is the same, and the same as the feed of changes tells, in the other direction.
    assert_eq!(read(&reader, &start, 1_000), (told.clone(), next));
    let link = done(&server, &["keys", "feed", "Tất cả", "--query", "status=open"]);
    let key = crate::keys::token(&link);
    let feed = format!("/feeds/k/{key}/changes.json?limit=1000");
    server.until("the link is known", || server.get(&feed).status == 200);
    let mut feed = items(&server.get(&feed));
    feed.reverse();
    let data: Vec<Value> = told.iter().map(|event| event["data"].clone()).collect();
    assert_eq!(data, feed);
    assert!(types(&told).iter().all(|kind| *kind == "report.received"));
    // Cursors are no numbers of events.
    let cursors: Vec<&str> = told.iter().map(|event| text(event, "cursor")).collect();
    assert!(cursors.iter().all(|c| c.ends_with(".1")), "{cursors:?}");
    assert_eq!(read(&reader, cursors[59], 1_000).0, told[60..]);
}

#[test]
fn an_office_is_told_what_is_its_own() {
    let server = Server::start();
    let reader = Caller::new(&server, &["--scope", "read"]);
    let start = text(&page(&reader, ""), "next").to_owned();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    let other = Caller::of(&server, NEIGHBOUR);
    let operator = Caller::new(&server, &["--scope", "operate"]);
    let body = server.get(&format!("{ITEMS}/{id}")).json()["properties"]["body"].as_str().unwrap().to_owned();
    let of_body = Caller::new(&server, &["--scope", "work", "--body", &body]);
    let another = if body == "water" { "lighting" } else { "water" };
    let of_other_body = Caller::new(&server, &["--scope", "work", "--body", another]);
    let told = |caller: &Caller| {
        let (events, next) = read(caller, &start, 1);
        // Also who is told nothing gets on.
        assert_eq!(read(caller, &next, 1).0, Vec::<Value>::new());
        types(&events).into_iter().map(|t| t.trim_start_matches("report.").to_owned()).collect::<Vec<_>>()
    };
    let step = json!({ "state": "in_progress", "note": "Đang làm", "internal_note": "gọi chị Hoa" });
    assert_eq!(own.set(id, &step).status, 200);
    assert_eq!(own.set(id, &json!({ "internal_note": "chị Hoa biết" })).status, 200);
    assert_eq!(told(&own), ["received", "state"]);
    assert_eq!(told(&of_body), ["received", "state"]);
    assert_eq!([told(&other), told(&of_other_body)], [Vec::<String>::new(), Vec::new()]);
    // It leaves: both are told of it. What was before stays with who had it, what comes is the other's.
    let gone = own.send(id, "transfers", &json!({ "body": another }), &[]);
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(operator.set(id, &json!({ "level": "urgent" })).status, 200);
    assert_eq!(told(&of_body), ["received", "state", "transfer"]);
    assert_eq!(told(&of_other_body), ["transfer", "level"]);
    for caller in [&reader, &operator] {
        assert_eq!(told(caller), ["received", "state", "transfer", "level"]);
    }
    let all = page(&own, &format!("?since={start}"));
    assert!(!all.to_string().contains("Hoa"), "what is internal is told nobody");
    done(&server, &["report", "hide", &id.to_string()]);
    assert_eq!(told(&reader), ["deleted", "deleted", "deleted", "deleted", "hidden"]);
    let all = page(&reader, &format!("?since={start}"));
    assert!(!all.to_string().contains("Nắp cống"), "{all}");
}

#[test]
fn what_is_no_cursor_is_refused_by_name() {
    let server = Server::start();
    let reader = Caller::new(&server, &["--scope", "read"]);
    // Of a report that waits for its hour nobody knows.
    let waiting = server.report(category(Precision::Grid150m), Some(CENTRE))["id"].as_u64().unwrap();
    let (id, _) = made(&server, "pothole");
    for since in
        ["", "1", "x", "1.1", "-1.1", "1.", &format!("{id}.2"), &format!("{waiting}.1"), &"9".repeat(99)]
    {
        let refused = reader.get(&format!("/events?since={since}"));
        assert_eq!(refused.problem(400), ["since"], "{since}");
    }
    assert_eq!(reader.get("/events?since=0.0&since=0.0").problem(400), ["since"]);
    assert_eq!(reader.get("/events?limit=0").problem(400), ["limit"]);
    assert_eq!(reader.get("/events?cursor=0.0").problem(400), ["cursor"]);
    assert_eq!(page(&reader, "?since=0.0")["events"][0]["cursor"], format!("{id}.1"));
    server.get("/events").problem(401);
}

#[test]
fn nothing_is_missed_where_a_category_became_stricter() {
    let folder = tempfile::tempdir().unwrap();
    let address = store_url(folder.path());
    let start = |data: Option<&Path>| {
        Server::start_set(|config| {
            address.clone_into(&mut config.store);
            config.data = data.map(Path::to_path_buf);
            config.webhooks.allow_private = true;
        })
    };
    let server = start(None);
    let file = folder.path().join("diaban.toml");
    std::fs::write(&file, "[webhooks]\nallow_private = true\n").unwrap();
    let receiver = Receiver::start();
    done(&server, &["webhooks", "add", &receiver.url(), "--config", file.to_str().unwrap()]);
    let stays = made(&server, "road_sign").0;
    let moves: Vec<u64> = (0..3).map(|_| made(&server, "pothole").0).collect();
    server.until("all are told", || receiver.got().len() == 4);
    drop(server);
    // Their events give up their places, and what happens next gets these.
    let stricter = pack(folder.path(), |code, was| if code == "pothole" { Precision::Grid20m } else { was });
    let server = start(Some(&stricter));
    let later: Vec<u64> = (0..4).map(|_| made(&server, "road_sign").0).collect();
    server.until("all are told", || receiver.got().len() == 8);
    let told: Vec<String> = receiver.got()[4..].iter().map(|got| got.id.clone()).collect();
    assert_eq!(told, later.iter().map(|id| format!("evt_{id}_1")).collect::<Vec<_>>());
    let reader = Caller::new(&server, &["--scope", "read"]);
    let (events, _) = read(&reader, &format!("{stays}.1"), 2);
    let cursors: Vec<&str> = events.iter().map(|event| text(event, "cursor")).collect();
    assert_eq!(cursors, later.iter().map(|id| format!("{id}.1")).collect::<Vec<_>>());
    // A cursor that has no place any more is refused aloud.
    for id in moves {
        assert_eq!(reader.get(&format!("/events?since={id}.1")).problem(400), ["since"]);
    }
}
