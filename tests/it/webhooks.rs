//! Receivers are told everything that happens, in order, signed, once or with the same id; and what they do harms
//! nobody else.

use std::path::Path;

use diaban::clock::{Clock as _, SystemClock};
use diaban_core::domain::{Instant, Precision};
use serde_json::{Value, json};

use crate::events::{page, read, types};
use crate::feeds::{diaban, done, said};
use crate::harness::{CENTRE, Server, after};
use crate::hour::category;
use crate::office::{Caller, NEIGHBOUR, made};
use crate::receiver::{Got, Receiver};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
pub(crate) const INSIDE: &str = "[webhooks]\nallow_private = true\n";

/// A server that may send to receivers inside, and the file that allows that to commands.
fn start(folder: &Path) -> (Server, String) {
    let file = folder.join("diaban.toml");
    std::fs::write(&file, INSIDE).unwrap();
    (Server::start_set(|config| config.webhooks.allow_private = true), file.to_str().unwrap().to_owned())
}

/// Adds a webhook: its id and secret.
fn add(server: &Server, file: &str, url: &str, more: &[&str]) -> (String, String) {
    parts(&done(server, &[&["webhooks", "add", url, "--config", file], more].concat()))
}

pub(crate) fn parts(said: &str) -> (String, String) {
    let id = said.strip_prefix("webhook ").unwrap().split(',').next().unwrap().to_owned();
    (id, said.trim_end().rsplit('\n').next().unwrap().to_owned())
}

/// The lines of a list, by the id that each begins with.
fn listed(server: &Server, words: &[&str], id: &str) -> String {
    let all = done(server, &[&["webhooks"], words].concat());
    all.lines().filter(|line| line.starts_with(id)).collect::<Vec<_>>().join("\n")
}

fn ids(got: &[Got]) -> Vec<&str> {
    got.iter().map(|got| &*got.id).collect()
}

fn bodies(got: &[Got]) -> Vec<Value> {
    got.iter().map(Got::json).collect()
}

#[test]
fn events_come_in_order_and_signed_also_after_a_receiver_was_down() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = start(folder.path());
    let reader = Caller::new(&server, &["--scope", "read"]);
    made(&server, "pothole");
    let start = page(&reader, "")["next"].as_str().unwrap().to_owned();
    let receiver = Receiver::start();
    let (address, url) = (receiver.address, receiver.url());
    let (id, secret) = add(&server, &file, &url, &[]);
    let (first, _) = made(&server, "pothole");
    let operator = Caller::new(&server, &["--scope", "operate"]);
    let step = json!({ "state": "in_progress", "note": "Đang làm", "internal_note": "gọi chị Hoa" });
    assert_eq!(operator.set(first, &step).status, 200);
    server.until("all came", || receiver.got().len() == 2);
    let got = receiver.got();
    // The same objects as in pages, nothing of before.
    assert_eq!(bodies(&got), read(&reader, &start, 100).0);
    assert_eq!(types(&bodies(&got)), ["report.received", "report.state"]);
    assert_eq!(ids(&got), [format!("evt_{first}_1"), format!("evt_{first}_2")]);
    for got in &got {
        assert!(got.is_signed_by(&secret) && got.signatures.len() == 1, "{got:?}");
        assert_eq!(got.second, (server.clock.now().ms() / SECOND).to_string());
    }
    assert!(!format!("{got:?}").contains("Hoa"));
    // Down: what happens meanwhile waits.
    drop(receiver);
    let (second, _) = made(&server, "pothole");
    let wait = |what: &str| server.until(what, || listed(&server, &["list"], &id).contains(what));
    wait("failing since");
    for _ in 0..4 {
        made(&server, "pothole");
    }
    done(&server, &["report", "hide", &second.to_string()]);
    let receiver = Receiver::at(address);
    server.clock.set(after(6 * SECOND));
    server.until("all came", || receiver.got().len() == 6);
    wait("well");
    // A report that was hidden meanwhile is not told any more.
    let late = bodies(&receiver.got());
    assert_eq!(late, read(&reader, &start, 100).0[2..]);
    let kinds = types(&late);
    assert_eq!((kinds[0], kinds[5]), ("report.deleted", "report.hidden"));
    assert!(!late[0].to_string().contains("Nắp cống"));
    // Again from a moment, with the same ids.
    let since = after(0).to_string();
    done(&server, &["webhooks", "replay", &id, "--since", &since]);
    server.until("all came again", || receiver.got().len() == 15);
    let again = receiver.got();
    assert_eq!(ids(&again)[7..9], ids(&got));
    assert_eq!(ids(&again)[9..], ids(&again)[..6]);
    let refused = diaban(&server, &["webhooks", "replay", "nobody", "--since", &since]);
    assert!(!refused.status.success() && said(&refused).contains("no webhook has the id nobody"));
    // Who is removed is told nothing.
    done(&server, &["webhooks", "remove", &id]);
    made(&server, "pothole");
    let other = Receiver::start();
    add(&server, &file, &other.url(), &[]);
    made(&server, "pothole");
    server.until("the other one is told", || other.got().len() == 1);
    assert_eq!(receiver.got().len(), 15);
}

