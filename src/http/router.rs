//! The one table of routes, and the layers around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use axum::routing::{get, post};
use hyper::body::Incoming;
use tower::ServiceExt;
use tower::util::{MapRequestLayer, MapResponseLayer};
use tower_http::timeout::TimeoutBody;

use crate::http::doors::{
    api, basemap, categories, devices, features, feeds, health, locate, nearest, open311, page, pictures,
    styles, tiles,
};
use crate::http::edge::{guard, keys};
use crate::http::wire::coding;
use crate::http::wire::problem::Problem;
use crate::http::{Service, edge};

/// A body of which nothing comes for so long is given up, whatever its door bounds besides.
const BODY_IDLE: Duration = Duration::from_secs(30);

/// All doors of the service.
pub fn doors(service: Arc<Service>) -> Doors {
    // Kept in their codings already.
    let tiles = Router::new()
        .route("/tiles/{layers}/{z}/{x}/{file}", get(tiles::tile))
        .route("/collections/{collection}/tiles/{matrix_set}/{z}/{row}/{column}", get(tiles::ogc_tile));
    let doors = Router::new()
        .route("/", get(features::landing))
        .route("/api", get(api::api))
        .route("/conformance", get(features::conformance))
        .route("/collections", get(features::collections))
        .route("/collections/{collection}", get(features::collection))
        .route("/collections/reports/items", get(features::reports).post(features::submit))
        .route("/collections/reports/items/{id}", get(features::report))
        .route("/collections/wards/items", get(features::wards))
        .route("/collections/wards/items/{id}", get(features::ward))
        .route("/collections/{collection}/items", get(features::features))
        .route("/collections/{collection}/items/{id}", get(features::feature))
        .route("/collections/{collection}/schema", get(features::schema))
        .route("/collections/{collection}/queryables", get(features::queryables))
        .route("/collections/{collection}/tiles", get(tiles::ogc_tilesets))
        .route("/collections/{collection}/tiles/{matrix_set}", get(tiles::ogc_tileset))
        .route("/tileMatrixSets", get(tiles::matrix_sets))
        .route("/tileMatrixSets/{matrix_set}", get(tiles::matrix_set))
        .route("/devices", post(devices::issue))
        .route("/categories", get(categories::categories))
        .route("/locate", get(locate::locate))
        .route("/nearest", get(nearest::nearest))
        .route("/tiles/{file}", get(tiles::tilejson))
        .route("/tiles/{layers}/metadata.json", get(tiles::metadata))
        .route("/tiles/{layers}/changes", get(tiles::changes))
        .route("/tiles/{layer}/clusters/{id}", get(tiles::cluster))
        .route("/styles", get(styles::list))
        .route("/styles/{file}", get(styles::style))
        .route("/sprites/{file}", get(styles::sprite))
        .route("/fonts/{stack}/{file}", get(styles::font))
        .route("/basemap.json", get(basemap::tilejson))
        .route("/basemap/{z}/{x}/{file}", get(basemap::tile))
        .route("/static/{place}/{file}", get(pictures::map))
        .route("/feeds/{file}", get(feeds::city))
        .route("/feeds/reports/events", get(feeds::events))
        .route("/feeds/wards/{file}", get(feeds::ward))
        .route("/feeds/wards/{ward}/events", get(feeds::ward_events))
        .route("/feeds/wards/{ward}/{file}", get(feeds::ward_more))
        .route("/feeds/k/{secret}/{file}", get(feeds::secret))
        .route("/open311/{file}", get(open311::discovery))
        .route("/open311/v2/{file}", get(open311::services))
        .route("/open311/v2/services/{file}", get(open311::definition))
        .route("/assets/{*path}", get(page::asset))
        .route("/licences", get(page::licences))
        .route("/licences/", get(page::licences))
        .route("/licences/{*path}", get(page::licence))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(async || Problem::not_found("no such resource; / lists what there is"))
        .layer(MapResponseLayer::new(guard::mark_whole))
        .layer(coding::compression())
        .merge(tiles)
        .route_layer(MapRequestLayer::new(edge::tell_route))
        .with_state(service.clone());
    Doors { service, doors }
}

/// The doors and what stands around all of them.
#[derive(Clone)]
pub struct Doors {
    service: Arc<Service>,
    doors: Router,
}

impl Doors {
    /// What every request goes through; the last line is the outermost. No layers of the router: inside, they
    /// would run before `Allow` is set on a 405, and each by itself would box the request's way and copy all
    /// that lie in it, which costs more than what most of them do.
    pub(in crate::http) async fn answer(&self, request: Request<Incoming>) -> Response {
        let service = &*self.service;
        let request = request.map(|body| Body::new(TimeoutBody::new(BODY_IDLE, body)));
        let door = async |request| match self.doors.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let caught = async |request| edge::caught(door(request)).await;
        let coded = async |request| coding::tags(request, caught).await;
        let keyless = async |request| keys::refuse_in_query(request, coded).await;
        let guarded = async |request| guard::guard(service, request, keyless).await;
        let ruled = async |request| edge::rules(service, request, guarded).await;
        let told = async |request| open311::errors(request, ruled).await;
        edge::observe(service, request, told).await
    }
}
