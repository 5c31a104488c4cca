//! What happened to a report. Everybody reads what the public knows, with its moments; whoever sent the report does not
//! wait for the end of its hour; the office of the report reads all of it.

use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::work::tag;
use super::{asking, number, report};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::no_parameters;
use crate::http::wire::problem::Problem;
use crate::store::{Happening, Personal};
use diaban_core::domain::caller::{Act, Caller, authorize};
use diaban_core::domain::key::Key;
use diaban_core::domain::report::{Level, Rating};

/// All that happened to a report, oldest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportEvents")]
pub(in crate::http) struct EventList {
    /// The public id.
    id: u64,
    events: Vec<EventDocument>,
}

/// One thing that happened to a report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportEvent")]
struct EventDocument {
    /// Its number in the life of the report, from 1. One that is missing is not public.
    n: i64,
    /// state, note, level, extended, transfer, question, reply, silence, rating, `kept_closed`, task, hidden, shown,
    /// erased or areas.
    kind: &'static str,
    /// When; by the hour where the place of the report is blurred.
    at: Option<String>,
    /// In which role somebody acted.
    role: String,
    /// The state before; null for the first event.
    from: Option<&'static str>,
    /// The state after.
    to: &'static str,
    /// Of an event that changes how much the report presses: what it was before.
    from_level: Option<&'static str>,
    /// The same: what it is from then on.
    level: Option<&'static str>,
    /// Of an event that moves the day of the answer: when it was due before.
    from_due_at: Option<String>,
    /// The same: when it is due from then on.
    due_at: Option<String>,
    /// Why; of a duplicate, the id of the report that it repeats.
    reason: Option<String>,
    /// Of a redirection: where to go.
    redirect_to: Option<String>,
    /// What everybody may read.
    note: Option<String>,
    /// The ward after, with its generation.
    ward: Option<String>,
    /// The ward that it left, with its generation.
    from_ward: Option<String>,
    /// Of a transfer: the id of the body that must answer from then on; of a task, the one that has it.
    body: Option<String>,
    /// Of a transfer: the body that gave it away.
    from_body: Option<String>,
    /// Of a rating: satisfied or unsatisfied.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<&'static str>,
    /// The codes of its reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rating_reasons: Vec<String>,
    /// Of an event about a task: its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<i64>,
    /// The same: open, done, returned or withdrawn from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_state: Option<&'static str>,
    /// What the office asked whoever sent the report, or what was answered or said beside a rating. For those two alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<String>,
    /// Until when an answer to a question is awaited, or a decision about a wish to have it opened again. For those two
    /// alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// For the office of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<OfficeDocument>,
}

/// What only the office of a report reads of an event.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportEventOffice")]
struct OfficeDocument {
    /// When it was.
    at: String,
    /// What offices wrote for each other.
    internal_note: Option<String>,
    /// The reason as it was written; null where nothing in it is masked.
    written_reason: Option<String>,
    /// The note as it was written; null where nothing in it is masked.
    written_note: Option<String>,
    /// Who acted: the id of a key, or account: and the login of an account.
    key: Option<String>,
}

impl EventList {
    /// The life of a report as its office reads it, whoever sent it, or everybody.
    pub(super) fn of(id: u64, life: Vec<Happening>, office: bool, own: bool) -> Self {
        let seen = life.into_iter().filter(|event| office || event.is_told(own));
        Self { id, events: seen.map(|event| EventDocument::new(event, office, own)).collect() }
    }
}

impl EventDocument {
    /// Whoever sent the report knows its moments.
    fn new(event: Happening, office: bool, own: bool) -> Self {
        let at = event.told_at(own);
        let (said, until) = if office || own { (event.said, event.until) } else { (None, None) };
        let office = office.then(|| OfficeDocument {
            at: event.at.to_string(),
            internal_note: event.internal,
            written_reason: event.written_reason,
            written_note: event.written_note,
            key: event.actor,
        });
        Self {
            n: event.n,
            kind: event.kind.name(),
            at: at.map(|t| t.to_string()),
            role: event.role,
            from: event.from.map(|s| s.name()),
            to: event.to.name(),
            from_level: event.from_level.map(Level::name),
            level: event.level.map(Level::name),
            from_due_at: event.from_due.map(|t| t.to_string()),
            due_at: event.due.map(|t| t.to_string()),
            reason: event.reason,
            redirect_to: event.redirect_to,
            note: event.note,
            ward: event.ward.map(|w| w.to_string()),
            from_ward: event.from_ward.map(|w| w.to_string()),
            body: event.body,
            from_body: event.from_body,
            rating: event.rating.map(Rating::name),
            rating_reasons: event.rating_reasons,
            task: event.task.map(|(n, _)| n),
            task_state: event.task.map(|(_, state)| state.name()),
            said,
            until: until.map(|t| t.to_string()),
            office,
        }
    }
}

/// `GET /collections/reports/items/{id}/events`
pub(in crate::http) async fn events(
    State(service): State<Arc<Service>>,
    key: Option<Extension<Arc<Key>>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let id = number(&id)?;
    let caller = asking(&service, id, key.as_ref().map(|k| &*k.0), &headers)?;
    let standing = report(&service, id, &caller, Act::Read).await?;
    let office = authorize(&caller, Act::ReadOffice, &standing.resource()).is_ok();
    let own = caller == Caller::Reporter;
    if let Some(Extension(key)) = key.filter(|_| office) {
        service.store.note_read(key.id.clone(), id, Personal::Life, service.clock.now()).await?;
    }
    let list = EventList::of(id, service.store.life(standing.seq).await?, office, own);
    let cache = if office || own { CachePolicy::Never } else { CachePolicy::Revalidate };
    let mut document = Document::typed("application/json", &list, cache);
    if office {
        document = document.tagged(tag(standing.events));
    }
    Ok(document
        .header(header::VARY, HeaderValue::from_static("Authorization, Cookie, Report-Token"))
        .answer(&headers))
}
