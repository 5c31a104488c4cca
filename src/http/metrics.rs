//! What the operator can count: requests, the live index, the change log, the writer.

use std::time::Duration;

use axum::http::Method;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Media type of the text format.
pub(super) const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// The numbers and the registry that prints them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Answer, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    reports: Gauge,
    applied: Gauge,
    queued: Gauge,
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
        registry.register("http_answers", "Answers by route, method and status", answers.clone());
        registry.register_with_unit("http_answer", "Time to answer by route", Unit::Seconds, seconds.clone());
        registry.register("live_reports", "Reports in the live index", reports.clone());
        registry.register(
            "applied_change",
            "Position in the change log the live index stands at",
            applied.clone(),
        );
        registry.register("queued_writes", "Writes waiting for the writer", queued.clone());
        Self { registry, answers, seconds, reports, applied, queued }
    }
}

impl Metrics {
    pub(super) fn answered(&self, route: &str, method: &Method, status: u16, elapsed: Duration) {
        // Methods are the client's to invent: only known ones become a label.
        let method = if method.as_str().len() <= 7 { method.as_str() } else { "OTHER" };
        let method = match method {
            "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => method,
            _ => "OTHER",
        };
        let label = Answer { route: route.to_owned(), method: method.to_owned(), status };
        self.answers.get_or_create(&label).inc();
        self.seconds.get_or_create(&Route { route: route.to_owned() }).observe(elapsed.as_secs_f64());
    }

    pub(super) fn print(&self, reports: u64, applied: i64, queued: usize) -> String {
        self.reports.set(reports as i64);
        self.applied.set(applied);
        self.queued.set(queued as i64);
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}
