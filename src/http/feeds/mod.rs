//! `/feeds/…`: what is new, as Atom, JSON Feed and GeoJSON, page by page or live.
//!
//! Order and cursors are those of the log of events: a page begins after an event, and no event ever
//! moves or comes in between, so a reader who follows `next` until it meets what it knows has read all
//! there is, however much was written meanwhile.

mod live;
mod page;

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use self::page::{Kind, Source, serve};
use super::Service;
use super::document::Keep;
use super::extract::pairs;
use super::problem::Problem;
use crate::action::Entries;
use crate::domain::{Text, WardId, WardName};
use crate::format::{atom, geojson, json_feed};
use crate::query::params::{self, FILTERS};
use crate::query::{CodeSet, Filter};

pub use live::Streams;

/// A form of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Atom,
    Json,
    GeoJson,
}

impl Format {
    const ALL: [Self; 3] = [Self::Atom, Self::Json, Self::GeoJson];

    fn extension(self) -> &'static str {
        match self {
            Self::Atom => "atom",
            Self::Json => "json",
            Self::GeoJson => "geojson",
        }
    }

    fn media(self) -> &'static str {
        match self {
            Self::Atom => atom::MEDIA,
            Self::Json => json_feed::MEDIA,
            Self::GeoJson => geojson::MEDIA,
        }
    }

    /// Splits a file's name: a ward's canonical id has a dot of its own, the last one counts.
    fn of(file: &str) -> Option<(&str, Self)> {
        let (name, extension) = file.rsplit_once('.')?;
        Self::ALL.into_iter().find(|f| f.extension() == extension).map(|f| (name, f))
    }
}

fn no_feed() -> Problem {
    Problem::not_found("no such feed; a feed ends in .atom, .json or .geojson")
}

/// The parameters of a ward's feeds: those of a list but the ward.
fn ward_params() -> Vec<&'static str> {
    FILTERS.iter().copied().filter(|f| *f != "ward").collect()
}

/// `/feeds/reports.{atom,json,geojson}`
pub(super) async fn reports(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(("reports", format)) = Format::of(&file) else { return Err(no_feed()) };
    let source = Source {
        path: "/feeds/reports".to_owned(),
        id: "feeds/reports".to_owned(),
        home: "/".to_owned(),
        title: Text { vi: "Phản ánh".into(), en: "Reports".into() },
        kind: Kind::Reports,
        filter: Filter::default(),
        params: FILTERS.to_vec(),
        former: None,
        keep: Keep::Revalidate,
    };
    serve(&service, source, format, query.as_deref(), &headers).await
}

/// `/feeds/wards/{ward}.{atom,json,geojson}`
pub(super) async fn ward(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (name, format) = Format::of(&file).ok_or_else(no_feed)?;
    of_ward(&service, name, Kind::Reports, format, query.as_deref(), &headers).await
}

