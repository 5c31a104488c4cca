//! Other boundaries come into force at one moment, for every reader, and can be taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use diaban::action::{self, Actor, City, To, Transfer};
use diaban::clock::{Clock, FixedClock, SystemIds};
use diaban::demo::{self, Generator};
use diaban::store::Store;
use diaban_core::domain::{Instant, Precision, WardId};
use diaban_core::pack::Successors;
use geo::{BooleanOps, BoundingRect, MultiPolygon, Rect, coord};
use serde_json::{Value, json};

use crate::harness::{CENTRE, Server, agent, command, get, said};
use crate::keys::token;
use crate::listen::Listener;
use crate::moving::block;
use crate::test_database::store_url;

pub(crate) const NEXT: &str = "2027-01-01";

/// The pack's boundaries with every fourth ward under a new code, and one ward cut in two.
pub(crate) struct Redrawn {
    pub(crate) file: PathBuf,
    /// Former codes of the wards that are only called otherwise, with their new codes.
    pub(crate) renamed: BTreeMap<String, String>,
    /// The ward that is cut, and the code of its eastern part.
    cut: (String, String),
}

pub(crate) fn redrawn(folder: &Path, cut: &str) -> Redrawn {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/areas/2025-07-01/boundaries.geojson");
    let mut document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let features = document["features"].as_array_mut().unwrap();
    let mut renamed = BTreeMap::new();
    let mut east = None;
    for (i, f) in features.iter_mut().enumerate() {
        let code = f["properties"]["code"].as_str().unwrap().to_owned();
        if code == cut {
            let shape = diaban_core::format::geometry::from_json(&f["geometry"]).unwrap().unwrap();
            let shape: MultiPolygon<f64> = match shape {
                geo::Geometry::Polygon(p) => MultiPolygon(vec![p]),
                geo::Geometry::MultiPolygon(m) => m,
                other => panic!("{other:?}"),
            };
            let bounds = shape.bounding_rect().unwrap();
            let half = Rect::new(coord! { x: bounds.center().x, y: -90.0 }, coord! { x: 180.0, y: 90.0 });
            let half = MultiPolygon(vec![half.to_polygon()]);
            let written = |m: MultiPolygon<f64>| {
                diaban_core::format::geometry::to_json(Some(&geo::Geometry::MultiPolygon(m)))
            };
            let mut other = f.clone();
            other["properties"]["code"] = json!("39999");
            other["properties"]["name"] = json!("Đông");
            other["geometry"] = written(shape.intersection(&half));
            f["geometry"] = written(shape.difference(&half));
            east = Some(other);
        } else if i % 4 == 0 {
            let new = format!("4{i:04}");
            f["properties"]["code"] = json!(new);
            renamed.insert(code, new);
        }
    }
    features.push(east.unwrap());
    let file = folder.join("next.geojson");
    std::fs::write(&file, document.to_string()).unwrap();
    Redrawn { file, renamed, cut: (cut.to_owned(), "39999".to_owned()) }
}

fn done(folder: &Path, words: &[&str], arguments: &[&str]) -> String {
    let output = command(folder, words, arguments);
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    said(&output)
}

/// All reports with generation and code of their wards, or nothing.
pub(crate) fn wards(server: &Server) -> BTreeMap<u64, Option<(String, String)>> {
    let all = server.get("/collections/reports/items?f=geojsonseq").text();
    let reports = all.lines().map(|line| {
        let f: Value = serde_json::from_str(line.trim_start_matches('\u{1e}')).unwrap();
        let of = |name: &str| f["properties"][name].as_str().map(str::to_owned);
        (f["id"].as_u64().unwrap(), of("ward_generation").zip(of("ward")))
    });
    reports.collect()
}

/// Reports that boundaries moved, by the changes of a ward, page by page.
fn told(server: &Server, ward: &str) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let mut path = format!("/feeds/wards/{ward}/changes.json?limit=100");
    loop {
        let page = server.get(&path);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let page = page.json();
        for item in page["items"].as_array().unwrap() {
            if item["_diaban"]["event"] == "areas" {
                found.extend(item["_diaban"]["report"].as_u64());
            }
        }
        let Some(next) = page["next_url"].as_str() else { return found };
        next.strip_prefix("https://map.test").unwrap().clone_into(&mut path);
    }
}

/// The generations of the wards in a list.
fn generations(list: &Value) -> BTreeSet<&str> {
    let features = list["features"].as_array().unwrap().iter().map(|f| &f["properties"]);
    let wards = features.flat_map(|p| {
        let several = p["wards"].as_array().into_iter().flatten().filter_map(Value::as_str);
        several.filter_map(|w| Some(w.split_once('.')?.0)).chain(p["ward_generation"].as_str())
    });
    wards.collect()
}

