//! The file of a store while it is served and at a start: removed, emptied, replaced, damaged, locked, not ours, not
//! writable. What is acknowledged is there afterwards; what cannot be kept is not acknowledged.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};

use crate::harness::{Answer, CENTRE, agent, feature, get, post, until};
use crate::moving::{block, done, fill, refused, sqlite, url};
use crate::test_database::is_postgres;

const ITEMS: &str = "/collections/reports/items";
const PAGE: usize = 4_096;
type Act = fn(&Path);
/// Exit codes.
const DAMAGED: i32 = 65;
const GONE: i32 = 66;

/// A serving process whose end is of interest.
struct Running {
    child: Child,
    base: String,
    log: PathBuf,
}

impl Running {
    fn start(store: &Path) -> Self {
        Self::begin(Command::new(env!("CARGO_BIN_EXE_diaban")), store)
    }

    fn begin(mut command: Command, store: &Path) -> Self {
        let (logs, log) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(store)
            .stdout(Stdio::piped())
            .stderr(logs)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, base, log }
    }

    fn ready(mut self) -> Self {
        until("it is ready", || {
            assert!(self.child.try_wait().unwrap().is_none(), "ended before it was ready: {}", self.said());
            agent().get(format!("{}/readyz", self.base)).call().is_ok_and(|a| a.status() == 200)
        });
        self
    }

    fn get(&self, path: &str) -> Answer {
        get(&agent(), &self.base, path, &[])
    }

    fn post(&self) -> Answer {
        let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
        post(&agent(), &self.base, ITEMS, &body, "application/geo+json", &[])
    }

    /// Whether one more report is acknowledged; `false` also when nobody listens any more.
    fn takes_one(&self) -> bool {
        let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
        let request =
            agent().post(format!("{}{ITEMS}", self.base)).header("Content-Type", "application/geo+json");
        request.send(&body[..]).is_ok_and(|answer| answer.status() == 201)
    }

    /// Its exit code, once it has ended.
    fn code(&mut self) -> Option<i32> {
        let mut status = None;
        until("the process has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    fn stop(mut self) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert_eq!(self.code(), Some(0), "{}", self.said());
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// Changes a database as another program does.
pub(crate) fn execute(path: &Path, statements: &[&'static str]) {
    block(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut db = options.connect().await.unwrap();
        for statement in statements {
            sqlx::query(*statement).execute(&mut db).await.unwrap();
        }
        db.close().await.unwrap();
    });
}

/// A start that ends by itself.
fn start(store: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(store).output().unwrap()
}

fn start_refused(store: &Path) -> String {
    let output = start(store);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

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

/// Overwrites pages in the middle of the file, as a bad disk does.
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

/// Runs the server as somebody who may not write here, and gives it back.
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
        let matched = || process.get(&format!("{ITEMS}?limit=1")).json()["numberMatched"] == 1;
        until("it is on the map", matched);
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
