//! Checks a whole SQLite database: the one in use, a backup, and quickly at the start of a server.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use sqlx::SqlitePool;

use crate::store::database::single::Single;
use crate::store::database::{Pool, postgres, schema, sqlite};
use crate::store::error::{Failure, FailureKind};
use crate::store::whole::copy::count;
use crate::store::whole::seal::{self, Seal};
use crate::store::whole::tables::TABLES;
use crate::store::{Store, StoreError};

/// Steps of SQLite between two looks at the clock: pages of a check.
const STEPS: i32 = 64;
/// SQLite's result code for a statement that was stopped.
const INTERRUPTED: i32 = 9;

/// A database that was checked and is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Version of the schema.
    pub version: i64,
    /// The tables and the number of their rows.
    pub rows: Vec<(&'static str, u64)>,
}

/// A backup that was checked and is sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedBackup {
    /// Version of the schema.
    pub version: i64,
    /// Whether it carries a checksum, so that every bit is as it was written.
    pub sealed: bool,
}

impl Store {
    /// Checks as much of a SQLite file as the time allows; says whether that was all of it. Of damage it finds, the
    /// process must stop.
    ///
    /// # Errors
    /// [`StoreError::Storage`] for damage; others when the check cannot be made.
    pub async fn check_quickly(&self, budget: Duration) -> Result<bool, StoreError> {
        let Pool::Sqlite(pool, alarm) = &self.read else { return Ok(true) };
        match check_quickly(pool, budget).await {
            Ok(Some(text)) if text == "ok" => Ok(true),
            Ok(Some(text)) => {
                let failure = Failure::new(FailureKind::Damaged, text);
                alarm.raise(&failure);
                Err(StoreError::Storage(failure))
            }
            Ok(None) => Ok(false),
            Err(error) => Err(alarm.sort(error)),
        }
    }
}

/// The first fault or `ok`; `None` when the time was over before.
async fn check_quickly(pool: &SqlitePool, budget: Duration) -> Result<Option<String>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let started = Stopwatch::now();
    connection.lock_handle().await?.set_progress_handler(STEPS, move || started.elapsed() < budget);
    let found = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
    connection.lock_handle().await?.remove_progress_handler();
    let code = |e: &sqlx::Error| e.as_database_error().and_then(|e| e.code()?.parse::<i32>().ok());
    match found {
        Ok(text) => Ok(Some(text)),
        Err(error) if code(&error).is_some_and(|code| code & 0xff == INTERRUPTED) => Ok(None),
        Err(error) => Err(error),
    }
}

fn only_files(url: &str) -> Result<(), StoreError> {
    if postgres::is_url(url) {
        let why = "check store: PostgreSQL has its own tool, pg_amcheck";
        return Err(StoreError::Open(why.to_owned()));
    }
    Ok(())
}

/// Checks every page, index and reference of a store, also beside a running server.
///
/// # Errors
/// [`StoreError::Storage`] for damage, with the first fault and how many more there are; others when it is no database
/// of diaban or cannot be read.
pub async fn check(url: &str) -> Result<Checked, StoreError> {
    only_files(url)?;
    let mut single = Single::reader(url).await?;
    let checked = async {
        let version = schema::check(&mut single).await?;
        faultless(&mut single).await?;
        let mut rows = Vec::new();
        for table in TABLES {
            rows.push((table.name, count(&mut single, table).await?));
        }
        Ok::<_, StoreError>(Checked { version, rows })
    }
    .await;
    let name = single.name.clone();
    single.close().await?;
    checked.map_err(|error| match error {
        StoreError::Storage(f) => StoreError::Storage(Failure::new(f.kind, format!("{name}: {}", f.text))),
        other => other,
    })
}

/// Checks a backup: its seal, then everything that [`check`] does.
///
/// # Errors
/// When it is damaged, no database of diaban, or newer than this program.
pub async fn check_backup(file: &Path) -> Result<CheckedBackup, StoreError> {
    let named = |e: &dyn std::fmt::Display| sqlite::named(file, e);
    if !file.is_file() {
        return Err(named(&"there is no such file"));
    }
    let found = seal::open(&File::open(file).map_err(|e| named(&e))?, &mut io::sink());
    let sealed = unbroken(file, found)? == Seal::Whole;
    let version = sound(file, file).await?;
    Ok(CheckedBackup { version, sealed })
}

/// What a seal says, as an error of the store.
pub(super) fn unbroken(file: &Path, found: io::Result<Result<Seal, String>>) -> Result<Seal, StoreError> {
    found.map_err(|e| sqlite::named(file, &e))?.map_err(|why| damaged(file, &why))
}

fn damaged(file: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Storage(Failure::new(FailureKind::Damaged, format!("{} is damaged: {why}", file.display())))
}

/// Checks a file that nobody writes to. `label` is its name in messages.
pub(super) async fn sound(path: &Path, label: &Path) -> Result<i64, StoreError> {
    let unsound =
        |e: &dyn std::fmt::Display| damaged(label, &format!("this is not a sound SQLite database: {e}"));
    let mut single = Single::still(path, label).await.map_err(|e| unsound(&e))?;
    let checked = async {
        let version = schema::check(&mut single).await?;
        faultless(&mut single).await?;
        Ok::<_, StoreError>(version)
    }
    .await;
    single.close().await?;
    checked.map_err(|error| match error {
        StoreError::Storage(failure) => unsound(&failure.text),
        other => other,
    })
}

/// All of SQLite's checks.
async fn faultless(single: &mut Single) -> Result<(), StoreError> {
    let mut faults = single.texts("PRAGMA integrity_check").await?;
    faults.retain(|text| text != "ok");
    let orphans = single.texts("SELECT DISTINCT \"table\" FROM pragma_foreign_key_check").await?;
    faults.extend(orphans.iter().map(|table| format!("rows of {table} refer to rows that do not exist")));
    match &faults[..] {
        [] => Ok(()),
        [first, rest @ ..] => {
            let text = format!("{first} (and {} more)", rest.len());
            Err(StoreError::Storage(Failure::new(FailureKind::Damaged, text)))
        }
    }
}
