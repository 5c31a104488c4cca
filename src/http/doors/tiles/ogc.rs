//! The same tiles at the URLs of OGC API Tiles Part 1: row before column, one tile set for each
//! collection shown by a layer, one tile matrix set.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::{MEDIA, answer, numbers, tilejson_path};
use crate::http::Service;
use crate::http::doors::features::json_only;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::parts::Link;
use crate::http::wire::problem::Problem;
use diaban_core::map::{Layer, Tileset};

/// The one tile matrix set (OGC 17-083r4, annex D.1).
const MATRIX_SET: &str = "WebMercatorQuad";
const MATRIX_SET_URI: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";
const CRS: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";
/// Half the width of the world in metres of that CRS.
const HALF_WORLD: f64 = 20_037_508.342_789_244;
/// Metres per pixel of the world's single tile of 256 pixels at zoom 0, and the scale with pixels of 0.28 mm.
const CELL_SIZE: f64 = 156_543.033_928_040_97;
const SCALE: f64 = 559_082_264.028_717_8;
/// The number of zooms in the definition.
const MATRICES: u8 = 25;

const TILESETS: &str = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
const TILING_SCHEME: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";
const JSON: &str = "application/json";

/// The tile sets of a collection.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Tilesets {
    links: Vec<Link>,
    tilesets: Vec<TilesetItem>,
}

/// A tile set in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TilesetItem {
    title: String,
    data_type: &'static str,
    crs: &'static str,
    #[serde(rename = "tileMatrixSetURI")]
    tile_matrix_set_uri: &'static str,
    links: Vec<Link>,
}

