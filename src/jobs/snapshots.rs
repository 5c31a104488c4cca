//! Saves the live map in a snapshot file beside the database, so that a start reads the file and
//! the log since then, not a million rows. The file can always be rebuilt: one that is missing,
//! damaged, of another version, of another database or of an earlier history is ignored. Not here:
//! the file's format (map).

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::part;
use crate::store::{Change, Store};
use diaban_core::domain::CodeBook;
use diaban_core::map::{Frozen, Level, Live, Snapshot, View, frozen_key};

/// How often the age of the file is checked.
const CHECK_EVERY: Duration = Duration::from_secs(30);
/// After this many checks the file is written if it is behind at all, so that erased data leaves it.
const CHECKS: u32 = 20;
/// A file that is behind by this many changes, or by one in this many rows, is written at once.
const BEHIND: u64 = 10_000;
const SHARE: u64 = 16;

/// The snapshot file of one database's map, and the position it holds.
#[derive(Debug)]
pub struct SnapshotWriter {
    /// `None`: no snapshots are written.
    path: Option<PathBuf>,
    /// Position and number of rows in the file.
    at: AtomicI64,
    rows: AtomicU64,
    /// Whether it was said that something else lies in the place of the file.
    said: AtomicBool,
}

impl SnapshotWriter {
    /// A writer for this file; without a path it does nothing.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, at: AtomicI64::new(0), rows: AtomicU64::new(0), said: AtomicBool::new(false) }
    }

    /// The path, unless a pipe, a device or a folder lies there: reading could wait for ever, and writing would
    /// take its place.
    fn usable(&self) -> Option<PathBuf> {
        let path = self.path.as_ref()?;
        if !fs::metadata(path).is_ok_and(|m| !m.is_file()) {
            return Some(path.clone());
        }
        if !self.said.swap(true, Ordering::Relaxed) {
            tracing::warn!(file = %path.display(), "this is not a regular file: the map is not kept there");
        }
        None
    }

    /// The log position from which a process that starts with the file would continue; `None`
    /// without a file.
    pub fn position(&self) -> Option<i64> {
        Some(self.at.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }

    /// The map from the file, if it belongs to this database and these codes.
    pub async fn load(&self, store: &Store, codebook: &CodeBook) -> Option<Snapshot> {
        let path = self.usable()?;
        let name = path.display().to_string();
        let snapshot = match read(path, store, codebook).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::info!(%error, file = name, "the snapshot is not used; loading the map from the database");
                return None;
            }
        };
        self.note(&snapshot);
        Some(snapshot)
    }

    /// Writes a snapshot unless the file already holds this position.
    ///
    /// # Errors
    /// When the file cannot be written or the database cannot be read. The old file stays as it
    /// was.
    pub async fn save(&self, store: &Store, view: &View) -> io::Result<()> {
        let Some(path) = self.usable() else { return Ok(()) };
        let snapshot = view.snapshot.clone();
        if snapshot.at() == self.at.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some(change) = store.change(snapshot.at()).await.map_err(io::Error::other)? else {
            return Ok(());
        };
        let key = key(change, &view.codebook);
        let written = snapshot.clone();
        tokio::task::spawn_blocking(move || write(&path, &written, key)).await??;
        // Not before: the log is trimmed up to there, and whoever stops this process counts on the file.
        self.note(&snapshot);
        Ok(())
    }

    fn note(&self, snapshot: &Snapshot) {
        self.at.store(snapshot.at(), Ordering::Relaxed);
        self.rows.store(snapshot.len() as u64, Ordering::Relaxed);
    }

    /// Whether the file is so far behind that it is written early.
    fn is_far_behind(&self, snapshot: &Snapshot) -> bool {
        let rows = snapshot.len() as u64;
        let changes = snapshot.at().abs_diff(self.at.load(Ordering::Relaxed));
        let behind = changes.max(rows.abs_diff(self.rows.load(Ordering::Relaxed)));
        behind > BEHIND + rows / SHARE
    }
}

