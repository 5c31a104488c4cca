//! API keys of requests. A key is sent in the `Authorization` header, never in a URL, because URLs
//! end up in histories and logs.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::action::{KeyFault, Keyring};
use crate::http::wire::extract::pairs;
use crate::http::wire::problem::Problem;
use diaban_core::domain::Instant;
use diaban_core::domain::key::{Key, is_key};

/// The key that a request sent; none if it sent none. The key is looked up by its hash, so the time does not
/// depend on the text.
///
/// # Errors
/// Why what was sent opens nothing: whoever sends a key never becomes anonymous without a word.
pub fn sent_key(keys: &Keyring, now: Instant, headers: &HeaderMap) -> Result<Option<Arc<Key>>, KeyFault> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(sent) = all.next() else { return Ok(None) };
    let sent = sent.to_str().ok().filter(|_| all.next().is_none()).and_then(|s| s.trim().split_once(' '));
    let Some((_, token)) = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(KeyFault::Malformed);
    };
    let key = keys.find(token.trim(), now)?;
    // A secret feed link is accepted for its feed only.
    if key.query.is_none() { Ok(Some(key)) } else { Err(KeyFault::Feed) }
}

/// Refuses a request whose key opens nothing, RFC 6750 section 3.
pub(in crate::http) fn not_opened(fault: KeyFault) -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "key-refused", "The key is not accepted")
        .detail(fault.to_string());
    challenge(problem, "Bearer error=\"invalid_token\"")
}

/// Refuses a request without a key where one is needed.
pub(in crate::http) fn no_key(scope: &str) -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "key-needed", "This needs a key").detail(format!(
        "send a key with the scope {scope} as Authorization: Bearer …, or log in at /account"
    ));
    challenge(problem, "Bearer")
}

/// Refuses a request whose key is for something else.
pub(in crate::http) fn out_of_scope(scope: &str, needed: bool) -> Response {
    let or_none = if needed { "" } else { ", or none" };
    let problem = Problem::new(StatusCode::FORBIDDEN, "key-scope", "The key does not open this")
        .detail(format!("this needs a key with the scope {scope}{or_none}"));
    challenge(problem, "Bearer error=\"insufficient_scope\"")
}

fn challenge(problem: Problem, challenge: &'static str) -> Response {
    let mut refused = problem.into_response();
    refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    refused
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
        let problem = Problem::new(
            StatusCode::UNAUTHORIZED,
            "key-in-address",
            "A key must not be sent in the URL",
        )
        .detail(
            "send it as Authorization: Bearer …, and have this one revoked: URLs are stored in many places",
        );
        return challenge(problem, "Bearer");
    }
    next(request).await
}
