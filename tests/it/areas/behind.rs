//! Rows that are written behind a turn: what comes right after it waits for them, and one process writes them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use diaban::action::{self, Areas, City, Proposal};
use diaban::clock::{Clock as _, FixedClock, SystemIds};
use diaban::demo::{self, Generator};
use diaban::store::{EditionState, Outcome, Store, Turn};
use diaban_core::domain::{Instant, WardId};
use diaban_core::geo::{LonLat, Mercator, TileId};
use sqlx::{Connection, PgConnection};

use super::{NEXT, boundaries, redrawn, wards};
use crate::harness::{CENTRE, NOW, Server, until};
use crate::moving::block;
use crate::test_database::{is_postgres, store_url};

/// A ward of the pack, to be cut in two.
const CUT: &str = "26740";

/// Other boundaries, prepared for every report; gives their edition.
async fn prepared(
    store: &Store,
    city: &Arc<City>,
    clock: &FixedClock,
    (generation, boundaries): (&str, Vec<u8>),
) -> i64 {
    let proposal = Proposal {
        generation: generation.to_owned(),
        boundaries: Some(boundaries),
        crs: None,
        successors: None,
        from: None,
    };
    let checked = action::check_proposal(city, clock, proposal).await.unwrap();
    let edition = checked.keep(city, store, clock, "a test").await.unwrap();
    action::place_reports(city, store, edition, |_| {}).await.unwrap();
    edition
}

/// A city with so many reports, under the pack's own boundaries.
async fn filled(store: &Store, clock: &FixedClock, reports: usize) -> Arc<City> {
    let pack = || diaban::city_files::embedded().unwrap();
    let areas = action::begin(store, &pack(), clock).await.unwrap();
    let city = Arc::new(City::new(pack(), &areas).unwrap());
    store.load_reports(Generator::new(&city, 7, clock.now(), reports).collect()).await.unwrap();
    city
}

fn redrawn_from(folder: &Path) -> (&'static str, Vec<u8>) {
    (NEXT, std::fs::read(redrawn(folder, CUT).file).unwrap())
}

/// Brings an edition into force and writes no row, as a process that dies right then.
async fn only_turn(store: &Store, city: &Arc<City>, clock: &FixedClock, edition: i64) {
    let stored = store.areas().await.unwrap();
    let areas = Arc::new(Areas::build(&city.pack, &stored, edition).unwrap());
    let (judge, former, at) = (action::judge(city, &areas), stored.in_force(), clock.now());
    let undo_until = Instant::from_ms(at.ms() + 1_000_000);
    assert_eq!(store.turn(Turn { judge, former, at, undo_until }).await.unwrap(), Outcome::Done);
    assert!(store.is_unsettled().await.unwrap());
}

/// Generation and code of every report's ward.
async fn placed(store: &Store) -> Vec<(i64, Option<(String, String)>)> {
    let all = store.places_after(0, 0, 10_000).await.unwrap();
    let ward = |w: &WardId| (w.generation.to_string(), w.code.to_string());
    all.iter().map(|r| (r.seq, r.assigned.ward.as_ref().map(ward))).collect()
}

#[test]
fn an_undo_and_another_turn_right_after_a_turn_write_its_rows_first() {
    const LATER: &str = "2028-01-01";
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let clock = FixedClock::at(Instant::parse(NOW).unwrap());
    block(async {
        let store = Store::open(&store_url(folder)).await.unwrap();
        let city = filled(&store, &clock, 1_200).await;
        let before = placed(&store).await;
        let next = prepared(&store, &city, &clock, redrawn_from(folder)).await;
        let later = (LATER, boundaries().to_string().into_bytes());
        let later = prepared(&store, &city, &clock, later).await;

        only_turn(&store, &city, &clock, next).await;
        action::undo(&city, &store, &clock, |_| {}).await.unwrap();
        assert_eq!(store.edition_in_force().await.unwrap(), 0);
        assert!(!store.is_unsettled().await.unwrap());
        assert_eq!(placed(&store).await, before);

        action::place_reports(&city, &store, next, |_| {}).await.unwrap();
        only_turn(&store, &city, &clock, next).await;
        action::activate(&city, &store, &clock, later, None, |_| {}).await.unwrap();
        assert!(!store.is_unsettled().await.unwrap());
        for ((seq, was), (_, is)) in before.iter().zip(placed(&store).await) {
            match (was, is) {
                (Some((_, code)), Some((generation, now))) => {
                    assert_eq!((&*generation, &now), (LATER, code), "{seq}");
                }
                (Some((_, code)), None) => assert_eq!(code, CUT, "{seq}"),
                (None, now) => assert_eq!(now, None, "{seq}"),
            }
        }
        store.close().await;
    });
}

