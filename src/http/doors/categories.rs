//! `/categories`: the categories of reports, as a form needs them; with a position, also the bodies
//! that answer there.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{lang, pairs};
use crate::http::wire::parts::{Bilingual, Body};
use crate::http::wire::problem::Problem;
use diaban_core::domain::{Category, Lang, Question, QuestionKind, Violation, WardId};
use diaban_core::geo::LonLat;
use diaban_core::query::params::check_names;

/// What a report can be about.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct CategoryList {
    /// The language of each `label`.
    lang: &'static str,
    groups: Vec<CategoryGroup>,
}

#[derive(Serialize, JsonSchema)]
struct CategoryGroup {
    code: String,
    name: Bilingual,
    label: String,
    categories: Vec<CategoryInfo>,
}

/// A category, as a form needs it.
#[derive(Serialize, JsonSchema)]
struct CategoryInfo {
    code: String,
    name: Bilingual,
    label: String,
    icon: String,
    /// Whether a report has a place: required, optional, none.
    place: &'static str,
    /// How exactly the public may know the place.
    precision: &'static str,
    /// Working days until an answer is due.
    target_days: u16,
    questions: Vec<QuestionInfo>,
    /// Whom to call instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<Bilingual>,
    /// Where its reports go that are not for this service.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<Bilingual>,
    /// What an office must show before a report of it is resolved: none, or a note.
    proof: &'static str,
    /// Whether its office decides when whoever sent a report wishes to have it opened again: decided or automatic.
    reopening: &'static str,
    /// Who answers at the place that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Body>,
}

/// What a category asks besides.
#[derive(Serialize, JsonSchema)]
struct QuestionInfo {
    code: String,
    text: Bilingual,
    required: bool,
    /// choice, text or number.
    kind: &'static str,
    choices: Vec<ChoiceInfo>,
}

#[derive(Serialize, JsonSchema)]
struct ChoiceInfo {
    code: String,
    text: Bilingual,
}

pub(in crate::http) async fn categories(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = pairs(query.as_deref());
    let mut faults = check_names(&pairs, &["lon", "lat", "lang"]);
    let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let lang = lang(&pairs, service.city.pack.city.lang, &mut faults);
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
        CategoryGroup {
            code: g.code.to_string(),
            name: (&g.name).into(),
            label: g.name.get(lang).to_owned(),
            categories: members.collect(),
        }
    });
    let body = CategoryList { lang: lang.tag(), groups: groups.collect() };
    let cache = if place.is_some() { CachePolicy::Never } else { CachePolicy::Revalidate };
    Ok(Document::typed("application/json", &body, cache).answer(&headers))
}

fn category(service: &Service, c: &Category, ward: Option<&WardId>, lang: Lang) -> CategoryInfo {
    let body = ward.map(|_| {
        let assigned = service.city.pack.routing.body_for(c, ward);
        Body::new(&assigned.body, &service.city.body_name(&service.city.areas(), &assigned.body))
    });
    CategoryInfo {
        code: c.code.to_string(),
        name: (&c.name).into(),
        label: c.name.get(lang).to_owned(),
        icon: c.icon.clone(),
        place: c.place.name(),
        precision: c.precision.name(),
        target_days: c.target_days,
        questions: c.questions.iter().map(question).collect(),
        stop: c.stop.as_ref().map(Into::into),
        redirect: c.redirect.as_ref().map(Into::into),
        proof: c.proof.name(),
        reopening: c.reopening.name(),
        body,
    }
}

fn question(q: &Question) -> QuestionInfo {
    let choices = match &q.kind {
        QuestionKind::Choice(choices) => {
            choices.iter().map(|c| ChoiceInfo { code: c.code.clone(), text: (&c.name).into() }).collect()
        }
        QuestionKind::Text | QuestionKind::Number => Vec::new(),
    };
    QuestionInfo {
        code: q.code.clone(),
        text: (&q.text).into(),
        required: q.required,
        kind: q.kind.name(),
        choices,
    }
}
