//! SQLite: the file, its pragmas, its migrations.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};

use crate::store::StoreError;
use crate::store::database::Db;
use crate::store::database::dialect::Dialect;
use crate::store::database::inode::{Claimed, Inode, Lookout, cannot_write};
use crate::store::database::{schema, threshold};
use crate::store::error::Failure;

/// Older versions can lose a commit when a WAL reset races with a reader.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Page caches of a serving process in all. The writer has what the readers leave, because it caches the inner
/// pages of every index.
pub(in crate::store) const CACHE_KIB: u64 = 72 * 1024;
/// Page cache of one reader. Readers look up a few rows, and SQLite drops their whole cache after each commit.
const READER_CACHE_KIB: u64 = 2 * 1024;
/// Page cache of a connection that writes alone, negative for KiB as in SQLite's pragma.
const WRITER_CACHE_KIB: &str = "-65536";
/// Read connections beside the one writer.
const READERS: u32 = 4;

/// How long a command waits for another writer. An import beside it commits thousands of rows at once.
const PATIENT: Duration = Duration::from_secs(5);
/// How long a serving process waits: a client gets its 503 rather than no answer.
const PROMPT: Duration = Duration::from_secs(2);
/// How long whoever serves a file has to end, and how often it is looked whether it has.
const ENDING: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(50);

/// An open file: the pools of readers and of the writer, and what watches it. There is no writer if the file or its
/// folder cannot be written.
#[derive(Debug)]
pub(in crate::store) struct Opened {
    pub(in crate::store) read: SqlitePool,
    pub(in crate::store) write: Option<SqlitePool>,
    pub(in crate::store) lookout: Lookout,
}

/// Opens the file, creates it if missing, and migrates it.
pub(in crate::store) async fn open(path: &Path) -> Result<Opened, StoreError> {
    let inode = threshold::cross(path).await?;
    open_writable(path, inode, PATIENT, CACHE_KIB).await
}

/// Opens the file like [`open`], and claims it for one serving process before anything is changed. One that cannot
/// be written is served read-only. The page caches have so many KiB in all.
pub(in crate::store) async fn open_to_serve(
    path: &Path,
    cache_kib: u64,
) -> Result<(Opened, Claim), StoreError> {
    let (claim, folder_writable, inode) = claim_to_serve(path).await?;
    let opened = if folder_writable && inode.writable {
        open_writable(path, inode, PROMPT, cache_kib).await?
    } else {
        open_readable(path, inode, cache_kib).await?
    };
    Ok((opened, claim))
}

/// Claims a file to serve it, and waits a little for whoever is about to end: a process that is being restarted, or one
/// that was started from this one and has not become its own program yet.
async fn claim_to_serve(path: &Path) -> Result<(Claim, bool, Arc<Inode>), StoreError> {
    let once = async || {
        // Before the threshold: of two processes that begin at once one makes the file.
        let (mut claim, folder_writable) = lock_beside(path)?;
        let inode = claim.hold(path, threshold::cross(path).await)?;
        Ok((claim, folder_writable, inode))
    };
    let begun = Instant::now();
    loop {
        match once().await {
            Err(StoreError::Served(_)) if begun.elapsed() < ENDING => tokio::time::sleep(AGAIN).await,
            done => return done,
        }
    }
}

async fn open_writable(
    path: &Path,
    inode: Arc<Inode>,
    wait: Duration,
    cache_kib: u64,
) -> Result<Opened, StoreError> {
    let options = options(path, wait)?.pragma("cache_size", of_writer(cache_kib));
    // The writer's connection creates and migrates the file before anybody reads it.
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await
        .map_err(|e| failed(path, e))?;
    check_version(&write).await?;
    let mut db = write.acquire().await.map_err(|e| failed(path, e))?;
    threshold::sign(&mut db).await.map_err(|e| failed(path, e))?;
    drop(db);
    schema::migrations(Dialect::Sqlite).run(&write).await.map_err(|e| migration_failed(path, e))?;
    let mut db = write.acquire().await.map_err(|e| failed(path, e))?;
    if schema::has_table(&mut Db::Sqlite(&mut db), schema::COPYING).await.map_err(|e| failed(path, e))? {
        return Err(named(path, &schema::unfinished()));
    }
    drop(db);
    threshold::mark(path).map_err(|e| named(path, &e))?;
    let options = options.read_only(true).pragma("cache_size", of_reader(cache_kib));
    let read = readers().connect_with(options).await.map_err(|e| failed(path, e))?;
    let lookout = Lookout::new(path, inode, false).map_err(|e| named(path, &e))?;
    Ok(Opened { read, write: Some(write), lookout })
}

