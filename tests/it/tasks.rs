//! Parts of a report that others do: another body of the city, the office of another ward, a contractor.

use diaban::clock::Clock as _;
use diaban_core::domain::Instant;
use serde_json::{Value, json};

use crate::dialogue::{due, kinds, life, public, sent, write};
use crate::harness::{Answer, Server, agent, ask};
use crate::office::{Caller, ITEMS, NEIGHBOUR};
use crate::report_page::page;

const DAY: i64 = 86_400_000;
const WHAT: &str = "Hút hố ga, chị Hoa 0903 123 456 mở cổng";
const NAME: &str = "Công ty Khơi Dòng";

fn give(office: &Caller, id: u64, body: &Value) -> Answer {
    office.send(id, "tasks", body, &[])
}

fn given(office: &Caller, id: u64, body: &Value) -> Value {
    let given = give(office, id, body);
    assert_eq!(given.status, 200, "{}", given.text());
    given.json()
}

fn own(office: &Caller) -> Vec<Value> {
    let answer = office.get("/tasks");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["tasks"].as_array().unwrap().clone()
}

/// What whoever has the token of a task says of it.
fn say(server: &Server, path: &str, token: &str, body: &Value) -> Answer {
    write(server, path, body, &[("Task-Token", token)])
}

#[test]
fn a_report_is_closed_when_its_tasks_have_ended_and_several_bodies_have_more_time() {
    let server = Server::start();
    let (id, ward, _) = sent(&server, "pothole");
    let (office, neighbour) = (Caller::of(&server, &ward), Caller::of(&server, NEIGHBOUR));
    let body = server.get(&format!("{ITEMS}/{id}")).json()["properties"]["body"].clone();
    for (wrong, field) in [
        (json!({ "what": WHAT }), "body"),
        (json!({ "what": WHAT, "ward": NEIGHBOUR, "contractor": NAME }), "body"),
        (json!({ "ward": NEIGHBOUR }), "what"),
        (json!({ "what": WHAT, "body": "nobody" }), "body"),
        (json!({ "what": WHAT, "body": body }), "body"),
        (json!({ "what": WHAT, "ward": NEIGHBOUR, "due_at": "soon" }), "due_at"),
        (json!({ "what": WHAT, "ward": NEIGHBOUR, "due_at": "2020-01-01" }), "due_at"),
        (json!({ "what": WHAT, "contractor": "gọi 0903 123 456" }), "contractor"),
    ] {
        assert_eq!(give(&office, id, &wrong).problem(422), [field], "{wrong}");
    }
    give(&neighbour, id, &json!({ "what": WHAT, "ward": NEIGHBOUR })).problem(403);
    let before = due(&server, id);
    let office_of = format!("ward:{NEIGHBOUR}");
    let first = given(&office, id, &json!({ "what": WHAT, "body": office_of, "note": "Cùng làm." }));
    assert_eq!((&first["task"], &first["state"], &first["token"]), (&json!(1), &json!("open"), &Value::Null));
    assert!(first["body"].as_str().unwrap().ends_with(NEIGHBOUR), "{first}");
    // Fifteen days instead of ten, once.
    assert_eq!(due(&server, id), Instant::from_ms(before.ms() + 7 * DAY));
    let second =
        given(&office, id, &json!({ "what": "Đóng đường", "body": "water", "due_at": "2026-12-01" }));
    assert_eq!(second["due_at"], "2026-12-01T10:00:00.000Z");
    assert_eq!(due(&server, id), Instant::from_ms(before.ms() + 7 * DAY));

    // Whoever has it finds it and reads no more of the report than everybody.
    let theirs = own(&neighbour);
    assert_eq!((theirs.len(), &theirs[0]["what"], &theirs[0]["late"]), (1, &json!(WHAT), &json!(false)));
    assert_eq!(own(&office).len(), 0);
    neighbour.look(id).problem(403);
    neighbour.get(&format!("{ITEMS}/{id}/tasks/2")).problem(403);
    neighbour.get(&format!("{ITEMS}/{id}/tasks/3")).problem(404);
    assert_eq!(office.get(&format!("{ITEMS}/{id}/tasks")).json()["tasks"].as_array().unwrap().len(), 2);
    let done = json!({ "state": "resolved", "note": "Đã thông." });
    office.set(id, &done).problem(409);
    let end = |by: &Caller, n: u8, body: &Value| by.send(id, &format!("tasks/{n}"), body, &[]);
    assert_eq!(end(&neighbour, 1, &json!({})).problem(422), ["state"]);
    assert_eq!(end(&neighbour, 1, &json!({ "state": "withdrawn" })).problem(422), ["state"]);
    assert_eq!(end(&neighbour, 1, &json!({ "state": "returned" })).problem(422), ["note"]);
    let ended = end(&neighbour, 1, &json!({ "state": "done", "note": "Đã hút.", "internal_note": "2 xe" }));
    assert_eq!((ended.status, &ended.json()["state"]), (200, &json!("done")), "{}", ended.text());
    assert_eq!(end(&neighbour, 1, &json!({ "state": "done" })).status, 200, "sent again");
    end(&neighbour, 1, &json!({ "state": "returned", "note": "x" })).problem(409);
    office.set(id, &done).problem(409);
    assert_eq!(end(&office, 2, &json!({ "state": "withdrawn" })).status, 200);
    assert_eq!(office.set(id, &done).status, 200);
    give(&office, id, &json!({ "what": WHAT, "body": "water" })).problem(409);

    let told = life(&server, id, &[]);
    assert_eq!(kinds(&told), ["state", "task", "task", "task", "task", "state"]);
    assert_eq!((&told[3]["task"], &told[3]["task_state"]), (&json!(1), &json!("done")));
    assert_eq!((&told[3]["note"], &told[3]["role"]), (&json!("Đã hút."), &json!("task")));
    let seen = page(&server, &format!("/r/{id}"), 200, &[]);
    assert!(seen.contains("Một phần việc của") && seen.contains("Đã hút."), "{seen}");
    server.until("the feeds have it", || {
        server.get(&format!("/feeds/wards/{ward}/changes.json")).text().contains("Phần việc của")
    });
    let all = public(&server, id, &ward);
    for secret in ["hố ga", "0903", "2 xe"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[test]
fn a_contractor_has_a_link_to_one_task_for_two_weeks() {
    let server = Server::start();
    let (id, ward, token) = sent(&server, "pothole");
    let office = Caller::of(&server, &ward);
    let before = due(&server, id);
    let mut links = (1..=3).map(|n| {
        let given = given(&office, id, &json!({ "what": WHAT, "contractor": NAME }));
        (format!("{ITEMS}/{id}/tasks/{n}"), given["token"].as_str().unwrap().to_owned())
    });
    let [(first, link), (second, other), (third, late)] = std::array::from_fn(|_| links.next().unwrap());
    assert_eq!(due(&server, id), before, "a contractor is no other body");
    let read = |path: &str, token: &str| {
        ask(&agent(), "GET", &format!("{}{path}", server.base), &[("Task-Token", token)])
    };
    let seen = read(&first, &link);
    assert_eq!((seen.status, &seen.json()["what"]), (200, &json!(WHAT)), "{}", seen.text());
    assert_eq!(seen.json()["token"], Value::Null, "told once");
    read(&second, &link).problem(403);
    read(&first, &other).problem(403);
    read(&first, &token).problem(403);
    server.get(&first).problem(401);
    server.get_with(&first, &[("Report-Token", &token)]).problem(403);
    say(&server, &first, &other, &json!({ "state": "done" })).problem(403);
    let done = say(&server, &first, &link, &json!({ "state": "done", "note": "Đã hút." }));
    assert_eq!(done.status, 200, "{}", done.text());
    let back = say(&server, &second, &other, &json!({ "state": "returned", "internal_note": "xe hỏng" }));
    assert_eq!(back.status, 200, "{}", back.text());
    server.clock.set(Instant::from_ms(server.clock.now().ms() + 14 * DAY));
    say(&server, &third, &late, &json!({ "state": "done" })).problem(403);
    // Everybody reads that somebody outside works on it, and no name.
    let told = life(&server, id, &[]);
    assert_eq!(kinds(&told), ["state", "task", "task", "task", "task", "task"]);
    assert!(page(&server, &format!("/r/{id}"), 200, &[]).contains("đơn vị thi công"));
    let all = public(&server, id, &ward);
    for secret in ["Khơi Dòng", "hố ga", "xe hỏng"] {
        assert!(!all.contains(secret), "{secret}");
    }
}
