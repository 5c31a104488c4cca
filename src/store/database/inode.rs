//! The file behind the name of a SQLite database: its lock, and whether it still lies where it was opened.
//!
//! **A descriptor of the database must never be closed while SQLite has the file open in this process.** SQLite locks
//! it with `fcntl`, and such locks of a process end when it closes any descriptor of the file. So there is one
//! descriptor for each file in the process, kept as long as a store lives, and nothing else opens a database. The lock
//! that keeps a second server out is one of `flock`, which knows nothing of SQLite's.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use crate::store::database::sqlite::beside;
use crate::store::error::{Failure, FailureKind};

/// Length of the header of a SQLite file (<https://www.sqlite.org/fileformat2.html#the_database_header>).
const HEADER: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Device and number: what a file is, whatever its name.
type Identity = (u64, u64);

static OPEN: LazyLock<Mutex<HashMap<Identity, Weak<Inode>>>> = LazyLock::new(Mutex::default);

fn identity(metadata: &fs::Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// One file of a database, held open.
#[derive(Debug)]
pub(in crate::store) struct Inode {
    file: File,
    identity: Identity,
    /// Whether this process may write to it.
    pub(in crate::store) writable: bool,
    claimed: AtomicBool,
}

/// What stands at the beginning of a SQLite file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Header {
    /// Bytes of a page.
    pub(in crate::store) page: u64,
    /// Number of pages.
    pub(in crate::store) pages: u64,
    /// The number by which a program knows its files; 0 for none.
    pub(in crate::store) application: u32,
}

impl Header {
    /// `None` if these are not the first bytes of a SQLite file.
    pub(in crate::store) fn read(bytes: &[u8; HEADER]) -> Option<Self> {
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let page = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            n => u64::from(n),
        };
        (bytes[..16] == MAGIC[..]).then(|| Self { page, pages: word(28).into(), application: word(68) })
    }

    /// The length of the file that it belongs to.
    pub(in crate::store) fn length(self) -> u64 {
        self.page * self.pages
    }

    /// The header of a file that is no store in use; `None` if it is no SQLite file.
    pub(in crate::store) fn of(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEADER];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(Self::read(&bytes)),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl Inode {
    /// The file at a path, which exists.
    pub(in crate::store) fn at(path: &Path) -> io::Result<Arc<Self>> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("this is not a regular file"));
        }
        if let Some(known) = open.get(&identity(&metadata)).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let (file, writable) = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => (file, true),
            Err(e) if cannot_write(&e) => (File::open(path)?, false),
            Err(e) => return Err(e),
        };
        let identity = identity(&file.metadata()?);
        let claimed = AtomicBool::new(false);
        let made = Arc::new(Self { file, identity, writable, claimed });
        open.retain(|_, held| held.strong_count() > 0);
        open.insert(identity, Arc::downgrade(&made));
        Ok(made)
    }

    /// Its beginning; `None` if it is empty or no SQLite file.
    pub(in crate::store) fn header(&self) -> io::Result<Option<Header>> {
        Header::of(&self.file)
    }

    /// The number of its names.
    pub(in crate::store) fn names(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.nlink())
    }

    /// Takes everybody's rights but the owner's, if everybody has some; says whether it did. A group alone was given
    /// its rights by somebody.
    pub(in crate::store) fn close_to_others(&self) -> io::Result<bool> {
        let mode = self.file.metadata()?.mode();
        let open = mode & 0o007 != 0;
        if open {
            self.file.set_permissions(Permissions::from_mode(mode & 0o700))?;
        }
        Ok(open)
    }

    /// Locks it against other serving processes; `None` if one has it.
    pub(in crate::store) fn claim(self: &Arc<Self>) -> Option<Claimed> {
        if self.claimed.swap(true, SeqCst) {
            return None;
        }
        // Elsewhere `flock` and `fcntl` exclude each other, and SQLite would be locked out of its own file. A file
        // system that knows no locks is one that only the lock file guards.
        if cfg!(target_os = "linux") && matches!(self.file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            self.claimed.store(false, SeqCst);
            return None;
        }
        Some(Claimed(self.clone()))
    }
}

