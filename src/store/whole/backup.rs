//! Backs up a SQLite file while it is in use, and restores it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::NamedTempFile;

use crate::part;
use crate::store::StoreError;
use crate::store::database::Sql;
use crate::store::database::single::Single;
use crate::store::database::{postgres, schema, sqlite, threshold};
use crate::store::whole::check::{sound, unbroken};
use crate::store::whole::erased::{self, Erasure};
use crate::store::whole::seal::{self, Seal};

/// The suffixes of a SQLite database and of the files that may lie beside it.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// How long other users of the replaced file may take to close it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A backup that was written and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Size in bytes.
    pub size: u64,
    /// Version of the schema.
    pub version: i64,
}

/// A backup that was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Version of the schema.
    pub version: i64,
    /// The new path of the file that was there before.
    pub aside: Option<PathBuf>,
    /// Whether the backup carried a checksum, so that every bit is as it was written.
    pub sealed: bool,
    /// Reports that the backup held although they had been erased since, and that were erased again.
    pub erased: u64,
}

fn only_files(url: &str, role: &str) -> Result<PathBuf, StoreError> {
    if postgres::is_url(url) {
        let why = "PostgreSQL has its own tools: pg_dump and pg_restore, or pg_basebackup; afterwards \
                   `diaban copy --compare` says whether two databases are the same";
        return Err(StoreError::Open(format!("{role}: {why}")));
    }
    sqlite::path_of(url)
}

/// Writes the state of a database at one moment to a new file, while others read and write the
/// database. The file contains the rows of the tables and no deleted data, is readable by its owner
/// only, carries a checksum of its bytes, and is created completely or not at all.
///
/// # Errors
/// When the file exists, the store is not a database of diaban or cannot be read, the disk is full,
/// or the copy fails SQLite's checks.
pub async fn backup(url: &str, file: &Path) -> Result<Backup, StoreError> {
    let path = only_files(url, "backup")?;
    let named = |e: &dyn std::fmt::Display| sqlite::named(file, e);
    if file.exists() {
        return Err(named(&"already exists, and a backup never overwrites a file"));
    }
    let mut source = Single::reader(url).await?;
    schema::check(&mut source).await?;
    let folder = folder_of(file);
    let made = part::begin(&folder, part::OWNERS_ALONE).map_err(|e| named(&e))?;
    let name = made.path().to_str().ok_or_else(|| named(&"the path must be UTF-8"))?.to_owned();
    source.db().execute(Sql::new("VACUUM INTO $1").bind(name)).await.map_err(StoreError::sort)?;
    source.close().await?;
    scrub(&made).await.map_err(|e| named(&e))?;
    let version = sound(made.path(), &path).await?;
    let size = seal::put(made.as_file()).map_err(|e| named(&e))?;
    made.as_file().sync_all().map_err(|e| named(&e))?;
    made.persist_noclobber(file).map_err(|e| named(&e.error))?;
    sync(&folder).map_err(|e| named(&e))?;
    Ok(Backup { size, version })
}

