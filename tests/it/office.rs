//! An office works its own reports with its key: who may, what follows what, what the public learns and when.

use diaban_core::domain::{Precision, State};
use serde_json::{Value, json};

use crate::areas::{NEXT, redrawn};
use crate::feeds::{diaban, done};
use crate::harness::{Answer, CENTRE, Server, agent, post, until};
use crate::keys::token;

pub(crate) const ITEMS: &str = "/collections/reports/items";
pub(crate) const NEIGHBOUR: &str = "26740";
/// What everybody may read, and what only offices may.
const PUBLIC: &str = "Đã cử người tới";
const INTERNAL: &str = "gọi đội 3, chị Hoa biết chỗ";

/// Somebody with a key.
pub(crate) struct Caller<'a> {
    server: &'a Server,
    pub(crate) id: String,
    bearer: String,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(server: &'a Server, words: &[&str]) -> Self {
        let token = token(&done(server, &[&["keys", "add", "Trực"], words].concat()));
        let caller = Self { server, id: token[4..12].to_owned(), bearer: format!("Bearer {token}") };
        server.until("the key is known", || caller.get("/collections/reports/items/1/events").status != 401);
        caller
    }

    pub(crate) fn of(server: &'a Server, ward: &str) -> Self {
        Self::new(server, &["--scope", "work", "--ward", ward])
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.server.get_with(path, &[("Authorization", &self.bearer)])
    }

    pub(crate) fn look(&self, id: u64) -> Answer {
        self.get(&format!("{ITEMS}/{id}/standing"))
    }

    pub(crate) fn events(&self, id: u64) -> Answer {
        self.get(&format!("{ITEMS}/{id}/events"))
    }

    pub(crate) fn send(&self, id: u64, what: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let headers = [&[("Authorization", &*self.bearer)], more].concat();
        let path = format!("{ITEMS}/{id}/{what}");
        self.server.post_bytes(&path, body.to_string().as_bytes(), "application/json", &headers)
    }

    pub(crate) fn set(&self, id: u64, body: &Value) -> Answer {
        self.send(id, "transitions", body, &[])
    }
}

/// A public report, and the code of its ward.
pub(crate) fn made(server: &Server, category: &str) -> (u64, String) {
    let made = server.report(category, Some(CENTRE));
    (made["id"].as_u64().unwrap(), made["properties"]["ward"].as_str().unwrap().to_owned())
}

pub(crate) fn state(server: &Server, id: u64) -> Value {
    server.get(&format!("{ITEMS}/{id}")).json()["properties"]["state"].clone()
}

