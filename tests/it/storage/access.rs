//! Storage that can only be read, is locked, or can be reached by everybody.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;

use super::{Act, ITEMS, Running, beside, names, start_refused};
use crate::harness::until;
use crate::moving::{done, refused, url};
use crate::test_database::is_postgres;

fn read_only(folder: &Path, db: &Path) -> Running {
    for name in names(folder) {
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(folder, Permissions::from_mode(0o555)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    // To the superuser everything is writable.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    Running::begin(command, db)
}

#[test]
fn from_read_only_storage_reads_are_served_and_writes_refused() {
    if is_postgres() {
        return;
    }
    for killed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("city.db");
        let mut process = Running::start(&db).ready();
        let id = process.post().json()["id"].as_u64().unwrap();
        if killed {
            // What was written stands in the log alone.
            process.child.kill().unwrap();
            process.child.wait().unwrap();
        } else {
            process.stop();
        }
        let before = names(folder.path());
        let process = read_only(folder.path(), &db).ready();
        let report = process.get(&format!("{ITEMS}/{id}"));
        assert_eq!(report.status, 200, "killed {killed}: {}", report.text());
        assert_eq!(process.get(&format!("{ITEMS}?limit=5")).json()["numberMatched"], 1);
        assert_eq!(process.get("/feeds/reports.json").status, 200);
        let refused = process.post();
        refused.problem(503);
        assert_eq!(refused.json()["type"], "urn:diaban:problem:read-only");
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(process.get("/readyz").json()["status"], "read-only");
        assert!(process.get("/metrics").text().contains("diaban_read_only 1"));
        assert!(process.said().contains("the storage is read-only"), "{}", process.said());
        assert_eq!(process.said().matches("ERROR").count(), 0, "{}", process.said());
        process.stop();
        assert_eq!(names(folder.path()), before);
        // Writable again, it goes on.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        for name in &before {
            fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o600)).unwrap();
        }
        let process = Running::start(&db).ready();
        assert!(process.takes_one());
        assert_eq!(process.get("/readyz").json()["status"], "ready");
    }
}

#[test]
fn what_is_no_file_in_the_place_of_the_map_is_passed_over() {
    if is_postgres() {
        return;
    }
    let places: [(&str, Act); 4] = [
        ("a pipe", |p| assert!(Command::new("mkfifo").arg(p).status().unwrap().success())),
        ("a folder", |p| fs::create_dir(p).unwrap()),
        ("a device", |p| symlink("/dev/zero", p).unwrap()),
        ("a socket", |p| drop(std::os::unix::net::UnixListener::bind(p).unwrap())),
    ];
    for (what, put) in places {
        let folder = tempfile::tempdir().unwrap();
        let (db, map) = (folder.path().join("city.db"), folder.path().join("city.db.map"));
        put(&map);
        let kind = fs::symlink_metadata(&map).unwrap().file_type();
        let process = Running::start(&db).ready();
        assert!(process.takes_one(), "{what}");
        assert_eq!(
            process.said().matches("this is not a regular file").count(),
            1,
            "{what}: {}",
            process.said()
        );
        process.stop();
        assert_eq!(fs::symlink_metadata(&map).unwrap().file_type(), kind, "{what} is still there");
        // The same beside it, where SQLite and we keep something.
        fs::remove_file(&map).or_else(|_| fs::remove_dir(&map)).unwrap();
        if what != "a device" {
            let _ = fs::remove_file(beside(&db, ".lock"));
            put(&beside(&db, ".lock"));
            let why = start_refused(&db);
            assert!(why.contains("city.db.lock: this is not a regular file"), "{what}: {why}");
        }
    }
}

