//! The life of a report over HTTP: every state after every other, what each must say, how much a report presses, and
//! what goes from office to office until it goes round.

use diaban::clock::Clock as _;
use diaban_core::domain::{Instant, Precision, State};
use serde_json::{Value, json};

use crate::feeds::{diaban, done, items, said};
use crate::harness::{Answer, CENTRE, Server};
use crate::office::{Caller, ITEMS, NEIGHBOUR, made, state};

const OPERATOR_BODY: &str = "centre_1022";

/// The table of transitions once more: a row for each state before, a letter for each state after, in the order of
/// `State::ALL`. `+` may follow, `=` is the same, `.` is refused.
const TABLE: [(&str, &str); 9] = [
    ("received", "=++.+++++"),
    ("forwarded", ".=+.+++++"),
    ("in_progress", ".+=.+++++"),
    ("reopened", ".++=+++++"),
    ("resolved", "...+=...."),
    ("rejected", "...+.=..."),
    ("duplicate", "...+..=.."),
    ("answered", "...+...=."),
    ("redirected", "...+....="),
];

/// What a state must say, with the name of the member; none where it need not say anything.
fn needed(to: &str, original: u64) -> Option<(&'static str, Value)> {
    Some(match to {
        "rejected" => ("reason", json!("không đủ thông tin")),
        "duplicate" => ("original", json!(original)),
        "answered" => ("note", json!("Thời hạn là mười ngày.")),
        "redirected" => ("redirect_to", json!("Tòa án nhân dân khu vực")),
        _ => return None,
    })
}

fn asked(to: &str, original: u64) -> Value {
    let mut body = json!({ "state": to });
    if let Some((name, value)) = needed(to, original) {
        body[name] = value;
    }
    body
}