#[test]
fn what_is_hidden_while_it_waits_behind_another_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = start(folder.path());
    let receiver = Receiver::start();
    let address = receiver.address;
    let (id, _) = add(&server, &file, &receiver.url(), &[]);
    drop(receiver);
    let ids = [(); 2].map(|()| made(&server, "pothole").0);
    server.until("it failed", || listed(&server, &["list"], &id).contains("failing since"));
    // Both are known when the first one is sent.
    let receiver = Receiver::at(address);
    let held = receiver.hold();
    server.clock.set(after(6 * SECOND));
    server.until("the first one came", || receiver.got().len() == 1);
    done(&server, &["report", "hide", &ids[1].to_string()]);
    drop(held);
    server.until("all came", || receiver.got().len() == 3);
    let got = bodies(&receiver.got());
    assert_eq!(types(&got), ["report.received", "report.deleted", "report.hidden"]);
    assert!(got[0].to_string().contains("Nắp cống") && !got[1].to_string().contains("Nắp cống"));
}

#[test]
fn what_a_receiver_refuses_comes_again_and_holds_up_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = start(folder.path());
    let [strange, well, elsewhere] = [(); 3].map(|()| Receiver::start());
    let (id, _) = add(&server, &file, &strange.url(), &[]);
    add(&server, &file, &well.url(), &[]);
    let moved = format!("302 Found\r\nLocation: {}", elsewhere.url());
    strange.answer([
        "500 No",
        "503 Later\r\nRetry-After: 600",
        &moved,
        // Two answers that are well enough: nobody waits for these bodies.
        "200 OK\r\nContent-Length: 1000000000",
        "299 OK\r\nTransfer-Encoding: chunked",
        "410 Gone",
    ]);
    for _ in 0..3 {
        made(&server, "pothole");
    }
    server.until("the other one has all", || well.got().len() == 3);
    let attempts = |n: i64| format!("({n} attempts, ");
    let mut now = 0;
    for (n, pause, why) in [(1, 5, "status 500"), (2, 600, "status 503"), (3, 1_800, "status 302")] {
        let why = format!("{}{why}", attempts(n));
        server.until(&why, || listed(&server, &["list"], &id).contains(&why));
        now += pause * SECOND;
        // Not a moment before.
        server.clock.set(after(now - 1));
        made(&server, "pothole");
        server.until("the other one has it", || well.got().len() == 3 + n as usize);
        assert_eq!(strange.got().len(), n as usize);
        server.clock.set(after(now));
    }
    server.until("it is gone", || listed(&server, &["list"], &id).contains("gone since"));
    let got = strange.got();
    assert_eq!(ids(&got)[..4], [&*got[0].id; 4]);
    assert_eq!(got.len(), 6);
    assert_eq!((ids(&got)[4..].to_vec(), elsewhere.got().len()), (ids(&well.got())[1..3].to_vec(), 0));
    // It is back when the operator says so.
    let since = Instant::from_ms(0).to_string();
    done(&server, &["webhooks", "replay", &id, "--since", &since]);
    server.until("it has all", || strange.got().len() == 12);
    assert_eq!(ids(&strange.got())[6..], ids(&well.got()));
}

