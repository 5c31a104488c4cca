//! `/collections` and `/collections/{c}` (OGC API Common Part 2).

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::landing::json_only;
use super::schema;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::problem::Problem;
use diaban_core::domain::{Instant, Text};
use diaban_core::format::list;

/// A collection as it is described.
struct Collection {
    id: String,
    title: String,
    description: String,
    /// The times of its features, when they have any: the first, and the last unless more come.
    times: Option<[Option<Instant>; 2]>,
}

/// The ids of the two that the pack does not declare.
pub(super) const REPORTS: &str = "reports";
pub(super) const WARDS: &str = "wards";

pub(super) fn reports_title() -> Text {
    Text { vi: "Phản ánh".into(), en: "Reports".into() }
}

/// The collections there are: reports and wards, then those that the city pack declares.
fn all(service: &Service) -> Vec<Collection> {
    let view = service.live.load();
    let mut all = vec![
        Collection {
            id: REPORTS.into(),
            title: reports_title().both(),
            description: "What citizens reported, with the ward and the body that must answer".into(),
            times: Some([view.snapshot.earliest(), None]),
        },
        Collection {
            id: WARDS.into(),
            title: service.city.pack.city.unit.title().both(),
            description: "The wards in force".into(),
            times: None,
        },
    ];
    all.extend(view.features.iter().map(|set| {
        let c = set.collection();
        Collection {
            id: c.id.to_string(),
            title: c.title.both(),
            description: format!("{} {}", c.description.vi, c.description.en),
            times: c.validity.map(|_| set.times()),
        }
    }));
    all
}

pub(in crate::http) async fn collections(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_only(query.as_deref(), &headers)?;
    let base = &service.public_url;
    let body = json!({
        "links": [
            { "href": format!("{base}/collections"), "rel": "self", "type": "application/json", "title": "This document" },
        ],
        "collections": all(&service).iter().map(|c| describe(&service, c)).collect::<Vec<_>>(),
    });
    Ok(Document::json("application/json", &body, CachePolicy::Revalidate).answer(&headers))
}

pub(in crate::http) async fn collection(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = all(&service).into_iter().find(|c| c.id == id);
    let c = found.ok_or_else(|| Problem::not_found("no such collection; /collections lists them"))?;
    json_only(query.as_deref(), &headers)?;
    Ok(Document::json("application/json", &describe(&service, &c), CachePolicy::Revalidate).answer(&headers))
}

fn describe(service: &Service, c: &Collection) -> Value {
    let base = &service.public_url;
    let items = format!("{base}/collections/{}/items", c.id);
    let mut links = vec![
        json!({ "href": format!("{base}/collections/{}", c.id), "rel": "self", "type": "application/json", "title": c.title }),
    ];
    links.extend(list::ALL.iter().map(|f| {
        let href = format!("{items}?f={}", f.names[0]);
        json!({ "href": href, "rel": "items", "type": f.media, "title": c.title })
    }));
    links.extend(crate::http::doors::tiles::tilesets_link(service, &c.id));
    let [west, south, east, north] = service.city.areas().bounds();
    let mut extent = json!({
        "spatial": { "bbox": [[west, south, east, north]], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84" },
    });
    if let Some(times) = c.times {
        let gregorian = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian";
        let interval = times.map(|t| t.map(|t| t.to_string()));
        extent["temporal"] = json!({ "interval": [interval], "trs": gregorian });
    }
    for (document, title) in
        [("schema", "What its features hold"), ("queryables", "By what its features can be asked for")]
    {
        links.push(json!({
            "href": format!("{base}/collections/{}/{document}", c.id),
            "rel": format!("http://www.opengis.net/def/rel/ogc/1.0/{document}"),
            "type": schema::MEDIA,
            "title": title,
        }));
    }
    json!({
        "id": c.id,
        "title": c.title,
        "description": c.description,
        "itemType": "feature",
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "extent": extent,
        "links": links,
    })
}
