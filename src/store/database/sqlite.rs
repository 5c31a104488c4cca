//! SQLite: the file, its pragmas, its migrations.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};

use crate::store::StoreError;
use crate::store::database::Db;
use crate::store::database::dialect::Dialect;
use crate::store::database::schema;

/// Older versions can lose a commit when a WAL reset races with a reader.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Page caches of a serving process in all. The writer has half of it, because it caches the inner pages of
/// every index; readers look up a few rows.
pub(in crate::store) const CACHE_KIB: u64 = 128 * 1024;
/// Page cache of a connection that writes alone, negative for KiB as in SQLite's pragma.
const WRITER_CACHE_KIB: &str = "-65536";
/// Read connections beside the one writer.
const READERS: u32 = 4;

/// Opens the file, creates it if missing, and migrates it. Returns the pools of readers and of the
/// writer.
pub(in crate::store) async fn open(
    path: &Path,
    cache_kib: u64,
) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let named = |e: &dyn std::fmt::Display| named(path, e);
    let half = cache_kib / 2;
    let options = options(path)?.pragma("cache_size", format!("-{half}"));
    let of_reader = format!("-{}", half / u64::from(READERS));
    // The writer's connection creates and migrates the file before anybody reads it.
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await
        .map_err(|e| named(&e))?;
    check_version(&write).await?;
    schema::migrations(Dialect::Sqlite).run(&write).await.map_err(|e| named(&schema::explain(&e)))?;
    let mut db = write.acquire().await.map_err(|e| named(&e))?;
    if schema::has_table(&mut Db::Sqlite(&mut db), schema::COPYING).await? {
        return Err(named(&schema::unfinished()));
    }
    drop(db);
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        // A file cannot disconnect, unlike a server.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.read_only(true).create_if_missing(false).pragma("cache_size", of_reader))
        .await
        .map_err(|e| named(&e))?;
    Ok((read, write))
}

/// The path in `sqlite:PATH`, or a bare path.
pub(in crate::store) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    if path.is_empty() || path.contains("://") {
        let scheme = url.split("://").next().unwrap_or_default();
        let detail = format!("{scheme}: the store must be sqlite:PATH or postgres://USER@HOST/DATABASE");
        return Err(StoreError::Open(detail));
    }
    Ok(PathBuf::from(path))
}

/// A connection for writing; creates the file if missing.
pub(in crate::store) async fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    options(path)?.disable_statement_logging().connect().await.map_err(|e| named(path, &e))
}

/// A connection to an existing file. It may write, because otherwise SQLite could not remove the
/// files that it creates beside the database while reading.
pub(in crate::store) async fn reader(path: &Path) -> Result<SqliteConnection, StoreError> {
    if !path.is_file() {
        return Err(named(path, &"there is no such file"));
    }
    reading(path).busy_timeout(Duration::from_secs(5)).connect().await.map_err(|e| named(path, &e))
}

/// A connection to a file that nobody writes to; it creates no files beside it.
pub(in crate::store) async fn still_reader(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    reading(path).read_only(true).immutable(true).connect().await
}

fn reading(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
    let options = options.pragma("trusted_schema", "OFF").pragma("cache_size", WRITER_CACHE_KIB);
    // Its statements work on the whole database, so a slow one is normal.
    options.disable_statement_logging()
}

/// Claims a file for one process, as long as it holds the result.
pub(in crate::store) fn claim(path: &Path) -> Result<File, StoreError> {
    let name = beside(path, ".lock");
    make(&name).map_err(|e| named(&name, &e))?;
    let lock = OpenOptions::new().write(true).open(&name).map_err(|e| named(&name, &e))?;
    lock.try_lock().map_err(|_| named(path, &"another process serves this file already"))?;
    Ok(lock)
}

/// The path with a suffix added to the file's name.
pub(in crate::store) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The absolute path of a file, as its name.
pub(in crate::store) fn name(path: &Path) -> String {
    let whole = path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.into());
    format!("sqlite:{}", whole.display())
}

pub(in crate::store) fn named(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open(format!("{}: {error}", path.display()))
}

/// Makes the file if it is missing, for its owner alone whatever the umask: it holds true places. SQLite gives the
/// files that it creates beside it the same mode.
fn make(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

fn options(path: &Path) -> Result<SqliteConnectOptions, StoreError> {
    make(path).map_err(|e| named(path, &e))?;
    Ok(SqliteConnectOptions::from_str("sqlite:")?
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cache_size", WRITER_CACHE_KIB)
        // Erased data must not remain in free parts of the file. Every update can move rows inside
        // a page, so this is on from the start. Deletes are rare, so it costs nothing.
        .pragma("secure_delete", "ON")
        // Statement journals and sorts are kept in memory. In a file, the undo data of statements
        // that a trigger might abort took half the time of a bulk load. Durability comes from the
        // WAL and is not affected.
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
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_stored_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city.db");
        let _lock = claim(&path).unwrap();
        let mut db = connect(&path).await.unwrap();
        sqlx::query("CREATE TABLE kept (n INTEGER)").execute(&mut db).await.unwrap();
        let mut found = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", file.path());
            found += 1;
        }
        assert_eq!(found, 4, "database, log, its index, lock");
    }

    #[test]
    fn a_sqlite_with_the_wal_reset_race_is_refused() {
        assert!(is_old("3.51.2") && is_old("3.9.9") && is_old(""));
        assert!(!is_old("3.51.3") && !is_old("4.0"));
    }
}
