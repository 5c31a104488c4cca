//! Reads the head of every request before hyper does, and refuses what has no one meaning.
//!
//! hyper drops a `Content-Length` that stands beside `Transfer-Encoding`, takes requests without a
//! `Host`, and answers a head that it cannot read with an empty body. So the bytes of a connection
//! pass here first. A head that is refused is replaced by a plain request that stands for it, and the
//! listener answers that one with the reason and closes.
//!
//! The gate follows the framing with two rules only: a body has the announced length, and after a
//! chunked body nothing is read (see the listener).

use std::sync::{Mutex, PoisonError};

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use diaban_core::domain::Violation;

use crate::http::edge::too_long;
use crate::http::wire::problem::Problem;

/// Limit of header lines of a request.
pub(in crate::http) const HEADER_LINES: usize = 100;
/// Limit of the bytes of a head; also the size of hyper's buffers.
pub(in crate::http) const HEADER_BYTES: usize = 32 * 1024;
/// Limit of path and query, in bytes.
pub(in crate::http) const ADDRESS_BYTES: usize = 8 * 1024;

/// Fields that have one value: of two lines, two readers could take different ones.
const ONCE: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "content-type",
    "idempotency-key",
    "device-token",
    "report-token",
];

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Fault {
    /// The bytes are no request; what is wrong with them.
    Malformed(&'static str),
    /// A field that has no one meaning, and what would be right.
    Field(&'static str, &'static str),
    /// The address is too long.
    AddressTooLong,
    /// There are too many header lines, or too many bytes of them.
    HeadersTooLarge,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let unreadable = |fault: Option<Violation>| {
            Problem::new(StatusCode::BAD_REQUEST, "malformed-request", "The request cannot be read")
                .errors(fault.into_iter().collect())
        };
        match self {
            Self::Malformed(detail) => unreadable(None).detail(detail),
            Self::Field(name, detail) => unreadable(Some(Violation::new(name, detail))),
            Self::AddressTooLong => too_long(),
            Self::HeadersTooLarge => Problem::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "header-too-large",
                "The header is too large",
            )
            .detail(format!("at most {HEADER_LINES} lines and {HEADER_BYTES} bytes")),
        }
        .into_response()
    }
}

/// The refused request of a connection, by its number. The gate may be ahead of the requests that are
/// being answered.
#[derive(Debug, Default)]
pub(in crate::http) struct Refused(Mutex<Option<(u64, Fault)>>);

impl Refused {
    /// Why the `n`th request of the connection was refused, from zero.
    pub(in crate::http) fn of(&self, n: u64) -> Option<Fault> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.filter(|(at, _)| *at == n).map(|(_, fault)| fault)
    }

    fn set(&self, n: u64, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((n, fault));
    }
}

/// What the next bytes of a connection are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Head,
    /// The rest of a body of the announced length, in bytes.
    Body(u64),
    /// The chunked body of the last request, or the end of a connection.
    Through,
    /// What follows a refused head is never read.
    Nothing,
}

/// The gate of one connection.
#[derive(Debug, Default)]
pub(in crate::http) struct Gate {
    next: Next,
    /// The beginning of a head.
    held: BytesMut,
    /// So much of it was looked at.
    seen: usize,
    /// What may pass.
    ready: BytesMut,
    /// Heads that passed.
    heads: u64,
}

impl Gate {
    /// Whether a head was refused, after which nothing more may be read.
    pub(in crate::http) fn is_shut(&self) -> bool {
        self.next == Next::Nothing
    }

    /// Gives out what may pass, at most `most` bytes.
    pub(in crate::http) fn ready(&mut self, most: usize) -> BytesMut {
        let part = self.ready.split_to(self.ready.len().min(most));
        if self.ready.is_empty() {
            // Idle connections hold no memory.
            self.ready = BytesMut::new();
        }
        part
    }

    /// Takes what was read. Returns how many of these bytes may pass at once; the others are held, or
    /// come from [`Self::ready`].
    pub(in crate::http) fn take(&mut self, read: &[u8], refused: &Refused) -> usize {
        if !self.held.is_empty() {
            self.held.extend_from_slice(read);
            let mut held = std::mem::take(&mut self.held);
            let passing = self.scan(&held, refused);
            let passed = held.split_to(passing);
            self.keep(held);
            let stand_in = std::mem::take(&mut self.ready);
            self.ready = passed;
            self.ready.extend_from_slice(&stand_in);
            return 0;
        }
        let passing = self.scan(read, refused);
        self.keep(BytesMut::from(&read[passing..]));
        passing
    }

    /// The client sends nothing more: what is held is no request, and hyper sees that.
    pub(in crate::http) fn end(&mut self) {
        self.next = if self.is_shut() { Next::Nothing } else { Next::Through };
        let held = std::mem::take(&mut self.held);
        self.ready.extend_from_slice(&held);
    }

    fn keep(&mut self, rest: BytesMut) {
        if !self.is_shut() && !rest.is_empty() {
            self.held = rest;
        } else {
            self.seen = 0;
        }
    }

