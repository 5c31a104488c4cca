//! Receivers miss nothing when the process that sends is killed; and of several, one sends.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::feeds::said;
use crate::harness::{CENTRE, agent, command, feature, get, post, until};
use crate::keys::token;
use crate::office::ITEMS;
use crate::process::Process;
use crate::receiver::Receiver;
use crate::test_database::is_postgres;
use crate::webhooks::{INSIDE, parts};

#[test]
fn a_process_that_is_killed_loses_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("diaban.toml");
    std::fs::write(&file, INSIDE).unwrap();
    let mut process = Process::start(folder.path());
    let receiver = Receiver::start();
    let config = ["--config", file.to_str().unwrap()];
    let added = command(folder.path(), &["webhooks", "add", &receiver.url()], &config);
    let (_, secret) = parts(&String::from_utf8(added.stdout).unwrap());
    let key = token(&said(&command(folder.path(), &["keys", "add", "Đọc", "--scope", "read"], &[])));
    let agent = agent();
    let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
    for round in 0..4 {
        for n in 0..10 {
            let key = format!("{round}-{n}");
            let header = [("Idempotency-Key", &*key)];
            let made = post(&agent, &process.base, ITEMS, &body, "application/geo+json", &header);
            assert_eq!(made.status, 201, "{}", made.text());
            // Somewhere between the events, also between a message and its answer.
            if n == 9 - round {
                process.kill();
                process.restart();
            }
        }
    }
    let bearer = format!("Bearer {key}");
    let all = || {
        let path = "/events?since=0.0&limit=1000";
        get(&agent, &process.base, path, &[("Authorization", &bearer)]).json()["events"].clone()
    };
    let distinct = || receiver.got().iter().map(|got| got.id.clone()).collect::<BTreeSet<_>>().len();
    until("all came", || distinct() == 40);
    let (mut seen, mut first) = (BTreeSet::new(), Vec::new());
    for got in receiver.got() {
        assert!(got.is_signed_by(&secret));
        if seen.insert(got.id.clone()) {
            first.push(got.json());
        }
    }
    assert_eq!(Value::from(first), all(), "in order, whatever came twice");
}

#[test]
fn of_several_processes_one_sends_and_another_goes_on() {
    if !is_postgres() {
        return; // one file has one process
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("diaban.toml");
    std::fs::write(&file, INSIDE).unwrap();
    let mut first = Process::start(folder.path());
    let receiver = Receiver::start();
    let config = ["--config", file.to_str().unwrap()];
    command(folder.path(), &["webhooks", "add", &receiver.url()], &config);
    let agent = agent();
    let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
    let made = |base: &str| {
        assert_eq!(post(&agent, base, ITEMS, &body, "application/geo+json", &[]).status, 201);
    };
    made(&first.base);
    until("the first one sends", || receiver.got().len() == 1);
    let second = Process::start(folder.path());
    for n in 0..20 {
        made(if n % 2 == 0 { &first.base } else { &second.base });
    }
    until("all came", || receiver.got().len() >= 21);
    first.kill();
    for _ in 0..5 {
        made(&second.base);
    }
    until("the other one goes on", || {
        receiver.got().iter().map(|g| &g.id).collect::<BTreeSet<_>>().len() == 26
    });
    // What the first one was about to hear the answer of may have come again.
    assert!(receiver.got().len() <= 27, "{}", receiver.got().len());
}
