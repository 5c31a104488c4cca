//! `POST /collections/reports/items`: a GeoJSON Feature becomes a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::items::with_links;
use crate::action::{self, Refusal, Submission, SubmitError};
use crate::http::Service;
use crate::http::doors::life::TOKEN_HEADER;
use crate::http::wire::extract::{idempotency_key, json, no_parameters};
use crate::http::wire::problem::Problem;
use diaban_core::area::crs_name;
use diaban_core::domain::{Violation, nearest};
use diaban_core::format::geojson;
use diaban_core::geo::Crs;

pub(in crate::http) const PROPERTIES: &[&str] = &[
    "category",
    "title",
    "description",
    "address",
    "accuracy_m",
    "accuracy_confidence",
    "observed_at",
    "ward",
    "answers",
];

pub(in crate::http) async fn submit(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let body = json(&headers, body, &[geojson::MEDIA, "application/json"]).await?;
    let key = idempotency_key(&headers, &service.guards.sender(&headers), &body)?;
    let (submission, mut faults) = read(&body);
    if !faults.is_empty() {
        // What could be read is checked all the same, so that everything wrong is said at once.
        if let Err(refusal) =
            action::assess(&service.city, &service.city.areas(), submission, service.clock.now())
        {
            let named: Vec<String> = faults.iter().map(|v| v.field.clone()).collect();
            faults.extend(refusal.violations.into_iter().filter(|v| !named.contains(&v.field)));
        }
        return Err(Problem::content(faults));
    }
    let made =
        action::submit(&service.city, &service.store, &*service.clock, &*service.ids, submission, key).await;
    let receipt = made.map_err(problem)?;
    let id = receipt.report.id;
    let mut feature = with_links(&service, geojson::report(&receipt.report), "reports", &id.to_string());
    if !receipt.masked.is_empty() {
        feature["masked"] = receipt.masked.into();
    }
    let bytes = serde_json::to_vec(&feature).map_err(|_| Problem::internal())?;
    let status = if receipt.created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(geojson::MEDIA));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(TOKEN_HEADER, service.report_tokens.issue(id));
    let location = format!("{}/collections/reports/items/{id}", service.public_url);
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    Ok(response)
}

fn problem(e: SubmitError) -> Problem {
    match e {
        SubmitError::Refused(Refusal { violations, outside }) => {
            let problem = Problem::content(violations);
            let Some(o) = outside else { return problem };
            problem
                .with("reason", o.reason.name())
                .with("distance_m", o.distance_m.round())
                .with("swapped", o.swapped)
        }
        SubmitError::KeyConflict => {
            Problem::new(StatusCode::CONFLICT, "idempotency-conflict", "This key was used with another body")
                .detail("a repeat must carry the same body; a new report needs a new Idempotency-Key")
        }
        SubmitError::Gone => Problem::erased(),
        SubmitError::Store(e) => e.into(),
    }
}

/// Reads the feature; what has a wrong type is said, what is right is kept.
fn read(body: &Value) -> (Submission, Vec<Violation>) {
    let mut faults = Vec::new();
    let mut s = Submission { source: "api".to_owned(), ..Submission::default() };
    let Some(feature) = body.as_object() else {
        return (s, vec![Violation::new("", "must be a GeoJSON Feature")]);
    };
    if feature.get("type").and_then(Value::as_str) != Some("Feature") {
        faults.push(Violation::new("type", "must be \"Feature\""));
    }
    // Other members belong to the tool that drew it; an id is given here. A crs would move the place.
    faults.extend(crs(feature.get("crs"), "crs"));
    match place(feature.get("geometry")) {
        Ok(place) => s.place = place,
        Err(fault) => faults.push(fault),
    }
    let Some(p) = feature.get("properties").and_then(Value::as_object) else {
        faults.push(Violation::new("properties", "must be an object with at least a category"));
        return (s, faults);
    };
    known_members(p, PROPERTIES, "properties.", &mut faults);
    let mut text = |name: &str| text(p, name, &mut faults);
    s.category = text("category");
    s.title = text("title");
    s.description = text("description");
    s.address = text("address");
    s.observed_at = text("observed_at");
    s.ward = text("ward");
    // What a device says of itself costs nobody a report: what is no number is left out later, as NaN.
    let number = |name: &str| match p.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::Number(n)) => n.as_f64(),
        Some(Value::String(t)) => Some(t.trim().parse().unwrap_or(f64::NAN)),
        Some(_) => Some(f64::NAN),
    };
    s.accuracy_m = number("accuracy_m");
    s.accuracy_confidence = number("accuracy_confidence");
    match p.get("answers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(answers)) => s.answers = read_answers(answers, &mut faults),
        Some(_) => {
            faults.push(Violation::new("properties.answers", "must be an object: question code to answer"));
        }
    }
    (s, faults)
}