#[test]
fn every_state_after_every_other() {
    let server = Server::start();
    let (original, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    let names: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
    assert_eq!(TABLE.map(|(name, _)| name).to_vec(), names);
    let set = |id, to: &str| {
        let answer = own.set(id, &asked(to, original));
        assert_eq!(answer.status, 200, "{to}: {}", answer.text());
        answer.json()
    };
    let led_to = |from: &str| {
        let (id, _) = made(&server, "pothole");
        match from {
            "received" => {}
            "reopened" => {
                set(id, "resolved");
                set(id, from);
            }
            from => {
                set(id, from);
            }
        }
        id
    };
    for (from, row) in TABLE {
        let stays = led_to(from);
        let standing = own.look(stays).json();
        let legal: Vec<&str> =
            names.iter().zip(row.chars()).filter(|(_, c)| *c == '+').map(|(n, _)| *n).collect();
        let mut told: Vec<&str> =
            standing["next"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        told.sort_by_key(|n| names.iter().position(|name| name == n));
        assert_eq!(told, legal, "{from}");
        for (to, cell) in names.iter().zip(row.chars()) {
            match cell {
                '=' => assert_eq!(own.set(stays, &json!({ "state": to })).problem(422), ["state"]),
                '.' => {
                    let refused = own.set(stays, &asked(to, original));
                    refused.problem(409);
                    assert_eq!(refused.json()["state"], from);
                    assert_eq!(refused.json()["legal"], standing["next"], "{from} {to}");
                }
                _ => {
                    let id = led_to(from);
                    if let Some((name, _)) = needed(to, original) {
                        assert_eq!(own.set(id, &json!({ "state": to })).problem(422), [name], "{to}");
                    }
                    let after = set(id, to);
                    let status = if "resolved rejected duplicate answered redirected".contains(*to) {
                        "closed"
                    } else {
                        "open"
                    };
                    assert_eq!((&after["state"], &after["status"]), (&json!(to), &json!(status)));
                }
            }
        }
        assert_eq!(own.look(stays).json(), standing, "nothing was done to {from}");
    }
    server.until("the map knows the answered ones", || server.matched("state=answered") >= 4);
    assert!(server.matched("status=closed") >= server.matched("state=answered,redirected"));
}

#[test]
fn a_redirection_says_where_until_it_is_taken_back() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    let item = || server.get(&format!("{ITEMS}/{id}")).json()["properties"].clone();
    assert_eq!(item()["redirect_to"], Value::Null);
    let place = "Tòa án nhân dân khu vực 1";
    let sent = json!({ "state": "redirected", "redirect_to": place, "reason": "tranh chấp dân sự" });
    assert_eq!(own.set(id, &sent).status, 200);
    server.until("everybody knows", || item()["redirect_to"] == place);
    assert_eq!((&item()["state"], &item()["status"]), (&json!("redirected"), &json!("closed")));
    let last = |answer: Answer| answer.json()["events"].as_array().unwrap().last().unwrap().clone();
    for told in [last(own.events(id)), last(server.get(&format!("{ITEMS}/{id}/events")))] {
        assert_eq!((&told["redirect_to"], &told["reason"]), (&json!(place), &json!("tranh chấp dân sự")));
        assert_eq!((&told["from"], &told["to"]), (&json!("received"), &json!("redirected")));
    }
    let change = &items(&server.get(&format!("/feeds/wards/{ward}/changes.json")))[0];
    assert_eq!(change["_diaban"]["redirect_to"], place);
    assert!(change["content_text"].as_str().unwrap().contains(place), "{change}");
    assert!(server.get("/feeds/reports.json").text().contains(place));
    assert_eq!(server.matched("filter=redirect_to%20IS%20NULL&filter-lang=cql-text"), 0);
    assert!(server.get(&format!("{ITEMS}?f=csv")).text().contains(place));
    assert_eq!(own.set(id, &json!({ "state": "reopened" })).status, 200);
    server.until("it is open again", || item()["state"] == "reopened");
    assert_eq!(item()["redirect_to"], Value::Null);
    // Erasing takes the words of the office too.
    assert_eq!(own.set(id, &sent).status, 200);
    done(&server, &["report", "erase", &id.to_string()]);
    server.until("it is gone", || server.get(&format!("{ITEMS}/{id}")).status != 200);
    assert!(!server.get(&format!("/feeds/wards/{ward}/changes.json")).text().contains(place));
}

#[test]
fn a_category_says_where_complaints_go_and_what_proves_that_it_is_done() {
    let server = Server::start();
    let operator = Caller::new(&server, &["--scope", "operate"]);
    let all = server.get("/categories").json();
    let groups = all["groups"].as_array().unwrap();
    let categories = groups.iter().flat_map(|g| g["categories"].as_array().unwrap());
    let category = |code: &str| categories.clone().find(|c| c["code"] == code).unwrap();
    let declared = category("staff_conduct")["redirect"]["vi"].as_str().unwrap().to_owned();
    assert!(declared.contains("tố cáo"), "{declared}");
    assert!(category("pothole").get("redirect").is_none());
    assert_eq!(
        (&category("pothole")["proof"], &category("manhole")["proof"]),
        (&json!("none"), &json!("note"))
    );
    let complaint = server.report("staff_conduct", None)["id"].as_u64().unwrap();
    assert_eq!(operator.set(complaint, &json!({ "state": "redirected" })).status, 200);
    let told = operator.events(complaint).json()["events"][1]["redirect_to"].as_str().unwrap().to_owned();
    assert!(told.starts_with(&declared) && told.contains(" / Complaints"), "{told}");
    let mut hole = crate::harness::feature("manhole", Some(CENTRE));
    hole["properties"]["answers"] = json!({ "open": "yes" });
    let hole = server.post(ITEMS, &hole, &[]).json()["id"].as_u64().unwrap();
    assert_eq!(operator.set(hole, &json!({ "state": "resolved" })).problem(422), ["note"]);
    assert_eq!(operator.set(hole, &json!({ "state": "resolved", "note": "Đã thay nắp" })).status, 200);
}

#[test]
fn how_much_a_report_presses_is_the_offices_to_say() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    let level = || server.get(&format!("{ITEMS}/{id}")).json()["properties"]["level"].clone();
    assert_eq!((level(), own.look(id).json()["level"].clone()), (json!("normal"), json!("normal")));
    let before = server.get(&format!("{ITEMS}/{id}")).json()["properties"]["updated_at"].clone();
    server.clock.set(Instant::from_ms(server.clock.now().ms() + 60_000));
    let set = own.set(id, &json!({ "level": "urgent", "internal_note": "gần trường học" }));
    assert_eq!((set.status, &set.json()["level"]), (200, &json!("urgent")), "{}", set.text());
    server.until("the map knows", || server.matched("level=urgent") == 1);
    let after = server.get(&format!("{ITEMS}/{id}")).json()["properties"]["updated_at"].clone();
    assert_ne!(after, before);
    assert_eq!(server.matched(&format!("updated={}/..", after.as_str().unwrap())), 1);
    let with_state = json!({ "state": "in_progress", "level": "low" });
    assert_eq!(own.set(id, &with_state).status, 200);
    assert_eq!(own.set(id, &json!({ "state": "in_progress", "level": "low" })).problem(422), ["state"]);
    let open = server.get(&format!("{ITEMS}/{id}/events")).json();
    let history: Vec<[&Value; 3]> = open["events"].as_array().unwrap()[1..]
        .iter()
        .map(|e| [&e["kind"], &e["from_level"], &e["level"]])
        .collect();
    let of = |kind: &str, from: &str, to: &str| [json!(kind), json!(from), json!(to)];
    let wanted = [of("level", "normal", "urgent"), of("state", "urgent", "low")];
    assert_eq!(history, wanted.each_ref().map(|row| row.each_ref()));
    assert!(!server.get(&format!("{ITEMS}/{id}/events")).text().contains("trường học"));
    let changes = items(&server.get(&format!("/feeds/wards/{ward}/changes.json")));
    assert_eq!(changes[1]["_diaban"]["event"], "level");
    assert!(changes[1]["title"].as_str().unwrap().starts_with("Mức độ: Bình thường → Khẩn cấp"));
    assert!(changes[0]["content_text"].as_str().unwrap().contains("Level: Urgent → Low"), "{}", changes[0]);
    // The command line has the same words.
    done(&server, &["report", "set-state", &id.to_string(), "in_progress", "--level", "normal"]);
    server.until("the map knows it too", || server.matched("level=normal") == 1);
}

