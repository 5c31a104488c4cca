//! Opens a store and claims it for one serving process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::store::StoreError;
use crate::store::database::Pool;
use crate::store::database::{postgres, sqlite};
use crate::store::write::Command;
use crate::store::writer::Writer;

/// Extension of a snapshot file.
const MAP_FILE: &str = ".map";

/// One database: a pool of readers and one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(in crate::store) read: Pool,
    writer: Writer,
    /// The path, if it is a SQLite file.
    file: Option<Arc<PathBuf>>,
    /// A name of the database without the secrets in its URL.
    name: Arc<str>,
}

impl Store {
    /// Opens `sqlite:PATH` (or a bare path; a missing file is created) or `postgres://…` and
    /// migrates it.
    ///
    /// # Errors
    /// When it cannot be opened or is not such a database, with the reason.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_within(url, sqlite::CACHE_KIB).await
    }

    /// The same, where the page caches of a SQLite file have so many KiB in all.
    ///
    /// # Errors
    /// See [`Store::open`].
    pub async fn open_within(url: &str, cache_kib: u64) -> Result<Self, StoreError> {
        if postgres::is_url(url) {
            let (read, write, name) = postgres::open(url).await?;
            let writer = Writer::start(Pool::Postgres(write));
            return Ok(Self { read: Pool::Postgres(read), writer, file: None, name: name.into() });
        }
        let path = sqlite::path_of(url)?;
        let (read, write) = sqlite::open(&path, cache_kib).await?;
        let writer = Writer::start(Pool::Sqlite(write));
        let name = sqlite::name(&path).into();
        Ok(Self { read: Pool::Sqlite(read), writer, file: Some(Arc::new(path)), name })
    }

    /// Claims a SQLite file for one serving process. Keep the result as long as the process serves.
    /// Imports do not claim the file: they write beside a server, which reads their changes from
    /// the log. A PostgreSQL database can be served by any number of processes.
    ///
    /// # Errors
    /// When another process serves this file.
    pub fn claim(&self) -> Result<Option<File>, StoreError> {
        let Some(path) = &self.file else { return Ok(None) };
        sqlite::claim(path).map(Some)
    }

    /// The snapshot file of this database: in a folder under the database's name or, without a
    /// folder, beside the SQLite file. `None` for PostgreSQL without a folder.
    pub fn map_file(&self, folder: Option<&Path>) -> Option<PathBuf> {
        match (folder, &self.file) {
            (Some(folder), _) => {
                let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
                let name: String = self.name.chars().map(plain).collect();
                Some(folder.join(name + MAP_FILE))
            }
            (None, Some(file)) => Some(sqlite::beside(file, MAP_FILE)),
            (None, None) => None,
        }
    }

    /// Signals each commit of the writer. It is only a wake-up; the change log is authoritative.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.writer.commits()
    }

    /// Resolves with the reason when the storage has failed and the process must stop.
    pub async fn failed(&self) -> String {
        self.writer.failed().await
    }

    /// Number of queued writes, for the metrics.
    pub fn queued(&self) -> usize {
        self.writer.queued()
    }

    /// Finishes the queued writes and closes the connections.
    pub async fn close(&self) {
        // The writer closes last: only it can truncate the write-ahead log, which may still contain
        // erased data.
        self.read.close().await;
        self.writer.close().await;
    }

    /// Has a command carried out durably.
    pub(in crate::store) async fn write<C: Command>(&self, command: C) -> Result<C::Answer, StoreError> {
        self.writer.write(command).await
    }
}