#[test]
fn an_office_works_its_own_reports_and_no_others() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    let other = Caller::of(&server, NEIGHBOUR);
    let operator = Caller::new(&server, &["--scope", "operate"]);
    let reader = Caller::new(&server, &["--scope", "read"]);
    // Who may: nobody without a key, nobody with a key for something else, no other office.
    let doors =
        [("transitions", json!({ "state": "in_progress" })), ("transfers", json!({ "ward": NEIGHBOUR }))];
    for (what, body) in &doors {
        let path = format!("{ITEMS}/{id}/{what}");
        server.post_bytes(&path, body.to_string().as_bytes(), "application/json", &[]).problem(401);
        reader.send(id, what, body, &[]).problem(403);
        let refused = other.send(id, what, body, &[]);
        refused.problem(403);
        assert!(refused.text().contains("another office"), "{}", refused.text());
        for strange in [1, u64::MAX] {
            own.send(strange, what, body, &[]).problem(404);
        }
    }
    server.get(&format!("{ITEMS}/{id}/standing")).problem(401);
    reader.look(id).problem(403);
    other.look(id).problem(403);
    assert_eq!(operator.look(id).status, 200);
    assert!(operator.events(id).text().contains("\"office\":{"));
    let seen = own.look(id);
    assert_eq!(seen.header("cache-control"), "private, no-store");
    assert_eq!((&seen.json()["state"], &seen.json()["events"]), (&json!("received"), &json!(1)));
    assert!(seen.json()["next"].as_array().unwrap().contains(&json!("in_progress")));
    // What it does is told to everybody, but for its words among offices.
    let tag = seen.header("etag").to_owned();
    let step = json!({ "state": "in_progress", "note": PUBLIC, "internal_note": INTERNAL });
    let set = own.send(id, "transitions", &step, &[("If-Match", &tag)]);
    assert_eq!((set.status, &set.json()["state"]), (200, &json!("in_progress")), "{}", set.text());
    assert_ne!(set.header("etag"), tag);
    server.until("everybody knows", || state(&server, id) == "in_progress");
    let late = own.send(id, "transitions", &json!({ "state": "resolved" }), &[("If-Match", &tag)]);
    late.problem(412);
    assert_eq!(late.json()["events"], 2);
    assert_eq!(own.set(id, &json!({ "internal_note": INTERNAL })).json()["events"], 3);
    let (all, open) = (own.events(id), server.get(&format!("{ITEMS}/{id}/events")));
    assert_eq!(all.header("etag"), "\"e3\"");
    let life = all.json();
    let [_, second, third] = &life["events"].as_array().unwrap()[..] else { panic!("{}", all.text()) };
    assert_eq!((&second["note"], &second["office"]["internal_note"]), (&json!(PUBLIC), &json!(INTERNAL)));
    assert_eq!((&second["office"]["key"], &third["at"]), (&json!(own.id), &Value::Null));
    assert_eq!(open.json()["events"].as_array().unwrap().len(), 2, "{}", open.text());
    for hidden in [open.text(), other.events(id).text(), server.get("/feeds/reports.json").text()] {
        assert!(
            !hidden.contains("Hoa") && !hidden.contains(&own.id) && !hidden.contains("office\":{"),
            "{hidden}"
        );
    }
    assert!(server.get(&format!("/feeds/wards/{ward}/changes.json")).text().contains(PUBLIC));
    // It gives the report to the other office, and has nothing to do with it any more.
    let given = own.send(id, "transfers", &json!({ "ward": NEIGHBOUR, "note": "Thuộc phường bên" }), &[]);
    assert!(given.json()["ward"].as_str().unwrap().ends_with(NEIGHBOUR), "{}", given.text());
    own.set(id, &json!({ "state": "resolved" })).problem(403);
    assert_eq!(other.set(id, &json!({ "state": "resolved" })).status, 200);
    assert_eq!(operator.set(id, &json!({ "state": "reopened" })).status, 200);
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_done() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    for (field, body) in [
        ("state", json!({ "state": "done" })),
        ("state", json!({ "state": 7 })),
        ("state", json!({})),
        ("state", json!({ "state": "received", "reason": "because" })),
        ("reason", json!({ "state": "rejected" })),
        ("reason", json!({ "state": "rejected", "reason": "not_ours" })),
        ("reason", json!({ "state": "rejected", "reason": "Không thuộc thẩm quyền." })),
        ("note", json!({ "state": "answered" })),
        ("note", json!({ "state": "answered", "internal_note": "xong" })),
        ("redirect_to", json!({ "state": "redirected" })),
        ("redirect_to", json!({ "state": "redirected", "redirect_to": " " })),
        ("redirect_to", json!({ "state": "redirected", "redirect_to": "x".repeat(501) })),
        ("redirect_to", json!({ "state": "resolved", "redirect_to": "x" })),
        ("redirect_to", json!({ "note": "x", "redirect_to": "x" })),
        ("level", json!({ "level": "high" })),
        ("level", json!({ "level": 2 })),
        ("level", json!({ "level": "normal" })),
        ("original", json!({ "state": "duplicate" })),
        ("original", json!({ "state": "duplicate", "original": id })),
        ("original", json!({ "state": "duplicate", "original": "7" })),
        ("original", json!({ "state": "duplicate", "original": u64::MAX })),
        ("original", json!({ "state": "resolved", "original": id })),
        ("note", json!({ "note": "x".repeat(2_001) })),
        ("internal_note", json!({ "internal_note": ["x"] })),
        ("internal", json!({ "internal": "x" })),
    ] {
        assert_eq!(own.set(id, &body).problem(422), [field], "{body:.80}");
    }
    for (field, body) in [
        ("ward", json!({})),
        ("ward", json!({ "ward": null, "body": null })),
        ("ward", json!({ "ward": "1" })),
        ("ward", json!({ "ward": 26740 })),
        ("body", json!({ "ward": ward, "body": "water" })),
        ("body", json!({ "body": "nobody" })),
        ("body", json!({ "body": "" })),
        ("body", json!({ "body": "ward:1" })),
        ("body", json!({ "body": "ward:" })),
        ("body", json!({ "body": "infrastructure" })),
        ("note", json!({ "body": "water", "note": 7 })),
        ("reason", json!({ "body": "water", "reason": "because" })),
    ] {
        assert_eq!(own.send(id, "transfers", &body, &[]).problem(422), [field], "{body}");
    }
    let path = format!("{ITEMS}/{id}/transitions");
    let key = [("Authorization", &*own.bearer)];
    server.post_bytes(&path, b"[]", "application/json", &key).problem(400);
    server.post_bytes(&path, b"{\"state\":", "application/json", &key).problem(400);
    server.post_bytes(&path, b"{}", "text/plain", &key).problem(415);
    assert_eq!(
        server.post_bytes(&format!("{path}?dry=1"), b"{}", "application/json", &key).problem(400),
        ["dry"]
    );
    assert_eq!(own.look(id).json()["events"], 1, "nothing was done");
    // A key says for whom it works, or there is none.
    for words in [
        &["--scope", "work"][..],
        &["--scope", "read", "--ward", &ward],
        &["--scope", "work", "--ward", "1"],
        &["--scope", "work", "--body", "nobody"],
    ] {
        let output = diaban(&server, &[&["keys", "add", "Trực"], words].concat());
        assert!(!output.status.success(), "{words:?}");
    }
}

