//! Damaged stores and backups are found, and say so.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{DAMAGED, ITEMS, PAGE, Running, beside, names, start};
use crate::harness::{agent, until};
use crate::moving::{block, done, fill, refused, url};
use crate::test_database::is_postgres;

fn damage(db: &Path, from: usize, pages: usize) {
    let file = OpenOptions::new().write(true).open(db).unwrap();
    for page in from..from + pages {
        file.write_all_at(&[0x55; PAGE], (page * PAGE) as u64).unwrap();
    }
}

#[test]
fn a_damaged_store_is_found_at_the_start_and_by_the_check() {
    if is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (db, store) = (folder.path().join("city.db"), url(folder.path(), "city.db"));
    block(fill(&store, 2_000));
    let said = done(&["check", "store", "--store", &store]);
    assert!(said.contains("sound") && said.contains("report_public"), "{said}");
    let whole = fs::read(&db).unwrap();
    let pages = whole.len() / PAGE;
    // One page is enough, wherever it is: of a table, an index, in the middle, at the end.
    for page in [2, pages / 3, pages / 2, pages - 2] {
        fs::write(&db, &whole).unwrap();
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(&db, end));
        }
        damage(&db, page, 1);
        let output = start(&db);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(DAMAGED), "page {page}: {said}");
        assert!(said.contains("damaged"), "{said}");
        let check =
            Command::new(env!("CARGO_BIN_EXE_diaban")).args(["check", "store", "--store", &store]).output();
        let check = check.unwrap();
        assert_eq!(
            check.status.code(),
            Some(DAMAGED),
            "page {page}: {}",
            String::from_utf8_lossy(&check.stderr)
        );
    }
}

#[test]
fn damage_that_is_met_while_serving_ends_the_process() {
    if is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (db, store) = (folder.path().join("city.db"), url(folder.path(), "city.db"));
    block(fill(&store, 4_000));
    let mut process = Running::start(&db).ready();
    damage(&db, 1, fs::metadata(&db).unwrap().len() as usize / PAGE - 1);
    // What it does not remember it must read: whoever asks meets the damage.
    let paths = [&format!("{ITEMS}?limit=1000"), "/feeds/reports.json", "/feeds/reports/changes.json"];
    until("somebody met it", || {
        for path in paths {
            let _ = agent().get(format!("{}{path}", process.base)).call();
        }
        process.takes_one();
        process.child.try_wait().unwrap().is_some()
    });
    assert_eq!(process.code(), Some(DAMAGED), "{}", process.said());
    assert!(process.said().contains("the database is damaged"), "{}", process.said());
}

#[test]
fn a_backup_that_differs_by_a_bit_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let store = url(folder.path(), "city.db");
    block(fill(&store, 200));
    done(&["backup", &at("saved.db"), "--store", &store]);
    let said = done(&["check", "backup", &at("saved.db")]);
    assert!(said.contains("to the bit"), "{said}");
    let good = fs::read(at("saved.db")).unwrap();
    for i in 0..24_usize {
        let mut bent = good.clone();
        // All over the file, its seal included.
        let bit = (good.len() * 8 - 1) * i / 23;
        bent[bit / 8] ^= 1 << (bit % 8);
        fs::write(at("bent.db"), bent).unwrap();
        let why = refused(&["check", "backup", &at("bent.db")]);
        assert!(why.contains("damaged"), "bit {bit}: {why}");
        let why = refused(&["restore", &at("bent.db"), "--store", &url(folder.path(), "back.db")]);
        assert!(why.contains("damaged") && !folder.path().join("back.db").exists(), "bit {bit}: {why}");
    }
    // One of an older release has no seal: it comes back, with a word.
    fs::write(at("old.db"), &good[..good.len() - PAGE]).unwrap();
    assert!(done(&["check", "backup", &at("old.db")]).contains("without a checksum"));
    let said = done(&["restore", &at("old.db"), "--store", &url(folder.path(), "back.db")]);
    assert!(said.contains("without a checksum"), "{said}");
    // A sealed one can be served as it is, and grows.
    fs::copy(at("saved.db"), at("served.db")).unwrap();
    let process = Running::start(&folder.path().join("served.db")).ready();
    for _ in 0..5 {
        assert!(process.takes_one());
    }
    process.stop();
    done(&["check", "store", "--store", &url(folder.path(), "served.db")]);
}

#[test]
fn what_a_killed_backup_left_is_taken_away_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let store = url(folder.path(), "city.db");
    block(fill(&store, 3_000));
    let parts = || {
        names(folder.path())
            .into_iter()
            .filter(|n| Path::new(n).extension().is_some_and(|e| e == "part"))
            .count()
    };
    for round in 0..20 {
        let mut backup = Command::new(env!("CARGO_BIN_EXE_diaban"))
            .args(["backup", &at(&format!("killed-{round}.db")), "--store", &store])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("it has begun or ended", || parts() > 0 || backup.try_wait().unwrap().is_some());
        backup.kill().unwrap();
        backup.wait().unwrap();
        if parts() > 0 {
            break;
        }
    }
    assert!(parts() > 0, "no kill left anything: the test shows nothing");
    // One that is being made by somebody else stays.
    let other = folder.path().join(".diaban-other.part");
    let mut made = fs::File::create(&other).unwrap();
    made.write_all(b"half").unwrap();
    made.try_lock().unwrap();
    done(&["backup", &at("whole.db"), "--store", &store]);
    assert_eq!((parts(), other.exists()), (1, true));
    drop(made);
    done(&["restore", &at("whole.db"), "--store", &url(folder.path(), "back.db")]);
    assert_eq!(parts(), 0);
}
