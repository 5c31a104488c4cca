//! `/collections/{c}/items` of the declared collections (traffic, facilities, alerts …): read from the
//! live map, no SQL.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;

use super::items::{Format, OFFERS, one_feature_only, with_links};
use super::paging::{Paging, streamed};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::negotiate::choose;
use crate::http::wire::problem::Problem;
use diaban_core::domain::{CodeBook, Collection, Feature, Violation};
use diaban_core::format::{csv, feature, geojson};
use diaban_core::map::{FeatureSet, View};
use diaban_core::query::features;
use diaban_core::query::params::DEFAULT_LIMIT;

/// Features written in one part of a stream.
const STREAM_PART: usize = 500;

fn set<'a>(view: &'a View, id: &str) -> Result<&'a Arc<FeatureSet>, Problem> {
    view.features.get(id).ok_or_else(|| Problem::not_found("no such collection; /collections lists them"))
}

pub(in crate::http) async fn features(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let set = set(&view, &id)?;
    let collection = set.collection();
    let q = features::parse(&asked(query.as_deref())?, collection, &view.codebook)
        .map_err(Problem::parameters)?;
    let format = choose(OFFERS, q.page.format.as_deref(), &headers)?;
    let found = set.find(&q.filter, service.clock.now());
    let start = match q.page.cursor {
        None => 0,
        Some(id) => {
            let after = set.get(id).ok_or_else(|| {
                let detail = "is not a cursor of this list; begin again without it";
                Problem::parameters(vec![Violation::new("cursor", detail)])
            })?;
            found.partition_point(|f| f.seq >= after.seq)
        }
    };
    match format {
        Format::GeoJson => {
            let end = found.len().min(start + q.page.limit.unwrap_or(DEFAULT_LIMIT) as usize);
            let next = (end < found.len()).then(|| found[end - 1].id);
            let row = |f: &&Arc<Feature>| geojson::written(&feature::geojson(collection, f, &view.codebook));
            let rows: Vec<_> = found[start..end].iter().map(row).collect();
            let filter = q.filter.pairs(collection, &view.codebook);
            let paging = Paging { collection: &id, filter, page: &q.page, next };
            Ok(paging.document(&service, &rows, found.len() as u64).answer(&headers))
        }
        Format::Sequence | Format::Csv => {
            let end = q.page.limit.map_or(found.len(), |l| found.len().min(start + l as usize));
            let rows = found[start..end].iter().map(|f| Arc::clone(f)).collect();
            Ok(stream(collection.clone(), view.codebook.clone(), rows, format))
        }
    }
}

/// All that match, or as many as asked for; the rows are those of the moment of the request.
fn stream(
    collection: Arc<Collection>,
    codebook: Arc<CodeBook>,
    rows: Vec<Arc<Feature>>,
    format: Format,
) -> Response {
    let begun = (format == Format::Csv).then(|| {
        let mut writer = csv::Writer::default();
        writer.feature_header(&collection);
        Bytes::from(writer.take())
    });
    let parts = (0..rows.len().div_ceil(STREAM_PART)).map(move |i| {
        let part = &rows[i * STREAM_PART..rows.len().min((i + 1) * STREAM_PART)];
        if format == Format::Csv {
            let mut writer = csv::Writer::default();
            part.iter().for_each(|f| writer.feature(&collection, f, &codebook));
            return Bytes::from(writer.take());
        }
        let mut out = Vec::new();
        for f in part {
            geojson::sequence_record(&feature::geojson(&collection, f, &codebook), &mut out);
        }
        Bytes::from(out)
    });
    let parts = begun.into_iter().chain(parts).map(Ok::<_, std::convert::Infallible>);
    streamed(Body::from_stream(stream::iter(parts)), format)
}

pub(in crate::http) async fn feature(
    State(service): State<Arc<Service>>,
    Path((collection, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let set = set(&view, &collection)?;
    one_feature_only(query.as_deref(), &headers)?;
    let missing = || Problem::not_found("no feature of this collection has this id");
    let found = set.get(id.parse().map_err(|_| missing())?).ok_or_else(missing)?;
    let body =
        with_links(&service, feature::geojson(set.collection(), found, &view.codebook), &collection, &id);
    Ok(Document::json(geojson::MEDIA, &body, CachePolicy::Revalidate).answer(&headers))
}
