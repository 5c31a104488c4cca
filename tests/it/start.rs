//! A start from the file of the live map shows the same as one from the record, and a file that does not
//! belong to the record is passed over.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use diaban::action::City;
use diaban::clock::SystemIds;
use diaban::demo::Generator;
use diaban::store::{Following, Store};
use diaban_core::domain::Instant;
use diaban_core::geo::{LonLat, Mercator, TileId};

use crate::harness::{CENTRE, NOW, Server, until};
use crate::test_database::{is_postgres, store_url};

const REPORTS: usize = 3_000;

fn map_file(folder: &Path) -> Option<PathBuf> {
    let mut found = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
    found.find(|f| f.extension().is_some_and(|e| e == "map"))
}

fn loaded_from(server: &Server) -> String {
    server.get("/readyz").json()["loaded_from"].as_str().unwrap().to_owned()
}

/// What the map shows: counts, pages and tiles, byte by byte.
fn shown(server: &Server) -> Vec<Vec<u8>> {
    let tiles = (6..=14_u8).flat_map(|z| {
        let middle =
            TileId::holding(Mercator::from_lonlat(LonLat::new(CENTRE.0, CENTRE.1).unwrap()), z).unwrap();
        (0..2).map(move |dx| format!("/tiles/incidents/{z}/{}/{}.mvt", middle.x() + dx, middle.y()))
    });
    let lists = ["limit=100", "limit=1&status=open", "limit=1&category=drainage", "limit=1&ward=26740"]
        .map(|q| format!("/collections/reports/items?{q}"));
    let filtered = "/tiles/incidents/11/1630/962.mvt?status=open&category=drainage,pothole".to_owned();
    tiles.chain(lists).chain([filtered]).map(|path| server.get(&path).body.clone()).collect()
}

fn beside<T>(folder: &Path, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&store_url(folder)).await.unwrap();
        let result = work(&store).await;
        store.close().await;
        result
    })
}

fn load_more(folder: &Path, seed: u64, n: usize) {
    beside(folder, async |store| {
        let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
        let now = Instant::parse(NOW).unwrap();
        store.load_reports(Generator::new(&city, seed, now, n).collect()).await.unwrap();
    });
}

fn start(folder: &Path) -> Server {
    Server::start_in(folder, Arc::new(SystemIds))
}

#[test]
fn a_start_from_the_file_shows_the_same_as_one_from_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = Server::start_filled(folder, REPORTS);
    assert_eq!(loaded_from(&first), "record");
    let hidden = first.report("pothole", Some(CENTRE))["id"].as_u64().unwrap();
    drop(first);
    assert!(map_file(folder).is_some(), "a process that ends leaves the file");
    // What happens while nobody serves is read from the log.
    load_more(folder, 8, 500);
    beside(folder, async |store| {
        let report = store.report(hidden).await.unwrap().unwrap();
        assert_eq!(report.id, hidden);
    });
    let second = start(folder);
    assert_eq!(loaded_from(&second), "file");
    assert_eq!(second.matched(""), REPORTS as u64 + 501);
    let kept = shown(&second);
    drop(second);
    std::fs::remove_file(map_file(folder).unwrap()).unwrap();
    let third = start(folder);
    assert_eq!(loaded_from(&third), "record");
    assert!(shown(&third) == kept, "the file and the record show different maps");
}

#[test]
fn a_file_that_is_damaged_or_of_another_record_is_passed_over() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (here, there) = (here.path(), there.path());
    drop(Server::start_filled(here, 100));
    drop(Server::start_filled(there, 200));
    let ours = map_file(here).unwrap();
    let whole = std::fs::read(&ours).unwrap();
    let check = |bytes: &[u8], from: &str| {
        std::fs::write(&ours, bytes).unwrap();
        let server = start(here);
        assert_eq!((loaded_from(&server).as_str(), server.matched("")), (from, 100));
    };
    check(&whole, "file");
    check(&whole[..whole.len() / 2], "record");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    check(&damaged, "record");
    check(b"", "record");
    check(&std::fs::read(map_file(there).unwrap()).unwrap(), "record");
    check(&whole, "file");
}

#[test]
fn a_process_behind_the_trimmed_log_reads_the_record_anew() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    drop(Server::start_filled(folder, 100));
    load_more(folder, 8, 1);
    load_more(folder, 9, 1);
    load_more(folder, 10, 1);
    let late = Instant::parse("2100-01-01T00:00:00Z").unwrap();
    beside(folder, async |store| {
        // The one that stopped is forgotten; another one stands at the end of the log.
        let head = store.last_change().await.unwrap();
        store.register(Following { id: 1, position: head, at: late }, late).await.unwrap();
        assert!(store.trim(late).await.unwrap() > 0);
    });
    let server = start(folder);
    assert_eq!((loaded_from(&server).as_str(), server.matched("")), ("record", 103));
}

#[test]
fn a_start_waits_for_a_database_server_that_does_not_answer_yet() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let real = is_postgres().then(|| store_url(folder.path()));
    let asked = match &real {
        Some(url) => {
            let server: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
            url.replace(&format!("{}:{}", server.get_host(), server.get_port()), &free.to_string())
        }
        None => format!("postgres://diaban@{free}/diaban"),
    };
    let log = folder.path().join("log");
    let mut child = Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store", &asked])
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let logged = || std::fs::read_to_string(&log).unwrap();
    until("it says what it waits for", || logged().contains("the database does not answer; trying again"));
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    if let Some(url) = real {
        let server: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
        forward(free, (server.get_host().to_owned(), server.get_port()));
        said.read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on http://"), "{line} {}", logged());
    }
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success(), "{}", logged());
    line.clear();
    said.read_to_string(&mut line).unwrap();
    assert_eq!(line, "", "it never served");
}

/// Passes connections on, from now on.
fn forward(from: std::net::SocketAddr, to: (String, u16)) {
    let listener = std::net::TcpListener::bind(from).unwrap();
    std::thread::spawn(move || {
        for here in listener.incoming().map_while(Result::ok) {
            let there = TcpStream::connect(&to).unwrap();
            for (mut a, mut b) in [
                (here.try_clone().unwrap(), there.try_clone().unwrap()),
                (there.try_clone().unwrap(), here.try_clone().unwrap()),
            ] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut a, &mut b);
                    let _ = b.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
}
