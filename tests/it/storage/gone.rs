//! The file of a served store is removed, emptied, cut off or replaced: the process ends, nothing acknowledged is lost.

use std::fs::{self, OpenOptions};
use std::time::{Duration, Instant};

use super::{Act, DAMAGED, GONE, ITEMS, PAGE, Running, beside, execute, names, start, start_refused};
use crate::harness::until;
use crate::moving::{done, refused, url};
use crate::test_database::is_postgres;

#[test]
fn a_store_that_goes_away_while_it_is_served_ends_the_process() {
    if is_postgres() {
        return;
    }
    let acts: [(&str, Act, bool); 6] = [
        ("was removed", |db| fs::remove_file(db).unwrap(), true),
        ("was removed", |db| fs::rename(db, beside(db, ".away")).unwrap(), true),
        ("was emptied", |db| drop(fs::File::create(db).unwrap()), true),
        (
            "was cut off",
            |db| OpenOptions::new().write(true).open(db).unwrap().set_len(PAGE as u64).unwrap(),
            false,
        ),
        (
            "another file lies in the place",
            |db| {
                fs::copy(db, beside(db, ".copy")).unwrap();
                fs::rename(beside(db, ".copy"), db).unwrap();
            },
            false,
        ),
        (
            "was removed",
            |db| {
                for end in ["", "-wal", "-shm"] {
                    fs::remove_file(beside(db, end)).unwrap();
                }
            },
            true,
        ),
    ];
    for (says, act, missing) in acts {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("city.db");
        // Its pages are in the file, and not in the log alone.
        done(&["migrate", "--store", &url(folder.path(), "city.db")]);
        let mut process = Running::start(&db).ready();
        assert!(process.takes_one());
        act(&db);
        let struck = Instant::now();
        // Not one more is acknowledged, from the first moment on.
        assert!(!process.takes_one(), "{says}");
        assert_eq!(process.code(), Some(GONE), "{}", process.said());
        assert!(struck.elapsed() < Duration::from_secs(10));
        let said = process.said();
        assert!(said.contains(says), "{says}: {said}");
        if says == "was cut off" {
            assert_eq!(start(&db).status.code(), Some(DAMAGED));
        }
        if missing {
            let before = names(folder.path());
            let why = start_refused(&db);
            assert!(why.contains("missing or empty") && why.contains("diaban restore"), "{why}");
            assert!(why.contains("city.db.stored"), "{why}");
            assert_eq!(names(folder.path()), before, "nothing is begun in its place");
        }
    }
}

#[test]
fn an_idle_process_notices_within_two_seconds() {
    if is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("city.db");
    let mut process = Running::start(&db).ready();
    fs::remove_file(&db).unwrap();
    let struck = Instant::now();
    until("it is said", || process.said().contains("the process must stop"));
    assert!(struck.elapsed() < Duration::from_secs(2), "{:?}", struck.elapsed());
    assert_eq!(process.code(), Some(GONE));
}

#[test]
fn what_stands_in_a_log_that_was_removed_is_not_lost() {
    if is_postgres() {
        return;
    }
    for end in ["-wal", "-shm"] {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("city.db");
        let mut process = Running::start(&db).ready();
        let made: Vec<u64> = (0..20).map(|_| process.post().json()["id"].as_u64().unwrap()).collect();
        fs::remove_file(beside(&db, end)).unwrap();
        assert_eq!(process.code(), Some(GONE), "{}", process.said());
        if end == "-shm" {
            // What is left of the log is read again at the next start, as after a kill.
            assert!(beside(&db, "-wal").exists());
        }
        let again = Running::start(&db).ready();
        for id in made {
            assert_eq!(again.get(&format!("{ITEMS}/{id}")).status, 200, "{id} is lost without {end}");
        }
    }
}

#[test]
fn a_mark_keeps_an_empty_store_from_being_begun_in_the_place_of_a_lost_one() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("city.db");
    let store = url(folder.path(), "city.db");
    done(&["migrate", "--store", &store]);
    done(&["backup", &folder.path().join("saved.db").display().to_string(), "--store", &store]);
    let lost = |act: &dyn Fn()| {
        act();
        let says = "city.db.stored says that it holds reports";
        for command in [&["migrate"][..], &["keys", "list"], &["report", "hide", "1"]] {
            let why = refused(&[command, &["--store", &store]].concat());
            assert!(why.contains(says), "{command:?}: {why}");
        }
        let why = start_refused(&db);
        assert!(why.contains(says), "{why}");
    };
    lost(&|| fs::remove_file(&db).unwrap());
    assert!(!db.exists());
    lost(&|| fs::write(&db, b"").unwrap());
    // A database without tables is as empty.
    fs::remove_file(&db).unwrap();
    execute(&db, &["PRAGMA user_version = 1"]);
    lost(&|| assert!(fs::metadata(&db).unwrap().len() > 0));
    // A log without its database holds something too, of a release that made no mark.
    fs::remove_file(beside(&db, ".stored")).unwrap();
    fs::write(&db, b"").unwrap();
    fs::write(beside(&db, "-wal"), b"something").unwrap();
    let why = start_refused(&db);
    assert!(why.contains("its log lies there and is not empty"), "{why}");
    // What to do, then: bring it back.
    fs::remove_file(&db).unwrap();
    done(&["restore", &folder.path().join("saved.db").display().to_string(), "--store", &store]);
    assert!(beside(&db, ".stored").exists());
    Running::start(&db).ready().stop();
    // Or begin anew, knowingly.
    for end in ["", ".stored"] {
        fs::remove_file(beside(&db, end)).unwrap();
    }
    Running::start(&db).ready().stop();
}
