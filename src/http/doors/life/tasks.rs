//! Parts of a report that others do: what its office gives, and what whoever has one says of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::work::{TEXT, actor};
use super::{asking, caller, in_force, number, problem, report};
use crate::action::{self, Actor, NewTask, To};
use crate::http::Service;
use crate::http::edge::keys::no_key;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{json_bytes, no_parameters};
use crate::http::wire::members::Members;
use crate::http::wire::problem::Problem;
use crate::store::{Task, TaskBy};
use diaban_core::domain::caller::{Act, Caller};
use diaban_core::domain::deadline::promised;
use diaban_core::domain::key::{Key, WORK};
use diaban_core::domain::report::TaskState;
use diaban_core::domain::{BodyId, WardId};

/// Tasks in one answer.
const MOST: u32 = 1_000;

/// A part of a report that others do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportTask")]
pub(in crate::http) struct TaskDocument {
    /// The public id of the report.
    report: u64,
    /// Its number among the tasks of the report, from 1.
    task: i64,
    /// The id of the body that has it.
    body: Option<String>,
    /// Or the name of the contractor.
    contractor: Option<String>,
    /// What is to be done.
    what: String,
    given_at: String,
    due_at: String,
    /// Whether it is open, and was due before now.
    late: bool,
    /// open, done, returned or withdrawn.
    state: &'static str,
    ended_at: Option<String>,
    /// Of a contractor's, in the answer to the office that gives it: opens it for two weeks, in the header `Task-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Tasks, those first that are due first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportTasks")]
pub(in crate::http) struct TaskList {
    tasks: Vec<TaskDocument>,
}

impl TaskDocument {
    fn new(service: &Service, task: Task, token: Option<String>) -> Self {
        let (body, contractor) = match task.by {
            TaskBy::Body(id) => (Some(id), None),
            TaskBy::Contractor(name) => (None, Some(name)),
        };
        Self {
            report: task.report,
            task: task.n,
            body,
            contractor,
            what: task.what,
            given_at: task.given.to_string(),
            due_at: task.due.to_string(),
            late: task.state == TaskState::Open && task.due < service.clock.now(),
            state: task.state.name(),
            ended_at: task.ended.map(|t| t.to_string()),
            token,
        }
    }
}

/// `POST /collections/reports/items/{id}/tasks`
pub(in crate::http) async fn give(
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
    let mut members = Members::read(&body, &["ward", "body", "contractor", "what", "due_at", "note"])?;
    let ward: Option<String> = members.get("ward", "the code or id of a ward");
    let body: Option<String> = members.get("body", "the id of a body");
    let contractor: Option<String> = members.get("contractor", TEXT);
    if [ward.is_some(), body.is_some(), contractor.is_some()].iter().filter(|is| **is).count() > 1 {
        members.fault("body", "or ward, or contractor: only one of them does it");
    }
    let day: Option<String> = members.get("due_at", "a date like 2026-12-24, or an instant of RFC 3339");
    let due = day.as_deref().and_then(|text| promised(text, &service.city.pack.calendar));
    if day.is_some() && due.is_none() {
        members.fault("due_at", "must be a date like 2026-12-24, or an instant of RFC 3339");
    }
    let asked = NewTask {
        to: ward.map(To::Ward).or_else(|| body.map(To::Body)),
        contractor,
        what: members.get("what", TEXT).unwrap_or_default(),
        due,
        note: members.get("note", TEXT),
    };
    members.judged()?;
    let actor = actor(&service, &key, &headers);
    let n = action::give_task(&service.city, &service.store, &*service.clock, id, &asked, &actor)
        .await
        .map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, report = id, task = n, "an office gives a task");
    let token =
        asked.contractor.as_ref().map(|_| service.report_tokens.issue_task(id, n, service.clock.now()));
    one(&service, id, n, &actor, token).await
}

/// `GET /collections/reports/items/{id}/tasks`
pub(in crate::http) async fn of_report(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let (id, caller) = (number(&id)?, caller(&service.city.areas(), Some(&key)));
    let was = report(&service, id, &caller, Act::ReadOffice).await?;
    Ok(list(&service, service.store.tasks(was.seq).await?, &headers))
}

