//! Reads one head: its length, what follows it, or why it is refused.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use diaban_core::domain::Violation;

use super::Next;
use crate::http::edge::too_long;
use crate::http::wire::problem::Problem;

/// Limit of header lines of a request.
pub(in crate::http) const HEADER_LINES: usize = 100;
/// Limit of the bytes of a head; also the size of hyper's buffers.
pub(in crate::http) const HEADER_BYTES: usize = 32 * 1024;
/// Limit of path and query, in bytes.
pub(in crate::http) const ADDRESS_BYTES: usize = 8 * 1024;

/// Fields that have one value: of two lines, two readers could take different ones.
const ONCE: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "content-type",
    "idempotency-key",
    "device-token",
    "report-token",
    "task-token",
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

/// Whether the address or the header is too long.
pub(super) fn too_much(head: &[u8]) -> Fault {
    let line = head.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    let address = line.split(|b| *b == b' ').nth(1).unwrap_or_default();
    if address.len() > ADDRESS_BYTES { Fault::AddressTooLong } else { Fault::HeadersTooLarge }
}

/// Reads a head that begins here: its length and what follows it; none if it is not complete.
pub(super) fn head(bytes: &[u8]) -> Result<Option<(usize, Next)>, Fault> {
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
