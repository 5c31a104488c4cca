//! A flood hour: thousands of changes between two looks, and nobody loses one or gets one twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant as Stopwatch};

use diaban::action::{Actor, City, Transition, transition};
use diaban::store::Store;
use diaban_core::domain::{Instant, State};
use serde_json::Value;

use crate::feeds::ward_of;
use crate::harness::{CENTRE, NOW, Server, feature};
use crate::listen::Listener;

/// Changes that are written; `DIABAN_FLOOD=10000` for the promise's own number.
#[expect(clippy::disallowed_methods, reason = "how large a test is, is no setting of the program")]
fn size() -> usize {
    let wanted: usize = std::env::var("DIABAN_FLOOD").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000);
    // Three writers, two changes a report.
    wanted / 6 * 6
}

/// Writes reports through the door on three connections, each moved on once: two changes a report. Gives
/// the events that must be told, by their public names.
fn flood(server: &Server, changes: usize) -> BTreeSet<String> {
    let ticks = AtomicUsize::new(0);
    let start = Instant::parse(NOW).unwrap().ms();
    let tick = || {
        let t = ticks.fetch_add(1, Ordering::SeqCst) as i64;
        server.clock.set(Instant::from_ms(start + t));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (store, city) = runtime.block_on(async {
        (
            Store::open(&server.store).await.unwrap(),
            City::of_pack(diaban::city_files::embedded().unwrap()).unwrap(),
        )
    });
    let write = |n: usize| {
        let mut told = Vec::new();
        for i in 0..n {
            tick();
            // Exact ones: others come when their hour is over, of which `hour` tells.
            let category = ["pothole", "road_sign"][i % 2];
            let made = server.post("/collections/reports/items", &feature(category, Some(CENTRE)), &[]);
            assert_eq!(made.status, 201, "{}", made.text());
            let id = made.json()["id"].as_u64().unwrap();
            tick();
            let forward = Transition { to: Some(State::Forwarded), ..Transition::default() };
            runtime
                .block_on(transition(&city, &store, &*server.clock, id, &forward, &Actor::OPERATOR))
                .unwrap();
            told.extend([format!("{id}.1"), format!("{id}.2")]);
        }
        told
    };
    let told = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3).map(|_| scope.spawn(|| write(changes / 6))).collect();
        writers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    runtime.block_on(store.close());
    told
}

/// A reader as they are: asks with its tag, follows `next_url` until it meets what it knows.
struct Poller<'a> {
    server: &'a Server,
    path: String,
    tag: String,
    known: BTreeMap<String, String>,
    pages: usize,
}

impl<'a> Poller<'a> {
    fn new(server: &'a Server, path: String) -> Self {
        Self { server, path, tag: String::new(), known: BTreeMap::new(), pages: 0 }
    }

    fn poll(&mut self) {
        let (mut next, mut fresh) = (Some(self.path.clone()), BTreeMap::new());
        while let Some(path) = next.take() {
            let first = path == self.path;
            let headers = [("If-None-Match", self.tag.as_str())];
            let answer = self.server.get_with(&path, if first { &headers } else { &[] });
            if answer.status == 304 {
                return;
            }
            self.pages += 1;
            assert_eq!(answer.status, 200, "{}", answer.text());
            if first {
                answer.header("etag").clone_into(&mut self.tag);
            }
            let page = answer.json();
            let text = |v: &Value| v.as_str().unwrap().to_owned();
            let mut met = false;
            for item in page["items"].as_array().unwrap() {
                let (id, at) = (text(&item["id"]), text(&item["date_modified"]));
                if self.known.get(&id) == Some(&at) {
                    met = true;
                    break;
                }
                assert!(fresh.insert(id.clone(), at).is_none(), "{id} came twice in one walk");
            }
            if !met {
                next =
                    page["next_url"].as_str().map(|u| u.strip_prefix("https://map.test").unwrap().to_owned());
            }
        }
        self.known.extend(fresh);
    }
}

