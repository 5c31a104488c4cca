//! What an office does with a report of its own: another state, a word, another office.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::{caller, names, number, problem, report};
use crate::action::{self, Actor, To, Transfer, Transferred, Transition};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{json_bytes, no_parameters};
use crate::http::wire::members::Members;
use crate::http::wire::problem::Problem;
use crate::store::{Personal, Standing, Texts, Wait};
use diaban_core::domain;
use diaban_core::domain::caller::Act;
use diaban_core::domain::clocks::Timed;
use diaban_core::domain::deadline::promised;
use diaban_core::domain::key::Key;
use diaban_core::domain::report::{Level, MAX_ID, Withdrawn};

pub(super) const TEXT: &str = "a text";

/// A report as its office knows it; what is not public yet is included.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportStanding")]
pub(in crate::http) struct StandingDocument {
    /// The public id.
    id: u64,
    state: &'static str,
    /// open or closed.
    status: &'static str,
    /// The states that may follow.
    next: Vec<&'static str>,
    /// How much it presses: low, normal or urgent.
    level: &'static str,
    /// Its ward, with the generation.
    ward: Option<String>,
    /// The body that must answer.
    body: String,
    /// Whether everybody may see the report. What was just done to one whose place is blurred, everybody learns of when
    /// its hour is over.
    public: bool,
    /// The promises of the city that run for it now.
    clocks: Vec<ClockDocument>,
    /// What somebody is awaited to say.
    awaited: Option<AwaitedDocument>,
    /// How many things have happened to it; the tag of the answer is made of it.
    events: i64,
    /// Of a transfer that did not go where it was sent: the report went round between offices and is with the body that
    /// coordinates now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    looped: bool,
    /// What its reporter wrote, unmasked: in the answer to GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<TextsDocument>,
}

/// A promise of the city that runs for a report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportClock")]
struct ClockDocument {
    /// Its code, as the filter `late` names it.
    code: String,
    /// What is promised, in Vietnamese.
    name: String,
    /// The last moment in time.
    due_at: String,
    /// Whether it has run out.
    late: bool,
}

/// What somebody is awaited to say of a report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportAwaited")]
struct AwaitedDocument {
    /// answer: of whoever sent the report, to a question, and the clock of the office rests. decision: of the office,
    /// whether the report is opened again; without one it is.
    wait: &'static str,
    /// The number of the event that asks for it.
    n: i64,
    /// What was said there.
    said: String,
    asked_at: String,
    until: String,
    /// Whether that is over. An answer that comes later is read as well.
    over: bool,
}

/// The texts of a report as they were written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportTexts")]
struct TextsDocument {
    title: Option<String>,
    description: Option<String>,
    /// The address, also where everybody reads none.
    address: Option<String>,
}

impl TextsDocument {
    fn new(Texts { title, description, address }: Texts) -> Self {
        Self { title, description, address }
    }
}

impl ClockDocument {
    fn all(service: &Service, was: &Standing) -> Vec<Self> {
        let pack = &service.city.pack;
        let report = Timed {
            state: was.state,
            level: was.level,
            category: pack.categories.position(&was.category).map(usize::from),
            received: was.received,
            due: was.due,
        };
        let running = pack.clocks.running(report, service.clock.now());
        running
            .map(|r| Self {
                code: r.clock.code.to_string(),
                name: r.clock.name.vi.clone(),
                due_at: r.due.to_string(),
                late: r.late,
            })
            .collect()
    }
}

impl StandingDocument {
    fn answer(
        service: &Service,
        (id, was): (u64, &Standing),
        looped: bool,
        texts: Option<Texts>,
        headers: &HeaderMap,
    ) -> Response {
        let document = Self {
            id,
            state: was.state.name(),
            status: was.state.status().name(),
            next: names(was.state.next()),
            level: was.level.name(),
            ward: was.ward.as_ref().map(ToString::to_string),
            body: was.body.clone(),
            public: was.withdrawn == Withdrawn::No,
            clocks: ClockDocument::all(service, was),
            awaited: was.awaited.as_ref().map(|a| AwaitedDocument {
                wait: match a.wait {
                    Wait::Answer => "answer",
                    Wait::Decision => "decision",
                },
                n: a.n,
                said: a.said.clone(),
                asked_at: a.asked.to_string(),
                until: a.until.to_string(),
                over: a.silent || a.until < service.clock.now(),
            }),
            events: was.events,
            looped,
            texts: texts.map(TextsDocument::new),
        };
        Document::typed("application/json", &document, CachePolicy::Never)
            .tagged(tag(was.events))
            .answer(headers)
    }
}

/// The entity tag of a report to which so many things have happened, as its office sees it.
pub(super) fn tag(events: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"e{events}\"")).unwrap_or(HeaderValue::from_static("\"e\""))
}

