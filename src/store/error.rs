//! What can go wrong with the database, sorted by what the caller should do about it.

/// A failure of the store. The inner text is for the log, never for an answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: reads go on, writes come back when there is space.
    #[error("the disk is full")]
    Full,
    /// The file cannot be written.
    #[error("the database is read-only")]
    ReadOnly,
    /// The commit failed or its outcome is not known: the same request with the same key resolves it.
    #[error("the commit failed: {0}")]
    Commit(String),
    /// The disk or the file is damaged: the process stops rather than promise what it cannot keep.
    #[error("the storage failed: {0}")]
    Storage(String),
    /// The writer's queue is full, or the store is closing.
    #[error("the store takes no more writes now")]
    Busy,
    /// A row that the cursor names is not there.
    #[error("no row for the cursor")]
    NoCursor,
    /// Something the program did not expect.
    #[error("database: {0}")]
    Other(#[from] sqlx::Error),
    /// The database cannot be opened.
    #[error("{0}")]
    Open(String),
}

/// SQLite primary result codes (<https://www.sqlite.org/rescode.html>).
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOTADB: i32 = 26;

impl StoreError {
    /// Sorts an error of the driver.
    pub(super) fn sort(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match primary_code(&error) {
            Some(FULL) => Self::Full,
            Some(READONLY) => Self::ReadOnly,
            Some(IOERR | CORRUPT | NOTADB) => Self::Storage(text),
            _ => Self::Other(error),
        }
    }

    /// Whether the process must stop.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Storage(_))
    }

    /// The same verdict for another request of the same batch.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::ReadOnly => Self::ReadOnly,
            Self::Storage(t) => Self::Storage(t.clone()),
            Self::Busy => Self::Busy,
            other => Self::Commit(other.to_string()),
        }
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
