//! The router made from the table of routes, and what stands around all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use tower::ServiceExt;
use tower::util::MapResponseLayer;
use tower_http::timeout::TimeoutBody;

use super::Table;
use crate::http::doors::open311;
use crate::http::edge::{guard, keys};
use crate::http::wire::coding;
use crate::http::wire::problem::Problem;
use crate::http::{Service, edge};

/// A body of which nothing comes for so long is given up, whatever its door bounds besides.
const BODY_IDLE: Duration = Duration::from_secs(30);

/// All doors of the service.
pub fn doors(service: Arc<Service>) -> Doors {
    let table = Table::new();
    let (mut coded, mut plain) = (Router::new(), Router::new());
    for row in table.rows() {
        let router = if row.coded { &mut coded } else { &mut plain };
        *router = std::mem::take(router).route(row.pattern, row.handler.clone());
    }
    let doors = plain
        .fallback(async || Problem::not_found("no such resource; / lists what there is"))
        .layer(MapResponseLayer::new(guard::mark_whole))
        .layer(coding::compression())
        .merge(coded)
        .with_state(service.clone());
    Doors { service, table: Arc::new(table), doors }
}

/// The doors and what stands around all of them.
#[derive(Clone)]
pub struct Doors {
    service: Arc<Service>,
    table: Arc<Table>,
    doors: Router,
}

impl Doors {
    /// What every request goes through; the last line is the outermost. No layers of the router: inside, they
    /// would run before `Allow` is set on a 405, and each by itself would box the request's way and copy all
    /// that lie in it, which costs more than what most of them do.
    pub(in crate::http) async fn answer(&self, request: Request<Incoming>) -> Response {
        let service = &*self.service;
        // Before all else: what follows depends on the route.
        let admission = self.table.admit(&request);
        let request = request.map(|body| Body::new(TimeoutBody::new(BODY_IDLE, body)));
        let door = async |request| match self.doors.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let caught = async |request| edge::caught(door(request)).await;
        let coded = async |request| coding::tags(request, caught).await;
        let keyless = async |request| keys::refuse_in_query(request, coded).await;
        let guarded = async |request| guard::guard(service, admission, request, keyless).await;
        let ruled = async |request| edge::rules(service, admission, request, guarded).await;
        let told = async |request| open311::errors(request, ruled).await;
        edge::observe(service, admission, request, told).await
    }
}