/// Opens a file that cannot be written. Without a log nobody has written since it was closed, so it is read without
/// locks, which would need files beside it.
async fn open_readable(path: &Path, inode: Arc<Inode>, cache_kib: u64) -> Result<Opened, StoreError> {
    let still = !std::fs::metadata(beside(path, "-wal")).is_ok_and(|m| m.len() > 0);
    let options = looking(path).read_only(true).immutable(still).busy_timeout(PROMPT);
    let options = options.pragma("cache_size", of_reader(cache_kib));
    let unreadable = |e: sqlx::Error| {
        let hint = if still { "" } else { "; its log can only be read where it can be written" };
        named(path, &format!("the storage is read-only, and {e}{hint}"))
    };
    let read = readers().connect_with(options).await.map_err(unreadable)?;
    let mut db = read.acquire().await.map_err(unreadable)?;
    let mut db = Db::Sqlite(&mut db);
    let newest = schema::latest(Dialect::Sqlite);
    match schema::version(&mut db).await.map_err(unreadable)? {
        0 => return Err(named(path, &"this is not a database of diaban")),
        version if version == newest => {}
        version => {
            let why = format!(
                "the storage is read-only and the schema version is {version}, {newest} is needed: make it \
                 writable, or `diaban migrate` a copy"
            );
            return Err(named(path, &why));
        }
    }
    if schema::has_table(&mut db, schema::COPYING).await.map_err(unreadable)? {
        return Err(named(path, &schema::unfinished()));
    }
    let lookout = Lookout::new(path, inode, still).map_err(|e| named(path, &e))?;
    Ok(Opened { read, write: None, lookout })
}

/// The page cache of the writer, where all caches have so many KiB; negative for KiB as in SQLite's pragma.
fn of_writer(cache_kib: u64) -> String {
    let readers = u64::from(READERS) * READER_CACHE_KIB;
    format!("-{}", cache_kib.saturating_sub(readers).max(cache_kib / 2))
}

/// The page cache of one reader.
fn of_reader(cache_kib: u64) -> String {
    format!("-{}", READER_CACHE_KIB.min(cache_kib / 2 / u64::from(READERS)))
}

fn readers() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        // A file cannot disconnect, unlike a server.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(None)
        .max_lifetime(None)
}

/// The path in `sqlite:PATH`, or a bare path, at the end of its symbolic links.
pub(in crate::store) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    if path.is_empty() || path.contains("://") {
        let scheme = url.split("://").next().unwrap_or_default();
        let detail = format!("{scheme}: the store must be sqlite:PATH or postgres://USER@HOST/DATABASE");
        return Err(StoreError::Open(detail));
    }
    Ok(threshold::resolve(PathBuf::from(path)))
}

/// A connection for writing to a file that nobody else knows.
pub(in crate::store) async fn connect_alone(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options = options(path, PATIENT)?.disable_statement_logging();
    options.connect().await.map_err(|e| failed(path, e))
}

/// A connection for writing, alone; creates the file if missing.
pub(in crate::store) async fn connect(path: &Path) -> Result<(SqliteConnection, Claim), StoreError> {
    let (mut claim, _) = lock_beside(path)?;
    claim.hold(path, threshold::cross(path).await)?;
    let options = options(path, PATIENT)?.disable_statement_logging();
    let mut db = options.connect().await.map_err(|e| failed(path, e))?;
    threshold::sign(&mut db).await.map_err(|e| failed(path, e))?;
    Ok((db, claim))
}

