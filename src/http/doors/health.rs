//! `/healthz`, `/readyz`, `/metrics`: for the operator and for monitoring.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::Service;
use crate::http::edge::metrics;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::problem::Problem;

/// The process lives.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Alive {
    status: &'static str,
}

/// How level the live map is with the record.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Readiness {
    /// ready; read-only while nothing can be stored; stale while the record cannot be reached.
    status: &'static str,
    /// steady, or stepped for an hour after the clock was set by more than a minute.
    clock: &'static str,
    /// How often that happened since the process began.
    clock_steps: u64,
    /// Position in the change log that the map stands at.
    applied: i64,
    /// The last position of the log.
    head: i64,
    reports: usize,
    /// Where the map was loaded from: file or record.
    loaded_from: &'static str,
}

/// The process lives.
pub(in crate::http) async fn healthz(headers: HeaderMap) -> Response {
    Document::typed("application/json", &Alive { status: "alive" }, CachePolicy::Never).answer(&headers)
}

/// Ready once the live map has caught up with the log. A process that can no longer reach the
/// database is stale but still serves: a load balancer that removed all such processes would leave
/// none.
pub(in crate::http) async fn readyz(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let level = *service.level.borrow();
    if !level.caught_up {
        return Err(Problem::not_ready(level));
    }
    let status = match (level.is_stale(), service.store.is_read_only()) {
        (true, _) => "stale",
        (_, true) => "read-only",
        _ => "ready",
    };
    let clock = if service.clock_steps.is_recent() { "stepped" } else { "steady" };
    let clock_steps = service.clock_steps.count();
    let reports = service.live.load().snapshot.len();
    let loaded_from = if level.from_file { "file" } else { "record" };
    let body = Readiness {
        status,
        clock,
        clock_steps,
        applied: level.applied,
        head: level.head,
        reports,
        loaded_from,
    };
    Ok(Document::typed("application/json", &body, CachePolicy::Never).answer(&headers))
}

/// `OpenMetrics` text.
pub(in crate::http) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let now = metrics::Now {
        reports: service.live.load().snapshot.len() as u64,
        applied: service.level.borrow().applied,
        stale: service.level.borrow().is_stale(),
        read_only: service.store.is_read_only(),
        clock_steps: service.clock_steps.count(),
        clock_step_s: service.clock_steps.last_s(),
        queued: service.store.queued(),
        waiting: service.guards.shedder.waiting(),
        limit_keys: service.guards.limits.keys(),
        tile_bytes: service.tiles.bytes(),
        streams: service.streams.open(),
        connections: service.connections.counts(),
    };
    let mut response = service.metrics.print(now).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(metrics::MEDIA));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
