//! `/collections` and `/collections/{c}` (OGC API Common Part 2).

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::landing::json_only;
use super::schema;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::parts::Link;
use crate::http::wire::problem::Problem;
use diaban_core::domain::{Instant, Text};
use diaban_core::format::list;
use diaban_core::query::params::Crs;

/// A collection as it is described.
struct Collection {
    id: String,
    title: String,
    description: String,
    /// The times of its features, when they have any: the first, and the last unless more come.
    times: Option<[Option<Instant>; 2]>,
}

/// The collections.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Collections {
    links: Vec<Link>,
    collections: Vec<CollectionInfo>,
}

/// What a collection is and where its features are.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct CollectionInfo {
    id: String,
    title: String,
    description: String,
    item_type: &'static str,
    crs: [&'static str; 2],
    storage_crs: &'static str,
    extent: Extent,
    links: Vec<Link>,
}

/// Where and when its features are.
#[derive(Serialize, JsonSchema)]
struct Extent {
    spatial: SpatialExtent,
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal: Option<TemporalExtent>,
}

#[derive(Serialize, JsonSchema)]
struct SpatialExtent {
    /// West, south, east, north in degrees.
    bbox: [[f64; 4]; 1],
    crs: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct TemporalExtent {
    /// From when until when; null: open.
    interval: [[Option<String>; 2]; 1],
    trs: &'static str,
}

const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

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
    for set in view.features.iter() {
        let c = set.collection();
        let parts = c.parts().into_iter().map(|p| (p.id, p.title.both()));
        for (id, title) in std::iter::once((c.id.to_string(), c.title.both())).chain(parts) {
            let description = format!("{} {}", c.description.vi, c.description.en);
            all.push(Collection { id, title, description, times: c.validity.map(|_| set.times()) });
        }
    }
    all
}

pub(in crate::http) async fn collections(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_only(query.as_deref(), &headers)?;
    let base = &service.public_url;
    let body = Collections {
        links: vec![Link::new(format!("{base}/collections"), "self", "application/json", "This document")],
        collections: all(&service).iter().map(|c| describe(&service, c)).collect(),
    };
    Ok(Document::typed("application/json", &body, CachePolicy::Revalidate).answer(&headers))
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
    Ok(Document::typed("application/json", &describe(&service, &c), CachePolicy::Revalidate).answer(&headers))
}

fn describe(service: &Service, c: &Collection) -> CollectionInfo {
    let home = format!("{}/collections/{}", service.public_url, c.id);
    let mut links = vec![Link::new(&*home, "self", "application/json", &*c.title)];
    for f in list::ALL {
        links.push(Link::new(format!("{home}/items?f={}", f.names[0]), "items", f.media, &*c.title));
    }
    links.extend(crate::http::doors::tiles::tilesets_link(service, &c.id));
    for (document, title) in
        [("schema", "What its features hold"), ("queryables", "By what its features can be asked for")]
    {
        let rel = format!("http://www.opengis.net/def/rel/ogc/1.0/{document}");
        links.push(Link::new(format!("{home}/{document}"), rel, schema::MEDIA, title));
    }
    // GDAL knows these spellings only. Names of relations have no case (RFC 8288, section 2.1.1).
    for (document, rel, title) in [
        ("feature-schema", "describedBy", "A feature as GeoJSON writes it"),
        ("queryables", "queryables", "By what its features can be asked for"),
    ] {
        links.push(Link::new(format!("{home}/{document}"), rel, schema::MEDIA, title));
    }
    CollectionInfo {
        id: c.id.clone(),
        title: c.title.clone(),
        description: c.description.clone(),
        item_type: "feature",
        crs: Crs::ALL.map(Crs::uri),
        storage_crs: CRS84,
        extent: Extent {
            spatial: SpatialExtent { bbox: [service.city.areas().bounds()], crs: CRS84 },
            temporal: c.times.map(|times| TemporalExtent {
                interval: [times.map(|t| t.map(|t| t.to_string()))],
                trs: "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
            }),
        },
        links,
    }
}