/// `POST /collections/reports/items/{id}/transitions`
pub(in crate::http) async fn transition(
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
    let mut members = Members::read(
        &body,
        &["state", "level", "reason", "note", "internal_note", "original", "redirect_to", "due_at"],
    )?;
    let state: Option<String> = members.get("state", TEXT);
    let to = state.as_deref().and_then(domain::State::from_name);
    if state.is_some() && to.is_none() {
        members.fault("state", format!("must be of: {}", names(&domain::State::ALL).join(", ")));
    }
    let level: Option<String> = members.get("level", TEXT);
    let pressing = level.as_deref().and_then(Level::from_name);
    if level.is_some() && pressing.is_none() {
        members.fault("level", format!("must be of: {}", Level::ALL.map(Level::name).join(", ")));
    }
    let original: Option<u64> = members.get("original", "the id of a report");
    if original.is_some_and(|id| id > MAX_ID) {
        members.fault("original", "must be the id of a report");
    }
    let day: Option<String> = members.get("due_at", "a date like 2026-12-24, or an instant of RFC 3339");
    let due = day.as_deref().and_then(|text| promised(text, &service.city.pack.calendar));
    if day.is_some() && due.is_none() {
        members.fault("due_at", "must be a date like 2026-12-24, or an instant of RFC 3339");
    }
    let asked = Transition {
        to,
        level: pressing,
        reason: members.get("reason", TEXT),
        note: members.get("note", TEXT),
        internal: members.get("internal_note", TEXT),
        original,
        redirect_to: members.get("redirect_to", TEXT),
        due,
    };
    members.judged()?;
    let actor = actor(&service, &key, &headers);
    action::transition(&service.city, &service.store, &*service.clock, id, &asked, &actor)
        .await
        .map_err(problem)?;
    let state = to.map(domain::State::name);
    tracing::info!(
        key = key.id.as_str(),
        name = key.name,
        report = id,
        state,
        level,
        due = due.map(tracing::field::display),
        "an office works on a report"
    );
    standing(&service, id, false, &headers).await
}

/// `POST /collections/reports/items/{id}/transfers`
pub(in crate::http) async fn transfer(
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
    let mut members = Members::read(&body, &["ward", "body", "note", "internal_note"])?;
    let ward: Option<String> = members.get("ward", "the code or id of a ward");
    let body: Option<String> = members.get("body", "the id of a body");
    match (members.raw("ward"), members.raw("body")) {
        (None, None) => members.fault("ward", "or body is required: who answers for it?"),
        (Some(_), Some(_)) => members.fault("body", "or ward: only one of them answers for it"),
        _ => {}
    }
    let (note, internal) = (members.get("note", TEXT), members.get("internal_note", TEXT));
    members.judged()?;
    let to = body.map_or_else(|| To::Ward(ward.unwrap_or_default()), To::Body);
    let actor = actor(&service, &key, &headers);
    let asked = Transfer { to, note, internal };
    let done = action::transfer(&service.city, &service.store, &*service.clock, id, &asked, &actor)
        .await
        .map_err(problem)?;
    let looped = done == Transferred::Landed;
    tracing::info!(
        key = key.id.as_str(),
        name = key.name,
        report = id,
        looped,
        "an office gives a report to another"
    );
    standing(&service, id, looped, &headers).await
}

/// The report after it; whoever gave it away learns where it stands once more.
pub(super) async fn standing(
    service: &Service,
    id: u64,
    looped: bool,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let was = service.store.standing(id).await?.ok_or_else(super::missing)?;
    Ok(StandingDocument::answer(service, (id, &was), looped, None, headers))
}

/// `GET /collections/reports/items/{id}/standing`
pub(in crate::http) async fn look(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let (id, caller) = (number(&id)?, caller(&service.city.areas(), Some(&key)));
    let was = report(&service, id, &caller, Act::ReadOffice).await?;
    service.store.note_read(key.id.clone(), id, Personal::Texts, service.clock.now()).await?;
    let texts = service.store.texts(id).await?;
    Ok(StandingDocument::answer(&service, (id, &was), false, texts, &headers))
}

pub(super) fn actor(service: &Service, key: &Key, headers: &HeaderMap) -> Actor {
    Actor { caller: caller(&service.city.areas(), Some(key)), key: Some(key.id.clone()), saw: saw(headers) }
}

/// What the caller saw of the report: `If-Match`, RFC 9110 section 13.1.1. A tag that is not ours matches nothing.
fn saw(headers: &HeaderMap) -> Option<Vec<i64>> {
    let sent: Vec<&str> =
        headers.get_all(header::IF_MATCH).iter().map(|v| v.to_str().unwrap_or_default()).collect();
    let tags = || sent.iter().flat_map(|list| list.split(',')).map(str::trim);
    if sent.is_empty() || tags().any(|tag| tag == "*") {
        return None;
    }
    let number = |tag: &str| tag.strip_prefix("\"e")?.strip_suffix('"')?.parse().ok();
    Some(tags().filter_map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_read_from_if_match() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, HeaderValue::from_static(value));
            }
            saw(&headers)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["*"]), None);
        assert_eq!(of(&["\"e3\""]), Some(vec![3]));
        assert_eq!(of(&["\"e3\", \"e12\"", "\"e7\""]), Some(vec![3, 12, 7]));
        // A weak tag never matches, nor does another's.
        assert_eq!(of(&["W/\"e3\""]), Some(Vec::new()));
        assert_eq!(of(&["\"abc\""]), Some(Vec::new()));
        assert_eq!(of(&[""]), Some(Vec::new()));
        assert_eq!(tag(3), "\"e3\"");
    }
}
