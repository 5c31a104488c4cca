//! The rows of the table of routes.

use std::sync::Arc;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::MethodFilter;

use super::{Cost, Described, Route};
use crate::http::Service;
use crate::http::describe::operations::{
    account as of_account, areas as of_areas, collections, georeport, life as of_life, map, news, people,
    service,
};
use crate::http::describe::{self, Operations};
use crate::http::doors::{
    account, areas, basemap, categories, devices, events, features, feeds, health as health_door, life,
    locate, nearest, open311, page, pictures, report, styles, tiles,
};
use crate::http::edge::limits::Act;
use crate::http::edge::shed::Class;
use diaban_core::domain::key::{OPERATE, READ as READER, WORK};

/// Lists, feeds, documents, files.
const READ: Cost = Cost::Is(Class::Read);
const PICTURE: Cost = Cost::Is(Class::Picture);
/// A cluster may hold all of the city.
const CLUSTER: Cost = Cost::Is(Class::CostlyTile);
/// A list that can be written as a stream of all rows.
const LIST: Cost = Cost::Of(features::list_class);
const TILE: Cost = Cost::Of(tiles::class);
const OGC_TILE: Pattern = "/collections/{collection}/tiles/{matrix_set}/{z}/{row}/{column}";
const CREATE: Cost = Cost::Is(Class::Create);

type Pattern = &'static str;

fn get<T: 'static>(
    pattern: Pattern,
    cost: Cost,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    let method = (Method::GET, MethodFilter::GET);
    Route::new(method, pattern, (cost, Act::Read), handler, Described::As(operations))
}

fn post<T: 'static>(
    pattern: Pattern,
    act: Act,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    let method = (Method::POST, MethodFilter::POST);
    Route::new(method, pattern, (CREATE, act), handler, Described::As(operations))
}

/// A question in a body: it may be as much work as an export, and may be answered by one.
fn search<T: 'static>(
    pattern: Pattern,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    let method = (Method::POST, MethodFilter::POST);
    let cost = Cost::Is(Class::Export);
    Route::new(method, pattern, (cost, Act::Read), handler, Described::As(operations))
}

/// A route of the operator's machines: never shed, never counted.
fn health<T: 'static>(
    pattern: Pattern,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    Route { act: None, ..get(pattern, Cost::Is(Class::Health), handler, operations) }
}

/// What operators ask: never shed, or they would be blind when it matters.
fn ask<T: 'static>(
    pattern: Pattern,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    get(pattern, Cost::Is(Class::Health), handler, operations).keyed(OPERATE)
}

/// What operators decide: never shed either.
fn decide<T: 'static>(
    pattern: Pattern,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    post(pattern, Act::Create, handler, operations).keyed(OPERATE)
}

/// What goes for good.
fn delete<T: 'static>(
    pattern: Pattern,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    let method = (Method::DELETE, MethodFilter::DELETE);
    Route::new(method, pattern, (CREATE, Act::Read), handler, Described::As(operations))
}

/// What an office does. Limits count it as they count reads: an office has many reports.
fn work<T: 'static>(
    pattern: Pattern,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    post(pattern, Act::Read, handler, operations).keyed(WORK)
}

/// What whoever sent a report writes to it.
fn own<T: 'static>(
    pattern: Pattern,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    post(pattern, Act::Read, handler, operations)
}

/// What a form of a page for people sends.
fn form<T: 'static>(
    pattern: Pattern,
    cost: Cost,
    handler: impl Handler<T, Arc<Service>>,
    operations: Operations,
) -> Route {
    let method = (Method::POST, MethodFilter::POST);
    Route::new(method, pattern, (cost, Act::Read), handler, Described::As(operations)).of_page()
}

/// A file that people see in a browser and programs have no use for.
fn file<T: 'static>(pattern: Pattern, handler: impl Handler<T, Arc<Service>>) -> Route {
    let method = (Method::GET, MethodFilter::GET);
    let described = Described::Not("a file of the page for people, found by its links");
    Route::new(method, pattern, (READ, Act::Read), handler, described)
}

