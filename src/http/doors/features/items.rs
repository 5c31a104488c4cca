//! `/collections/reports/items`: the list and one report. Which rows it holds: `pages`.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::landing::no_parameter_but_f;
use super::list::{self, List, Source};
use super::pages::Rows;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::view::PublicReport;
use diaban_core::format::geojson::{self, Link};
use diaban_core::format::list::{Row, geojson::FORMAT};
use diaban_core::query::params::{self, LIST};

pub(in crate::http) async fn reports(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let codebook = view.codebook.clone();
    let q = params::parse(&asked(query.as_deref())?, LIST, &codebook, service.clock.now())
        .map_err(Problem::parameters)?;
    let format = list::format(q.page.format.as_deref(), &headers)?;
    let before = match q.page.cursor {
        Some(id) => Some(service.store.cursor(id).await?),
        None => None,
    };
    let rows = Rows::new(service.clone(), &view, q.filter.clone(), before);
    let pairs = q.filter.pairs(&codebook).into_iter();
    let list = List {
        collection: "reports",
        schema: geojson::report_schema(),
        filter: pairs.map(|(name, value)| (name.to_owned(), value)).collect(),
        page: &q.page,
        format,
        matched: rows.matched(),
    };
    list.answer(&service, Reports { service: service.clone(), rows }, &headers).await
}

/// Reports as the map chose them, newest first.
struct Reports {
    service: Arc<Service>,
    rows: Rows,
}

impl Source for Reports {
    type View = PublicReport;

    async fn next(&mut self, limit: usize) -> Result<Vec<PublicReport>, StoreError> {
        let records = self.rows.next(limit as u32).await?;
        Ok(records.into_iter().map(|r| self.service.city.view(r)).collect())
    }

    fn row<'a>(&'a self, view: &'a PublicReport) -> Row<'a> {
        geojson::report_row(view)
    }

    fn cursor(&self, view: &PublicReport) -> Option<u64> {
        Some(view.id)
    }
}

pub(in crate::http) async fn report(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    one_feature_only(query.as_deref(), &headers)?;
    let missing = || Problem::not_found("no report has this id");
    let id: u64 = id.parse().ok().filter(|n| i64::try_from(*n).is_ok()).ok_or_else(missing)?;
    let Some(record) = service.store.report(id).await? else {
        let standing = service.store.standing(id).await?;
        let erased = standing.is_some_and(|s| s.withdrawn == Withdrawn::Erased);
        return Err(if erased { Problem::erased() } else { missing() });
    };
    let feature =
        with_links(&service, geojson::report(&service.city.view(record)), "reports", &id.to_string());
    Ok(Document::json(geojson::MEDIA, &feature, CachePolicy::Revalidate).answer(&headers))
}

/// For a single feature: no parameter but `f`, no format but GeoJSON.
pub(super) fn one_feature_only(query: Option<&str>, headers: &HeaderMap) -> Result<(), Problem> {
    let f = no_parameter_but_f(query)?;
    choose(&[Offer::of(&FORMAT)], f.as_deref(), headers).map(|_| ())
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
        },
        Link { href: home, rel: "collection", media: "application/json", title: "The collection" },
    ];
    feature.insert("links".into(), links.iter().map(Link::to_json).collect::<Vec<_>>().into());
    feature.into()
}
