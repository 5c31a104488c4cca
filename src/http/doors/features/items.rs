//! `/collections/reports/items`: pages, streams and one report. Which rows they hold: `pages`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::landing::no_parameter_but_f;
use super::pages::{PART, Rows};
use super::paging::{Paging, streamed};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::view::PublicReport;
use diaban_core::format::csv;
use diaban_core::format::geojson::{self, Link};
use diaban_core::map::View;
use diaban_core::query::ListQuery;
use diaban_core::query::params::{self, DEFAULT_LIMIT, LIST};

/// What a list of features can be written as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    GeoJson,
    Sequence,
    Csv,
}

pub(super) const OFFERS: &[Offer<Format>] = &[
    Offer {
        names: &["geojson", "json"],
        media: &[geojson::MEDIA, "application/json"],
        format: Format::GeoJson,
    },
    Offer { names: &["geojsonseq"], media: &[geojson::MEDIA_SEQ], format: Format::Sequence },
    Offer { names: &["csv"], media: &["text/csv"], format: Format::Csv },
];

pub(in crate::http) async fn reports(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let codebook = view.codebook.clone();
    let q = params::parse(&asked(query.as_deref())?, LIST, &codebook, service.clock.now())
        .map_err(Problem::parameters)?;
    let format = choose(OFFERS, q.page.format.as_deref(), &headers)?;
    let before = match q.page.cursor {
        Some(id) => Some(service.store.cursor(id).await?),
        None => None,
    };
    match format {
        Format::GeoJson => page(service, &view, &q, before, &headers).await,
        Format::Sequence | Format::Csv => Ok(stream(service, &view, q, before, format)),
    }
}

async fn page(
    service: Arc<Service>,
    view: &View,
    q: &ListQuery,
    before: Option<i64>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let limit = q.page.limit.unwrap_or(DEFAULT_LIMIT);
    let codebook = &*view.codebook;
    let mut rows = Rows::new(service.clone(), view, q.filter.clone(), before);
    let matched = rows.matched();
    let (mut features, mut last) = (Vec::new(), None);
    // One row more tells whether there is a next page, so that no page is ever empty.
    let mut left = limit + 1;
    while left > 0 {
        let part = left.min(PART);
        let records = rows.next(part).await?;
        left = if records.len() < part as usize { 0 } else { left - part };
        for record in records {
            if features.len() < limit as usize {
                last = Some(record.id);
            }
            features.push(geojson::written(&geojson::report(&service.city.view(record))));
        }
    }
    let next = last.filter(|_| features.len() > limit as usize);
    features.truncate(limit as usize);
    let matched = matched.max(features.len() as u64);
    let filter = q.filter.pairs(codebook).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let paging = Paging { collection: "reports", filter, page: &q.page, next };
    Ok(paging.document(&service, &features, matched).answer(headers))
}

struct Export {
    service: Arc<Service>,
    rows: Rows,
    format: Format,
    left: u64,
    begun: bool,
    ended: bool,
}

/// All rows, or as many as asked for, in short keyset pages: no connection to the database is held
/// while a slow client reads. An error after the first byte breaks the transfer off.
fn stream(service: Arc<Service>, view: &View, q: ListQuery, before: Option<i64>, format: Format) -> Response {
    let left = q.page.limit.map_or(u64::MAX, u64::from);
    let rows = Rows::new(service.clone(), view, q.filter, before);
    let start = Export { service, rows, format, left, begun: false, ended: false };
    let parts = stream::try_unfold(start, |mut export| async move {
        let part = export.next().await?;
        Ok::<_, StoreError>(part.map(|bytes| (bytes, export)))
    });
    streamed(Body::from_stream(parts), format)
}

impl Export {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let limit = self.left.min(u64::from(PART)) as u32;
        let records = self.rows.next(limit).await?;
        self.left -= records.len() as u64;
        self.ended = records.len() < limit as usize || self.left == 0;
        let views: Vec<PublicReport> = records.into_iter().map(|r| self.service.city.view(r)).collect();
        let bytes = match self.format {
            Format::Csv => {
                let mut writer = csv::Writer::default();
                if !self.begun {
                    writer.header();
                }
                views.iter().for_each(|r| writer.report(r));
                writer.take()
            }
            Format::GeoJson | Format::Sequence => {
                let mut out = Vec::with_capacity(views.len() * 800);
                views.iter().for_each(|r| geojson::sequence_record(&geojson::report(r), &mut out));
                out
            }
        };
        self.begun = true;
        Ok(Some(bytes.into()))
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
    choose(&OFFERS[..1], f.as_deref(), headers).map(|_| ())
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