#[test]
fn twenty_at_once_leave_a_legal_history() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    let states = ["forwarded", "in_progress", "resolved", "rejected", "reopened"];
    let mut answered = 0;
    for round in 0..5 {
        let outcomes: Vec<u16> = std::thread::scope(|scope| {
            let (base, bearer) = (&server.base, &own.bearer);
            let sent: Vec<_> = (0..20)
                .map(|n| {
                    scope.spawn(move || {
                        let body =
                            json!({ "state": states[(n + round) % 5], "reason": format!("{round}.{n}") });
                        let path = format!("{ITEMS}/{id}/transitions");
                        let key = [("Authorization", &**bearer)];
                        let body = body.to_string();
                        post(&agent(), base, &path, body.as_bytes(), "application/json", &key).status
                    })
                })
                .collect();
            sent.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(outcomes.iter().all(|s| [200, 409, 422].contains(s)), "{outcomes:?}");
        answered += outcomes.iter().filter(|s| **s == 200).count();
    }
    assert!(answered >= 5);
    let life = own.events(id).json();
    let life = life["events"].as_array().unwrap();
    assert_eq!(life.len(), answered + 1, "each that was answered is on record, once");
    for pair in life.windows(2) {
        let [from, to] =
            [&pair[0]["to"], &pair[1]["to"]].map(|s| State::from_name(s.as_str().unwrap()).unwrap());
        assert_eq!(pair[1]["from"], from.name());
        assert!(from.next().contains(&to), "{from:?} {to:?}");
    }
}

#[test]
fn the_public_learns_of_a_blurred_report_when_its_hour_is_over_and_its_office_at_once() {
    let server = Server::start();
    let (id, ward) = made(&server, crate::hour::category(Precision::Grid150m));
    let own = Caller::of(&server, &ward);
    let open = || server.get(&format!("{ITEMS}/{id}/events"));
    open().problem(404);
    own.events(NEVER).problem(404);
    assert_eq!(own.events(id).json()["events"].as_array().unwrap().len(), 1);
    server.end_hour();
    server.until("it is public", || open().status == 200);
    let set = own.set(id, &json!({ "state": "in_progress", "note": PUBLIC }));
    assert_eq!((set.status, &set.json()["state"]), (200, &json!("in_progress")));
    let known = open().json();
    assert_eq!(known["events"].as_array().unwrap().len(), 1, "{known}");
    assert_eq!(state(&server, id), "received");
    server.end_hour();
    server.until("everybody knows", || state(&server, id) == "in_progress");
    let known = open().json();
    let at = known["events"][1]["at"].as_str().unwrap();
    assert!(at.ends_with(":00:00.000Z") || at.ends_with(":00:00Z"), "the hour only: {at}");
    assert!(known["events"][1].get("office").is_none());
}

const NEVER: u64 = 4_242;

#[test]
fn another_body_of_a_ward_works_what_is_its_own_and_its_like_gets_what_it_gives_away() {
    let server = Server::start();
    let (noise, ward) = made(&server, "noise");
    let (pothole, _) = made(&server, "pothole");
    let police = |ward: &str| format!("ward_police:2025-07-01.{ward}");
    let of_police = |ward: &str| Caller::new(&server, &["--scope", "work", "--body", &police(ward)]);
    let (own, there, office) = (of_police(&ward), of_police(NEIGHBOUR), Caller::of(&server, &ward));
    assert_eq!(own.look(noise).json()["body"], json!(police(&ward)));
    own.look(pothole).problem(403);
    assert_eq!(office.look(noise).status, 200, "it lies in its ward");
    there.look(noise).problem(404);
    let given = own.send(noise, "transfers", &json!({ "ward": NEIGHBOUR }), &[]);
    assert_eq!((given.status, &given.json()["body"]), (200, &json!(police(NEIGHBOUR))), "{}", given.text());
    own.look(noise).problem(404);
    assert_eq!(there.set(noise, &json!({ "state": "in_progress" })).status, 200);
    server.end_hour();
    server.until("everybody sees it", || server.matched(&format!("body=ward_police:{NEIGHBOUR}")) == 1);
    assert_eq!(server.matched("filter=body%20LIKE%20'ward_police:%25'"), 1);
    assert_eq!(server.matched("body=ward:26740,infrastructure"), 1, "the pothole alone");
    assert_eq!(server.get(&format!("{ITEMS}?body=guard:26740")).problem(400), ["body"]);
}

#[test]
fn a_hidden_report_stays_its_offices_and_an_erased_one_is_nobodys() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    assert_eq!(own.set(id, &json!({ "internal_note": INTERNAL })).status, 200);
    let number = id.to_string();
    done(&server, &["report", "hide", &number]);
    server.until("it is hidden", || server.get(&format!("{ITEMS}/{id}/events")).status == 404);
    assert_eq!(own.look(id).json()["public"], false);
    Caller::of(&server, NEIGHBOUR).look(id).problem(404);
    assert_eq!(own.set(id, &json!({ "state": "resolved" })).status, 200);
    done(&server, &["report", "erase", &number]);
    for answer in [own.look(id), own.events(id), own.set(id, &json!({ "state": "reopened" }))] {
        answer.problem(410);
        assert!(!answer.text().contains("Hoa"));
    }
}