#[test]
fn who_polls_reads_every_change_once() {
    let server = Server::start();
    let ward = ward_of(&server.report("pothole", Some(CENTRE)));
    let mut changes = Poller::new(&server, format!("/feeds/wards/{ward}/changes.json?limit=50"));
    let mut reports = Poller::new(&server, format!("/feeds/wards/{ward}.json?limit=50"));
    changes.poll();
    reports.poll();
    let (before, n) = (changes.known.clone(), size());
    let watch = Stopwatch::now();
    let told = std::thread::scope(|scope| {
        let writer = scope.spawn(|| flood(&server, n));
        while !writer.is_finished() {
            changes.poll();
            reports.poll();
        }
        writer.join().unwrap()
    });
    let wrote = watch.elapsed();
    // A tag that was taken within the last writes must not hide what came after it.
    changes.poll();
    reports.poll();
    let event = |id: &String| id.rsplit_once("reports/").unwrap().1.replace("/events/", ".");
    let read: BTreeSet<String> =
        changes.known.keys().filter(|k| !before.contains_key(*k)).map(event).collect();
    assert_eq!(read.difference(&told).count(), 0);
    assert_eq!(told.difference(&read).count(), 0, "lost");
    let mut anew = Poller::new(&server, format!("/feeds/wards/{ward}.json?limit=1000"));
    anew.poll();
    assert_eq!(reports.known, anew.known);
    // One who slept through all of it.
    let watch = Stopwatch::now();
    let mut late = Poller {
        known: before,
        tag: String::new(),
        pages: 0,
        ..Poller::new(&server, changes.path.replace("=50", "=1000"))
    };
    late.poll();
    assert_eq!(late.known, changes.known);
    println!(
        "{n} changes written and polled in {wrote:?} ({} pages); the late one read {} pages in {:?}",
        changes.pages + reports.pages,
        late.pages,
        watch.elapsed()
    );
}

/// The id of the next message.
fn next(listener: &mut Listener) -> Option<String> {
    loop {
        let block = listener.block()?;
        assert!(!block.starts_with(':'), "a heartbeat instead of an event: some were lost");
        let Some(id) = block.lines().find_map(|l| l.strip_prefix("id: ")) else { continue };
        let data = block.lines().find_map(|l| l.strip_prefix("data: ")).unwrap();
        let item: Value = serde_json::from_str(data).unwrap();
        assert_eq!(item["_diaban"]["report"].to_string(), id.split_once('.').unwrap().0);
        return Some(id.to_owned());
    }
}

/// Every event once, and no other.
fn same(heard: Vec<String>, told: &BTreeSet<String>) {
    let once: BTreeSet<String> = heard.iter().cloned().collect();
    assert_eq!(once.len(), heard.len(), "some came twice");
    assert_eq!(told.difference(&once).count(), 0, "some were lost");
    assert_eq!(once.difference(told).count(), 0, "some are strange");
}

#[test]
fn a_stream_that_is_cut_fifty_times_tells_every_event_once() {
    let server = Server::start();
    let made = server.report("pothole", Some(CENTRE));
    let first = format!("{}.1", made["id"]);
    let path = format!("/feeds/wards/{}/events", ward_of(&made));
    // One who listens to the whole city and reads nothing of the first fifth: more than its socket holds, and over
    // long before the server gives up on one who never reads.
    let mut sleeper = Listener::narrow(&server, "/feeds/reports/events", &first);
    let (wake, woken) = mpsc::channel();
    let n = size();
    let (told, heard, late, cuts) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| flood(&server, n));
        let late = scope.spawn(move || {
            let _ = woken.recv();
            (0..n).map(|_| next(&mut sleeper).unwrap()).collect::<Vec<_>>()
        });
        let (mut heard, mut last, mut cuts) = (Vec::new(), first.clone(), 0);
        while heard.len() < n {
            let mut stream = Listener::open(&server, &path, &last);
            // The last one stays to the end.
            let until = if cuts < 50 { heard.len() + 1 + (cuts * 7) % (n / 40) } else { n };
            while heard.len() < until.min(n) {
                last = next(&mut stream).expect("the server does not end it");
                heard.push(last.clone());
                if heard.len() == n / 5 {
                    let _ = wake.send(());
                }
            }
            cuts += 1;
        }
        (writer.join().unwrap(), heard, late.join().unwrap(), cuts)
    });
    assert!(cuts > 50, "{cuts}");
    assert_eq!(heard.len(), told.len());
    same(heard, &told);
    same(late, &told);
}