/// Asks for lists until told to stop; every answer must stand under one set of boundaries. Gives how many were read.
fn read_until(stop: &AtomicBool, base: &str) -> usize {
    let agent = agent();
    let mut answers = 0;
    while !stop.load(Relaxed) {
        for collection in ["reports", "facilities", "alerts"] {
            let list = get(&agent, base, &format!("/collections/{collection}/items?limit=300"), &[]);
            assert_eq!(list.status, 200, "{}", list.text());
            let list = list.json();
            assert_eq!(generations(&list).len(), 1, "one answer has {collection} of several generations");
        }
        answers += 1;
    }
    answers
}

/// Facilities, traffic and alerts of the demo.
fn with_features(server: &Server) {
    let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
    let now = server.clock.now();
    let head = block(async {
        let store = Store::open(&server.store).await.unwrap();
        for write in demo::features(&city, 7, now) {
            store.write_features(write, now).await.unwrap();
        }
        let head = store.last_change().await.unwrap();
        store.close().await;
        head
    });
    server.until("the features are on the map", || {
        server.get("/readyz").json()["applied"].as_i64().unwrap() >= head
    });
}

/// The wards of each alert: they are lent by wards, or met by their shape.
fn alerts(server: &Server) -> BTreeMap<u64, (Value, Value)> {
    let all = server.get("/collections/alerts/items?limit=1000").json();
    let all = all["features"].as_array().unwrap().iter();
    all.map(|f| (f["id"].as_u64().unwrap(), (f["properties"]["wards"].clone(), f["geometry"].clone())))
        .collect()
}

fn to_ward(ward: &str) -> Transfer {
    Transfer { to: To::Ward(ward.to_owned()), note: None, internal: None }
}

#[test]
fn new_wards_come_into_force_whole_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_filled(folder, 3_000);
    let made = server.report("pothole", Some(CENTRE));
    let cut = made["properties"]["ward"].as_str().unwrap().to_owned();
    let redrawn = redrawn(folder, &cut);
    let (renamed, new) = redrawn.renamed.iter().next().unwrap();
    let key = done(folder, &["keys", "feed", "Đội"], &["--query", &format!("ward={renamed}")]);
    let link = format!("/feeds/k/{}/reports.json?limit=100", token(&key));
    with_features(&server);
    let alerts_before = alerts(&server);
    let before = wards(&server);
    assert!(before.values().flatten().all(|(generation, _)| generation == "2025-07-01"));
    let file = redrawn.file.to_str().unwrap().to_owned();
    let prepared = done(folder, &["areas", "prepare"], &[&file, "--generation", NEXT, "--force"]);
    assert!(prepared.contains("169 wards in generation 2027-01-01"), "{prepared}");
    assert!(done(folder, &["areas", "list"], &[]).contains("prepared"));
    let moves = folder.join("moves.geojson");
    let table = done(folder, &["areas", "moves"], &[NEXT, "--geojson", moves.to_str().unwrap()]);
    assert!(
        table.contains("39999") && std::fs::read_to_string(moves).unwrap().contains("from_ward"),
        "{table}"
    );
    assert_eq!(wards(&server), before, "what is prepared is seen");
    server.until("the link is known", || server.get(&link).status == 200);
    let listed = |path: &str| server.get(path).json()["items"].as_array().unwrap().len() as u64;
    let linked = listed(&link);
    let mut stream = Listener::open(&server, &format!("/feeds/wards/{cut}/events"), "");
    assert!(stream.block().is_some());

    assert!(linked > 0);

    // Readers ask all the time.
    let stop = Arc::new(AtomicBool::new(false));
    let reader = {
        let (stop, base) = (stop.clone(), server.base.clone());
        std::thread::spawn(move || read_until(&stop, &base))
    };
    let said = done(folder, &["areas", "activate"], &[NEXT]);
    assert!(said.contains("in force"), "{said}");
    let (lon, lat) = CENTRE;
    server.until("the server has turned", || {
        server.get(&format!("/locate?lon={lon}&lat={lat}")).text().contains("2027-01-01.")
    });
    server.until("every report has its event", || {
        told(&server, "39999").len() as u64 == server.matched("ward=39999")
    });
    stop.store(true, Relaxed);
    assert!(reader.join().unwrap() > 0);
    assert_ne!(alerts(&server), alerts_before);

    let after = wards(&server);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "lost or doubled");
    let mut homeless = BTreeSet::new();
    for (id, was) in &before {
        let Some((_, code)) = was else { continue };
        let now = after[id].as_ref();
        if now.is_none() {
            assert_eq!(*code, cut);
            homeless.insert(*id);
            continue;
        }
        let (generation, now) = now.unwrap();
        assert_eq!(generation, NEXT);
        match redrawn.renamed.get(code) {
            Some(new) => assert_eq!(now, new),
            None if *code == cut => assert!(*now == cut || *now == redrawn.cut.1, "{code} → {now}"),
            None => assert_eq!(now, code),
        }
    }
    assert!(!homeless.is_empty());
    let table = done(folder, &["areas", "homeless"], &[]);
    let ids: BTreeSet<u64> = table.lines().map(|l| l.split('\t').next().unwrap().parse().unwrap()).collect();
    assert_eq!(ids, homeless);
    // Whoever polls or listens learns of every arrival, and of whoever left.
    let here = |ward: &str| -> BTreeSet<u64> {
        let here = after.iter().filter(|(_, w)| w.as_ref().is_some_and(|(_, code)| code == ward));
        here.map(|(id, _)| *id).collect()
    };
    assert_eq!(told(&server, new), here(new));
    let left: BTreeSet<u64> = here(&redrawn.cut.1).union(&homeless).copied().collect();
    assert_eq!(told(&server, &cut), left);
    let gone = server.get(&format!("/feeds/wards/{renamed}.json"));
    assert_eq!(gone.status, 410, "{}", gone.text());
    assert!(gone.text().contains(&format!("2027-01-01.{new}")), "{}", gone.text());
    let former = server.get(&format!("/feeds/wards/2025-07-01.{renamed}.json")).text();
    assert!(former.contains(&format!("2027-01-01.{new}")), "{former}");
    // Comments keep a stream alive.
    let heard = std::iter::from_fn(|| stream.block()).find(|block| !block.starts_with(':')).unwrap();
    assert!(heard.contains("event: areas"), "{heard}");
    assert_eq!(listed(&link), linked, "a secret link goes on with the successors");

    // What is posted now goes to the new wards, and back with the others.
    let made = server.report("pothole", Some(CENTRE));
    assert_eq!(made["properties"]["ward_generation"], NEXT);
    let said = done(folder, &["areas", "withdraw"], &[]);
    assert!(said.contains("2025-07-01 is in force again"), "{said}");
    server.until("the server has turned back", || {
        wards(&server).values().flatten().all(|(g, _)| g == "2025-07-01")
    });
    let mut back = wards(&server);
    let made = back.remove(&made["id"].as_u64().unwrap()).unwrap();
    assert_eq!(made.unwrap().1, cut);
    assert_eq!(back, before);
    assert_eq!(alerts(&server), alerts_before, "what wards lent them is as it was");
}

