//! Two databases behind one body for each statement: text with numbered or pushed parameters, run on
//! SQLite or PostgreSQL; rows read by position. What differs between them is named in `dialect`.

pub(in crate::store) mod dialect;
pub(in crate::store) mod inode;
pub(in crate::store) mod postgres;
pub(in crate::store) mod schema;
pub(in crate::store) mod single;
pub(in crate::store) mod sqlite;
pub(in crate::store) mod threshold;

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use futures_util::TryFutureExt;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{
    AssertSqlSafe, ColumnIndex, Decode, PgConnection, PgPool, Postgres, Row as _, Sqlite, SqliteConnection,
    SqlitePool, Transaction, Type,
};

use crate::store::StoreError;
use crate::store::database::dialect::Dialect;
use crate::store::error::Alarm;

/// Where a pushed parameter stands until the statement is written for its database.
const HERE: char = '\u{0}';

/// A pool of readers. A file that is damaged or cannot be read sounds the alarm, whoever reads it.
#[derive(Clone, Debug)]
pub(in crate::store) enum Pool {
    Sqlite(SqlitePool, Alarm),
    Postgres(PgPool),
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

/// A parameter.
#[derive(Clone, Debug)]
pub(in crate::store) enum Arg {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Blob(Vec<u8>),
}

macro_rules! arg {
    ($($from:ty => $kind:ident($value:ident => $to:expr)),+ $(,)?) => { $(
        impl From<$from> for Arg {
            fn from($value: $from) -> Self { Self::$kind($to) }
        }
    )+ };
}

arg! {
    i64 => Integer(v => Some(v)),
    u32 => Integer(v => Some(v.into())),
    u8 => Integer(v => Some(v.into())),
    Option<i64> => Integer(v => v),
    Option<u8> => Integer(v => v.map(i64::from)),
    f64 => Real(v => Some(v)),
    Option<f64> => Real(v => v),
    &str => Text(v => Some(v.to_owned())),
    Option<&str> => Text(v => v.map(str::to_owned)),
    String => Text(v => Some(v)),
    &String => Text(v => Some(v.clone())),
    Option<String> => Text(v => v),
    &Option<String> => Text(v => v.clone()),
    &[u8] => Blob(v => v.to_vec()),
    &Vec<u8> => Blob(v => v.clone()),
}

/// A statement and its parameters.
#[derive(Clone, Debug)]
pub(in crate::store) struct Sql {
    text: Cow<'static, str>,
    args: Vec<Arg>,
}

impl Sql {
    /// Begins with a text; parameters that it numbers itself (`$1`) come by [`Sql::bind`], the others
    /// by [`Sql::push_bind`]; no statement has both.
    pub(in crate::store) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), args: Vec::new() }
    }

    /// The next numbered parameter.
    pub(in crate::store) fn bind(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Goes on with a text.
    pub(in crate::store) fn push(&mut self, text: &str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Goes on with a parameter.
    pub(in crate::store) fn push_bind(&mut self, arg: impl Into<Arg>) -> &mut Self {
        self.text.to_mut().push(HERE);
        self.args.push(arg.into());
        self
    }

    /// Goes on with parameters separated by commas.
    pub(in crate::store) fn push_list<A: Into<Arg>>(
        &mut self,
        list: impl IntoIterator<Item = A>,
    ) -> &mut Self {
        for (i, arg) in list.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.push_bind(arg);
        }
        self
    }

    /// Goes on with ` IN (…)`; nothing is in an empty list, which PostgreSQL does not read.
    pub(in crate::store) fn push_in<A: Into<Arg>>(&mut self, list: impl IntoIterator<Item = A>) -> &mut Self {
        let before = self.args.len();
        self.push(" IN (").push_list(list);
        if self.args.len() == before {
            self.push("NULL");
        }
        self.push(")")
    }

    /// Goes on with ` IN (…)` for keys of rows. The last one is repeated up to a power of two, so that there are few
    /// statements and the database knows them again.
    pub(in crate::store) fn push_keys(
        &mut self,
        keys: impl ExactSizeIterator<Item = i64> + Clone,
    ) -> &mut Self {
        let last = keys.clone().last();
        let more = keys.len().next_power_of_two() - keys.len();
        self.push_in(keys.chain(last.into_iter().cycle().take(more)))
    }

    /// Goes on with `VALUES (…), (…)`, each row made by `row`.
    pub(in crate::store) fn push_values<T>(
        &mut self,
        rows: impl IntoIterator<Item = T>,
        mut row: impl FnMut(&mut Values<'_>, T),
    ) -> &mut Self {
        self.push("VALUES ");
        for (i, item) in rows.into_iter().enumerate() {
            self.push(if i == 0 { "(" } else { ", (" });
            row(&mut Values { sql: self, first: true }, item);
            self.push(")");
        }
        self
    }

    /// The text for one database.
    fn written(&self, dialect: Dialect) -> String {
        let mut out = String::with_capacity(self.text.len() + self.args.len() * 4);
        let mut n = 0;
        for (i, part) in self.text.split(HERE).enumerate() {
            if i > 0 {
                n += 1;
                match dialect {
                    // Named parameters are looked up one by one there.
                    Dialect::Sqlite => out.push('?'),
                    Dialect::Postgres => write!(out, "${n}").expect("writing to memory cannot fail"),
                }
            }
            out.push_str(part);
        }
        out
    }
}

/// One row of values in the making.
pub(in crate::store) struct Values<'a> {
    sql: &'a mut Sql,
    first: bool,
}

