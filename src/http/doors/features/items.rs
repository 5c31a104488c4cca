//! `/collections/reports/items`: the list and one report. Which rows it holds: `pages`.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::task::block_in_place;

use super::list::{self, List, Source};
use super::pages::Rows;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{asked, pairs};
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::domain::Violation;
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::view::PublicReport;
use diaban_core::format::geojson::{self, Link};
use diaban_core::format::list::{Row, geojson::FORMAT};
use diaban_core::query::params::{self, Crs, LIST};

pub(in crate::http) async fn reports(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    list(&service, &asked(query.as_deref())?, &headers, None).await
}

/// The list that these parameters ask for; `body` carried them, if they came in one.
pub(super) async fn list(
    service: &Arc<Service>,
    pairs: &[(String, String)],
    headers: &HeaderMap,
    body: Option<Value>,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let codebook = view.codebook.clone();
    let parse = || params::parse(pairs, LIST, &codebook, service.clock.now()).map_err(Problem::parameters);
    // Shapes of many corners take a while to check.
    let q = if body.is_some() { block_in_place(parse)? } else { parse()? };
    let format = list::format(q.page.format.as_deref(), headers)?;
    let order = q.page.order().ok().flatten().unwrap_or_default();
    let before = match q.page.cursor {
        Some(id) => Some(order.key(&service.store.cursor(id).await?.on_map(&codebook))),
        None => None,
    };
    let most = list::most(format, &q.page);
    let rows = Rows::new(service.clone(), &view, (q.filter.clone(), order), before, most)?;
    let asked = q.filter.pairs(&codebook).into_iter();
    let list = List {
        collection: "reports",
        schema: geojson::report_schema(),
        filter: asked.map(|(name, value)| (name.to_owned(), value)).collect(),
        page: &q.page,
        format,
        matched: rows.matched(),
        body,
    };
    list.answer(service, Reports { service: service.clone(), rows }, headers).await
}

/// Reports as the map chose them, newest first.
struct Reports {
    service: Arc<Service>,
    rows: Rows,
}

impl Source for Reports {
    type View = PublicReport;
    type Names = ();

    fn names(&self) {}

    async fn next(&mut self, limit: usize) -> Result<Vec<PublicReport>, StoreError> {
        let records = self.rows.next(limit as u32).await?;
        Ok(records.into_iter().map(|r| self.service.city.view(r)).collect())
    }

    fn row<'a>((): &'a (), view: &'a PublicReport) -> Row<'a> {
        geojson::report_row(view)
    }

    fn cursor((): &(), view: &PublicReport) -> Option<u64> {
        Some(view.id)
    }
}

pub(in crate::http) async fn report(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let crs = one_feature_only(query.as_deref(), &headers)?;
    let missing = || Problem::not_found("no report has this id");
    let id: u64 = id.parse().ok().filter(|n| i64::try_from(*n).is_ok()).ok_or_else(missing)?;
    let Some(record) = service.store.report(id).await? else {
        let standing = service.store.standing(id).await?;
        let erased = standing.is_some_and(|s| s.withdrawn == Withdrawn::Erased);
        return Err(if erased { Problem::erased() } else { missing() });
    };
    let feature =
        with_links(&service, geojson::report(&service.city.view(record)), "reports", &id.to_string());
    Ok(one(feature, crs).answer(&headers))
}

/// For a single feature: no parameters but `f` and `crs`, no format but GeoJSON.
pub(super) fn one_feature_only(query: Option<&str>, headers: &HeaderMap) -> Result<Crs, Problem> {
    let pairs = pairs(query);
    let mut faults = params::check_names(&pairs, &["f", "crs"]);
    let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let crs = get("crs").map_or(Ok(Crs::default()), Crs::parse).unwrap_or_else(|detail| {
        faults.push(Violation::new("crs", detail));
        Crs::default()
    });
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    choose(&[Offer::of(&FORMAT)], get("f"), headers).map(|_| crs)
}

/// One feature as a document, its coordinates in this system.
pub(super) fn one(mut feature: Value, crs: Crs) -> Document {
    fn turn(coordinates: &mut Value) {
        let Some(list) = coordinates.as_array_mut() else { return };
        if list.first().is_some_and(Value::is_number) && list.len() > 1 {
            list.swap(0, 1);
        } else {
            list.iter_mut().for_each(turn);
        }
    }
    if crs == Crs::Epsg4326
        && let Some(coordinates) = feature.pointer_mut("/geometry/coordinates")
    {
        turn(coordinates);
    }
    let document = Document::json(geojson::MEDIA, &feature, CachePolicy::Revalidate);
    match list::content_crs(crs) {
        Some(crs) => document.header(list::CONTENT_CRS, crs),
        None => document,
    }
}

/// A feature with the links that OGC API Features Part 1, requirement 34, asks for.
pub(super) fn with_links(
    service: &Service,
    mut feature: serde_json::Map<String, Value>,
    collection: &str,
    id: &str,
) -> Value {
    let home = format!("{}/collections/{collection}", service.public_url);
    let links = [
        Link {
            href: format!("{home}/items/{id}"),
            rel: "self",
            media: geojson::MEDIA,
            title: "This feature",
            body: None,
        },
        Link {
            href: home,
            rel: "collection",
            media: "application/json",
            title: "The collection",
            body: None,
        },
    ];
    feature.insert("links".into(), links.iter().map(Link::to_json).collect::<Vec<_>>().into());
    feature.into()
}
