//! What waits when boundaries change: the boundaries themselves for their instant, a transfer for the end of its hour.

use std::collections::BTreeSet;
use std::sync::Arc;

use diaban::action::{self, Actor, City, Transfer};
use diaban::clock::SystemIds;
use diaban::store::Store;
use diaban_core::domain::{Instant, Precision};
use serde_json::{Value, json};

use super::{NEXT, done, generations, redrawn};
use crate::harness::{CENTRE, Server};
use crate::moving::block;

fn to_ward(ward: &str) -> Transfer {
    Transfer { ward: ward.to_owned(), ..Transfer::default() }
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
