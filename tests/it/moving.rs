//! A database moved whole into another, or brought up to date.
#![allow(unreachable_pub, reason = "a module of a test, not of a library")]

use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use diaban::action::accounts::{self, Accounts};
use diaban::action::{self, Actor, Answers, City, NewTask, Purpose, To, Withdrawal};
use diaban::clock::{Clock, FixedClock, Ids, SystemIds};
use diaban::demo::{self, Generator};
use diaban::store::{self, Compared, CopyStep, Created, Edition, EditionState, Store};
use diaban_core::domain::key::KeyId;
use diaban_core::domain::report::NewReport;
use diaban_core::domain::{CodeBook, Instant, Precision, Status};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tokio::sync::Notify;

use crate::harness::{NOW, Server};

/// Enough for several pages of events.
const REPORTS: usize = 6_000;

pub fn block<T>(work: impl Future<Output = T>) -> T {
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
pub fn done(arguments: &[&str]) -> String {
    let output = diaban(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Why it refused.
pub fn refused(arguments: &[&str]) -> String {
    let output = diaban(arguments);
    assert!(!output.status.success(), "{arguments:?} went well");
    String::from_utf8(output.stderr).unwrap()
}

pub fn url(folder: &Path, name: &str) -> String {
    format!("sqlite:{}", folder.join(name).display())
}

/// A city with rows in every table, and numbers that were given to rows which are there no more.
pub async fn fill(url: &str, reports: usize) {
    let store = Store::open(url).await.unwrap();
    let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
    let now = Instant::parse(NOW).unwrap();
    let made: Vec<_> = Generator::new(&city, 7, now, reports + 2).collect();
    store.load_reports(made[..reports].to_vec()).await.unwrap();
    let key = store::IdempotencyKey { key: [1; 32], body: [255; 32] };
    let one = made[reports].clone();
    assert_eq!(store.create_report(one.clone(), Some(key)).await.unwrap(), Created::New);
    // Its id is taken: only a number is used up.
    assert_eq!(store.create_report(one, None).await.unwrap(), Created::IdTaken);
    // One that waits for its hour, and one that was erased.
    let mut made = Generator::new(&city, 8, now, 200).filter(|r| r.precision != Precision::Exact);
    for id in [1, 2] {
        let mut waiting = NewReport { id, ..made.next().unwrap() };
        waiting.events.iter_mut().for_each(|e| e.at = now);
        assert_eq!(store.create_report(waiting, None).await.unwrap(), Created::New);
    }
    let clock = FixedClock::at(now);
    action::withdraw(&city, &store, &clock, 2, Withdrawal::Erase, &Actor::OPERATOR).await.unwrap();
    let open = made_open(&city, now, reports);
    action::ask(&city, &store, &clock, open, ("Ở \t\\ đâu?", None), &Actor::OPERATOR).await.unwrap();
    let task = NewTask {
        to: Some(To::Body("ward:26740".to_owned())),
        contractor: None,
        what: "\t\\".to_owned(),
        due: None,
        note: None,
    };
    action::give_task(&city, &store, &clock, open, &task, &Actor::OPERATOR).await.unwrap();
    let mut last = None;
    for write in demo::features(&city, 7, now) {
        last = write.upserts.last().map(|f| (write.collection.clone(), write.source.clone(), f.clone()));
        store.write_features(write, now).await.unwrap();
    }
    let (collection, source, feature) = last.unwrap();
    let gone = vec![feature.source_id];
    let write = store::FeatureWrite { collection, source, upserts: Vec::new(), gone, edition: 0 };
    store.write_features(write, now).await.unwrap();
    store.secret("device-token", vec![0, 10, 92, 255]).await.unwrap();
    let codebook = city.areas().codebook.clone();
    let purpose = Purpose::Scopes(vec!["read".to_owned()], Answers::default());
    action::add_key(&store, &clock, &SystemIds, &codebook, "Ứng dụng\t\\N", purpose, None).await.unwrap();
    for what in [store::Personal::Texts, store::Personal::Life] {
        store.note_read(KeyId::new("0123abcd"), 1, what, now).await.unwrap();
    }
    add_webhook(&store, now).await;
    accounts(&store, &clock, &codebook).await;
    let areas = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/areas");
    let generation = Edition {
        seq: 0,
        generation: "2025-01-01".to_owned(),
        source: "C:\\new\nline".to_owned(),
        imported: now,
        boundaries: Some(gzipped(&areas.join("2025-01-01/boundaries.geojson"))),
        successors: None,
        state: EditionState::Prepared,
        from: None,
        prepared_to: None,
    };
    let edition = store.add_edition(generation).await.unwrap();
    store.begin_areas(0, "2025-07-01", now).await.unwrap();
    let to = Some(store::Assignment { body: "centre".to_owned(), ..store::Assignment::default() });
    let placed = store::Placed {
        seq: 1,
        to,
        told: true,
        from_ward: None,
        note: Some("\t\\".to_owned()),
        events: None,
    };
    let beside = store::Beside { edition, former: 0 };
    assert_eq!(store.place(beside, vec![placed]).await.unwrap(), store::Applied::Done);
    store.close().await;
    // As the release before wrote it.
    let former =
        "INSERT INTO area_generation (id, source, imported_ms, boundaries) VALUES ('g', 'f', 1, x'01')";
    let mut db = SqliteConnection::connect(url).await.unwrap();
    db.execute(former).await.unwrap();
    db.close().await.unwrap();
}

/// A receiver that was not told an event, and has another secret since.
async fn add_webhook(store: &Store, now: Instant) {
    let webhook = store::Webhook {
        id: "hook".to_owned(),
        url: "https://hooks.example.vn/\t\\N".to_owned(),
        query: Some("status=open".to_owned()),
        secret: "whsec_a".to_owned(),
        former: None,
        position: 0,
        created: now,
        trouble: None,
        disabled: None,
    };
    assert!(store.add_webhook(webhook).await.unwrap());
    let position = store.webhook("hook").await.unwrap().unwrap().position;
    let given_up = store::Attempt::GivenUp((1, 1), "status 500".to_owned());
    let noted = store.note_attempt("hook", (position, position), given_up, now).await.unwrap();
    assert_eq!(noted, store::Applied::Done);
    let failed = store::Attempt::Failed { next: now, why: "status 500".to_owned() };
    assert_eq!(
        store.note_attempt("hook", (position, position), failed, now).await.unwrap(),
        store::Applied::Done
    );
    assert_eq!(store.rotate_webhook("hook", "whsec_b".to_owned(), now).await.unwrap(), store::Applied::Done);
}

/// An account with an open session, one with a link, and a try that failed.
async fn accounts(store: &Store, clock: &FixedClock, words: &CodeBook) {
    let desk = Accounts::new(&[7; 32]);
    let (hoa, all) = ("hoa", Answers::default());
    let invite = async |login| {
        let holder = ("Hoa\t\\N", login);
        accounts::invite(store, clock, &SystemIds, words, holder, ("operate", &all)).await.unwrap().token
    };
    let token = invite(hoa).await;
    invite("lan").await;
    let password = "ba con mèo trên mái";
    let desk = (store, clock as &dyn Clock, &SystemIds as &dyn Ids, &desk);
    accounts::welcome(desk, &token, password).await.unwrap();
    assert!(accounts::log_in(desk, (hoa, "sai"), "a").await.is_err());
    accounts::log_in(desk, (hoa, password), "a").await.unwrap();
}

/// The id of a report among those that are made up which is open.
fn made_open(city: &City, now: Instant, reports: usize) -> u64 {
    let mut made = Generator::new(city, 7, now, reports + 2).take(reports);
    made.find(|r| r.public.state.status() == Status::Open).unwrap().id
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
        done = store::copy(from, to, &[], &mut hear) => panic!("it ended: {done:?}"),
    }
}

pub fn assert_whole(tables: &[Compared]) {
    assert!(tables.iter().all(Compared::is_same), "{tables:#?}");
    assert!(tables.iter().all(|t| t.rows[0] > 0 && t.rows[0] == t.rows[1]), "{tables:#?}");
    assert_eq!(tables.len(), 25);
    for t in tables.iter().filter(|t| ["report_public", "feature"].contains(&t.table)) {
        let [here, there] = t.given.unwrap();
        assert_eq!(here, there, "{t:?}");
        assert!(here as u64 > t.rows[0], "no number was used up: {t:?}");
    }
}

pub async fn compared(one: &str, other: &str) -> Vec<Compared> {
    store::compare(one, other, &mut |_| {}).await.unwrap()
}

pub fn sqlite(url: &str, statement: &str) -> i64 {
    block(async {
        let mut db = SqliteConnection::connect(url).await.unwrap();
        let value = sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_optional(&mut db).await;
        db.close().await.unwrap();
        value.unwrap().unwrap_or(0)
    })
}

/// The version of the schema that this program makes.
pub(crate) fn latest() -> usize {
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
    assert_eq!(said.matches(" same\n").count(), 25, "{said}");
    block(async { assert_whole(&compared(&a, &b).await) });
    // It is a store like any other now, and nothing is copied over it.
    let error = refused(&["copy", "--from", &a, "--to", &b]);
    assert!(error.contains("must be empty, but report_public has"), "{error}");
    let server = serve(folder.path(), "b.db");
    server.until("all are on the map", || server.matched("") >= REPORTS as u64);
}

pub fn serve(folder: &Path, name: &str) -> Server {
    let store = url(folder, name);
    Server::start_set(|config| config.store = store)
}

#[test]
fn a_copy_tells_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.db", "b.db"].map(|name| url(folder.path(), name));
    block(async {
        fill(&a, 300).await;
        let copied = store::copy(&a, &b, &[], &mut |_| {}).await.unwrap();
        assert_whole(&copied.tables);
    });
    let compare = ["copy", "--compare", "--from", &a, "--to", &b];
    assert_eq!(done(&compare).matches(" same\n").count(), 25);
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
    assert!(error.contains("are the same database"), "{error}");
    let missing = url(folder.path(), "missing.db");
    let error = refused(&["copy", "--from", &missing, "--to", &b]);
    assert!(error.contains("no such file") && !folder.path().join("missing.db").exists(), "{error}");
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
    assert_eq!(said.matches(" same\n").count(), 25, "{said}");
    block(async {
        assert_whole(&compared(&a, &b).await);
        // What is written there next has numbers that were never given.
        let head = compared(&a, &server).await;
        let given = |name: &str| head.iter().find(|t| t.table == name).unwrap().given.unwrap()[0];
        let store = Store::open(&server).await.unwrap();
        let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
        let mut made = Generator::new(&city, 8, Instant::parse(NOW).unwrap(), 99);
        let made = made.find(|r| r.precision == Precision::Exact).unwrap();
        assert_eq!(store.create_report(made, None).await.unwrap(), Created::New);
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
