//! A database saved beside a running server, and brought back.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use diaban::store::{self, Store};
use serde_json::Value;

use crate::harness::{CENTRE, feature};
use crate::moving::{assert_whole, block, compared, done, fill, latest, refused, serve, sqlite, url};

#[test]
fn a_backup_beside_a_busy_server_is_whole_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let [a, back] = ["a.db", "back.db"].map(|name| url(folder.path(), name));
    block(fill(&a, 2_000));
    let server = serve(folder.path(), "a.db");
    let file = folder.path().join("backup.db").display().to_string();
    let known = AtomicU64::new(0);
    let send = || {
        let made = server.post("/collections/reports/items", &feature("pothole", Some(CENTRE)), &[]);
        assert_eq!(made.status, 201, "{}", made.text());
        known.fetch_add(1, Ordering::SeqCst);
    };
    let (before, after) = std::thread::scope(|scope| {
        let saved = scope.spawn(|| {
            server.until("there are writes", || known.load(Ordering::SeqCst) > 20);
            let before = known.load(Ordering::SeqCst);
            let said = done(&["backup", &file, "--store", &a]);
            assert!(said.contains("iB of schema version") && said.contains("checked"), "{said}");
            (before, known.load(Ordering::SeqCst))
        });
        while !saved.is_finished() {
            send();
        }
        saved.join().unwrap()
    });
    assert!(after > before, "nothing was written meanwhile: the test shows nothing");
    let error = refused(&["backup", &file, "--store", &a]);
    assert!(error.contains("already exists"), "{error}");
    // Over a store that is served, or that is there, nothing is put.
    for more in [&[][..], &["--force"]] {
        let error = refused(&[&["restore", &file, "--store", &a], more].concat());
        let why = if more.is_empty() { "already exists; --force" } else { "another process serves" };
        assert!(error.contains(why), "{error}");
    }
    let said = done(&["restore", &file, "--store", &back]);
    assert!(said.contains(&format!("schema version {}, checked", latest())), "{said}");
    let rows = sqlite(&back, "SELECT count(*) FROM report_public") as u64;
    assert!((2_003 + before..=2_004 + after).contains(&rows), "{rows}: {before}..{after}");
    // Nobody writes any more: what is saved now is the same as what is there.
    let again = folder.path().join("again.db").display().to_string();
    done(&["backup", &again, "--store", &a]);
    drop(server);
    // With force the old one goes aside, log and all.
    std::fs::write(folder.path().join("back.db-wal"), b"what a crash left").unwrap();
    let said = done(&["restore", &again, "--store", &back, "--force"]);
    let aside = folder.path().join("back.db.before-restore-1");
    assert!(said.contains("back.db.before-restore-1") && aside.exists(), "{said}");
    assert_eq!(
        sqlite(&format!("sqlite:{}", aside.display()), "SELECT count(*) FROM report_public"),
        rows as i64
    );
    block(async { assert_whole(&compared(&a, &back).await) });
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
}

#[test]
fn only_a_sound_backup_of_a_known_version_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let [a, target] = ["a.db", "target.db"].map(|name| url(folder.path(), name));
    let file = |name: &str| folder.path().join(name).display().to_string();
    block(fill(&a, 500));
    done(&["backup", &file("good"), "--store", &a]);
    // Without its seal, so that what lies below it is judged.
    let sealed = std::fs::read(file("good")).unwrap();
    let good = sealed[..sealed.len() - 4_096].to_vec();
    std::fs::write(file("good"), &good).unwrap();
    let try_with = |name: &str, bytes: &[u8]| {
        std::fs::write(file(name), bytes).unwrap();
        let error = refused(&["restore", &file(name), "--store", &target]);
        assert!(!folder.path().join("target.db").exists());
        error
    };
    let text = try_with("text", b"this is no database at all");
    assert!(text.contains("not a sound SQLite database"), "{text}");
    let mut bent = good.clone();
    let middle = bent.len() / 2;
    bent[middle..middle + 20_000].fill(0x55);
    let error = try_with("bent", &bent);
    assert!(error.contains("damaged") || error.contains("malformed"), "{error}");
    let half = try_with("half", &good[..good.len() / 2]);
    assert!(half.contains("damaged") || half.contains("malformed"), "{half}");
    sqlite(&url(folder.path(), "strange?mode=rwc"), "CREATE TABLE t (a INTEGER)");
    let error = refused(&["restore", &file("strange"), "--store", &target]);
    assert!(error.contains("this is not a database of diaban"), "{error}");
    sqlite(
        &url(folder.path(), "good"),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', 1, x'00', 0)",
    );
    let error = refused(&["restore", &file("good"), "--store", &target]);
    assert!(error.contains("schema version 99 is newer than this program"), "{error}");
    // A file with a log beside it is in use.
    std::fs::write(file("live"), &good).unwrap();
    std::fs::write(file("live-wal"), b"x").unwrap();
    let error = refused(&["restore", &file("live"), "--store", &target]);
    assert!(error.contains("a database in use"), "{error}");
    // A store that somebody has open without serving it stays where it is.
    std::fs::write(file("again"), &good).unwrap();
    done(&["restore", &file("again"), "--store", &target]);
    block(async {
        let import = Store::open(&target).await.unwrap();
        let error =
            store::restore(Path::new(&file("again")), &target, true, &[]).await.unwrap_err().to_string();
        assert!(error.contains("another process has this file open"), "{error}");
        import.close().await;
    });
    for role in ["backup", "restore"] {
        let error = refused(&[role, &file("again"), "--store", "postgres://localhost/x"]);
        assert!(error.contains("pg_dump"), "{error}");
    }
}

#[test]
fn what_was_erased_is_in_no_backup() {
    const SECRET: &str = "Bí mật 4711";
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), "a.db");
    let mut body = feature("pothole", Some(CENTRE));
    body["properties"]["description"] = format!("{SECRET} {}", "dài ".repeat(900)).into();
    let made: Value = server.post("/collections/reports/items", &body, &[]).json();
    let save = |name: &str| {
        let file = folder.path().join(name);
        done(&["backup", &file.display().to_string(), "--store", &server.store]);
        let secret = SECRET.as_bytes();
        std::fs::read(file).unwrap().windows(secret.len()).any(|w| w == secret)
    };
    assert!(save("before.db"));
    done(&["report", "erase", &made["id"].to_string(), "--store", &server.store]);
    assert!(!save("after.db"));
}
