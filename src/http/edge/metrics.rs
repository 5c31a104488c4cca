//! Metrics for the operator: requests, the live index, the change log, the writer.

use std::time::Duration;

use axum::http::Method;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::http::edge::shed::Class;

/// Media type of the text format.
pub(in crate::http) const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Shed {
    class: Class,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limited {
    policy: &'static str,
    enforced: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Job {
    job: &'static str,
}

/// Values that are read when the metrics are printed.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::http) struct Now {
    pub(in crate::http) reports: u64,
    pub(in crate::http) applied: i64,
    pub(in crate::http) stale: bool,
    pub(in crate::http) read_only: bool,
    pub(in crate::http) clock_steps: u64,
    pub(in crate::http) clock_step_s: i64,
    pub(in crate::http) queued: usize,
    pub(in crate::http) waiting: usize,
    pub(in crate::http) limit_keys: usize,
    pub(in crate::http) tile_bytes: u64,
    pub(in crate::http) streams: u32,
    /// Open, closed for new ones, refused.
    pub(in crate::http) connections: (usize, u64, u64),
}

/// The metrics and the registry that prints them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Answer, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    reports: Gauge,
    applied: Gauge,
    stale: Gauge,
    read_only: Gauge,
    clock_steps: Gauge,
    clock_step: Gauge,
    queued: Gauge,
    shed: Family<Shed, Counter>,
    limited: Family<Limited, Counter>,
    restarts: Family<Job, Counter>,
    waiting: Gauge,
    limit_keys: Gauge,
    tile_bytes: Gauge,
    streams: Gauge,
    connections: [Gauge; 3],
}

fn buckets() -> Histogram {
    Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("diaban");
        let answers = Family::default();
        let seconds = Family::new_with_constructor(buckets as fn() -> Histogram);
        let (reports, applied, queued) = (Gauge::default(), Gauge::default(), Gauge::default());
        let stale = Gauge::default();
        registry.register(
            "stale",
            "1 while the database cannot be reached and the map shows an earlier state",
            stale.clone(),
        );
        let (read_only, clock_steps, clock_step) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("read_only", "1 while nothing can be stored", read_only.clone());
        registry.register(
            "clock_steps",
            "How often the clock was set by more than a minute so far",
            clock_steps.clone(),
        );
        registry.register_with_unit(
            "clock_last_step",
            "The last of these steps, forward or back",
            Unit::Seconds,
            clock_step.clone(),
        );
        registry.register("http_answers", "Answers by route, method and status", answers.clone());
        registry.register_with_unit("http_answer", "Time to answer by route", Unit::Seconds, seconds.clone());
        registry.register("live_reports", "Reports in the live index", reports.clone());
        registry.register(
            "applied_change",
            "Position in the change log that the live index has applied",
            applied.clone(),
        );
        registry.register("queued_writes", "Writes waiting for the writer", queued.clone());
        let (shed, limited, restarts) = (Family::default(), Family::default(), Family::default());
        let (waiting, limit_keys, tile_bytes) = (Gauge::default(), Gauge::default(), Gauge::default());
        let connections: [Gauge; 3] = Default::default();
        registry.register("shed", "Requests refused because of overload, by class", shed.clone());
        registry.register("limited", "Requests beyond a rate limit, refused when enforced", limited.clone());
        registry.register(
            "job_restarts",
            "Background jobs that panicked and were restarted",
            restarts.clone(),
        );
        registry.register("waiting_reads", "Reads waiting for a permit", waiting.clone());
        registry.register("limit_keys", "Keys in the table of rate limits", limit_keys.clone());
        registry.register_with_unit(
            "tile_cache",
            "Encoded tiles in the cache",
            Unit::Bytes,
            tile_bytes.clone(),
        );
        let streams = Gauge::default();
        registry.register("streams", "Open live streams", streams.clone());
        let [open, made_room, refused] = &connections;
        registry.register("connections", "Open connections", open.clone());
        registry.register(
            "connections_made_room",
            "Idle connections closed for new ones so far",
            made_room.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections refused so far because all others were busy",
            refused.clone(),
        );
        Self {
            registry,
            answers,
            seconds,
            reports,
            applied,
            stale,
            read_only,
            clock_steps,
            clock_step,
            queued,
            shed,
            limited,
            restarts,
            waiting,
            limit_keys,
            tile_bytes,
            streams,
            connections,
        }
    }
}

/// The name of a method for labels and logs. Methods are the client's to invent: one that is not known has no name.
pub(in crate::http) fn known(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| method == known).unwrap_or("OTHER")
}

impl Metrics {
    /// `route` is the pattern of the route that answered, or "-".
    pub(in crate::http) fn answered(
        &self,
        route: &'static str,
        method: &Method,
        status: u16,
        elapsed: Duration,
    ) {
        self.answers.get_or_create(&Answer { route, method: known(method), status }).inc();
        self.seconds.get_or_create(&Route { route }).observe(elapsed.as_secs_f64());
    }

    pub(in crate::http) fn shed(&self, class: Class) {
        self.shed.get_or_create(&Shed { class }).inc();
    }

    pub(in crate::http) fn limited(&self, policy: &'static str, enforced: bool) {
        self.limited.get_or_create(&Limited { policy, enforced: enforced.into() }).inc();
    }

    /// Counts a background job that panicked and was restarted.
    pub fn restarted(&self, job: &'static str) {
        self.restarts.get_or_create(&Job { job }).inc();
    }

    pub(in crate::http) fn print(&self, now: Now) -> String {
        self.reports.set(now.reports as i64);
        self.applied.set(now.applied);
        self.stale.set(now.stale.into());
        self.read_only.set(now.read_only.into());
        self.clock_steps.set(now.clock_steps as i64);
        self.clock_step.set(now.clock_step_s);
        self.queued.set(now.queued as i64);
        self.waiting.set(now.waiting as i64);
        self.limit_keys.set(now.limit_keys as i64);
        self.tile_bytes.set(now.tile_bytes as i64);
        self.streams.set(now.streams.into());
        let (open, made_room, refused) = now.connections;
        for (gauge, n) in self.connections.iter().zip([open as i64, made_room as i64, refused as i64]) {
            gauge.set(n);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}