#[test]
fn streams_end_when_the_server_stops_and_begin_anew_after_what_is_no_id() {
    let server = Server::start();
    let made = server.report("pothole", Some(CENTRE));
    // An id that nobody knows ends no stream: the first event says to begin anew, then what happens follows.
    for last in ["7", "abc", "4503599627370495.3", "-1.-1", "1.99999999999999999999", "\u{fe0f}.1"] {
        let mut stream = Listener::open(&server, "/feeds/reports/events", last);
        assert_eq!(stream.block().as_deref(), Some("retry: 2000\n\n"));
        let said = stream.block().unwrap();
        assert!(said.starts_with("id:\nevent: begin-anew\ndata: {"), "{last}: {said}");
    }
    let mut stream = Listener::open(&server, "/feeds/reports/events?last_event_id=7", "");
    assert!(stream.block().is_some() && stream.block().unwrap().contains("begin-anew"));
    assert_eq!(server.get("/feeds/reports/events?lastid=7").problem(400), ["lastid"]);
    let mut streams: Vec<Listener> =
        (0..3).map(|_| Listener::open(&server, "/feeds/reports/events", "")).collect();
    for s in &mut streams {
        assert_eq!(s.block().as_deref(), Some("retry: 2000\n\n"));
    }
    // Live, to all who listen.
    server.report("pothole", Some(CENTRE));
    let ids: BTreeSet<_> = streams.iter_mut().map(|s| next(s).unwrap()).collect();
    assert!(ids.len() == 1 && !ids.contains(&format!("{}.1", made["id"])));
    let watch = Stopwatch::now();
    drop(server);
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
    assert!(streams.iter_mut().all(|s| s.block().is_none()));
}

#[test]
fn streams_are_bounded_and_one_that_ends_makes_room() {
    let server = Server::start_set(|config| {
        let loopback = std::net::IpAddr::from(std::net::Ipv4Addr::LOCALHOST).into();
        config.trusted_proxies = diaban::http::Proxies::new(vec![loopback]).unwrap();
        config.streams.total = 40.try_into().unwrap();
        config.streams.by_address = 20.try_into().unwrap();
    });
    let path = "/feeds/reports/events";
    // One after the other: all at once would be a flood, which is shed.
    let open = |address: &str| {
        let mut stream = Listener::from(&server, path, "", address);
        assert_eq!(stream.block().as_deref(), Some("retry: 2000\n\n"));
        stream
    };
    let refused = |path: &str, address: &str| {
        let refused = server.get_with(path, &[("X-Forwarded-For", address)]);
        assert_eq!(refused.header("retry-after"), "10", "{}", refused.text());
        refused.problem(refused.status);
        (refused.status, refused.json()["detail"].as_str().unwrap().to_owned())
    };
    // One address has its share and no more, of streams of any kind.
    let mut streams: Vec<Listener> = (0..20).map(|_| open("192.0.2.1")).collect();
    for path in [path, "/feeds/wards/26740/events", "/tiles/incidents/changes"] {
        let (status, detail) = refused(path, "192.0.2.1");
        assert!(status == 429 && detail.contains("may have 20 at once"), "{detail}");
    }
    // Others have theirs, and of the last quarter everybody a little.
    streams.extend((0..10).map(|_| open("192.0.2.2")));
    streams.extend((0..6).map(|_| open("192.0.2.2")));
    assert_eq!(refused(path, "192.0.2.2").0, 503);
    streams.extend((0..4).map(|_| open("2001:db8::1")));
    let (status, detail) = refused(path, "192.0.2.3");
    assert!(status == 503 && detail.contains("poll the feed of changes"), "{detail}");
    // Other reads go on, and what happens still reaches each of those who listen.
    server.report("pothole", Some(CENTRE));
    assert!(streams.iter_mut().all(|s| next(s).is_some()));
    streams.truncate(39);
    server.until("a place is free", || {
        let mut socket = std::net::TcpStream::connect(server.address).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.3\r\n\r\n");
        std::io::Write::write_all(&mut socket, request.as_bytes()).unwrap();
        let mut begin = [0; 12];
        std::io::Read::read_exact(&mut socket, &mut begin).unwrap();
        begin == *b"HTTP/1.1 200"
    });
}