/// A tile set: what it shows and how far it goes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TilesetInfo")]
pub(in crate::http) struct TilesetDocument {
    #[serde(flatten)]
    item: TilesetItem,
    bounding_box: BoundingBox,
    layers: Vec<TilesetLayer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BoundingBox {
    /// West, south.
    lower_left: [f64; 2],
    /// East, north.
    upper_right: [f64; 2],
    crs: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TilesetLayer {
    id: String,
    title: String,
    data_type: &'static str,
    /// The first zoom.
    min_tile_matrix: String,
    /// The last zoom.
    max_tile_matrix: String,
}

/// How tiles can be cut.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TileMatrixSets")]
pub(in crate::http) struct MatrixSets {
    tile_matrix_sets: Vec<MatrixSetItem>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TileMatrixSetItem")]
struct MatrixSetItem {
    id: &'static str,
    uri: &'static str,
    crs: &'static str,
    links: Vec<Link>,
}

/// How tiles are cut.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TileMatrixSet")]
pub(in crate::http) struct MatrixSet {
    id: &'static str,
    title: &'static str,
    uri: &'static str,
    crs: &'static str,
    ordered_axes: [&'static str; 2],
    well_known_scale_set: &'static str,
    tile_matrices: Vec<Matrix>,
}

/// One zoom of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TileMatrix")]
struct Matrix {
    id: String,
    scale_denominator: f64,
    /// Metres a pixel.
    cell_size: f64,
    corner_of_origin: &'static str,
    point_of_origin: [f64; 2],
    tile_width: u32,
    tile_height: u32,
    matrix_width: u32,
    matrix_height: u32,
}

/// From a collection to its tile sets, if a layer shows it.
pub(in crate::http) fn tilesets_link(service: &Service, collection: &str) -> Option<Link> {
    let href = format!("{}/collections/{collection}/tiles", service.public_url);
    layer(service, collection).ok().map(|_| Link::new(href, TILESETS, JSON, "Vector tiles"))
}

/// `/collections/{c}/tiles`
pub(in crate::http) async fn tilesets(
    State(service): State<Arc<Service>>,
    Path(collection): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layer = layer(&service, &collection)?;
    json_only(query.as_deref(), &headers)?;
    let base = &service.public_url;
    let path = format!("{base}/collections/{collection}/tiles");
    let tileset = Link::new(format!("{path}/{MATRIX_SET}"), "self", JSON, title(layer));
    let body = Tilesets {
        tilesets: vec![item(layer, vec![tileset, scheme_link(base)])],
        links: vec![Link::new(path, "self", JSON, "This document")],
    };
    Ok(Document::typed(JSON, &body, CachePolicy::Hour).answer(&headers))
}

/// `/collections/{c}/tiles/WebMercatorQuad`
pub(in crate::http) async fn tileset(
    State(service): State<Arc<Service>>,
    Path((collection, matrix_set)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layer = layer(&service, &collection)?;
    known(&matrix_set)?;
    json_only(query.as_deref(), &headers)?;
    let base = &service.public_url;
    let path = format!("{base}/collections/{collection}/tiles/{MATRIX_SET}");
    let [west, south, east, north] = service.city.areas().bounds();
    let tiles = format!("{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}");
    let links = vec![
        Link { templated: Some(true), ..Link::new(tiles, "item", MEDIA, title(layer)) },
        scheme_link(base),
        Link::new(format!("{base}{}", tilejson_path(&layer.id)), "describedby", JSON, "TileJSON"),
    ];
    let links = [vec![Link::new(path, "self", JSON, "This document")], links].concat();
    let layers = layer.vector_layers.iter().map(|v| TilesetLayer {
        id: v.id.clone(),
        title: title(layer),
        data_type: "vector",
        min_tile_matrix: layer.minzoom.to_string(),
        max_tile_matrix: layer.maxzoom.to_string(),
    });
    let body = TilesetDocument {
        layers: layers.collect(),
        bounding_box: BoundingBox {
            lower_left: [west, south],
            upper_right: [east, north],
            crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        item: item(layer, links),
    };
    Ok(Document::typed(JSON, &body, CachePolicy::Hour).answer(&headers))
}

/// `/collections/{c}/tiles/WebMercatorQuad/{z}/{row}/{column}`, with the filters of the list.
pub(in crate::http) async fn tile(
    State(service): State<Arc<Service>>,
    Path((collection, matrix_set, z, row, column)): Path<(String, String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layer = layer(&service, &collection)?;
    known(&matrix_set)?;
    let set = Tileset::named(&service.layers, &layer.id).map_err(|e| Problem::not_found(e.to_string()))?;
    let id = numbers(&z, &column, &row).filter(|id| id.z() <= layer.maxzoom).ok_or_else(|| {
        Problem::not_found(format!(
            "tiles are tileMatrix/tileRow/tileCol with tileMatrix from 0 to {} and the others below 2^tileMatrix",
            layer.maxzoom
        ))
    })?;
    answer(&service, &set, id, query.as_deref(), &headers).await
}

/// `/tileMatrixSets`
pub(in crate::http) async fn matrix_sets(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_only(query.as_deref(), &headers)?;
    let href = format!("{}/tileMatrixSets/{MATRIX_SET}", service.public_url);
    let links = vec![Link::new(href, "self", JSON, "Its definition")];
    let item = MatrixSetItem { id: MATRIX_SET, uri: MATRIX_SET_URI, crs: CRS, links };
    let body = MatrixSets { tile_matrix_sets: vec![item] };
    Ok(Document::typed(JSON, &body, CachePolicy::Hour).answer(&headers))
}

/// `/tileMatrixSets/WebMercatorQuad`
pub(in crate::http) async fn matrix_set(
    Path(matrix_set): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    known(&matrix_set)?;
    json_only(query.as_deref(), &headers)?;
    let matrix = |z: u8| {
        let side = 1_u32 << z;
        Matrix {
            id: z.to_string(),
            scale_denominator: SCALE / f64::from(side),
            cell_size: CELL_SIZE / f64::from(side),
            corner_of_origin: "topLeft",
            point_of_origin: [-HALF_WORLD, HALF_WORLD],
            tile_width: 256,
            tile_height: 256,
            matrix_width: side,
            matrix_height: side,
        }
    };
    let body = MatrixSet {
        id: MATRIX_SET,
        title: "Google Maps Compatible for the World",
        uri: MATRIX_SET_URI,
        crs: CRS,
        ordered_axes: ["X", "Y"],
        well_known_scale_set: "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        tile_matrices: (0..MATRICES).map(matrix).collect(),
    };
    Ok(Document::typed(JSON, &body, CachePolicy::Hour).answer(&headers))
}

/// The layer that shows a collection.
fn layer<'a>(service: &'a Service, collection: &str) -> Result<&'a Layer, Problem> {
    let found = service.layers.iter().find(|l| l.collection_id() == Some(collection));
    found.ok_or_else(|| Problem::not_found("no such collection with tiles; /collections lists them"))
}

fn known(matrix_set: &str) -> Result<(), Problem> {
    if matrix_set == MATRIX_SET {
        return Ok(());
    }
    Err(Problem::not_found(format!("the tile matrix set here is {MATRIX_SET}")))
}

fn title(layer: &Layer) -> String {
    format!("{} / {}", layer.title.vi, layer.title.en)
}

fn item(layer: &Layer, links: Vec<Link>) -> TilesetItem {
    TilesetItem {
        title: title(layer),
        data_type: "vector",
        crs: CRS,
        tile_matrix_set_uri: MATRIX_SET_URI,
        links,
    }
}

fn scheme_link(base: &str) -> Link {
    Link::new(format!("{base}/tileMatrixSets/{MATRIX_SET}"), TILING_SCHEME, JSON, "How the tiles are cut")
}
