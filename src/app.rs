//! The composition root: builds the parts, connects, starts and stops them.

use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};

use crate::action::accounts::Accounts;
use crate::action::{self, City, CityError, Keyring, Preparations};
use crate::basemap::BasemapError;
use crate::clock::{Clock, ClockSteps, Ids};
use crate::config::Config;
use crate::http::{
    self, Basemap, ConnectionSettings, Connections, Dates, Description, Guards, Holdings, Metrics, Proxies,
    ReportTokens, Service, Side, Streams, Styles, TileCache,
};
use crate::jobs::{
    Follower, Sender, SnapshotWriter, announce, overtime, publish, refresh_keys, refresh_sessions,
    send_webhooks, supervise, trim, turn_areas, watch_clock, write_snapshots,
};
use crate::memory::{CONNECTION, EXPORT, REPORT, STREAM, Share};
use crate::store::{Claim, Failure, MaskedRows, Store, StoreError};
use diaban_core::geo::Bbox;
use diaban_core::map::{Layer, Level, Live, Mistakes, View, read_layers};
use diaban_core::pack::{Pack, PackError};

/// How many messages a live stream may lag behind before it reads the store instead.
const CHANNEL_CAPACITY: usize = 256;
const MIB: usize = 1 << 20;
/// Pause before a database that does not answer is tried again.
const AWAIT: Duration = Duration::from_secs(1);
/// Open files besides the connections: the database, the log, files being read.
const OTHER_FILES: u64 = 256;