#[test]
fn an_office_follows_its_ward_through_a_redraw_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_in(folder, std::sync::Arc::new(diaban::clock::SystemIds));
    let (id, cut) = made(&server, "pothole");
    let (noise, _) = made(&server, "noise");
    let redrawn = redrawn(folder, &cut);
    let (sent, _) = made(&server, "pothole");
    let (round, _) = made(&server, "pothole");
    let (former, new) = redrawn.renamed.iter().next().unwrap();
    let own = Caller::of(&server, &cut);
    let police = format!("ward_police:2025-07-01.{cut}");
    let police = Caller::new(&server, &["--scope", "work", "--body", &police]);
    let elsewhere = Caller::of(&server, former);
    assert_eq!(own.send(sent, "transfers", &json!({ "body": "water" }), &[]).status, 200);
    assert_eq!(own.send(round, "transfers", &json!({ "ward": former }), &[]).status, 200);
    assert_eq!(elsewhere.send(round, "transfers", &json!({ "body": "water" }), &[]).status, 200);
    let file = redrawn.file.to_str().unwrap();
    done(&server, &["areas", "prepare", file, "--generation", NEXT, "--force"]);
    done(&server, &["areas", "activate", NEXT]);
    until("the process has turned", || {
        let look = own.look(id);
        look.status == 200 && look.json()["ward"].as_str().unwrap().starts_with(NEXT)
    });
    let look = police.look(noise);
    assert_eq!(look.status, 200, "{}", look.text());
    assert!(
        look.json()["body"].as_str().unwrap().starts_with(&format!("ward_police:{NEXT}.")),
        "{}",
        look.text()
    );
    police.look(id).problem(403);
    let set = own.set(id, &json!({ "state": "in_progress" }));
    assert_eq!(set.status, 200, "{}", set.text());
    elsewhere.set(id, &json!({ "state": "resolved" })).problem(403);
    // What people gave to a body stays there, whatever becomes of its ward.
    let look = own.look(sent).json();
    assert!(look["ward"].as_str().unwrap().starts_with(NEXT), "{look}");
    assert_eq!(look["body"], "water");
    // The office of the ward had that one already, under its former code.
    let back = own.send(round, "transfers", &json!({ "ward": new }), &[]);
    assert_eq!(back.json()["looped"], true, "{}", back.text());
    assert_eq!(own.send(id, "transfers", &json!({ "ward": new }), &[]).status, 200);
    assert_eq!(
        elsewhere.set(id, &json!({ "state": "resolved" })).status,
        200,
        "its ward has another code now"
    );
}
