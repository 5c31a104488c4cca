//! Opening a store: the file, its pragmas, its migrations, its lock.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch;

use super::writer::Writer;
use super::{Outcome, StoreError};
use crate::store::write::Command;

/// Older versions can lose a commit in a race between a WAL reset and a reader.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Page cache of a connection in KiB, as SQLite writes it: the writer keeps the inner pages of every
/// index, readers look up a few rows.
const WRITER_CACHE_KIB: &str = "-65536";
const READER_CACHE_KIB: &str = "-16384";
/// Readers beside the one writer.
const READERS: u32 = 4;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// One SQLite file: a pool of readers and one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) read: SqlitePool,
    writer: Writer,
    pub(super) path: Arc<PathBuf>,
}

impl Store {
    /// Opens `sqlite:PATH` (or a bare path), makes the file when missing and migrates it.
    ///
    /// # Errors
    /// When the file cannot be opened or is no database, with the reason.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let path = path_of(url)?;
        let named = |e: &dyn std::fmt::Display| StoreError::Open(format!("{}: {e}", path.display()));
        let options = options(&path)?;
        // The writer's own connection makes the file and brings it up to date before anybody reads.
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await
            .map_err(|e| named(&e))?;
        check_version(&write).await?;
        MIGRATIONS.run(&write).await.map_err(|e| named(&e))?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            // A file does not go away as a server does.
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(
                options.read_only(true).create_if_missing(false).pragma("cache_size", READER_CACHE_KIB),
            )
            .await
            .map_err(|e| named(&e))?;
        Ok(Self { read, writer: Writer::start(write), path: Arc::new(path) })
    }

    /// Claims the file for one serving process; keep what comes back as long as the process serves.
    /// Imports do not claim it: they write beside a server, which learns of it from the change log.
    ///
    /// # Errors
    /// When another process serves this file.
    pub fn claim(&self) -> Result<File, StoreError> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".lock");
        let lock = File::create(&name).map_err(|e| StoreError::Open(format!("{}: {e}", name.display())))?;
        lock.try_lock().map_err(|_| {
            StoreError::Open(format!("{}: another process serves this file already", self.path.display()))
        })?;
        Ok(lock)
    }

    /// Moves whenever the writer has committed. Only a wake-up: the change log is the truth.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.writer.commits()
    }

    /// Resolves when the storage has failed and the process must stop.
    pub async fn failed(&self) -> String {
        self.writer.failed().await
    }

    /// Writes waiting for the writer, for the metrics.
    pub fn queued(&self) -> usize {
        self.writer.queued()
    }

    /// Finishes what is queued and closes the connections.
    pub async fn close(&self) {
        // The writer last: only it can empty the write-ahead log, which may still hold what was erased.
        self.read.close().await;
        self.writer.close().await;
    }

    pub(super) async fn write(&self, command: Command) -> Result<Outcome, StoreError> {
        self.writer.write(command).await
    }
}

fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    if path.is_empty() || path.contains("://") {
        return Err(StoreError::Open(format!("{url}: the store must be sqlite:PATH")));
    }
    Ok(PathBuf::from(path))
}

fn options(path: &Path) -> Result<SqliteConnectOptions, StoreError> {
    Ok(SqliteConnectOptions::from_str("sqlite:")?
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cache_size", WRITER_CACHE_KIB)
        // What is erased must not lie on in free corners of the file. Rows move inside their pages with
        // every update, so it has to hold from the beginning; deletes are rare, so it costs nothing.
        .pragma("secure_delete", "ON")
        // Statement journals and sorts in memory: as a file, the undo of a statement that a trigger
        // might abort cost a bulk load half of its time. Durability is the WAL's, untouched by this.
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(256))
}

async fn check_version(pool: &SqlitePool) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(pool).await?;
    if is_old(&version) {
        let (a, b, c) = OLDEST_SQLITE;
        return Err(StoreError::Open(format!("SQLite {version} is linked; {a}.{b}.{c} or newer is needed")));
    }
    Ok(())
}

fn is_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) < OLDEST_SQLITE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_with_the_wal_reset_race_is_refused() {
        assert!(is_old("3.51.2") && is_old("3.9.9") && is_old(""));
        assert!(!is_old("3.51.3") && !is_old("4.0"));
    }
}
