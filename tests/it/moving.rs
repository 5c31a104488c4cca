//! A database moved whole: copied into another, saved and brought back, brought up to date.

use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use diaban::action::{self, City, Purpose};
use diaban::clock::{FixedClock, SystemIds};
use diaban::demo::{self, Generator};
use diaban::domain::Instant;
use diaban::pack::Pack;
use diaban::store::{self, Compared, CopyStep, Outcome, Store, StoredGeneration};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::sync::Notify;

use crate::harness::{CENTRE, NOW, Server, feature};

/// Enough for several pages of events.
const REPORTS: usize = 6_000;

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

fn diaban(arguments: &[&str]) -> Output {
    let vars = ["DIABAN_STORE", "DIABAN_CONFIG"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    for name in vars {
        command.env_remove(name);
    }
    command.args(arguments).output().unwrap()
}

/// What it said, when it went well.
fn done(arguments: &[&str]) -> String {
    let output = diaban(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Why it refused.
fn refused(arguments: &[&str]) -> String {
    let output = diaban(arguments);
    assert!(!output.status.success(), "{arguments:?} went well");
    String::from_utf8(output.stderr).unwrap()
}

fn url(folder: &Path, name: &str) -> String {
    format!("sqlite:{}", folder.join(name).display())
}

/// A city with rows in every table, and numbers that were given to rows which are there no more.
async fn fill(url: &str, reports: usize) {
    let store = Store::open(url).await.unwrap();
    let city = City::new(Pack::embedded().unwrap(), &[]).unwrap();
    let now = Instant::parse(NOW).unwrap();
    let made: Vec<_> = Generator::new(&city, 7, now, reports + 2).collect();
    store.load_reports(made[..reports].to_vec()).await.unwrap();
    let key = store::IdempotencyKey { key: [1; 32], body: [255; 32] };
    let one = made[reports].clone();
    assert_eq!(store.create_report(one.clone(), Some(key)).await.unwrap(), Outcome::Done);
    // Its id is taken: only a number is used up.
    assert_eq!(store.create_report(one, None).await.unwrap(), Outcome::IdTaken);
    let mut last = None;
    for write in demo::features(&city, 7, now) {
        last = write.upserts.last().map(|f| (write.collection.clone(), write.source.clone(), f.clone()));
        store.write_features(write, now).await.unwrap();
    }
    let (collection, source, feature) = last.unwrap();
    let gone = vec![feature.source_id];
    let write = store::FeatureWrite { collection, source, upserts: Vec::new(), gone };
    store.write_features(write, now).await.unwrap();
    store.secret("device-token", vec![0, 10, 92, 255]).await.unwrap();
    let clock = FixedClock::at(now);
    let words = city.areas().words.clone();
    let purpose = Purpose::Scopes(vec!["read".to_owned()]);
    action::add_key(&store, &clock, &SystemIds, &words, "Ứng dụng\t\\N", purpose, None).await.unwrap();
    let areas = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/areas");
    let generation = StoredGeneration {
        id: "2025-01-01".to_owned(),
        source: "C:\\new\nline".to_owned(),
        boundaries: gzipped(&areas.join("2025-01-01/boundaries.geojson")),
    };
    store.activate_generation(generation, now).await.unwrap();
    store.close().await;
}

fn gzipped(file: &Path) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(&std::fs::read(file).unwrap()).unwrap();
    out.finish().unwrap()
}

/// Copies until so many rows are there, and is interrupted then.
async fn interrupted(from: &str, to: &str, rows: u64) {
    let (stop, mut there) = (Arc::new(Notify::new()), 0);
    let told = stop.clone();
    let mut hear = |step| {
        if let CopyStep::Copied(n) = step {
            there += n;
            if there >= rows {
                told.notify_one();
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.notified() => {}
        done = store::copy(from, to, &mut hear) => panic!("it ended: {done:?}"),
    }
}

fn assert_whole(tables: &[Compared]) {
    assert!(tables.iter().all(Compared::is_same), "{tables:#?}");
    assert!(tables.iter().all(|t| t.rows[0] > 0 && t.rows[0] == t.rows[1]), "{tables:#?}");
    assert_eq!(tables.len(), 10);
    for t in tables.iter().filter(|t| ["report_public", "feature"].contains(&t.table)) {
        let [here, there] = t.given.unwrap();
        assert_eq!(here, there, "{t:?}");
        assert!(here as u64 > t.rows[0], "no number was used up: {t:?}");
    }
}

async fn compared(one: &str, other: &str) -> Vec<Compared> {
    store::compare(one, other, &mut |_| {}).await.unwrap()
}

fn sqlite(url: &str, statement: &str) -> i64 {
    block(async {
        let mut db = SqliteConnection::connect(url).await.unwrap();
        let value = sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_optional(&mut db).await;
        db.close().await.unwrap();
        value.unwrap().unwrap_or(0)
    })
}

/// The version of the schema that this program makes.
fn latest() -> usize {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations/sqlite");
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn an_interrupted_copy_goes_on_and_ends_with_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, other] = ["a.db", "b.db", "other.db"].map(|name| url(folder.path(), name));
    block(async {
        fill(&a, REPORTS).await;
        // In the middle of the events.
        interrupted(&a, &b, REPORTS as u64 * 2 + 5_000).await;
        let half = Store::open(&b).await.unwrap_err().to_string();
        assert!(half.contains("not finished"), "{half}");
    });
    done(&["migrate", "--store", &other]);
    let error = refused(&["copy", "--from", &other, "--to", &b]);
    assert!(error.contains("holds an unfinished copy of sqlite:") && error.contains("a.db"), "{error}");
    let said = done(&["copy", "--from", &a, "--to", &b]);
    assert!(said.contains("rows were there from an interrupted copy"), "{said}");
    assert_eq!(said.matches(" same\n").count(), 10, "{said}");
    block(async { assert_whole(&compared(&a, &b).await) });
    // SQLite made the boxes itself, each once.
    let boxes = "SELECT count(*) FROM report_box";
    assert!(sqlite(&b, boxes) > 0);
    assert_eq!(sqlite(&b, boxes), sqlite(&a, boxes));
    // It is a store like any other now, and nothing is copied over it.
    let error = refused(&["copy", "--from", &a, "--to", &b]);
    assert!(error.contains("must be empty, but report_public has"), "{error}");
    let server = serve(folder.path(), "b.db");
    server.until("all are on the map", || server.matched("") >= REPORTS as u64);
}

fn serve(folder: &Path, name: &str) -> Server {
    let store = url(folder, name);
    Server::start_set(|config| config.store = store)
}

#[test]
fn a_copy_tells_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.db", "b.db"].map(|name| url(folder.path(), name));
    block(async {
        fill(&a, 300).await;
        let copied = store::copy(&a, &b, &mut |_| {}).await.unwrap();
        assert_whole(&copied.tables);
    });
    let compare = ["copy", "--compare", "--from", &a, "--to", &b];
    assert_eq!(done(&compare).matches(" same\n").count(), 10);
    sqlite(&b, "UPDATE event SET note = 'x' WHERE seq = 5");
    let error = refused(&compare);
    assert!(error.trim_end().ends_with("the two differ in event"), "{error}");
    // A number that would be given again is a difference too.
    sqlite(&b, "UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'feature'");
    let error = refused(&compare);
    assert!(error.trim_end().ends_with("the two differ in event, feature"), "{error}");
}

#[test]
fn a_copy_keeps_away_from_what_is_in_use_or_went_on() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a.db", "b.db", "c.db"].map(|name| url(folder.path(), name));
    block(fill(&a, 300));
    let server = serve(folder.path(), "a.db");
    let error = refused(&["copy", "--from", &a, "--to", &b]);
    assert!(error.contains("another process serves this file already"), "{error}");
    drop(server);
    block(async {
        interrupted(&a, &b, 400).await;
        interrupted(&a, &c, 400).await;
    });
    sqlite(&a, "INSERT INTO change (kind, first, last, at_ms) VALUES (0, 1, 1, 0)");
    let error = refused(&["copy", "--from", &a, "--to", &b]);
    assert!(error.contains("was written since the copy"), "{error}");
    sqlite(&a, "DELETE FROM change WHERE at_ms = 0");
    // What the log does not tell, the comparison finds; and such a target is not served.
    sqlite(&c, "UPDATE report_public SET title = 'x' WHERE seq = 1");
    let error = refused(&["copy", "--from", &a, "--to", &c]);
    assert!(error.trim_end().ends_with("the two differ in report_public"), "{error}");
    let error = refused(&["keys", "list", "--store", &c]);
    assert!(error.contains("a copy into it is not finished"), "{error}");
    let error = refused(&["copy", "--from", &a, "--to", &a]);
    assert!(error.contains("one database"), "{error}");
    let missing = url(folder.path(), "missing.db");
    let error = refused(&["copy", "--from", &missing, "--to", &b]);
    assert!(error.contains("no such file") && !folder.path().join("missing.db").exists(), "{error}");
}

#[test]
fn a_backup_beside_a_busy_server_is_whole_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let [a, back] = ["a.db", "back.db"].map(|name| url(folder.path(), name));
    block(fill(&a, 2_000));
    let server = serve(folder.path(), "a.db");
    let file = folder.path().join("backup.db").display().to_string();
    let known = std::sync::atomic::AtomicU64::new(0);
    let send = || {
        let made = server.post("/collections/reports/items", &feature("pothole", Some(CENTRE)), &[]);
        assert_eq!(made.status, 201, "{}", made.text());
        known.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    };
    let (before, after) = std::thread::scope(|scope| {
        let saved = scope.spawn(|| {
            server.until("there are writes", || known.load(std::sync::atomic::Ordering::SeqCst) > 20);
            let before = known.load(std::sync::atomic::Ordering::SeqCst);
            let said = done(&["backup", &file, "--store", &a]);
            assert!(said.contains("iB of schema version") && said.contains("checked"), "{said}");
            (before, known.load(std::sync::atomic::Ordering::SeqCst))
        });
        while !saved.is_finished() {
            send();
        }
        saved.join().unwrap()
    });
    assert!(after > before, "nothing was written meanwhile: the test shows nothing");
    let error = refused(&["backup", &file, "--store", &a]);
    assert!(error.contains("is there already"), "{error}");
    // Over a store that is served, or that is there, nothing is put.
    for more in [&[][..], &["--force"]] {
        let error = refused(&[&["restore", &file, "--store", &a], more].concat());
        let why = if more.is_empty() { "is there already; --force" } else { "another process serves" };
        assert!(error.contains(why), "{error}");
    }
    let said = done(&["restore", &file, "--store", &back]);
    assert!(said.contains(&format!("schema version {}, checked", latest())), "{said}");
    let rows = sqlite(&back, "SELECT count(*) FROM report_public") as u64;
    assert!((2_001 + before..=2_002 + after).contains(&rows), "{rows}: {before}..{after}");
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
    let good = std::fs::read(file("good")).unwrap();
    let try_with = |name: &str, bytes: &[u8]| {
        std::fs::write(file(name), bytes).unwrap();
        let error = refused(&["restore", &file(name), "--store", &target]);
        assert!(!folder.path().join("target.db").exists());
        error
    };
    let text = try_with("text", b"this is no database at all");
    assert!(text.contains("no sound database of SQLite"), "{text}");
    let mut bent = good.clone();
    let middle = bent.len() / 2;
    bent[middle..middle + 20_000].fill(0x55);
    let error = try_with("bent", &bent);
    assert!(error.contains("damaged") || error.contains("malformed"), "{error}");
    let half = try_with("half", &good[..good.len() / 2]);
    assert!(half.contains("damaged") || half.contains("malformed"), "{half}");
    sqlite(&url(folder.path(), "strange?mode=rwc"), "CREATE TABLE t (a INTEGER)");
    let error = refused(&["restore", &file("strange"), "--store", &target]);
    assert!(error.contains("this is no database of diaban"), "{error}");
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
        let error = store::restore(Path::new(&file("again")), &target, true).await.unwrap_err().to_string();
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

#[test]
fn a_migration_says_from_where_to_where() {
    let folder = tempfile::tempdir().unwrap();
    let [a, old] = ["a.db", "old.db"].map(|name| url(folder.path(), name));
    assert_eq!(
        done(&["migrate", "--store", &a]),
        format!("schema version {}: made in an empty database\n", latest())
    );
    assert_eq!(done(&["migrate", "--store", &a]), format!("schema version {}: nothing to do\n", latest()));
    block(async {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations/sqlite");
        let migrations = sqlx::migrate::Migrator::new(files).await.unwrap();
        let mut db = SqliteConnection::connect(&format!("{old}?mode=rwc")).await.unwrap();
        migrations.run_to(3, &mut db).await.unwrap();
        db.close().await.unwrap();
    });
    // A copy changes nothing of its source.
    let error = refused(&["copy", "--from", &old, "--to", &url(folder.path(), "b.db")]);
    assert!(
        error.contains(&format!("schema version is 3, {} is needed: run `diaban migrate` first", latest())),
        "{error}"
    );
    assert_eq!(done(&["migrate", "--store", &old]), format!("schema version 3: migrated to {}\n", latest()));
    let server = serve(folder.path(), "a.db");
    let error = refused(&["migrate", "--store", &server.store]);
    assert!(error.contains("another process serves"), "{error}");
}

/// A database of its own in the cluster of the tests, where there is one.
struct Database {
    cluster: String,
    name: String,
}

impl Database {
    fn make(name: &str) -> Option<Self> {
        let cluster = std::env::var_os("DIABAN_TEST_POSTGRES").and_then(|url| url.into_string().ok());
        let Some(cluster) = cluster else {
            println!("left out: DIABAN_TEST_POSTGRES is not set, see tools/postgis");
            return None;
        };
        let made = Self { cluster, name: format!("diaban_{name}_{}", std::process::id()) };
        block(made.run(&format!("CREATE DATABASE {}", made.name)));
        Some(made)
    }

    async fn run(&self, statement: &str) {
        let mut db = PgConnection::connect(&self.cluster).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    }

    fn url(&self) -> String {
        let (server, _) = self.cluster.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        block(self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)));
    }
}

