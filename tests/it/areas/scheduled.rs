//! What waits when boundaries change: the boundaries themselves for their instant, a transfer for the end of its hour.

use std::collections::BTreeSet;
use std::sync::Arc;

use diaban::action::{self, Actor, City, To, Transfer};
use diaban::clock::{Clock as _, SystemIds};
use diaban::store::Store;
use diaban_core::domain::{Instant, Precision};
use serde_json::{Value, json};

use super::over_http::{FORMER, Operator, generation};
use super::{NEXT, Redrawn, Wards, boundaries, done, generations, redrawn, wards};
use crate::harness::{CENTRE, Server};
use crate::moving::block;

/// Valid from a day after [`NEXT`].
const LATER: &str = "2028-01-01";

fn to_ward(ward: &str) -> Transfer {
    Transfer { to: To::Ward(ward.to_owned()), note: None, internal: None }
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

/// The boundaries of before under another day, and others from a day between, as an operator keeps them: the later ones
/// first, because instants decide and not numbers.
fn two_generations(operator: &Operator<'_>, redrawn: &Redrawn) -> [String; 2] {
    let next: Value = serde_json::from_slice(&std::fs::read(&redrawn.file).unwrap()).unwrap();
    let later = operator.kept(LATER, &boundaries());
    [operator.kept(NEXT, &next), later]
}

/// Every report has a ward of a generation: that of its former code, or none where that was divided meanwhile.
fn stand_as_before(server: &Server, generation: &str, before: &Wards, cut: &str) -> bool {
    let now = wards(server);
    assert!(now.keys().eq(before.keys()), "lost or doubled");
    now.iter().all(|(id, ward)| match (&before[id], ward) {
        (Some((_, was)), Some((of, code))) => of == generation && code == was,
        (Some((_, was)), None) => was == cut,
        (None, ward) => ward.is_none(),
    })
}

#[test]
fn two_generations_minutes_apart_come_into_force_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 1_000);
    let made = server.report("pothole", Some(CENTRE));
    let cut = made["properties"]["ward"].as_str().unwrap().to_owned();
    let operator = Operator::of(&server);
    let before = wards(&server);
    let redrawn = redrawn(folder.path(), &cut);
    let [first, second] = two_generations(&operator, &redrawn);
    let minutes = |n: i64| Instant::from_ms(server.clock.now().ms() + n * 60_000);
    let (one, two) = (minutes(10), minutes(12));
    for (edition, at) in [(&first, one), (&second, two)] {
        let scheduled = operator.post(&format!("{edition}/schedule"), &json!({ "at": at.to_string() }));
        assert_eq!(scheduled.status, 200, "{}", scheduled.text());
    }
    let state = |edition: &str| operator.edition(edition)["state"].as_str().unwrap().to_owned();
    // Both are near now, and one is announced.
    server.clock.set(Instant::from_ms(one.ms() - 1));
    server.until("the first is announced", || state(&first) == "announced");
    assert_eq!((generation(&server).as_str(), state(&second).as_str()), (FORMER, "scheduled"));
    server.clock.set(one);
    server.until("the first is in force", || generation(&server) == NEXT);
    server.until("the second is announced", || state(&second) == "announced");
    assert_eq!((generation(&server).as_str(), state(&first).as_str()), (NEXT, "in_force"));
    server.clock.set(two);
    server.until("the second is in force", || generation(&server) == LATER);
    assert_eq!((state(&first).as_str(), state(&second).as_str()), ("former", "in_force"));
    // Its table began at the boundaries that were in force when it was prepared. Reports without a place have their
    // wards nevertheless.
    server.until("every report has its ward", || stand_as_before(&server, LATER, &before, &cut));

    // And back: the second alone, whose turn was the last.
    assert_eq!(operator.post("/areas/undo", &json!(null)).status, 202);
    server.until("the first is in force again", || generation(&server) == NEXT);
    let (_, new) = redrawn.renamed.iter().next().unwrap();
    server.until("reports are in its wards", || {
        wards(&server).values().flatten().any(|(of, code)| of == NEXT && code == new)
    });
}

#[test]
fn boundaries_activated_at_once_go_before_those_that_wait_for_their_instant() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 300);
    let made = server.report("pothole", Some(CENTRE));
    let cut = made["properties"]["ward"].as_str().unwrap().to_owned();
    let operator = Operator::of(&server);
    let before = wards(&server);
    let redrawn = redrawn(folder.path(), &cut);
    let [at_once, waiting] = two_generations(&operator, &redrawn);
    let instant = Instant::from_ms(server.clock.now().ms() + 60_000);
    operator.post(&format!("{waiting}/schedule"), &json!({ "at": instant.to_string() }));
    let state = |edition: &str| operator.edition(edition)["state"].as_str().unwrap().to_owned();
    server.until("what waits is announced", || state(&waiting) == "announced");
    assert!(done(folder.path(), &["areas", "activate"], &[NEXT]).contains("in force"));
    server.until("the others are in force", || generation(&server) == NEXT);
    assert_eq!((state(&at_once).as_str(), state(&waiting).as_str()), ("in_force", "announced"));
    server.clock.set(instant);
    server.until("its instant has come", || generation(&server) == LATER);
    server.until("every report has its ward", || stand_as_before(&server, LATER, &before, &cut));
}
