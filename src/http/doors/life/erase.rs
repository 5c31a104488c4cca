//! Whoever sent a report takes it back for good.

use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{asking, number, problem};
use crate::action::{self, Actor, Withdrawal};
use crate::http::Service;
use crate::http::edge::keys::no_key;
use crate::http::wire::extract::no_parameters;
use crate::http::wire::problem::Problem;
use diaban_core::domain::caller::Caller;
use diaban_core::domain::key::{Key, OPERATE};

/// `DELETE /collections/reports/items/{id}`
pub(in crate::http) async fn erase(
    State(service): State<Arc<Service>>,
    key: Option<Extension<Arc<Key>>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let id = number(&id)?;
    let key = key.map(|k| k.0);
    let caller = asking(&service, id, key.as_deref(), &headers)?;
    if caller == Caller::Public {
        return Ok(no_key(OPERATE));
    }
    let actor = Actor { caller, key: key.map(|k| k.id.clone()), saw: None };
    action::withdraw(&service.city, &service.store, &*service.clock, id, Withdrawal::Erase, &actor)
        .await
        .map_err(problem)?;
    let by = actor.key.as_ref().map_or("its reporter", |key| key.as_str());
    tracing::info!(report = id, by, "a report is erased");
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}