/// Why a process cannot serve or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The city pack is invalid.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The areas are invalid.
    #[error(transparent)]
    City(#[from] CityError),
    /// Layer or style files are invalid.
    #[error("the layers or styles are invalid:\n{0}")]
    Layers(#[from] Mistakes),
    /// The basemap is invalid.
    #[error(transparent)]
    Basemap(#[from] BasemapError),
    /// The store cannot be opened or used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be bound.
    #[error("{0}")]
    Listen(#[from] std::io::Error),
    /// The storage failed while serving; the process must stop.
    #[error("stopping: {0}")]
    StorageFailed(Failure),
}

/// Loads the pack that the settings name.
///
/// # Errors
/// When it is invalid, with file and key.
pub fn pack(config: &Config) -> Result<Pack, PackError> {
    crate::city_files::open(config.data.as_deref(), config.tiles.as_deref())
}

/// Loads the layers of a pack and runs their examples.
///
/// # Errors
/// The mistakes of all files, each with file and line.
pub fn layers(pack: &Pack) -> Result<Vec<Layer>, Mistakes> {
    read_layers(pack.layer_files(), &pack.collections)
}

/// Loads the styles of the page and of a pack, and checks them against the layers.
///
/// # Errors
/// The mistakes of all files, each with file and line.
pub fn styles(pack: &Pack, layers: &[Layer]) -> Result<Styles, Mistakes> {
    Styles::new(pack.style_files(), layers)
}

/// Every connection needs a file descriptor, so the process raises its limit.
fn allow_files(connections: u32) {
    let needed = u64::from(connections) + OTHER_FILES;
    match rlimit::increase_nofile_limit(needed) {
        Ok(files) if files >= needed => {}
        Ok(files) => {
            tracing::warn!(files, needed, "the system allows too few open files for all connections");
        }
        Err(error) => tracing::warn!(%error, "cannot read the limit of open files"),
    }
}

/// Binds the address for operators and their machines.
fn listen_for_operators(address: SocketAddr) -> Result<TcpListener, AppError> {
    let named = |e: std::io::Error| std::io::Error::new(e.kind(), format!("cannot listen on {address}: {e}"));
    let listener = http::bind(address).map_err(named)?;
    tracing::info!(%address, "metrics, readiness and the operators' boundaries are served here");
    Ok(listener)
}

/// Opens the store and builds the city from it and the pack. Reports that show more than their category allows now
/// are closed before anybody reads them.
///
/// # Errors
/// When one of them is invalid.
pub async fn open(config: &Config, clock: &dyn Clock) -> Result<(Store, City), AppError> {
    let store = Store::open(&config.store).await?;
    let city = settled(&store, config, clock).await?;
    Ok((store, city))
}

async fn settled(store: &Store, config: &Config, clock: &dyn Clock) -> Result<City, AppError> {
    let pack = pack(config)?;
    let stored = action::begin(store, &pack, clock).await?;
    let city = City::new(pack, &stored)?;
    let closed = action::settle(&city, store, clock).await?;
    if closed > 0 {
        tracing::warn!(
            reports = closed,
            "reports showed more than their category allows now, and were closed"
        );
    }
    let masked = action::mask_stored(store, clock).await?;
    if masked != MaskedRows::default() {
        tracing::warn!(
            reports = masked.reports,
            events = masked.events,
            "phone numbers, numbers of papers, e-mail addresses or plates stood in texts, and were masked"
        );
    }
    Ok(city)
}

/// How long a start may look for damage. `diaban check store` takes the time that it needs.
const QUICK_CHECK: Duration = Duration::from_secs(1);

async fn check_quickly(store: &Store) {
    match store.check_quickly(QUICK_CHECK).await {
        Ok(true) => tracing::debug!("the quick check found no damage"),
        Ok(false) => tracing::info!(
            "the quick check found no damage in the part that it had time for; `diaban check store` checks all"
        ),
        Err(error) => tracing::error!(%error, "the quick check"),
    }
}

/// Opens a store to serve it. A database server that does not answer is waited for, as both may start at once; nothing
/// comes of it when `stop` resolves first.
async fn open_to_serve(
    config: &Config,
    cache_kib: u64,
    stop: impl Future<Output = ()>,
) -> Result<Option<(Store, Option<Claim>)>, StoreError> {
    let mut stop = pin!(stop);
    loop {
        match Store::open_to_serve(&config.store, cache_kib).await {
            Err(StoreError::NotThere(why)) => {
                tracing::warn!(why, "the database does not answer; trying again");
                if tokio::time::timeout(AWAIT, &mut stop).await.is_ok() {
                    return Ok(None);
                }
            }
            opened => return opened.map(Some),
        }
    }
}

/// Serves until `stop` resolves, then finishes running requests and closes the store. `begun` is called when requests
/// are answered.
///
/// # Errors
/// When a part cannot be built, or the storage fails while serving.
#[expect(
    clippy::too_many_lines,
    reason = "the parts are connected in one place, in the order in which they start"
)]
pub async fn run(
    config: Config,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    begun: impl FnOnce(),
) -> Result<(), AppError> {
    let mut stop = pin!(stop);
    let mut config = config;
    let memory = config.memory;
    let within = |share, each, asked: NonZeroU32| {
        asked.min(NonZeroU32::new(memory.room(share, each)).unwrap_or(asked))
    };
    config.connections.total = within(Share::Connections, CONNECTION, config.connections.total);
    config.streams.total = within(Share::Streams, STREAM, config.streams.total);
    if let Some(total) = memory.total() {
        tracing::info!(mib = total / MIB as u64, shares = memory.table(), "the budget of memory, in MiB");
    }
    allow_files(config.connections.total.get());
    let admin = config.admin_listen.map(listen_for_operators).transpose()?;
    let cache = memory.bytes(Share::Store) / 1024;
    let Some((store, _claim)) = open_to_serve(&config, cache, stop.as_mut()).await? else { return Ok(()) };
    let city = settled(&store, &config, &*clock).await?;
    if store.cannot_write() {
        tracing::warn!("the storage is read-only: reads are served, writes are refused");
    }
    // Beside the rest of the start; what is asked waits until it is done.
    let check = tokio::spawn({
        let store = store.clone();
        async move { check_quickly(&store).await }
    });
    let layers = layers(&city.pack)?;
    let styles = styles(&city.pack, &layers)?;
    let [west, south, east, north] = city.areas().bounds();
    let basemap = Basemap::open(&config.basemap, &styles, Bbox { west, south, east, north }).await?;
    let public_url = match config.public_url {
        Some(url) => url,
        None => format!("http://{}", listener.local_addr()?),
    };
    let city = Arc::new(city);
    // Empty until the follower has loaded it. Until then /readyz and the handlers that need the map
    // answer 503.
    let live = Arc::new(Live::new(View::empty(&city.pack.collections, city.areas().codebook.clone())));
    let (level, watched) = watch::channel(Level::default());
    let watching = watched.clone();
    let snapshots = Arc::new(SnapshotWriter::new(store.map_file(config.cache.as_deref())));
    let (events, _) = broadcast::channel(CHANNEL_CAPACITY);
    let (moves, _) = broadcast::channel(CHANNEL_CAPACITY);
    let last = store.last_event().await?;
    let (url, sender) = (public_url.clone(), events.clone());
    // After a restart it repeats events that listeners already have; they skip those.
    let tell = {
        let (store, city, watched) = (store.clone(), city.clone(), watched.clone());
        move || announce(store.clone(), city.clone(), url.clone(), watched.clone(), sender.clone(), last)
    };
    let keys = Arc::new(Keyring::default());
    let read_keys = {
        let (store, keys) = (store.clone(), keys.clone());
        move || refresh_keys(store.clone(), keys.clone())
    };
    let (stopping, stopped) = watch::channel(false);
    let secret = async |name| {
        let mut fresh = vec![0; 32];
        ids.fill(&mut fresh);
        match store.secret(name, fresh.clone()).await {
            // Tokens then hold as long as this process.
            Err(StoreError::ReadOnly) => Ok(fresh),
            other => other,
        }
    };
    let (device_secret, report_secret) = (secret("device-token").await?, secret("report-token").await?);
    let accounts = Arc::new(Accounts::new(&secret("login-tries").await?));
    let read_sessions = {
        let (store, accounts) = (store.clone(), accounts.clone());
        move || refresh_sessions(store.clone(), accounts.clone())
    };
    let connections = Arc::new(Connections::new(config.connections, config.trusted_proxies.clone()));
    let mut number = [0; 8];
    ids.fill(&mut number);
    let number = i64::from_le_bytes(number);
    let follow = {
        let (store, city, live, snapshots) = (store.clone(), city.clone(), live.clone(), snapshots.clone());
        let (moves, room) = (moves.clone(), memory.bytes(Share::Map) / REPORT);
        move || {
            Follower::new(store.clone(), city.clone(), live.clone(), level.clone(), snapshots.clone())
                .with_moves(moves.clone())
                .numbered(number)
                .with_room(room)
                .run()
        }
    };
    let publish = {
        let (store, city, clock) = (store.clone(), city.clone(), clock.clone());
        move || publish(store.clone(), city.clone(), clock.clone())
    };
    let overtime = {
        let (store, city, clock) = (store.clone(), city.clone(), clock.clone());
        move || overtime(store.clone(), city.clone(), clock.clone())
    };
    let tell_webhooks = {
        let (store, city, clock, watched) = (store.clone(), city.clone(), clock.clone(), watched.clone());
        let (public_url, settings) = (public_url.clone(), config.webhooks);
        move || {
            let (store, city, clock) = (store.clone(), city.clone(), clock.clone());
            let sender = Sender { store, city, clock, public_url: public_url.clone(), settings };
            send_webhooks(sender, watched.clone())
        }
    };
    let preparations = Preparations::default();
    let turn_areas = {
        let (store, city, clock, watched) = (store.clone(), city.clone(), clock.clone(), watched.clone());
        let preparations = preparations.clone();
        move || turn_areas(store.clone(), city.clone(), clock.clone(), preparations.clone(), watched.clone())
    };
    let write_snapshots = {
        let (snapshots, store, live, watched) =
            (snapshots.clone(), store.clone(), live.clone(), watched.clone());
        move || write_snapshots(snapshots.clone(), store.clone(), live.clone(), watched.clone())
    };
    let trim_log = {
        let (store, snapshots, watched, clock) =
            (store.clone(), snapshots.clone(), watched.clone(), clock.clone());
        move || trim(number, store.clone(), snapshots.clone(), watched.clone(), clock.clone())
    };
    let steps = Arc::new(ClockSteps::default());
    let watch_clock = {
        // What was recorded last tells whether the clock went back while nobody served.
        let recorded = store.last_changed().await?;
        let (clock, steps) = (clock.clone(), steps.clone());
        move || watch_clock(clock.clone(), steps.clone(), recorded)
    };
    let counted = {
        let (keys, clock) = (keys.clone(), clock.clone());
        Box::new(move |headers: &_| http::sent_key(&keys, clock.now(), headers))
    };
    let held = Holdings {
        exports: memory.room(Share::Exports, EXPORT),
        unsent_kib: memory.room(Share::Unsent, 1024),
    };
    let service = Arc::new(Service {
        keys,
        accounts,
        report_tokens: ReportTokens::new(&report_secret),
        preparations,
        streams: Streams::new(events, moves, config.streams, stopped.clone()),
        city,
        store: store.clone(),
        live: live.clone(),
        layers,
        tiles: TileCache::new(
            (config.tile_cache_mib as usize * MIB).min(memory.bytes(Share::Tiles) as usize),
        ),
        styles,
        basemap,
        started: clock.now(),
        dates: Dates::default(),
        clock,
        clock_steps: steps,
        ids,
        metrics: Metrics::default(),
        guards: Guards::new(config.trusted_proxies, config.limits, &device_secret, counted, held),
        description: Description::default(),
        connections: connections.clone(),
        level: watched,
        public_url,
    });
    let restarted = || {
        let service = service.clone();
        move |job| service.metrics.restarted(job)
    };
    let mut jobs = vec![
        tokio::spawn(supervise("follow", follow, restarted())),
        tokio::spawn(supervise("announce", tell, restarted())),
        tokio::spawn(supervise("refresh_keys", read_keys, restarted())),
        tokio::spawn(supervise("refresh_sessions", read_sessions, restarted())),
        tokio::spawn(supervise("watch_clock", watch_clock, restarted())),
    ];
    if !store.cannot_write() {
        jobs.push(tokio::spawn(supervise("snapshots", write_snapshots, restarted())));
        jobs.push(tokio::spawn(supervise("trim", trim_log, restarted())));
        jobs.push(tokio::spawn(supervise("publish", publish, restarted())));
        jobs.push(tokio::spawn(supervise("overtime", overtime, restarted())));
        jobs.push(tokio::spawn(supervise("webhooks", tell_webhooks, restarted())));
        jobs.push(tokio::spawn(supervise("areas", turn_areas, restarted())));
    }
    // What was found meanwhile is reported like any failure.
    let _ = check.await;
    let failed = {
        let store = store.clone();
        async move { store.failed().await }
    };
    let mut failure = None;
    let until = async {
        tokio::select! {
            () = &mut stop => {}
            found = failed => failure = Some(found),
        }
        // A stream never ends by itself, so it must be told to stop.
        let _ = stopping.send(true);
    };
    let doors = http::doors(service);
    let side = if admin.is_some() { Side::Public } else { Side::All };
    let public = http::serve(listener, doors.only(side), connections, until);
    let operators = async {
        if let Some(listener) = admin {
            let connections = Connections::new(ConnectionSettings::of_operators(), Proxies::default());
            let until = async { drop(stopped.clone().wait_for(|stop| *stop).await) };
            http::serve(listener, doors.only(Side::Operator), Arc::new(connections), until).await;
        }
    };
    begun();
    tokio::join!(public, operators);
    jobs.iter().for_each(|job| job.abort());
    if let Some(failure) = failure {
        store.abandon().await;
        Err(AppError::StorageFailed(failure))
    } else {
        if watching.borrow().loaded
            && !store.cannot_write()
            && let Err(error) = snapshots.save(&store, &live.load()).await
        {
            tracing::warn!(%error, "cannot write the snapshot: the next start will read the whole database");
        }
        store.close().await;
        Ok(())
    }
}
