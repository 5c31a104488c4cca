//! The same tiles at the URLs of OGC API Tiles Part 1: row before column, one tile set for each
//! collection shown by a layer, one tile matrix set.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::{MEDIA, answer, numbers, tilejson_path};
use crate::http::Service;
use crate::http::doors::features::json_only;
use crate::http::wire::document::{CachePolicy, Document};
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

/// The link from a collection to its tile sets, if a layer shows it.
pub(in crate::http) fn tilesets_link(service: &Service, collection: &str) -> Option<Value> {
    let href = format!("{}/collections/{collection}/tiles", service.public_url);
    let link = json!({ "href": href, "rel": TILESETS, "type": JSON, "title": "Vector tiles" });
    layer(service, collection).ok().map(|_| link)
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
    let body = json!({
        "links": [{ "href": path, "rel": "self", "type": JSON, "title": "This document" }],
        "tilesets": [{
            "title": title(layer),
            "dataType": "vector",
            "crs": CRS,
            "tileMatrixSetURI": MATRIX_SET_URI,
            "links": [
                { "href": format!("{path}/{MATRIX_SET}"), "rel": "self", "type": JSON, "title": title(layer) },
                scheme_link(base),
            ],
        }],
    });
    Ok(Document::json(JSON, &body, CachePolicy::Hour).answer(&headers))
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
    let body = json!({
        "title": title(layer),
        "dataType": "vector",
        "crs": CRS,
        "tileMatrixSetURI": MATRIX_SET_URI,
        "boundingBox": {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "layers": layer.vector_layers.iter().map(|v| json!({
            "id": v.id,
            "title": title(layer),
            "dataType": "vector",
            "minTileMatrix": layer.minzoom.to_string(),
            "maxTileMatrix": layer.maxzoom.to_string(),
        })).collect::<Vec<_>>(),
        "links": [
            { "href": path, "rel": "self", "type": JSON, "title": "This document" },
            {
                "href": format!("{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"),
                "rel": "item",
                "type": MEDIA,
                "templated": true,
                "title": title(layer),
            },
            scheme_link(base),
            { "href": format!("{base}{}", tilejson_path(&layer.id)), "rel": "describedby", "type": JSON, "title": "TileJSON" },
        ],
    });
    Ok(Document::json(JSON, &body, CachePolicy::Hour).answer(&headers))
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
    let body = json!({ "tileMatrixSets": [{
        "id": MATRIX_SET,
        "uri": MATRIX_SET_URI,
        "crs": CRS,
        "links": [{ "href": href, "rel": "self", "type": JSON, "title": "Its definition" }],
    }] });
    Ok(Document::json(JSON, &body, CachePolicy::Hour).answer(&headers))
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
        json!({
            "id": z.to_string(),
            "scaleDenominator": SCALE / f64::from(side),
            "cellSize": CELL_SIZE / f64::from(side),
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-HALF_WORLD, HALF_WORLD],
            "tileWidth": 256,
            "tileHeight": 256,
            "matrixWidth": side,
            "matrixHeight": side,
        })
    };
    let body = json!({
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": MATRIX_SET_URI,
        "crs": CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": (0..MATRICES).map(matrix).collect::<Vec<_>>(),
    });
    Ok(Document::json(JSON, &body, CachePolicy::Hour).answer(&headers))
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

fn scheme_link(base: &str) -> Value {
    let href = format!("{base}/tileMatrixSets/{MATRIX_SET}");
    json!({ "href": href, "rel": TILING_SCHEME, "type": JSON, "title": "How the tiles are cut" })
}
