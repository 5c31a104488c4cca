//! An office and whoever sent a report hear each other: a question and its answer, a rating and what the office does of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::events::EventList;
use super::work::{TEXT, actor, standing};
use super::{asking, number, problem, report};
use crate::action::{self, Rated};
use crate::http::Service;
use crate::http::edge::keys::no_key;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{json_bytes, no_parameters};
use crate::http::wire::members::Members;
use crate::http::wire::problem::Problem;
use crate::store::Standing;
use diaban_core::domain::caller::{Act, Caller};
use diaban_core::domain::key::{Key, OPERATE};
use diaban_core::domain::report::Rating;

/// `POST /collections/reports/items/{id}/questions`
pub(in crate::http) async fn ask(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let id = number(&id)?;
    let body = json_bytes(&headers, body).await?;
    let mut members = Members::read(&body, &["question", "internal_note"])?;
    let question: Option<String> = members.get("question", TEXT);
    let internal: Option<String> = members.get("internal_note", TEXT);
    members.judged()?;
    let said = (question.as_deref().unwrap_or_default(), internal.as_deref());
    let actor = actor(&service, &key, &headers);
    action::ask(&service.city, &service.store, &*service.clock, id, said, &actor).await.map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, report = id, "an office asks the reporter");
    standing(&service, id, false, &headers).await
}

/// `POST /collections/reports/items/{id}/answers`
pub(in crate::http) async fn reply(
    State(service): State<Arc<Service>>,
    key: Option<Extension<Arc<Key>>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let id = number(&id)?;
    let key = key.as_ref().map(|k| &*k.0);
    let Some(was) = own(&service, id, key, &headers).await? else { return Ok(no_key(OPERATE)) };
    let body = json_bytes(&headers, body).await?;
    let mut members = Members::read(&body, &["answer"])?;
    let answer: Option<String> = members.get("answer", TEXT);
    members.judged()?;
    let answer = answer.unwrap_or_default();
    action::reply(&service.city, &service.store, &*service.clock, id, &answer).await.map_err(problem)?;
    tracing::info!(report = id, "a reporter answers");
    as_its_reporter(&service, id, was.seq).await
}

/// `POST /collections/reports/items/{id}/ratings`
pub(in crate::http) async fn rate(
    State(service): State<Arc<Service>>,
    key: Option<Extension<Arc<Key>>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let id = number(&id)?;
    let key = key.as_ref().map(|k| &*k.0);
    let Some(was) = own(&service, id, key, &headers).await? else { return Ok(no_key(OPERATE)) };
    let body = json_bytes(&headers, body).await?;
    let mut members = Members::read(&body, &["satisfied", "reasons", "words", "reopen"])?;
    let satisfied: Option<bool> = members.get("satisfied", "true or false");
    if members.raw("satisfied").is_none() {
        members.fault("satisfied", "is required: true or false");
    }
    let reasons: Option<Vec<String>> = members.get("reasons", "a list of codes");
    let rated = Rated {
        rating: if satisfied == Some(true) { Rating::Satisfied } else { Rating::Unsatisfied },
        reasons: reasons.unwrap_or_default(),
        words: members.get("words", TEXT),
        reopen: members.get("reopen", "true or false").unwrap_or(false),
    };
    members.judged()?;
    action::rate(&service.city, &service.store, &*service.clock, id, &rated).await.map_err(problem)?;
    tracing::info!(report = id, rating = rated.rating.name(), reopen = rated.reopen, "a reporter rates");
    as_its_reporter(&service, id, was.seq).await
}

/// `POST /collections/reports/items/{id}/refusals`
pub(in crate::http) async fn keep_closed(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let id = number(&id)?;
    let body = json_bytes(&headers, body).await?;
    let mut members = Members::read(&body, &["reason", "internal_note"])?;
    let reason: Option<String> = members.get("reason", TEXT);
    let internal: Option<String> = members.get("internal_note", TEXT);
    members.judged()?;
    let said = (reason.as_deref().unwrap_or_default(), internal.as_deref());
    let actor = actor(&service, &key, &headers);
    action::keep_closed(&service.city, &service.store, &*service.clock, id, said, &actor)
        .await
        .map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, report = id, "an office keeps a report closed");
    standing(&service, id, false, &headers).await
}

/// The report of whoever sent it; none where nobody says who asks.
async fn own(
    service: &Service,
    id: u64,
    key: Option<&Key>,
    headers: &HeaderMap,
) -> Result<Option<Standing>, Problem> {
    let caller = asking(service, id, key, headers)?;
    if caller == Caller::Public {
        return Ok(None);
    }
    report(service, id, &caller, Act::Reply).await.map(Some)
}

/// The life of a report as whoever sent it reads it.
async fn as_its_reporter(service: &Service, id: u64, seq: i64) -> Result<Response, Problem> {
    let list = EventList::of(id, service.store.life(seq).await?, false, true);
    Ok(Document::typed("application/json", &list, CachePolicy::Never).answer(&HeaderMap::new()))
}