#[test]
fn an_event_that_is_refused_for_three_days_is_put_aside_and_can_be_told_later() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = start(folder.path());
    let receiver = Receiver::start();
    receiver.answer(["500 No"; 10]);
    let (id, _) = add(&server, &file, &receiver.url(), &[]);
    let (first, _) = made(&server, "pothole");
    let (second, _) = made(&server, "pothole");
    let times = [5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 257_705];
    for (n, second) in (1..).zip(times) {
        let failing = format!("({n} attempts, ");
        server.until(&failing, || listed(&server, &["list"], &id).contains(&failing));
        assert_eq!(listed(&server, &["failed"], &id), "");
        server.clock.set(after(second * SECOND));
    }
    server.until("the next one came", || receiver.got().len() == 11);
    let got = receiver.got();
    assert_eq!(ids(&got)[..10], [&*format!("evt_{first}_1"); 10]);
    assert_eq!(got[10].id, format!("evt_{second}_1"));
    let failed = listed(&server, &["failed", &id], &id);
    assert!(
        failed.contains(&format!("{first}.1\t")) && failed.contains("10 attempts\tstatus 500"),
        "{failed}"
    );
    done(&server, &["webhooks", "replay", &id, "--since", "2026-01-01T00:00:00Z"]);
    server.until("both came", || receiver.got().len() == 13);
    server.until("nothing is put aside", || listed(&server, &["failed"], &id).is_empty());
}

#[test]
fn a_secret_is_exchanged_while_both_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = start(folder.path());
    // Commands have the clock of the system.
    server.clock.set(SystemClock.now());
    let receiver = Receiver::start();
    let (id, first) = add(&server, &file, &receiver.url(), &[]);
    let (same, second) = parts(&done(&server, &["webhooks", "rotate", &id]));
    assert_eq!(same, id);
    assert_ne!(first, second);
    made(&server, "pothole");
    server.until("it came", || receiver.got().len() == 1);
    let got = &receiver.got()[0];
    assert!(got.is_signed_by(&first) && got.is_signed_by(&second) && got.signatures.len() == 2, "{got:?}");
    server.clock.set(Instant::from_ms(SystemClock.now().ms() + 25 * HOUR));
    made(&server, "pothole");
    server.until("it came", || receiver.got().len() == 2);
    let got = &receiver.got()[1];
    assert!(!got.is_signed_by(&first) && got.is_signed_by(&second) && got.signatures.len() == 1, "{got:?}");
}

#[test]
fn a_receiver_asks_for_what_concerns_it() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = start(folder.path());
    let blurred = category(Precision::Grid150m);
    let [of_ward, of_query] = [(); 2].map(|()| Receiver::start());
    add(&server, &file, &of_ward.url(), &["--ward", NEIGHBOUR, "--query", "category=pothole"]);
    add(&server, &file, &of_query.url(), &["--query", &format!("category={blurred}")]);
    for wrong in [["--query", "categry=x"], ["--ward", "99999"], ["--query", "limit=3"]] {
        let refused =
            diaban(&server, &[&["webhooks", "add", "https://a.vn", "--config", &file], &wrong[..]].concat());
        assert!(!refused.status.success(), "{wrong:?}");
    }
    let (id, _) = made(&server, "pothole");
    let waiting = server.report(blurred, Some(CENTRE))["id"].as_u64().unwrap();
    let operator = Caller::new(&server, &["--scope", "operate"]);
    let sent = operator.send(id, "transfers", &json!({ "ward": NEIGHBOUR }), &[]);
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert_eq!(operator.set(id, &json!({ "level": "urgent" })).status, 200);
    server.until("the ward is told what is its own", || of_ward.got().len() == 2);
    assert_eq!(types(&bodies(&of_ward.got())), ["report.transfer", "report.level"]);
    assert!(of_query.got().is_empty(), "what is blurred waits for the end of its hour");
    server.end_hour();
    server.until("the hour is over", || of_query.got().len() == 1);
    assert_eq!(ids(&of_query.got()), [format!("evt_{waiting}_1")]);
}

#[test]
fn no_receiver_is_inside_unless_the_operator_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("diaban.toml");
    std::fs::write(&file, INSIDE).unwrap();
    let server = Server::start();
    let receiver = Receiver::start();
    let port = receiver.address.port();
    for url in [receiver.url(), format!("https://127.0.0.1:{port}/"), "https://[fd00::1]/".to_owned()] {
        let refused = diaban(&server, &["webhooks", "add", &url]);
        assert!(!refused.status.success() && said(&refused).contains("url"), "{}", said(&refused));
    }
    // One that is kept already, or whose name leads inside: nothing is sent there.
    let file = file.to_str().unwrap();
    let plain = add(&server, file, &receiver.url(), &[]).0;
    let named = parts(&done(&server, &["webhooks", "add", &format!("https://localhost:{port}/")])).0;
    made(&server, "pothole");
    server.until("it was tried", || listed(&server, &["list"], &named).contains("the address is inside"));
    server.until("it was tried", || listed(&server, &["list"], &plain).contains("failing"));
    assert!(receiver.got().is_empty());
}