/// `/feeds/wards/{ward}/changes.{atom,json,geojson}`
pub(super) async fn ward_changes(
    State(service): State<Arc<Service>>,
    Path((name, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(("changes", format)) = Format::of(&file) else { return Err(no_feed()) };
    of_ward(&service, &name, Kind::Changes, format, query.as_deref(), &headers).await
}

/// `/feeds/reports/events`
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    live::stream(service, None, query.as_deref(), &headers).await
}

/// `/feeds/wards/{ward}/events`
pub(super) async fn ward_events(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ward = known_ward(&service, &name)?;
    if !name.contains('.') {
        return Ok(redirect(&service, &format!("/feeds/wards/{ward}/events"), query.as_deref()));
    }
    live::stream(service, Some(ward), query.as_deref(), &headers).await
}

/// `/feeds/k/{secret}/{reports|changes}.{atom,json,geojson}`: one saved query for whoever has the link.
/// What does not open is not there, whatever the reason.
pub(super) async fn secret(
    State(service): State<Arc<Service>>,
    Path((secret, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = service.keys.find(&secret, service.clock.now()).ok_or_else(no_feed)?;
    let saved = key.query.as_deref().ok_or_else(no_feed)?;
    let (name, format) = Format::of(&file).ok_or_else(no_feed)?;
    let kind = match name {
        "reports" => Kind::Reports,
        "changes" => Kind::Changes,
        _ => return Err(no_feed()),
    };
    let words = service.map()?.words.clone();
    let filter = params::parse(&pairs(Some(saved)), FILTERS, &words).map_err(|faults| {
        tracing::warn!(key = %key.id, "the query of a secret feed is not understood any more");
        Problem::new(StatusCode::GONE, "query-gone", "What this feed asks for is not there any more")
            .detail(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    let source = Source {
        path: format!("/feeds/k/{secret}/{name}"),
        id: format!("feeds/k/{}/{name}", key.id),
        home: "/".to_owned(),
        title: Text { vi: key.name.clone(), en: key.name.clone() },
        kind,
        filter: filter.filter,
        params: Vec::new(),
        former: None,
        keep: Keep::Private,
    };
    let mut response = serve(&service, source, format, query.as_deref(), &headers).await?;
    let noindex = HeaderValue::from_static("noindex, nofollow");
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), noindex);
    Ok(response)
}

async fn of_ward(
    service: &Service,
    name: &str,
    kind: Kind,
    format: Format,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let ward = known_ward(service, name)?;
    let path = format!("/feeds/wards/{ward}{}", if kind == Kind::Changes { "/changes" } else { "" });
    if !name.contains('.') {
        return Ok(redirect(service, &format!("{path}.{}", format.extension()), query));
    }
    let areas = service.city.areas();
    let name = Entries::new(&service.city, &service.public_url).ward_name(&ward);
    let view = service.map()?;
    // A ward that the map does not know yet has no reports on it.
    let number: CodeSet = view.words.ward_index(&ward).into_iter().collect();
    let title = match kind {
        Kind::Reports => Text { vi: format!("{name}: phản ánh"), en: "reports".into() },
        Kind::Changes => Text { vi: format!("{name}: diễn biến"), en: "changes".into() },
    };
    let source = Source {
        id: path[1..].to_owned(),
        path,
        home: format!("/?ward={ward}"),
        title,
        kind,
        filter: Filter { wards: Some(number), ..Filter::default() },
        params: ward_params(),
        former: (ward.generation != areas.words.active).then_some(ward),
        keep: Keep::Revalidate,
    };
    serve(service, source, format, query, headers).await
}

/// The ward of that name: 404 when there never was one, 410 when only former generations know the bare
/// code, with who took over.
fn known_ward(service: &Service, name: &str) -> Result<WardId, Problem> {
    let areas = service.city.areas();
    let missing = || Problem::not_found("no ward has this code");
    match areas.words.ward(name) {
        WardName::Known(i) => areas.words.wards.get(usize::from(i)).cloned().ok_or_else(missing),
        WardName::Unknown => Err(missing()),
        WardName::Former(ids) => {
            let entries = Entries::new(&service.city, &service.public_url);
            let feed = |w: &WardId| format!("{}/feeds/wards/{w}.atom", service.public_url);
            let mut successors: Vec<WardId> = ids.iter().flat_map(|w| entries.successors(w)).collect();
            successors.dedup();
            let list: Vec<Value> = successors
                .iter()
                .map(|w| json!({ "ward": w.to_string(), "name": entries.ward_name(w), "feed": feed(w) }))
                .collect();
            let former: Vec<String> = ids.iter().map(feed).collect();
            Err(Problem::new(StatusCode::GONE, "ward-gone", "This ward is not in force any more")
                .detail(format!("since {} its ground belongs to the successors", areas.words.active))
                .with("successors", list)
                .with("former_feeds", former))
        }
    }
}

/// 307: a bare code means the generation in force, today.
fn redirect(service: &Service, path: &str, query: Option<&str>) -> Response {
    let mark = if query.is_some() { "?" } else { "" };
    let to = format!("{}{path}{mark}{}", service.public_url, query.unwrap_or_default());
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let headers = response.headers_mut();
    if let Ok(to) = HeaderValue::try_from(to) {
        headers.insert(header::LOCATION, to);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(Keep::Revalidate.header()));
    response
}