/// The true redraw: 441 units gave way to 168 wards. The pack has both, and who took over whose ground.
#[test]
fn the_pack_s_own_wards_take_over_from_the_units_before_them() {
    const BEFORE: &str = "2025-01-01";
    const NOW: &str = "2025-07-01";
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pack = || diaban::city_files::embedded().unwrap();
    block(async {
        let store = Store::open(&store_url(folder)).await.unwrap();
        let then = FixedClock::at(Instant::parse("2025-06-01T00:00:00Z").unwrap());
        let areas = action::begin(&store, &pack(), &then).await.unwrap();
        let city = City::new(pack(), &areas).unwrap();
        assert_eq!(city.areas().active().units().len(), 441);
        store.load_reports(Generator::new(&city, 7, then.now(), 2_000).collect()).await.unwrap();
        store.close().await;
    });
    let server = Server::start_in(folder, Arc::new(SystemIds));
    let before = wards(&server);
    assert!(before.values().flatten().all(|(generation, _)| generation == BEFORE));
    let checked = done(folder, &["areas", "prepare"], &["--generation", NOW, "--dry-run", "--force"]);
    assert!(checked.contains("nothing was changed"), "{checked}");
    assert!(done(folder, &["areas", "list"], &[]).contains("withdrawn"));
    done(folder, &["areas", "prepare"], &["--generation", NOW, "--force"]);
    let file = folder.join("moves.geojson");
    done(folder, &["areas", "moves"], &[NOW, "--geojson", file.to_str().unwrap()]);
    let table: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let ward = |f: &Value, name: &str| f["properties"][name].as_str().map(str::to_owned);
    let table = table["features"].as_array().unwrap().iter();
    let table: BTreeSet<_> = table.filter_map(|f| ward(f, "from_ward").zip(ward(f, "to_ward"))).collect();
    done(folder, &["areas", "activate"], &[NOW]);
    let turned = || wards(&server).values().flatten().all(|(generation, _)| generation == NOW);
    server.until("the server has turned", turned);
    let after = wards(&server);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "lost or doubled");
    let successors = Successors::new(pack().areas.successors().to_vec());
    let mut pairs = BTreeSet::new();
    for (id, was) in &before {
        let (Some((_, code)), Some((_, now))) = (was, &after[id]) else { continue };
        let from = WardId::new(BEFORE, code);
        if successors.of(&from).any(|s| *s.to.code == **now) {
            pairs.insert((code.clone(), now.clone()));
        }
    }
    // Both generations are drawn from points: along borders a place may fall to a neighbour, not in the middle.
    let (all, told) = (before.values().flatten().count(), pairs.len());
    assert!(told > 300, "{told} pairs of {all} reports");
    for (from, to) in pairs.iter().filter(|(from, to)| from != to) {
        let ids = (format!("{BEFORE}.{from}"), format!("{NOW}.{to}"));
        assert!(table.contains(&ids), "{from} to {to} is not in the table of moves");
    }
}

