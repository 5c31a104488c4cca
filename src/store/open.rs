//! Opens a store and claims it for one serving process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::store::StoreError;
use crate::store::database::Pool;
use crate::store::database::sqlite::Claim;
use crate::store::database::{postgres, sqlite};
use crate::store::error::{Alarm, Failure};
use crate::store::write::Command;
use crate::store::writer::Writer;

/// Extension of a snapshot file.
const MAP_FILE: &str = ".map";

/// One database: a pool of readers and one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(in crate::store) read: Pool,
    writer: Writer,
    alarm: Alarm,
    /// The path, if it is a SQLite file.
    file: Option<Arc<PathBuf>>,
    /// A name of the database without the secrets in its URL.
    name: Arc<str>,
}

impl Store {
    /// Opens `sqlite:PATH` (or a bare path; a missing file is created) or `postgres://…` and
    /// migrates it. A file is not claimed: imports write beside a server, which reads their changes from the log.
    /// What the list beside the file says was erased is erased again if it is back.
    ///
    /// # Errors
    /// When it cannot be opened or is not such a database, with the reason.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        if postgres::is_url(url) {
            let store = Self::on_postgres(url).await?;
            store.settle_erased().await?;
            return Ok(store);
        }
        let path = sqlite::path_of(url)?;
        let opened = sqlite::open(&path).await?;
        let store = Self::on_file(path, opened);
        store.settle_erased().await?;
        Ok(store)
    }

    /// The path, if it is a SQLite file.
    pub(in crate::store) fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|path| path.as_path())
    }

    /// Opens a store for a serving process. A SQLite file is claimed: keep the claim as long as the process serves.
    /// One that cannot be written is served read-only. A PostgreSQL database can be served by any number of
    /// processes. The page caches of a file have `cache_kib` KiB in all.
    ///
    /// # Errors
    /// When another process serves this file, it cannot be opened or is not such a database.
    pub async fn open_to_serve(url: &str, cache_kib: u64) -> Result<(Self, Option<Claim>), StoreError> {
        if postgres::is_url(url) {
            let store = Self::on_postgres(url).await?;
            store.settle_erased().await?;
            return Ok((store, None));
        }
        let path = sqlite::path_of(url)?;
        let (opened, claim) = sqlite::open_to_serve(&path, cache_kib).await?;
        let store = Self::on_file(path, opened);
        store.settle_erased().await?;
        Ok((store, Some(claim)))
    }

    async fn on_postgres(url: &str) -> Result<Self, StoreError> {
        let (read, write, name) = postgres::open(url).await?;
        let alarm = Alarm::new(None);
        let writer = Writer::start(Some(Pool::Postgres(write)), alarm.clone(), None);
        Ok(Self { read: Pool::Postgres(read), writer, alarm, file: None, name: name.into() })
    }

    fn on_file(path: PathBuf, opened: sqlite::Opened) -> Self {
        let lookout = Arc::new(opened.lookout);
        let alarm = Alarm::new(Some(lookout.clone()));
        let write = opened.write.map(|pool| Pool::Sqlite(pool, alarm.clone()));
        let writer = Writer::start(write, alarm.clone(), Some(lookout));
        let name = sqlite::name(&path).into();
        let read = Pool::Sqlite(opened.read, alarm.clone());
        Self { read, writer, alarm, file: Some(Arc::new(path)), name }
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
    pub async fn failed(&self) -> Failure {
        self.alarm.wait().await
    }

    /// Whether nothing can be written now: the storage is read-only, or refused the last write for that reason.
    pub fn is_read_only(&self) -> bool {
        self.writer.is_read_only()
    }

    /// Whether nothing can be written as long as this process runs.
    pub fn cannot_write(&self) -> bool {
        self.writer.cannot_write()
    }

    /// Leaves the database as it is, for a process that ends because it failed: SQLite would otherwise tidy up by
    /// names, where another file may lie now. The next start reads the log. Waits for the writer, which may have to
    /// save what stood in a log that was removed.
    pub async fn abandon(&self) {
        self.writer.ended().await;
        std::mem::forget(self.read.clone());
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
