//! What the city promised: which clocks of a report run, who asks for those that ran out, and that all doors say the same.

use diaban::clock::{Clock as _, SystemClock};
use diaban_core::domain::Instant;
use serde_json::{Value, json};

use crate::feeds::{diaban, said};
use crate::harness::{CENTRE, Server};
use crate::office::{Caller, ITEMS, made};
use crate::tiles::counted;

const MINUTE: i64 = 60_000;

fn codes(standing: &Value, late: bool) -> Vec<&str> {
    let clocks = standing["clocks"].as_array().unwrap().iter();
    clocks.filter(|c| c["late"] == json!(late)).filter_map(|c| c["code"].as_str()).collect()
}

#[test]
fn a_promise_that_is_broken_is_found_by_every_door_and_kept_ones_are_not() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    server.until("it is on the map", || counted(&server, 12, "") == 1);
    let received = server.get(&format!("{ITEMS}/{id}")).json()["properties"]["created_at"].clone();
    let received = Instant::parse(received.as_str().unwrap()).unwrap();
    let late = |code: &str| {
        let list = server.matched(&format!("late={code}"));
        assert_eq!(server.matched(&format!("filter=late%3D%27{code}%27")), list);
        assert_eq!(server.matched(&format!("filter=NOT%20late%3D%27{code}%27")), 1 - list);
        let feed = server.get(&format!("/feeds/reports.json?late={code}")).json();
        assert_eq!(feed["items"].as_array().unwrap().len() as u64, list, "{code}");
        list
    };
    let all = ["acknowledge", "forward", "competence", "answer"];
    assert_eq!(codes(&own.look(id).json(), false), all);
    assert_eq!(all.map(late), [0; 4]);
    // What everybody asks moves every five minutes, so that links do not carry the moment.
    server.clock.set(Instant::from_ms(received.ms() + 11 * MINUTE));
    assert_eq!(codes(&own.look(id).json(), true), ["acknowledge", "forward"]);
    assert_eq!(all.map(late), [1, 1, 0, 0]);
    server.clock.set(Instant::from_ms(received.ms() + 66 * MINUTE));
    assert_eq!(all.map(late), [1, 1, 1, 0]);
    assert_eq!(server.matched("late=answer,competence"), 1);
    assert_eq!(server.matched("filter=late%20IS%20NULL"), 0);

    let forwarded = own.set(id, &json!({ "state": "forwarded" })).json();
    assert_eq!((codes(&forwarded, false), codes(&forwarded, true)), (vec!["answer"], vec![]));
    server.until("the map has heard", || counted(&server, 12, "state=forwarded") == 1);
    assert_eq!(all.map(late), [0; 4]);
    let due = forwarded["clocks"][0]["due_at"].as_str().unwrap();
    assert_eq!(server.get(&format!("{ITEMS}/{id}")).json()["properties"]["due_at"], due);
    server.clock.set(Instant::from_ms(Instant::parse(due).unwrap().ms() + 6 * MINUTE));
    assert_eq!(all.map(late), [0, 0, 0, 1]);
    assert_eq!((server.matched("overdue=true"), server.matched("filter=late%20IS%20NULL")), (1, 0));
    assert_eq!(own.look(id).json()["clocks"][0]["late"], true);
}

#[test]
fn a_report_that_shows_its_hour_only_has_the_time_from_the_end_of_that_hour() {
    let server = Server::start();
    let made = server.report("noise", Some(CENTRE));
    let id = made["id"].as_u64().unwrap();
    let own = Caller::of(&server, made["properties"]["ward"].as_str().unwrap());
    let hour = server.clock.now().ms() / 3_600_000 * 3_600_000;
    let clock = |code: &str| {
        let standing = own.look(id).json();
        let clocks = standing["clocks"].as_array().unwrap().iter();
        clocks.filter(|c| c["code"] == code).map(|c| c["due_at"].clone()).next().unwrap()
    };
    let due = Instant::from_ms(hour + 65 * MINUTE).to_string();
    assert_eq!(clock("acknowledge"), json!(due), "nobody sees it before its hour is over");
    server.clock.set(Instant::from_ms(hour + 65 * MINUTE));
    server.until("its hour is over", || counted(&server, 12, "") == 1);
    assert_eq!(server.matched("late=acknowledge"), 0);
    server.clock.set(Instant::from_ms(hour + 70 * MINUTE));
    assert_eq!(server.matched("late=acknowledge"), 1);
}

#[test]
fn a_clock_that_the_city_has_not_is_refused_and_those_it_has_are_named() {
    let server = Server::start();
    let answer = server.get(&format!("{ITEMS}?late=lunch"));
    assert_eq!(answer.problem(400), ["late"]);
    assert!(answer.text().contains("acknowledge, forward, competence, answer"), "{}", answer.text());
    let queryables = server.get("/collections/reports/queryables").json();
    let named = &queryables["properties"]["late"]["oneOf"];
    assert_eq!(named[0]["const"], "acknowledge", "{named}");
}

