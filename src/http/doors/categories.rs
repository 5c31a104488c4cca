//! `/categories`: the categories of reports, as a form needs them; with a position, also the bodies
//! that answer there.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{lang, pairs};
use crate::http::wire::problem::Problem;
use diaban_core::domain::{Category, Lang, Question, QuestionKind, Text, Violation, WardId};
use diaban_core::geo::LonLat;
use diaban_core::query::params::check_names;

pub(in crate::http) async fn categories(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = pairs(query.as_deref());
    let mut faults = check_names(&pairs, &["lon", "lat", "lang"]);
    let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let lang = lang(&pairs, &mut faults);
    let place = match (get("lon"), get("lat")) {
        (None, None) => None,
        (lon, lat) => {
            let number = |t: Option<&str>| t.and_then(|t| t.parse::<f64>().ok());
            let point = number(lon).zip(number(lat)).and_then(|(lon, lat)| LonLat::new(lon, lat).ok());
            if point.is_none() {
                faults.push(Violation::new("lon", "and lat must be given together, in degrees (WGS 84)"));
            }
            point
        }
    };
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let areas = service.city.areas();
    let ward = place.and_then(|p| areas.active().locate(p).ok()).map(|l| areas.ward_id(l.unit));
    let all = &service.city.pack.categories;
    let groups = all.groups().iter().map(|g| {
        let members = all.iter().filter(|c| c.group == g.code);
        let members = members.map(|c| category(&service, c, ward.as_ref(), lang));
        json!({ "code": *g.code, "name": both(&g.name), "label": g.name.get(lang), "categories": members.collect::<Vec<_>>() })
    });
    let body = json!({ "lang": lang.tag(), "groups": groups.collect::<Vec<_>>() });
    let cache = if place.is_some() { CachePolicy::Never } else { CachePolicy::Revalidate };
    Ok(Document::json("application/json", &body, cache).answer(&headers))
}

fn both(t: &Text) -> Value {
    json!({ "vi": t.vi, "en": t.en })
}

fn category(service: &Service, c: &Category, ward: Option<&WardId>, lang: Lang) -> Value {
    let mut value = json!({
        "code": *c.code,
        "name": both(&c.name),
        "label": c.name.get(lang),
        "icon": c.icon,
        "place": c.place.name(),
        "precision": c.precision.name(),
        "target_days": c.target_days,
        "questions": c.questions.iter().map(question).collect::<Vec<_>>(),
    });
    if let Some(stop) = &c.stop {
        value["stop"] = both(stop);
    }
    if ward.is_some() {
        let assigned = service.city.pack.routing.body_for(c, ward);
        let name = service.city.body_name(&service.city.areas(), &assigned.body);
        value["body"] = json!({ "id": assigned.body.as_str(), "name": both(&name) });
    }
    value
}

fn question(q: &Question) -> Value {
    let choices = match &q.kind {
        QuestionKind::Choice(choices) => {
            choices.iter().map(|c| json!({ "code": c.code, "text": both(&c.name) })).collect()
        }
        QuestionKind::Text | QuestionKind::Number => Vec::new(),
    };
    json!({
        "code": q.code,
        "text": both(&q.text),
        "required": q.required,
        "kind": q.kind.name(),
        "choices": choices,
    })
}
