//! Who may decide about boundaries over HTTP, what is refused and why, and what the log says of it.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::over_http::{EDITIONS, FORMER, Operator, half_prepared};
use super::{NEXT, boundaries};
use crate::feeds::done;
use crate::harness::{Answer, Server, agent, command, get, post, said, until};
use crate::keys::token;
use crate::operator::{end, shell, status};

/// Every route, with an edition that is not there.
const ROUTES: [(&str, &str); 9] = [
    ("GET", "/areas/editions"),
    ("POST", "/areas/editions"),
    ("GET", "/areas/editions/77"),
    ("GET", "/areas/editions/77/moves"),
    ("POST", "/areas/editions/77/schedule"),
    ("POST", "/areas/editions/77/activate"),
    ("POST", "/areas/editions/77/withdraw"),
    ("POST", "/areas/undo"),
    ("GET", "/areas/homeless"),
];

#[test]
fn only_a_key_of_operators_opens_the_routes() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let made = done(&server, &["keys", "add", "Ứng dụng", "--scope", "read,submit"]);
    let other = format!("Bearer {}", token(&made));
    let known = || server.get_with("/categories", &[("Authorization", &other)]).status == 200;
    server.until("the other key is known", known);
    let ask = |method: &str, path: &str, headers: &[(&str, &str)]| {
        if method == "GET" {
            server.get_with(path, headers)
        } else {
            server.post_bytes(path, b"{}", "application/json", headers)
        }
    };
    let kept_to_itself = |answer: &Answer, at: &str| {
        assert!(answer.header("cache-control").contains("no-store"), "{at}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{at}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{at}");
    };
    for (method, path) in ROUTES {
        let nobody = ask(method, path, &[]);
        nobody.problem(401);
        assert_eq!(nobody.header("www-authenticate"), "Bearer", "{path}");
        kept_to_itself(&nobody, path);
        let stranger = ask(method, path, &[("Authorization", &other)]);
        stranger.problem(403);
        assert!(stranger.text().contains("the scope operate\""), "{path}: {}", stranger.text());
        kept_to_itself(&stranger, path);
        let mine = ask(method, path, &[("Authorization", &operator.bearer)]);
        assert!(![401, 403].contains(&mine.status), "{path}: {}", mine.text());
        kept_to_itself(&mine, path);
        if path.contains("77") {
            // A schedule without its time is refused before the edition is looked for.
            let body = json!({ "at": null });
            let missing = if method == "GET" { operator.get(path) } else { operator.post(path, &body) };
            missing.problem(404);
        }
    }
    // Its scope opens what it says and no more.
    let report =
        server.post("/collections/reports/items", &json!({}), &[("Authorization", &operator.bearer)]);
    report.problem(403);
    for number in ["x", "01", "-1", "1.0", "99999999999999999999"] {
        operator.get(&format!("{EDITIONS}/{number}")).problem(404);
    }
    assert_eq!(operator.get(&format!("{EDITIONS}?limit=1")).problem(400), ["limit"]);
    assert_eq!(operator.get("/areas/homeless?limit=none").problem(400), ["limit"]);
    operator.post("/areas/undo", &json!(null)).problem(409);
}