/// Restores a backup in place of a store: it is copied into the same folder, checked there, and
/// renamed. With `force` an existing file is moved aside together with the files that belong to it. What was erased
/// since the backup is erased in it: as the list beside the store, the store itself and `lists` say.
///
/// # Errors
/// When the backup is not a database of diaban, is damaged or is newer than this program; when the
/// target exists or is in use. Nothing has changed then.
pub async fn restore(file: &Path, url: &str, force: bool, lists: &[PathBuf]) -> Result<Restored, StoreError> {
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
        return Err(here(&"already exists; --force moves it aside"));
    }
    let _claim = sqlite::claim(&path)?;
    let folder = folder_of(&path);
    let made = part::begin(&folder, part::OWNERS_ALONE).map_err(|e| here(&e))?;
    let backup = File::open(file).map_err(|e| there(&e))?;
    let sealed = unbroken(file, seal::open(&backup, &mut made.as_file()))? == Seal::Whole;
    let mut version = sound(made.path(), file).await?;
    scrub(&made).await.map_err(|e| there(&e))?;
    let mut known = erased::list_beside(&path)?;
    for list in lists {
        known.extend(erased::read_erased(list).await?);
    }
    if old.is_some() {
        // A file that is too damaged to be read has its list beside it.
        known.extend(erased_in(url).await.unwrap_or_default());
    }
    let erased = erase(made.path(), &known).await?;
    if erased > 0 {
        version = sound(made.path(), file).await?;
    }
    if let Some(old) = &old {
        // A group that was given access to the old file gets access to the new one. What everybody could reach was
        // given to nobody.
        let group = if old.mode() & 0o007 != 0 { 0 } else { old.mode() & 0o060 };
        let mode = part::OWNERS_ALONE | group;
        made.as_file().set_permissions(Permissions::from_mode(mode)).map_err(|e| here(&e))?;
        let _ = chown(made.path(), Some(old.uid()), Some(old.gid()));
    }
    made.as_file().sync_all().map_err(|e| here(&e))?;
    if old.is_some() {
        merge_log(&path).await?;
    }
    if !known.is_empty() {
        erased::write_erased(&erased::beside(&path), &known)?;
    }
    let aside = move_aside(&path).map_err(|e| here(&e))?;
    made.persist_noclobber(&path).map_err(|e| here(&e.error))?;
    threshold::mark(&path).map_err(|e| here(&e))?;
    sync(&folder).map_err(|e| here(&e))?;
    Ok(Restored { version, aside, sealed, erased })
}

/// What the present store says was erased.
async fn erased_in(url: &str) -> Result<Vec<Erasure>, StoreError> {
    let mut single = Single::reader(url).await?;
    let all = erased::of_database(&mut single).await;
    single.close().await?;
    all
}

/// Erases in a file that nobody has open what was erased since it was made; gives how many reports that were.
async fn erase(path: &Path, known: &[Erasure]) -> Result<u64, StoreError> {
    let mut single = Single::still(path, path).await.map_err(StoreError::sort)?;
    let there = erased::unerased(&mut single, known).await?;
    single.close().await?;
    if there == 0 {
        return Ok(0);
    }
    let mut single = Single::alone(path).await?;
    single.migrate().await?;
    let again = erased::again_alone(&mut single, known).await?;
    single.close().await?;
    Ok(again)
}

/// Overwrites what `VACUUM INTO` leaves in the first page of each table when that page was split: copies of its rows,
/// which no later erasure would find.
async fn scrub(made: &NamedTempFile) -> Result<(), StoreError> {
    let mut single = Single::still(made.path(), made.path()).await.map_err(StoreError::sort)?;
    let roots = single.texts("SELECT CAST(rootpage AS TEXT) FROM sqlite_schema WHERE rootpage > 1").await;
    single.close().await?;
    let roots: Vec<u64> = roots?.iter().filter_map(|page| page.parse().ok()).collect();
    scrub_pages(made.as_file(), &roots).map_err(|e| StoreError::Open(e.to_string()))
}

/// Overwrites the unused part of pages of b-trees (<https://www.sqlite.org/fileformat2.html>, section 1.6).
fn scrub_pages(file: &File, pages: &[u64]) -> io::Result<()> {
    let mut size = [0; 2];
    file.read_exact_at(&mut size, 16)?;
    let size = match u64::from(u16::from_be_bytes(size)) {
        1 => 65_536,
        size => size,
    };
    for page in pages {
        let start = (page - 1) * size;
        let mut head = [0; 7];
        file.read_exact_at(&mut head, start)?;
        let header = match head[0] {
            2 | 5 => 12,  // inner pages
            10 | 13 => 8, // leaves
            _ => continue,
        };
        let two = |i: usize| u64::from(u16::from_be_bytes([head[i], head[i + 1]]));
        let from = header + 2 * two(3);
        let to = if two(5) == 0 { 65_536 } else { two(5) };
        if from < to && to <= size {
            file.write_all_at(&vec![0; (to - from) as usize], start + from)?;
        }
    }
    Ok(())
}

/// Merges the old file's log into it; fails if another process has it open. A file too damaged for
/// that is only moved.
async fn merge_log(path: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(CLOSE_TIMEOUT);
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

/// Moves a file and those that belong to it to the first free name, and returns the new path if
/// there was a file. A log without a database is moved too, because SQLite would apply it to the
/// next file with that name.
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

/// Makes changes of names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
