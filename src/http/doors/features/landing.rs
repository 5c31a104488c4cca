//! `/` and `/conformance` (OGC API Common Part 1).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::Service;
use crate::http::describe;
use crate::http::doors::page;
use crate::http::doors::tiles;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::pairs;
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::parts::Link;
use crate::http::wire::problem::Problem;
use diaban_core::format::feed::atom;
use diaban_core::query::params::check_names;

#[derive(Clone, Copy)]
enum Landing {
    Json,
    Html,
}

const OFFERS: &[Offer<Landing>] = &[
    Offer { names: &["json"], media: &["application/json"], format: Landing::Json },
    Offer { names: &["html"], media: &["text/html", "application/xhtml+xml"], format: Landing::Html },
];

/// Links to everything.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct LandingPage {
    title: &'static str,
    description: String,
    attribution: &'static str,
    links: Vec<Link>,
}

/// What this service conforms to.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Conformance {
    /// URIs of conformance classes.
    conforms_to: &'static [&'static str],
}

/// Only what holds is claimed; more comes with the parts that bring it.
const CONFORMS_TO: &[&str] = &[
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/accent-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions-plus",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
];

/// The parameters that any page of the API understands; the map page keeps its own in the address.
const PAGE_PARAMS: &[&str] = &[
    "f", "lang", "category", "status", "state", "ward", "datetime", "lon", "lat", "zoom", "report", "layers",
    "traffic", "facility", "feature",
];

pub(in crate::http) async fn landing(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = pairs(query.as_deref());
    let faults = check_names(&pairs, PAGE_PARAMS);
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let f = pairs.iter().find(|(k, _)| k == "f").map(|(_, v)| v.as_str());
    let vary = (header::VARY, HeaderValue::from_static("Accept"));
    let document = match choose(OFFERS, f, &headers)? {
        Landing::Html => page::index(&service),
        Landing::Json => Document::typed("application/json", &document(&service), CachePolicy::Hour),
    };
    Ok(document.header(vary.0, vary.1).answer(&headers))
}

fn document(service: &Service) -> LandingPage {
    let base = &service.public_url;
    let link = |path: &str, rel, media, title| Link::new(format!("{base}{path}"), rel, media, title);
    let mut links = vec![
        link("/", "self", "application/json", "This document"),
        link("/?f=html", "alternate", "text/html", "The map"),
        link("/conformance", "conformance", "application/json", "What this service conforms to"),
        link(
            "/conformance",
            "http://www.opengis.net/def/rel/ogc/1.0/conformance",
            "application/json",
            "What this service conforms to",
        ),
        link("/collections", "data", "application/json", "The collections"),
        link(
            "/collections",
            "http://www.opengis.net/def/rel/ogc/1.0/data",
            "application/json",
            "The collections",
        ),
        link("/api", "service-desc", describe::MEDIA, "The description of this API"),
        link("/categories", "related", "application/json", "What a report can be about"),
        link("/open311/discovery.json", "related", "application/json", "Open311 GeoReport v2"),
        link("/styles", "related", "application/json", "The map styles"),
        link(
            "/tileMatrixSets",
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
            "application/json",
            "How tiles are cut",
        ),
    ];
    links.push(link("/feeds/reports.atom", "alternate", atom::MEDIA, "Phản ánh / Reports"));
    links.extend(
        service.city.pack.collections.iter().filter(|c| c.feed.is_some()).map(|c| {
            Link::new(format!("{base}/feeds/{}.atom", c.id), "alternate", atom::MEDIA, c.title.both())
        }),
    );
    links.extend(service.layers.iter().map(|l| {
        let title = format!("TileJSON: {} / {}", l.title.vi, l.title.en);
        Link::new(format!("{base}{}", tiles::tilejson_path(&l.id)), "related", "application/json", title)
    }));
    let unit = &service.city.pack.city.unit.one;
    LandingPage {
        title: "diaban",
        description: format!(
            "Phản ánh của người dân trên bản đồ, đến đúng {} phải trả lời. \
             Citizen reports on the map, routed to the {} that must answer.",
            unit.vi, unit.en
        ),
        attribution: "diaban",
        links,
    }
}

pub(in crate::http) async fn conformance(
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_only(query.as_deref(), &headers)?;
    let body = Conformance { conforms_to: CONFORMS_TO };
    Ok(Document::typed("application/json", &body, CachePolicy::Hour).answer(&headers))
}

/// For resources that speak JSON alone: refuses other parameters and other formats.
///
/// # Errors
/// 400 or 406.
pub(in crate::http) fn json_only(query: Option<&str>, headers: &HeaderMap) -> Result<(), Problem> {
    let f = no_parameter_but_f(query)?;
    choose(&[Offer { names: &["json"], media: &["application/json"], format: () }], f.as_deref(), headers)
}

/// For resources without parameters of their own; gives the format asked for.
///
/// # Errors
/// 400.
pub(in crate::http) fn no_parameter_but_f(query: Option<&str>) -> Result<Option<String>, Problem> {
    let pairs = pairs(query);
    let faults = check_names(&pairs, &["f"]);
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    Ok(pairs.into_iter().find(|(k, _)| k == "f").map(|(_, v)| v))
}