#[test]
fn what_is_wrong_with_boundaries_is_named_and_nothing_is_kept() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let mut unclosed = boundaries();
    let ring = unclosed.pointer_mut("/features/0/geometry/coordinates/0").unwrap();
    let ring = if ring[0][0].is_array() { &mut ring[0] } else { ring };
    ring.as_array_mut().unwrap().pop();
    let good = json!({ "generation": NEXT, "boundaries": { "type": "FeatureCollection", "features": [] } });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let heir = json!({ "from_generation": FORMER, "from_code": "1", "to_generation": NEXT, "to_code": "2",
        "part": 7, "main": true });
    for (field, body) in [
        ("boundaries", with("boundaries", unclosed)),
        ("boundaries", with("boundaries", json!([]))),
        ("boundaries", with("boundaries", Value::Null)),
        ("generation", with("generation", json!(7))),
        ("generation", with("generation", Value::Null)),
        ("generation", with("generation", json!("soon"))),
        ("crs", with("crs", json!("EPSG:1"))),
        ("successors", with("successors", json!([heir]))),
        ("successors", with("successors", json!({}))),
        ("at", with("at", json!("tomorrow"))),
        ("at", with("at", json!("2026-11-25T01:29:59Z"))),
        ("force", with("force", json!("yes"))),
        ("source", with("source", json!("x".repeat(201)))),
        ("forced", with("forced", json!(true))),
    ] {
        let refused = operator.post(EDITIONS, &body);
        assert_eq!(refused.problem(422), [field], "{body:.200}");
        assert!(refused.json()["errors"][0]["detail"].as_str().unwrap().len() > 5, "{}", refused.text());
    }
    let key = ("Authorization", &*operator.bearer);
    let post = |body: &str, media: &str, more: &[(&str, &str)]| {
        server.post_bytes(EDITIONS, body.as_bytes(), media, &[&[key], more].concat())
    };
    post("[]", "application/json", &[]).problem(400);
    post(r#"{"generation":"a","generation":"b"}"#, "application/json", &[]).problem(400);
    post("{}", "text/plain", &[]).problem(415);
    post("{}", "application/json", &[("Content-Encoding", "gzip")]).problem(415);
    assert_eq!(operator.post(&format!("{EDITIONS}?dry=1"), &good).problem(400), ["dry"]);
    assert_eq!(operator.post(&format!("{EDITIONS}?dry_run=1"), &good).problem(400), ["dry_run"]);
    assert_eq!(operator.states(), ["in_force"]);
}

/// Announces a body of so many bytes and sends none.
fn announced(server: &Server, key: &str, length: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST {EDITIONS} HTTP/1.1\r\nHost: a\r\nAuthorization: {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

#[test]
fn one_preparation_at_a_time_and_none_too_large() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let mut large = announced(&server, &operator.bearer, (64 << 20) + 1);
    let mut said = [0; 12];
    large.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 413");
    // One whose body does not come yet keeps others out, and lets them in when it goes away.
    let another = || operator.post(EDITIONS, &json!({}));
    let mut first = announced(&server, &operator.bearer, 64 << 20);
    server.until("the first is there", || {
        // Another one that came first kept it out.
        another().status == 409 || {
            first = announced(&server, &operator.bearer, 64 << 20);
            false
        }
    });
    another().problem(409);
    assert_eq!(operator.states(), ["in_force"], "what is asked goes on");
    drop(first);
    server.until("the first is gone", || another().status == 422);
}

#[test]
fn operators_have_an_address_and_the_log_says_who_did_what() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let line = format!("exec \"$0\" serve --listen 127.0.0.1:0 --admin-listen {free} --store \"$1\"");
    let (child, public) = shell(folder, &line);
    let (agent, operators) = (agent(), format!("http://{free}"));
    until("it is ready", || status(&operators, "/readyz") == 200);
    let made = said(&command(folder, &["keys", "add", "Trực đêm"], &["--scope", "operate"]));
    let bearer = format!("Bearer {}", token(&made));
    let key = [("Authorization", &*bearer)];
    until("the key is known", || get(&agent, &operators, EDITIONS, &key).status == 200);
    get(&agent, &operators, EDITIONS, &[]).problem(401);
    // On the public address they never existed.
    let nothing = get(&agent, &public, "/no-such", &[]).json();
    for (method, path) in ROUTES {
        let refused = if method == "GET" {
            get(&agent, &public, path, &[])
        } else {
            post(&agent, &public, path, b"{}", "application/json", &[])
        };
        refused.problem(404);
        assert_eq!(refused.json(), nothing, "{path}");
    }
    let edition = half_prepared(folder, NEXT);
    let path = format!("{EDITIONS}/{edition}/withdraw");
    assert_eq!(post(&agent, &operators, &path, b"", "application/json", &key).status, 200);
    end(child);
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    let told = log.lines().find(|l| l.contains("an operator withdraws")).unwrap_or_else(|| panic!("{log}"));
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!((&told["name"], &told["edition"]), (&json!("Trực đêm"), &json!(edition)), "{told}");
    assert_eq!(told["key"], bearer[11..19], "{told}");
    assert!(!log.contains(&bearer[7..]), "the key itself is nowhere");
}
