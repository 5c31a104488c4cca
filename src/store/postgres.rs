//! PostgreSQL with PostGIS: connections, migrations, the lock of the change log, wake-ups.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio::sync::watch;

use super::db::Db;
use super::{StoreError, schema};

/// Readers of one process beside its writer.
const READERS: u32 = 8;
/// A read that takes longer is given up, milliseconds.
const READ_MS: &str = "2000";
/// The same for a statement of the writer: a bulk load has long ones.
const WRITE_MS: &str = "60000";
/// How long the writer waits for another process that writes, milliseconds.
const LOCK_MS: &str = "5000";
/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);
/// Of transaction advisory locks this one is the change log's: "diaban" as a number.
const LOG_LOCK: i64 = 0x6469_6162_616e;
const CHANNEL: &str = "diaban_change";
/// Between attempts to listen again.
const LISTEN_AGAIN: Duration = Duration::from_millis(500);

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// Whether an address is PostgreSQL's.
pub(super) fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn options(url: &str) -> Result<(PgConnectOptions, String), StoreError> {
    let options = PgConnectOptions::from_str(url)?.application_name("diaban");
    let database = options.get_database().unwrap_or_default();
    let name = format!("postgres://{}:{}/{database}", options.get_host(), options.get_port());
    Ok((options, name))
}

/// A connection of its own for work that takes its time, and the name of its database.
pub(super) async fn connect(url: &str) -> Result<(PgConnection, String), StoreError> {
    let (options, name) = options(url)?;
    let endless = [("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")];
    let db = options
        .options(endless)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|e| StoreError::Open(format!("{name}: {e}")))?;
    Ok((db, name))
}

/// Connects, migrates under an advisory lock (several processes may start at once): readers and the
/// writer's connection.
pub(super) async fn open(url: &str) -> Result<(PgPool, PgPool), StoreError> {
    let (options, name) = options(url)?;
    let named = |e: &dyn std::fmt::Display| StoreError::Open(format!("{name}: {e}"));
    // Not through the writer: its time limits are no limits for a migration, nor for who waits for
    // another process to finish it.
    let (mut db, _) = connect(url).await?;
    MIGRATIONS.run_direct(None, &mut db, false).await.map_err(|e| named(&schema::explain(&e)))?;
    if schema::has_table(&mut Db::Postgres(&mut db), schema::COPYING).await? {
        return Err(named(&schema::unfinished()));
    }
    drop(db);
    let write = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        .connect_with(options.clone().options([("statement_timeout", WRITE_MS), ("lock_timeout", LOCK_MS)]))
        .await
        .map_err(|e| named(&e))?;
    let read = PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE)
        .connect_with(
            options
                .clone()
                .options([("statement_timeout", READ_MS), ("default_transaction_read_only", "on")]),
        )
        .await
        .map_err(|e| named(&e))?;
    Ok((read, write))
}

/// Makes this transaction the only one that writes, in any process, until it ends. Sequences of the log
/// are given when a row is inserted but seen when it is committed: without the lock a follower could
/// read past one that was given earlier and commits later, and never come back to it.
pub(super) async fn lock(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOG_LOCK).execute(db).await.map(|_| ())
}

/// Keeps every other writer out until this connection closes.
pub(super) async fn hold(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('lock_timeout', $1, false)").bind(LOCK_MS).execute(&mut *db).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOG_LOCK).execute(db).await.map(|_| ())
}

/// Wakes the followers of all processes when the transaction commits.
pub(super) async fn notify(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(db).await.map(|_| ())
}

/// Counts the commits of other processes as they are told, as long as anybody wants to know. Only a
/// wake-up: what is missed while the connection is down is found by the next look at the log.
pub(super) fn listen(pool: &PgPool, commits: Arc<watch::Sender<u64>>) {
    let options = (*pool.connect_options()).clone();
    tokio::spawn(async move {
        let pool =
            PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_lazy_with(options);
        while !commits.is_closed() {
            if let Err(error) = heard(&pool, &commits).await {
                tracing::debug!(%error, "listening for commits");
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    });
}

async fn heard(pool: &PgPool, commits: &watch::Sender<u64>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        tokio::select! {
            () = commits.closed() => return Ok(()),
            told = listener.try_recv() => {
                commits.send_modify(|n| *n += 1);
                if told?.is_none() {
                    return Ok(()); // the connection went: begin again
                }
            }
        }
    }
}
