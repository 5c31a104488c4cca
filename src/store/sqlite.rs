//! SQLite: the file, its pragmas, its migrations.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::StoreError;

/// Older versions can lose a commit in a race between a WAL reset and a reader.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Page cache of a connection in KiB, as SQLite writes it: the writer keeps the inner pages of every
/// index, readers look up a few rows.
const WRITER_CACHE_KIB: &str = "-65536";
const READER_CACHE_KIB: &str = "-16384";
/// Readers beside the one writer.
const READERS: u32 = 4;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// Opens the file, makes it when missing and migrates it: readers and the writer's connection.
pub(super) async fn open(path: &Path) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let named = |e: &dyn std::fmt::Display| StoreError::Open(format!("{}: {e}", path.display()));
    let options = options(path)?;
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
        .connect_with(options.read_only(true).create_if_missing(false).pragma("cache_size", READER_CACHE_KIB))
        .await
        .map_err(|e| named(&e))?;
    Ok((read, write))
}

/// The file of `sqlite:PATH`, or of a bare path.
pub(super) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    if path.is_empty() || path.contains("://") {
        let scheme = url.split("://").next().unwrap_or_default();
        let detail = format!("{scheme}: the store must be sqlite:PATH or postgres://USER@HOST/DATABASE");
        return Err(StoreError::Open(detail));
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