/// Writes a snapshot whenever the file is too far behind, forever.
pub async fn write_snapshots(
    snapshots: Arc<SnapshotWriter>,
    store: Store,
    live: Arc<Live>,
    mut level: watch::Receiver<Level>,
) {
    if level.wait_for(|l| l.loaded).await.is_err() {
        return;
    }
    let mut looks = 0;
    loop {
        looks += 1;
        let view = live.load();
        if snapshots.position().is_none() || looks >= CHECKS || snapshots.is_far_behind(&view.snapshot) {
            looks = 0;
            if let Err(error) = snapshots.save(&store, &view).await {
                tracing::warn!(%error, "cannot write the snapshot: the next start will read the whole database");
            }
        }
        drop(view);
        tokio::time::sleep(CHECK_EVERY).await;
    }
}

/// Identifies what the numbers in a file mean: the log row at its position, which identifies the
/// database, the edition of the boundaries, and the names behind the codes.
fn key(change: Change, codebook: &CodeBook) -> u128 {
    let change = format!("{change:?} {}", codebook.edition);
    let categories = codebook.categories.iter().map(|c| c.to_string());
    let bodies = codebook.bodies.iter().map(ToString::to_string);
    let bodies = bodies.chain(codebook.ward_bodies.iter().map(ToString::to_string));
    let wards = codebook.wards.iter().map(ToString::to_string);
    let counts = [codebook.categories.len(), codebook.bodies.len(), codebook.ward_bodies.len()];
    let counts = counts.map(|n| n.to_string());
    let parts: Vec<String> =
        [change].into_iter().chain(counts).chain(categories).chain(bodies).chain(wards).collect();
    frozen_key(parts.iter().map(String::as_bytes))
}

async fn read(path: PathBuf, store: &Store, codebook: &CodeBook) -> io::Result<Snapshot> {
    let frozen =
        tokio::task::spawn_blocking(move || Frozen::open(BufReader::new(File::open(path)?))).await??;
    let head = frozen.head();
    let change = store.change(head.at).await.map_err(io::Error::other)?;
    if change.is_none_or(|change| key(change, codebook) != head.key) {
        return Err(io::Error::other(
            "the snapshot belongs to another database or to an earlier state of it",
        ));
    }
    tokio::task::spawn_blocking(move || frozen.thaw()).await?
}

/// Writes atomically: a temporary file is renamed when it is complete.
fn write(path: &Path, snapshot: &Snapshot, key: u128) -> io::Result<()> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Processes on one machine may share the file, so each has its own temporary file.
    let own = part::begin(folder, part::OWNERS_ALONE)?;
    let mut out = BufWriter::new(own.as_file());
    snapshot.freeze(key, &mut out)?;
    out.flush()?;
    drop(out);
    own.as_file().sync_all()?;
    own.persist(path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::City;
    use crate::store::report;
    use crate::store::test_database::store_url;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_counts_once_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let city = City::of_pack(crate::city_files::embedded().unwrap()).unwrap();
        store.load_reports(vec![report(1)]).await.unwrap();
        let at = store.last_change().await.unwrap();
        let mut view = View::empty(&city.pack.collections, city.areas().codebook.clone());
        view.snapshot = Arc::new(Snapshot::from_rows(Vec::new(), at));
        let no_folder = folder.path().join("file");
        fs::write(&no_folder, "").unwrap();
        let writer = SnapshotWriter::new(Some(no_folder.join("city.map")));
        writer.save(&store, &view).await.unwrap_err();
        assert_eq!(writer.position(), None, "the log is trimmed up to what a file holds");
        let path = folder.path().join("city.map");
        let writer = SnapshotWriter::new(Some(path.clone()));
        writer.save(&store, &view).await.unwrap();
        assert_eq!((writer.position(), path.exists()), (Some(at), true));
        store.close().await;
    }
}
