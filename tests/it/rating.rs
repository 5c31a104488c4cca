//! Whoever sent a report says how it was closed, and may have it opened again.

use std::path::Path;

use diaban::clock::Clock as _;
use diaban_core::domain::Instant;
use serde_json::{Value, json};

use crate::dialogue::{due, kinds, life, public, sent, write};
use crate::harness::{Answer, Server};
use crate::kept::copy_folder;
use crate::office::{Caller, ITEMS, NEIGHBOUR, state};
use crate::report_page::{OWN, cookie, page, post};

const DAY: i64 = 86_400_000;
const WORDS: &str = "Vẫn còn mùi hôi, hỏi cô Lan 0903 123 456";

fn rate(server: &Server, id: u64, token: &str, body: &Value) -> Answer {
    write(server, &format!("{ITEMS}/{id}/ratings"), body, &[("Report-Token", token)])
}

fn later(server: &Server, days: i64) {
    server.clock.set(Instant::from_ms(server.clock.now().ms() + days * DAY));
}

/// A report that was resolved, with its token and the key of its office.
fn resolved(server: &Server) -> (u64, String, String, Caller<'_>) {
    let (id, ward, token) = sent(server, "pothole");
    let own = Caller::of(server, &ward);
    close(&own, id);
    (id, ward, token, own)
}

fn close(own: &Caller, id: u64) {
    let set = own.set(id, &json!({ "state": "resolved", "note": "Đã vá." }));
    assert_eq!(set.status, 200, "{}", set.text());
}

#[test]
fn a_closed_report_is_rated_once_and_only_the_office_reads_the_words() {
    let server = Server::start();
    let (id, ward, token, own) = resolved(&server);
    let (open, _, open_token) = sent(&server, "pothole");
    rate(&server, open, &open_token, &json!({ "satisfied": true })).problem(409);
    rate(&server, id, &open_token, &json!({ "satisfied": true })).problem(403);
    for (body, field) in [
        (json!({}), "satisfied"),
        (json!({ "satisfied": "yes" }), "satisfied"),
        (json!({ "satisfied": false, "reasons": ["bad"] }), "reasons"),
        (json!({ "satisfied": false, "reasons": ["other", "other"] }), "reasons"),
        (json!({ "satisfied": true, "reasons": ["other"] }), "reasons"),
        (json!({ "satisfied": true, "reopen": true }), "reopen"),
        (json!({ "satisfied": false, "words": "ả".repeat(2_001) }), "words"),
    ] {
        assert_eq!(rate(&server, id, &token, &body).problem(422), [field], "{body}");
    }
    later(&server, 13);
    let said = json!({ "satisfied": false, "reasons": ["not_done", "too_late"], "words": WORDS });
    let rated = rate(&server, id, &token, &said);
    assert_eq!(rated.status, 200, "{}", rated.text());
    let mine = rated.json()["events"][2].clone();
    assert_eq!((&mine["rating"], &mine["said"]), (&json!("unsatisfied"), &json!(WORDS)));
    assert_eq!(rate(&server, id, &token, &said).status, 200, "sent again by a phone that heard nothing");
    rate(&server, id, &token, &json!({ "satisfied": true })).problem(409);
    let told = life(&server, id, &[]);
    assert_eq!(kinds(&told), ["state", "state", "rating"]);
    assert_eq!(told[2]["rating_reasons"], json!(["not_done", "too_late"]));
    assert!(own.events(id).text().contains(WORDS));
    server.until("the feeds have it", || {
        server.get(&format!("/feeds/wards/{ward}/changes.json")).text().contains("unsatisfied")
    });
    let all = public(&server, id, &ward);
    assert!(all.contains("Người gửi đánh giá: chưa hài lòng.") && all.contains("làm chưa xong"), "{all}");
    for secret in ["mùi hôi", "cô Lan", "0903"] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert_eq!(state(&server, id), "resolved", "nobody wished to have it opened again");
}

#[test]
fn ratings_have_their_time_and_come_once_more_after_some_weeks() {
    let server = Server::start();
    let (id, _, token, own) = resolved(&server);
    let satisfied = json!({ "satisfied": true });
    later(&server, 15);
    rate(&server, id, &token, &satisfied).problem(409);
    later(&server, 14);
    assert_eq!(rate(&server, id, &token, &satisfied).status, 200, "is it still so?");
    later(&server, 1);
    rate(&server, id, &token, &json!({ "satisfied": false })).problem(409);
    // An answer that repairs nothing cannot come undone.
    let (answered, _, answered_token) = sent(&server, "pothole");
    let set = own.set(answered, &json!({ "state": "answered", "note": "Đường này đang thi công." }));
    assert_eq!(set.status, 200, "{}", set.text());
    later(&server, 29);
    rate(&server, answered, &answered_token, &satisfied).problem(409);
}