    /// How many of these bytes may pass.
    fn scan(&mut self, bytes: &[u8], refused: &Refused) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.next {
                Next::Through => return bytes.len(),
                Next::Nothing => return at,
                Next::Body(left) => {
                    let here = left.min(rest.len() as u64);
                    at += here as usize;
                    self.next = if here == left { Next::Head } else { Next::Body(left - here) };
                }
                // Empty lines before a request line are allowed (RFC 9112 section 2.2).
                Next::Head if matches!(rest[0], b'\r' | b'\n') => at += 1,
                Next::Head => {
                    let seen = std::mem::take(&mut self.seen).min(rest.len());
                    // A head ends in an end of a line: without a new one it is not looked at again.
                    let look = seen == 0 || rest[seen..].contains(&b'\n');
                    let found = if look { head(rest) } else { Ok(None) };
                    let found = match found {
                        Ok(None) if rest.len() >= HEADER_BYTES => Err(too_much(rest)),
                        Ok(Some((length, _))) if length > HEADER_BYTES => Err(too_much(&rest[..length])),
                        found => found,
                    };
                    match found {
                        Ok(None) => {
                            self.seen = rest.len();
                            return at;
                        }
                        Ok(Some((length, next))) => {
                            at += length;
                            self.heads += 1;
                            self.next = next;
                        }
                        Err(fault) => {
                            refused.set(self.heads, fault);
                            self.next = Next::Nothing;
                            // The answer to HEAD has no body.
                            let method = if rest.starts_with(b"HEAD ") { "HEAD" } else { "GET" };
                            self.ready.extend_from_slice(method.as_bytes());
                            self.ready.extend_from_slice(b" / HTTP/1.1\r\nhost: -\r\n\r\n");
                            return at;
                        }
                    }
                }
            }
        }
        at
    }
}

/// Whether the address or the header is too long.
fn too_much(head: &[u8]) -> Fault {
    let line = head.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    let address = line.split(|b| *b == b' ').nth(1).unwrap_or_default();
    if address.len() > ADDRESS_BYTES { Fault::AddressTooLong } else { Fault::HeadersTooLarge }
}

/// Reads a head that begins here: its length and what follows it; none if it is not complete.
fn head(bytes: &[u8]) -> Result<Option<(usize, Next)>, Fault> {
    let mut lines = [httparse::EMPTY_HEADER; HEADER_LINES];
    let mut request = httparse::Request::new(&mut lines);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Fault::HeadersTooLarge),
        Err(error) => return Err(Fault::Malformed(unreadable(error))),
    };
    let address = request.path.unwrap_or_default();
    if address.len() > ADDRESS_BYTES {
        return Err(Fault::AddressTooLong);
    }
    if Uri::try_from(address).is_err() {
        return Err(Fault::Malformed("the address in the first line is not a URI"));
    }
    let newer = request.version == Some(1);
    framing(request.headers, newer).map(|next| Some((length, next)))
}

fn unreadable(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "a header line must be a name, a colon and a value",
        httparse::Error::HeaderValue => "a header line must not be folded or hold control characters",
        httparse::Error::Version => "the first line must end in HTTP/1.1 or HTTP/1.0",
        _ => "the first line must be a method, an address and HTTP/1.1",
    }
}

/// What follows a head with these fields.
fn framing(headers: &[httparse::Header<'_>], newer: bool) -> Result<Next, Fault> {
    let mut values: [Option<&[u8]>; ONCE.len()] = [None; ONCE.len()];
    for header in headers {
        let Some(i) = ONCE.iter().position(|name| header.name.eq_ignore_ascii_case(name)) else { continue };
        if values[i].replace(header.value).is_some() {
            return Err(Fault::Field(ONCE[i], "must not come twice"));
        }
    }
    let [host, length, coding, ..] = values;
    match host {
        None if newer => return Err(Fault::Field(ONCE[0], "is required (RFC 9112 section 3.2)")),
        Some(host) if !is_host(host) => return Err(Fault::Field(ONCE[0], "must be a name and a port")),
        _ => {}
    }
    if let Some(coding) = coding {
        if !newer {
            return Err(Fault::Field(ONCE[2], "does not exist in HTTP/1.0"));
        }
        if length.is_some() {
            return Err(Fault::Field(ONCE[1], "must not stand beside transfer-encoding"));
        }
        if !coding.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(Fault::Field(ONCE[2], "must be chunked"));
        }
        return Ok(Next::Through);
    }
    let Some(length) = length else { return Ok(Next::Head) };
    let digits = length.trim_ascii();
    let number = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit));
    match number.and_then(|n| n.parse::<u64>().ok()) {
        Some(0) => Ok(Next::Head),
        Some(n) => Ok(Next::Body(n)),
        None => Err(Fault::Field(ONCE[1], "must be a number of bytes")),
    }
}

/// Whether this may be the value of `Host`: `uri-host [ ":" port ]`, also empty.
fn is_host(value: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+;=:[]%".contains(b);
    value.trim_ascii().iter().all(allowed)
}

#[cfg(test)]
mod tests {
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
}
