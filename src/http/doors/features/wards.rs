//! `/collections/wards/items`: the wards in force, with their boundaries.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use geo::{BoundingRect, MultiPolygon};

use super::items::{one_feature_only, with_links};
use super::list::{self, List, Source};
use crate::action::Areas;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::area::{Generation, Unit};
use diaban_core::domain::field::Kind;
use diaban_core::domain::{Violation, WardId, WardName, code_number};
use diaban_core::format::geojson;
use diaban_core::format::list::{Cell, Place, Row, Schema};
use diaban_core::geo::Bbox;
use diaban_core::query::cql::{self, Expr, Queryable, Scalar, Test, Type};
use diaban_core::query::params;

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
    let format = list::format(q.page.format.as_deref(), &headers)?;
    let generation = areas.active();
    let wanted = |u: &Unit| {
        q.filter.bbox().is_none_or(|b| touches(&b, &u.shape))
            && asked.as_ref().is_none_or(|e| passes(e, generation, u))
    };
    let matching: Vec<usize> =
        (0..generation.units().len()).filter(|i| wanted(&generation.units()[*i])).collect();
    let start = match q.page.cursor {
        None => 0,
        // The cursor is the number of the code of the last ward of the page before.
        Some(code) => matching
            .iter()
            .position(|i| code_number(&generation.units()[*i].code) == Some(code))
            .map(|i| i + 1)
            .ok_or_else(|| {
                Problem::parameters(vec![Violation::new(
                    "cursor",
                    "is not a cursor of this list; begin again without it",
                )])
            })?,
    };
    let plain = q.filter.pairs(&areas.codebook).into_iter().map(|(name, value)| (name.to_owned(), value));
    let text = asked.map(|e| ("filter".to_owned(), cql::written(&e, &schema())));
    let list = List {
        collection: "wards",
        schema: columns(),
        filter: plain.chain(text).collect(),
        page: &q.page,
        format,
        matched: matching.len() as u64,
    };
    let rows = matching[start..].to_vec().into_iter();
    list.answer(&service, Wards { areas, rows }, &headers).await
}

/// Wards in force, by their position in the generation.
struct Wards {
    areas: Arc<Areas>,
    rows: std::vec::IntoIter<usize>,
}

impl Source for Wards {
    type View = usize;

    async fn next(&mut self, limit: usize) -> Result<Vec<usize>, StoreError> {
        Ok(self.rows.by_ref().take(limit).collect())
    }

    fn row<'a>(&'a self, view: &'a usize) -> Row<'a> {
        let generation = self.areas.active();
        row(generation, &generation.units()[*view])
    }

    fn cursor(&self, view: &usize) -> Option<u64> {
        code_number(&self.areas.active().units()[*view].code)
    }
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
    let feature = geojson::Feature { schema: &columns(), row: &row(generation, unit) }.to_map();
    let feature = with_links(&service, feature, "wards", &id.to_string());
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

/// What wards hold, as lists write it.
fn columns() -> Schema {
    Schema::new(Place::Shape, false, PROPERTIES.iter().map(|p| p.0))
}

/// A ward as a row; its id is the canonical one, the values stand in the order of [`PROPERTIES`].
fn row<'a>(generation: &'a Generation, unit: &'a Unit) -> Row<'a> {
    Row {
        id: format!("{}.{}", generation.id(), unit.code).into(),
        geometry: Some(Cow::Owned(unit.shape.clone().into())),
        cells: vec![
            (*unit.code).into(),
            unit.name.as_str().into(),
            (**generation.id()).into(),
            Cell::Boolean(generation.approximate()),
            Cell::Number(area(unit)),
        ],
    }
}
