//! Turns as the store sees them: what readers of either side see, and what happens meanwhile.

use std::sync::Arc;

use super::editions::{Edition, EditionState};
use super::placed::{Assignment, Beside, Placed};
use super::turn::{Judge, Outcome, Turn};
use crate::store::database::testing::Connection;
use crate::store::record::read::PlacedRecord;
use crate::store::record::reports::tests::{amend, report};
use crate::store::test_database::store_url;
use crate::store::{Applied, Created, NewsPage, ReportRecord, Step, Store};
use diaban_core::domain::field::{Field, Shown};
use diaban_core::domain::report::{EventKind, NewReport};
use diaban_core::domain::view::MapRow;
use diaban_core::domain::{CodeBook, Instant, Precision, WardId};
use diaban_core::geo::LonLat;
use diaban_core::map::Snapshot;
use diaban_core::query::Filter;

const FORMER: &str = "2025-07-01";
const NEXT: &str = "2027-01-01";

fn at(ms: i64) -> Instant {
    Instant::from_ms(ms)
}

fn ward(generation: &str, code: &str) -> WardId {
    WardId::new(generation, code)
}

fn codebook(edition: i64) -> CodeBook {
    let wards = [ward(FORMER, "1"), ward(FORMER, "2"), ward(NEXT, "1"), ward(NEXT, "9")];
    let active = if edition == 0 { FORMER } else { NEXT };
    CodeBook {
        categories: vec!["drainage".into()],
        wards: wards.to_vec(),
        active: active.into(),
        edition,
        bodies: Vec::new(),
        ward_bodies: Vec::new(),
        clocks: None,
    }
}

/// A report of ward 1 or 2, by turns.
fn made(id: u64, edition: i64) -> NewReport {
    let mut r = report(id);
    let code = if id.is_multiple_of(2) { "2" } else { "1" };
    let generation = if edition == 0 { FORMER } else { NEXT };
    r.public.ward = Some(ward(generation, if edition == 0 { code } else { "9" }));
    (r.public.body, r.edition) = (format!("ward:{generation}.{code}"), edition);
    r
}

fn edition(generation: &str) -> Edition {
    Edition {
        seq: 0,
        generation: generation.to_owned(),
        source: "a file".to_owned(),
        imported: at(1),
        boundaries: Some(vec![1]),
        successors: None,
        state: EditionState::Prepared,
        from: None,
        prepared_to: None,
    }
}

/// Ward 1 stays ward 1, ward 2 becomes ward 9; back it is the other way.
fn place(generation: &str, r: &PlacedRecord) -> Placed {
    let to = r.held.clone().map_or_else(
        || {
            let was = r.assigned.ward.as_ref().unwrap();
            let code = match (generation, &*was.code) {
                (_, "1") => "1",
                (NEXT, _) => "9",
                _ => "2",
            };
            let to = ward(generation, code);
            Assignment { body: format!("ward:{to}"), ward: Some(to), ..r.assigned.clone() }
        },
        |(held, _)| held,
    );
    let code = |a: &Assignment| a.ward.as_ref().map(|w| w.code.clone());
    let told = code(&to) != code(&r.assigned);
    let from_ward = r.assigned.ward.clone().filter(|_| told);
    let events = r.held.as_ref().map(|(_, events)| *events);
    let to = (to != r.assigned || r.waits || events.is_some()).then_some(to);
    Placed { seq: r.seq, to, told, from_ward, note: None, events }
}

fn transfer(ward: WardId, body: &str) -> Step {
    Step::Transfer { ward: Some(ward), body: body.to_owned(), rule: "transfer".to_owned(), point: None }
}

/// Prepares all that is there.
async fn prepare(store: &Store, edition: i64, generation: &str) {
    let to = store.last_change().await.unwrap();
    let records = store.places_after(edition, 0, 1_000).await.unwrap();
    let placed = records.iter().map(|r| place(generation, r)).collect();
    let beside = Beside { edition, former: store.edition_in_force().await.unwrap() };
    assert_eq!(store.place(beside, placed).await.unwrap(), Applied::Done);
    assert_eq!(store.prepared(beside, to).await.unwrap(), Applied::Done);
}

