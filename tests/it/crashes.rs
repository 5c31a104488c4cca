//! Connections, servers and processes die in the middle of commits, and nothing that was acknowledged is
//! lost or doubled. Two processes over one PostgreSQL; a process alone is `durability`.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diaban::clock::SystemIds;
use diaban_core::map::{Value, decode};
use sqlx::{Connection, PgConnection};

use crate::harness::{CENTRE, Server, agent, feature, get, until};
use crate::process::Process;
use crate::test_database::{is_postgres, store_url};

const ITEMS: &str = "/collections/reports/items";
/// Connections that are cut in a usual run; `DIABAN_CUTS` asks for more.
const CUTS: usize = 8;
const CLIENTS: usize = 4;
/// Acknowledged between two blows.
const BETWEEN: usize = 15;

/// Kills of one of two processes; `DIABAN_KILLS` asks for more.
const KILLS: usize = 4;

/// Writes through two processes while `strike` falls so many times; checks that every key has its one
/// report. Clients do what apps do: they send again with the same key until there is an answer.
fn under_fire(rounds: usize, bases: &[String; 2], mut strike: impl FnMut()) {
    let watcher = agent();
    let ask = |base: &str, path: &str| get(&watcher, base, path, &[]);
    let (stop, count, again) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let made: Mutex<BTreeMap<u64, String>> = Mutex::default();
    let mut slowest = Duration::ZERO;
    let ready = |base: &String| ask(base, "/readyz").json()["status"] == "ready";
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (stop, count, again, made) = (&stop, &count, &again, &made);
            scope.spawn(move || {
                let agent = agent();
                let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
                for n in 0.. {
                    if stop.load(SeqCst) {
                        return;
                    }
                    let key = format!("fire-{client}-{n}");
                    let id = (0..).find_map(|attempt| {
                        again.fetch_add(usize::from(attempt > 0), SeqCst);
                        let answer = agent
                            .post(format!("{}{ITEMS}", bases[(n + attempt) % 2]))
                            .header("Content-Type", "application/geo+json")
                            .header("Idempotency-Key", &key)
                            .send(&body[..]);
                        let mut answer = answer.ok()?;
                        assert!([200, 201, 503].contains(&answer.status().as_u16()), "{}", answer.status());
                        let told = answer.body_mut().read_to_vec().ok()?;
                        serde_json::from_slice::<serde_json::Value>(&told).ok()?["id"].as_u64()
                    });
                    let before = made.lock().unwrap().insert(id.unwrap(), key);
                    assert!(before.is_none(), "two keys share a report");
                    count.fetch_add(1, SeqCst);
                }
            });
        }
        for _ in 0..rounds {
            let seen = count.load(SeqCst);
            until("writes go on", || count.load(SeqCst) >= seen + BETWEEN);
            strike();
            let struck = Instant::now();
            until("all are level again", || bases.iter().all(ready));
            slowest = slowest.max(struck.elapsed());
        }
        stop.store(true, SeqCst);
    });
    let made = made.into_inner().unwrap();
    for base in bases {
        let all = made.len() as u64;
        let listed = || ask(base, &format!("{ITEMS}?limit=1")).json()["numberMatched"].as_u64().unwrap();
        until("every report is listed once", || listed() >= all);
        // A cluster carries how many it stands for, a symbol of one report does not.
        let layers = decode(&ask(base, "/tiles/incidents/0/0/0.mvt").body).unwrap();
        let counted = layers[0].features.iter().map(|f| match f.tags.get("point_count") {
            Some(Value::Number(n)) => *n as u64,
            _ => 1,
        });
        assert_eq!((listed(), counted.sum::<u64>()), (all, all), "list and tile of {base}");
        for id in made.keys() {
            assert_eq!(ask(base, &format!("{ITEMS}/{id}")).status, 200, "{id} was lost");
        }
    }
    println!(
        "{rounds} blows, {} acknowledged, {} sent again, lost 0, doubled 0, ready again after {slowest:?} at most",
        made.len(),
        again.into_inner()
    );
}

fn number(name: &str) -> Option<usize> {
    std::env::var_os(name).and_then(|n| n.to_str()?.parse().ok())
}

#[test]
fn nothing_is_lost_when_connections_are_cut_in_the_middle_of_commits() {
    if !is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut db = runtime.block_on(PgConnection::connect(&store_url(folder.path()))).unwrap();
    let servers = [(); 2].map(|()| Server::start_in(folder.path(), Arc::new(SystemIds)));
    let bases = [&servers[0], &servers[1]].map(|s| s.base.clone());
    under_fire(number("DIABAN_CUTS").unwrap_or(CUTS), &bases, || {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'diaban' AND pid <> pg_backend_pid()";
        let cut: i64 = runtime.block_on(sqlx::query_scalar(cut).fetch_one(&mut db)).unwrap();
        assert!(cut > 0);
    });
}

#[test]
fn nothing_is_lost_when_one_of_two_processes_is_killed_again_and_again() {
    if !is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut mortal, other) = (Process::start(folder.path()), Process::start(folder.path()));
    let bases = [&mortal, &other].map(|p| p.base.clone());
    under_fire(number("DIABAN_KILLS").unwrap_or(KILLS), &bases, || {
        mortal.kill();
        mortal.restart();
    });
}

/// Stops the whole server, so it runs alone and only when it is asked for: `DIABAN_RESTARTS=5`.
#[test]
fn nothing_is_lost_when_the_server_crashes_and_comes_back() {
    let (Some(rounds), true) = (number("DIABAN_RESTARTS"), is_postgres()) else { return };
    let control =
        std::env::var_os("DIABAN_TEST_PG_CTL").expect("tools/postgis tells how to restart its server");
    let folder = tempfile::tempdir().unwrap();
    let servers = [(); 2].map(|()| Server::start_in(folder.path(), Arc::new(SystemIds)));
    let bases = [&servers[0], &servers[1]].map(|s| s.base.clone());
    under_fire(rounds, &bases, || {
        let done =
            Command::new("sh").arg("-c").arg(format!("{} restart", control.to_str().unwrap())).status();
        assert!(done.unwrap().success());
    });
}