#[test]
fn a_report_that_came_between_the_announcement_and_the_turn_turns_with_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 300);
    block(async {
        let store = Store::open(&server.store).await.unwrap();
        let pack = diaban::city_files::embedded().unwrap();
        let city = Arc::new(City::new(pack, &store.areas().await.unwrap()).unwrap());
        let next = prepared(&store, &city, &server.clock, redrawn_from(folder.path())).await;
        let announce = (EditionState::Prepared, EditionState::Announced);
        let _ = store.move_edition(next, announce.0, announce.1, server.clock.now()).await.unwrap();
        let is_ready = async || store.unready(next, Instant::MIN).await.unwrap() == (0, 0);
        while !is_ready().await {
            tokio::task::yield_now().await;
        }
        server.report("pothole", Some(CENTRE));
        let (lon, lat) = CENTRE;
        let at = TileId::holding(Mercator::from_lonlat(LonLat::new(lon, lat).unwrap()), 18).unwrap();
        let tile = || server.get(&format!("/tiles/incidents/18/{}/{}.mvt", at.x(), at.y())).body;
        let says = |tile: &[u8], what: &str| tile.windows(what.len()).any(|w| w == what.as_bytes());
        until("it is on the map", || says(&tile(), "2025-07-01."));
        // Nobody writes rows meanwhile: where a report belongs is known all the same.
        let alone = store.settle_alone().await.unwrap();
        only_turn(&store, &city, &server.clock, next).await;
        until("the map turned", || {
            server.get(&format!("/locate?lon={lon}&lat={lat}")).text().contains(&format!("{NEXT}."))
        });
        server.get("/tiles/incidents/0/0/0.mvt");
        let tile = tile();
        assert!(says(&tile, &format!("{NEXT}.")) && !says(&tile, "2025-07-01."));
        drop(alone);
        store.close().await;
    });
}

/// Of those who write rows behind a turn.
const TURNS: (&str, &str) = ("area_turn", "ShareUpdateExclusiveLock");
/// Of those who write at all.
const WRITERS: (&str, &str) = ("_sqlx_migrations", "ExclusiveLock");

/// Sessions that have a lock, or wait for it.
async fn sessions(db: &mut PgConnection, (table, mode): (&str, &str), granted: bool) -> i64 {
    let count = "SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND mode = $2 AND granted = $3
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    sqlx::query_scalar(count).bind(table).bind(mode).bind(granted).fetch_one(db).await.unwrap()
}

fn signal(process: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn one_process_writes_rows_and_another_one_when_it_is_killed() {
    if !is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = store_url(folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut db = runtime.block_on(PgConnection::connect(&url)).unwrap();
    let store = runtime.block_on(async {
        let store = Store::open(&url).await.unwrap();
        let clock = FixedClock::at(Instant::parse(NOW).unwrap());
        let city = filled(&store, &clock, 6_000).await;
        prepared(&store, &city, &clock, redrawn_from(folder)).await;
        store
    });
    let unsettled = || runtime.block_on(store.is_unsettled()).unwrap();
    // One begins, and hangs between two batches.
    let mut first = Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(["areas", "activate", NEXT, "--store", &url])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("it hangs", || {
        if runtime.block_on(sessions(&mut db, TURNS, true)) == 0 {
            return false;
        }
        signal(&first, "-STOP");
        // Twice: what it asked for last may just be granted.
        let between = (0..2).all(|_| runtime.block_on(sessions(&mut db, WRITERS, true)) == 0);
        if !between {
            signal(&first, "-CONT");
        }
        between
    });
    assert!(unsettled());
    let server = Server::start_in(folder, Arc::new(SystemIds));
    until("another one waits for it", || runtime.block_on(sessions(&mut db, TURNS, false)) == 1);
    assert!(unsettled());
    let read = wards(&server);
    assert!(read.values().flatten().all(|(generation, _)| generation == NEXT), "readers wait for nobody");
    first.kill().unwrap();
    first.wait().unwrap();
    until("the other one wrote the rest", || !unsettled());
    assert_eq!(wards(&server), read);
    drop(server);
    runtime.block_on(store.close());
}

/// Does something while another process writes for so long that a write is refused once.
async fn beside_a_long_write<T>(url: &str, work: impl Future<Output = T>) -> T {
    let mut writer = PgConnection::connect(url).await.unwrap();
    let mut writing = writer.begin().await.unwrap();
    sqlx::query("LOCK TABLE _sqlx_migrations IN EXCLUSIVE MODE").execute(&mut *writing).await.unwrap();
    let mut db = PgConnection::connect(url).await.unwrap();
    let ends = async {
        // It waits, is refused, and comes again.
        for waiting in [1, 0, 1] {
            while sessions(&mut db, WRITERS, false).await != waiting {}
        }
        writing.rollback().await.unwrap();
    };
    tokio::join!(work, ends).0
}

#[test]
fn a_preparation_and_features_behind_a_turn_wait_for_whoever_writes() {
    if !is_postgres() {
        return; // the executable has the only process there
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = store_url(folder);
    let clock = FixedClock::at(Instant::parse(NOW).unwrap());
    block(async {
        let store = Store::open(&url).await.unwrap();
        let city = filled(&store, &clock, 10).await;
        for write in demo::features(&city, 7, clock.now()) {
            store.write_features(write, clock.now()).await.unwrap();
        }
        let next = prepared(&store, &city, &clock, redrawn_from(folder)).await;
        beside_a_long_write(&url, action::place_reports(&city, &store, next, |_| {})).await.unwrap();
        only_turn(&store, &city, &clock, next).await;
        let areas = Areas::build(&city.pack, &store.areas().await.unwrap(), next).unwrap();
        let follow = action::reassign_features(&areas, &store, &clock, |_| {});
        assert!(beside_a_long_write(&url, follow).await.unwrap().moved > 0);
        store.close().await;
    });
}
