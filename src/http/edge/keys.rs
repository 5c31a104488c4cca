//! API keys of requests. A key is sent in the `Authorization` header, never in a URL, because URLs
//! end up in histories and logs.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::action::Keyring;
use crate::http::wire::extract::pairs;
use crate::http::wire::problem::Problem;
use diaban_core::domain::Instant;
use diaban_core::domain::key::is_key;

/// A number for the key of a request, if it sent a valid one. The key is looked up by its hash, so
/// the time does not depend on the text.
pub fn key_number(keys: &Keyring, now: Instant, headers: &HeaderMap) -> Option<u64> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = sent.split_once(' ')?;
    let key = keys.find(token.trim(), now)?;
    // A secret feed link is accepted for its feed only.
    let opens = scheme.eq_ignore_ascii_case("bearer") && key.query.is_none();
    opens.then(|| xxhash_rust::xxh3::xxh3_64(key.id.to_string().as_bytes()))
}

/// Refuses a request with a key in the query before any handler reads it.
pub(in crate::http) async fn refuse_in_query(
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let holds_key =
        |query: &str| pairs(Some(query)).iter().any(|(name, value)| is_key(value) || is_key(name));
    // The prefix is tested first, because almost no request has it and parsing the query costs
    // time.
    if request.uri().query().is_some_and(|q| q.contains("dbn") && holds_key(q)) {
        let mut refused = Problem::new(
            StatusCode::UNAUTHORIZED,
            "key-in-address",
            "A key must not be sent in the URL",
        )
        .detail(
            "send it as Authorization: Bearer …, and have this one revoked: URLs are stored in many places",
        )
        .into_response();
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return refused;
    }
    next(request).await
}
