//! What holds for every answer: methods, CORS, security headers, request ids, the access log,
//! limits on the address, panics.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::Instant as Stopwatch;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Service;
use super::problem::Problem;

/// Bytes of path and query.
const ADDRESS_BYTES: usize = 8 * 1024;

/// What a page of another origin may read, and send.
const EXPOSED: &str =
    "ETag, Link, Location, Content-Crs, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";
const ALLOWED: &str = "Authorization, Content-Type, Device-Token, Idempotency-Key, If-None-Match";

/// RFC 7234 section 5.5.1: what caches and people know for an answer that may be old.
const STALE: &str = "110 - \"Response is Stale\"";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer: gives the request an id, times it, writes one line of log without anything
/// that a person sent (the route's pattern, never the address), counts it.
pub(super) async fn observe(
    service: &Service,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let id = format!("{:016x}", service.ids.request_id());
    let method = request.method().clone();
    let route = Route::default();
    request.extensions_mut().insert(route.clone());
    let started = Stopwatch::now();
    let mut response = next(request).await;
    let route = route.0.get().map_or("-", |r| r.as_str());
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    service.metrics.answered(route, &method, status, elapsed);
    let ms = elapsed.as_micros() as f64 / 1e3;
    tracing::info!(target: "access", id, method = method.as_str(), route, status, ms);
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The route that answers, once it is known.
#[derive(Clone, Default)]
struct Route(Arc<OnceLock<MatchedPath>>);

/// Inside the router: tells which route it is.
pub(super) fn tell_route(request: Request) -> Request {
    let extensions = request.extensions();
    if let (Some(route), Some(path)) = (extensions.get::<Route>(), extensions.get::<MatchedPath>()) {
        let _ = route.0.set(path.clone());
    }
    request
}

/// Methods and headers: OPTIONS is answered from what the route allows, a wrong method becomes a
/// problem document that keeps `Allow`, public answers may be read from any origin.
///
/// What a caller may see is for that caller alone; errors are for the moment.
pub(super) async fn rules(
    service: &Service,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let options = request.method() == Method::OPTIONS;
    let authorized = request.headers().contains_key(header::AUTHORIZATION);
    let operators = matches!(request.uri().path(), "/metrics" | "/readyz");
    let too_long = request.uri().path_and_query().is_some_and(|p| p.as_str().len() > ADDRESS_BYTES);
    let mut response = if too_long {
        Problem::new(StatusCode::URI_TOO_LONG, "address-too-long", "The address is too long")
            .detail(format!("at most {ADDRESS_BYTES} bytes of path and query"))
            .into_response()
    } else {
        next(request).await
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = method_answer(&response, options);
    }
    let failed = !response.status().is_success() && !response.status().is_redirection();
    let headers = response.headers_mut();
    let mut set =
        |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    let corp = HeaderName::from_static("cross-origin-resource-policy");
    if operators {
        set(corp, "same-origin");
    } else {
        set(corp, "cross-origin");
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    if service.public_url.starts_with("https:") {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if !failed && service.level.borrow().is_stale() {
        set(header::WARNING, STALE);
    }
    if authorized {
        set(header::CACHE_CONTROL, "private, no-store");
    } else if failed {
        set(header::CACHE_CONTROL, "no-store");
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, nothing);
    }
    response
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
            "This method is not for this resource",
        )
        .detail(format!("allowed: {said}"))
        .into_response()
    };
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

/// A panic in a handler becomes a 500 without detail; its text goes to the log.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("?");
    tracing::error!(panic = text, "a handler panicked");
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_door_tells_nothing_of_the_inside() {
        let door = get(async || -> StatusCode { panic!("the secret of line 7") });
        let doors = Router::new().route("/", door).layer(CatchPanicLayer::custom(panicked));
        let response = doors.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let body = axum::body::to_bytes(response.into_body(), 4_096).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("urn:diaban:problem:internal") && !text.contains("secret"), "{text}");
    }
}
