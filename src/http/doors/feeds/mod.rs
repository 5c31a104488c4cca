//! `/feeds/…`: what is new, as Atom, JSON Feed and GeoJSON, page by page or live.
//!
//! Order and cursors are those of the log of events: a page begins after an event, and no event ever
//! moves or comes in between, so a reader who follows `next` until it meets what it knows has read all
//! there is, however much was written meanwhile. Feeds of features (alerts, traffic) tell what is in
//! force now.

mod features;
mod live;
mod page;
mod report;
mod reports;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

pub(in crate::http) use self::report::of_report;

use self::page::{OfWard, Source};
use self::reports::{Kind, Scope, serve};
use crate::action::{Entries, saved_filter};
use crate::http::Service;
use crate::http::doors::former::known_ward;
use crate::http::edge::limits::Caller;
use crate::http::wire::document::CachePolicy;
use crate::http::wire::problem::Problem;
use diaban_core::domain::{CodeBook, Text};
use diaban_core::format::feed::{self, Format};
use diaban_core::query::params::FILTERS;
use diaban_core::query::{CodeSet, Filter};

pub(in crate::http) fn no_feed() -> Problem {
    let endings: Vec<String> = feed::ALL.iter().map(|f| format!(".{}", f.extension)).collect();
    Problem::not_found(format!("no such feed; a feed ends in {}", endings.join(" or ")))
}

/// The parameters of a ward's feeds: those of a list but the ward.
fn ward_params() -> Vec<&'static str> {
    FILTERS.iter().copied().filter(|f| *f != "ward").collect()
}

/// `/feeds/{reports|collection}.{atom,json,geojson}`
pub(in crate::http) async fn city(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (name, format) = feed::of(&file).ok_or_else(no_feed)?;
    let source = |title: Text| Source {
        path: format!("/feeds/{name}"),
        id: format!("feeds/{name}"),
        home: "/".to_owned(),
        title,
        ward: None,
        cache: CachePolicy::Revalidate,
    };
    if name == "reports" {
        let source = source(Text { vi: "Phản ánh".into(), en: "Reports".into() });
        let scope =
            Scope { kind: Kind::Reports, filter: Filter::default(), params: FILTERS.to_vec(), office: false };
        return serve(&service, source, scope, format, query.as_deref(), &headers).await;
    }
    let view = service.map()?;
    let set = view.features.get(name).filter(|s| s.collection().feed.is_some()).ok_or_else(no_feed)?;
    let source = source(set.collection().title.clone());
    features::serve(&service, source, (set, None), format, query.as_deref(), &headers)
}

/// `/feeds/wards/{ward}.{atom,json,geojson}`
pub(in crate::http) async fn ward(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (name, format) = feed::of(&file).ok_or_else(no_feed)?;
    of_ward(&service, name, "reports", format, query.as_deref(), &headers).await
}

