//! Who may call what: every described operation under every kind of caller. An operation without a row fails.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use diaban::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::accounts;
use crate::feeds::done;
use crate::harness::{CENTRE, Server, feature};
use crate::keys::token;
use crate::office::{ITEMS, NEIGHBOUR};

/// Who calls, in the order of the cells of [`TABLE`].
const CALLERS: [&str; 12] = [
    "nobody",
    "a key to read",
    "a key to submit",
    "an officer of the report's ward",
    "an officer of another ward",
    "the operator",
    "who sent the report",
    "who sent another report",
    "a key that nobody made",
    "the key of a secret feed",
    "an officer's session",
    "an officer's session, sent by a page of others",
];

/// The login of the officer with a session.
const OFFICER: &str = "hoa";

/// What callers get: `.` is served, or told what is wrong with the request; `k` needs a key or token that opens
/// something (401); `s` is refused for the scope, the office, the token or the page that it has (403). The first row of an
/// operation holds; `*` is any part of a segment.
#[rustfmt::skip]
const TABLE: &[(&str, &[&str])] = &[
    ("............", &["GET /healthz", "GET /metrics", "GET /readyz"]),
    // What whoever sent it may read besides is theirs alone.
    ("..s....skk..", &["GET /collections/reports/items/{id}/events"]),
    (".s.sss..kk..", &["POST /collections/reports/items"]),
    ("kksss..skksk", &["DELETE /collections/reports/items/{id}"]),
    ("k.s...kkkk..", &["GET /events"]),
    ("kss.s.kkkk..", &[
        "GET /collections/reports/items/{id}/standing", "GET /collections/reports/items/{id}/tasks",
    ]),
    ("kss.s.kkkk.s", &[
        "POST /collections/reports/items/{id}/transitions",
        "POST /collections/reports/items/{id}/transfers",
        "POST /collections/reports/items/{id}/questions",
        "POST /collections/reports/items/{id}/refusals",
        "POST /collections/reports/items/{id}/tasks",
    ]),
    // Its own tasks, which may be none.
    ("kss...kkkk..", &["GET /tasks"]),
    // There is none with that number, for whoever may ask.
    ("kks....skkkk", &[
        "GET /collections/reports/items/{id}/tasks/{task}", "POST /collections/reports/items/{id}/tasks/{task}",
    ]),
    // What whoever sent it writes; other callers are known, and it is not theirs.
    ("kkssss.skkkk", &[
        "POST /collections/reports/items/{id}/answers",
        "POST /collections/reports/items/{id}/ratings",
    ]),
    ("kssss.kkkkss", &["* /areas/*", "* /areas/*/*", "* /areas/*/*/*"]),
    // Of a page of this service only, which says so by its origin.
    ("sssssssskk.s", &["POST /r/{id}/*", "POST /account/*"]),
    ("..s.....kk..", &["GET /account/*"]),
    ("..s.....kk..", &[
        "GET /", "GET /*", "GET /basemap/*/*/*", "GET /fonts/*/*", "GET /r/*", "GET /sprites/*", "GET /static/*/*",
        "GET /styles/*", "GET /tileMatrixSets/*", "POST /devices", "POST /search",
        "GET /collections/*", "GET /collections/*/*", "GET /collections/*/items/{id}",
        "GET /collections/*/tiles/*", "GET /collections/*/tiles/*/*/*/*",
        "GET /feeds/*", "GET /feeds/*/*", "GET /feeds/wards/*/*", "GET /feeds/k/*/*",
        "GET /open311/*", "GET /open311/v2/*", "GET /open311/v2/services/*",
        "GET /tiles/*", "GET /tiles/*/*", "GET /tiles/*/clusters/*", "GET /tiles/*/*/*/*",
    ]),
];

struct World {
    server: Server,
    /// Headers by caller.
    callers: Vec<Vec<(&'static str, String)>>,
    token: String,
    other: String,
}

impl World {
    fn new() -> Self {
        let server = Server::start();
        // The command line's, by which the link of an account is made.
        server.clock.set(SystemClock.now());
        let key = |words: &[&str]| token(&done(&server, &[&["keys"], words].concat()));
        let (_, ward, token) = sent(&server);
        let (_, _, other) = sent(&server);
        let read = key(&["add", "Đọc", "--scope", "read"]);
        let submit = key(&["add", "Gửi", "--scope", "submit"]);
        let own = key(&["add", "Phường", "--scope", "work", "--ward", &ward]);
        let neighbour = key(&["add", "Phường bên", "--scope", "work", "--ward", NEIGHBOUR]);
        let operator = key(&["add", "Trực", "--scope", "operate"]);
        let feed = key(&["feed", "Nguồn", "--query", "category=pothole"]);
        let bearer = |key: &str| vec![("Authorization", format!("Bearer {key}"))];
        accounts::session(&server, OFFICER, &["--scope", "work", "--ward", &ward]);
        let unknown = format!("dbn_{}", "0".repeat(40));
        let callers = vec![
            Vec::new(),
            bearer(&read),
            bearer(&submit),
            bearer(&own),
            bearer(&neighbour),
            bearer(&operator),
            Vec::new(),
            Vec::new(),
            bearer(&unknown),
            bearer(&feed),
            vec![("Sec-Fetch-Site", "same-origin".to_owned())],
            vec![("Sec-Fetch-Site", "cross-site".to_owned())],
        ];
        let world = Self { server, callers, token, other };
        let known = |caller: usize| world.status("GET", "/categories", None, caller, &[]) != 401;
        world.server.until("the keys are known", || (1..6).all(known));
        world
    }