/// A connection to an existing file. It may write, because otherwise SQLite could not remove the
/// files that it creates beside the database while reading.
pub(in crate::store) async fn reader(path: &Path) -> Result<SqliteConnection, StoreError> {
    if !path.is_file() {
        return Err(named(path, &"there is no such file"));
    }
    reading(path).busy_timeout(PATIENT).connect().await.map_err(|e| failed(path, e))
}

/// A connection to a file that nobody writes to; it creates no files beside it.
pub(in crate::store) async fn still_reader(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    reading(path).read_only(true).immutable(true).connect().await
}

fn reading(path: &Path) -> SqliteConnectOptions {
    // Its statements work on the whole database, so a slow one is normal.
    looking(path).pragma("cache_size", WRITER_CACHE_KIB).disable_statement_logging()
}

/// Changes nothing by opening, whatever file it is.
pub(in crate::store) fn looking(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false).pragma("trusted_schema", "OFF")
}

/// What keeps other processes from serving a file, as long as it lives: a lock of the file itself, which it has under
/// each of its names, and one of the lock file beside it, which is there before the database is.
#[derive(Debug)]
pub struct Claim {
    _beside: Option<File>,
    inode: Option<Claimed>,
}

impl Claim {
    /// Claims the file too, which exists now. Whoever else has it open is told before what else is wrong.
    fn hold(
        &mut self,
        path: &Path,
        crossed: Result<Arc<Inode>, StoreError>,
    ) -> Result<Arc<Inode>, StoreError> {
        let inode = match (&crossed, path.is_file()) {
            (Ok(inode), _) => inode.clone(),
            (Err(_), true) => Inode::at(path).map_err(|e| named(path, &e))?,
            (Err(_), false) => return crossed,
        };
        self.inode = Some(inode.claim().ok_or_else(|| served(path))?);
        crossed
    }
}

fn served(path: &Path) -> StoreError {
    StoreError::Served(path.display().to_string())
}

/// Claims a file for one process, as long as it holds the result. The file may be missing.
pub(in crate::store) fn claim(path: &Path) -> Result<Claim, StoreError> {
    let (mut claim, _) = lock_beside(path)?;
    if path.is_file() {
        let inode = Inode::at(path).map_err(|e| named(path, &e))?;
        claim.inode = Some(inode.claim().ok_or_else(|| served(path))?);
    }
    Ok(claim)
}

/// Locks the file beside a database; also says whether the folder can be written. Where it cannot, the lock of the
/// database must do.
fn lock_beside(path: &Path) -> Result<(Claim, bool), StoreError> {
    let name = beside(path, ".lock");
    if std::fs::metadata(&name).is_ok_and(|m| !m.is_file()) {
        return Err(named(&name, &"this is not a regular file; remove it"));
    }
    match make(&name).and_then(|()| OpenOptions::new().write(true).open(&name)) {
        Ok(lock) => {
            lock.try_lock().map_err(|_| served(path))?;
            Ok((Claim { _beside: Some(lock), inode: None }, true))
        }
        Err(e) if cannot_write(&e) && path.is_file() => Ok((Claim { _beside: None, inode: None }, false)),
        Err(e) => Err(named(&name, &e)),
    }
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

/// A failed statement while a file is opened: what must stop the process keeps its kind, so its exit code.
pub(in crate::store) fn failed(path: &Path, error: sqlx::Error) -> StoreError {
    match StoreError::sort(error) {
        StoreError::Storage(failure) => {
            StoreError::Storage(Failure::new(failure.kind, format!("{}: {}", path.display(), failure.text)))
        }
        other => named(path, &other),
    }
}

fn migration_failed(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => failed(path, e),
        other => named(path, &schema::explain(&other)),
    }
}

/// Makes the file if it is missing, for its owner alone whatever the umask: it holds true places. SQLite gives the
/// files that it creates beside it the same mode.
pub(in crate::store) fn make(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(0o600)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

/// For an existing file. One that disappears meanwhile is not made anew.
fn options(path: &Path, wait: Duration) -> Result<SqliteConnectOptions, StoreError> {
    Ok(SqliteConnectOptions::from_str("sqlite:")?
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(wait)
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
        let (mut db, _claim) = connect(&path).await.unwrap();
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
