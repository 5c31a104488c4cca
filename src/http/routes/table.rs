//! The rows of the table of routes.

use std::sync::Arc;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::MethodFilter;

use super::{Cost, Route};
use crate::http::Service;
use crate::http::doors::{
    api, basemap, categories, devices, features, feeds, health, locate, nearest, open311, page, pictures,
    styles, tiles,
};
use crate::http::edge::limits::Act;
use crate::http::edge::shed::Class;

/// Lists, feeds, documents, files.
const READ: Cost = Cost::Is(Class::Read);
const PICTURE: Cost = Cost::Is(Class::Picture);
/// A cluster may hold all of the city.
const CLUSTER: Cost = Cost::Is(Class::CostlyTile);
/// A list that can be written as a stream of all rows.
const LIST: Cost = Cost::Of(features::list_class);
const TILE: Cost = Cost::Of(tiles::class);
const CREATE: Cost = Cost::Is(Class::Create);

fn get<T: 'static>(pattern: &'static str, cost: Cost, handler: impl Handler<T, Arc<Service>>) -> Route {
    Route::new((Method::GET, MethodFilter::GET), pattern, (cost, Act::Read), handler)
}

fn post<T: 'static>(pattern: &'static str, act: Act, handler: impl Handler<T, Arc<Service>>) -> Route {
    Route::new((Method::POST, MethodFilter::POST), pattern, (CREATE, act), handler)
}

/// A route of the operator's machines: never shed, never counted.
fn health<T: 'static>(pattern: &'static str, handler: impl Handler<T, Arc<Service>>) -> Route {
    Route { act: None, ..get(pattern, Cost::Is(Class::Health), handler) }
}

/// All routes.
pub(super) fn rows() -> Vec<Route> {
    vec![
        get("/", READ, features::landing),
        get("/api", READ, api::api),
        get("/conformance", READ, features::conformance),
        get("/collections", READ, features::collections),
        get("/collections/{collection}", READ, features::collection),
        get("/collections/reports/items", LIST, features::reports),
        post("/collections/reports/items", Act::Create, features::submit),
        get("/collections/reports/items/{id}", READ, features::report),
        get("/collections/wards/items", READ, features::wards),
        get("/collections/wards/items/{id}", READ, features::ward),
        get("/collections/{collection}/items", LIST, features::features),
        get("/collections/{collection}/items/{id}", READ, features::feature),
        get("/collections/{collection}/schema", READ, features::schema),
        get("/collections/{collection}/queryables", READ, features::queryables),
        get("/collections/{collection}/tiles", READ, tiles::ogc_tilesets),
        get("/collections/{collection}/tiles/{matrix_set}", READ, tiles::ogc_tileset),
        get("/collections/{collection}/tiles/{matrix_set}/{z}/{row}/{column}", TILE, tiles::ogc_tile).coded(),
        get("/tileMatrixSets", READ, tiles::matrix_sets),
        get("/tileMatrixSets/{matrix_set}", READ, tiles::matrix_set),
        post("/devices", Act::Device, devices::issue),
        get("/categories", READ, categories::categories),
        get("/locate", READ, locate::locate),
        get("/nearest", READ, nearest::nearest),
        get("/tiles/{layers}/{z}/{x}/{file}", TILE, tiles::tile).coded(),
        get("/tiles/{file}", READ, tiles::tilejson),
        get("/tiles/{layers}/metadata.json", READ, tiles::metadata),
        get("/tiles/{layers}/changes", READ, tiles::changes),
        get("/tiles/{layer}/clusters/{id}", CLUSTER, tiles::cluster),
        get("/styles", READ, styles::list),
        get("/styles/{file}", READ, styles::style),
        get("/sprites/{file}", READ, styles::sprite),
        get("/fonts/{stack}/{file}", READ, styles::font),
        get("/basemap.json", READ, basemap::tilejson),
        get("/basemap/{z}/{x}/{file}", READ, basemap::tile),
        get("/static/{place}/{file}", PICTURE, pictures::map),
        get("/feeds/{file}", READ, feeds::city),
        get("/feeds/reports/events", READ, feeds::events),
        get("/feeds/wards/{file}", READ, feeds::ward),
        get("/feeds/wards/{ward}/events", READ, feeds::ward_events),
        get("/feeds/wards/{ward}/{file}", READ, feeds::ward_more),
        get("/feeds/k/{secret}/{file}", READ, feeds::secret),
        get("/open311/{file}", READ, open311::discovery),
        get("/open311/v2/{file}", READ, open311::services),
        get("/open311/v2/services/{file}", READ, open311::definition),
        get("/assets/{*path}", READ, page::asset),
        get("/licences", READ, page::licences),
        get("/licences/", READ, page::licences),
        get("/licences/{*path}", READ, page::licence),
        health("/healthz", health::healthz),
        health("/readyz", health::readyz).operators(),
        health("/metrics", health::metrics).operators(),
    ]
}