fn known_members(o: &Map<String, Value>, valid: &[&str], path: &str, faults: &mut Vec<Violation>) {
    for name in o.keys().filter(|k| !valid.contains(&k.as_str())).take(20) {
        let hint = nearest(name, valid.iter().copied())
            .map_or_else(|| format!("valid here: {}", valid.join(", ")), |v| format!("did you mean {v}?"));
        let shown: String = name.chars().take(40).collect();
        faults.push(Violation::new(format!("{path}{shown}"), format!("is not a member of a report; {hint}")));
    }
}

fn text(p: &Map<String, Value>, name: &str, faults: &mut Vec<Violation>) -> Option<String> {
    match p.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(s)) => Some(s.clone()),
        Some(_) => {
            faults.push(Violation::new(format!("properties.{name}"), "must be text"));
            None
        }
    }
}

fn read_answers(answers: &Map<String, Value>, faults: &mut Vec<Violation>) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    for (code, answer) in answers {
        match answer {
            Value::Null => {}
            Value::String(s) => drop(read.insert(code.clone(), s.clone())),
            Value::Number(n) => drop(read.insert(code.clone(), n.to_string())),
            Value::Bool(b) => drop(read.insert(code.clone(), b.to_string())),
            _ => {
                let shown: String = code.chars().take(40).collect();
                faults
                    .push(Violation::new(format!("properties.answers.{shown}"), "must be text or a number"));
            }
        }
    }
    read
}

/// A `crs` member that names anything but WGS 84.
fn crs(member: Option<&Value>, field: &str) -> Option<Violation> {
    let name = crs_name(member?)?;
    let same = Crs::named(&name).is_some_and(Crs::is_wgs84);
    (!same).then(|| {
        Violation::new(field, "must be WGS 84 (EPSG:4326, CRS84): longitude and latitude in degrees")
    })
}

/// The place of a report: a Point of two or three numbers, also as the only one of several, or null.
fn place(geometry: Option<&Value>) -> Result<Option<(f64, f64)>, Violation> {
    let Some(geometry) = geometry else {
        return Err(Violation::new("geometry", "is required; null where the category has no place"));
    };
    if geometry.is_null() {
        return Ok(None);
    }
    if let Some(fault) = crs(geometry.get("crs"), "geometry.crs") {
        return Err(fault);
    }
    let only = |member: &str| match geometry.get(member).and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) => Some(only),
        _ => None,
    };
    let coordinates = match geometry.get("type").and_then(Value::as_str) {
        Some("Point") => geometry.get("coordinates"),
        Some("MultiPoint") if only("coordinates").is_some() => only("coordinates"),
        Some("GeometryCollection") if only("geometries").is_some() => return place(only("geometries")),
        _ => return Err(Violation::new("geometry.type", "must be \"Point\"")),
    };
    let fault = || Violation::new("geometry.coordinates", "must be [longitude, latitude] in WGS 84 degrees");
    // A height, if there is one, is not kept.
    match coordinates.and_then(Value::as_array).map(Vec::as_slice) {
        Some([lon, lat] | [lon, lat, Value::Null | Value::Number(_)]) => {
            lon.as_f64().zip(lat.as_f64()).map(Some).ok_or_else(fault)
        }
        // An empty point is no place.
        Some([]) => Ok(None),
        _ => Err(fault()),
    }
}