    /// What an operation answers to a caller. Only the first line is read: some answers never end.
    fn status(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        caller: usize,
        more: &[(&str, &str)],
    ) -> u16 {
        let mut stream = TcpStream::connect(self.server.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
        let own = self.callers[caller].iter().map(|(name, value)| (*name, &**value));
        for (name, value) in own.chain(more.iter().copied()) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        if method == "POST" {
            let length = body.len().to_string();
            head.extend(["Content-Type: application/json\r\nContent-Length: ", &length, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap_or_else(|| panic!("{method} {path}: {line:?}")).parse().unwrap()
    }

    fn cell(&self, operation: &str, caller: usize) -> char {
        let (method, pattern) = operation.split_once(' ').unwrap();
        // A report for each cell: one may be erased by it.
        let of_report = pattern.starts_with(&format!("{ITEMS}/")) || pattern.starts_with("/r/");
        let (id, _, token) = if of_report { sent(&self.server) } else { (1, String::new(), String::new()) };
        let path = pattern
            .replace("{id}", &id.to_string())
            .replace("{ward}", NEIGHBOUR)
            .replace("{edition}", "999")
            .replace("{task}", "1")
            .replace(['{', '}'], "");
        let body = match pattern.rsplit('/').next().unwrap() {
            "items" if pattern == ITEMS => feature("pothole", Some(CENTRE)),
            "transitions" => json!({ "internal_note": "đã xem" }),
            "transfers" => json!({ "ward": NEIGHBOUR }),
            "questions" => json!({ "question": "Ở đâu?" }),
            "answers" => json!({ "answer": "Ở đây" }),
            "ratings" => json!({ "satisfied": true }),
            "tasks" => json!({ "what": "Hút hố ga", "body": "water" }),
            "refusals" => json!({ "reason": "Đã xong" }),
            _ => json!({}),
        };
        let token = match caller {
            6 if of_report => token,
            6 => self.token.clone(),
            _ => self.other.clone(),
        };
        let header = match caller {
            6 | 7 => Some(("Report-Token", token)),
            // A session for each cell: it may be ended by it.
            10 | 11 => Some(("Cookie", accounts::again(&self.server, OFFICER))),
            _ => None,
        };
        let more: Vec<(&str, &str)> = header.iter().map(|(name, value)| (*name, &**value)).collect();
        match self.status(method, &path, Some(&body), caller, &more) {
            401 => 'k',
            403 => 's',
            500.. => panic!("{operation} for {}: a fault of the server", CALLERS[caller]),
            _ => '.',
        }
    }
}

/// A report: its id, its ward, and the token of who sent it.
fn sent(server: &Server) -> (u64, String, String) {
    let made = server.post(ITEMS, &feature("pothole", Some(CENTRE)), &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    let report = made.json();
    let ward = report["properties"]["ward"].as_str().unwrap().to_owned();
    (report["id"].as_u64().unwrap(), ward, made.header("report-token").to_owned())
}

/// The operations that the service describes.
fn operations(server: &Server) -> Vec<String> {
    let api = server.get("/api").json();
    let mut all = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let methods = ["get", "post", "put", "patch", "delete"].into_iter().filter(|m| !item[*m].is_null());
        all.extend(methods.map(|m| format!("{} {path}", m.to_uppercase())));
    }
    all
}

/// Whether a pattern of the table is meant for an operation.
fn is_like(pattern: &str, operation: &str) -> bool {
    let parts = |text: &str| text.split(['/', ' ']).map(str::to_owned).collect::<Vec<_>>();
    let (pattern, operation) = (parts(pattern), parts(operation));
    pattern.len() == operation.len()
        && pattern.iter().zip(&operation).all(|(p, o)| if p == "*" { !o.is_empty() } else { p == o })
}

#[test]
fn every_operation_is_for_those_in_the_table_and_nobody_else() {
    let world = World::new();
    let rows = || TABLE.iter().flat_map(|(cells, patterns)| patterns.iter().map(move |p| (*p, *cells)));
    let mut unused: BTreeSet<&str> = rows().map(|(pattern, _)| pattern).collect();
    let mut wrong = Vec::new();
    for operation in operations(&world.server) {
        let cells: String = (0..CALLERS.len()).map(|caller| world.cell(&operation, caller)).collect();
        let row = rows().find(|(pattern, _)| is_like(pattern, &operation));
        let expected = row.map(|(pattern, cells)| {
            unused.remove(pattern);
            cells
        });
        if expected != Some(&*cells) {
            wrong.push(format!("{operation}: {cells}, in the table {expected:?}"));
        }
    }
    assert!(
        wrong.is_empty() && unused.is_empty(),
        "{wrong:#?}\nof no operation: {unused:?}\ncells: {CALLERS:?}"
    );
}
