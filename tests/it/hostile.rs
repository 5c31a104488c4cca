//! Bytes that mean harm: smuggling, slow sockets, broken bodies, deceiving text, poisoned caches.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{CENTRE, Server, agent, feature, get};

const ITEMS: &str = "/collections/reports/items";
const GEO: &str = "application/geo+json";

/// Sends bytes as they are and reads until the server closes; a server that does not close fails.
fn raw(server: &Server, request: &str) -> String {
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a body of which the server takes a part only, and reads what it says of it.
fn refused(server: &Server, body: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    let head = format!(
        "POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Type: {GEO}\r\nContent-Length: {length}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    let _ = socket.write_all(body);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

#[test]
fn a_smuggled_request_is_never_answered() {
    let server = Server::start();
    let post = format!("POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Type: {GEO}\r\n");
    let hidden = "GET /conformance HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    // Two lengths, both ways round, are none.
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ] {
        let answer = raw(&server, &format!("{post}{lengths}\r\n2\r\n{{}}\r\n0\r\n\r\n{hidden}"));
        assert_eq!(answers(&answer), 1, "{answer}");
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("connection: close"), "{answer}");
    }
    // What has no one meaning is refused before any door.
    for (what, head, body) in [
        ("two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n", "abc"),
        ("a list of lengths", "Content-Length: 3, 4\r\n", "abc"),
        ("a signed length", "Content-Length: +3\r\n", "abc"),
        ("another last coding", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("an unknown coding", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("a space before the colon", "Content-Length : 3\r\n", "abc"),
        ("a folded line", "X: a\r\n b\r\nContent-Length: 3\r\n", "abc"),
    ] {
        let answer = raw(&server, &format!("{post}{head}\r\n{body}{hidden}"));
        assert!(answer.starts_with("HTTP/1.1 400"), "{what}: {answer}");
        assert_eq!(answers(&answer), 1, "{what}: {answer}");
    }
    for chunks in
        ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}xx0\r\n\r\n", "ffffffffffffffff1\r\n{}", "-1\r\n{}\r\n0\r\n\r\n"]
    {
        let answer = raw(&server, &format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunks}{hidden}"));
        assert!(answer.starts_with("HTTP/1.1 400"), "{chunks}: {answer}");
        assert_eq!(answers(&answer), 1, "{chunks}: {answer}");
    }
    assert_eq!(server.matched(""), 0);
}

#[test]
fn a_body_of_the_wrong_size_or_coding_is_refused_and_the_connection_closed() {
    let server = Server::start();
    let post = format!("POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Type: {GEO}\r\n");
    // Announced small, sent endlessly: it ends at the cap.
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(format!("{post}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("4000\r\n{}\r\n", "[".repeat(0x4000));
    let sent = (0..65_536).take_while(|_| socket.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(sent < 65_536, "a gigabyte was taken");
    // Shorter than announced.
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(format!("{post}Content-Length: 100\r\n\r\n{{}}").as_bytes()).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    // The refusal arrives although the client goes on sending.
    let big = "x".repeat(200_000);
    let large = raw(&server, &format!("{post}Content-Length: 200000\r\n\r\n{big}"));
    assert!(large.starts_with("HTTP/1.1 413") && large.contains("connection: close"), "{large}");
    let coded = raw(&server, &format!("{post}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"));
    assert!(coded.starts_with("HTTP/1.1 415") && coded.contains("connection: close"), "{coded}");
    assert_eq!(server.matched(""), 0);
}

#[test]
fn a_body_of_a_byte_a_second_is_given_up_after_thirty() {
    let server = Server::start();
    let mut socket = TcpStream::connect(server.address).unwrap();
    let head =
        format!("POST {ITEMS} HTTP/1.1\r\nHost: a\r\nContent-Type: {GEO}\r\nContent-Length: 1000\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut answer = Vec::new();
    for _ in 0..40 {
        let _ = socket.write_all(b" ");
        let mut part = [0; 4_096];
        match socket.read(&mut part) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&part[..n]),
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("connection: close"), "{answer}");
}

#[test]
fn json_that_means_two_things_or_nothing_is_refused() {
    let server = Server::start();
    let send = |body: &[u8]| server.post_bytes(ITEMS, body, GEO, &[]);
    for body in [
        &b"{\"type\":\"Feature\",\"type\":\"Feature\"}"[..],
        b"{\"type\":\"Feature\",\"properties\":{\"title\":\"a\",\"title\":\"b\"}}",
        b"{\"type\":1e999}",
        b"{\"type\":NaN}",
        b"{\"type\":-Infinity}",
        b"{\"type\":\"\\ud800\"}",
        b"{\"type\":\"a\0\"}",
        b"{\"type\":\"\xff\xfe\"}",
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b"",
    ] {
        let answer = send(body);
        answer.problem(400);
        assert_eq!(answer.json()["type"], "urn:diaban:problem:malformed-json", "{body:?}");
    }
    send("[".repeat(100_000).as_bytes()).problem(413);
    send("[".repeat(60_000).as_bytes()).problem(400);
    send("{\"a\":".repeat(13_000).as_bytes()).problem(400);
    // As many members as fit: each is not ours, and a few are named.
    let many = (0..6_000).map(|i| format!("\"k{i}\":0")).collect::<Vec<_>>().join(",");
    let answer = send(format!("{{{many}}}").as_bytes());
    assert!(answer.problem(422).len() < 30, "{}", answer.text());
    // A million of them do not fit.
    let many = (0..1_000_000).map(|i| format!("\"{i}\":0")).collect::<Vec<_>>().join(",");
    assert!(refused(&server, format!("{{{many}}}").as_bytes()).starts_with("HTTP/1.1 413"));
    assert_eq!(server.matched(""), 0);
}

#[test]
fn text_that_deceives_is_refused_by_field_and_vietnamese_is_kept_composed() {
    let server = Server::start();
    for field in ["title", "description", "address"] {
        for (what, text) in [
            ("bidi override", "a\u{202e}b".to_owned()),
            ("bidi isolate", "a\u{2067}b".to_owned()),
            ("bidi embedding", "a\u{202b}b".to_owned()),
            ("NUL", "a\0b".to_owned()),
            ("escape", "a\u{1b}[31mb".to_owned()),
            ("C1 control", "a\u{85}b".to_owned()),
            ("a pile of marks", format!("z{}", "\u{301}".repeat(60))),
        ] {
            let mut body = feature("pothole", Some(CENTRE));
            body["properties"][field] = json!(text);
            let answer = server.post(ITEMS, &body, &[]);
            assert_eq!(answer.problem(422), [format!("properties.{field}")], "{what}");
        }
    }
    let decomposed = "Nguye\u{302}\u{303}n Hue\u{323}\u{302}, d\u{323}a\u{306}\u{323}c";
    let composed = "Nguy\u{1ec5}n Hu\u{1ec7}, \u{1e0d}\u{1eb7}c";
    for text in [decomposed, composed] {
        let mut body = feature("pothole", Some(CENTRE));
        body["properties"]["title"] = json!(text);
        assert_eq!(server.post(ITEMS, &body, &[]).json()["properties"]["title"], composed);
    }
    // Ten megabytes of marks do not even arrive.
    let mut body = feature("pothole", Some(CENTRE));
    body["properties"]["title"] = json!("\u{301}".repeat(5_000_000));
    assert!(refused(&server, &serde_json::to_vec(&body).unwrap()).starts_with("HTTP/1.1 413"));
}

#[test]
fn a_geometry_that_is_no_place_in_the_city_is_refused_with_its_rule() {
    let server = Server::start();
    let send = |geometry: &Value| {
        let mut body = feature("pothole", None);
        body["geometry"] = geometry.clone();
        server.post(ITEMS, &body, &[])
    };
    let (lon, lat) = CENTRE;
    let ring = json!([[lon, lat], [lon + 0.01, lat], [lon, lat + 0.01]]);
    for (geometry, rule) in [
        (json!({ "type": "Point", "coordinates": [lat, lon] }), "swapped"),
        (json!({ "type": "Point", "coordinates": [0, 0] }), "outside the city"),
        (json!({ "type": "Point", "coordinates": [180.0, 10.0] }), "outside the city"),
        (json!({ "type": "Point", "coordinates": [-180.0, 10.0] }), "outside the city"),
        (json!({ "type": "Point", "coordinates": [186.7, lat] }), "180"),
        (json!({ "type": "Point", "coordinates": [lon, 91] }), "90"),
        (json!({ "type": "Point", "coordinates": [lon, null] }), "longitude, latitude"),
        (json!({ "type": "Point", "coordinates": [lon, lat, 1, 2] }), "longitude, latitude"),
        (json!({ "type": "Point", "coordinates": [[lon, lat]] }), "longitude, latitude"),
        (json!({ "type": "Point", "coordinates": null }), "longitude, latitude"),
        (json!({ "type": "Point" }), "longitude, latitude"),
        (json!({ "type": "Polygon", "coordinates": [[]] }), "Point"),
        (json!({ "type": "Polygon", "coordinates": [ring] }), "Point"),
        (json!({ "type": "LineString", "coordinates": [[179, 10], [-179, 10]] }), "Point"),
        (json!({ "type": "GeometryCollection", "geometries": [] }), "Point"),
        (json!({ "type": ["Point"], "coordinates": [lon, lat] }), "Point"),
        (json!([lon, lat]), "Point"),
    ] {
        let answer = send(&geometry);
        let fields = answer.problem(422);
        assert!(!fields.is_empty() && fields.iter().all(|f| f.starts_with("geometry")), "{geometry}");
        assert!(answer.text().contains(rule), "{geometry}: {}", answer.text());
    }
    let vertices = vec![json!([lon, lat]); 1_000_000];
    let body = json!({ "type": "LineString", "coordinates": vertices });
    assert!(refused(&server, &serde_json::to_vec(&body).unwrap()).starts_with("HTTP/1.1 413"));
    let nested = "{\"type\":\"GeometryCollection\",\"geometries\":[".repeat(1_300);
    server.post_bytes(ITEMS, nested.as_bytes(), GEO, &[]).problem(400);
    assert_eq!(server.matched(""), 0);
}

#[test]
fn addresses_that_are_no_tile_are_missing() {
    let server = Server::start();
    for path in [
        "31/0/0.mvt",
        "255/0/0.mvt",
        "256/0/0.mvt",
        "3/8/0.mvt",
        "3/0/8.mvt",
        "3/-1/0.mvt",
        "3/0/-1.mvt",
        "0/1/0.mvt",
        "3/1/1.mvt.json",
        "3/1/1.mvt.mvt",
        "3/%2e%2e/1.mvt",
        "3/1/%2e%2e.mvt",
        "3/1/%2e%2e%2f1.mvt",
        "3/1/1%00.mvt",
        "3/1.0/1.mvt",
        "3/1e0/1.mvt",
        "3/0x1/1.mvt",
        "3/ 1/1.mvt".trim(),
        "19/1/1.mvt",
    ] {
        let path = path.replace(' ', "%20");
        server.get(&format!("/tiles/incidents/{path}")).problem(404);
    }
    server.get("/tiles/no-such-layer/3/1/1.mvt").problem(404);
    server.get("/tiles/incidents/../incidents/3/1/1.mvt").problem(404);
    // Many cold ones, all over the world: small answers, nothing kept.
    for n in 0..2_000_u64 {
        let z = n % 19;
        let (x, y) = ((n * 7_919) % (1 << z), (n * 104_729) % (1 << z));
        let answer = server.get(&format!("/tiles/incidents/{z}/{x}/{y}.mvt"));
        assert!(matches!(answer.status, 200 | 204), "{}", answer.status);
    }
}

#[test]
fn nothing_a_client_sends_gets_into_another_clients_answer() {
    let server = Server::start();
    let id = server.report("pothole", Some(CENTRE))["id"].as_u64().unwrap();
    // Or what follows shows it in one of two answers.
    server.until("it is on the map", || !server.get("/tiles/incidents/0/0/0.mvt").body.is_empty());
    let poison = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Original-URL", "/evil"),
        ("X-Rewrite-URL", "/evil"),
        ("X-Host", "evil.example"),
        ("Forwarded", "host=evil.example;proto=gopher"),
        ("X-HTTP-Method-Override", "DELETE"),
    ];
    for path in
        ["/", "/collections", "/collections/reports/items?limit=1", "/tiles/incidents.json", "/conformance"]
    {
        let (plain, poisoned) = (server.get(path), server.get_with(path, &poison));
        assert_eq!((plain.status, &plain.body), (poisoned.status, &poisoned.body), "{path}");
        assert!(!poisoned.text().contains("evil") && !format!("{:?}", poisoned.headers).contains("evil"));
        let host =
            raw(&server, &format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"));
        assert!(host.starts_with("HTTP/1.1 200") && !host.contains("evil"), "{host}");
    }
    // A path that a cache would take for a file is no report.
    for suffix in ["/x.css", ".css", ";x.css", "%2fx.css", "/..%2f..%2fx.css", "%00.css", "%0d%0aX:%20y"] {
        let answer = server.get(&format!("{ITEMS}/{id}{suffix}"));
        answer.problem(404);
        assert_eq!(answer.header("cache-control"), "no-store", "{suffix}");
    }
    // A body on a GET changes nothing and its connection ends.
    let body = "status=closed&limit=0";
    let fat = format!(
        "GET {ITEMS}?limit=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = raw(&server, &fat);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(&format!("\"id\":{id}")), "{answer}");
}

#[test]
fn caches_are_told_what_an_answer_depends_on_and_what_not_to_keep() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    for (path, accept) in [
        (format!("{ITEMS}?limit=1"), "application/geo+json"),
        (ITEMS.to_owned(), "text/csv"),
        (ITEMS.to_owned(), "application/geo+json-seq"),
        ("/".to_owned(), "text/html"),
        ("/".to_owned(), "application/json"),
    ] {
        let answer = server.get_with(&path, &[("Accept", accept), ("Accept-Encoding", "gzip")]);
        assert_eq!(answer.status, 200);
        let all: Vec<&str> = answer.headers.get_all("vary").iter().map(|v| v.to_str().unwrap()).collect();
        let vary = all.join(",").to_lowercase();
        let names: Vec<&str> = vary.split(',').map(str::trim).collect();
        assert!(names.contains(&"accept") && names.contains(&"accept-encoding"), "{path} {accept}: {vary}");
    }
    for (path, status) in [("/no/such", 404), ("/?x=1", 400), ("/tiles/incidents/99/0/0.mvt", 404)] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.header("cache-control")), (status, "no-store"), "{path}");
    }
    assert_eq!(
        server.get_with("/conformance", &[("Accept", "image/png")]).header("cache-control"),
        "no-store"
    );
    // What is given to somebody who says who they are is for them alone.
    let own = server.get_with("/conformance", &[("Authorization", "Bearer x")]);
    assert_eq!(own.header("cache-control"), "private, no-store");
    // The operator's numbers are nobody else's.
    let metrics = server.get_with("/metrics", &[("Origin", "https://x.example")]);
    assert_eq!(metrics.header("access-control-allow-origin"), "");
    assert_eq!(metrics.header("cross-origin-resource-policy"), "same-origin");
}

