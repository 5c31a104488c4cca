//! `/collections/reports/items`: the list and one report.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::landing::no_parameter_but_f;
use super::list::{self, List, Source};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use crate::store::{Known, Page, StoreError};
use diaban_core::domain::CodeBook;
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::view::PublicReport;
use diaban_core::format::geojson::{self, Link};
use diaban_core::format::list::{Row, geojson::FORMAT};
use diaban_core::map::Snapshot;
use diaban_core::query::Filter;
use diaban_core::query::params::{self, LIST};

/// So many matches are few.
const FEW: u64 = 1_000;

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
    let choice = Choice::new(&view.snapshot, &q.filter);
    let pairs = q.filter.pairs(&codebook).into_iter();
    let list = List {
        collection: "reports",
        schema: geojson::report_schema(),
        filter: pairs.map(|(name, value)| (name.to_owned(), value)).collect(),
        page: &q.page,
        format,
        matched: choice.matched,
    };
    let source =
        Reports { service: service.clone(), codebook, filter: q.filter, before, choice: Some(choice) };
    list.answer(&service, source, &headers).await
}

/// Reports from the store, newest first.
struct Reports {
    service: Arc<Service>,
    codebook: Arc<CodeBook>,
    filter: Filter,
    /// The last row that was read.
    before: Option<i64>,
    /// For the first part: the map may move on while a long list is read.
    choice: Option<Choice>,
}

impl Source for Reports {
    type View = PublicReport;

    async fn next(&mut self, limit: usize) -> Result<Vec<PublicReport>, StoreError> {
        let choice = self
            .choice
            .take()
            .unwrap_or_else(|| Choice::new(&self.service.live.load().snapshot, &self.filter));
        let page = Page {
            filter: &self.filter,
            codebook: &self.codebook,
            before: self.before,
            limit: limit as u32,
            expected: choice.matched,
            known: choice.known.as_ref(),
        };
        let records = self.service.store.page(page).await?;
        self.before = records.last().map(|r| r.seq).or(self.before);
        Ok(records.into_iter().map(|r| self.service.city.view(r)).collect())
    }

    fn row<'a>(&'a self, view: &'a PublicReport) -> Row<'a> {
        geojson::report_row(view)
    }

    fn cursor(&self, view: &PublicReport) -> Option<u64> {
        Some(view.id)
    }
}

/// What the live map knows of the rows that match.
struct Choice {
    matched: u64,
    known: Option<Known>,
}

impl Choice {
    fn new(snapshot: &Snapshot, filter: &Filter) -> Self {
        let matched = snapshot.count(filter);
        Self { matched, known: few(snapshot, filter, matched) }
    }
}

/// The rows that match as the map knows them, where they are few and SQL alone cannot tell: rows that are
/// rare are then looked up instead of searched for. What came after the map's last row is searched for, so
/// that who has just reported finds it.
fn few(snapshot: &Snapshot, filter: &Filter, matched: u64) -> Option<Known> {
    (filter.rest.is_some() && matched <= FEW).then(|| Known {
        rows: snapshot.rows(filter).iter().map(|r| r.seq.into()).collect(),
        last: snapshot.last_seq().into(),
    })
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
