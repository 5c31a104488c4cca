//! What the city promised: which clocks of a report run, who asks for those that ran out, and that all doors say the same.

use diaban::clock::Clock as _;
use diaban_core::domain::Instant;
use serde_json::{Value, json};

use crate::harness::{CENTRE, Server};
use crate::office::{Caller, ITEMS, made};

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
    server.until("it is on the map", || server.matched("") == 1);
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
    server.until("the map has heard", || server.matched("state=forwarded") == 1);
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
    server.until("its hour is over", || server.matched("") == 1);
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