/// `/feeds/wards/{ward}/{changes|collection}.{atom,json,geojson}`
pub(in crate::http) async fn ward_more(
    State(service): State<Arc<Service>>,
    Path((ward, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (what, format) = feed::of(&file).filter(|(w, _)| *w != "reports").ok_or_else(no_feed)?;
    of_ward(&service, &ward, what, format, query.as_deref(), &headers).await
}

/// `/feeds/reports/events`
pub(in crate::http) async fn events(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    live::stream(service, None, query.as_deref(), &headers, caller).await
}

/// `/feeds/wards/{ward}/events`
pub(in crate::http) async fn ward_events(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    known_ward(&service, &name)?;
    live::stream(service, Some(name), query.as_deref(), &headers, caller).await
}

/// `/feeds/k/{secret}/{reports|changes}.{atom,json,geojson}`: one saved query for whoever has the link.
/// What does not open is not there, whatever the reason.
pub(in crate::http) async fn secret(
    State(service): State<Arc<Service>>,
    Path((secret, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = service.keys.find(&secret, service.clock.now()).map_err(|_| no_feed())?;
    let saved = key.query.as_deref().ok_or_else(no_feed)?;
    let (name, format) = feed::of(&file).ok_or_else(no_feed)?;
    let kind = match name {
        "reports" => Kind::Reports,
        "changes" => Kind::Changes,
        _ => return Err(no_feed()),
    };
    let codebook = service.map()?.codebook.clone();
    let areas = service.city.areas();
    // A bare code is that of the day on which the link was made.
    let zone = service.city.pack.time_zone();
    let then = areas.book.at(zone.to_datetime(key.created.timestamp()).date());
    let of_then = CodeBook {
        active: then.map_or_else(|| codebook.active.clone(), |g| g.id().clone()),
        ..CodeBook::clone(&codebook)
    };
    let now = service.clock.now();
    let changes = kind == Kind::Changes;
    let filter = saved_filter(saved, &of_then, &areas, &codebook, now, changes).map_err(|faults| {
        tracing::warn!(key = %key.id, "the query of a secret feed is not understood any more");
        Problem::new(StatusCode::GONE, "query-gone", "What this feed asks for is not there any more")
            .detail(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    let source = Source {
        path: format!("/feeds/k/{secret}/{name}"),
        id: format!("feeds/k/{}/{name}", key.id),
        home: "/".to_owned(),
        title: Text { vi: key.name.clone(), en: key.name.clone() },
        ward: None,
        cache: CachePolicy::Private,
    };
    let scope = Scope { kind, filter, params: Vec::new(), office: true };
    let mut response = serve(&service, source, scope, format, query.as_deref(), &headers).await?;
    let noindex = HeaderValue::from_static("noindex, nofollow");
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), noindex);
    Ok(response)
}

/// A feed that is bound to a ward. A bare code means the generation in force, today and whenever it is
/// read again; the canonical address, which stays with this ward, is among the links.
async fn of_ward(
    service: &Service,
    name: &str,
    what: &str,
    format: &'static Format,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let ward = known_ward(service, name)?;
    let view = service.map()?;
    let set = view.features.get(what).filter(|s| s.collection().feed.is_some());
    let about = match (what, set) {
        ("reports", _) => Text { vi: "phản ánh".into(), en: "reports".into() },
        ("changes", _) => Text { vi: "diễn biến".into(), en: "changes".into() },
        (_, Some(set)) => set.collection().title.clone(),
        (_, None) => return Err(no_feed()),
    };
    let tail = if what == "reports" { String::new() } else { format!("/{what}") };
    let active = &service.city.areas().codebook.active;
    let source = Source {
        path: format!("/feeds/wards/{name}{tail}"),
        id: format!("feeds/wards/{ward}{tail}"),
        home: format!("/?ward={ward}"),
        title: Text {
            vi: format!(
                "{}: {}",
                Entries::new(&service.city, &service.public_url).ward_name(&ward),
                about.vi
            ),
            en: about.en,
        },
        ward: Some(OfWard {
            tail,
            bare: !name.contains('.'),
            former: ward.generation != *active,
            ward: ward.clone(),
        }),
        cache: CachePolicy::Revalidate,
    };
    // A ward that the map does not know yet has nothing on it.
    let number: CodeSet = view.codebook.ward_index(&ward).into_iter().collect();
    if let Some(set) = set {
        return features::serve(service, source, (set, Some(number)), format, query, headers);
    }
    let kind = if what == "changes" { Kind::Changes } else { Kind::Reports };
    // Whoever follows a code misses nothing of what happened under it before other boundaries came.
    let number = match kind {
        Kind::Changes if !name.contains('.') => {
            service.city.areas().followed(&view.codebook, &ward.code).into_iter().collect()
        }
        _ => number,
    };
    let filter = <Filter>::default().in_wards(number);
    serve(
        service,
        source,
        Scope { kind, filter, params: ward_params(), office: false },
        format,
        query,
        headers,
    )
    .await
}
