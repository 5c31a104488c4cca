//! A file that is not ours, or another server's, is refused and left as it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{ITEMS, Running, execute, names, start_refused};
use crate::moving::{done, refused, sqlite, url};
use crate::test_database::is_postgres;

#[test]
fn a_file_of_another_program_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let make = |name: &str, statements: &[&'static str]| execute(&file(name), statements);
    make("tables.db", &["CREATE TABLE notes (a)", "INSERT INTO notes VALUES (1)"]);
    make("numbered.db", &["PRAGMA application_id = 1196444487", "CREATE TABLE gpkg_contents (a)"]);
    make("only_number.db", &["PRAGMA application_id = 7"]);
    make("wal.db", &["PRAGMA journal_mode = WAL", "CREATE TABLE notes (a)"]);
    let table = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
        installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
        execution_time BIGINT NOT NULL)";
    let theirs = "INSERT INTO _sqlx_migrations VALUES (1, 'theirs', 0, 1, x'01', 0)";
    make("migrated.db", &[table, theirs, "CREATE TABLE users (a)"]);
    make("unmigrated.db", &[table, "CREATE TABLE users (a)"]);
    fs::write(file("text.db"), "a letter to somebody, long enough to hold a hundred bytes. ".repeat(3))
        .unwrap();
    fs::write(file("short.db"), "short").unwrap();
    fs::create_dir(file("folder.db")).unwrap();
    assert!(Command::new("mkfifo").arg(file("pipe.db")).status().unwrap().success());
    for name in names(folder.path()) {
        let whole =
            |name: &str| fs::metadata(file(name)).unwrap().is_file().then(|| fs::read(file(name)).unwrap());
        let before = whole(&name);
        let migrate = refused(&["migrate", "--store", &url(folder.path(), &name)]);
        for (command, why) in [("serve", start_refused(&file(&name))), ("migrate", migrate)] {
            let reason = if before.is_some() { "not a database of diaban" } else { "not a regular file" };
            assert!(why.contains(reason) && why.contains(&name), "{command} {name}: {why}");
        }
        assert!(whole(&name) == before, "{name} was changed");
        for end in ["-wal", "-shm", ".stored", ".map"] {
            assert!(!file(&format!("{name}{end}")).exists(), "{name}{end} was left");
        }
    }
}

#[test]
fn a_store_from_before_it_had_a_number_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = url(folder.path(), "city.db");
    let number = || sqlite(&store, "PRAGMA application_id");
    done(&["migrate", "--store", &store]);
    let ours = number();
    assert_ne!(ours, 0);
    sqlite(&store, "PRAGMA application_id = 0");
    fs::remove_file(folder.path().join("city.db.stored")).unwrap();
    Running::start(&folder.path().join("city.db")).ready().stop();
    assert_eq!(number(), ours);
    assert!(folder.path().join("city.db.stored").exists());
    // A first start that was killed before its first table leaves a number and nothing else, or not even that.
    execute(&folder.path().join("begun.db"), &["PRAGMA application_id = 1684627810"]);
    assert_eq!(sqlite(&url(folder.path(), "begun.db"), "PRAGMA application_id"), ours);
    execute(&folder.path().join("barely.db"), &["PRAGMA journal_mode = WAL"]);
    Running::start(&folder.path().join("barely.db")).ready().stop();
    Running::start(&folder.path().join("begun.db")).ready().stop();
    // Copies and backups carry it.
    for (command, name) in [("backup", "saved.db"), ("copy", "copied.db")] {
        let file = folder.path().join(name);
        let to = url(folder.path(), name);
        match command {
            "copy" => done(&["copy", "--from", &store, "--to", &to]),
            _ => done(&["backup", &file.display().to_string(), "--store", &store]),
        };
        assert_eq!(sqlite(&to, "PRAGMA application_id"), ours, "{command}");
    }
}

#[test]
fn a_second_server_is_refused_by_whatever_name_it_comes() {
    if is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("other")).unwrap();
    let first = Running::start(&at("city.db")).ready();
    assert!(first.takes_one());
    symlink(at("city.db"), at("link.db")).unwrap();
    symlink("../link.db", at("other/chain.db")).unwrap();
    fs::hard_link(at("city.db"), at("other/twin.db")).unwrap();
    symlink(folder.path(), at("door")).unwrap();
    let refused = |lock: &str| {
        for name in
            ["city.db", "link.db", "other/chain.db", "other/twin.db", "door/city.db", "other/../city.db"]
        {
            let why = start_refused(&at(name));
            assert!(why.contains("another process serves this file"), "{name}, lock {lock}: {why}");
        }
    };
    refused("there");
    fs::remove_file(at("city.db.lock")).unwrap();
    refused("removed");
    // Others that need it alone are refused as well.
    fs::remove_file(at("city.db.lock")).unwrap();
    let store = url(folder.path(), "link.db");
    let why = crate::moving::refused(&["migrate", "--store", &store]);
    assert!(why.contains("another process serves this file"), "{why}");
    // The first one is as it was: SQLite's locks still hold, and it goes on.
    assert!(first.takes_one());
    done(&["keys", "list", "--store", &store]);
    assert!(first.takes_one());
    first.stop();
    // By its second name, what stands in a log beside the first one would be lost.
    let why = start_refused(&at("other/twin.db"));
    assert!(why.contains("a second name"), "{why}");
    let again = Running::start(&at("link.db")).ready();
    assert_eq!(again.get(&format!("{ITEMS}?limit=1")).json()["numberMatched"], 3);
}
