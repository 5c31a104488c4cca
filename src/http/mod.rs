//! The only room that knows HTTP: the router is one table, a door reads the request, calls one
//! verb or one read, and writes the answer.
//! Not here: rules about reports (domain, action), SQL (store), what a tile holds (map).

mod api;
mod basemap;
mod categories;
mod client;
mod coding;
mod connections;
mod devices;
mod document;
mod edge;
mod extract;
mod features;
mod feeds;
mod guard;
mod health;
mod held;
mod keys;
mod limits;
mod listener;
mod locate;
mod metrics;
mod nearest;
mod negotiate;
mod open311;
mod page;
mod pictures;
mod problem;
mod room;
mod router;
mod shed;
mod socket;
mod sse;
mod strict_json;
mod styles;
mod tiles;

use std::sync::Arc;

use tokio::sync::watch;

use crate::action::{City, Keyring};
use crate::clock::{Clock, Ids};
use crate::domain::Instant;
use crate::map::{Layer, Level, Live, View};
use crate::store::Store;

pub use basemap::{Basemap, BasemapSetting};
pub use client::{Proxies, TooWide};
pub use connections::{ConnectionSettings, Connections};
pub use guard::{Guards, KeyReader};
pub use keys::key_number;
pub use limits::{Allowance, LimitMode, LimitSettings};
pub use listener::{bind, serve};
pub use metrics::Metrics;
pub use router::{Doors, doors};
pub use sse::Streams;
pub use styles::Styles;
pub use tiles::TileCache;

/// Everything the doors need, joined by `app`.
pub struct Service {
    /// The city: pack and areas.
    pub city: Arc<City>,
    /// The record.
    pub store: Store,
    /// The live map.
    pub live: Arc<Live>,
    /// The declared layers.
    pub layers: Vec<Layer>,
    /// The tiles that are kept.
    pub tiles: TileCache,
    /// How they look.
    pub styles: Styles,
    /// What lies below them.
    pub basemap: Basemap,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// When this process began: the pack has not changed since.
    pub started: Instant,
    /// Chance.
    pub ids: Arc<dyn Ids>,
    /// Numbers for the operator.
    pub metrics: Metrics,
    /// The keys that open something.
    pub keys: Arc<Keyring>,
    /// Live streams of news.
    pub streams: Streams,
    /// What stands before the doors.
    pub guards: Guards,
    /// The open connections.
    pub connections: Arc<Connections>,
    /// How level the live map is with the log; told by `jobs::follow`.
    pub level: watch::Receiver<Level>,
    /// Where others find this service, without a slash at the end.
    pub public_url: String,
}

impl Service {
    /// The live map, once it was loaded.
    ///
    /// # Errors
    /// 503 before that.
    fn map(&self) -> Result<Arc<View>, problem::Problem> {
        if self.level.borrow().loaded {
            Ok(self.live.load())
        } else {
            Err(problem::Problem::not_ready(*self.level.borrow()))
        }
    }
}