impl Values<'_> {
    /// The next value.
    pub(in crate::store) fn push_bind(&mut self, arg: impl Into<Arg>) -> &mut Self {
        if !std::mem::take(&mut self.first) {
            self.sql.push(", ");
        }
        self.sql.push_bind(arg);
        self
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

    /// Closes all connections.
    pub(in crate::store) async fn close(&self) {
        match self {
            Self::Sqlite(pool, _) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

#[cfg(test)]
pub(in crate::store) mod testing {
    use sqlx::Connection as _;

    use super::*;

    /// A connection of a test's own, outside any transaction.
    pub(in crate::store) enum Connection {
        Sqlite(SqliteConnection),
        Postgres(PgConnection),
    }

    impl Connection {
        pub(in crate::store) async fn open(url: &str) -> Self {
            if url.starts_with("postgres") {
                Self::Postgres(PgConnection::connect(url).await.unwrap())
            } else {
                Self::Sqlite(SqliteConnection::connect(url).await.unwrap())
            }
        }

        pub(in crate::store) fn db(&mut self) -> Db<'_> {
            match self {
                Self::Sqlite(c) => Db::Sqlite(c),
                Self::Postgres(c) => Db::Postgres(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_as_each_database_likes_them() {
        let mut sql = Sql::new("SELECT 1 WHERE a = ");
        sql.push_bind(1_i64).push(" AND b IN (").push_list(["x", "y"]).push(")");
        assert_eq!(sql.written(Dialect::Sqlite), "SELECT 1 WHERE a = ? AND b IN (?, ?)");
        assert_eq!(sql.written(Dialect::Postgres), "SELECT 1 WHERE a = $1 AND b IN ($2, $3)");
        let mut sql = Sql::new("INSERT INTO t (a, b) ");
        sql.push_values([(1_i64, "x"), (2, "y")], |row, (a, b)| {
            row.push_bind(a).push_bind(b);
        });
        assert_eq!(sql.written(Dialect::Postgres), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
        let mut sql = Sql::new("a");
        sql.push_keys([7, 8, 9].into_iter());
        assert_eq!((sql.written(Dialect::Sqlite).as_str(), sql.args.len()), ("a IN (?, ?, ?, ?)", 4));
        let mut sql = Sql::new("a");
        sql.push_keys([].into_iter());
        assert_eq!(sql.written(Dialect::Sqlite), "a IN (NULL)");
        let numbered = Sql::new("SELECT $1").bind(1_i64);
        assert_eq!(numbered.written(Dialect::Sqlite), "SELECT $1");
    }
}
