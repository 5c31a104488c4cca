//! The version of a database's schema, and whether this program can work with it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::store::StoreError;
use crate::store::database::dialect::Dialect;
use crate::store::database::single::Single;
use crate::store::database::{Db, Sql};

/// The table that exists in a database until a copy into it is finished.
pub(in crate::store) const COPYING: &str = "copying";

/// A migration from one schema version to another; 0 is an empty database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Before.
    pub from: i64,
    /// Now.
    pub to: i64,
}

/// Migrates a database to the latest schema; creates a missing file.
///
/// # Errors
/// When it cannot be opened, is served by another process (a file) or is newer than this program.
pub async fn migrate(url: &str) -> Result<Migrated, StoreError> {
    let mut single = Single::writer(url).await?;
    let migrated = single.migrate().await?;
    single.close().await?;
    Ok(migrated)
}

/// The migrations of both databases. They are embedded without sqlx's macro, which would build both
/// drivers a second time for the host.
#[derive(RustEmbed)]
#[folder = "src/store/migrations/"]
struct Files;

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| embedded(Dialect::Sqlite));
static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| embedded(Dialect::Postgres));

/// The migrations of a database.
pub(in crate::store) fn migrations(dialect: Dialect) -> &'static Migrator {
    match dialect {
        Dialect::Sqlite => &SQLITE,
        Dialect::Postgres => &POSTGRES,
    }
}

/// The migrations of a database, from the files named `NNNN_name.sql`.
pub(in crate::store) fn embedded(dialect: Dialect) -> Migrator {
    let folder = match dialect {
        Dialect::Sqlite => "sqlite/",
        Dialect::Postgres => "postgres/",
    };
    let read = |path: Cow<'static, str>| {
        let (version, name) = path.strip_prefix(folder)?.strip_suffix(".sql")?.split_once('_')?;
        let (version, name) = (version.parse().ok()?, name.replace('_', " "));
        let sql = String::from_utf8(Files::get(&path)?.data.into_owned()).ok()?;
        Some(Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            AssertSqlSafe(sql).into_sql_str(),
            false,
        ))
    };
    Migrator::with_migrations(Files::iter().filter_map(read).collect())
}

/// The schema version that this program needs.
pub(in crate::store) fn latest(dialect: Dialect) -> i64 {
    migrations(dialect).iter().map(|m| m.version).max().unwrap_or(0)
}

pub(in crate::store) async fn has_table(db: &mut Db<'_>, name: &str) -> Result<bool, sqlx::Error> {
    let found: i64 = db.fetch_value(Sql::new(db.dialect().tables_named()).bind(name)).await?;
    Ok(found > 0)
}

/// The version of a database; 0 if it was never a database of diaban.
pub(in crate::store) async fn version(db: &mut Db<'_>) -> Result<i64, sqlx::Error> {
    if !has_table(db, "_sqlx_migrations").await? {
        return Ok(0);
    }
    db.fetch_value(Sql::new("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")).await
}

/// The version of a database, after checking that this program knows its migrations.
pub(in crate::store) async fn check(single: &mut Single) -> Result<i64, StoreError> {
    let dialect = single.dialect();
    let refuse = |why: String| StoreError::Open(why);
    let sorted = StoreError::sort;
    if version(&mut single.db()).await.map_err(sorted)? == 0
        || !has_table(&mut single.db(), "report_public").await.map_err(sorted)?
    {
        return Err(refuse(format!("{}: this is not a database of diaban", single.name)));
    }
    if has_table(&mut single.db(), COPYING).await.map_err(sorted)? {
        return Err(refuse(format!("{}: {}", single.name, unfinished())));
    }
    let known: HashMap<i64, &[u8]> = migrations(dialect).iter().map(|m| (m.version, &*m.checksum)).collect();
    let text = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
    let mut last = 0;
    for row in single.db().fetch_all(Sql::new(text)).await.map_err(sorted)? {
        last = row.try_get(0)?;
        match known.get(&last) {
            Some(checksum) if *checksum == row.try_get::<&[u8]>(1)? => {}
            Some(_) => {
                let error = explain(&MigrateError::VersionMismatch(last));
                return Err(refuse(format!("{}: {error}", single.name)));
            }
            None => {
                let error = explain(&MigrateError::VersionMissing(last));
                return Err(refuse(format!("{}: {error}", single.name)));
            }
        }
    }
    Ok(last)
}

/// The reason why a database is not served while a copy into it is unfinished.
pub(in crate::store) fn unfinished() -> &'static str {
    "a copy into it is not finished: run the same `diaban copy` again, or begin with an empty database"
}

/// The error as a message that says what to do.
pub(in crate::store) fn explain(error: &MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(v) => {
            format!(
                "its schema version {v} is newer than this program: use the version of diaban that wrote it"
            )
        }
        MigrateError::VersionMismatch(v) => {
            format!(
                "its schema version {v} is not the one of this program: use the version of diaban that wrote it"
            )
        }
        other => other.to_string(),
    }
}
