//! `/locate`: which ward owns a position, how certain that is, and which body answers there.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use crate::action::outside_text;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::pairs;
use crate::http::wire::parts::Body;
use crate::http::wire::problem::Problem;
use diaban_core::area::Generation;
use diaban_core::domain::{Violation, nearest};
use diaban_core::geo::LonLat;
use diaban_core::query::params::check_names;

pub(in crate::http) const PARAMS: &[&str] = &["lon", "lat", "accuracy_m", "category", "at"];
/// What a phone's position is off by when nothing is said, in metres.
const USUAL_ACCURACY_M: f64 = 10.0;

/// Whose ward a place is, and how sure that is.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Located {
    ward: LocatedWard,
    body: Body,
    /// The nearest other ward.
    runner_up: Option<LocatedWard>,
    /// Metres to the border with it.
    border_m: f64,
    accuracy_m: f64,
    /// Whether the place is in this ward even if it is off by its accuracy.
    certain: bool,
    /// Metres off the shore.
    offshore_m: Option<f64>,
}

/// A ward and the generation of boundaries that it is of.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct LocatedWard {
    generation: String,
    code: String,
    id: String,
    name: String,
    /// Whether the boundaries are approximate.
    approximate: bool,
}

pub(in crate::http) async fn locate(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = pairs(query.as_deref());
    let areas = service.city.areas();
    let mut faults = check_names(&pairs, PARAMS);
    let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let lon = number(get("lon"), "lon", &mut faults);
    let lat = number(get("lat"), "lat", &mut faults);
    let accuracy = match get("accuracy_m") {
        None => USUAL_ACCURACY_M,
        text => number(text, "accuracy_m", &mut faults).unwrap_or_default(),
    };
    if accuracy < 0.0 {
        faults.push(Violation::new("accuracy_m", "must be 0 or more metres"));
    }
    let category = get("category").and_then(|code| {
        let found = service.city.pack.categories.by_code(code);
        if found.is_none() {
            let hint = nearest(code, areas.codebook.categories.iter().map(|c| &**c))
                .map_or_else(|| "see /categories".to_owned(), |n| format!("did you mean {n}?"));
            faults.push(Violation::new("category", format!("has no such value; {hint}")));
        }
        found
    });
    let generation = match get("at") {
        None => areas.active().clone(),
        Some(day) => {
            if let Some(generation) = day.parse().ok().and_then(|d| areas.book.at(d)) {
                generation.clone()
            } else {
                let first = areas.book.generations().first().map(|g| g.id().to_string()).unwrap_or_default();
                faults.push(Violation::new("at", format!("must be a date like 2025-06-30, from {first}")));
                areas.active().clone()
            }
        }
    };
    let point = match (lon, lat) {
        (Some(lon), Some(lat)) => match LonLat::new(lon, lat) {
            Ok(p) => Some(p),
            Err(e) => {
                let swapped =
                    if generation.is_swapped(lon, lat) { "; lon and lat seem to be swapped" } else { "" };
                let field = if matches!(e, diaban_core::geo::LonLatError::Lon) { "lon" } else { "lat" };
                faults.push(Violation::new(field, format!("{e}{swapped}")));
                None
            }
        },
        _ => None,
    };
    let (Some(point), true) = (point, faults.is_empty()) else { return Err(Problem::parameters(faults)) };
    let located = generation.locate(point).map_err(|o| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "outside", "This place belongs to no ward")
            .detail(format!("the place {}", outside_text(&generation, &o)))
            .with("reason", o.reason.name())
            .with("distance_m", (o.distance_m * 10.0).round() / 10.0)
            .with("nearest", serde_json::to_value(ward(&generation, o.nearest)).unwrap_or_default())
            .with("swapped", o.swapped)
    })?;
    let id = generation.ward_id(located.unit);
    let body = category.map(|c| {
        let assigned = service.city.pack.routing.body_for(c, Some(&id));
        let name = service.city.body_name(&areas, &assigned.body);
        Body { rule: Some(assigned.rule), ..Body::new(&assigned.body, &name) }
    });
    let office = service.city.pack.bodies.ward_office(&id, &generation.units()[located.unit].name);
    let office = Body::new(&office.id, &office.name);
    let decimetres = |m: f64| (m * 10.0).round() / 10.0;
    let answer = Located {
        ward: ward(&generation, located.unit),
        body: body.unwrap_or(office),
        runner_up: located.runner_up.map(|u| ward(&generation, u)),
        border_m: decimetres(located.border_m),
        accuracy_m: accuracy,
        certain: located.certain(accuracy),
        offshore_m: located.offshore_m.map(decimetres),
    };
    // A place is personal: the answer stays out of shared caches.
    Ok(Document::typed("application/json", &answer, CachePolicy::Never).answer(&headers))
}

pub(in crate::http) fn number(text: Option<&str>, name: &str, faults: &mut Vec<Violation>) -> Option<f64> {
    let read = text.and_then(|t| t.trim().parse::<f64>().ok()).filter(|n| n.is_finite());
    if read.is_none() {
        let unit = if name.ends_with("_m") { "metres" } else { "degrees (WGS 84)" };
        let fault = if text.is_none() { "is required" } else { "must be a number" };
        faults.push(Violation::new(name, format!("{fault}: {unit}")));
    }
    read
}

fn ward(generation: &Generation, unit: usize) -> LocatedWard {
    let unit = &generation.units()[unit];
    LocatedWard {
        generation: generation.id().to_string(),
        code: unit.code.to_string(),
        id: format!("{}.{}", generation.id(), unit.code),
        name: unit.name.clone(),
        approximate: generation.approximate(),
    }
}
