//! A table as copies see it: its columns, and the statements that read it page by page. Which tables there are is
//! `tables`.

use self::Kind::{Blob, Integer, Real, Text};
use crate::store::database::dialect::Dialect;
use crate::store::database::{Arg, Row, Sql};

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Integer,
    Real,
    Text,
    Blob,
}

/// A table.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    /// The number of leading columns that form the primary key.
    pub(in crate::store) key: usize,
    /// Whether the database numbers the rows; then a number is never reused.
    pub(in crate::store) numbered: bool,
    /// Rows per page: few if a row can be large.
    pub(in crate::store) page: usize,
    pub(in crate::store) columns: &'static [(&'static str, Kind)],
}

/// A row: its values in the order of the columns.
pub(in crate::store) type Values = Vec<Arg>;

impl Table {
    /// The column list for `INSERT` and `COPY`.
    pub(in crate::store) fn columns(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    fn keys(&self) -> String {
        self.columns[..self.key].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The next rows after a key, in key order. The order is the same in both databases: texts are
    /// compared by bytes.
    pub(in crate::store) fn next(&self, dialect: Dialect, after: Option<&[Arg]>) -> Sql {
        let read = |(name, kind): &(&str, Kind)| match (dialect, kind) {
            // Small integers are read as wide ones.
            (Dialect::Postgres, Integer) => format!("{name}::bigint"),
            _ => (*name).to_owned(),
        };
        let columns = self.columns.iter().map(read).collect::<Vec<_>>().join(", ");
        let mut sql = Sql::new(format!("SELECT {columns} FROM {}", self.name));
        if let Some(after) = after {
            sql.push(&format!(" WHERE ({}) > (", self.keys())).push_list(after.iter().cloned()).push(")");
        }
        sql.push(&format!(" ORDER BY {} LIMIT {}", self.keys(), self.page));
        sql
    }

    /// The largest key.
    pub(in crate::store) fn last_key(&self) -> Sql {
        let keys = self.keys();
        let down = self.columns[..self.key].iter().map(|(name, _)| format!("{name} DESC"));
        let down = down.collect::<Vec<_>>().join(", ");
        Sql::new(format!("SELECT {keys} FROM {} ORDER BY {down} LIMIT 1", self.name))
    }

    pub(in crate::store) fn count(&self) -> Sql {
        Sql::new(format!("SELECT count(*) FROM {}", self.name))
    }

    /// The values of a row, or of its key.
    pub(in crate::store) fn values(&self, row: &Row, columns: usize) -> Result<Values, sqlx::Error> {
        let value = |(i, (_, kind)): (usize, &(&str, Kind))| {
            Ok(match kind {
                Integer => Arg::Integer(row.try_get(i)?),
                Real => Arg::Real(row.try_get(i)?),
                Text => Arg::Text(row.try_get(i)?),
                Blob => Arg::Blob(row.try_get(i)?),
            })
        };
        self.columns[..columns].iter().enumerate().map(value).collect()
    }

    /// Statements that make the next number larger than `given`, which is positive.
    pub(in crate::store) fn give_after(&self, dialect: Dialect, given: i64) -> String {
        let name = self.name;
        match dialect {
            Dialect::Sqlite => format!(
                "DELETE FROM sqlite_sequence WHERE name = '{name}' AND seq < {given};
                 INSERT INTO sqlite_sequence (name, seq) SELECT '{name}', {given}
                 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{name}')"
            ),
            Dialect::Postgres => format!("SELECT setval('{name}_seq_seq', {given})"),
        }
    }
}