#[test]
fn a_city_moves_to_postgresql_and_back() {
    let Some(database) = Database::make("moved") else { return };
    let folder = tempfile::tempdir().unwrap();
    let ([a, b], server) = (["a.db", "b.db"].map(|name| url(folder.path(), name)), database.url());
    block(async {
        fill(&a, REPORTS).await;
        interrupted(&a, &server, REPORTS as u64 * 2 + 5_000).await;
        let half = Store::open(&server).await.unwrap_err().to_string();
        assert!(half.contains("not finished"), "{half}");
    });
    let said = done(&["copy", "--from", &a, "--to", &server]);
    assert!(said.contains("rows were there from an interrupted copy"), "{said}");
    block(async { assert_whole(&compared(&a, &server).await) });
    let said = done(&["copy", "--from", &server, "--to", &b]);
    assert_eq!(said.matches(" same\n").count(), 10, "{said}");
    block(async {
        assert_whole(&compared(&a, &b).await);
        // What is written there next has numbers that were never given.
        let head = compared(&a, &server).await;
        let given = |name: &str| head.iter().find(|t| t.table == name).unwrap().given.unwrap()[0];
        let store = Store::open(&server).await.unwrap();
        let city = City::new(Pack::embedded().unwrap(), &[]).unwrap();
        let made = Generator::new(&city, 8, Instant::parse(NOW).unwrap(), 1).next().unwrap();
        assert_eq!(store.create_report(made, None).await.unwrap(), Outcome::Done);
        assert_eq!(store.last_report().await.unwrap(), given("report_public") + 1);
        assert_eq!(store.last_change().await.unwrap(), given("change") + 1);
        store.close().await;
    });
    let error = refused(&["copy", "--compare", "--from", &a, "--to", &server]);
    assert!(error.contains("differ in report_public, report_private, event, change"), "{error}");
}

#[test]
fn several_processes_may_migrate_one_database_at_once() {
    let Some(database) = Database::make("at_once") else { return };
    let url = database.url();
    let froms: Vec<i64> = block(async {
        let migrate = || {
            let url = url.clone();
            tokio::spawn(async move { store::migrate(&url).await.unwrap().from })
        };
        let all: Vec<_> = (0..6).map(|_| migrate()).collect();
        let mut froms = Vec::new();
        for one in all {
            froms.push(one.await.unwrap());
        }
        froms
    });
    assert!(froms.contains(&0), "{froms:?}");
    assert_eq!(done(&["migrate", "--store", &url]), format!("schema version {}: nothing to do\n", latest()));
}
