//! Starting a server and talking to it.
#![allow(unreachable_pub, reason = "a module of a test, not of a library")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use diaban::action::City;
use diaban::app;
use diaban::clock::{Clock, FixedClock, FixedIds, Ids, SystemIds};
use diaban::config::Config;
use diaban::demo::Generator;
use diaban::store::{FeatureWrite, Store};
use diaban_core::domain::feature::{Membership, NewFeature};
use diaban_core::domain::field::Value as FieldValue;
use diaban_core::domain::{Collection, Instant};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::test_database::store_url;

/// A point in the middle of a ward of the embedded areas.
pub const CENTRE: (f64, f64) = (106.698_33, 10.772_5);
/// When the fixed clock stands: a Wednesday morning in Ho Chi Minh City.
pub const NOW: &str = "2026-11-25T01:30:00Z";
const PATIENCE: Duration = Duration::from_secs(20);

/// A server in this process. Stops, and is waited for, when dropped.
pub struct Server {
    pub base: String,
    pub address: std::net::SocketAddr,
    pub clock: Arc<FixedClock>,
    /// The store's address, for what writes beside the server as imports do.
    pub store: String,
    agent: ureq::Agent,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    kept: Option<TempDir>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Server {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_in(folder.path(), Arc::new(SystemIds));
        server.kept = Some(folder);
        server
    }

