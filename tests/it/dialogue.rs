//! An office asks whoever sent a report: who reads the words, what the clock of the office does meanwhile, and what
//! everybody learns.

use diaban::clock::Clock as _;
use diaban_core::domain::{Instant, Precision};
use serde_json::{Value, json};

use crate::harness::{Answer, CENTRE, Server, feature};
use crate::office::{Caller, ITEMS, NEIGHBOUR};
use crate::report_page::{OWN, cookie, page, post};
use crate::tiles::counted;

const DAY: i64 = 86_400_000;
const QUESTION: &str = "Nắp cống ở trước hay sau nhà số 12?";
const ANSWER: &str = "Ngay trước cổng, gọi 0903 123 456 cho cô Lan";
const AMONG: &str = "hỏi thay anh Ba";

/// A report, its ward, and the token of whoever sent it.
pub(crate) fn sent(server: &Server, category: &str) -> (u64, String, String) {
    let made = server.post(ITEMS, &feature(category, Some(CENTRE)), &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    let ward = made.json()["properties"]["ward"].as_str().unwrap().to_owned();
    (made.json()["id"].as_u64().unwrap(), ward, made.header("report-token").to_owned())
}

fn ask(office: &Caller, id: u64, question: &str) -> Answer {
    office.send(id, "questions", &json!({ "question": question, "internal_note": AMONG }), &[])
}

fn answer(server: &Server, id: u64, token: &str, answer: &str) -> Answer {
    write(server, &format!("{ITEMS}/{id}/answers"), &json!({ "answer": answer }), &[("Report-Token", token)])
}

/// What somebody without a key writes.
pub(crate) fn write(server: &Server, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    server.post_bytes(path, body.to_string().as_bytes(), "application/json", headers)
}

pub(crate) fn due(server: &Server, id: u64) -> Instant {
    let item = server.get(&format!("{ITEMS}/{id}")).json();
    Instant::parse(item["properties"]["due_at"].as_str().unwrap()).unwrap()
}

pub(crate) fn life(server: &Server, id: u64, headers: &[(&str, &str)]) -> Vec<Value> {
    let events = server.get_with(&format!("{ITEMS}/{id}/events"), headers);
    assert_eq!(events.status, 200, "{}", events.text());
    events.json()["events"].as_array().unwrap().clone()
}

pub(crate) fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

/// All that everybody can read of a report.
pub(crate) fn public(server: &Server, id: u64, ward: &str) -> String {
    let paths = [
        format!("{ITEMS}/{id}"),
        format!("{ITEMS}?f=csv"),
        format!("{ITEMS}/{id}/events"),
        format!("/r/{id}"),
        format!("/r/{id}.atom"),
        format!("/r/{id}.json"),
        format!("/feeds/wards/{ward}/changes.atom"),
        format!("/feeds/wards/{ward}/changes.json"),
        format!("/feeds/wards/{ward}.json"),
        "/metrics".to_owned(),
    ];
    let read = paths.iter().map(|path| {
        let read = server.get(path);
        assert_eq!(read.status, 200, "{path}: {}", read.text());
        read.text()
    });
    read.collect()
}

#[test]
fn an_office_asks_whoever_sent_a_report_and_its_clock_rests_until_the_answer() {
    let server = Server::start();
    let (id, ward, token) = sent(&server, "pothole");
    let (_, _, others) = sent(&server, "pothole");
    let (own, other) = (Caller::of(&server, &ward), Caller::of(&server, NEIGHBOUR));
    let before = due(&server, id);
    assert_eq!(answer(&server, id, &token, ANSWER).problem(409), [""; 0]);
    assert_eq!(own.send(id, "questions", &json!({}), &[]).problem(422), ["question"]);
    ask(&other, id, QUESTION).problem(403);
    let asked = ask(&own, id, QUESTION);
    assert_eq!(asked.status, 200, "{}", asked.text());
    let open = asked.json()["awaited"].clone();
    assert_eq!((&open["said"], &open["over"]), (&json!(QUESTION), &json!(false)));
    // Five working days from Wednesday, 25 November: the end of work of the next.
    assert_eq!(open["until"], "2026-12-02T10:00:00.000Z");
    assert_eq!(due(&server, id), Instant::from_ms(before.ms() + 7 * DAY), "over a weekend");
    assert_eq!(server.get(&format!("{ITEMS}/{id}")).json()["properties"]["extensions"], 0);
    ask(&own, id, "Còn gì nữa?").problem(409);

    // Everybody learns that there is a question; the two of them read it; a stranger does not.
    let told = life(&server, id, &[]);
    assert_eq!(kinds(&told), ["state", "question"]);
    assert_eq!((&told[1]["said"], &told[1]["note"]), (&Value::Null, &Value::Null));
    let mine = life(&server, id, &[("Report-Token", &token)]);
    assert_eq!((&mine[1]["said"], &mine[1]["until"]), (&json!(QUESTION), &open["until"]));
    assert!(own.events(id).text().contains(QUESTION) && !other.events(id).text().contains(QUESTION));

    // A day later, which is a working day, the answer comes: the clock goes on where it stood.
    server.clock.set(Instant::from_ms(server.clock.now().ms() + DAY));
    answer(&server, id, &others, ANSWER).problem(403);
    write(&server, &format!("{ITEMS}/{id}/answers"), &json!({ "answer": ANSWER }), &[]).problem(401);
    assert_eq!(answer(&server, id, &token, " ").problem(422), ["answer"]);
    assert_eq!(answer(&server, id, &token, &"ả".repeat(2_001)).problem(422), ["answer"]);
    let mine = answer(&server, id, &token, ANSWER);
    assert_eq!(mine.status, 200, "{}", mine.text());
    assert_eq!(mine.json()["events"][2]["said"], ANSWER);
    let rested = due(&server, id);
    assert!(rested > before && rested < Instant::from_ms(before.ms() + 7 * DAY), "{rested}");
    let standing = own.look(id).json();
    assert_eq!((&standing["awaited"], &standing["events"]), (&Value::Null, &json!(3)));
    assert!(own.events(id).text().contains(ANSWER));
    // The link broke after the answer was stored: the phone sends it again.
    assert_eq!(answer(&server, id, &token, ANSWER).status, 200);
    assert_eq!(life(&server, id, &[]).len(), 3);
    answer(&server, id, &token, "Còn nữa").problem(409);

    server.until("the feeds have it", || {
        server.get(&format!("/feeds/wards/{ward}/changes.json")).text().contains("\"reply\"")
    });
    let all = public(&server, id, &ward);
    assert!(all.contains("Nơi phụ trách hỏi thêm người gửi.") && all.contains("Người gửi đã trả lời."));
    for secret in ["trước hay sau", "cô Lan", "0903", AMONG] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert_eq!(own.set(id, &json!({ "state": "resolved", "note": "Đã đậy nắp." })).status, 200);
    ask(&own, id, QUESTION).problem(409);
}

#[test]
fn silence_is_on_record_and_who_answers_late_is_heard() {
    let server = Server::start();
    let (id, ward, token) = sent(&server, "pothole");
    let (closed, _, closed_token) = sent(&server, "pothole");
    let own = Caller::of(&server, &ward);
    for id in [id, closed] {
        assert_eq!(ask(&own, id, QUESTION).status, 200);
    }
    // Nobody waits for the answer of one that is closed.
    assert_eq!(own.set(closed, &json!({ "state": "in_progress" })).status, 200);
    assert_eq!(own.set(closed, &json!({ "state": "resolved", "note": "Đã đậy nắp." })).status, 200);
    answer(&server, closed, &closed_token, ANSWER).problem(409);
    let rested = due(&server, id);
    server.clock.set(Instant::parse("2026-12-02T10:00:01Z").unwrap());
    server.until("silence is on record", || life(&server, id, &[]).len() == 3);
    let told = life(&server, id, &[]);
    assert_eq!((kinds(&told)[2], &told[2]["role"]), ("silence", &json!("system")));
    assert_eq!(due(&server, id), rested, "the rest is over, and counted");
    assert_eq!(own.look(id).json()["awaited"]["over"], true);
    assert_eq!(kinds(&life(&server, closed, &[])), ["state", "question", "state", "state"]);
    assert_eq!(answer(&server, id, &token, ANSWER).status, 200);
    assert_eq!(due(&server, id), rested);
    assert_eq!(ask(&own, id, "Và màu gì?").status, 200, "one more question");
    assert_eq!(kinds(&life(&server, id, &[])), ["state", "question", "silence", "reply", "question"]);
}

#[test]
fn of_a_blurred_report_everybody_learns_of_the_dialogue_when_the_hour_is_over() {
    let server = Server::start();
    let category = crate::hour::category(Precision::Grid150m);
    let (id, ward, token) = sent(&server, category);
    let own = Caller::of(&server, &ward);
    let hour = |n: i64| Instant::from_ms((server.clock.now().ms() / 3_600_000 + n) * 3_600_000 + 300_000);
    server.clock.set(hour(1));
    server.until("its hour is over", || counted(&server, 12, "") == 1);
    let (before, public_before) = (due(&server, id), life(&server, id, &[]));
    assert_eq!(ask(&own, id, QUESTION).status, 200);
    assert_eq!((due(&server, id), life(&server, id, &[])), (before, public_before));
    let mine = life(&server, id, &[("Report-Token", &token)]);
    assert_eq!(mine[1]["said"], QUESTION, "nor does the reporter wait");
    let secret = own.look(id).json()["clocks"][0]["due_at"].clone();
    assert_ne!(secret, json!(before.to_string()), "the office knows its date");
    assert_eq!(answer(&server, id, &token, ANSWER).status, 200, "within the hour");
    server.clock.set(hour(1));
    server.until("the hour is over", || life(&server, id, &[]).len() == 3);
    assert_eq!(due(&server, id), before, "answered on the same day");
    assert_eq!(kinds(&life(&server, id, &[])), ["state", "question", "reply"]);
    assert!(!public(&server, id, &ward).contains("trước hay sau"));
}

#[test]
fn the_page_shows_its_reporter_the_question_and_takes_the_answer() {
    let server = Server::start();
    let (id, ward, token) = sent(&server, "pothole");
    let own = Caller::of(&server, &ward);
    assert_eq!(ask(&own, id, QUESTION).status, 200);
    let (path, form) = (format!("/r/{id}"), format!("/r/{id}/answer"));
    let cookie = cookie(&server, id, &token);
    let mine = [("Cookie", &*cookie), OWN];
    let stranger = page(&server, &path, 200, &[]);
    assert!(stranger.contains("hỏi thêm người gửi") && !stranger.contains("sau nhà số 12"), "{stranger}");
    let seen = page(&server, &path, 200, &mine);
    for part in [QUESTION, "Mời trả lời chậm nhất thứ Tư, 2/12/2026", "<textarea", "maxlength=\"2000\""]
    {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    let send =
        |answer: &str, headers: &[(&str, &str)]| post(&server, &form, &format!("answer={answer}"), headers);
    assert_eq!(send("x", &[("Cookie", &cookie)]).status, 403, "of no page");
    assert!(send("x", &[OWN]).text().contains("Đã hết thời gian của người gửi"), "without the cookie");
    let empty = send("", &mine);
    assert!(empty.status == 422 && empty.text().contains("hãy viết câu trả lời"), "{}", empty.text());
    let long = "%E1%BA%A3".repeat(1_990);
    let sent = send(&long, &mine);
    assert_eq!((sent.status, sent.header("location")), (303, &*path), "{}", sent.text());
    let seen = page(&server, &path, 200, &mine);
    assert!(seen.contains(&"ả".repeat(1_990)) && !seen.contains("<textarea"), "{seen}");
    assert!(!page(&server, &path, 200, &[]).contains("ảảả"));
    let again = send("xong", &mine);
    assert!(again.status == 409 && again.text().contains("Không có câu hỏi nào"), "{}", again.text());
}