#[test]
fn an_answer_is_put_off_with_an_interim_reply_which_is_counted_and_told() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    server.until("it is on the map", || counted(&server, 12, "") == 1);
    let item = || server.get(&format!("{ITEMS}/{id}")).json()["properties"].clone();
    let before = Instant::parse(item()["due_at"].as_str().unwrap()).unwrap();
    let later = Instant::from_ms(before.ms() + 3 * 24 * 60 * MINUTE);
    let asked = |due: &str| json!({ "due_at": due, "note": "Đang chờ vật tư." });
    for (body, field) in [
        (json!({ "due_at": later.to_string() }), "note"),
        (asked(&before.to_string()), "due_at"),
        (asked("2020-01-01"), "due_at"),
        (asked("2099-01-01"), "due_at"),
        (json!({ "due_at": later.to_string(), "note": "x", "level": "urgent" }), "due_at"),
        (json!({ "due_at": later.to_string(), "note": "x", "state": "resolved" }), "due_at"),
    ] {
        assert_eq!(own.set(id, &body).problem(422), [field], "{body}");
    }
    assert_eq!(own.set(id, &asked("soon")).problem(422), ["due_at"]);
    assert_eq!(
        (item()["due_at"].clone(), item()["extensions"].clone()),
        (json!(before.to_string()), json!(0))
    );

    // A day means the end of work.
    let day = later.to_string()[..10].to_owned();
    let put_off = own.set(id, &asked(&day)).json();
    let clocks = put_off["clocks"].as_array().unwrap();
    let answer = clocks.iter().find(|c| c["code"] == "answer").unwrap();
    assert_eq!(answer["due_at"], format!("{day}T10:00:00.000Z"));
    server.until("the map has heard", || counted(&server, 12, "filter=extensions%3D1") == 1);
    let now = item();
    assert_eq!(
        (&now["due_at"], &now["extensions"], &now["state"]),
        (&answer["due_at"], &json!(1), &json!("received"))
    );
    let events = server.get(&format!("{ITEMS}/{id}/events")).json();
    let told = &events["events"][1];
    assert_eq!((&told["kind"], &told["note"]), (&json!("extended"), &json!("Đang chờ vật tư.")));
    assert_eq!((&told["from_due_at"], &told["due_at"]), (&json!(before.to_string()), &answer["due_at"]));
    let changes = server.get(&format!("/feeds/wards/{ward}/changes.json")).json();
    assert_eq!(changes["items"][0]["_diaban"]["event"], "extended");
    assert_eq!(changes["items"][0]["_diaban"]["due_at"], answer["due_at"]);
    let page = server.get_with(&format!("/r/{id}"), &[("Accept", "text/html")]).text();
    assert!(page.contains("Lùi hạn trả lời từ") && page.contains("Đang chờ vật tư."), "{page}");
    // It was late by the date of before, and is not by the new one.
    server.clock.set(Instant::from_ms(before.ms() + 10 * MINUTE));
    assert_eq!((server.matched("late=answer"), server.matched("overdue=false")), (0, 1));
    let resolved = own.set(id, &json!({ "state": "resolved", "note": "Đã vá." }));
    assert_eq!(resolved.status, 200, "{}", resolved.text());
    assert_eq!(own.set(id, &asked("2027-01-20")).problem(422), ["due_at"]);
}

#[test]
fn what_is_put_off_within_the_hour_everybody_learns_when_it_is_over() {
    let server = Server::start();
    let made = server.report("noise", Some(CENTRE));
    let (id, ward) = (made["id"].as_u64().unwrap(), made["properties"]["ward"].as_str().unwrap().to_owned());
    let own = Caller::of(&server, &ward);
    let hour = |n: i64| Instant::from_ms((server.clock.now().ms() / 3_600_000 + n) * 3_600_000 + 5 * MINUTE);
    server.clock.set(hour(1));
    server.until("its hour is over", || counted(&server, 12, "") == 1);
    for day in ["2026-12-28", "2026-12-29"] {
        let put_off = own.set(id, &json!({ "due_at": day, "note": "Đang kiểm tra." }));
        let clocks = put_off.json()["clocks"].clone();
        let due =
            clocks.as_array().unwrap().iter().find(|c| c["code"] == "answer").unwrap()["due_at"].clone();
        assert_eq!(due, format!("{day}T10:00:00.000Z"), "{}", put_off.text());
    }
    assert_eq!(server.matched("filter=extensions%3D0"), 1);
    server.clock.set(hour(1));
    server.until("the hour is over", || counted(&server, 12, "filter=extensions%3D2") == 1);
    let item = server.get(&format!("{ITEMS}/{id}")).json()["properties"].clone();
    assert_eq!((&item["due_at"], &item["extensions"]), (&json!("2026-12-29T10:00:00.000Z"), &json!(2)));
}

#[test]
fn the_command_line_puts_an_answer_off_as_an_office_does() {
    let server = Server::start();
    let (id, _) = made(&server, "pothole");
    let id = id.to_string();
    // Commands go by the clock of the machine.
    let day = Instant::from_ms(SystemClock.now().ms() + 200 * 24 * 60 * MINUTE).to_string()[..10].to_owned();
    let set = |words: &[&str]| diaban(&server, &[&["report", "set-state", &id, "received"], words].concat());
    for (wrong, why) in [
        (&["--due-at", "soon", "--note", "x"][..], "--due-at must be"),
        (&["--due-at", &day][..], "note is required"),
    ] {
        let refused = set(wrong);
        assert!(!refused.status.success() && said(&refused).contains(why), "{}", said(&refused));
    }
    let put_off = set(&["--due-at", &day, "--note", "Đang chờ vật tư."]);
    assert!(put_off.status.success(), "{}", said(&put_off));
    let due = || server.get(&format!("{ITEMS}/{id}")).json()["properties"]["due_at"].clone();
    server.until("everybody knows", || due() == format!("{day}T10:00:00.000Z"));
}
