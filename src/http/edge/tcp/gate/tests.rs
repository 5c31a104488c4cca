//! Heads that pass and heads that are refused, however their bytes are cut into reads.

use proptest::prelude::*;

use super::*;

/// What passes of these reads, and which request was refused why.
fn passed(reads: &[&[u8]]) -> (Vec<u8>, Option<(u64, Fault)>) {
    let (mut gate, refused, mut out) = (Gate::default(), Refused::default(), Vec::new());
    for read in reads {
        let now = gate.take(read, &refused);
        out.extend_from_slice(&read[..now]);
        loop {
            let part = gate.ready(7);
            if part.is_empty() {
                break;
            }
            out.extend_from_slice(&part);
        }
        if gate.is_shut() {
            break;
        }
    }
    gate.end();
    out.extend_from_slice(&gate.ready(usize::MAX));
    (out, *refused.0.lock().unwrap())
}

const STAND_IN: &str = "GET / HTTP/1.1\r\nhost: -\r\n\r\n";

fn fault(head: &str) -> Option<Fault> {
    let (out, refused) = passed(&[head.as_bytes()]);
    assert_eq!(refused.is_some(), out == STAND_IN.as_bytes(), "{head}");
    refused.map(|(_, fault)| fault)
}

#[test]
fn what_has_no_one_meaning_is_refused_by_its_field() {
    let get = |lines: &str| fault(&format!("GET / HTTP/1.1\r\n{lines}\r\n"));
    let field = |fault: Option<Fault>| match fault {
        Some(Fault::Field(name, _)) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(get("Host: a\r\n"), None);
    assert_eq!(get("Host:\r\n"), None);
    assert_eq!(get("Host: [::1]:8080\r\n"), None);
    assert_eq!(fault("GET / HTTP/1.0\r\n\r\n"), None, "HTTP/1.0 had no Host");
    for (lines, name) in [
        ("", "host"),
        ("Host: a\r\nhost: a\r\n", "host"),
        ("Host: a, b\r\n", "host"),
        ("Host: a/b\r\n", "host"),
        ("Host: a@b\r\n", "host"),
        ("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", "content-length"),
        ("Host: a\r\nTransfer-Encoding: chunked\r\ncontent-length: 0\r\n", "content-length"),
        ("Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n", "content-length"),
        ("Host: a\r\nContent-Length: 1, 1\r\n", "content-length"),
        ("Host: a\r\nContent-Length: +1\r\n", "content-length"),
        ("Host: a\r\nContent-Length: 0x1\r\n", "content-length"),
        ("Host: a\r\nContent-Length:\r\n", "content-length"),
        ("Host: a\r\nContent-Length: 99999999999999999999\r\n", "content-length"),
        ("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", "transfer-encoding"),
        ("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "transfer-encoding"),
        ("Host: a\r\nTransfer-Encoding: identity\r\n", "transfer-encoding"),
        ("Host: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n", "content-type"),
        ("Host: a\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n", "idempotency-key"),
    ] {
        assert_eq!(field(get(lines)), name, "{lines}");
    }
    let old = fault("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(field(old), "transfer-encoding");
    for malformed in [
        "GET / HTTP/2.0\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G\0T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
        "{\"type\":\"Feature\"}\r\n",
    ] {
        assert!(matches!(fault(malformed), Some(Fault::Malformed(_))), "{malformed}");
    }
}

#[test]
fn what_is_too_long_is_told_from_what_is_too_much() {
    let long = "x".repeat(ADDRESS_BYTES);
    assert_eq!(fault(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")), Some(Fault::AddressTooLong));
    // It does not wait for the end of what is too long already.
    let endless = format!("GET /{}", "x".repeat(HEADER_BYTES));
    assert_eq!(fault(&endless), Some(Fault::AddressTooLong));
    let lines = "X: 1\r\n".repeat(HEADER_LINES);
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    assert_eq!(fault(&many), Some(Fault::HeadersTooLarge));
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(HEADER_BYTES));
    assert_eq!(fault(&large), Some(Fault::HeadersTooLarge));
    let head = format!("HEAD / HTTP/1.1\r\nX: {}", "x".repeat(HEADER_BYTES));
    assert_eq!(passed(&[head.as_bytes()]).0, b"HEAD / HTTP/1.1\r\nhost: -\r\n\r\n");
}

#[test]
fn an_idle_connection_holds_nothing() {
    let (mut gate, refused) = (Gate::default(), Refused::default());
    assert_eq!(gate.take(b"GET / HTTP/1.1\r\nHo", &refused), 0);
    assert_eq!(gate.take(b"st: a\r\n\r\n", &refused), 0);
    assert_eq!(gate.ready(usize::MAX).len(), 27);
    assert_eq!((gate.held.capacity(), gate.ready.capacity()), (0, 0));
}

proptest! {
    /// However the bytes are cut into reads, the same passes and the same request is refused.
    #[test]
    fn reads_may_be_cut_anywhere(
        lengths in proptest::collection::vec(0_usize..40, 0..5),
        bad in any::<bool>(),
        chunked in any::<bool>(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut good = String::new();
        for n in &lengths {
            // A body that looks like a request is none.
            let body = &"GET /smuggled HTTP/1.1\r\n\r\n, once and again"[..*n];
            let head = format!("\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: {n}\r\n\r\n");
            good.push_str(&head);
            good.push_str(body);
        }
        let mut all = good.clone();
        if bad {
            all += "GET / HTTP/1.1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        } else if chunked {
            all += "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nrest";
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(all.len() + 1)).chain([0, all.len()]).collect();
        cuts.sort_unstable();
        let reads: Vec<&[u8]> = cuts.windows(2).map(|w| &all.as_bytes()[w[0]..w[1]]).filter(|r| !r.is_empty()).collect();
        let (out, refused) = passed(&reads);
        if bad {
            prop_assert_eq!(String::from_utf8(out).unwrap(), good + STAND_IN);
            let (n, fault) = refused.unwrap();
            prop_assert_eq!(n, lengths.len() as u64);
            prop_assert!(matches!(fault, Fault::Field("host", _)));
        } else {
            prop_assert_eq!(String::from_utf8(out).unwrap(), all);
            prop_assert!(refused.is_none());
        }
    }
}
