//! What was acknowledged survives a kill at any moment, and a repeat doubles nothing.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::harness::{CENTRE, agent, feature, get, post, until};
use crate::process::Process;
use crate::test_database::{is_postgres, store_url};

const ITEMS: &str = "/collections/reports/items";
/// Rounds of kill -9; `DIABAN_KILLS` asks for more.
const KILLS: usize = 4;
const CLIENTS: usize = 4;

#[test]
fn no_acknowledged_report_is_lost_or_doubled_by_kill_9() {
    let asked = std::env::var_os("DIABAN_KILLS").and_then(|n| n.to_str()?.parse().ok());
    let rounds: usize = asked.unwrap_or(KILLS);
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Pcg64::seed_from_u64(9);
    // Key to the id that was acknowledged for it, if any.
    let sent: Mutex<BTreeMap<String, Option<u64>>> = Mutex::default();
    for round in 0..rounds {
        let mut process = Process::start(folder.path());
        let base = process.base.clone();
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (base, sent) = (base.clone(), &sent);
                scope.spawn(move || {
                    let agent = agent();
                    let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
                    for n in 0.. {
                        let key = format!("{round}-{client}-{n}");
                        sent.lock().unwrap().insert(key.clone(), None);
                        let answer = agent
                            .post(format!("{base}{ITEMS}"))
                            .header("Content-Type", "application/geo+json")
                            .header("Idempotency-Key", &key)
                            .send(&body[..]);
                        // The first request that fails is the one the kill hit.
                        let Ok(mut answer) = answer else { return };
                        if answer.status() != 201 {
                            return;
                        }
                        let Ok(made) = answer.body_mut().read_to_vec() else { return };
                        let Ok(made) = serde_json::from_slice::<serde_json::Value>(&made) else { return };
                        sent.lock().unwrap().insert(key, made["id"].as_u64());
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(rng.random_range(0..800)));
            process.kill();
        });
    }
    let process = Process::start(folder.path());
    let agent = agent();
    let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
    let sent = sent.into_inner().unwrap();
    let mut made = BTreeMap::new();
    for (key, acknowledged) in &sent {
        let answer =
            post(&agent, &process.base, ITEMS, &body, "application/geo+json", &[("Idempotency-Key", key)]);
        let id = answer.json()["id"].as_u64().unwrap();
        if let Some(first) = acknowledged {
            assert_eq!((answer.status, id), (200, *first), "the report of key {key} was lost");
        }
        assert!(made.insert(id, key).is_none(), "two keys share report {id}");
    }
    let matched = || {
        get(&agent, &process.base, &format!("{ITEMS}?limit=1"), &[]).json()["numberMatched"].as_u64().unwrap()
    };
    until("every report is counted", || matched() >= made.len() as u64);
    assert_eq!(matched(), made.len() as u64, "a retry doubled a report");
    let acknowledged = sent.values().flatten().count();
    println!(
        "{rounds} kills, {acknowledged} acknowledged, {} unanswered, lost 0, doubled 0",
        sent.len() - acknowledged
    );
    assert!(acknowledged > 0, "nothing was acknowledged: the test shows nothing");
}

#[test]
fn a_second_process_on_the_same_file_is_refused() {
    if is_postgres() {
        return; // there any number may serve one database: `many`
    }
    let folder = tempfile::tempdir().unwrap();
    let _first = Process::start(folder.path());
    let second = Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(store_url(folder.path()))
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process serves this file"));
}

#[test]
fn a_process_told_to_stop_stops_soon_and_neatly() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path());
    let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
    let made = post(&agent(), &process.base, ITEMS, &body, "application/geo+json", &[]);
    assert_eq!(made.status, 201);
    Command::new("kill").args(["-TERM", &process.child.id().to_string()]).status().unwrap();
    let mut status = None;
    until("the process has stopped", || {
        status = process.child.try_wait().unwrap();
        status.is_some()
    });
    assert!(status.unwrap().success());
}

#[test]
fn a_process_told_to_stop_under_load_answers_all_it_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path());
    let (base, answered) = (process.base.clone(), AtomicUsize::new(0));
    let mut exit = None;
    let clients: Vec<(Vec<u16>, usize)> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let (base, answered) = (&base, &answered);
                scope.spawn(move || {
                    let agent = agent();
                    let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
                    let (mut statuses, mut made) = (Vec::new(), 0);
                    loop {
                        let answer = if client % 2 == 0 {
                            let post = agent.post(format!("{base}{ITEMS}"));
                            post.header("Content-Type", "application/geo+json").send(&body[..])
                        } else {
                            agent.get(format!("{base}{ITEMS}?limit=1000")).call()
                        };
                        // A refused connection is the end; what was accepted is answered whole.
                        let Ok(mut answer) = answer else { return (statuses, made) };
                        let status = answer.status().as_u16();
                        answer.body_mut().read_to_vec().expect("an answer that began ends");
                        statuses.push(status);
                        made += usize::from(status == 201);
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        until("there is load", || answered.load(Ordering::SeqCst) > 200);
        let told = Instant::now();
        Command::new("kill").args(["-TERM", &process.child.id().to_string()]).status().unwrap();
        until("the process has stopped", || {
            exit = process.child.try_wait().unwrap();
            exit.is_some()
        });
        assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
        clients.into_iter().map(|c| c.join().unwrap()).collect()
    });
    assert!(exit.unwrap().success());
    let failed: Vec<u16> = clients.iter().flat_map(|c| &c.0).copied().filter(|s| *s >= 500).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let process = Process::start(folder.path());
    let list = get(&agent(), &process.base, &format!("{ITEMS}?limit=1"), &[]).json();
    let made: usize = clients.iter().map(|c| c.1).sum();
    // The last of each client may have been stored without its answer reaching the client.
    assert!(
        (made..=made + 8).contains(&(list["numberMatched"].as_u64().unwrap() as usize)),
        "{made}: {list}"
    );
}
