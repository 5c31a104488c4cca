//! Two databases behind one body for each statement: text with numbered or pushed parameters, run on
//! SQLite or PostgreSQL; rows read by position. What differs between them is named in `dialect`.

pub(in crate::store) mod dialect;
pub(in crate::store) mod inode;
pub(in crate::store) mod postgres;
pub(in crate::store) mod schema;
pub(in crate::store) mod single;
mod sql;
pub(in crate::store) mod sqlite;
#[cfg(test)]
pub(in crate::store) mod testing;
pub(in crate::store) mod threshold;

use std::fmt;

use futures_util::TryFutureExt;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{
    AssertSqlSafe, ColumnIndex, Decode, PgConnection, PgPool, Postgres, Row as _, Sqlite, SqliteConnection,
    SqlitePool, Transaction, Type,
};

use crate::store::StoreError;
use crate::store::database::dialect::Dialect;
pub(in crate::store) use crate::store::database::sql::{Arg, Sql, Values};
use crate::store::error::Alarm;

/// A pool of readers. A file that is damaged or cannot be read sounds the alarm, whoever reads it.
#[derive(Clone, Debug)]
pub(in crate::store) enum Pool {
    Sqlite(SqlitePool, Alarm),
    Postgres(PgPool),
}

/// Keeps other processes from what one alone should do, until it is dropped.
#[derive(Debug)]
pub struct Alone(Option<PgConnection>);

impl Alone {
    /// Whether it does so still; asked often enough, it does as long as the database is there.
    pub async fn holds(&mut self) -> bool {
        match &mut self.0 {
            Some(db) => postgres::holds(db).await,
            None => true,
        }
    }
}

/// The connection of a transaction.
#[derive(Debug)]
pub(in crate::store) enum Db<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A read of several statements that see one moment.
#[derive(Debug)]
pub(in crate::store) enum Moment {
    Sqlite(Transaction<'static, Sqlite>, Alarm),
    Postgres(Transaction<'static, Postgres>),
}

impl Moment {
    /// All rows.
    pub(in crate::store) async fn fetch_all(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(tx, alarm) => Db::Sqlite(tx).fetch_all(sql).await.map_err(|e| alarm.sort(e)),
            Self::Postgres(tx) => Db::Postgres(tx).fetch_all(sql).await.map_err(StoreError::sort),
        }
    }
}

/// One row.
#[derive(Debug)]
pub(in crate::store) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What both databases read the same.
pub(in crate::store) trait Column<'r>:
    Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{
}

impl<'r, T> Column<'r> for T where T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{}

/// How a column is named: by its name or its position.
pub(in crate::store) trait Named:
    ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + fmt::Debug + Copy
{
}
impl<T> Named for T where T: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + fmt::Debug + Copy {}

impl Row {
    /// The value of a column.
    pub(in crate::store) fn try_get<'r, T: Column<'r>>(&'r self, i: impl Named) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(i),
            Self::Postgres(row) => row.try_get(i),
        }
    }
}

impl Row {
    /// A small number that stands for a word; none where the column is null.
    pub(in crate::store) fn code_optional(&self, i: impl Named) -> Result<Option<i64>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(i),
            Self::Postgres(row) => Ok(row.try_get::<Option<i16>, _>(i)?.map(i64::from)),
        }
    }

    /// A small number that stands for a word.
    pub(in crate::store) fn code(&self, i: impl Named) -> Result<i64, sqlx::Error> {
        self.code_optional(i)?.ok_or_else(|| sqlx::Error::ColumnDecode {
            index: format!("{i:?}"),
            source: "a code is missing".into(),
        })
    }
}

/// The statement as sqlx has it.
macro_rules! query {
    ($sql:expr, $dialect:ident) => {{
        let sql = $sql;
        let mut query = sqlx::query(AssertSqlSafe(sql.written(Dialect::$dialect)));
        for arg in sql.args {
            query = match arg {
                Arg::Integer(v) => query.bind(v),
                Arg::Real(v) => query.bind(v),
                Arg::Text(v) => query.bind(v),
                Arg::Blob(v) => query.bind(v),
            };
        }
        query
    }};
}

