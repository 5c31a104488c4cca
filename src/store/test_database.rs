//! Databases for tests: a separate file per test or, with `DIABAN_TEST_BACKEND=postgres`, a
//! separate database in the cluster at `DIABAN_TEST_POSTGRES`, which is a superuser's URL.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use diaban::store::Store;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Prefix of test databases; the id of the process that created one follows.
const PREFIX: &str = "diaban_test_";

/// The URL of the store for a folder; the same folder has the same store.
pub(crate) fn store_url(folder: &Path) -> String {
    if !is_postgres() {
        return format!("sqlite:{}", folder.join("test.db").display());
    }
    let name = folder.file_name().unwrap().to_str().unwrap();
    CLUSTER.database(name)
}

/// Whether the tests run on PostgreSQL.
#[expect(clippy::disallowed_methods, reason = "the database of a test is not a setting of the program")]
pub(crate) fn is_postgres() -> bool {
    std::env::var("DIABAN_TEST_BACKEND").is_ok_and(|b| b == "postgres")
}

static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::enter);

struct Cluster {
    url: String,
    made: Mutex<HashSet<String>>,
}

impl Cluster {
    /// Drops databases left by processes that have ended.
    #[expect(clippy::disallowed_methods, reason = "the database of a test is not a setting of the program")]
    fn enter() -> Self {
        let url = std::env::var("DIABAN_TEST_POSTGRES").expect("DIABAN_TEST_POSTGRES is set");
        let cluster = Self { url, made: Mutex::default() };
        let names = cluster.ask(|mut db| async move {
            let all = "SELECT datname FROM pg_database WHERE datname LIKE 'diaban\\_test\\_%'";
            sqlx::query_scalar::<_, String>(all).fetch_all(&mut db).await.unwrap()
        });
        for name in names {
            let process = name.trim_start_matches(PREFIX).split('_').next().unwrap_or_default();
            if !Path::new("/proc").join(process).exists() {
                cluster.run(format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
            }
        }
        cluster.run(format!("CREATE DATABASE \"{}\"", template()));
        let url = cluster.url_of(&template());
        block_on(async {
            // Migrated once; every test starts with a copy.
            Store::open(&url).await.unwrap().close().await;
        });
        cluster
    }

    fn database(&self, folder: &str) -> String {
        let name = format!("{PREFIX}{}_{folder}", std::process::id());
        let mut made = self.made.lock().unwrap();
        if made.insert(name.clone()) {
            self.run(format!("CREATE DATABASE \"{name}\" TEMPLATE \"{}\"", template()));
        }
        self.url_of(&name)
    }

    fn url_of(&self, database: &str) -> String {
        let (server, _) = self.url.rsplit_once('/').expect("postgres://USER@HOST/DATABASE");
        let query = self.url.split_once('?').map_or(String::new(), |(_, q)| format!("?{q}"));
        format!("{server}/{database}{query}")
    }

    fn run(&self, sql: String) {
        self.ask(|mut db| async move {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
        });
    }

    fn ask<T: Send + 'static, F: Future<Output = T> + Send>(
        &self,
        ask: impl FnOnce(PgConnection) -> F + Send,
    ) -> T {
        let options: PgConnectOptions = self.url.parse().unwrap();
        block_on(async { ask(PgConnection::connect_with(&options).await.unwrap()).await })
    }
}

fn template() -> String {
    format!("{PREFIX}{}_template", std::process::id())
}

/// Runs on a separate thread, because a test may already be inside a runtime.
fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
        scope.spawn(run).join().unwrap()
    })
}
