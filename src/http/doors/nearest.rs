//! `/nearest`: the nearest places of a collection, their distances and whether they are open.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use crate::http::Service;
use crate::http::doors::locate::number;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::problem::Problem;
use diaban_core::domain::hours::{Hours, Openness};
use diaban_core::domain::{Collection, Feature, Instant, Shape, Violation, nearest as nearest_name};
use diaban_core::format::{feature, geojson};
use diaban_core::geo::LonLat;
use diaban_core::query::features::{filter_names, parse_filter};
use diaban_core::query::params::check_names;

/// Parameters in addition to the filters of the collection.
pub(in crate::http) const PARAMS: [&str; 6] = ["lon", "lat", "collection", "limit", "max_m", "open"];
/// The default collection.
pub(in crate::http) const USUAL: &str = "facilities";
const USUAL_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;
/// The property with the opening hours.
const HOURS: &str = "opening_hours";

pub(in crate::http) async fn nearest(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = asked(query.as_deref())?;
    let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let view = service.map()?;
    let places: Vec<_> = view.features.iter().filter(|s| s.collection().shapes == [Shape::Point]).collect();
    let names: Vec<&str> = places.iter().map(|s| &*s.collection().id).collect();
    let id = get("collection").unwrap_or(USUAL);
    let Some(set) = places.into_iter().find(|s| *s.collection().id == *id) else {
        let hint = nearest_name(id, names.iter().copied())
            .map_or_else(|| format!("valid: {}", names.join(", ")), |n| format!("did you mean {n}?"));
        let detail = format!("is not a collection of places; {hint}");
        return Err(Problem::parameters(vec![Violation::new("collection", detail)]));
    };
    let collection = set.collection();
    let valid: Vec<&str> = PARAMS.into_iter().chain(filter_names(collection)).collect();
    let mut faults = check_names(&pairs, &valid);
    let (filter, more) = parse_filter(&pairs, collection, &view.codebook);
    faults.extend(more);
    let lon = number(get("lon"), "lon", &mut faults);
    let lat = number(get("lat"), "lat", &mut faults);
    let max_m = match get("max_m") {
        None => f64::INFINITY,
        text => number(text, "max_m", &mut faults).unwrap_or_default(),
    };
    if max_m < 0.0 {
        faults.push(Violation::new("max_m", "must be 0 or more metres"));
    }
    let limit = match get("limit").map(|l| l.parse::<usize>()) {
        None => USUAL_LIMIT,
        Some(Ok(n)) if n > 0 => n.min(MAX_LIMIT),
        Some(_) => {
            faults.push(Violation::new("limit", "must be a whole number from 1"));
            0
        }
    };
    let open_only = match get("open") {
        None => false,
        Some("true") => true,
        Some(_) => {
            faults.push(Violation::new("open", "must be true; leave it out for all"));
            false
        }
    };
    let from = match (lon, lat) {
        (Some(lon), Some(lat)) => LonLat::new(lon, lat)
            .map_err(|e| {
                let field = if matches!(e, diaban_core::geo::LonLatError::Lon) { "lon" } else { "lat" };
                faults.push(Violation::new(field, e.to_string()));
            })
            .ok(),
        _ => None,
    };
    let (Some(from), true) = (from, faults.is_empty()) else { return Err(Problem::parameters(faults)) };
    let now = service.clock.now();
    let openness = |f: &Feature| openness(&service, collection, f, now);
    let found = set.nearest(from, limit, max_m, |f| {
        filter.shows(f, now) && (!open_only || openness(f).is_some_and(|o| o.open))
    });
    let features: Vec<Value> = found
        .iter()
        .map(|n| {
            let mut feature = feature::geojson(collection, &n.feature, &view.codebook);
            let o = openness(&n.feature);
            let until =
                |open: bool| o.filter(|o| o.open == open).and_then(|o| o.until).map(|t| t.to_string());
            if let Some(Value::Object(p)) = feature.get_mut("properties") {
                p.insert("distance_m".into(), ((n.distance_m * 10.0).round() / 10.0).into());
                p.insert("open_now".into(), json!(o.map(|o| o.open)));
                p.insert("closes_at".into(), json!(until(true)));
                p.insert("opens_at".into(), json!(until(false)));
            }
            feature.into()
        })
        .collect();
    let body = json!({ "type": "FeatureCollection", "numberReturned": features.len(), "features": features });
    // A position is personal, so shared caches must not store the answer.
    Ok(Document::json(geojson::MEDIA, &body, CachePolicy::Never).answer(&headers))
}

/// Whether a place is open now; `None` if its hours are unknown or not understood.
fn openness(service: &Service, collection: &Collection, f: &Feature, now: Instant) -> Option<Openness> {
    Hours::parse(f.text(collection, HOURS)?)?.at(now, &service.city.pack.calendar)
}
