//! Database errors, classified by what the caller should do.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::store::database::inode::Lookout;

/// Why a process can no longer rely on its storage. Each kind has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The system could not read or write.
    Io,
    /// What is stored is damaged: a restart does not help, a backup does.
    Damaged,
    /// The file, or its log, is not where it was: removed, emptied, or another one lies in its place.
    Gone,
}

/// A failure of the storage, after which the process must stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// What happened, for the log and the operator.
    pub text: String,
}

impl Failure {
    pub(in crate::store) fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FailureKind::Io => "the storage failed",
            FailureKind::Damaged => "the database is damaged",
            FailureKind::Gone => "the database is gone",
        };
        write!(f, "{what}: {}", self.text)
    }
}

/// Where a failure is reported, by whoever meets it first: a reader, the writer or a check.
#[derive(Clone, Debug)]
pub(in crate::store) struct Alarm {
    told: Arc<watch::Sender<Option<Failure>>>,
    /// Looks after a SQLite file.
    lookout: Option<Arc<Lookout>>,
}

impl Alarm {
    pub(in crate::store) fn new(lookout: Option<Arc<Lookout>>) -> Self {
        Self { told: Arc::new(watch::Sender::new(None)), lookout }
    }

    /// Reports a failure; the first one counts. A file that was emptied looks damaged to whoever reads it first, so
    /// the cause is looked for.
    pub(in crate::store) fn raise(&self, failure: &Failure) {
        self.told.send_if_modified(|known| {
            if known.is_some() {
                return false;
            }
            let gone = self.lookout.as_ref().and_then(|lookout| lookout.look().err());
            let failure = gone.unwrap_or_else(|| failure.clone());
            tracing::error!(%failure, "the process must stop");
            *known = Some(failure);
            true
        });
    }

    /// The failure, if there was one.
    pub(in crate::store) fn raised(&self) -> Option<Failure> {
        self.told.borrow().clone()
    }

    /// Resolves with the first failure.
    pub(in crate::store) async fn wait(&self) -> Failure {
        let mut told = self.told.subscribe();
        let first = told.wait_for(Option::is_some).await.ok().and_then(|f| f.clone());
        match first {
            Some(failure) => failure,
            None => std::future::pending().await,
        }
    }

    /// Classifies an error of the driver, and reports it if the process must stop.
    pub(in crate::store) fn sort(&self, error: sqlx::Error) -> StoreError {
        let sorted = StoreError::sort(error);
        if let StoreError::Storage(failure) = &sorted {
            self.raise(failure);
        }
        sorted
    }
}

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
    #[error("{0}")]
    Storage(Failure),
    /// The writer's queue is full, another writer held the lock for too long, the store is closing, or a read took too
    /// long.
    #[error("the store has too much to do now; try again")]
    Busy,
    /// The database cannot be reached now; nothing was changed.
    #[error("the database cannot be reached")]
    Away,
    /// Other boundaries are in force than those by which the reports were placed; nothing was stored.
    #[error("the boundaries changed meanwhile; import again: what is stored already is known by its key")]
    OtherAreas,
    /// The row of the cursor does not exist.
    #[error("no row for the cursor")]
    NoCursor,
    /// An unexpected error.
    #[error("database: {0}")]
    Other(#[source] sqlx::Error),
    /// The database cannot be opened.
    #[error("{0}")]
    Open(String),
    /// Another process serves the file with this name.
    #[error("{0}: another process serves this file already")]
    Served(String),
    /// The database cannot be opened yet: its server does not answer, or accepts nobody now.
    #[error("{0}")]
    NotThere(String),
}

/// SQLite primary result codes (<https://www.sqlite.org/rescode.html>).
mod sqlite {
    pub(in crate::store) const BUSY: i32 = 5;
    pub(in crate::store) const LOCKED: i32 = 6;
    pub(in crate::store) const READONLY: i32 = 8;
    pub(in crate::store) const IOERR: i32 = 10;
    pub(in crate::store) const CORRUPT: i32 = 11;
    pub(in crate::store) const FULL: i32 = 13;
    pub(in crate::store) const NOTADB: i32 = 26;
    /// An extended code: the file was moved away while it was open.
    pub(in crate::store) const READONLY_DBMOVED: i32 = READONLY | (4 << 8);
}

/// The driver's errors are classified wherever they come from, so that none that must stop the process is taken
/// for another.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::sort(error)
    }
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
        let failed = |kind| Some(Self::Storage(Failure::new(kind, error.to_string())));
        if code == sqlite::READONLY_DBMOVED {
            return failed(FailureKind::Gone);
        }
        // Extended codes have the primary one in their lowest byte.
        match code & 0xff {
            sqlite::FULL => Some(Self::Full),
            sqlite::READONLY => Some(Self::ReadOnly),
            sqlite::BUSY | sqlite::LOCKED => Some(Self::Busy),
            sqlite::IOERR => failed(FailureKind::Io),
            sqlite::CORRUPT | sqlite::NOTADB => failed(FailureKind::Damaged),
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

    /// What the log says of it: PostgreSQL's own words may quote a value, so of those the code is enough, and the table
    /// and constraint that it names.
    pub fn logged(&self) -> String {
        let Self::Other(sqlx::Error::Database(e)) = self else { return self.to_string() };
        if e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_none() {
            return self.to_string();
        }
        let code = e.code().unwrap_or_default();
        let about = [e.table(), e.constraint()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        format!("database: SQLSTATE {code} {about}").trim_end().to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_calls_damaged_is_damaged_whatever_the_extended_code() {
        let error = || sqlx::Error::RowNotFound;
        let kind = |code| match StoreError::of_sqlite(code, &error()) {
            Some(StoreError::Storage(failure)) => Some(failure.kind),
            _ => None,
        };
        // CORRUPT, CORRUPT_VTAB, CORRUPT_SEQUENCE, CORRUPT_INDEX, NOTADB.
        let extended = |code: i32, n: i32| code + n * 256;
        for code in [11, extended(11, 1), extended(11, 2), extended(11, 3), 26] {
            assert_eq!(kind(code), Some(FailureKind::Damaged), "{code}");
        }
        // IOERR_READ, IOERR_SHORT_READ, IOERR_FSYNC, IOERR_CORRUPTFS.
        for code in [extended(10, 1), extended(10, 2), extended(10, 4), extended(10, 33)] {
            assert_eq!(kind(code), Some(FailureKind::Io), "{code}");
        }
        assert_eq!(kind(extended(8, 4)), Some(FailureKind::Gone));
        // BUSY_RECOVERY, BUSY_SNAPSHOT and LOCKED are waits that ended.
        for code in [5, extended(5, 1), extended(5, 2), 6] {
            assert!(matches!(StoreError::of_sqlite(code, &error()), Some(StoreError::Busy)), "{code}");
        }
        assert!(matches!(StoreError::of_sqlite(8, &error()), Some(StoreError::ReadOnly)));
        assert!(StoreError::of_sqlite(1, &error()).is_none());
    }

    #[tokio::test]
    async fn the_first_failure_is_told_to_whoever_asks_whenever() {
        let alarm = Alarm::new(None);
        assert_eq!(alarm.raised(), None);
        let early = tokio::spawn({
            let alarm = alarm.clone();
            async move { alarm.wait().await }
        });
        tokio::task::yield_now().await;
        let first = Failure::new(FailureKind::Gone, "removed");
        alarm.raise(&first);
        alarm.raise(&Failure::new(FailureKind::Io, "and then"));
        assert_eq!((early.await.unwrap(), alarm.wait().await), (first.clone(), first));
    }
}
