//! Durable POSTs per second over HTTP with 1, 8 and 32 clients, compared with a raw sqlx loop that
//! writes the same rows into the same tables with the same grouping and durability, alternating in
//! one run. Then the time from the start of a POST until the report is counted in its tile and in
//! the list. Usage: `cargo bench --bench write [-- SECONDS]`; on PostgreSQL, for both sides:
//! `DIABAN_TEST_BACKEND=postgres tools/postgis run cargo bench --bench write`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use diaban::app;
use diaban::clock::{SystemClock, SystemIds};
use diaban::config::Config;
use diaban::store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::net::TcpListener;

const BODY: &str = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[106.69833,10.7725]},"properties":{"category":"road_sign","title":"Biển báo bị gãy","description":"Nguy hiểm cho người đi xe máy","address":"12 Nguyễn Huệ","accuracy_m":8}}"#;

fn main() {
    let seconds = std::env::args().filter_map(|a| a.parse().ok()).next_back().unwrap_or(4);
    let span = Duration::from_secs(seconds);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let [served, raw_store] = ["http", "raw"].map(|name| runtime.block_on(database(folder.path(), name)));
    let address = runtime.block_on(start(served));
    runtime.block_on(async {
        // Creates the tables.
        let store = Store::open(&raw_store).await.expect("the store opens");
        store.close().await;
    });
    println!(
        "{:>8} {:>12} {:>12} {:>8} {:>10} {:>10} {:>10}",
        "clients", "HTTP/s", "raw/s", "ratio", "p50 ms", "p99 ms", "raw ms"
    );
    for clients in [1, 8, 32] {
        let mut rates = Vec::new();
        for _ in 0..3 {
            let http = clients_post(address, clients, span);
            let raw = runtime.block_on(raw_loop(&raw_store, clients, span));
            rates.push((http, raw));
        }
        // The run with the median ratio.
        rates.sort_by(|a, b| (a.0.rate / a.1).total_cmp(&(b.0.rate / b.1)));
        let (http, raw) = &rates[1];
        let ratio = http.rate / raw;
        let raw_ms = clients as f64 / raw * 1e3;
        println!(
            "{clients:>8} {:>12.0} {raw:>12.0} {ratio:>8.2} {:>10.3} {:>10.3} {raw_ms:>10.3}",
            http.rate, http.p50, http.p99
        );
    }
    let mut times = visible(address, 200);
    times.sort_by(f64::total_cmp);
    println!(
        "visible in tile and list after a POST, of 200: median {:.2} ms, worst {:.2} ms",
        times[100], times[199]
    );
}

/// Time from the first byte of the POST until list and tile both count one more, for `n` reports
/// one after another.
fn visible(address: SocketAddr, n: usize) -> Vec<f64> {
    let mut socket = TcpStream::connect(address).expect("a connection");
    socket.set_nodelay(true).expect("no delay");
    let list = |socket: &mut TcpStream| matched(&get(socket, "/collections/reports/items?limit=1"));
    // Zoom 18 at the report's position: one symbol, whose bytes change with its count.
    let tile = |socket: &mut TcpStream| get(socket, "/tiles/incidents/18/208767/123181.mvt");
    (0..n)
        .map(|_| {
            let (count, bytes) = (list(&mut socket), tile(&mut socket));
            let begun = Stopwatch::now();
            post(&mut socket);
            while list(&mut socket) == count || tile(&mut socket) == bytes {}
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect()
}

fn matched(body: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once("\"numberMatched\":").expect("a count");
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
}

fn get(socket: &mut TcpStream, path: &str) -> Vec<u8> {
    socket
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
        .expect("the request is sent");
    answer(socket).1
}

async fn start(file: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let config = Config { listen: address, store: file, ..Config::default() };
    tokio::spawn(async move {
        let never = std::future::pending();
        app::run(config, Arc::new(SystemClock), Arc::new(SystemIds), listener, never, || {})
            .await
            .expect("the server runs");
    });
    address
}

struct Rates {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn clients_post(address: SocketAddr, clients: usize, span: Duration) -> Rates {
    let stop = AtomicBool::new(false);
    let started = Stopwatch::now();
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut socket = TcpStream::connect(address).expect("a connection");
                    socket.set_nodelay(true).expect("no delay");
                    let mut times = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let begun = Stopwatch::now();
                        post(&mut socket);
                        times.push(begun.elapsed().as_secs_f64() * 1e3);
                    }
                    times
                })
            })
            .collect();
        std::thread::sleep(span);
        stop.store(true, Ordering::Relaxed);
        posts.into_iter().flat_map(|p| p.join().expect("a client")).collect()
    });
    let elapsed = started.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |q: f64| times[((times.len() - 1) as f64 * q) as usize];
    Rates { rate: times.len() as f64 / elapsed, p50: at(0.5), p99: at(0.99) }
}

