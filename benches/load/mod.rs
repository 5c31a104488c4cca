//! A server as a separate process, and a client that generates load: a closed loop to find the
//! capacity, an open loop to exceed it. Latency counts from the moment a request was due, so a
//! stalled server does not stop the clock.
#![allow(unreachable_pub, dead_code, reason = "shared by two benches")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

const BODY: &str = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[106.69833,10.7725]},"properties":{"category":"road_sign","title":"Biển báo bị gãy","description":"Nguy hiểm cho người đi xe máy","address":"12 Nguyễn Huệ","accuracy_m":8}}"#;
/// Connections of the client. Requests beyond this many are not sent, and are counted.
const SOCKETS: usize = 3_000;
const GIVE_UP: Duration = Duration::from_secs(10);

/// A server filled with generated reports; killed when dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Process {
    pub fn start(reports: usize, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("diaban.toml");
        std::fs::write(&file, settings).expect("the settings are written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_diaban"))
            .args(["demo", "--listen", "127.0.0.1:0", "--reports", &reports.to_string(), "--store"])
            .arg(format!("sqlite:{}", folder.path().join("load.db").display()))
            .arg("--config")
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|l| l.strip_prefix("listening on http://")?.parse().ok())
            .expect("it says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, folder }
    }

    /// The address of its store.
    pub fn store(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("load.db").display())
    }

    /// Resident memory in MiB.
    pub fn rss(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let kib = text.lines().find_map(|l| l.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        kib.and_then(|n| n.trim().parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }

    /// CPU seconds used by the server and by this process.
    pub fn cpu(&self) -> [f64; 2] {
        [self.child.id(), std::process::id()].map(|pid| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
            let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
            (ticks(11) + ticks(12)) / 100.0
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kinds of requests, in the server's order of shedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Export,
    CostlyTile,
    Tile,
    List,
    Create,
}

/// A random request: mostly tiles and lists, a tenth creates, a few exports.
pub fn request(rng: &mut Pcg64) -> (Kind, String) {
    const STATUS: [&str; 4] = ["", "&status=open", "&category=pothole", "&category=drainage,manhole"];
    let filter = STATUS[rng.random_range(0..STATUS.len())];
    let get = |path: String| format!("GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    match rng.random_range(0..100) {
        0..10 => {
            let head =
                "POST /collections/reports/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/geo+json";
            (Kind::Create, format!("{head}\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len()))
        }
        10..13 => (Kind::Export, get(format!("/collections/reports/items?f=csv&limit=5000{filter}"))),
        13..23 => {
            let z = rng.random_range(5..9);
            (Kind::CostlyTile, get(tile(z, 106.7, 10.78, filter)))
        }
        23..65 => {
            let z = rng.random_range(10..17);
            let (lon, lat) = (rng.random_range(106.55..106.85), rng.random_range(10.65..10.95));
            (Kind::Tile, get(tile(z, lon, lat, filter)))
        }
        _ => (Kind::List, get(format!("/collections/reports/items?limit=100{filter}"))),
    }
}

fn tile(z: i32, lon: f64, lat: f64, filter: &str) -> String {
    let n = f64::from(z).exp2();
    let x = ((lon + 180.0) / 360.0 * n) as u32;
    let y = ((1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
    format!("/tiles/incidents/{z}/{x}/{y}.mvt?{}", filter.trim_start_matches('&'))
}

/// Results by kind: the status (0: no response within the timeout, 1: not sent, no free socket) and
/// milliseconds since the request was due.
pub type Answers = BTreeMap<Kind, Vec<(u16, f64)>>;

/// Sends one request and reads the whole response.
pub async fn send(socket: &mut TcpStream, request: &str) -> std::io::Result<u16> {
    socket.write_all(request.as_bytes()).await?;
    let mut read = Vec::with_capacity(4_096);
    let head = loop {
        if socket.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let length = text.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let chunked = text.contains("transfer-encoding: chunked");
    let mut at = head;
    while match length {
        Some(n) => read.len() - head < n,
        None => chunked && !last_chunk(&read, &mut at),
    } {
        if socket.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    if text.contains("connection: close") {
        return Err(std::io::Error::other(status.to_string()));
    }
    Ok(status)
}

/// Whether the last chunk has been read (RFC 9112 section 7.1). `at` is the start of the next one.
fn last_chunk(read: &[u8], at: &mut usize) -> bool {
    loop {
        let rest = read.get(*at..).unwrap_or_default();
        let Some(end) = rest.windows(2).position(|w| w == b"\r\n") else { return false };
        let size = std::str::from_utf8(&rest[..end]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let next = end + 2 + size.expect("a size of a chunk") + 2;
        if rest.len() < next {
            return false;
        }
        if size == Some(0) {
            return true;
        }
        *at += next;
    }
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// A number of clients; each sends its next request as soon as it has a response.
pub async fn closed(address: SocketAddr, clients: u64, span: Duration) -> Answers {
    let answers = Arc::new(Mutex::new(Answers::new()));
    let end = Instant::now() + span;
    let mut all = tokio::task::JoinSet::new();
    for client in 0..clients {
        let answers = answers.clone();
        all.spawn(async move {
            let mut rng = Pcg64::seed_from_u64(client);
            let mut socket = connect(address).await.expect("a connection");
            while Instant::now() < end {
                let (kind, text) = request(&mut rng);
                let begun = Instant::now();
                let status = send(&mut socket, &text).await.expect("a response");
                note(&answers, kind, status, begun);
            }
        });
    }
    all.join_all().await;
    std::mem::take(&mut *answers.lock().expect("nobody panicked"))
}

fn note(answers: &Mutex<Answers>, kind: Kind, status: u16, due: Instant) {
    let ms = due.elapsed().as_secs_f64() * 1e3;
    answers.lock().expect("nobody panicked").entry(kind).or_default().push((status, ms));
}

/// A number of requests per second, independent of the responses.
pub async fn open(address: SocketAddr, rate: f64, span: Duration, seed: u64) -> Answers {
    let answers = Arc::new(Mutex::new(Answers::new()));
    let pool = Arc::new(Mutex::new(Vec::<TcpStream>::new()));
    let used = Arc::new(AtomicUsize::new(0));
    let mut rng = Pcg64::seed_from_u64(seed);
    let (begun, mut due) = (Instant::now(), Instant::now());
    let mut all = tokio::task::JoinSet::new();
    while begun.elapsed() < span {
        // Exponential gaps: independent clients are not synchronised.
        due += Duration::from_secs_f64(-rng.random_range(1e-9_f64..1.0).ln() / rate);
        sleep_until(due).await;
        let (kind, text) = request(&mut rng);
        while all.try_join_next().is_some() {}
        if used.load(Relaxed) >= SOCKETS {
            note(&answers, kind, 1, due);
            continue;
        }
        used.fetch_add(1, Relaxed);
        let (answers, pool, used) = (answers.clone(), pool.clone(), used.clone());
        all.spawn(async move {
            let status = timeout(GIVE_UP, async {
                loop {
                    let reused = pool.lock().expect("nobody panicked").pop();
                    let is_reused = reused.is_some();
                    let mut socket = match reused {
                        Some(socket) => socket,
                        None => connect(address).await.ok()?,
                    };
                    match send(&mut socket, &text).await {
                        Ok(status) => {
                            pool.lock().expect("nobody panicked").push(socket);
                            return Some(status);
                        }
                        Err(e) => match e.to_string().parse() {
                            Ok(status) => return Some(status),
                            // The server closed the idle connection just when it was reused: every
                            // client retries.
                            Err(_) if is_reused => {}
                            Err(_) => return None,
                        },
                    }
                }
            });
            let status = status.await.ok().flatten().unwrap_or(0);
            used.fetch_sub(1, Relaxed);
            note(&answers, kind, status, due);
        });
    }
    while all.join_next().await.is_some() {}
    std::mem::take(&mut *answers.lock().expect("nobody panicked"))
}

/// Number of useful responses.
pub fn good(answers: &Answers) -> usize {
    answers.values().flatten().filter(|(status, _)| (200..300).contains(status)).count()
}

/// A quantile of the times of successful responses, in milliseconds.
pub fn quantile(times: &[(u16, f64)], q: f64) -> f64 {
    let mut good: Vec<f64> =
        times.iter().filter(|(s, _)| (200..300).contains(s)).map(|(_, ms)| *ms).collect();
    good.sort_by(f64::total_cmp);
    good.get(((good.len().max(1) - 1) as f64 * q) as usize).copied().unwrap_or(f64::NAN)
}

/// Prints one line per kind.
pub fn print(title: &str, answers: &Answers) {
    println!("{title}");
    println!(
        "  {:<12} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9}",
        "kind", "offered", "good", "503", "other", "refused", "p50 ms", "p99 ms"
    );
    for (kind, times) in answers {
        let count = |f: fn(u16) -> bool| times.iter().filter(|(s, _)| f(*s)).count();
        let (good, shed) = (count(|s| (200..300).contains(&s)), count(|s| s == 503));
        println!(
            "  {:<12} {:>8} {good:>8} {shed:>8} {:>8} {:>8.1}% {:>9.2} {:>9.2}",
            format!("{kind:?}"),
            times.len(),
            times.len() - good - shed,
            shed as f64 / times.len() as f64 * 100.0,
            quantile(times, 0.5),
            quantile(times, 0.99)
        );
    }
}
