//! What holds at every door: methods, errors, headers, conditions, deadlines.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Server, agent, until};
use crate::process::Process;

/// Sends bytes as they are and reads until the server closes.
fn raw(server: &Server, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn methods_are_answered_from_what_the_route_allows() {
    let server = Server::start();
    let send = |method: &str, path: &str| {
        raw(&server, format!("{method} {path} HTTP/1.1\r\nHost: a\r\nOrigin: https://x.example\r\nConnection: close\r\n\r\n").as_bytes())
    };
    let refused = send("DELETE", "/conformance");
    assert!(refused.starts_with("HTTP/1.1 405") && refused.contains("application/problem+json"), "{refused}");
    assert!(refused.to_lowercase().contains("allow: get,head"), "{refused}");
    assert!(send("TRACE", "/").starts_with("HTTP/1.1 405"));
    assert!(send("BREW", "/").starts_with("HTTP/1.1 405"));
    let options = send("OPTIONS", "/collections/reports/items").to_lowercase();
    assert!(options.starts_with("http/1.1 204"), "{options}");
    assert!(options.contains("access-control-allow-methods: get,head,post"), "{options}");
    let allowed = options.lines().find_map(|l| l.strip_prefix("access-control-allow-headers: ")).unwrap();
    for name in ["idempotency-key", "last-event-id", "cache-control", "if-modified-since", "range", "accept"]
    {
        assert!(allowed.split(',').any(|n| n.trim() == name), "{name}: {allowed}");
    }
    let head = send("HEAD", "/conformance");
    let (header, body) = head.split_once("\r\n\r\n").unwrap();
    assert!(header.starts_with("HTTP/1.1 200") && body.is_empty());
}

#[test]
fn every_answer_carries_the_safe_headers_and_nothing_of_the_inside() {
    let server = Server::start();
    for path in ["/", "/no/such/resource", "/collections/reports/items?limit=abc", "/healthz"] {
        let answer = server.get_with(path, &[("Origin", "https://x.example")]);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("x-request-id").len() == 16);
        assert!(answer.header("server").is_empty());
        for leak in ["sqlx", ".rs:", "panicked", "src/"] {
            assert!(!answer.text().contains(leak), "{path}: {leak}");
        }
    }
    server.get("/no/such/resource").problem(404);
}

#[test]
fn a_known_document_is_not_sent_again_and_codings_have_their_own_tags() {
    let server = Server::start();
    let path = "/collections/wards/items?limit=20";
    let plain = server.get(path);
    let tag = plain.header("etag").to_owned();
    let known = server.get_with(path, &[("If-None-Match", &tag)]);
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, tag.as_str()));
    for coding in ["gzip", "br", "zstd"] {
        let coded = server.get_with(path, &[("Accept-Encoding", coding)]);
        assert_eq!(coded.header("content-encoding"), coding);
        assert!(coded.header("vary").to_lowercase().contains("accept-encoding"));
        let coded_tag = coded.header("etag").to_owned();
        assert!(coded_tag.ends_with(&format!("-{coding}1\"")), "{coded_tag}: the encoder's version");
        assert_ne!(coded_tag, tag);
        let known = server.get_with(path, &[("If-None-Match", &coded_tag), ("Accept-Encoding", coding)]);
        assert_eq!((known.status, known.header("etag")), (304, coded_tag.as_str()));
    }
    assert_eq!(server.get_with(path, &[("If-None-Match", "\"other\"")]).status, 200);
    assert_eq!(server.get_with(path, &[("If-None-Match", "*")]).status, 304);
}

