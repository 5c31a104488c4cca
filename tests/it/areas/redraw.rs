//! Other boundaries come into force at one moment, for every reader, and can be taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use diaban::action::{self, City};
use diaban::clock::{Clock, FixedClock, SystemIds};
use diaban::demo::{self, Generator};
use diaban::store::Store;
use diaban_core::domain::{Instant, WardId};
use diaban_core::pack::Successors;
use serde_json::{Value, json};

use super::{NEXT, Redrawn, Wards, done, generations, redrawn, wards};
use crate::harness::{CENTRE, Server, agent, get};
use crate::keys::token;
use crate::listen::Listener;
use crate::moving::block;
use crate::test_database::store_url;

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

/// The ids of what a feed of changes tells of a ward.
fn happened_in(server: &Server, changes: &str, ward: &str) -> BTreeSet<String> {
    let page = server.get(changes).json();
    let items = page["items"].as_array().unwrap().iter();
    items.filter(|i| i["_diaban"]["ward"] == json!(ward)).map(|i| i["id"].to_string()).collect()
}

/// The wards of each alert: they are lent by wards, or met by their shape.
fn alerts(server: &Server) -> BTreeMap<u64, (Value, Value)> {
    let all = server.get("/collections/alerts/items?limit=1000").json();
    let all = all["features"].as_array().unwrap().iter();
    all.map(|f| (f["id"].as_u64().unwrap(), (f["properties"]["wards"].clone(), f["geometry"].clone())))
        .collect()
}

/// Every report is in the ward that has its ground now; gives those that have none, because theirs was cut.
fn moved(before: &Wards, after: &Wards, redrawn: &Redrawn) -> BTreeSet<u64> {
    let cut = &redrawn.cut.0;
    let mut homeless = BTreeSet::new();
    for (id, was) in before {
        let Some((_, code)) = was else { continue };
        let now = after[id].as_ref();
        if now.is_none() {
            assert_eq!(code, cut);
            homeless.insert(*id);
            continue;
        }
        let (generation, now) = now.unwrap();
        assert_eq!(generation, NEXT);
        match redrawn.renamed.get(code) {
            Some(new) => assert_eq!(now, new),
            None if code == cut => assert!(now == cut || *now == redrawn.cut.1, "{code} → {now}"),
            None => assert_eq!(now, code),
        }
    }
    homeless
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
    let homeless = moved(&before, &after, &redrawn);
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
    let changes = link.replace("reports.json", "changes.json");
    let under_new = || happened_in(&server, &changes, &format!("{NEXT}.{new}"));
    let arrived = under_new();
    assert!(!arrived.is_empty());

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
    assert_eq!(listed(&link), linked);
    assert_eq!(under_new(), arrived, "what happened in between stays in the changes of a secret link");
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