async fn turn(store: &Store, edition: i64, former: i64, generation: &'static str, ms: i64) -> Outcome {
    let place: super::turn::Place = Arc::new(move |r| place(generation, r));
    let judge = Judge { edition, generation: generation.into(), place };
    store.turn(Turn { judge, former, at: at(ms), undo_until: at(ms + 1_000) }).await.unwrap()
}

/// The map as readers of an edition see it, without what tells that events were written.
async fn map(store: &Store, edition: i64) -> Vec<(u32, String, Option<LonLat>)> {
    let book = codebook(edition);
    let rows: Vec<MapRow> = store.map_rows(&[(0, i64::MAX)], &book).await.unwrap();
    let ward = |r: &MapRow| match r.shown(Field::named("ward").unwrap(), &book) {
        Some(Shown::Ward(ward)) => ward.to_string(),
        _ => String::new(),
    };
    rows.iter().map(|r| (r.seq, ward(r), r.point)).collect()
}

async fn news_of(store: &Store, edition: i64, code: &str) -> Vec<u64> {
    let book = codebook(edition);
    let rows = store.map_rows(&[(0, i64::MAX)], &book).await.unwrap();
    let snapshot = Snapshot::from_rows(rows, store.last_change().await.unwrap());
    let generation = if edition == 0 { FORMER } else { NEXT };
    let number = book.ward_index(&ward(generation, code)).into_iter().collect();
    let filter = <Filter>::default().in_wards(number);
    let page = NewsPage { filter: &filter, codebook: &book, map: &snapshot, before: None, limit: 100 };
    let mut ids: Vec<u64> = store.report_news(page).await.unwrap().news.iter().map(|n| n.report.id).collect();
    ids.sort_unstable();
    ids
}

