//! Heads of requests that have no one meaning: refused with the reason, nothing stored, nothing behind
//! them read.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::harness::{CENTRE, Server, feature, until};

const ITEMS: &str = "/collections/reports/items";
const HIDDEN: &str = "GET /conformance HTTP/1.1\r\nHost: a\r\n\r\n";

/// Sends these parts one after the other and reads until the server closes.
fn raw(server: &Server, parts: &[&str]) -> String {
    said(server, parts, false)
}

/// The same, where the client says that nothing more follows, so that the server need not wait for it.
fn whole(server: &Server, parts: &[&str]) -> String {
    said(server, parts, true)
}

fn said(server: &Server, parts: &[&str], ended: bool) -> String {
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.set_nodelay(true).unwrap();
    for part in parts {
        socket.write_all(part.as_bytes()).unwrap();
    }
    if ended {
        socket.shutdown(Shutdown::Write).unwrap();
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The problem document of the only answer, which ends the connection.
fn problem(answer: &str, status: u16) -> Value {
    assert_eq!(answer.matches("x-request-id: ").count(), 1, "{answer}");
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    for line in [
        "content-type: application/problem+json",
        "connection: close",
        "cache-control: no-store",
        "x-request-id: ",
    ] {
        assert!(head.contains(line), "{line}: {answer}");
    }
    let body: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    assert_eq!(body["status"], status);
    body
}

#[test]
fn a_report_with_two_lengths_is_refused_and_not_stored() {
    let server = Server::start();
    let body = serde_json::to_string(&feature("pothole", Some(CENTRE))).unwrap();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let head = |lines: &str| {
        format!("POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/geo+json\r\n{lines}\r\n")
    };
    let length = format!("Content-Length: {}\r\n", body.len());
    for (what, lines, field) in [
        ("length, then chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "content-length"),
        ("chunks, then a length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "content-length"),
        ("other letters", "content-LENGTH: 5\r\ntransfer-ENCODING: Chunked\r\n", "content-length"),
        ("a length of nothing", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "content-length"),
        ("two codings", "Transfer-Encoding: gzip, chunked\r\n", "transfer-encoding"),
        (
            "two lines of codings",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "transfer-encoding",
        ),
        ("two types", "Transfer-Encoding: chunked\r\nContent-Type: text/plain\r\n", "content-type"),
        (
            "two keys",
            "Transfer-Encoding: chunked\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n",
            "idempotency-key",
        ),
    ] {
        let answer = whole(&server, &[&head(lines), &chunked, HIDDEN]);
        let refused = problem(&answer, 400);
        assert_eq!(refused["errors"][0]["field"], field, "{what}: {answer}");
    }
    let twice = whole(&server, &[&head(&format!("{length}{length}")), &body, HIDDEN]);
    assert_eq!(problem(&twice, 400)["errors"][0]["field"], "content-length");
    assert_eq!(server.matched(""), 0);
    // Either of them alone is a report.
    for (lines, body) in [("Transfer-Encoding: chunked\r\n", &chunked), (length.as_str(), &body)] {
        let answer = raw(&server, &[&head(&format!("Connection: close\r\n{lines}")), body]);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    server.until("both are listed", || server.matched("") == 2);
}

#[test]
fn a_request_names_its_host_once() {
    let server = Server::start();
    for (what, head) in [
        ("none", "GET / HTTP/1.1\r\n\r\n"),
        ("two", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("the same twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"),
        ("a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        ("with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        ("two of old", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    ] {
        let refused = problem(&whole(&server, &[head, HIDDEN]), 400);
        assert_eq!(refused["errors"][0]["field"], "host", "{what}");
    }
    // A check of health by HTTP/1.0 names none.
    let old = raw(&server, &["GET /healthz HTTP/1.0\r\n\r\n"]);
    assert!(old.contains(" 200 ") && old.contains("alive"), "{old}");
}

#[test]
fn what_is_too_long_or_no_request_is_a_problem_document_too() {
    let server = Server::start();
    let get = |path: &str, lines: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    let long = |n: usize| format!("/?{}", "x".repeat(n));
    for n in [9_000, 30_000, 60_000, 200_000] {
        let refused = problem(&whole(&server, &[&get(&long(n), "")]), 414);
        assert_eq!(refused["type"], "urn:diaban:problem:address-too-long", "{n}");
    }
    for lines in [
        format!("X: {}\r\n", "x".repeat(60_000)),
        "X: 1\r\n".repeat(101),
        format!("X: {}\r\n", "x".repeat(300_000)),
    ] {
        let refused = problem(&whole(&server, &[&get("/", &lines)]), 431);
        assert_eq!(refused["type"], "urn:diaban:problem:header-too-large");
        assert!(refused["detail"].as_str().unwrap().contains("100 lines"));
    }
    for malformed in [
        "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "G T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let refused = problem(&whole(&server, &[malformed]), 400);
        assert_eq!(refused["type"], "urn:diaban:problem:malformed-request", "{malformed}");
        assert!(refused["detail"].as_str().is_some_and(|d| d.len() > 10), "{malformed}");
    }
    let head = whole(&server, &[&format!("HEAD {} HTTP/1.1\r\nHost: a\r\n\r\n", long(60_000))]);
    assert!(head.starts_with("HTTP/1.1 414") && head.ends_with("\r\n\r\n"), "{head}");
    // They are counted under no route.
    let metrics = server.get("/metrics").text();
    assert!(
        metrics.contains("diaban_http_answers_total{route=\"-\",method=\"OTHER\",status=\"431\"} 3"),
        "{metrics}"
    );
}

/// What was sent before a refused request is answered in its order, however the bytes arrive.
#[test]
fn requests_before_a_refused_one_are_answered_first() {
    let server = Server::start();
    let good = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = "GET /healthz HTTP/1.1\r\n\r\n";
    let all = format!("{good}{good}{bad}{HIDDEN}");
    for cut in (1..all.len()).step_by(19) {
        let answer = raw(&server, &[&all[..cut], &all[cut..]]);
        let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|a| &a[..3]).collect();
        assert_eq!(statuses, ["200", "200", "400"], "{cut}: {answer}");
    }
    // Byte by byte.
    let bytes: Vec<&str> = (0..all.len()).map(|i| &all[i..=i]).collect();
    assert_eq!(raw(&server, &bytes).matches("HTTP/1.1 200").count(), 2);
}

#[test]
fn a_second_line_of_codings_counts() {
    let server = Server::start();
    let body = serde_json::to_string(&feature("pothole", Some(CENTRE))).unwrap();
    let send = |lines: &str| {
        let length = body.len();
        let head = format!(
            "POST {ITEMS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/geo+json\r\n\
             Content-Length: {length}\r\n{lines}\r\n"
        );
        raw(&server, &[&head, &body])
    };
    for lines in [
        "Content-Encoding: gzip\r\n",
        "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n",
        "Content-Encoding: identity\r\ncontent-encoding: identity, br\r\n",
        "Content-Encoding: identity;q=1\r\n",
    ] {
        let answer = send(lines);
        assert!(answer.starts_with("HTTP/1.1 415"), "{lines}: {answer}");
    }
    assert_eq!(server.matched(""), 0);
    for lines in
        ["Content-Encoding: Identity\r\n", "Content-Encoding: identity\r\nContent-Encoding: identity\r\n"]
    {
        assert!(send(lines).starts_with("HTTP/1.1 201"), "{lines}");
    }
}

#[test]
fn a_head_that_never_ends_is_given_up_at_its_limit() {
    let server = Server::start();
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").unwrap();
    let mut sent = 0;
    until("the server answers", || {
        let _ = socket.write_all(&[b'x'; 1_024]);
        sent += 1;
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let mut begin = [0; 12];
        matches!(socket.peek(&mut begin), Ok(12)) && begin == *b"HTTP/1.1 431"
    });
    assert!((30..2_000).contains(&sent), "{sent}");
}
