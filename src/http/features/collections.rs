//! `/collections` and `/collections/{c}` (OGC API Common Part 2).

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::landing::json_only;
use crate::format::{csv, geojson};
use crate::http::Service;
use crate::http::document::{Document, Keep};
use crate::http::problem::Problem;

/// The collections there are, each described once.
struct Collection {
    id: &'static str,
    title: &'static str,
    description: &'static str,
    /// Media types of its items, with the `f` that asks for each.
    formats: &'static [(&'static str, &'static str)],
    timed: bool,
}

const COLLECTIONS: &[Collection] = &[
    Collection {
        id: "reports",
        title: "Phản ánh / Reports",
        description: "What citizens reported, with the ward and the body that must answer",
        formats: &[("geojson", geojson::MEDIA), ("geojsonseq", geojson::MEDIA_SEQ), ("csv", csv::MEDIA)],
        timed: true,
    },
    Collection {
        id: "wards",
        title: "Phường, xã, đặc khu / Wards",
        description: "The wards in force",
        formats: &[("geojson", geojson::MEDIA)],
        timed: false,
    },
];

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
        "collections": COLLECTIONS.iter().map(|c| describe(&service, c)).collect::<Vec<_>>(),
    });
    Ok(Document::json("application/json", &body, Keep::Revalidate).answer(&headers))
}

pub(in crate::http) async fn collection(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = COLLECTIONS.iter().find(|c| c.id == id);
    let c = found.ok_or_else(|| Problem::not_found("no such collection; /collections lists them"))?;
    json_only(query.as_deref(), &headers)?;
    Ok(Document::json("application/json", &describe(&service, c), Keep::Revalidate).answer(&headers))
}

fn describe(service: &Service, c: &Collection) -> Value {
    let base = &service.public_url;
    let items = format!("{base}/collections/{}/items", c.id);
    let mut links = vec![
        json!({ "href": format!("{base}/collections/{}", c.id), "rel": "self", "type": "application/json", "title": c.title }),
    ];
    for (f, media) in c.formats {
        links.push(
            json!({ "href": format!("{items}?f={f}"), "rel": "items", "type": media, "title": c.title }),
        );
    }
    let [west, south, east, north] = service.city.areas().bounds();
    let mut extent = json!({
        "spatial": { "bbox": [[west, south, east, north]], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84" },
    });
    if c.timed {
        let earliest = service.live.load().snapshot.earliest().map(|t| t.to_string());
        let gregorian = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian";
        extent["temporal"] = json!({ "interval": [[earliest, null]], "trs": gregorian });
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
