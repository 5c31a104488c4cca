//! `/collections/reports/items`: pages, streams and one report.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::landing::no_parameter_but_f;
use super::paging::{Paging, streamed};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use crate::store::{Known, Page, StoreError};
use diaban_core::domain::CodeBook;
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::view::PublicReport;
use diaban_core::format::csv;
use diaban_core::format::geojson::{self, Link};
use diaban_core::map::{Snapshot, View};
use diaban_core::query::params::{self, DEFAULT_LIMIT, LIST};
use diaban_core::query::{Filter, ListQuery};

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

/// Rows read in one short transaction of a stream.
const STREAM_PAGE: u32 = 1_000;
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
    let format = choose(OFFERS, q.page.format.as_deref(), &headers)?;
    let before = match q.page.cursor {
        Some(id) => Some(service.store.cursor(id).await?),
        None => None,
    };
    match format {
        Format::GeoJson => page(&service, &view, &q, before, &headers).await,
        Format::Sequence | Format::Csv => Ok(stream(service, codebook, q, before, format)),
    }
}

async fn page(
    service: &Service,
    view: &View,
    q: &ListQuery,
    before: Option<i64>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let limit = q.page.limit.unwrap_or(DEFAULT_LIMIT);
    let codebook = &*view.codebook;
    let matched = view.snapshot.count(&q.filter);
    let known = few(&view.snapshot, &q.filter, matched);
    let (mut features, mut last, mut before) = (Vec::new(), None, before);
    // One row more tells whether there is a next page, so that no page is ever empty. Read in parts: the
    // rows of ten thousand at once would take a hundred times what is written of them.
    let mut left = limit + 1;
    while left > 0 {
        let part = left.min(STREAM_PAGE);
        let known = known.as_ref();
        let page = Page { filter: &q.filter, codebook, before, limit: part, expected: matched, known };
        let records = service.store.page(page).await?;
        let ended = records.len() < part as usize;
        left = if ended { 0 } else { left - part };
        before = records.last().map(|r| r.seq);
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
    Ok(paging.document(service, &features, matched).answer(headers))
}

/// The rows that match as the map knows them, where they are few and SQL alone cannot tell: rows that are
/// rare are then looked up instead of searched for. What came after the map's last row is searched for, so
/// that who has just reported finds it.
fn few(snapshot: &Snapshot, filter: &Filter, matched: u64) -> Option<Known> {
    (!filter.is_plain() && matched <= FEW).then(|| Known {
        rows: snapshot.rows(filter).iter().map(|r| r.seq.into()).collect(),
        last: snapshot.last_seq().into(),
    })
}

struct Export {
    service: Arc<Service>,
    codebook: Arc<CodeBook>,
    filter: Filter,
    format: Format,
    before: Option<i64>,
    left: u64,
    begun: bool,
    ended: bool,
}

/// All rows, or as many as asked for, in short keyset pages: no connection to the database is held
/// while a slow client reads. An error after the first byte breaks the transfer off.
fn stream(
    service: Arc<Service>,
    codebook: Arc<CodeBook>,
    q: ListQuery,
    before: Option<i64>,
    format: Format,
) -> Response {
    let left = q.page.limit.map_or(u64::MAX, u64::from);
    let start =
        Export { service, codebook, filter: q.filter, format, before, left, begun: false, ended: false };
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
        let limit = self.left.min(u64::from(STREAM_PAGE)) as u32;
        let (service, codebook, filter) = (self.service.clone(), self.codebook.clone(), self.filter.clone());
        let before = self.before;
        // In a task of its own: an encoder reads ahead, and a body that nobody asks for its next part
        // must not sit on a connection that it has taken.
        let page = tokio::spawn(async move {
            let snapshot = service.live.load().snapshot.clone();
            let expected = snapshot.count(&filter);
            let known = few(&snapshot, &filter, expected);
            let known = known.as_ref();
            let page = Page { filter: &filter, codebook: &codebook, before, limit, expected, known };
            service.store.page(page).await
        });
        let records = page.await.map_err(|_| StoreError::Busy)??;
        self.left -= records.len() as u64;
        self.ended = records.len() < limit as usize || self.left == 0;
        self.before = records.last().map(|r| r.seq);
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
