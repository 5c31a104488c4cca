//! The differences between the two SQL dialects, each in one place.

use crate::store::database::Sql;

/// The SQL dialect of the open database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// A table to be scanned along an index. PostgreSQL chooses by itself.
    pub(in crate::store) fn along(self, table: &str, index: &str) -> String {
        match self {
            Self::Sqlite => format!("{table} INDEXED BY {index}"),
            Self::Postgres => table.to_owned(),
        }
    }

    /// A join whose left side is the outer loop. PostgreSQL chooses by itself.
    pub(in crate::store) const fn join(self) -> &'static str {
        match self {
            Self::Sqlite => "CROSS JOIN",
            Self::Postgres => "JOIN",
        }
    }

    /// The last number ever given to a row of a table whose rows the database numbers, used or not.
    pub(in crate::store) fn last_given(self, table: &str) -> Sql {
        Sql::new(match self {
            Self::Sqlite => {
                format!("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{table}'")
            }
            Self::Postgres => {
                format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table}_seq_seq")
            }
        })
    }
    /// The number of tables with the name `$1`.
    pub(in crate::store) const fn tables_named(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
            Self::Postgres => "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass($1)",
        }
    }
}