/// `GET /tasks`: the open ones of the caller's bodies and of the own offices of its wards.
pub(in crate::http) async fn own(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let today = in_force(&service.city.areas(), &key.office);
    // A task of a former ward's body is its successors', and is kept under the former id.
    let offices = |wards: &[WardId]| wards.iter().map(BodyId::ward_office).map(|id| id.to_string()).collect();
    let all: [Vec<String>; 4] =
        [offices(&today.wards), offices(&key.office.wards), today.bodies, key.office.bodies.clone()];
    let mut bodies = all.concat();
    bodies.sort_unstable();
    bodies.dedup();
    Ok(list(&service, service.store.open_tasks(&bodies, MOST).await?, &headers))
}

/// `GET /collections/reports/items/{id}/tasks/{task}`
pub(in crate::http) async fn look(
    State(service): State<Arc<Service>>,
    key: Option<Extension<Arc<Key>>>,
    Path((id, task)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let (id, n) = (number(&id)?, number(&task)? as i64);
    let Some(actor) = who(&service, (id, n), key, &headers)? else { return Ok(no_key(WORK)) };
    one(&service, id, n, &actor, None).await
}

/// `POST /collections/reports/items/{id}/tasks/{task}`
pub(in crate::http) async fn end(
    State(service): State<Arc<Service>>,
    key: Option<Extension<Arc<Key>>>,
    Path((id, task)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let (id, n) = (number(&id)?, number(&task)? as i64);
    let Some(actor) = who(&service, (id, n), key, &headers)? else { return Ok(no_key(WORK)) };
    let body = json_bytes(&headers, body).await?;
    let mut members = Members::read(&body, &["state", "note", "internal_note"])?;
    let state: Option<String> = members.get("state", TEXT);
    let to = state.as_deref().and_then(TaskState::end_from_name);
    if to.is_none() {
        members.fault("state", format!("must be of: {}", TaskState::ENDS.map(TaskState::name).join(", ")));
    }
    let note: Option<String> = members.get("note", TEXT);
    let internal: Option<String> = members.get("internal_note", TEXT);
    members.judged()?;
    let to = to.unwrap_or(TaskState::Done);
    let said = (note.as_deref(), internal.as_deref());
    action::end_task(&service.city, &service.store, &*service.clock, id, (n, to), said, &actor)
        .await
        .map_err(problem)?;
    let by = actor.key.as_ref().map_or("its contractor", |key| key.as_str());
    tracing::info!(report = id, task = n, state = to.name(), by, "a task ends");
    one(&service, id, n, &actor, None).await
}

/// Who asks for a task: whoever has its link, or else the key; none where nobody says so.
fn who(
    service: &Service,
    (id, n): (u64, i64),
    key: Option<Extension<Arc<Key>>>,
    headers: &HeaderMap,
) -> Result<Option<Actor>, Problem> {
    let key = key.map(|k| k.0);
    let caller = if service.report_tokens.opens_task(id, n, headers, service.clock.now())? {
        Caller::Contractor(n)
    } else {
        asking(service, id, key.as_deref(), headers)?
    };
    let known = caller != Caller::Public;
    Ok(known.then(|| Actor { caller, key: key.map(|k| k.id.clone()), saw: None }))
}

async fn one(
    service: &Service,
    id: u64,
    n: i64,
    actor: &Actor,
    token: Option<String>,
) -> Result<Response, Problem> {
    let (_, task) = action::task_of(&service.city, &service.store, id, n, actor).await.map_err(problem)?;
    let document = TaskDocument::new(service, task, token);
    Ok(Document::typed("application/json", &document, CachePolicy::Never).answer(&HeaderMap::new()))
}

fn list(service: &Service, tasks: Vec<Task>, headers: &HeaderMap) -> Response {
    let tasks = tasks.into_iter().map(|task| TaskDocument::new(service, task, None)).collect();
    Document::typed("application/json", &TaskList { tasks }, CachePolicy::Never).answer(headers)
}