#[test]
fn a_write_waits_for_a_lock_for_a_moment_and_not_for_ever() {
    if is_postgres() {
        return; // `many` has the lock there
    }
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("city.db");
    let process = Running::start(&db).ready();
    let held = sqlx::sqlite::SqliteConnectOptions::new().filename(&db);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut holder = runtime.block_on(async {
        let mut holder = held.connect().await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
        holder
    });
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..40).map(|_| scope.spawn(|| process.post())).collect();
        for answer in waiting {
            let answer = answer.join().unwrap();
            answer.problem(503);
            assert_eq!(answer.json()["type"], "urn:diaban:problem:busy");
            assert!(!answer.header("retry-after").is_empty());
        }
    });
    // One wait, not one after the other.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(process.get("/readyz").json()["status"], "ready");
    runtime.block_on(async { sqlx::query("ROLLBACK").execute(&mut holder).await.unwrap() });
    assert!(process.takes_one());
}

/// Runs the executable with a umask.
fn with_umask(umask: &str, arguments: &[&str]) -> Output {
    let exec = format!("umask {umask}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &exec, "sh", env!("CARGO_BIN_EXE_diaban")]).args(arguments).output().unwrap()
}

#[test]
fn what_holds_reports_is_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "0277"] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let [a, b] = ["a.db", "b.db"].map(|name| url(folder.path(), name));
        let run = |arguments: &[&str]| {
            let output = with_umask(umask, arguments);
            assert!(
                output.status.success(),
                "{umask} {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        run(&["migrate", "--store", &a]);
        run(&["copy", "--from", &a, "--to", &b]);
        run(&["backup", &at("saved.db"), "--store", &a]);
        run(&["restore", &at("saved.db"), "--store", &url(folder.path(), "back.db")]);
        // Also over one that everybody could read.
        fs::set_permissions(at("back.db"), Permissions::from_mode(0o644)).unwrap();
        run(&["restore", &at("saved.db"), "--store", &url(folder.path(), "back.db"), "--force"]);
        fs::remove_file(at("back.db.before-restore-1")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_diaban")]);
        let process = Running::begin(command, &folder.path().join("a.db")).ready();
        assert!(process.takes_one());
        // A list counts it before.
        let tile = || process.get("/tiles/incidents/10/815/481.mvt");
        until("it is on the map", || tile().status == 200 && !tile().body.is_empty());
        let check = || {
            for name in names(folder.path()) {
                let mode = fs::metadata(folder.path().join(&name)).unwrap().mode() & 0o777;
                assert_eq!(mode & !0o600, 0, "umask {umask}: {name} has mode {mode:o}");
            }
        };
        check();
        process.stop();
        assert!(names(folder.path()).contains(&"a.db.map".to_owned()), "{umask} {:?}", names(folder.path()));
        check();
    }
}

#[test]
fn a_folder_and_a_file_that_everybody_can_reach_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (db, store) = (folder.path().join("city.db"), url(folder.path(), "city.db"));
    done(&["migrate", "--store", &store]);
    // A file of an older release: closed, and said.
    fs::set_permissions(&db, Permissions::from_mode(0o644)).unwrap();
    let process = Running::start(&db).ready();
    assert_eq!(fs::metadata(&db).unwrap().mode() & 0o777, 0o600);
    assert!(process.said().contains("everybody could reach the database"), "{}", process.said());
    process.stop();
    // A group that was let in stays.
    fs::set_permissions(&db, Permissions::from_mode(0o640)).unwrap();
    done(&["migrate", "--store", &store]);
    assert_eq!(fs::metadata(&db).unwrap().mode() & 0o777, 0o640);
    for mode in [0o777, 0o757, 0o703] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let migrate = refused(&["migrate", "--store", &store]);
        for (command, why) in [("serve", start_refused(&db)), ("migrate", migrate)] {
            assert!(why.contains("everybody may write to this folder"), "{command} {mode:o}: {why}");
        }
    }
    // As /tmp is: nobody can take another's file away.
    for mode in [0o1777, 0o755, 0o700] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        done(&["migrate", "--store", &store]);
    }
}
