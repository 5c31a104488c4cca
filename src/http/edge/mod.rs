//! Middleware for every response: methods, CORS, security headers, request ids, the access log, a
//! limit on the URL's length, panics.

pub(in crate::http) mod client;
pub(in crate::http) mod dates;
pub(in crate::http) mod guard;
pub(in crate::http) mod held;
pub(in crate::http) mod keys;
pub(in crate::http) mod limits;
pub(in crate::http) mod metrics;
pub(in crate::http) mod origin;
pub(in crate::http) mod places;
pub(in crate::http) mod sessions;
pub(in crate::http) mod shed;
pub(in crate::http) mod tcp;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant as Stopwatch;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::http::Service;
use crate::http::edge::tcp::gate::ADDRESS_BYTES;
use crate::http::routes::{Admission, Callers};
use crate::http::wire::problem::Problem;

/// Headers that a page of another origin may read, and send.
static EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Link, Location, Content-Crs, RateLimit, RateLimit-Policy, Report-Token, Retry-After, X-Request-Id",
);
const ALLOWED: &str = "Accept, Accept-Language, Authorization, Cache-Control, Content-Type, Device-Token, \
     Idempotency-Key, If-Modified-Since, If-None-Match, Last-Event-ID, Pragma, Range, Report-Token, Task-Token, \
     X-Request-Id, X-Requested-With";

/// RFC 7234 section 5.5.1: the warning for a response that may be outdated.
static STALE: HeaderValue = HeaderValue::from_static("110 - \"Response is Stale\"");

static CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
static EVERYBODY: HeaderValue = HeaderValue::from_static("*");
static NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
static NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
static CROSS_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");
static SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
static HTTPS_FOR_A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
static PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");
static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
static NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer: it gives the request an id, measures its time, counts it, and writes one
/// log line. The line contains nothing that a person sent: the route's pattern, never the URL.
pub(in crate::http) async fn observe(
    service: &Service,
    Admission { route, .. }: Admission,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let id = format!("{:016x}", service.ids.request_id());
    let method = request.method().clone();
    let started = Stopwatch::now();
    let mut response = next(request).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    service.metrics.answered(route, &method, status, elapsed);
    let ms = elapsed.as_micros() as f64 / 1e3;
    tracing::info!(target: "access", id, method = metrics::known(&method), route, status, ms);
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(header::DATE, service.dates.of(service.clock.now()));
    response
}

/// Methods and headers: OPTIONS is answered from what the route allows, a wrong method becomes a
/// problem document that keeps `Allow`, public answers may be read from any origin.
///
/// Responses that depend on the caller are private; errors are not cached.
pub(in crate::http) async fn rules(
    service: &Service,
    admission: Admission,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let options = request.method() == Method::OPTIONS;
    // What a session reads is nobody else's.
    let authorized = request.headers().contains_key(header::AUTHORIZATION)
        || (admission.sessions && sessions::has_cookie(request.headers()));
    let is_long = request.uri().path_and_query().is_some_and(|p| p.as_str().len() > ADDRESS_BYTES);
    let mut response = if is_long { too_long().into_response() } else { next(request).await };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = method_answer(&response, options);
    }
    let failed = !response.status().is_success() && !response.status().is_redirection();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &HeaderValue| headers.insert(name, value.clone());
    set(header::X_CONTENT_TYPE_OPTIONS, &NOSNIFF);
    set(header::REFERRER_POLICY, &NO_REFERRER);
    if admission.callers == Callers::Anyone {
        set(CORP.clone(), &CROSS_ORIGIN);
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, &EVERYBODY);
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, &EXPOSED);
    } else {
        set(CORP.clone(), &SAME_ORIGIN);
    }
    if service.public_url.starts_with("https:") {
        set(header::STRICT_TRANSPORT_SECURITY, &HTTPS_FOR_A_YEAR);
    }
    if !failed && service.level.borrow().is_stale() {
        set(header::WARNING, &STALE);
    }
    if authorized {
        set(header::CACHE_CONTROL, &PRIVATE);
    } else if failed {
        set(header::CACHE_CONTROL, &NO_STORE);
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, NOTHING.clone());
    }
    response
}

/// 414.
fn too_long() -> Problem {
    Problem::new(StatusCode::URI_TOO_LONG, "address-too-long", "The URL is too long")
        .detail(format!("at most {ADDRESS_BYTES} bytes of path and query"))
}

fn method_answer(refused: &Response, options: bool) -> Response {
    let allow = refused.headers().get(header::ALLOW).cloned();
    let mut answer = if options {
        let mut answer = StatusCode::NO_CONTENT.into_response();
        let headers = answer.headers_mut();
        if let Some(allow) = &allow {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        answer
    } else {
        let said = allow.as_ref().and_then(|a| a.to_str().ok()).unwrap_or_default().to_owned();
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This method is not allowed for this resource",
        )
        .detail(format!("allowed: {said}"))
        .into_response()
    };
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

/// Turns a panic in a handler into a 500 without detail. Its text may quote what was sent, so the log has the place only,
/// from the hook of panics.
pub(in crate::http) async fn caught(answer: impl Future<Output = Response>) -> Response {
    // No state of the request survives, and shared state is behind locks that tolerate a panic.
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(panicked)
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_door_tells_nothing_of_the_inside() {
        let response = caught(async { panic!("the secret of line 7") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let body = axum::body::to_bytes(response.into_body(), 4_096).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("urn:diaban:problem:internal") && !text.contains("secret"), "{text}");
    }
}
