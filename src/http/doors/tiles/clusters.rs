//! `/tiles/{layer}/clusters/{id}`: what a cluster holds, from its zoom, its place and the same query as its
//! tile. An id whose cluster has moved on is answered by its place.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::tileset;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::parts::{Link, Point};
use crate::http::wire::problem::Problem;
use diaban_core::domain::field::{Kind, Shown, TABLE};
use diaban_core::domain::view::MapRow;
use diaban_core::domain::{CodeBook, Instant, Status};
use diaban_core::format::geojson;
use diaban_core::map::{Members, Source, View, cluster_cell, members};
use diaban_core::query::params::{self, DEFAULT_LIMIT, LIST};
use diaban_core::query::{Filter, ListQuery};

/// A cluster: what it holds, where it ends, and a page of its reports.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Cluster {
    r#type: &'static str,
    cluster: bool,
    cluster_id: u64,
    zoom: u8,
    point_count: u64,
    open: u64,
    closed: u64,
    overdue: u64,
    overdue_share: f64,
    /// West, south, east, north in degrees.
    bbox: [f64; 4],
    /// Whether all reports stand at one place.
    same_location: bool,
    /// The first zoom that shows it in parts; null if none does.
    expansion_zoom: Option<u8>,
    #[serde(rename = "numberMatched")]
    number_matched: u64,
    #[serde(rename = "numberReturned")]
    number_returned: usize,
    links: Vec<Link>,
    features: Vec<ClusterMember>,
}

/// A report of a cluster, with the properties of a symbol that stands for it alone.
#[derive(Serialize, JsonSchema)]
struct ClusterMember {
    r#type: &'static str,
    id: u64,
    geometry: Option<Point>,
    #[schemars(schema_with = "symbol_properties")]
    properties: Map<String, Value>,
}

/// The properties of a symbol, from the table of fields.
fn symbol_properties(_: &mut SchemaGenerator) -> Schema {
    let properties = TABLE.iter().filter(|f| f.in_tiles).map(|f| {
        let integer = f.kind() == Some(Kind::Integer);
        (f.name.to_owned(), json!({ "type": if integer { "integer" } else { "string" } }))
    });
    json_schema!({ "type": "object", "properties": properties.collect::<Map<_, _>>() })
}

pub(in crate::http) async fn cluster(
    State(service): State<Arc<Service>>,
    Path((layer, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let set = tileset(&service, &layer)?;
    if set.layers().iter().any(|l| l.source != Source::Reports) {
        return Err(Problem::not_found("only layers of reports have clusters"));
    }
    let missing = || Problem::not_found("no cluster has this id; cluster_id of a tile's symbol is one");
    let (zoom, cell) = id.parse().ok().and_then(cluster_cell).ok_or_else(missing)?;
    let view = service.map()?;
    let now = service.clock.now();
    let q =
        params::parse(&asked(query.as_deref())?, LIST, &view.codebook, now).map_err(Problem::parameters)?;
    let home = format!("{}/tiles/{layer}/clusters", service.public_url);
    // All its rows may be all of the city's: the turn lasts as long as the work, and a client that goes away
    // leaves none behind.
    let body = tokio::task::block_in_place(|| {
        let found = members(&view.snapshot, &q.filter, zoom, cell)?;
        Some(document(&view, &found, &q, (zoom, now.floor_five_minutes()), &home))
    });
    let body =
        body.ok_or_else(|| Problem::not_found("nothing that matches is left where this cluster was"))?;
    Ok(Document::typed(geojson::MEDIA, &body, CachePolicy::Revalidate).answer(&headers))
}

fn document(
    view: &View,
    found: &Members<'_>,
    q: &ListQuery,
    (zoom, as_of): (u8, Instant),
    home: &str,
) -> Cluster {
    let limit = q.page.limit.unwrap_or(DEFAULT_LIMIT) as usize;
    let (page, more) = found.page(q.page.cursor, limit);
    let address =
        |cursor: Option<u64>| address(home, found.id, &q.filter, &view.codebook, q.page.limit, cursor);
    let link = |href: String, rel, title| Link::new(href, rel, geojson::MEDIA, title);
    let mut links = vec![link(address(q.page.cursor), "self", "This page")];
    if let Some(last) = page.last().filter(|_| more) {
        links.push(link(address(Some(last.id)), "next", "The next page"));
    }
    let (count, overdue, bounds) = (found.count(), found.overdue(as_of), found.bounds());
    Cluster {
        r#type: "FeatureCollection",
        cluster: true,
        cluster_id: found.id,
        zoom,
        point_count: count,
        open: found.with_status(Status::Open),
        closed: found.with_status(Status::Closed),
        overdue,
        overdue_share: (overdue as f64 / count as f64 * 1e4).round() / 1e4,
        bbox: [bounds.west, bounds.south, bounds.east, bounds.north],
        same_location: found.same_location(),
        expansion_zoom: found.expansion_zoom(&view.snapshot, &q.filter),
        number_matched: count,
        number_returned: page.len(),
        links,
        features: page.iter().map(|row| member(row, &view.codebook)).collect(),
    }
}

/// A row with the properties of a symbol that stands for it alone.
fn member(row: &MapRow, codebook: &CodeBook) -> ClusterMember {
    let mut properties = Map::new();
    for field in TABLE.iter().filter(|f| f.in_tiles) {
        let value = match row.shown(field, codebook) {
            Some(Shown::Text(text)) => text.into(),
            Some(Shown::Ward(ward)) => ward.to_string().into(),
            Some(Shown::Body(body)) => body.as_str().into(),
            Some(Shown::Integer(n)) => n.into(),
            Some(Shown::Instant(at)) => at.to_string().into(),
            None => continue,
        };
        properties.insert(field.name.to_owned(), value);
    }
    ClusterMember {
        r#type: "Feature",
        id: row.id,
        geometry: row.point.map(|p| Point { r#type: "Point", coordinates: [p.lon(), p.lat()] }),
        properties,
    }
}

fn address(
    home: &str,
    id: u64,
    filter: &Filter,
    codebook: &CodeBook,
    limit: Option<u32>,
    cursor: Option<u64>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(filter.pairs(codebook));
    query.extend_pairs(limit.map(|l| ("limit", l.to_string())));
    query.extend_pairs(cursor.map(|c| ("cursor", c.to_string())));
    let query = query.finish();
    format!("{home}/{id}{}{query}", if query.is_empty() { "" } else { "?" })
}
