//! Opening a store: which database it is, who serves it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use super::db::Pool;
use super::write::Command;
use super::writer::Writer;
use super::{StoreError, postgres, sqlite};

/// How the file of a live map ends.
const MAP_FILE: &str = ".map";

/// One database: a pool of readers and one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) read: Pool,
    writer: Writer,
    /// The file, where it is one.
    file: Option<Arc<PathBuf>>,
    /// Which database it is, without what is secret of its address.
    name: Arc<str>,
}

impl Store {
    /// Opens `sqlite:PATH` (or a bare path; the file is made when missing) or `postgres://…` and
    /// migrates it.
    ///
    /// # Errors
    /// When it cannot be opened or is no such database, with the reason.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        if postgres::is_url(url) {
            let (read, write, name) = postgres::open(url).await?;
            let writer = Writer::start(Pool::Postgres(write));
            return Ok(Self { read: Pool::Postgres(read), writer, file: None, name: name.into() });
        }
        let path = sqlite::path_of(url)?;
        let (read, write) = sqlite::open(&path).await?;
        let writer = Writer::start(Pool::Sqlite(write));
        let name = sqlite::name(&path).into();
        Ok(Self { read: Pool::Sqlite(read), writer, file: Some(Arc::new(path)), name })
    }

    /// Claims a file for one serving process; keep what comes back as long as the process serves.
    /// Imports do not claim it: they write beside a server, which learns of it from the change log.
    /// A server's database is served by as many processes as one likes.
    ///
    /// # Errors
    /// When another process serves this file.
    pub fn claim(&self) -> Result<Option<File>, StoreError> {
        let Some(path) = &self.file else { return Ok(None) };
        sqlite::claim(path).map(Some)
    }

    /// Where the live map of this record may be kept: in a folder under the record's name or, without a
    /// folder, beside the file; a server's database has nothing beside it.
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

    /// Moves whenever the writer has committed. Only a wake-up: the change log is the truth.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.writer.commits()
    }

    /// Resolves when the storage has failed and the process must stop.
    pub async fn failed(&self) -> String {
        self.writer.failed().await
    }

    /// Writes waiting for the writer, for the metrics.
    pub fn queued(&self) -> usize {
        self.writer.queued()
    }

    /// Finishes what is queued and closes the connections.
    pub async fn close(&self) {
        // The writer last: only it can empty the write-ahead log, which may still hold what was erased.
        self.read.close().await;
        self.writer.close().await;
    }

    /// Has a command carried out durably.
    pub(super) async fn write<C: Command>(&self, command: C) -> Result<C::Answer, StoreError> {
        self.writer.write(command).await
    }
}
