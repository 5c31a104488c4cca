//! The router made from the table of routes, and what stands around all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use tower::ServiceExt;
use tower::util::MapResponseLayer;
use tower_http::timeout::TimeoutBody;

use super::{Admission, Table};
use crate::http::doors::{former, open311};
use crate::http::edge::shed::Class;
use crate::http::edge::tcp::gate::Fault;
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
        .fallback(async || no_such_resource())
        .layer(MapResponseLayer::new(guard::mark_whole))
        .layer(coding::compression())
        .merge(coded)
        .with_state(service.clone());
    Doors { service, table: Arc::new(table), doors, side: Side::All }
}

/// The doors and what stands around all of them.
#[derive(Clone)]
pub struct Doors {
    service: Arc<Service>,
    table: Arc<Table>,
    doors: Router,
    side: Side,
}

/// Which routes an address serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// All of them.
    All,
    /// All but those of operators and their machines.
    Public,
    /// Those of operators and their machines, and `/healthz`.
    Operator,
}

impl Side {
    fn has(self, admission: &Admission) -> bool {
        match self {
            Self::All => true,
            Self::Public => !admission.callers.operate(),
            Self::Operator => admission.class == Class::Health || admission.callers.operate(),
        }
    }
}

fn no_such_resource() -> Problem {
    Problem::not_found("no such resource; / lists what there is")
}

impl Doors {
    /// The same doors, only those of one side.
    #[must_use]
    pub fn only(&self, side: Side) -> Self {
        Self { side, ..self.clone() }
    }

    /// The answer to a request that the gate refused. Nothing of it was read but that.
    pub(in crate::http) async fn refuse(&self, fault: Fault) -> Response {
        let service = &*self.service;
        let mut request = Request::new(Body::empty());
        // What stands in the log as its method.
        *request.method_mut() = Method::from_bytes(b"-").unwrap_or_default();
        let refused = async |_: Request<Body>| fault.into_response();
        let ruled = async |request| edge::rules(service, Admission::NONE, request, refused).await;
        edge::observe(service, Admission::NONE, request, ruled).await
    }

    /// What every request goes through; the last line is the outermost. No layers of the router: inside, they
    /// would run before `Allow` is set on a 405, and each by itself would box the request's way and copy all
    /// that lie in it, which costs more than what most of them do.
    pub(in crate::http) async fn answer(&self, request: Request<Incoming>) -> Response {
        let service = &*self.service;
        // Before all else: what follows depends on the route.
        let known = self.table.admit(&request);
        let here = self.side.has(&known);
        let admission = if here { known } else { Admission::NONE };
        let request = request.map(|body| Body::new(TimeoutBody::new(BODY_IDLE, body)));
        let door = async |request| {
            if !here {
                return no_such_resource().into_response();
            }
            match self.doors.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        };
        let followed = async |request| former::told(service, request, door).await;
        let caught = async |request| edge::caught(followed(request)).await;
        let coded = async |request| coding::tags(request, caught).await;
        let keyless = async |request| keys::refuse_in_query(request, coded).await;
        let guarded = async |request| guard::guard(service, admission, request, keyless).await;
        let ruled = async |request| edge::rules(service, admission, request, guarded).await;
        let told = async |request| open311::errors(request, ruled).await;
        edge::observe(service, admission, request, told).await
    }
}