#[test]
fn what_a_blurred_report_is_told_it_is_told_when_the_hour_is_over() {
    let server = Server::start();
    let code = crate::hour::category(Precision::Grid150m);
    let (id, ward) = made(&server, code);
    server.end_hour();
    server.until("it is public", || server.get(&format!("{ITEMS}/{id}/events")).status == 200);
    let own = Caller::of(&server, &ward);
    let item = || server.get(&format!("{ITEMS}/{id}")).json()["properties"].clone();
    let before = item();
    let body = json!({ "body": OPERATOR_BODY });
    assert_eq!(own.set(id, &json!({ "level": "urgent" })).json()["level"], "urgent");
    assert_eq!(own.send(id, "transfers", &body, &[]).json()["body"], OPERATOR_BODY);
    let sent = json!({ "state": "redirected", "redirect_to": "Tòa án", "level": "low" });
    let set = own.set(id, &sent).json();
    assert_eq!(
        (&set["state"], &set["level"], &set["body"]),
        (&json!("redirected"), &json!("low"), &json!(OPERATOR_BODY))
    );
    assert_eq!(own.events(id).json()["events"][3]["from_level"], "urgent");
    assert_eq!(item(), before, "nobody else knows");
    // A secret link knows, as the office does.
    let link = done(&server, &["keys", "feed", "Đội", "--query", &format!("category={code}")]);
    let token: String = link[link.find("dbn_").unwrap()..].chars().take(44).collect();
    let feed = || server.get(&format!("/feeds/k/{token}/reports.json"));
    server.until("the link is known", || feed().status == 200);
    let told = items(&feed())[0]["_diaban"].clone();
    for (name, value) in
        [("state", "redirected"), ("level", "low"), ("body", OPERATOR_BODY), ("redirect_to", "Tòa án")]
    {
        assert_eq!(told[name], value, "{told}");
    }
    server.end_hour();
    server.until("everybody knows", || item()["state"] == "redirected");
    let after = item();
    assert_eq!((&after["redirect_to"], &after["level"]), (&json!("Tòa án"), &json!("low")));
    assert_eq!((&after["body"], &after["ward"]), (&json!(OPERATOR_BODY), &before["ward"]));
    // A report of which something else is told keeps where it says to go.
    assert_eq!(own.set(id, &json!({ "note": "đã báo người gửi" })).status, 200);
    server.end_hour();
    server.until("the note is public", || {
        server.get(&format!("{ITEMS}/{id}/events")).json()["events"].as_array().unwrap().len() == 5
    });
    assert_eq!(item()["redirect_to"], "Tòa án");
}

/// Sends a report to a body or ward; gives the answer.
fn give(caller: &Caller<'_>, id: u64, to: &str) -> Answer {
    let member = if to.parse::<u32>().is_ok() { "ward" } else { "body" };
    caller.send(id, "transfers", &json!({ (member): to }), &[])
}

