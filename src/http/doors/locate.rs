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
use diaban_core::area::{Accuracy, AccuracyError, Generation, USUAL_CONFIDENCE};
use diaban_core::domain::{BodyId, Violation, nearest};
use diaban_core::geo::LonLat;
use diaban_core::query::params::check_names;

pub(in crate::http) const PARAMS: &[&str] =
    &["lon", "lat", "accuracy_m", "accuracy_confidence", "category", "at"];
/// Where nothing is said, 95% of a phone's positions are taken to be off by less than this, in metres.
const USUAL_ACCURACY_M: f64 = 10.0;

/// Whose ward a place is, and how sure that is.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Located {
    ward: LocatedWard,
    body: Body,
    /// The nearest other ward.
    runner_up: Option<LocatedWard>,
    /// Metres to the ward's nearest border; 0 if the place is off the shore or outside.
    border_m: f64,
    /// The radius in metres within which the share `accuracy_confidence` of such positions lies; 10 if not given.
    accuracy_m: f64,
    /// The share that `accuracy_m` is for, as given or 0.95.
    accuracy_confidence: f64,
    /// Whether the true place is in this ward. At most 1 of 100 answers that say so is wrong.
    certain: bool,
    /// How likely the true place is in this ward, from 0 to 1; null if no accuracy was given. Ground outside the
    /// city counts for no ward, and a third ward may be near: the two need not add up to 1.
    probability: Option<f64>,
    /// How likely the true place is in the runner-up.
    runner_up_probability: Option<f64>,
    /// Metres off the shore.
    offshore_m: Option<f64>,
    /// Metres outside the city, where that is within the accuracy. The ward is the nearest one then.
    outside_m: Option<f64>,
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
    let stated = accuracy(get("accuracy_m"), get("accuracy_confidence"), &mut faults);
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
    let (Some(point), Some(stated), true) = (point, stated, faults.is_empty()) else {
        return Err(Problem::parameters(faults));
    };
    let located = generation.locate_with(point, stated.known()).map_err(|o| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "outside", "This place belongs to no ward")
            .detail(format!("the place {}", outside_text(&generation, &o)))
            .with("reason", o.reason.name())
            .with("distance_m", (o.distance_m * 10.0).round() / 10.0)
            .with("nearest", serde_json::to_value(ward(&generation, o.nearest)).unwrap_or_default())
            .with("swapped", o.swapped)
    })?;
    let id = generation.ward_id(located.unit);
    let named = |body: &BodyId| Body::new(body, &service.city.body_name(&areas, body));
    let body = category.map(|c| {
        let assigned = service.city.pack.routing.body_for(c, Some(&id));
        Body { rule: Some(assigned.rule), ..named(&assigned.body) }
    });
    let decimetres = |m: f64| (m * 10.0).round() / 10.0;
    let thousandths = |share: f64| (share * 1000.0).round() / 1000.0;
    let odds = stated.known().map(|a| generation.odds(point, &located, a));
    let answer = Located {
        ward: ward(&generation, located.unit),
        body: body.unwrap_or_else(|| named(&BodyId::ward_office(&id))),
        runner_up: located.runner_up.map(|u| ward(&generation, u)),
        border_m: decimetres(located.border_m),
        accuracy_m: stated.radius_m,
        accuracy_confidence: stated.confidence,
        certain: located.certain(stated.accuracy),
        probability: odds.map(|o| thousandths(o.ward)),
        runner_up_probability: odds.filter(|_| located.runner_up.is_some()).map(|o| thousandths(o.runner_up)),
        offshore_m: located.offshore_m.map(decimetres),
        outside_m: located.outside_m.map(decimetres),
    };
    // A place is personal: the answer stays out of shared caches.
    Ok(Document::typed("application/json", &answer, CachePolicy::Never).answer(&headers))
}

/// The accuracy of a position as it was stated, or the usual one.
struct Stated {
    radius_m: f64,
    confidence: f64,
    accuracy: Accuracy,
    usual: bool,
}

impl Stated {
    /// `None` if nothing was stated.
    fn known(&self) -> Option<Accuracy> {
        (!self.usual).then_some(self.accuracy)
    }
}

fn accuracy(radius: Option<&str>, confidence: Option<&str>, faults: &mut Vec<Violation>) -> Option<Stated> {
    const CONFIDENCE: &str = "accuracy_confidence";
    if radius.is_none() && confidence.is_some() {
        faults.push(Violation::new(CONFIDENCE, "says what accuracy_m means: give that too"));
    }
    let usual = radius.is_none();
    let radius_m = if usual { Some(USUAL_ACCURACY_M) } else { number(radius, "accuracy_m", faults) };
    let confidence =
        if confidence.is_none() { Some(USUAL_CONFIDENCE) } else { number(confidence, CONFIDENCE, faults) };
    let (radius_m, confidence) = radius_m.zip(confidence)?;
    let fault = |e: AccuracyError| {
        let field = if e == AccuracyError::Radius { "accuracy_m" } else { CONFIDENCE };
        faults.push(Violation::new(field, e.to_string()));
    };
    let accuracy = Accuracy::new(radius_m, confidence).map_err(fault).ok()?;
    Some(Stated { radius_m, confidence, accuracy, usual })
}

pub(in crate::http) fn number(text: Option<&str>, name: &str, faults: &mut Vec<Violation>) -> Option<f64> {
    let read = text.and_then(|t| t.trim().parse::<f64>().ok()).filter(|n| n.is_finite());
    if read.is_none() {
        let unit = match name {
            "accuracy_confidence" => "a share, usually 0.95 or 0.68",
            _ if name.ends_with("_m") => "metres",
            _ => "degrees (WGS 84)",
        };
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
