//! Database errors, classified by what the caller should do.

/// A failure of the store. The inner text is for the log, never for a response.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: reads continue, writes work again when there is space.
    #[error("the disk is full")]
    Full,
    /// The file cannot be written.
    #[error("the database is read-only")]
    ReadOnly,
    /// The commit failed or its outcome is unknown. Repeating the request with the same key
    /// resolves it.
    #[error("the commit failed: {0}")]
    Commit(String),
    /// The disk or the file is damaged. The process stops, because it can no longer guarantee
    /// anything.
    #[error("the storage failed: {0}")]
    Storage(String),
    /// The writer's queue is full, or the store is closing.
    #[error("the store accepts no more writes now")]
    Busy,
    /// The database cannot be reached now; nothing was changed.
    #[error("the database cannot be reached")]
    Away,
    /// The row of the cursor does not exist.
    #[error("no row for the cursor")]
    NoCursor,
    /// An unexpected error.
    #[error("database: {0}")]
    Other(#[from] sqlx::Error),
    /// The database cannot be opened.
    #[error("{0}")]
    Open(String),
}

/// SQLite primary result codes (<https://www.sqlite.org/rescode.html>).
mod sqlite {
    pub(in crate::store) const READONLY: i32 = 8;
    pub(in crate::store) const IOERR: i32 = 10;
    pub(in crate::store) const CORRUPT: i32 = 11;
    pub(in crate::store) const FULL: i32 = 13;
    pub(in crate::store) const NOTADB: i32 = 26;
}

impl StoreError {
    /// Classifies an error of the driver.
    pub(in crate::store) fn sort(error: sqlx::Error) -> Self {
        use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
        if matches!(error, Io(_) | Tls(_) | Protocol(_) | PoolTimedOut | PoolClosed | WorkerCrashed) {
            return Self::Away;
        }
        let Some(known) = error.as_database_error() else { return Self::Other(error) };
        let code = known.code().unwrap_or_default().into_owned();
        let sorted = if known.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
            Self::of_sqlite(code.parse().unwrap_or(0), &error)
        } else {
            Self::of_postgres(&code, &error)
        };
        sorted.unwrap_or(Self::Other(error))
    }

    fn of_sqlite(code: i32, error: &sqlx::Error) -> Option<Self> {
        match code & 0xff {
            sqlite::FULL => Some(Self::Full),
            sqlite::READONLY => Some(Self::ReadOnly),
            sqlite::IOERR | sqlite::CORRUPT | sqlite::NOTADB => Some(Self::Storage(error.to_string())),
            _ => None,
        }
    }

    /// By SQLSTATE (PostgreSQL 15, appendix A). A damaged server is a matter for its own operator.
    /// It does not end this process, which still answers from memory.
    fn of_postgres(code: &str, error: &sqlx::Error) -> Option<Self> {
        match code {
            // Connection failure, too many connections, shutdown, crash, starting up.
            "53300" | "57P01" | "57P02" | "57P03" => Some(Self::Away),
            c if c.starts_with("08") => Some(Self::Away),
            "53100" => Some(Self::Full),
            "25006" => Some(Self::ReadOnly),
            // A lock or statement timed out, or another transaction conflicted.
            "55P03" | "57014" | "40001" | "40P01" => {
                tracing::warn!(%error, "a lock or a statement of the database timed out");
                Some(Self::Busy)
            }
            _ => None,
        }
    }

    /// Whether the process must stop.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Storage(_))
    }

    /// The same error for another request of the same batch.
    pub(in crate::store) fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::ReadOnly => Self::ReadOnly,
            Self::Storage(t) => Self::Storage(t.clone()),
            Self::Busy => Self::Busy,
            Self::Away => Self::Away,
            Self::Commit(t) => Self::Commit(t.clone()),
            other => Self::Other(sqlx::Error::Protocol(other.to_string())),
        }
    }
}
