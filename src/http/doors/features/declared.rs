//! `/collections/{c}/items` of the declared collections (traffic, facilities, alerts …): read from the
//! live map, no SQL.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::task::block_in_place;

use super::items::{one, one_feature_only, with_links};
use super::list::{self, List, Source};
use super::pages::{LONGEST, too_much, within};
use crate::http::Service;
use crate::http::wire::extract::asked;
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::domain::{CodeBook, Feature, Shape, Violation};
use diaban_core::format::feature;
use diaban_core::format::list::Row;
use diaban_core::map::{FeatureSet, View, feature_key};
use diaban_core::query::features;
use diaban_core::query::order::By;

/// The features of a collection, or of the one of which a part has this name.
fn set<'a>(view: &'a View, id: &str) -> Result<(&'a Arc<FeatureSet>, Option<Shape>), Problem> {
    let whole = view.features.get(id).map(|set| (set, None));
    let part = || view.features.iter().find_map(|set| Some((set, Some(set.collection().part(id)?.shape))));
    whole.or_else(part).ok_or_else(|| Problem::not_found("no such collection; /collections lists them"))
}

fn is_in(part: Option<Shape>, f: &Feature) -> bool {
    part.is_none_or(|shape| f.geometry.as_ref().is_some_and(|g| shape.is_of(g)))
}

pub(in crate::http) async fn features(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    list(&service, &id, &asked(query.as_deref())?, &headers, None).await
}

/// The list that these parameters ask for; `body` carried them, if they came in one.
pub(super) async fn list(
    service: &Arc<Service>,
    id: &str,
    pairs: &[(String, String)],
    headers: &HeaderMap,
    body: Option<Value>,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let (set, part) = set(&view, id)?;
    let collection = set.collection();
    let parse = || features::parse(pairs, collection, &view.codebook).map_err(Problem::parameters);
    // Shapes of many corners take a while to check.
    let q = if body.is_some() { block_in_place(parse)? } else { parse()? };
    let format = list::format(q.page.format.as_deref(), headers)?;
    let go = within(LONGEST);
    let found = block_in_place(|| set.find_while(&q.filter, service.clock.now(), &go));
    let mut found = found.ok_or_else(too_much)?;
    found.retain(|f| is_in(part, f));
    // Newest first is the order in which they are found.
    let order = q.page.order().ok().flatten();
    if order.is_some_and(|o| o.by == By::Due) {
        let detail = "features have no due_at; sort them by created_at, updated_at or distance";
        return Err(Problem::parameters(vec![Violation::new("sortby", detail)]));
    }
    let key = |f: &Feature| order.map_or((0, f.seq), |o| feature_key(&o, f));
    found.sort_by_key(|f| std::cmp::Reverse(key(f)));
    let start = match q.page.cursor {
        None => 0,
        Some(id) => {
            let after = set.get(id).ok_or_else(|| {
                let detail = "is not a cursor of this list; begin again without it";
                Problem::parameters(vec![Violation::new("cursor", detail)])
            })?;
            found.partition_point(|f| key(f) >= key(after))
        }
    };
    let list = List {
        collection: id,
        schema: feature::schema(collection),
        filter: q.filter.pairs(collection, &view.codebook),
        page: &q.page,
        format,
        matched: found.len() as u64,
        body,
    };
    let rows: Vec<Arc<Feature>> =
        found[start..].iter().take(list::most(format, &q.page)).map(|f| Arc::clone(f)).collect();
    let source = Features { codebook: view.codebook.clone(), rows: rows.into_iter() };
    list.answer(service, source, headers).await
}

/// Features as the live map held them at the moment of the request.
struct Features {
    codebook: Arc<CodeBook>,
    rows: std::vec::IntoIter<Arc<Feature>>,
}

impl Source for Features {
    type View = Arc<Feature>;
    type Names = Arc<CodeBook>;

    fn names(&self) -> Arc<CodeBook> {
        self.codebook.clone()
    }

    async fn next(&mut self, limit: usize) -> Result<Vec<Arc<Feature>>, StoreError> {
        Ok(self.rows.by_ref().take(limit).collect())
    }

    fn row<'a>(names: &'a Arc<CodeBook>, view: &'a Arc<Feature>) -> Row<'a> {
        feature::row(view, names)
    }

    fn cursor(_: &Arc<CodeBook>, view: &Arc<Feature>) -> Option<u64> {
        Some(view.id)
    }
}

pub(in crate::http) async fn feature(
    State(service): State<Arc<Service>>,
    Path((collection, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let (set, part) = set(&view, &collection)?;
    let crs = one_feature_only(query.as_deref(), &headers)?;
    let missing = || Problem::not_found("no feature of this collection has this id");
    let found = set.get(id.parse().map_err(|_| missing())?).filter(|f| is_in(part, f)).ok_or_else(missing)?;
    let body =
        with_links(&service, feature::geojson(set.collection(), found, &view.codebook), &collection, &id);
    Ok(one(body, crs).answer(&headers))
}