async fn opened() -> (tempfile::TempDir, Store, i64) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_url(folder.path())).await.unwrap();
    store.begin_areas(0, FORMER, at(1)).await.unwrap();
    store.load_reports((1..=600).map(|id| made(id, 0)).collect()).await.unwrap();
    let next = store.add_edition(edition(NEXT)).await.unwrap();
    (folder, store, next)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_one_moment_for_readers_of_either_side() {
    let (_folder, store, next) = opened().await;
    let before = map(&store, 0).await;
    assert_eq!(turn(&store, next, 0, NEXT, 5_000).await, Outcome::Behind, "nothing is prepared");
    prepare(&store, next, NEXT).await;
    assert_eq!(map(&store, 0).await, before, "what is prepared is seen");
    assert_eq!(store.areas().await.unwrap().in_force(), 0);
    let log = store.last_change().await.unwrap();
    assert_eq!(turn(&store, next, 0, NEXT, 5_000).await, Outcome::Done);
    assert_eq!(store.changes_after(log, 9).await.unwrap().len(), 1, "a turn is one change");
    let after = map(&store, next).await;
    let right = |seq: u32| ward(NEXT, if seq % 2 == 1 { "1" } else { "9" }).to_string();
    assert!(after.iter().all(|(seq, ward, _)| *ward == right(*seq)), "{after:?}");
    let (ones, nines) = (news_of(&store, next, "1").await, news_of(&store, next, "9").await);
    assert_eq!((ones.len(), nines.len()), (100, 100));
    // A second turn waits until the rows are written.
    let other = store.add_edition(edition("2028-01-01")).await.unwrap();
    assert_eq!(turn(&store, other, next, NEXT, 6_000).await, Outcome::Unsettled);
    assert_eq!(turn(&store, next, 0, NEXT, 6_000).await, Outcome::Stale);
    let mut written = 0;
    loop {
        let some = store.adopt(at(6_000)).await.unwrap();
        assert_eq!((map(&store, 0).await, map(&store, next).await), (before.clone(), after.clone()));
        assert_eq!(news_of(&store, next, "1").await, ones);
        written += some;
        if some == 0 {
            break;
        }
    }
    assert_eq!(written, 600);
    // Reports that move are told once, the others are not.
    let events = store.events_after(None, crate::store::Position { shown_ms: 5_000, seq: 600 }, 1_000, next);
    let events = events.await.unwrap();
    assert_eq!(events.len(), 300);
    for e in &events {
        let wards = (e.from_ward.clone().unwrap(), e.ward.clone().unwrap());
        assert_eq!((wards, e.kind), ((ward(FORMER, "2"), ward(NEXT, "9")), EventKind::Areas));
        assert!(e.is_last && e.report.facts.updated >= at(6_000));
    }
    // Back again: everything is as it was.
    prepare(&store, 0, FORMER).await;
    assert_eq!(turn(&store, 0, next, FORMER, 7_000).await, Outcome::Done);
    assert_eq!(map(&store, 0).await, before);
    while store.adopt(at(7_000)).await.unwrap() > 0 {}
    assert_eq!((map(&store, 0).await, map(&store, next).await), (before, after));
    assert_eq!(store.forget_former(at(7_500)).await.unwrap(), 0, "it can be taken back still");
    assert_eq!(store.forget_former(at(8_500)).await.unwrap(), 600);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_a_turn_is_prepared_is_kept() {
    let (_folder, store, next) = opened().await;
    prepare(&store, next, NEXT).await;
    // Erased, sent elsewhere, posted, closed: before the turn.
    assert_eq!(amend(&store, 1, Step::Erase, at(2_000)).await, Applied::Done);
    let to = |w: WardId| transfer(w.clone(), &format!("ward:{w}"));
    assert_eq!(amend(&store, 2, to(ward(FORMER, "1")), at(2_000)).await, Applied::Done);
    assert_eq!(store.create_report(made(1_000, 0), None).await.unwrap(), Created::New);
    let mut waits = made(1_001, 0);
    waits.precision = Precision::Grid20m;
    assert_eq!(store.create_report(waits, None).await.unwrap(), Created::New);
    // Erased between the moments when a preparation read it and wrote.
    let seen = store.places_after(next, 0, 1_000).await.unwrap();
    assert_eq!(amend(&store, 14, Step::Erase, at(2_000)).await, Applied::Done);
    let placed = store
        .place(Beside { edition: next, former: 0 }, seen.iter().map(|r| place(NEXT, r)).collect())
        .await
        .unwrap();
    assert_eq!(placed, Applied::Done);
    // Where it belongs is nothing that shapes or successors say.
    let special = transfer(ward(FORMER, "2"), "special");
    assert_eq!(amend(&store, 16, special, at(2_000)).await, Applied::Done);
    let standing = store.standing(4).await.unwrap().unwrap();
    assert_eq!(turn(&store, next, 0, NEXT, 5_000).await, Outcome::Done);
    let read = async |id: u64| -> ReportRecord { store.report(id).await.unwrap().unwrap() };
    assert!(store.report(1).await.unwrap().is_none());
    assert_eq!(read(2).await.facts.ward, Some(ward(NEXT, "1")), "a transfer was undone");
    for id in [1_000, 1_001] {
        let code = if id % 2 == 0 { "9" } else { "1" };
        assert_eq!(read(id).await.facts.ward, Some(ward(NEXT, code)), "a post was left behind");
    }
    // Placed or decided by the former boundaries, written after the turn.
    assert_eq!(store.create_report(made(1_002, 0), None).await.unwrap(), Created::OtherAreas);
    let late = crate::store::Amendment::new(standing, to(ward(FORMER, "1")), "operator", at(5_100));
    assert_eq!(store.amend_report(late).await.unwrap(), Applied::Stale);
    // What happens to a report whose row is not written yet builds on the boundaries in force.
    assert_eq!(amend(&store, 4, Step::Note, at(5_200)).await, Applied::Done);
    assert_eq!(amend(&store, 6, Step::Erase, at(5_200)).await, Applied::Done);
    assert_eq!(amend(&store, 8, to(ward(NEXT, "1")), at(5_200)).await, Applied::Done);
    assert_eq!(read(4).await.facts.ward, Some(ward(NEXT, "9")));
    assert_eq!(read(8).await.facts.ward, Some(ward(NEXT, "1")));
    while store.adopt(at(6_000)).await.unwrap() > 0 {}
    assert!(store.report(6).await.unwrap().is_none());
    for id in [1, 6, 14] {
        let erased = store.standing(id).await.unwrap().unwrap();
        assert_eq!(erased.point, None, "a place that was taken away is back");
    }
    assert_eq!(read(8).await.facts.ward, Some(ward(NEXT, "1")));
    // Taken back: who was touched since is decided anew, the others are where they were.
    assert_eq!(store.create_report(made(1_003, next), None).await.unwrap(), Created::New);
    // Again from the beginning, as after a kill: what it found is there still.
    prepare(&store, 0, FORMER).await;
    prepare(&store, 0, FORMER).await;
    assert_eq!(turn(&store, 0, next, FORMER, 7_000).await, Outcome::Done);
    assert_eq!(read(16).await.facts.body, "special");
    while store.adopt(at(7_000)).await.unwrap() > 0 {}
    assert_eq!(read(2).await.facts.ward, Some(ward(FORMER, "1")));
    assert_eq!(read(8).await.facts.ward, Some(ward(FORMER, "1")), "a transfer was undone");
    assert_eq!(read(10).await.facts.ward, Some(ward(FORMER, "2")));
    assert_eq!(read(1_003).await.facts.ward, Some(ward(FORMER, "2")));
    let left = store.areas().await.unwrap().turns;
    assert_eq!(left.iter().map(|t| t.edition).collect::<Vec<_>>(), [0, next, 0]);
    store.close().await;
}

#[tokio::test]
async fn an_edition_that_is_withdrawn_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = store_url(folder.path());
    let store = Store::open(&url).await.unwrap();
    store.begin_areas(0, FORMER, at(1)).await.unwrap();
    store.load_reports((1..=3).map(|id| made(id, 0)).collect()).await.unwrap();
    let next = store.add_edition(edition(NEXT)).await.unwrap();
    let schedule = async |state| store.schedule_edition(next, state, Some(at(9_000))).await.unwrap();
    assert_eq!(schedule(EditionState::Announced).await, Applied::Stale);
    assert_eq!(store.due_edition(at(9_000)).await.unwrap(), None);
    assert_eq!(schedule(EditionState::Prepared).await, Applied::Done);
    assert_eq!(store.due_edition(at(8_999)).await.unwrap(), None);
    assert_eq!(store.due_edition(at(9_000)).await.unwrap(), Some((next, at(9_000))));
    prepare(&store, next, NEXT).await;
    let (from, to) = (EditionState::Prepared, EditionState::Withdrawn);
    assert_eq!(store.move_edition(next, from, to, at(2)).await.unwrap(), Applied::Done);
    assert_eq!(store.move_edition(next, from, to, at(2)).await.unwrap(), Applied::Stale);
    assert_eq!(store.due_edition(at(9_000)).await.unwrap(), None);
    assert_eq!(turn(&store, next, 0, NEXT, 5_000).await, Outcome::Stale);
    // Whoever still places reports under it, under what is in force, or beside what is not, keeps nothing.
    let record = store.places_after(next, 0, 1).await.unwrap().remove(0);
    let other = store.add_edition(edition(NEXT)).await.unwrap();
    for (edition, former) in [(next, 0), (0, 0), (other, next)] {
        let beside = Beside { edition, former };
        assert_eq!(store.place(beside, vec![place(NEXT, &record)]).await.unwrap(), Applied::Stale);
        assert_eq!(store.prepared(beside, 7).await.unwrap(), Applied::Stale);
    }
    let states = store.area_states().await.unwrap();
    assert_eq!(states.edition(0).unwrap().prepared_to, None);
    let mut connection = Connection::open(&url).await;
    let left: i64 = connection
        .db()
        .fetch_value(crate::store::database::Sql::new("SELECT count(*) FROM placed"))
        .await
        .unwrap();
    assert_eq!(left, 0);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_lapses() {
    let (_folder, store, next) = opened().await;
    let announce =
        async |from, ms| store.move_edition(next, from, EditionState::Announced, at(ms)).await.unwrap();
    assert_eq!(announce(EditionState::Prepared, 2_000).await, Applied::Done);
    let log = store.last_change().await.unwrap();
    assert!(!store.lapse(at(2_000), at(3_000)).await.unwrap());
    // Whoever does it again has more time.
    assert_eq!(announce(EditionState::Announced, 4_000).await, Applied::Done);
    assert!(!store.lapse(at(4_000), at(5_000)).await.unwrap());
    assert_eq!(store.areas().await.unwrap().announced().map(|e| e.seq), Some(next));
    assert!(store.lapse(at(4_001), at(5_000)).await.unwrap());
    assert_eq!(store.areas().await.unwrap().edition(next).unwrap().state, EditionState::Prepared);
    assert_eq!(store.changes_after(log, 9).await.unwrap().len(), 2, "every process hears of it");
    store.close().await;
}

#[tokio::test]
async fn a_recall_comes_due_until_others_overtake_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_url(folder.path())).await.unwrap();
    store.begin_areas(0, FORMER, at(1)).await.unwrap();
    let [next, third] = [NEXT, "2028-01-01"].map(|g| store.add_edition(edition(g)));
    let (next, third) = (next.await.unwrap(), third.await.unwrap());
    prepare(&store, next, NEXT).await;
    assert_eq!(turn(&store, next, 0, NEXT, 1_000).await, Outcome::Done);
    assert_eq!(store.recall(0, next, at(2_000)).await.unwrap(), Applied::Stale);
    assert_eq!(store.recall(next, 0, at(2_000)).await.unwrap(), Applied::Done);
    assert_eq!(store.due_edition(at(2_000)).await.unwrap(), Some((0, at(2_000))));
    prepare(&store, third, NEXT).await;
    assert_eq!(turn(&store, third, next, NEXT, 3_000).await, Outcome::Done);
    assert_eq!(store.due_edition(at(9_000)).await.unwrap(), None);
    let states = store.area_states().await.unwrap();
    assert_eq!(states.edition(0).unwrap().state, EditionState::Used);
    assert!(states.editions.iter().all(|e| e.boundaries.is_none()));
    store.close().await;
}