#[test]
fn a_transfer_that_waits_for_its_hour_goes_on_to_the_successor() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_in(folder, Arc::new(SystemIds));
    let category = crate::hour::category(Precision::Grid150m);
    let made = server.report(category, Some(CENTRE));
    let (id, cut) = (made["id"].as_u64().unwrap(), made["properties"]["ward"].as_str().unwrap().to_owned());
    server.end_hour();
    server.until("it is public", || server.matched("") == 1);
    let redrawn = redrawn(folder, &cut);
    let (former, new) = redrawn.renamed.iter().next().unwrap();
    block(async {
        let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
        let store = Store::open(&server.store).await.unwrap();
        action::transfer(&city, &store, &*server.clock, id, &to_ward(former), &Actor::OPERATOR)
            .await
            .unwrap();
        store.close().await;
    });
    let ward =
        || server.get(&format!("/collections/reports/items/{id}")).json()["properties"]["ward"].clone();
    assert_eq!(ward(), json!(cut), "the public learns it when the hour is over");
    let file = redrawn.file.to_str().unwrap();
    done(folder, &["areas", "prepare"], &[file, "--generation", NEXT, "--force"]);
    done(folder, &["areas", "activate"], &[NEXT]);
    let generation = || server.get("/collections/reports/items").json();
    server.until("the server has turned", || generations(&generation()) == BTreeSet::from([NEXT]));
    assert_ne!(ward(), json!(new));
    server.end_hour();
    server.until("the transfer is public", || ward() == json!(new));
    let body = server.get(&format!("/collections/reports/items/{id}")).json()["properties"]["body"].clone();
    assert_eq!(body, json!(format!("ward:{NEXT}.{new}")));
    // The office that has it now learns of it.
    let items = server.get(&format!("/feeds/wards/{new}/changes.json?limit=100")).json();
    let kinds: Vec<&Value> =
        items["items"].as_array().unwrap().iter().map(|i| &i["_diaban"]["event"]).collect();
    assert!(kinds.contains(&&json!("transfer")), "{items}");
    // Whoever knows the former wards only sends nothing there.
    block(async {
        let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
        let store = Store::open(&server.store).await.unwrap();
        let late =
            action::transfer(&city, &store, &*server.clock, id, &to_ward(&cut), &Actor::OPERATOR).await;
        assert!(late.is_err_and(|e| e.to_string().contains("changed just now")));
        store.close().await;
    });
    // It counts as something that happened since: taken back, the report is where it was sent, not where it was.
    done(folder, &["areas", "withdraw"], &[]);
    server.until("the server has turned back", || ward() == json!(former));
}

#[test]
fn scheduled_boundaries_come_into_force_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_in(folder, Arc::new(SystemIds));
    let made = server.report("pothole", Some(CENTRE));
    let cut = made["properties"]["ward"].as_str().unwrap().to_owned();
    let redrawn = redrawn(folder, &cut);
    let file = redrawn.file.to_str().unwrap();
    let said = done(folder, &["import", "areas"], &[file, "--generation", NEXT, "--force"]);
    assert!(said.contains("it comes into force at 2026-12-31T17:00:00"), "{said}");
    let generation = || {
        let (lon, lat) = CENTRE;
        let found = server.get(&format!("/locate?lon={lon}&lat={lat}")).json();
        found["ward"]["id"].as_str().unwrap().split('.').next().unwrap().to_owned()
    };
    assert_eq!(generation(), "2025-07-01");
    // Every process gets ready before the instant, and none turns before it.
    server.clock.set(Instant::parse("2026-12-31T16:59:59.999Z").unwrap());
    server.until("they are announced", || done(folder, &["areas", "list"], &[]).contains("announced"));
    assert_eq!(generation(), "2025-07-01");
    server.clock.set(Instant::parse("2026-12-31T17:00:00Z").unwrap());
    server.until("the boundaries are in force", || generation() == NEXT);
    let id = &made["id"];
    server.until("the report has its new ward", || {
        let now = server.get(&format!("/collections/reports/items/{id}")).json();
        now["properties"]["ward_generation"] == json!(NEXT)
    });
}