#[test]
fn a_report_goes_to_the_body_that_is_named() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let first = server.get(&format!("{ITEMS}/{id}")).json()["properties"].clone();
    assert_eq!(first["body"], "infrastructure");
    let roads = Caller::new(&server, &["--scope", "work", "--body", "infrastructure"]);
    let water = Caller::new(&server, &["--scope", "work", "--body", "water"]);
    let given = give(&roads, id, "water");
    assert_eq!((given.status, &given.json()["body"]), (200, &json!("water")), "{}", given.text());
    assert!(given.json().get("looped").is_none());
    roads.set(id, &json!({ "state": "in_progress" })).problem(403);
    assert_eq!(water.set(id, &json!({ "state": "in_progress" })).status, 200);
    server.until("everybody knows", || server.matched("body=water") == 1);
    let item = server.get(&format!("{ITEMS}/{id}")).json()["properties"].clone();
    for same in ["ward", "border_m", "address"] {
        assert_eq!(item[same], first[same], "{same}");
    }
    let open = server.get(&format!("{ITEMS}/{id}/events")).json();
    let event = &open["events"][1];
    assert_eq!(
        (&event["kind"], &event["body"], &event["from_body"]),
        (&json!("transfer"), &json!("water"), &json!("infrastructure"))
    );
    assert_eq!((&event["from_ward"], event["ward"].as_str().unwrap().ends_with(&ward)), (&Value::Null, true));
    let told = items(&server.get(&format!("/feeds/wards/{ward}/changes.json")));
    let told: Vec<&str> = told.iter().map(|i| i["_diaban"]["event"].as_str().unwrap()).collect();
    assert_eq!(told, ["state", "transfer", "received"], "each once");
    let stream = server.get(&format!("/feeds/wards/{ward}/changes.json")).text();
    assert!(stream.contains("SAWACO"), "{stream}");
    // To the office of its own ward, by either name.
    assert_eq!(give(&water, id, &ward).json()["ward"], open["events"][1]["ward"]);
    let own = Caller::of(&server, &ward);
    assert_eq!(give(&own, id, &ward).problem(422), ["ward"]);
    assert_eq!(give(&own, id, &format!("ward:{ward}")).problem(422), ["body"]);
    let next = give(&own, id, &format!("ward:{NEIGHBOUR}"));
    assert!(next.json()["ward"].as_str().unwrap().ends_with(NEIGHBOUR), "{}", next.text());
    // The command line too.
    let refused = said(&diaban(&server, &["report", "transfer", &id.to_string(), "nobody"]));
    assert!(refused.contains("not a ward in force"), "{refused}");
    done(&server, &["report", "transfer", &id.to_string(), "power"]);
    server.until("it is there", || server.matched("body=power") == 1);
}

#[test]
fn what_goes_round_lands_with_the_operators_body() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let officer = Caller::of(&server, &ward);
    let operator = Caller::new(&server, &["--scope", "operate"]);
    // The ward's officer may do all of it: the report lies in the ward.
    let hop = |to: &str| {
        let answer = give(&officer, id, to);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let said = answer.json();
        (said["body"].as_str().unwrap().to_owned(), said["looped"] == true)
    };
    let there = |to: &str| (to.to_owned(), false);
    let landed = (OPERATOR_BODY.to_owned(), true);
    assert_eq!(hop("water"), there("water"));
    assert_eq!(hop("infrastructure"), there("infrastructure"), "an error is taken back");
    // Work in between does not hide it.
    assert_eq!(officer.set(id, &json!({ "state": "in_progress" })).status, 200);
    assert_eq!(hop("water"), landed);
    let open = server.get(&format!("{ITEMS}/{id}/events")).json();
    let event = open["events"].as_array().unwrap().last().unwrap();
    let reason = event["reason"].as_str().unwrap();
    assert_eq!(event["body"], OPERATOR_BODY);
    assert!(reason.contains("Chuyển lòng vòng") && reason.matches("SAWACO").count() == 4, "{reason}");
    server.until("the list knows", || server.matched(&format!("body={OPERATOR_BODY}")) == 1);
    assert!(server.get("/feeds/reports.json").text().contains(OPERATOR_BODY));
    // Its decision begins anew, and new offices are no loop.
    assert_eq!(hop("water"), there("water"));
    assert_eq!(hop("power"), there("power"));
    for new in ["telecom", "environment", "police"] {
        assert_eq!(hop(new), there(new));
    }
    assert_eq!(hop("power"), landed);
    // What the operator does is no loop; what was reopened begins anew.
    for to in ["water", "power", "water", "power", "water"] {
        let answer = give(&operator, id, to).json();
        assert_eq!((&answer["body"], answer.get("looped")), (&json!(to), None));
    }
    for to in ["resolved", "reopened"] {
        assert_eq!(officer.set(id, &json!({ "state": to })).status, 200);
    }
    assert_eq!(hop("power"), there("power"));
    assert_eq!(hop("water"), there("water"));
    assert_eq!(hop("power"), landed);
    assert_eq!(state(&server, id), "reopened");
}
