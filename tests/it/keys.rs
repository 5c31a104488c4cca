//! Who sends a key is judged by it, and never becomes anonymous without a word.

use serde_json::json;

use crate::feeds::done;
use crate::harness::{CENTRE, Server, feature};

const ITEMS: &str = "/collections/reports/items";

pub(crate) fn token(made: &str) -> String {
    made[made.find("dbn_").unwrap()..].chars().take(44).collect()
}

#[test]
fn a_key_that_opens_nothing_is_refused_with_the_reason() {
    let server = Server::start();
    let reader = token(&done(&server, &["keys", "add", "Ứng dụng", "--scope", "read"]));
    let sender = token(&done(&server, &["keys", "add", "Cổng", "--scope", "submit", "--scope", "read"]));
    let link = token(&done(&server, &["keys", "feed", "Đội", "--query", "category=pothole"]));
    let read = |value: &str| server.get_with("/categories", &[("Authorization", value)]);
    let bearer = |token: &str| format!("Bearer {token}");
    server.until("the keys are known", || read(&bearer(&sender)).status == 200);
    server.until("the keys are known", || read(&bearer(&reader)).status == 200);
    server.until("the link is known", || read(&bearer(&link)).text().contains("feed"));
    let unknown = bearer(&format!("dbn_{}", "0".repeat(40)));
    for (sent, why) in [
        (unknown.as_str(), "not known"),
        (&bearer(&link), "feed"),
        (&bearer(&reader[..30]), "not a key"),
        (&reader, "not a key"),
        ("Basic dXNlcjpwYXNz", "not a key"),
        ("Bearer", "not a key"),
        ("", "not a key"),
    ] {
        let refused = read(sent);
        refused.problem(401);
        assert!(refused.text().contains(why), "{sent}: {}", refused.text());
        assert_eq!(refused.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        assert!(!refused.text().contains("dbn_0"), "what was sent is not told");
    }
    let post = |token: &str| {
        server.post(ITEMS, &feature("pothole", Some(CENTRE)), &[("Authorization", &bearer(token))])
    };
    let out_of_scope = post(&reader);
    out_of_scope.problem(403);
    assert_eq!(out_of_scope.header("www-authenticate"), "Bearer error=\"insufficient_scope\"");
    assert_eq!(post(&sender).status, 201);
    let id = sender[4..12].to_owned();
    done(&server, &["keys", "revoke", &id]);
    server.until("it is revoked", || read(&bearer(&sender)).status == 401);
    assert!(read(&bearer(&sender)).text().contains("revoked"));
    assert_eq!(post(&sender).status, 401);
    // Whether the process lives is told to everybody.
    assert_eq!(server.get_with("/healthz", &[("Authorization", "Basic x")]).status, 200);
}

#[test]
fn an_idempotency_key_is_its_senders_own() {
    let server = Server::start();
    let device = || server.post("/devices", &json!(null), &[]).json()["token"].as_str().unwrap().to_owned();
    let (one, other) = (device(), device());
    let send = |category: &str, headers: &[(&str, &str)]| {
        let key = [("Idempotency-Key", "the-same")];
        server.post(ITEMS, &feature(category, Some(CENTRE)), &[&key, headers].concat())
    };
    let first = send("pothole", &[("Device-Token", &one)]);
    assert_eq!(first.status, 201);
    let again = send("pothole", &[("Device-Token", &one)]);
    assert_eq!((again.status, &again.json()["id"]), (200, &first.json()["id"]));
    assert_eq!(send("road_sign", &[("Device-Token", &one)]).status, 409);
    // Neither another device nor somebody without one meets it.
    let others = send("road_sign", &[("Device-Token", &other)]);
    assert_eq!(others.status, 201);
    assert_eq!(send("pothole", &[]).status, 201);
    assert_eq!(send("road_sign", &[("Device-Token", &other)]).json()["id"], others.json()["id"]);
    server.until("all three are on the map", || server.matched("") == 3);
}
