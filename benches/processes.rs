//! Two processes on one PostgreSQL database: writes at a steady rate through both, and the time
//! until each process shows every write. Then random tiles, item pages and feeds of both are
//! compared byte by byte. Usage: `tools/postgis run cargo bench --bench processes [-- WRITES]`
//! (500, at 100 a second).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use diaban::action::City;
use diaban::app;
use diaban::clock::{Clock, SystemClock, SystemIds};
use diaban::config::Config;
use diaban::demo::Generator;
use diaban::store::Store;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;

const RATE: u32 = 100;
const BEFORE: u64 = 5_000;
const COMPARED: usize = 300;

fn main() {
    let writes: u64 = std::env::args().filter_map(|a| a.parse().ok()).next_back().unwrap_or(500);
    let Some(cluster) = std::env::var_os("DIABAN_TEST_POSTGRES").and_then(|u| u.into_string().ok()) else {
        println!("left out: DIABAN_TEST_POSTGRES is not set, see tools/postgis");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let url = runtime.block_on(fill(&cluster));
    let servers = [(); 2].map(|()| runtime.block_on(start(url.clone())));
    for server in servers {
        while matched(server) != Some(BEFORE) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let done = AtomicBool::new(false);
    let (sent, seen) = std::thread::scope(|scope| {
        let watchers = servers.map(|server| {
            let done = &done;
            scope.spawn(move || watch(server, writes, done))
        });
        let sent = write(servers, writes);
        // Writes that are not visible after ten seconds are lost.
        let end = Stopwatch::now() + Duration::from_secs(10);
        while Stopwatch::now() < end && watchers.iter().any(|w| !w.is_finished()) {
            std::thread::sleep(Duration::from_millis(20));
        }
        done.store(true, Ordering::Relaxed);
        (sent, watchers.map(|w| w.join().expect("a watcher")))
    });
    for (name, seen) in ["first", "second"].into_iter().zip(seen) {
        let mut times: Vec<f64> = sent
            .iter()
            .zip(&seen)
            .map(|(sent, seen)| seen.duration_since(*sent).as_secs_f64() * 1e3)
            .collect();
        times.sort_by(f64::total_cmp);
        let shown = times.len();
        let (median, worst) = (times[shown / 2], times[shown - 1]);
        println!(
            "{name} process: {shown} of {writes} writes shown, median {median:.1} ms, worst {worst:.1} ms"
        );
    }
    println!("{COMPARED} addresses compared, {} differ", differing(servers));
}

async fn fill(cluster: &str) -> String {
    let mut db = PgConnection::connect(cluster).await.expect("the cluster is there");
    for sql in ["DROP DATABASE IF EXISTS diaban_bench_two", "CREATE DATABASE diaban_bench_two"] {
        sqlx::query(sql).execute(&mut db).await.expect("a database of its own");
    }
    let (server, _) = cluster.rsplit_once('/').expect("a URL with a database");
    let url = format!("{server}/diaban_bench_two");
    let store = Store::open(&url).await.expect("the store opens");
    let city = City::of_pack(diaban::city_files::embedded().expect("the pack")).expect("the city");
    let made = Generator::new(&city, 7, SystemClock.now(), BEFORE as usize).collect();
    store.load_reports(made).await.expect("the reports are stored");
    store.close().await;
    url
}

async fn start(store: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let public_url = Some("https://map.test".to_owned());
    let config = Config { listen: address, store, public_url, ..Config::default() };
    tokio::spawn(async move {
        let never = std::future::pending();
        app::run(config, Arc::new(SystemClock), Arc::new(SystemIds), listener, never, || {})
            .await
            .expect("it runs");
    });
    address
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn get(agent: &ureq::Agent, server: SocketAddr, path: &str) -> (u16, String, Vec<u8>) {
    let mut answer = agent.get(format!("http://{server}{path}")).call().expect("an answer");
    let tag = answer.headers().get("etag").and_then(|t| t.to_str().ok()).unwrap_or_default().to_owned();
    (answer.status().as_u16(), tag, answer.body_mut().read_to_vec().expect("a body"))
}

fn matched(server: SocketAddr) -> Option<u64> {
    counted(&agent(), server)
}

/// The count of the list; tiles use the same snapshot.
fn counted(agent: &ureq::Agent, server: SocketAddr) -> Option<u64> {
    let (_, _, body) = get(agent, server, "/collections/reports/items?limit=1");
    serde_json::from_slice::<serde_json::Value>(&body).ok()?["numberMatched"].as_u64()
}

/// When the process showed the first, the second … write.
fn watch(server: SocketAddr, writes: u64, done: &AtomicBool) -> Vec<Stopwatch> {
    let (agent, mut seen) = (agent(), Vec::new());
    while (seen.len() as u64) < writes && !done.load(Ordering::Relaxed) {
        let shown = counted(&agent, server).map_or(0, |n| n.saturating_sub(BEFORE));
        while (seen.len() as u64) < shown {
            seen.push(Stopwatch::now());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    seen
}

/// When each write was sent, in order of acknowledgement.
fn write(servers: [SocketAddr; 2], writes: u64) -> Vec<Stopwatch> {
    let agent = agent();
    let begun = Stopwatch::now();
    let body = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[106.69833,10.7725]},"properties":{"category":"pothole"}}"#;
    (0..writes)
        .map(|i| {
            let due = begun + Duration::from_secs(i) / RATE;
            std::thread::sleep(due.saturating_duration_since(Stopwatch::now()));
            let sent = Stopwatch::now();
            let url = format!("http://{}/collections/reports/items", servers[(i % 2) as usize]);
            let answer = agent.post(url).header("Content-Type", "application/geo+json").send(body);
            assert_eq!(answer.expect("an answer").status().as_u16(), 201);
            sent
        })
        .collect()
}

fn differing(servers: [SocketAddr; 2]) -> usize {
    let (agent, mut rng) = (agent(), Pcg64::seed_from_u64(3));
    let (_, _, list) = get(&agent, servers[0], "/collections/reports/items?limit=1000");
    let list: serde_json::Value = serde_json::from_slice(&list).expect("a list");
    let ids: Vec<u64> =
        list["features"].as_array().expect("features").iter().filter_map(|f| f["id"].as_u64()).collect();
    let wards = ["26740", "26743", "26758", "27004"];
    let mut path = || match rng.random_range(0..4) {
        0 => format!("/collections/reports/items/{}", ids[rng.random_range(0..ids.len())]),
        1 => format!(
            "/feeds/wards/{}.{}",
            wards[rng.random_range(0..4)],
            ["atom", "json", "geojson"][rng.random_range(0..3)]
        ),
        _ => {
            let z = rng.random_range(5..17);
            let n = f64::from(z).exp2();
            let (lon, lat): (f64, f64) = (rng.random_range(106.5..106.9), rng.random_range(10.6..11.0));
            let x = ((lon + 180.0) / 360.0 * n) as u32;
            let y = ((1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
            format!("/tiles/incidents,wards/{z}/{x}/{y}.mvt")
        }
    };
    (0..COMPARED)
        .filter(|_| {
            let path = path();
            let [one, other] = servers.map(|server| get(&agent, server, &path));
            one != other
        })
        .count()
}