#[tokio::test]
async fn what_comes_first_is_due_first_and_maps_are_made_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_url(folder.path())).await.unwrap();
    store.begin_areas(0, FORMER, at(1)).await.unwrap();
    let mut all = Vec::new();
    for from in [Some(9_000), Some(9_000), Some(8_000), None] {
        let new = Edition { from: from.map(at), ..edition(NEXT) };
        all.push(store.add_edition(new).await.unwrap());
    }
    let [one, other, earlier, at_once] = all[..] else { panic!("{all:?}") };
    let due = async || store.due_edition(at(9_000)).await.unwrap().map(|(edition, _)| edition);
    let next = async || store.areas().await.unwrap().announced().map(|e| e.seq);
    let goes = async |edition, to| {
        let from = store.areas().await.unwrap().edition(edition).unwrap().state;
        assert_eq!(store.move_edition(edition, from, to, at(2)).await.unwrap(), Applied::Done);
    };
    for edition in [other, at_once, earlier, one] {
        goes(edition, EditionState::Announced).await;
    }
    assert_eq!((due().await, next().await), (Some(earlier), Some(at_once)));
    goes(at_once, EditionState::Withdrawn).await;
    assert_eq!((due().await, next().await), (Some(earlier), Some(earlier)));
    goes(earlier, EditionState::Withdrawn).await;
    assert_eq!((due().await, next().await), (Some(one), Some(one)));
    store.close().await;
}