fn post(socket: &mut TcpStream) {
    let head = format!(
        "POST /collections/reports/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/geo+json\r\nContent-Length: {}\r\n\r\n",
        BODY.len()
    );
    socket.write_all(format!("{head}{BODY}").as_bytes()).expect("the request is sent");
    let (head, _) = answer(socket);
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
}

/// Head and body of the next response.
fn answer(socket: &mut TcpStream) -> (String, Vec<u8>) {
    let mut read = Vec::new();
    let mut part = [0; 16_384];
    loop {
        let n = socket.read(&mut part).expect("an answer");
        assert!(n > 0, "the server closed");
        read.extend_from_slice(&part[..n]);
        let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if read.len() - end - 4 >= length.unwrap_or(0) {
            return (head.to_uppercase(), read.split_off(end + 4));
        }
    }
}

/// A file, or a database in the test cluster.
async fn database(folder: &std::path::Path, name: &str) -> String {
    let asked = std::env::var_os("DIABAN_TEST_BACKEND").is_some_and(|b| b == "postgres");
    let Some(cluster) = std::env::var_os("DIABAN_TEST_POSTGRES").filter(|_| asked) else {
        return folder.join(name).display().to_string();
    };
    let cluster = cluster.into_string().expect("a URL");
    let mut db = PgConnection::connect(&cluster).await.expect("the cluster is there");
    for sql in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        let sql = AssertSqlSafe(format!("{sql} diaban_bench_{name}"));
        sqlx::query(sql).execute(&mut db).await.expect("a database of its own");
    }
    let (server, _) = cluster.rsplit_once('/').expect("a URL with a database");
    format!("{server}/diaban_bench_{name}")
}

/// Groups as large as the number of clients, one after another, on one connection.
async fn raw_loop(store: &str, group: usize, span: Duration) -> f64 {
    if store.starts_with("postgres") {
        let mut db = PgConnection::connect(store).await.expect("the tables are there");
        return on_postgres::run(&mut db, group, span).await;
    }
    let options = SqliteConnectOptions::new()
        .filename(store)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let mut db = SqliteConnection::connect_with(&options).await.expect("the tables are there");
    on_sqlite::run(&mut db, group, span).await
}

/// The loop on one kind of connection; `$begin` begins a transaction on it.
macro_rules! raw {
    ($name:ident, $Connection:ty, $begin:literal) => {
        mod $name {
            use super::*;

            pub(super) async fn run(db: &mut $Connection, group: usize, span: Duration) -> f64 {
                let last = "SELECT coalesce(max(id), 0) FROM report_public";
                let mut id: i64 = sqlx::query_scalar(last).fetch_one(&mut *db).await.expect("an id");
                let started = Stopwatch::now();
                let mut done = 0_u32;
                while started.elapsed() < span {
                    let mut tx = db.begin_with($begin).await.expect("a transaction");
                    for _ in 0..group {
                        id += 1;
                        insert(&mut tx, id).await.expect("the row is written");
                    }
                    tx.commit().await.expect("the commit");
                    done += group as u32;
                }
                f64::from(done) / started.elapsed().as_secs_f64()
            }

            async fn insert(db: &mut $Connection, id: i64) -> Result<(), sqlx::Error> {
                let now = 1_790_000_000_000 + id;
                let row = sqlx::query(REPORT)
                    .bind(id)
                    .bind("Biển báo bị gãy")
                    .bind("Nguy hiểm cho người đi xe máy")
                    .bind(now)
                    .fetch_one(&mut *db)
                    .await?;
                let seq: i64 = row.try_get(0)?;
                for sql in REST {
                    sqlx::query(sql).bind(seq).bind(now).execute(&mut *db).await?;
                }
                Ok(())
            }
        }
    };
}

raw!(on_sqlite, SqliteConnection, "BEGIN IMMEDIATE");
raw!(on_postgres, PgConnection, "BEGIN");

const REPORT: &str = "INSERT INTO report_public (id, lon, lat, category, state, ward, body, rule, title, description, address, source,
         border_m, created_ms, updated_ms, due_ms, masked)
     VALUES ($1, 106.69833, 10.7725, 'road_sign', 0, '2025-07-01.26743', 'urban_traffic', 'category:road_sign', $2, $3,
         '12 Nguyễn Huệ', 'api', 268.7, $4, $4, $4, 1) ON CONFLICT (id) DO NOTHING RETURNING seq";
const REST: [&str; 3] = [
    "INSERT INTO report_private (seq, lon, lat, accuracy_m, address, created_ms)
     VALUES ($1, 106.69833, 10.7725, 8, '12 Nguyễn Huệ', $2)",
    "INSERT INTO event (seq, report, at_ms, role, to_state) VALUES ($1, $1, $2, 'citizen', 0)",
    "INSERT INTO change (kind, first, last, at_ms) VALUES (0, $1, $1, $2)",
];
