//! `/collections/wards/items`: the wards in force, now or at the time asked for, with their boundaries.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use geo::Geometry;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::items::{one, one_feature_only, with_links};
use super::list::{self, List, Source};
use crate::action::{Areas, Entries};
use crate::http::Service;
use crate::http::doors::former::known_ward;
use crate::http::wire::extract::asked;
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::area::{Generation, Unit};
use diaban_core::domain::field::{Kind, Operator, Parameter, Type};
use diaban_core::domain::{Instant, Violation, code_number};
use diaban_core::format::geojson;
use diaban_core::format::list::{self as formats, Cell};
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
    let validities = validities(&areas, service.city.pack.time_zone());
    // Without a time it is now.
    let asked =
        if q.filter.rows().any(&|t| t.property() == VALIDITY) { &validities[..] } else { &validities[..1] };
    let mut matching: Vec<Place> = Vec::new();
    for (back, validity) in asked.iter().enumerate() {
        let generation = &validity.generation;
        let wanted = |u: &Unit| q.filter.is_all() || q.filter.passes(&Ward::new(validity, u));
        let units = 0..generation.units().len();
        matching.extend(units.filter(|i| wanted(&generation.units()[*i])).map(|unit| Place {
            generation: generation.clone(),
            back,
            unit,
        }));
    }
    let start = match q.page.cursor {
        None => 0,
        Some(cursor) => {
            matching.iter().position(|p| p.cursor() == Some(cursor)).map(|i| i + 1).ok_or_else(|| {
                Problem::parameters(vec![Violation::new(
                    "cursor",
                    "is not a cursor of this list; begin again without it",
                )])
            })?
        }
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
    list.answer(service, Wards { rows }, headers).await
}

/// A generation with the instant from which it is in force, and the one before which that ends.
struct Validity {
    generation: Arc<Generation>,
    from: Instant,
    to: Instant,
}

/// Those that are or were in force, the present one first. Days begin at midnight of the city.
fn validities(areas: &Areas, zone: &TimeZone) -> Vec<Validity> {
    let begin = |g: &Generation| {
        let midnight = zone.to_timestamp(g.valid_from().at(0, 0, 0, 0));
        midnight.map_or(Instant::MIN, Instant::from_timestamp)
    };
    let mut to = Instant::MAX;
    let known = areas.book.generations().iter().rev().skip_while(|g| g.id() != areas.active().id());
    known
        .map(|generation| {
            let from = begin(generation);
            let validity = Validity { generation: generation.clone(), from, to };
            to = from;
            validity
        })
        .collect()
}

/// A ward by its place in a generation, which was in force so many generations back.
struct Place {
    generation: Arc<Generation>,
    back: usize,
    unit: usize,
}

impl Place {
    fn unit(&self) -> &Unit {
        &self.generation.units()[self.unit]
    }

    /// The number of its code, and above its 53 bits how far back the generation lies.
    fn cursor(&self) -> Option<u64> {
        let back = u64::try_from(self.back).ok().filter(|back| *back < 1 << 11)?;
        code_number(&self.unit().code).map(|code| back << 53 | code)
    }
}

/// Wards by their places.
struct Wards {
    rows: std::vec::IntoIter<Place>,
}

impl Source for Wards {
    type View = Place;
    type Names = ();

    fn names(&self) {}

    async fn next(&mut self, limit: usize) -> Result<Vec<Place>, StoreError> {
        Ok(self.rows.by_ref().take(limit).collect())
    }

    fn row<'a>((): &'a (), view: &'a Place) -> formats::Row<'a> {
        row(&view.generation, view.unit())
    }

    fn cursor((): &(), view: &Place) -> Option<u64> {
        view.cursor()
    }
}

pub(in crate::http) async fn ward(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let crs = one_feature_only(query.as_deref(), &headers)?;
    let id = known_ward(&service, &id)?;
    let areas = service.city.areas();
    let missing = || Problem::not_found("no ward has this code");
    let generation = areas.book.generation(&id.generation).ok_or_else(missing)?;
    let unit = areas.book.unit(&id).ok_or_else(missing)?;
    let feature = geojson::Feature { schema: &columns(), row: &row(generation, unit) }.to_map();
    let mut feature = with_links(&service, feature, "wards", &id.to_string());
    // Of a former ward: who took over.
    let entries = Entries::new(&service.city, &service.public_url);
    let heirs = entries.successors(&id).into_iter().map(|heir| {
        let link = entries.ward_link("successor-version", &heir);
        json!({ "href": link.href, "rel": link.rel, "type": link.media, "title": entries.ward_name(&heir) })
    });
    if let Some(links) = feature["links"].as_array_mut() {
        links.extend(heirs);
    }
    Ok(one(feature, crs).answer(&headers))
}

/// The position of the time of validity among the properties of [`schema`]: after all that wards hold and their shape.
const VALIDITY: usize = PROPERTIES.len() + 1;

/// By what wards can be asked for: all that they hold, their shape, and the time at which they were in force.
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
    validity: &'a Validity,
    unit: &'a Unit,
    /// Made when it is asked for.
    shape: OnceCell<Geometry<f64>>,
}

impl<'a> Ward<'a> {
    fn new(validity: &'a Validity, unit: &'a Unit) -> Self {
        Self { validity, unit, shape: OnceCell::new() }
    }
}

impl Row for Ward<'_> {
    /// The values stand in the order of [`PROPERTIES`].
    fn value(&self, property: usize, _: Type) -> Scalar<'_> {
        match property {
            0 => Scalar::Text(&self.unit.code),
            1 => Scalar::Text(&self.unit.name),
            2 => Scalar::Text(self.validity.generation.id()),
            3 => Scalar::Boolean(self.validity.generation.approximate()),
            4 => Scalar::Number(area(self.unit)),
            5 => Scalar::Shape(self.shape.get_or_init(|| self.unit.shape.clone().into())),
            _ => Scalar::Span(self.validity.from, self.validity.to),
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
    formats::Schema::new(formats::Place::Shape, false, PROPERTIES.iter().map(|p| p.0))
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