/// All routes.
pub(super) fn rows() -> Vec<Route> {
    vec![
        get("/", READ, features::landing, service::landing),
        get("/api", READ, describe::api, service::api),
        get("/conformance", READ, features::conformance, service::conformance),
        get("/collections", READ, features::collections, collections::collections),
        get("/collections/{collection}", READ, features::collection, collections::collection),
        get("/collections/reports/items", LIST, features::reports, collections::reports),
        post("/collections/reports/items", Act::Create, features::submit, collections::submit),
        get("/collections/reports/items/{id}", READ, features::report, collections::report),
        delete("/collections/reports/items/{id}", life::erase, of_life::erase).or_session(),
        get("/collections/reports/items/{id}/events", READ, life::events, of_life::events).or_session(),
        get("/collections/reports/items/{id}/standing", READ, life::look, of_life::standing).keyed(WORK),
        work("/collections/reports/items/{id}/transitions", life::transition, of_life::transition),
        work("/collections/reports/items/{id}/transfers", life::transfer, of_life::transfer),
        work("/collections/reports/items/{id}/questions", life::ask, of_life::ask),
        work("/collections/reports/items/{id}/refusals", life::keep_closed, of_life::keep_closed),
        get("/collections/reports/items/{id}/tasks", READ, life::tasks, of_life::tasks).keyed(WORK),
        work("/collections/reports/items/{id}/tasks", life::give_task, of_life::give_task),
        get("/collections/reports/items/{id}/tasks/{task}", READ, life::task, of_life::task),
        own("/collections/reports/items/{id}/tasks/{task}", life::end_task, of_life::end_task),
        get("/tasks", READ, life::own_tasks, of_life::own_tasks).keyed(WORK),
        own("/collections/reports/items/{id}/answers", life::reply, of_life::reply),
        own("/collections/reports/items/{id}/ratings", life::rate, of_life::rate),
        get("/collections/wards/items", READ, features::wards, collections::wards),
        get("/collections/wards/items/{id}", READ, features::ward, collections::ward),
        get("/collections/{collection}/items", LIST, features::features, collections::features),
        get("/collections/{collection}/items/{id}", READ, features::feature, collections::feature),
        search("/search", features::search, collections::search),
        get("/collections/{collection}/schema", READ, features::schema, collections::schema),
        get(
            "/collections/{collection}/feature-schema",
            READ,
            features::feature_schema,
            collections::feature_schema,
        ),
        get("/collections/{collection}/queryables", READ, features::queryables, collections::queryables),
        get("/collections/{collection}/tiles", READ, tiles::ogc_tilesets, map::tilesets),
        get("/collections/{collection}/tiles/{matrix_set}", READ, tiles::ogc_tileset, map::tileset),
        get(OGC_TILE, TILE, tiles::ogc_tile, map::ogc_tile).coded(),
        get("/tileMatrixSets", READ, tiles::matrix_sets, map::matrix_sets),
        get("/tileMatrixSets/{matrix_set}", READ, tiles::matrix_set, map::matrix_set),
        post("/devices", Act::Device, devices::issue, service::devices),
        get("/categories", READ, categories::categories, service::categories),
        get("/locate", READ, locate::locate, service::locate),
        get("/nearest", READ, nearest::nearest, service::nearest),
        get("/tiles/{layers}/{z}/{x}/{file}", TILE, tiles::tile, map::tile).coded(),
        get("/tiles/{file}", READ, tiles::tilejson, map::tilejson),
        get("/tiles/{layers}/metadata.json", READ, tiles::metadata, map::metadata),
        get("/tiles/{layers}/changes", READ, tiles::changes, map::changes),
        get("/tiles/{layer}/clusters/{id}", CLUSTER, tiles::cluster, map::cluster),
        get("/styles", READ, styles::list, map::styles),
        get("/styles/{file}", READ, styles::style, map::style),
        get("/sprites/{file}", READ, styles::sprite, map::sprite),
        get("/fonts/{stack}/{file}", READ, styles::font, map::font),
        get("/basemap.json", READ, basemap::tilejson, map::basemap),
        get("/basemap/{z}/{x}/{file}", READ, basemap::tile, map::basemap_tile),
        get("/static/{place}/{file}", PICTURE, pictures::map, map::static_map),
        get("/feeds/{file}", READ, feeds::city, news::city),
        get("/feeds/reports/events", READ, feeds::events, news::events),
        get("/feeds/wards/{file}", READ, feeds::ward, news::ward),
        get("/feeds/wards/{ward}/events", READ, feeds::ward_events, news::ward_events),
        get("/feeds/wards/{ward}/{file}", READ, feeds::ward_more, news::ward_more),
        get("/feeds/k/{secret}/{file}", READ, feeds::secret, news::secret),
        get("/events", READ, events::events, news::page_of_events).keyed(READER),
        get("/r/{file}", READ, report::report, people::report),
        form("/r/{id}/session", READ, report::session, people::session),
        form("/r/{id}/answer", CREATE, report::answer, people::answer),
        form("/r/{id}/rate", CREATE, report::rate, people::rate),
        form("/r/{id}/erase", CREATE, report::erase, people::erase),
        get("/account", READ, account::account, of_account::account).of_page(),
        get("/account/welcome", READ, account::invited, of_account::invited).of_page(),
        form("/account/welcome", CREATE, account::welcome, of_account::welcome),
        form("/account/login", CREATE, account::log_in, of_account::log_in),
        form("/account/logout", CREATE, account::log_out, of_account::log_out),
        form("/account/logout-all", CREATE, account::end_all, of_account::end_all),
        form("/account/password", CREATE, account::change_password, of_account::change_password),
        get("/open311/{file}", READ, open311::discovery, georeport::discovery),
        get("/open311/v2/{file}", READ, open311::services, georeport::services),
        get("/open311/v2/services/{file}", READ, open311::definition, georeport::definition),
        file("/assets/{*path}", page::asset),
        file("/licences", page::licences),
        file("/licences/", page::licences),
        file("/licences/{*path}", page::licence),
        ask("/areas/editions", areas::editions, of_areas::editions),
        decide("/areas/editions", areas::propose, of_areas::propose),
        ask("/areas/editions/{edition}", areas::one, of_areas::one),
        ask("/areas/editions/{edition}/moves", areas::moves, of_areas::moves),
        decide("/areas/editions/{edition}/schedule", areas::schedule, of_areas::schedule),
        decide("/areas/editions/{edition}/activate", areas::activate, of_areas::activate),
        decide("/areas/editions/{edition}/withdraw", areas::withdraw, of_areas::withdraw),
        decide("/areas/undo", areas::undo, of_areas::undo),
        ask("/areas/homeless", areas::homeless, of_areas::homeless),
        health("/healthz", health_door::healthz, service::healthz),
        health("/readyz", health_door::readyz, service::readyz).operators(),
        health("/metrics", health_door::metrics, service::metrics).operators(),
    ]
}
