//! A file of SQLite saved beside whoever serves it, and brought back.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::NamedTempFile;

use super::db::Sql;
use super::single::Single;
use super::{StoreError, postgres, schema, sqlite};

/// A file of SQLite and what may have been left beside it.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// How long the replaced file's other users may take to let go of it.
const LET_GO: Duration = Duration::from_secs(1);

/// A backup that was made and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Bytes.
    pub size: u64,
    /// Version of the schema.
    pub version: i64,
}

/// A backup that was brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Version of the schema.
    pub version: i64,
    /// Where the file is that stood there before.
    pub aside: Option<PathBuf>,
}

fn only_files(url: &str, role: &str) -> Result<PathBuf, StoreError> {
    if postgres::is_url(url) {
        let why = "PostgreSQL has its own tools: pg_dump and pg_restore, or pg_basebackup; afterwards \
                   `diaban copy --compare` says whether two databases are the same";
        return Err(StoreError::Open(format!("{role}: {why}")));
    }
    sqlite::path_of(url)
}

/// Writes a database of one moment to a new file, while others read and write it. The file holds what is
/// in the tables and nothing that was deleted, is readable by its owner only, and is there whole or not
/// at all.
///
/// # Errors
/// When there is such a file, the store is no file of diaban's or cannot be read, the disk is full, or
/// the copy does not pass SQLite's checks.
pub async fn backup(url: &str, file: &Path) -> Result<Backup, StoreError> {
    let path = only_files(url, "backup")?;
    let named = |e: &dyn std::fmt::Display| sqlite::named(file, e);
    if file.exists() {
        return Err(named(&"is there already, and a backup overwrites nothing"));
    }
    let mut source = Single::reader(url).await?;
    schema::check(&mut source).await?;
    let folder = folder_of(file);
    let made = temporary(&folder).map_err(|e| named(&e))?;
    let name = made.path().to_str().ok_or_else(|| named(&"the path must be UTF-8"))?.to_owned();
    source.db().execute(Sql::new("VACUUM INTO $1").bind(name)).await.map_err(StoreError::sort)?;
    source.close().await?;
    let version = sound(made.path(), &path).await?;
    made.as_file().sync_all().map_err(|e| named(&e))?;
    let size = made.as_file().metadata().map_err(|e| named(&e))?.len();
    made.persist_noclobber(file).map_err(|e| named(&e.error))?;
    sync(&folder).map_err(|e| named(&e))?;
    Ok(Backup { size, version })
}

/// Puts a backup in the place of a store: it is copied beside the place, checked there, and renamed. With
/// `force` a file that is there is moved aside with what belongs to it.
///
/// # Errors
/// When the backup is none, is damaged or newer than this program; when the place is taken or in use.
/// Nothing has changed then.
pub async fn restore(file: &Path, url: &str, force: bool) -> Result<Restored, StoreError> {
    let path = only_files(url, "restore")?;
    let here = |e: &dyn std::fmt::Display| sqlite::named(&path, e);
    let there = |e: &dyn std::fmt::Display| sqlite::named(file, e);
    if !file.is_file() {
        return Err(there(&"there is no such file"));
    }
    if ["-wal", "-journal"]
        .iter()
        .any(|end| fs::metadata(sqlite::beside(file, end)).is_ok_and(|m| m.len() > 0))
    {
        let why = "this is a database in use, with a log beside it: make a backup of it by `diaban backup`";
        return Err(there(&why));
    }
    let old = fs::metadata(&path).ok();
    if old.is_some() && !force {
        return Err(here(&"is there already; --force moves it aside"));
    }
    let _claim = sqlite::claim(&path)?;
    let folder = folder_of(&path);
    let made = temporary(&folder).map_err(|e| here(&e))?;
    io::copy(&mut File::open(file).map_err(|e| there(&e))?, &mut made.as_file()).map_err(|e| here(&e))?;
    let version = sound(made.path(), file).await?;
    if let Some(old) = &old {
        // Who could use the old file can use the new one.
        made.as_file().set_permissions(old.permissions()).map_err(|e| here(&e))?;
        let _ = chown(made.path(), Some(old.uid()), Some(old.gid()));
    }
    made.as_file().sync_all().map_err(|e| here(&e))?;
    if old.is_some() {
        let_go(&path).await?;
    }
    let aside = move_aside(&path).map_err(|e| here(&e))?;
    made.persist_noclobber(&path).map_err(|e| here(&e.error))?;
    sync(&folder).map_err(|e| here(&e))?;
    Ok(Restored { version, aside })
}

/// Checks a file that nobody writes; `said` is its name to people.
async fn sound(path: &Path, said: &Path) -> Result<i64, StoreError> {
    let unsound =
        |e: &dyn std::fmt::Display| sqlite::named(said, &format!("this is no sound database of SQLite: {e}"));
    let mut single = Single::still(path, said).await.map_err(|e| unsound(&e))?;
    let version = schema::check(&mut single).await.map_err(|e| match e {
        StoreError::Storage(e) => unsound(&e),
        other => other,
    })?;
    let mut faults = single.texts("PRAGMA integrity_check").await.map_err(|e| unsound(&e))?;
    faults.retain(|text| text != "ok");
    let orphans = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check";
    let orphans = single.texts(orphans).await.map_err(|e| unsound(&e))?;
    faults.extend(orphans.iter().map(|table| format!("rows of {table} have lost what they belong to")));
    single.close().await?;
    match &faults[..] {
        [] => Ok(version),
        [first, rest @ ..] => {
            Err(sqlite::named(said, &format!("is damaged: {first} (and {} more)", rest.len())))
        }
    }
}

/// Makes the old file one that is whole by itself; refuses when somebody has it open. One that is too
/// damaged for that is only moved.
async fn let_go(path: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(LET_GO);
    let Ok(mut db) = options.connect().await else { return Ok(()) };
    let left = sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut db).await;
    let _ = db.close().await;
    let busy = |e: &sqlx::Error| {
        let code = e.as_database_error().and_then(|e| e.code()?.parse::<i32>().ok());
        code.is_some_and(|code| matches!(code & 0xff, 5 | 6)) // SQLITE_BUSY, SQLITE_LOCKED
    };
    match left {
        Err(e) if busy(&e) => Err(sqlite::named(path, &"another process has this file open")),
        _ => Ok(()),
    }
}

/// Moves a file and what belongs to it to the first free name; where the file is then, if there was one.
/// A log without its file goes too: SQLite would play it into the next file of that name.
fn move_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    let is_free = |name: &PathBuf| FILES.iter().all(|end| !sqlite::beside(name, end).exists());
    let names = (1..).map(|n| sqlite::beside(path, &format!(".before-restore-{n}")));
    let aside = names.into_iter().find(is_free).expect("numbers do not end");
    let was = path.exists();
    for end in FILES {
        match fs::rename(sqlite::beside(path, end), sqlite::beside(&aside, end)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(was.then_some(aside))
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A file for its owner only, gone again unless it is kept.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".diaban-").suffix(".part").tempfile_in(folder)
}

/// Makes names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