#[test]
fn an_office_decides_whether_a_report_is_opened_again_and_silence_opens_it() {
    let server = Server::start();
    let (id, _, token, own) = resolved(&server);
    let wish = json!({ "satisfied": false, "reasons": ["came_back"], "reopen": true });
    own.send(id, "refusals", &json!({ "reason": "Đã xong" }), &[]).problem(409);
    assert_eq!(rate(&server, id, &token, &wish).status, 200);
    let awaited = own.look(id).json()["awaited"].clone();
    assert_eq!(
        (&awaited["wait"], &awaited["until"]),
        (&json!("decision"), &json!("2026-11-30T10:00:00.000Z"))
    );
    Caller::of(&server, NEIGHBOUR).send(id, "refusals", &json!({ "reason": "x" }), &[]).problem(403);
    assert_eq!(own.send(id, "refusals", &json!({}), &[]).problem(422), ["reason"]);
    let kept = own.send(id, "refusals", &json!({ "reason": "Chỗ khác, mời gửi phản ánh mới." }), &[]);
    assert_eq!((kept.status, &kept.json()["awaited"]), (200, &Value::Null), "{}", kept.text());
    assert_eq!(kinds(&life(&server, id, &[])), ["state", "state", "rating", "kept_closed"]);
    assert!(page(&server, &format!("/r/{id}"), 200, &[]).contains("Chỗ khác, mời gửi"));

    // Two more: one is opened by its office, one because nobody decides.
    let ids: Vec<(u64, Instant)> = (0..2)
        .map(|_| {
            let (id, _, token) = sent(&server, "pothole");
            let due = due(&server, id);
            close(&own, id);
            assert_eq!(rate(&server, id, &token, &wish).status, 200);
            (id, due)
        })
        .collect();
    let opened = own.set(ids[0].0, &json!({ "state": "reopened" }));
    assert_eq!((opened.status, &opened.json()["awaited"]), (200, &Value::Null), "{}", opened.text());
    server.clock.set(Instant::parse("2026-11-30T10:00:01Z").unwrap());
    server.until("it is opened", || state(&server, ids[1].0) == "reopened");
    let told = life(&server, ids[1].0, &[]);
    assert_eq!((&told[3]["to"], &told[3]["role"]), (&json!("reopened"), &json!("system")));
    // The clock of the answer begins anew.
    assert!(due(&server, ids[1].0) > ids[1].1);
    assert_eq!(told[3]["due_at"], due(&server, ids[1].0).to_string());
    assert_eq!(state(&server, id), "resolved");
}

#[test]
fn a_category_may_open_reports_at_once() {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data"), &folder.path().join("data"));
    let file = folder.path().join("data/categories.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replacen("code = \"pothole\"\n", "code = \"pothole\"\nreopening = \"automatic\"\n", 1);
    assert_ne!(text, changed);
    std::fs::write(&file, changed).unwrap();
    let server = Server::start_set(|config| config.data = Some(folder.path().to_owned()));
    let (id, _, token, _) = resolved(&server);
    let rated = rate(&server, id, &token, &json!({ "satisfied": false, "reopen": true }));
    assert_eq!(rated.status, 200, "{}", rated.text());
    assert_eq!(kinds(&life(&server, id, &[])), ["state", "state", "rating", "state"]);
    assert_eq!(state(&server, id), "reopened");
}

#[test]
fn the_page_takes_a_rating_of_its_reporter() {
    let server = Server::start();
    let (id, _, token, _) = resolved(&server);
    let (path, form) = (format!("/r/{id}"), format!("/r/{id}/rate"));
    let cookie = cookie(&server, id, &token);
    let mine = [("Cookie", &*cookie), OWN];
    assert!(!page(&server, &path, 200, &[]).contains("Bạn có hài lòng không?"));
    let seen = page(&server, &path, 200, &mine);
    for part in
        ["Bạn có hài lòng không?", "đến hết thứ Tư, 9/12/2026", "value=\"not_done\"", "Đề nghị mở lại"]
    {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    for wrong in ["", "satisfied=maybe", "satisfied=yes&reason=other"] {
        let refused = post(&server, &form, wrong, &mine);
        assert!(refused.status == 422 && refused.text().contains("hãy chọn"), "{wrong}: {}", refused.text());
    }
    let said = "satisfied=no&reason=not_done&reason=conduct&words=xem+lại&reopen=yes";
    assert_eq!(post(&server, &form, said, &mine).status, 303);
    let seen = page(&server, &path, 200, &mine);
    for part in ["chưa hài lòng", "Thái độ phục vụ", "xem lại", "Bạn đã đề nghị mở lại"]
    {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(!seen.contains("Bạn có hài lòng không?"));
    assert_eq!(post(&server, &form, "satisfied=yes", &mine).status, 409);
}