impl Db<'_> {
    /// Which database it is.
    pub(in crate::store) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; how many rows it touched.
    pub(in crate::store) async fn execute(&mut self, sql: Sql) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(db) => query!(sql, Sqlite).execute(&mut **db).await.map(|r| r.rows_affected()),
            Self::Postgres(db) => query!(sql, Postgres).execute(&mut **db).await.map(|r| r.rows_affected()),
        }
    }

    /// All rows.
    pub(in crate::store) async fn fetch_all(&mut self, sql: Sql) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(db) => query!(sql, Sqlite).fetch_all(&mut **db).map_ok(sqlite_rows).await,
            Self::Postgres(db) => query!(sql, Postgres).fetch_all(&mut **db).map_ok(postgres_rows).await,
        }
    }

    /// The only row.
    pub(in crate::store) async fn fetch_one(&mut self, sql: Sql) -> Result<Row, sqlx::Error> {
        self.fetch_all(sql).await?.pop().ok_or(sqlx::Error::RowNotFound)
    }

    /// The only value of the only row.
    pub(in crate::store) async fn fetch_value<T: for<'r> Column<'r>>(
        &mut self,
        sql: Sql,
    ) -> Result<T, sqlx::Error> {
        self.fetch_one(sql).await?.try_get(0)
    }

    /// The value of the first row, if there is one.
    pub(in crate::store) async fn fetch_value_optional<T: for<'r> Column<'r>>(
        &mut self,
        sql: Sql,
    ) -> Result<Option<T>, sqlx::Error> {
        self.fetch_all(sql).await?.first().map(|row| row.try_get(0)).transpose()
    }

    /// Statements without parameters, one after the other.
    pub(in crate::store) async fn run(&mut self, text: String) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(db) => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **db).await.map(|_| ()),
            Self::Postgres(db) => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **db).await.map(|_| ()),
        }
    }
}

fn sqlite_rows(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

fn postgres_rows(rows: Vec<PgRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Postgres).collect()
}

impl Pool {
    /// Which database it is.
    pub(in crate::store) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(..) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All rows.
    pub(in crate::store) async fn fetch_all(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(pool, alarm) => {
                let rows = query!(sql, Sqlite).fetch_all(pool).map_ok(sqlite_rows).await;
                rows.map_err(|e| alarm.sort(e))
            }
            Self::Postgres(pool) => {
                let rows = query!(sql, Postgres).fetch_all(pool).map_ok(postgres_rows).await;
                rows.map_err(StoreError::sort)
            }
        }
    }

    /// All rows of a read that nobody waits for, however long the database takes: it may be at the work of a minute, and
    /// not know yet how its tables have changed.
    pub(in crate::store) async fn fetch_patiently(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        let mut moment = self.moment().await?;
        if let Moment::Postgres(tx) = &mut moment {
            postgres::take_time(tx).await.map_err(StoreError::sort)?;
        }
        moment.fetch_all(sql).await
    }

    /// The first row, if there is one.
    pub(in crate::store) async fn fetch_optional(&self, sql: Sql) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch_all(sql).await?.into_iter().next())
    }

    /// The only row.
    pub(in crate::store) async fn fetch_one(&self, sql: Sql) -> Result<Row, StoreError> {
        Ok(self.fetch_optional(sql).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// The value of the first row, if there is one.
    pub(in crate::store) async fn fetch_value_optional<T: for<'r> Column<'r>>(
        &self,
        sql: Sql,
    ) -> Result<Option<T>, StoreError> {
        let row = self.fetch_optional(sql).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// The only value of the only row.
    pub(in crate::store) async fn fetch_value<T: for<'r> Column<'r>>(
        &self,
        sql: Sql,
    ) -> Result<T, StoreError> {
        Ok(self.fetch_value_optional(sql).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// A moment for several statements.
    pub(in crate::store) async fn moment(&self) -> Result<Moment, StoreError> {
        Ok(match self {
            Self::Sqlite(pool, alarm) => {
                Moment::Sqlite(pool.begin().await.map_err(|e| alarm.sort(e))?, alarm.clone())
            }
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Moment::Postgres(pool.begin_with(begin).await.map_err(StoreError::sort)?)
            }
        })
    }

    /// The rows of several statements that see one moment.
    pub(in crate::store) async fn fetch_moment(&self, statements: Vec<Sql>) -> Result<Vec<Row>, StoreError> {
        let mut moment = self.moment().await?;
        let mut out = Vec::new();
        for sql in statements {
            out.extend(moment.fetch_all(sql).await?);
        }
        Ok(out)
    }

    /// Waits until no other process does what one alone should do, and keeps others from it. On a file there is one
    /// process that serves, and nothing to wait for. The lock says what it is that one alone should do.
    pub(in crate::store) async fn alone(&self, lock: &'static str) -> Result<Alone, StoreError> {
        Ok(Alone(match self {
            Self::Sqlite(..) => None,
            Self::Postgres(pool) => Some(postgres::alone(pool, lock).await.map_err(StoreError::sort)?),
        }))
    }

    /// Closes all connections.
    pub(in crate::store) async fn close(&self) {
        match self {
            Self::Sqlite(pool, _) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
