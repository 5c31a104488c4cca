//! `/collections/wards/items`: the wards in force, with their boundaries.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use geo::Geometry;
use serde_json::Value;

use super::items::{one, one_feature_only, with_links};
use super::list::{self, List, Source};
use crate::action::Areas;
use crate::http::Service;
use crate::http::wire::extract::asked;
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::area::{Generation, Unit};
use diaban_core::domain::field::{Kind, Operator, Parameter, Type};
use diaban_core::domain::{Instant, Violation, WardId, WardName, code_number};
use diaban_core::format::geojson;
use diaban_core::format::list::{self as formats, Cell, Place};
use diaban_core::query::cql::Scalar;
use diaban_core::query::params;
use diaban_core::query::{CodeSet, Queryable, Row, Schema};

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
    list(&service, &asked(query.as_deref())?, &headers, None).await
}

/// The list that these parameters ask for; `body` carried them, if they came in one.
pub(super) async fn list(
    service: &Service,
    pairs: &[(String, String)],
    headers: &HeaderMap,
    body: Option<Value>,
) -> Result<Response, Problem> {
    let areas = service.city.areas();
    let schema = schema();
    let names: Vec<&str> = schema.filter_names().into_iter().chain(params::PAGE).collect();
    let q = params::query::<Unit>(pairs, &names, &schema, &areas.codebook, service.clock.now())
        .map_err(Problem::parameters)?;
    let format = list::format(q.page.format.as_deref(), headers)?;
    let generation = areas.active();
    let wanted = |u: &Unit| q.filter.is_all() || q.filter.passes(&Ward::new(generation, u));
    let mut matching: Vec<usize> =
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
    let filter = q.filter.pairs_in(&schema, &areas.codebook).into_iter();
    let list = List {
        collection: "wards",
        schema: columns(),
        filter: filter.map(|(name, value)| (name.to_owned(), value)).collect(),
        page: &q.page,
        format,
        matched: matching.len() as u64,
        body,
    };
    let rows = matching.split_off(start).into_iter();
    list.answer(service, Wards { areas, rows }, headers).await
}

/// Wards in force, by their position in the generation.
struct Wards {
    areas: Arc<Areas>,
    rows: std::vec::IntoIter<usize>,
}

impl Source for Wards {
    type View = usize;
    type Names = Arc<Areas>;

    fn names(&self) -> Arc<Areas> {
        self.areas.clone()
    }

    async fn next(&mut self, limit: usize) -> Result<Vec<usize>, StoreError> {
        Ok(self.rows.by_ref().take(limit).collect())
    }

    fn row<'a>(areas: &'a Arc<Areas>, view: &'a usize) -> formats::Row<'a> {
        let generation = areas.active();
        row(generation, &generation.units()[*view])
    }

    fn cursor(areas: &Arc<Areas>, view: &usize) -> Option<u64> {
        code_number(&areas.active().units()[*view].code)
    }
}

pub(in crate::http) async fn ward(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let crs = one_feature_only(query.as_deref(), &headers)?;
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
    Ok(one(feature, crs).answer(&headers))
}

/// By what wards can be asked for: all that they hold, their shape, and a time, which they have always.
pub(super) fn schema() -> Schema<'static> {
    let own = PROPERTIES.iter().map(|(name, kind, ..)| Queryable::new(name, Type::Of(*kind)));
    let asked_by = |rank, name, operator, queryable| Queryable {
        parameter: Some(Parameter { rank, name, operator, about: "" }),
        ..queryable
    };
    let shape = asked_by(0, "bbox", Operator::Box, Queryable::new("geometry", Type::Place));
    let time = Queryable::new("validity", Type::Of(Kind::Instant));
    Schema::new(own.chain([shape]), &[asked_by(10, "datetime", Operator::Interval, time)])
}

/// A ward as a filter sees it.
struct Ward<'a> {
    generation: &'a Generation,
    unit: &'a Unit,
    /// Made when it is asked for.
    shape: OnceCell<Geometry<f64>>,
}

impl<'a> Ward<'a> {
    fn new(generation: &'a Generation, unit: &'a Unit) -> Self {
        Self { generation, unit, shape: OnceCell::new() }
    }
}

impl Row for Ward<'_> {
    /// The values stand in the order of [`PROPERTIES`].
    fn value(&self, property: usize, _: Type) -> Scalar<'_> {
        match property {
            0 => Scalar::Text(&self.unit.code),
            1 => Scalar::Text(&self.unit.name),
            2 => Scalar::Text(self.generation.id()),
            3 => Scalar::Boolean(self.generation.approximate()),
            4 => Scalar::Number(area(self.unit)),
            5 => Scalar::Shape(self.shape.get_or_init(|| self.unit.shape.clone().into())),
            _ => Scalar::Span(Instant::MIN, Instant::MAX),
        }
    }

    fn has(&self, _: usize, _: &CodeSet) -> bool {
        false
    }
}

/// In square kilometres, as it is written.
fn area(u: &Unit) -> f64 {
    (u.area_km2 * 1e3).round() / 1e3
}

/// What wards hold, as lists write it.
fn columns() -> formats::Schema {
    formats::Schema::new(Place::Shape, false, PROPERTIES.iter().map(|p| p.0))
}

/// A ward as a row; its id is the canonical one, the values stand in the order of [`PROPERTIES`].
fn row<'a>(generation: &'a Generation, unit: &'a Unit) -> formats::Row<'a> {
    formats::Row {
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