    /// With ids 1, 2, 3 … so that documents can be compared.
    pub fn start_counting() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_in(folder.path(), Arc::new(FixedIds::from_list(Vec::new())));
        server.kept = Some(folder);
        server
    }

    pub fn start_in(folder: &Path, ids: Arc<dyn Ids>) -> Self {
        Self::start_with(folder, ids, |_| {})
    }

    /// Two years of a city: so many generated reports.
    pub fn start_filled(folder: &Path, reports: usize) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&store_url(folder)).await.unwrap();
            let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
            let now = Instant::parse(NOW).unwrap();
            store.load_reports(Generator::new(&city, 7, now, reports).collect()).await.unwrap();
            store.close().await;
        });
        Self::start_in(folder, Arc::new(SystemIds))
    }

    /// With other settings than the usual ones.
    pub fn start_set(set: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_with(folder.path(), Arc::new(SystemIds), set);
        server.kept = Some(folder);
        server
    }

    fn start_with(folder: &Path, ids: Arc<dyn Ids>, set: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(FixedClock::at(Instant::parse(NOW).unwrap()));
        let mut config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            store: store_url(folder),
            cache: Some(folder.to_owned()),
            public_url: Some("https://map.test".to_owned()),
            ..Config::default()
        };
        set(&mut config);
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let store = config.store.clone();
        let given: Arc<dyn Clock> = clock.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(config.listen).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let until = async { drop(stopped.await) };
                app::run(config, given, ids, listener, until, || {}).await.unwrap();
            });
        });
        let address = told.recv_timeout(PATIENCE).unwrap();
        let server = Self {
            base: format!("http://{address}"),
            address,
            clock,
            store,
            agent: agent(),
            stop: Some(stop),
            thread: Some(thread),
            kept: None,
        };
        server.until("it is ready", || server.get("/readyz").status == 200);
        server
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        get(&self.agent, &self.base, path, headers)
    }

    pub fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let body = serde_json::to_vec(body).unwrap();
        self.post_bytes(path, &body, "application/geo+json", headers)
    }

    pub fn post_bytes(&self, path: &str, body: &[u8], media: &str, headers: &[(&str, &str)]) -> Answer {
        post(&self.agent, &self.base, path, body, media, headers)
    }

    /// Posts a report that must be accepted; gives its feature.
    pub fn report(&self, category: &str, place: Option<(f64, f64)>) -> Value {
        let answer = self.post("/collections/reports/items", &feature(category, place), &[]);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Sets the clock behind the end of its hour: what waited for it becomes public soon.
    pub fn end_hour(&self) {
        let next = self.clock.now().floor_hour().ms() + 3_600_000 + 61_000;
        self.clock.set(Instant::from_ms(next));
    }

    pub fn matched(&self, query: &str) -> u64 {
        let answer = self.get(&format!("/collections/reports/items?limit=1&{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["numberMatched"].as_u64().unwrap()
    }

    /// Writes features beside the server, as an import does, and waits until it shows them.
    pub fn features(&self, collection: &str, source: &str, features: &[Value], gone: &[&str]) {
        let pack = diaban::city_files::embedded().unwrap();
        let collection = pack.collection(collection).unwrap();
        let write = FeatureWrite {
            collection: collection.clone(),
            source: source.to_owned(),
            upserts: features.iter().map(|f| new_feature(collection, f)).collect(),
            gone: gone.iter().map(|s| (*s).to_owned()).collect(),
            edition: 0,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let at = self.clock.now();
        let head = runtime.block_on(async {
            let store = Store::open(&self.store).await.unwrap();
            store.write_features(write, at).await.unwrap();
            let head = store.last_change().await.unwrap();
            store.close().await;
            head
        });
        self.until("the features are on the map", || {
            self.get("/readyz").json()["applied"].as_i64().unwrap() >= head
        });
    }

    /// Waits for what comes soon: never longer than needed, never for ever.
    #[expect(clippy::unused_self, reason = "reads well at the call")]
    pub fn until(&self, what: &str, done: impl FnMut() -> bool) {
        until(what, done);
    }
}

/// `{ "source_id", "geometry", "wards", "membership", "properties" }` as an importer would hand it in.
fn new_feature(collection: &Collection, f: &Value) -> NewFeature {
    let properties = f["properties"].as_object().unwrap();
    let raw: std::collections::BTreeMap<String, FieldValue> = properties
        .iter()
        .map(|(k, v)| (k.clone(), FieldValue::Text(v.as_str().map_or_else(|| v.to_string(), str::to_owned))))
        .collect();
    NewFeature {
        source_id: f["source_id"].as_str().unwrap().to_owned(),
        geometry: diaban_core::format::geometry::from_json(&f["geometry"]).unwrap(),
        values: collection.read(&raw).unwrap(),
        wards: f["wards"]
            .as_array()
            .map_or_else(Vec::new, |w| w.iter().map(|w| w.as_str().unwrap().to_owned()).collect()),
        membership: match f["membership"].as_str() {
            Some("named") => Membership::Named,
            Some("lent") => Membership::Lent,
            _ => Membership::Met,
        },
    }
}

/// So many milliseconds after the clock's first moment.
pub fn after(ms: i64) -> Instant {
    Instant::from_ms(Instant::parse(NOW).unwrap().ms() + ms)
}

pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Stopwatch::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The fields that a problem document names, after checking that it is one.
    pub fn problem(&self, status: u16) -> Vec<String> {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(body["title"].as_str().is_some_and(|t| !t.is_empty()));
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
    }
}

/// Refused and missing are answers, not errors; nothing is decoded behind our back.
pub fn agent() -> ureq::Agent {
    agent_within(PATIENCE)
}

/// The same, for answers that may take so long.
pub fn agent_within(time: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(time))
        // The service closes a connection on which nothing came for ten seconds; a POST on it would fail.
        .max_idle_age(Duration::from_secs(5))
        .max_redirects(0)
        .accept_encoding(ureq::config::AutoHeaderValue::None)
        .build()
        .into()
}

pub fn get(agent: &ureq::Agent, base: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = agent.get(format!("{base}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.call().unwrap())
}

/// Sends a request without a body by any method.
pub fn ask(agent: &ureq::Agent, method: &str, address: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = ureq::http::Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(agent.run(request.body(()).unwrap()).unwrap())
}

pub fn post(
    agent: &ureq::Agent,
    base: &str,
    path: &str,
    body: &[u8],
    media: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = agent.post(format!("{base}{path}")).header("Content-Type", media);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.send(body).unwrap())
}

fn answer(response: ureq::http::Response<ureq::Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.into_with_config().limit(u64::MAX).read_to_vec().unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// A report as an app sends it.
pub fn feature(category: &str, place: Option<(f64, f64)>) -> Value {
    let geometry = place.map(|(lon, lat)| serde_json::json!({ "type": "Point", "coordinates": [lon, lat] }));
    serde_json::json!({
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "category": category,
            "title": "Nắp cống mất trước nhà 12",
            "description": "Nguy hiểm cho người đi xe máy, can't pass",
            "address": "12 Nguyễn Huệ",
            "accuracy_m": 8,
        },
    })
}

/// Runs the executable in a folder, with the store of that folder.
pub fn command(folder: &Path, command: &[&str], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(command)
        .args(arguments)
        .arg("--store")
        .arg(store_url(folder))
        .current_dir(folder)
        .output()
        .unwrap()
}

/// All that a command said.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