#[test]
fn only_a_service_behind_tls_asks_for_it() {
    let behind = Server::start();
    assert_eq!(behind.get("/healthz").header("strict-transport-security"), "max-age=31536000");
    let plain = Server::start_set(|config| config.public_url = None);
    assert_eq!(plain.get("/healthz").header("strict-transport-security"), "");
}

#[test]
fn readers_that_are_still_make_room_for_one_that_reads() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 20_000);
    let export = format!("{ITEMS}?f=csv");
    let still: Vec<TcpStream> = (0..32)
        .map(|_| {
            let mut socket = TcpStream::connect(server.address).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            socket.write_all(format!("GET {export} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
            // Its answer has begun.
            socket.peek(&mut [0]).unwrap();
            socket
        })
        .collect();
    let next = server.get(&export);
    assert_eq!((next.status, next.header("retry-after")), (503, "10"), "all places are taken");
    server.until("a place is free", || {
        let answer = server.get(&export);
        answer.status == 200 && answer.text().lines().count() > 20_000
    });
    let cut = still.iter().filter(|s| s.take_error().unwrap().is_some());
    assert!(cut.count() > 0, "nobody was cut off");
}

#[test]
fn the_longest_idle_connection_makes_room_for_a_newcomer() {
    let server = Server::start_set(|config| config.connections.total = 8.try_into().unwrap());
    let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    // Nobody is locked out, long before the silent ones reach their deadline.
    // By a connection of its own: the one that was kept since the start is among the longest idle.
    let newcomer = agent();
    let get = |path: &str| get(&newcomer, &server.base, path, &[]);
    assert_eq!(get("/healthz").status, 200);
    silent.iter().for_each(|s| s.set_nonblocking(true).unwrap());
    let closed = || silent.iter().filter(|s| matches!((&**s).read(&mut [0]), Ok(0))).count();
    server.until("those told to go are closed", || closed() >= 32);
    // And not by their deadline.
    let metrics = get("/metrics").text();
    let made_room = metrics.lines().find_map(|l| l.strip_prefix("diaban_connections_made_room ")).unwrap();
    assert!(made_room.parse::<u32>().unwrap() >= 32, "{metrics}");
}