/// Whether a file or folder may only be read.
pub(in crate::store) fn cannot_write(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// The lock of a file; it ends when this is dropped.
#[derive(Debug)]
pub(in crate::store) struct Claimed(Arc<Inode>);

impl Drop for Claimed {
    fn drop(&mut self) {
        let _ = self.0.file.unlock();
        self.0.claimed.store(false, SeqCst);
    }
}

/// Looks whether a store in use still lies where it was opened.
#[derive(Debug)]
pub(in crate::store) struct Lookout {
    path: PathBuf,
    inode: Arc<Inode>,
    /// The largest length seen: a database never shrinks by itself.
    largest: AtomicU64,
    /// The log and its index, once they were seen.
    companions: Mutex<[Option<Identity>; 2]>,
    /// Length and last change of a file that is served without locks, because it cannot be written.
    still: Option<(u64, i64, i64)>,
}

const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

fn state(metadata: &fs::Metadata) -> (u64, i64, i64) {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

impl Lookout {
    /// Watches a file that is open. `still`: nobody may write to it.
    pub(in crate::store) fn new(path: &Path, inode: Arc<Inode>, still: bool) -> io::Result<Self> {
        let metadata = inode.file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            inode,
            largest: AtomicU64::new(metadata.len()),
            companions: Mutex::default(),
            still: still.then(|| state(&metadata)),
        })
    }

    /// Forgets the log: the last connection that closes takes it away, the next one makes it anew.
    pub(in crate::store) fn expect_new_log(&self) {
        *self.companions.lock().unwrap_or_else(PoisonError::into_inner) = [None; 2];
    }

    /// Whether the database lies where it was, and its log or the log's index does not.
    pub(in crate::store) fn lost_its_log(&self) -> bool {
        let there =
            fs::metadata(&self.path).is_ok_and(|m| identity(&m) == self.inode.identity && m.len() > 0);
        let known = *self.companions.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = |(known, end): (Option<Identity>, &str)| {
            known.is_some() && known != fs::metadata(beside(&self.path, end)).ok().as_ref().map(identity)
        };
        there && known.into_iter().zip(COMPANIONS).any(lost)
    }

    /// Three looks at names, no reading: cheap enough for every commit.
    ///
    /// # Errors
    /// What is no longer where it was.
    pub(in crate::store) fn look(&self) -> Result<(), Failure> {
        let shown = self.path.display();
        let gone = |why: String| Err(Failure::new(FailureKind::Gone, why));
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(e) => return gone(format!("{shown} was removed or moved away ({e})")),
        };
        if identity(&metadata) != self.inode.identity {
            return gone(format!("another file lies in the place of {shown}"));
        }
        if metadata.len() == 0 {
            return gone(format!("{shown} was emptied"));
        }
        if let Some(still) = self.still {
            if state(&metadata) != still {
                return gone(format!("{shown} was written to while it was served read-only; start again"));
            }
            return Ok(());
        }
        let largest = self.largest.fetch_max(metadata.len(), SeqCst);
        if metadata.len() < largest {
            // SQLite's VACUUM makes a file shorter, and says so in its header.
            let header = self.inode.header().ok().flatten();
            if header.is_none_or(|h| h.length() > metadata.len()) {
                return gone(format!("{shown} was cut off"));
            }
            self.largest.store(metadata.len(), SeqCst);
        }
        let mut known = self.companions.lock().unwrap_or_else(PoisonError::into_inner);
        for (known, end) in known.iter_mut().zip(COMPANIONS) {
            let now = fs::metadata(beside(&self.path, end)).ok().as_ref().map(identity);
            if known.is_some() && *known != now {
                return gone(format!("{shown}{end} was removed or replaced; it holds what was written last"));
            }
            *known = now;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_one_whatever_its_name_and_has_one_lock() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|n| folder.path().join(n));
        fs::write(&a, b"one").unwrap();
        fs::hard_link(&a, &b).unwrap();
        std::os::unix::fs::symlink(&a, &c).unwrap();
        let first = Inode::at(&a).unwrap();
        let claim = first.claim().unwrap();
        for name in [&a, &b, &c] {
            let again = Inode::at(name).unwrap();
            assert!(Arc::ptr_eq(&first, &again) && again.claim().is_none(), "{name:?}");
        }
        // Another process would have a descriptor of its own.
        assert!(matches!(File::open(&b).unwrap().try_lock(), Err(fs::TryLockError::WouldBlock)));
        drop(claim);
        drop(first.claim().unwrap());
        assert!(Inode::at(folder.path()).is_err());
    }

    type Act = fn(&Path);

    /// Does something to a watched file, and says what the lookout makes of it.
    fn after(act: impl FnOnce(&Path)) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut bytes = vec![0; 8_192];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..18].copy_from_slice(&4_096_u16.to_be_bytes());
        bytes[28..32].copy_from_slice(&2_u32.to_be_bytes());
        for end in ["", "-wal", "-shm"] {
            fs::write(beside(&path, end), &bytes).unwrap();
        }
        let lookout = Lookout::new(&path, Inode::at(&path).unwrap(), false).unwrap();
        lookout.look().unwrap();
        act(&path);
        lookout.look().err().map(|f| f.text)
    }

    #[test]
    fn what_happens_to_a_store_in_use_is_seen() {
        let edit = |path: &Path| OpenOptions::new().write(true).open(path).unwrap();
        assert_eq!(after(|_| ()), None);
        assert_eq!(after(|p| edit(p).set_len(12_288).unwrap()), None, "it grows");
        let cases: [(&str, Act); 6] = [
            ("removed", |p| fs::remove_file(p).unwrap()),
            ("moved away", |p| fs::rename(p, beside(p, ".old")).unwrap()),
            ("another file", |p| {
                fs::copy(p, beside(p, ".new")).unwrap();
                fs::rename(beside(p, ".new"), p).unwrap();
            }),
            ("emptied", |p| drop(File::create(p).unwrap())),
            ("holds what was written last", |p| fs::remove_file(beside(p, "-wal")).unwrap()),
            ("holds what was written last", |p| fs::remove_file(beside(p, "-shm")).unwrap()),
        ];
        for (says, act) in cases {
            assert!(after(act).is_some_and(|text| text.contains(says)), "{says}");
        }
        assert!(after(|p| edit(p).set_len(4_096).unwrap()).unwrap().contains("cut off"));
        let vacuumed = after(|p| {
            edit(p).write_all_at(&1_u32.to_be_bytes(), 28).unwrap();
            edit(p).set_len(4_096).unwrap();
        });
        assert_eq!(vacuumed, None);
    }
}
