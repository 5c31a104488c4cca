//! The only room that knows HTTP: the router is one table, a door reads the request, calls one
//! verb or one read, and writes the answer.
//! Not here: rules about reports (domain, action), SQL (store), what a tile holds (map).

mod describe;
mod doors;
mod edge;
mod routes;
mod wire;

use std::sync::Arc;

use tokio::sync::watch;

use crate::action::accounts::Accounts;
use crate::action::{City, Keyring, Preparations};
use crate::clock::{Clock, ClockSteps, Ids};
use crate::store::Store;
use diaban_core::domain::Instant;
use diaban_core::map::{Layer, Level, Live, View};

pub use describe::Description;
pub use doors::basemap::{Basemap, BasemapSetting};
pub use doors::life::ReportTokens;
pub use doors::styles::Styles;
pub use doors::tiles::TileCache;
pub use edge::client::{Proxies, TooWide};
pub use edge::dates::Dates;
pub use edge::guard::{Guards, KeyReader};
pub use edge::keys::sent_key;
pub use edge::limits::{Allowance, LimitMode, LimitSettings};
pub use edge::metrics::Metrics;
pub use edge::places::StreamSettings;
pub use edge::shed::Holdings;
pub use edge::tcp::connections::{ConnectionSettings, Connections};
pub use edge::tcp::listener::{bind, serve};
pub use routes::{Doors, Side, doors};
pub use wire::sse::Streams;

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
    /// Time as responses tell it.
    pub dates: Dates,
    /// What the clock did besides going on.
    pub clock_steps: Arc<ClockSteps>,
    /// When this process began: the pack has not changed since.
    pub started: Instant,
    /// Chance.
    pub ids: Arc<dyn Ids>,
    /// Numbers for the operator.
    pub metrics: Metrics,
    /// The keys that open something.
    pub keys: Arc<Keyring>,
    /// Sessions of accounts, and how passwords are checked.
    pub accounts: Arc<Accounts>,
    /// The tokens of reports.
    pub report_tokens: ReportTokens,
    /// The preparations of boundaries, one at a time.
    pub preparations: Preparations,
    /// Live streams of news.
    pub streams: Streams,
    /// What stands before the doors.
    pub guards: Guards,
    /// What `/api` answers.
    pub description: Description,
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
    fn map(&self) -> Result<Arc<View>, wire::problem::Problem> {
        if self.level.borrow().loaded {
            Ok(self.live.load())
        } else {
            Err(wire::problem::Problem::not_ready(*self.level.borrow()))
        }
    }
}
