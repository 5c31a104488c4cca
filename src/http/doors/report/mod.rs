//! `/r/{id}`: the page of one report for people, and its feed. What everybody may know stands there without a script;
//! whoever sent the report exchanges its token for a cookie of this page (`own`) and sees and does more.

mod actions;
mod own;
mod view;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use self::view::{View, Writer};
use self::words::Pair;
use crate::action::{Areas, contractor, precision, rate_until};
use crate::http::Service;
use crate::http::doors::feeds::{no_feed, of_report};
use crate::http::doors::life::number;
use crate::http::wire::document::CachePolicy;
use crate::http::wire::extract::{lang, pairs};
use crate::http::wire::negotiate::{Offer, accepted_lang, choose};
use crate::http::wire::problem::Problem;
use crate::store::{Awaited, Happening, StoreError};
use diaban_core::domain::caller::{Act, Caller, Refusal, authorize};
use diaban_core::domain::report::{EventKind, Level, Rating, Withdrawn};
use diaban_core::domain::view::PublicReport;
use diaban_core::domain::{BodyId, Instant, Lang, Precision, Text, WardId, time_words};
use diaban_core::format::feed;
use diaban_core::query::params::check_names;

pub(in crate::http) use own::{FORM, answer, erase, rate, session};

/// The parameters of the page.
pub(in crate::http) const PARAMS: [&str; 2] = ["f", "lang"];
const OFFER: Offer<()> =
    Offer { names: &["html"], media: &["text/html", "application/xhtml+xml"], format: () };

/// How the page was asked for.
struct Asked {
    lang: Lang,
    /// What hangs on the addresses of forms, so that the language stays.
    suffix: &'static str,
}

impl Asked {
    fn read(service: &Service, query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let pairs = pairs(query);
        let mut faults = check_names(&pairs, &PARAMS);
        let usual = accepted_lang(headers, service.city.pack.city.lang);
        let lang = lang(&pairs, usual, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::parameters(faults));
        }
        let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        choose(&[OFFER], get("f"), headers)?;
        let suffix = get("lang").map_or("", |_| lang.pick(("?lang=vi", "?lang=en")));
        Ok(Self { lang, suffix })
    }
}

/// A report as whoever asks may see it, with the names that people read.
struct Seen {
    report: PublicReport,
    category: Text,
    body: Text,
    precision: Precision,
    withdrawn: Withdrawn,
    /// Oldest first.
    life: Vec<Happening>,
    /// Between what it went, by the number of the event: offices, wards or levels.
    between: BTreeMap<i64, [Text; 2]>,
    /// Until when this is its reporter.
    own: Option<Instant>,
    /// What somebody is awaited to say, if this is the reporter.
    awaited: Option<Awaited>,
    /// Until when the reporter can rate it, if this is the reporter and it is time.
    rate_until: Option<Instant>,
    now: Instant,
}

/// From what to what an event led, as people call it.
fn between(service: &Service, areas: &Areas, event: &Happening) -> [Text; 2] {
    let plain = |name: String| Text { vi: name.clone(), en: name };
    let ward = |ward: &Option<WardId>| {
        let name = |w: &WardId| areas.book.unit(w).map_or_else(|| w.to_string(), |unit| unit.name.clone());
        plain(ward.as_ref().map_or_else(|| "…".to_owned(), name))
    };
    let level = |level: Option<Level>| {
        let (vi, en) = level.map_or(("…", "…"), Level::titles);
        Text { vi: vi.to_lowercase(), en: en.to_lowercase() }
    };
    match (event.kind, &event.from_body, &event.body) {
        (EventKind::Transfer, Some(from), Some(to)) => {
            [from, to].map(|id| service.city.body_name(areas, &BodyId::new(id)))
        }
        (EventKind::Extended, ..) => [event.from_due, event.due].map(|at| day(service, at)),
        (EventKind::Level, ..) => [level(event.from_level), level(event.level)],
        (EventKind::Task, ..) => {
            let by = event
                .body
                .as_deref()
                .map_or_else(contractor, |id| service.city.body_name(areas, &BodyId::new(id)));
            let (vi, en) = event.task.map_or(("…", "…"), |(_, state)| state.titles());
            [by, Text { vi: vi.to_owned(), en: en.to_owned() }]
        }
        (EventKind::Rating, ..) => {
            let (vi, en) = event.rating.map_or(("…", "…"), Rating::titles);
            [plain(String::new()), Text { vi: vi.to_owned(), en: en.to_owned() }]
        }
        _ => [ward(&event.from_ward), ward(&event.ward)],
    }
}

/// A day, as people write it.
fn day(service: &Service, at: Option<Instant>) -> Text {
    let zone = service.city.pack.time_zone();
    let of = |lang| at.map_or_else(|| "…".to_owned(), |at| time_words::day(at, zone, lang));
    Text { vi: of(Lang::Vi), en: of(Lang::En) }
}

