//! Many processes over one PostgreSQL: each shows what any of them wrote, in the same bytes, and outlives
//! the database's absence. On one file there is nothing to show.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant as Stopwatch;

use diaban::clock::SystemIds;

use crate::harness::{CENTRE, Server, feature};
use crate::test_database::{is_postgres, store_url};

const ITEMS: &str = "/collections/reports/items";

#[test]
fn each_process_shows_what_any_wrote_in_the_same_bytes() {
    if !is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let a = Server::start_filled(folder.path(), 2_000);
    let b = Server::start_in(folder.path(), Arc::new(SystemIds));
    let mut made = Vec::new();
    for i in 0..40 {
        let (writer, reader) = if i % 2 == 0 { (&a, &b) } else { (&b, &a) };
        let place = (CENTRE.0 + f64::from(i) * 1e-4, CENTRE.1);
        let id = writer.report("pothole", Some(place))["id"].as_u64().unwrap();
        let item = format!("{ITEMS}/{id}");
        assert_eq!(reader.get(&item).status, 200, "what is acknowledged is everywhere");
        made.push(id);
    }
    for s in [&a, &b] {
        s.until("it is level", || s.matched("") == 2_040);
    }
    let mut paths: Vec<String> = [
        "/tiles/incidents.json",
        "/collections",
        "/feeds/reports.atom",
        "/feeds/reports.json?limit=50",
        "/feeds/wards/26743/changes.json",
        "/collections/wards/items?limit=3",
    ]
    .map(str::to_owned)
    .into();
    paths.extend((0..15).map(|z| {
        let n = f64::from(z).exp2();
        let x = (CENTRE.0 + 180.0) / 360.0 * n;
        let y = (1.0 - CENTRE.1.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n;
        format!("/tiles/incidents,wards/{z}/{}/{}.mvt", x as u32, y as u32)
    }));
    paths.extend(made.iter().map(|id| format!("{ITEMS}/{id}")));
    paths.extend(
        ["", "&status=open", "&category=pothole", "&bbox=106.6,10.7,106.8,10.9"]
            .map(|q| format!("{ITEMS}?limit=200{q}")),
    );
    for path in paths {
        let (one, other) = (a.get(&path), b.get(&path));
        assert_eq!(
            (one.status, one.header("etag"), one.header("last-modified")),
            (200, other.header("etag"), other.header("last-modified")),
            "{path}"
        );
        assert!(one.body == other.body, "{path} differs");
    }
}

/// A cable between a process and its database that can be cut.
struct Cable {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, open) = (Arc::new(AtomicBool::new(false)), Arc::<Mutex<Vec<TcpStream>>>::default());
        let (is_cut, all) = (cut.clone(), open.clone());
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let Ok(near) = near else { continue };
                // What is not taken is closed: the system answers a refusal.
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&target) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || carry(from, to));
                }
                all.lock().unwrap().extend([near, far]);
            }
        });
        Self { address, cut, open }
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for socket in self.open.lock().unwrap().drain(..) {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut part = [0; 16 * 1024];
    while let Ok(n) = from.read(&mut part) {
        if n == 0 || to.write_all(&part[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_process_whose_database_is_away_serves_from_memory_and_comes_back() {
    if !is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = store_url(folder.path());
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, database) = rest.split_once('/').unwrap();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let cable = Cable::to(host.to_owned());
    let near =
        format!("{scheme}://{user}{}{}/{database}", if user.is_empty() { "" } else { "@" }, cable.address);
    let server = Server::start_set(|config| config.store = near);
    server.report("pothole", Some(CENTRE));
    let tile = "/tiles/incidents/0/0/0.mvt";
    server.until("it is on the map", || !server.get(tile).body.is_empty());
    let before = server.get(tile).body;

    cable.cut();
    server.until("it is known", || server.get("/readyz").json()["status"] == "stale");
    let (ready, seen) = (server.get("/readyz"), server.get(tile));
    assert_eq!((ready.status, seen.status), (200, 200));
    assert!(seen.body == before && seen.header("warning").starts_with("110"), "{:?}", seen.headers);
    assert_eq!(server.get(&format!("/locate?lon={}&lat={}", CENTRE.0, CENTRE.1)).status, 200);
    assert!(server.get("/metrics").text().contains("diaban_stale 1"));
    let body = feature("pothole", Some(CENTRE));
    let refused = server.post(ITEMS, &body, &[("Idempotency-Key", "0b3f6c1e-9a54-4c1b-8f0d-7f6f3f1f6a01")]);
    assert_eq!((refused.status, refused.header("retry-after")), (503, "2"), "{}", refused.text());
    assert_eq!(server.get(&format!("{ITEMS}?limit=1")).status, 503);

    cable.mend();
    let watch = Stopwatch::now();
    let mut made = 0;
    server.until("writes are taken again", || {
        made =
            server.post(ITEMS, &body, &[("Idempotency-Key", "0b3f6c1e-9a54-4c1b-8f0d-7f6f3f1f6a01")]).status;
        made == 201 || made == 200
    });
    server.until("it is level again", || {
        server.get("/readyz").json()["status"] == "ready" && server.matched("") == 2
    });
    println!("level again {:?} after the database came back", watch.elapsed());
    assert_eq!(server.get(tile).header("warning"), "");
    assert!(server.get(tile).body != before);
}