#[test]
fn bombs_in_the_header_are_refused() {
    let server = Server::start();
    let many = "X-Many: 1\r\n".repeat(200);
    let answer = raw(&server, format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(64 * 1024);
    let answer = raw(&server, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(16 * 1024);
    let answer =
        raw(&server, format!("GET /?{long} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 414"), "{answer}");
    let both = "POST /collections/reports/items HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc";
    assert!(raw(&server, both.as_bytes()).starts_with("HTTP/1.1 400"));
}

#[test]
fn a_body_that_is_announced_too_large_is_not_waited_for() {
    let server = Server::start();
    let head = "POST /collections/reports/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/geo+json\r\nContent-Length: 99999999999\r\n\r\n";
    assert!(raw(&server, head.as_bytes()).starts_with("HTTP/1.1 413"));
}

#[test]
fn a_connection_that_says_nothing_or_half_a_header_is_closed() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for said in [&b""[..], b"GET / HTTP/1.1\r\nHost:"] {
            let server = &server;
            scope.spawn(move || {
                let mut socket = TcpStream::connect(server.address).unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
                socket.write_all(said).unwrap();
                let mut answer = Vec::new();
                // Ends because the server closes: a time-out would be an error.
                socket.read_to_end(&mut answer).expect("the server closes within its deadline");
            });
        }
    });
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn the_page_its_parts_and_their_licences_are_served_from_here() {
    let server = Server::start();
    let page = server.get_with("/", &[("Accept", "text/html,*/*;q=0.8")]);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert!(page.header("vary").to_lowercase().contains("accept"));
    for path in ["/assets/app.js", "/assets/style.css", "/licences", "/licences/", "/licences/index.html"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("https://unpkg"), "{path}");
    }
    server.get("/assets/../Cargo.toml").problem(404);
    server.get("/assets/no-such-file.js").problem(404);
}

#[test]
fn metrics_count_by_route_and_never_by_address() {
    let server = Server::start();
    server.get("/locate?lon=106.7&lat=10.77");
    server.get("/collections/reports/items/123456");
    let text = server.get("/metrics").text();
    assert!(text.contains("route=\"/locate\""), "{text}");
    assert!(!text.contains("106.7") && !text.contains("123456"), "{text}");
}

/// Libraries log what they could not read: numbers of telephones, names.
#[test]
fn the_log_holds_nothing_that_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    // At the level of everything.
    let process = Process::start_logging(folder.path(), "trace");
    let paths = [
        "/collections/reports/items?filter=S_INTERSECTS(geometry,POINT(0908123456x%2010))",
        "/collections/reports/items?filter=S_WITHIN(geometry,POLYGON((0908123456%20b)))",
        "/collections/reports/items?filter-lang=cql2-json&filter=%7B%22op%22:%220908123456%22%7D",
        "/collections/reports/items?datetime=0908123456T00",
        "/collections/reports/items?bbox=0908123456,x,y,z",
        "/locate?lon=0908123456&lat=0908123456x",
        "/0908123456",
    ];
    for path in paths {
        let _ = agent().get(format!("{}{path}", process.base)).call();
    }
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    until("all requests are logged", || log().matches("\"target\":\"access\"").count() >= paths.len());
    // In the method, the headers, the body; and bytes that are no HTTP.
    let long = "0908123456".repeat(400);
    let long = format!("X{long} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let sent: [&[u8]; 6] = [
        b"M0908123456 / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        long.as_bytes(),
        b"GET / HTTP/1.1\r\nHost: 0908123456:99999999\r\nX-Request-Id: 0908123456\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 0908123456\r\nCookie: 0908123456\r\nConnection: close\r\n\r\n",
        b"POST /collections/reports/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/geo+json\r\nContent-Length: 26\r\nConnection: close\r\n\r\n{\"type\":\"0908123456\",\"a\":1}",
        b"\x00\xff0908123456\r\n\r\n",
    ];
    for bytes in sent {
        use std::io::{Read as _, Write as _};
        let mut socket = std::net::TcpStream::connect(process.base.trim_start_matches("http://")).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        // The server may close before it has read all.
        let _ = socket.write_all(bytes);
        let _ = socket.read_to_end(&mut Vec::new());
    }
    let methods = || {
        let log = log();
        let lines: Vec<serde_json::Value> =
            log.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
        lines.iter().filter_map(|l| Some(l["method"].as_str()?.to_owned())).collect::<Vec<_>>()
    };
    until("the strange method is logged", || methods().iter().any(|m| m == "OTHER"));
    assert!(methods().iter().all(|m| m.len() <= 20 && m.bytes().all(|b| b.is_ascii_uppercase())));
    assert!(!log().contains("0908123456"), "{}", log());
}
