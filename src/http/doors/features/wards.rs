//! `/collections/wards/items`: the wards in force, with their boundaries.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use geo::{BoundingRect, MultiPolygon};
use serde_json::{Map, Value, json};

use super::items::{OFFERS, one_feature_only, with_links};
use super::paging::Paging;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::negotiate::choose;
use crate::http::wire::problem::Problem;
use diaban_core::area::{Generation, Unit};
use diaban_core::domain::field::Kind;
use diaban_core::domain::{Violation, WardId, WardName};
use diaban_core::format::geojson;
use diaban_core::geo::Bbox;
use diaban_core::query::cql::{self, Expr, Queryable, Scalar, Test, Type};
use diaban_core::query::params::{self, DEFAULT_LIMIT};

/// Only what a ward has: no time, no state.
pub(super) const PARAMS: &[&str] = &["bbox", "datetime", "limit", "cursor", "f"];

/// What a ward holds: name, type, title in Vietnamese and in English.
pub(super) const PROPERTIES: [(&str, Kind, &str, &str); 5] = [
    ("code", Kind::Text, "Mã", "Code"),
    ("name", Kind::Text, "Tên", "Name"),
    ("generation", Kind::Text, "Có hiệu lực từ", "In force since"),
    ("approximate", Kind::Boolean, "Ranh giới gần đúng", "Approximate boundaries"),
    ("area_km2", Kind::Number, "Diện tích (km²)", "Area (km²)"),
];

pub(in crate::http) async fn wards(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let areas = service.city.areas();
    // Wards have properties of their own to be asked for by.
    let (filter, plain): (Vec<_>, Vec<_>) =
        asked(query.as_deref())?.into_iter().partition(|(name, _)| cql::PARAMS.contains(&name.as_str()));
    let faults = params::check_names(&filter, &cql::PARAMS);
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let q =
        params::parse(&plain, PARAMS, &areas.codebook, service.clock.now()).map_err(Problem::parameters)?;
    let asked = cql::read(&filter, &schema()).map_err(Problem::parameters)?;
    choose(&OFFERS[..1], q.page.format.as_deref(), &headers)?;
    let generation = areas.active();
    let wanted = |u: &&Unit| {
        q.filter.bbox().is_none_or(|b| touches(&b, &u.shape))
            && asked.as_ref().is_none_or(|e| passes(e, generation, u))
    };
    let matching: Vec<&Unit> = generation.units().iter().filter(wanted).collect();
    let start = match q.page.cursor {
        None => 0,
        // The cursor is the numeric code of the last ward of the page before.
        Some(code) => {
            matching.iter().position(|u| numeric(u) == Some(code)).map(|i| i + 1).ok_or_else(|| {
                Problem::parameters(vec![Violation::new(
                    "cursor",
                    "is not a cursor of this list; begin again without it",
                )])
            })?
        }
    };
    let limit = q.page.limit.unwrap_or(DEFAULT_LIMIT) as usize;
    let page = &matching[start..matching.len().min(start + limit)];
    let more = start + page.len() < matching.len();
    let next = page.last().filter(|_| more).and_then(|u| numeric(u));
    let features: Vec<_> = page.iter().map(|u| geojson::written(&feature(generation, u))).collect();
    let plain = q.filter.pairs(&areas.codebook).into_iter().map(|(name, value)| (name.to_owned(), value));
    let text = asked.map(|e| ("filter".to_owned(), cql::written(&e, &schema())));
    let filter = plain.chain(text).collect();
    let paging = Paging { collection: "wards", filter, page: &q.page, next };
    Ok(paging.document(&service, &features, matching.len() as u64).answer(&headers))
}

pub(in crate::http) async fn ward(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    one_feature_only(query.as_deref(), &headers)?;
    let areas = service.city.areas();
    let id: WardId = match areas.codebook.ward(&id) {
        WardName::Known(i) => areas.codebook.wards[usize::from(i)].clone(),
        WardName::Former(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            return Err(Problem::not_found(format!(
                "this code is not in force any more; ask for {}",
                ids.join(" or ")
            )));
        }
        WardName::Unknown => return Err(Problem::not_found("no ward has this code")),
    };
    let missing = || Problem::not_found("no ward has this code");
    let generation = areas.book.generation(&id.generation).ok_or_else(missing)?;
    let unit = areas.book.unit(&id).ok_or_else(missing)?;
    let feature = with_links(&service, feature(generation, unit), "wards", &id.to_string());
    Ok(Document::json(geojson::MEDIA, &feature, CachePolicy::Revalidate).answer(&headers))
}

/// By what wards can be asked for: all that they hold, and their shape.
pub(super) fn schema() -> Vec<Queryable<'static>> {
    let own = PROPERTIES.iter().map(|(name, kind, ..)| Queryable::new(name, Type::Of(*kind)));
    own.chain([Queryable::new("geometry", Type::Place)]).collect()
}

/// Whether a ward passes; the values stand in the order of [`PROPERTIES`].
fn passes(asked: &Expr<Test>, generation: &Generation, u: &Unit) -> bool {
    let shape = geo::Geometry::from(u.shape.clone());
    asked.holds(&|t: &Test| {
        t.holds(match t.property {
            0 => Scalar::Text(&u.code),
            1 => Scalar::Text(&u.name),
            2 => Scalar::Text(generation.id()),
            3 => Scalar::Boolean(generation.approximate()),
            4 => Scalar::Number(area(u)),
            _ => Scalar::Shape(&shape),
        })
    })
}

/// In square kilometres, as it is written.
fn area(u: &Unit) -> f64 {
    (u.area_km2 * 1e3).round() / 1e3
}

fn numeric(unit: &Unit) -> Option<u64> {
    unit.code.parse().ok()
}

fn touches(b: &Bbox, shape: &MultiPolygon<f64>) -> bool {
    let Some(r) = shape.bounding_rect() else { return false };
    let apart = r.max().y < b.south || r.min().y > b.north;
    let west_of = |east: f64| r.min().x <= east;
    let east_of = |west: f64| r.max().x >= west;
    let within = if b.crosses_antimeridian() {
        east_of(b.west) || west_of(b.east)
    } else {
        east_of(b.west) && west_of(b.east)
    };
    !apart && within
}

/// A ward as a Feature; its id is the canonical one.
fn feature(generation: &Generation, unit: &Unit) -> Map<String, Value> {
    let id = format!("{}.{}", generation.id(), unit.code);
    let polygons: Vec<Value> = unit
        .shape
        .iter()
        .map(|p| {
            std::iter::once(p.exterior())
                .chain(p.interiors())
                .map(|ring| positions(&ring.0))
                .collect::<Vec<_>>()
                .into()
        })
        .collect();
    let geometry = json!({ "type": "MultiPolygon", "coordinates": polygons });
    let properties = json!({
        "code": *unit.code,
        "name": unit.name,
        "generation": **generation.id(),
        "approximate": generation.approximate(),
        "area_km2": area(unit),
    });
    let mut feature = Map::new();
    feature.insert("type".into(), "Feature".into());
    feature.insert("id".into(), id.into());
    feature.insert("geometry".into(), geometry);
    feature.insert("properties".into(), properties);
    feature
}

fn positions(ring: &[geo::Coord<f64>]) -> Value {
    let seven = |v: f64| (v * 1e7).round() / 1e7;
    ring.iter().map(|c| json!([seven(c.x), seven(c.y)])).collect::<Vec<_>>().into()
}
