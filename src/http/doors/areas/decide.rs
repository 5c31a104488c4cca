//! What operators decide of an edition: it is written down, and the job of turns of a process does it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::propose::at;
use super::{accepted, answer, now_standing, numbered, problem};
use crate::action;
use crate::http::Service;
use crate::http::wire::extract::{json_bytes, no_parameters};
use crate::http::wire::members::Members;
use crate::http::wire::problem::Problem;
use diaban_core::domain::key::Key;

/// `POST /areas/editions/{edition}/schedule`
pub(in crate::http) async fn schedule(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(edition): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let edition = numbered(&edition)?;
    let body = json_bytes(&headers, body).await?;
    let mut members = Members::read(&body, &["at"])?;
    let from = at(&mut members);
    if !members.has("at") {
        members.fault("at", "is required; null where it comes into force by an activation only");
    }
    members.judged()?;
    action::schedule_edition(&service.store, &*service.clock, edition, from).await.map_err(problem)?;
    let at = from.map(|t| t.to_string());
    tracing::info!(key = key.id.as_str(), name = key.name, edition, at, "an operator schedules boundaries");
    answer(StatusCode::OK, &now_standing(&service.store.area_states().await?, edition)?)
}

/// `POST /areas/editions/{edition}/activate`
pub(in crate::http) async fn activate(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(edition): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let edition = numbered(&edition)?;
    action::activate_soon(&service.store, &*service.clock, edition).await.map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, edition, "an operator activates boundaries");
    accepted(edition, &now_standing(&service.store.area_states().await?, edition)?)
}

/// `POST /areas/editions/{edition}/withdraw`
pub(in crate::http) async fn withdraw(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(edition): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let edition = numbered(&edition)?;
    action::withdraw_edition(&service.store, &*service.clock, edition).await.map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, edition, "an operator withdraws boundaries");
    answer(StatusCode::OK, &now_standing(&service.store.area_states().await?, edition)?)
}

/// `POST /areas/undo`
pub(in crate::http) async fn undo(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let edition = action::undo_soon(&service.store, &*service.clock).await.map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, edition, "an operator takes the last turn back");
    accepted(edition, &now_standing(&service.store.area_states().await?, edition)?)
}