/// Why there is nothing to see.
enum Unseen {
    Missing,
    Erased,
    Problem(Problem),
}

impl From<StoreError> for Unseen {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

/// `/r/{id}`, and `/r/{id}.{atom,json,geojson}`
pub(in crate::http) async fn report(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if file.contains('.') {
        let (id, format) = feed::of(&file).ok_or_else(no_feed)?;
        return of_report(&service, number(id)?, format, query.as_deref(), &headers).await;
    }
    let asked = Asked::read(&service, query.as_deref(), &headers)?;
    show(&service, &asked, &file, &headers, None).await
}

/// The page of a report, or the one that says why there is none. `alert`: what was not done, and with which status that
/// is answered.
async fn show(
    service: &Service,
    asked: &Asked,
    id: &str,
    headers: &HeaderMap,
    alert: Option<(StatusCode, Pair)>,
) -> Result<Response, Problem> {
    let to = Writer { service, asked };
    let seen = match see(service, id, headers).await {
        Ok(seen) => seen,
        Err(Unseen::Problem(problem)) => return Err(problem),
        Err(Unseen::Erased) => return Ok(gone(&to, id, StatusCode::GONE, words::GONE_WHY)),
        Err(Unseen::Missing) => return Ok(missing(&to, id)),
    };
    let view = View { to, seen: &seen, alert: alert.map(|(_, words)| words) };
    let path = view.path();
    let page = view.to.page(view.title(), &path, view.head(), view.main());
    if let Some((status, _)) = alert {
        return Ok(page.refuse(status));
    }
    let cache = if seen.own.is_some() { CachePolicy::Never } else { CachePolicy::Revalidate };
    Ok(page.answer(cache, headers))
}

/// What the public may see, by the same rule as `/collections/reports/items/{id}`; the reporter sees more.
async fn see(service: &Service, id: &str, headers: &HeaderMap) -> Result<Seen, Unseen> {
    let Ok(id) = number(id) else { return Err(Unseen::Missing) };
    let now = service.clock.now();
    let own = service.report_tokens.session(id, headers, now);
    let caller = if own.is_some() { Caller::Reporter } else { Caller::Public };
    let standing = service.store.standing(id).await?.ok_or(Unseen::Missing)?;
    let record = match authorize(&caller, Act::Read, &standing.resource()) {
        Err(Refusal::Erased) => return Err(Unseen::Erased),
        Ok(()) if own.is_some() => service.store.own_report(id).await?,
        // One that waits for its hour is there for whoever knows its id.
        _ => service.store.report(id).await?,
    };
    let mut record = record.ok_or(Unseen::Missing)?;
    let life = service.store.life(standing.seq).await?;
    let rate_until = own.and_then(|_| rate_until(&service.city, &standing, &life, now).ok());
    let life: Vec<Happening> = life.into_iter().filter(|event| event.is_told(own.is_some())).collect();
    if own.is_some() {
        // Nor does the reporter wait for the end of the hour.
        record.facts.state = standing.state;
        record.facts.ward.clone_from(&standing.ward);
        record.facts.body.clone_from(&standing.body);
    }
    let areas = service.city.areas();
    let between = life.iter().map(|event| (event.n, between(service, &areas, event))).collect();
    let code = &record.facts.category;
    let category = service.city.pack.categories.by_code(code).map(|category| category.name.clone());
    Ok(Seen {
        between,
        category: category.unwrap_or_else(|| Text { vi: code.clone(), en: code.clone() }),
        body: service.city.body_name(&areas, &BodyId::new(&record.facts.body)),
        precision: precision(&service.city, &standing),
        withdrawn: standing.withdrawn,
        report: service.city.view(record),
        life,
        own,
        rate_until,
        awaited: standing.awaited.filter(|_| own.is_some()),
        now,
    })
}

/// There is no such report, for everybody or for everybody but its reporter.
fn missing(to: &Writer<'_>, id: &str) -> Response {
    let known = number(id).map(|id| format!("/r/{id}"));
    let main = to.note((words::MISSING, words::MISSING_WHY), known.as_deref().ok());
    let path = known.unwrap_or_else(|_| "/".to_owned());
    to.page(to.asked.lang.pick(words::MISSING), &path, script(), main).refuse(StatusCode::NOT_FOUND)
}

/// It was erased.
fn gone(to: &Writer<'_>, id: &str, status: StatusCode, why: Pair) -> Response {
    let path = format!("/r/{id}");
    let main = to.note((words::GONE, why), None);
    let head = html! { meta name="gone" content=(id); (script()) };
    to.page(to.asked.lang.pick(words::GONE), &path, head, main).refuse(status)
}

fn script() -> Markup {
    html! { script src="/assets/own.js" type="module" {} }
}
