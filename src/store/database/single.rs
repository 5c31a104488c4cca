//! A single connection without timeouts, for long work on a whole database, with no server running
//! or beside one.

use std::path::{Path, PathBuf};

use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::store::StoreError;
use crate::store::database::dialect::Dialect;
use crate::store::database::schema::{self, Migrated};
use crate::store::database::{Db, Sql};
use crate::store::database::{postgres, sqlite, threshold};

/// The connection, and the locks that it holds.
#[derive(Debug)]
pub(in crate::store) struct Single {
    inner: Inner,
    /// The name of the database, without the secrets in its URL.
    pub(in crate::store) name: String,
    claim: Option<Claim>,
    /// The path of a file that is written.
    written: Option<PathBuf>,
}

/// What keeps other writers out as long as it lives.
#[derive(Debug)]
enum Claim {
    Sqlite { _claim: sqlite::Claim },
    Postgres { _transaction: Box<PgConnection> },
}

#[derive(Debug)]
enum Inner {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

impl Single {
    /// Connects for reading; nothing is created or changed.
    pub(in crate::store) async fn reader(url: &str) -> Result<Self, StoreError> {
        if postgres::is_url(url) {
            return Self::postgres(url).await;
        }
        let path = sqlite::path_of(url)?;
        let inner = Inner::Sqlite(Box::new(sqlite::reader(&path).await?));
        Ok(Self { inner, name: sqlite::name(&path), claim: None, written: None })
    }

    /// Reads a file that nobody writes to. `label` is its name in messages.
    pub(in crate::store) async fn still(path: &Path, label: &Path) -> Result<Self, sqlx::Error> {
        let inner = Inner::Sqlite(Box::new(sqlite::still_reader(path).await?));
        Ok(Self { inner, name: label.display().to_string(), claim: None, written: None })
    }

    /// Connects for reading, and excludes writers: a file is claimed like by a serving process; in
    /// PostgreSQL writers wait until this connection closes.
    pub(in crate::store) async fn lone_reader(url: &str) -> Result<Self, StoreError> {
        let mut single = Self::reader(url).await?;
        if postgres::is_url(url) {
            single.hold(url).await?;
            return Ok(single);
        }
        let claim = sqlite::claim(&sqlite::path_of(url)?)?;
        Ok(Self { claim: Some(Claim::Sqlite { _claim: claim }), ..single })
    }

    /// Connects for writing; a file is created if missing, and claimed.
    pub(in crate::store) async fn writer(url: &str) -> Result<Self, StoreError> {
        if postgres::is_url(url) {
            return Self::postgres(url).await;
        }
        let path = sqlite::path_of(url)?;
        let (db, claim) = sqlite::connect(&path).await?;
        Ok(Self {
            inner: Inner::Sqlite(Box::new(db)),
            name: sqlite::name(&path),
            claim: Some(Claim::Sqlite { _claim: claim }),
            written: Some(path),
        })
    }

    /// Connects for writing to a file that nobody else knows.
    pub(in crate::store) async fn alone(path: &Path) -> Result<Self, StoreError> {
        let inner = Inner::Sqlite(Box::new(sqlite::connect_alone(path).await?));
        Ok(Self { inner, name: sqlite::name(path), claim: None, written: None })
    }

    async fn postgres(url: &str) -> Result<Self, StoreError> {
        let (db, name) = postgres::connect(url).await?;
        Ok(Self { inner: Inner::Postgres(Box::new(db)), name, claim: None, written: None })
    }

    /// Excludes other writers until this connection closes; a file is already claimed.
    pub(in crate::store) async fn hold(&mut self, url: &str) -> Result<(), StoreError> {
        if let Inner::Postgres(_) = &self.inner {
            let transaction = Box::new(postgres::hold(url).await?);
            self.claim = Some(Claim::Postgres { _transaction: transaction });
        }
        Ok(())
    }

    /// Brings the schema up to date.
    pub(in crate::store) async fn migrate(&mut self) -> Result<Migrated, StoreError> {
        let from = schema::version(&mut self.db()).await.map_err(StoreError::sort)?;
        match &mut self.inner {
            // Like `run`, whose futures are not `Send`.
            Inner::Sqlite(db) => schema::migrations(Dialect::Sqlite).run_direct(None, &mut **db, false).await,
            Inner::Postgres(db) => {
                schema::migrations(Dialect::Postgres).run_direct(None, &mut **db, false).await
            }
        }
        .map_err(|e| StoreError::Open(format!("{}: {}", self.name, schema::explain(&e))))?;
        if let Some(path) = &self.written {
            threshold::mark(path).map_err(|e| sqlite::named(path, &e))?;
        }
        Ok(Migrated { from, to: schema::latest(self.dialect()) })
    }

    pub(in crate::store) fn dialect(&self) -> Dialect {
        match self.inner {
            Inner::Sqlite(_) => Dialect::Sqlite,
            Inner::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(in crate::store) fn db(&mut self) -> Db<'_> {
        match &mut self.inner {
            Inner::Sqlite(db) => Db::Sqlite(db),
            Inner::Postgres(db) => Db::Postgres(db),
        }
    }

    /// All reads from now on see the same moment.
    pub(in crate::store) async fn begin_moment(&mut self) -> Result<(), StoreError> {
        let begin = match self.dialect() {
            Dialect::Sqlite => "PRAGMA query_only = ON; BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.db().run(begin.to_owned()).await.map_err(StoreError::sort)
    }

    /// Sends rows in PostgreSQL's text format to a statement `COPY … FROM STDIN`.
    pub(in crate::store) async fn copy_in(
        db: &mut Db<'_>,
        statement: &str,
        rows: Vec<u8>,
    ) -> Result<(), sqlx::Error> {
        let Db::Postgres(db) = db else { return Ok(()) };
        let mut copy = db.copy_in_raw(statement).await?;
        copy.send(rows).await?;
        copy.finish().await.map(|_| ())
    }

    /// The first value of each row, as text.
    pub(in crate::store) async fn texts(&mut self, sql: &'static str) -> Result<Vec<String>, StoreError> {
        let rows = self.db().fetch_all(Sql::new(sql)).await.map_err(StoreError::sort)?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Closes the connection, which checkpoints a file's write-ahead log.
    pub(in crate::store) async fn close(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(db) => db.close().await,
            Inner::Postgres(db) => db.close().await,
        }
        .map_err(StoreError::sort)
    }
}
