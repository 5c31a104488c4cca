//! Whoever sent a report reads what became of it, and takes it back, with the token of the report.

use diaban::clock::Clock;
use diaban_core::domain::Precision;
use serde_json::json;

use crate::feeds::done;
use crate::harness::{Answer, CENTRE, Server, agent, ask, feature};
use crate::keys::token;

const ITEMS: &str = "/collections/reports/items";

/// A report, and the header that opens it.
fn sent(server: &Server, category: &str, key: &str) -> (u64, String) {
    let made = server.post(ITEMS, &feature(category, Some(CENTRE)), &[("Idempotency-Key", key)]);
    assert!(made.status < 202, "{}", made.text());
    (made.json()["id"].as_u64().unwrap(), made.header("report-token").to_owned())
}

fn erase(server: &Server, id: u64, headers: &[(&str, &str)]) -> Answer {
    ask(&agent(), "DELETE", &format!("{}{ITEMS}/{id}", server.base), headers)
}

#[test]
fn a_reporter_reads_what_everybody_learns_later_and_no_word_among_offices() {
    let server = Server::start();
    let category = crate::hour::category(Precision::Grid150m);
    let (id, own) = sent(&server, category, "one");
    assert_eq!(sent(&server, category, "one"), (id, own.clone()), "a repeat has the same token");
    let (other, others) = sent(&server, category, "two");
    assert_ne!(own, others);
    let path = format!("{ITEMS}/{id}/events");
    let read = |token: &str| server.get_with(&path, &[("Report-Token", token)]);
    server.get(&path).problem(404);
    read(&others).problem(403);
    read("").problem(403);
    server.get_with(&format!("{ITEMS}/{other}/events"), &[("Report-Token", &own)]).problem(403);
    let mine = read(&own);
    assert_eq!(mine.status, 200, "{}", mine.text());
    assert_eq!(mine.header("cache-control"), "no-store");
    // To the second, because it is their own.
    assert_eq!(mine.json()["events"][0]["at"], server.clock.now().to_string());
    let key = token(&done(&server, &["keys", "add", "Trực", "--scope", "operate"]));
    let bearer = [("Authorization", &*format!("Bearer {key}"))];
    server.until("the key is known", || server.get_with(&path, &bearer).status == 200);
    for words in [json!({ "note": "Đã xem" }), json!({ "internal_note": "gọi chị Hoa" })] {
        let path = format!("{ITEMS}/{id}/transitions");
        let set = server.post_bytes(&path, words.to_string().as_bytes(), "application/json", &bearer);
        assert_eq!(set.status, 200, "{}", set.text());
    }
    let mine = read(&own);
    assert_eq!(mine.json()["events"].as_array().unwrap().len(), 2, "{}", mine.text());
    assert!(
        mine.text().contains("Đã xem") && !mine.text().contains("Hoa") && !mine.text().contains("office\":")
    );
}

#[test]
fn a_reporter_takes_a_report_back_for_good() {
    let server = Server::start();
    let ((id, own), (other, others)) = (sent(&server, "pothole", "one"), sent(&server, "pothole", "two"));
    let path = format!("{ITEMS}/{id}");
    server.until("both are there", || server.matched("") == 2);
    erase(&server, id, &[]).problem(401);
    erase(&server, id, &[("Report-Token", &others)]).problem(403);
    let reader = token(&done(&server, &["keys", "add", "Trực", "--scope", "work", "--ward", "26743"]));
    let bearer = [("Authorization", &*format!("Bearer {reader}"))];
    server.until("the key is known", || server.get_with(&path, &bearer).status == 200);
    erase(&server, id, &bearer).problem(403);
    erase(&server, 4_242, &[("Report-Token", &own)]).problem(403);
    assert_eq!(server.matched(""), 2, "nothing was done");
    let gone = erase(&server, id, &[("Report-Token", &own)]);
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    server.until("it is gone", || server.matched("") == 1);
    server.get(&path).problem(410);
    server.get_with(&format!("{path}/events"), &[("Report-Token", &own)]).problem(410);
    erase(&server, id, &[("Report-Token", &own)]).problem(410);
    let told = server.get("/feeds/reports.json").text();
    assert!(told.contains("deleted") && !server.get(&format!("{ITEMS}/{other}")).text().contains(&others));
    // A page of another origin may send and read the token.
    let asked = ask(
        &agent(),
        "OPTIONS",
        &format!("{}{path}", server.base),
        &[("Origin", "https://app.example"), ("Access-Control-Request-Method", "DELETE")],
    );
    assert!(asked.header("access-control-allow-methods").contains("DELETE"), "{:?}", asked.headers);
    assert!(asked.header("access-control-allow-headers").contains("Report-Token"));
}
