//! Files in the making: they become visible under their name when they are complete, and what a killed process left
//! behind is taken away by the next one.
//!
//! Each is locked as long as its process lives. What lies there without a lock has nobody who finishes it.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;

const BEGINNING: &str = ".diaban-";
const END: &str = ".part";
/// How often a file is begun anew that another process has taken away before it was locked.
const TRIES: usize = 16;

/// Readable and writable by its owner alone.
pub const OWNERS_ALONE: u32 = 0o600;
/// For whoever may read the files that this process makes, as the umask says.
pub const AS_USUAL: u32 = 0o666;

/// Begins a file in a folder, after taking away what killed processes left there. It is deleted when it is dropped,
/// unless it was persisted. A mode of [`OWNERS_ALONE`] holds whatever the umask is.
///
/// # Errors
/// When the folder cannot be written.
pub fn begin(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    for _ in 0..TRIES {
        let permissions = Permissions::from_mode(mode);
        let mut builder = tempfile::Builder::new();
        let made = builder.prefix(BEGINNING).suffix(END).permissions(permissions).tempfile_in(folder)?;
        if let Err(TryLockError::WouldBlock) = made.as_file().try_lock() {
            continue;
        }
        // Another process may have swept it before it was locked.
        if !is_still(made.path(), made.as_file()) {
            continue;
        }
        if mode == OWNERS_ALONE {
            made.as_file().set_permissions(Permissions::from_mode(mode))?;
        }
        sweep(folder);
        return Ok(made);
    }
    Err(io::Error::other("another process takes away what this one begins"))
}

fn is_still(path: &Path, file: &File) -> bool {
    let (Ok(there), Ok(here)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    (there.dev(), there.ino()) == (here.dev(), here.ino())
}

/// Takes away what nobody finishes. A folder that cannot be read is left as it is: this is only tidying.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut names: Vec<_> = entries.filter_map(|e| Some(e.ok()?.file_name())).collect();
    names.retain(|name| name.to_str().is_some_and(|n| n.starts_with(BEGINNING) && n.ends_with(END)));
    for name in names {
        let path = folder.join(&name);
        // A pipe would wait for its other end.
        if !fs::symlink_metadata(&path).is_ok_and(|m| m.is_file()) {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        if file.try_lock().is_err() || !is_still(&path, &file) {
            continue;
        }
        for more in ["-journal", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(more);
            let _ = fs::remove_file(name);
        }
        match fs::remove_file(&path) {
            Ok(()) => tracing::info!(file = %path.display(), "took away what a stopped process left"),
            Err(error) => tracing::warn!(%error, file = %path.display(), "cannot take away what is left"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_nobody_finishes_is_taken_away_and_what_is_being_made_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for left in
            [".diaban-a.part", ".diaban-b.part", ".diaban-b.part-journal", "mine.part", ".diaban-notes"]
        {
            fs::write(folder.join(left), b"half").unwrap();
        }
        fs::create_dir(folder.join(".diaban-folder.part")).unwrap();
        let first = begin(folder, OWNERS_ALONE).unwrap();
        let second = begin(folder, AS_USUAL).unwrap();
        let mut expected: Vec<String> = [&first, &second]
            .map(|f| f.path().file_name().unwrap().to_str().unwrap().to_owned())
            .into_iter()
            .chain([".diaban-folder.part", ".diaban-notes", "mine.part"].map(str::to_owned))
            .collect();
        expected.sort();
        assert_eq!(names(folder), expected);
        assert_eq!(first.as_file().metadata().unwrap().mode() & 0o777, OWNERS_ALONE);
        drop(first);
        second.persist(folder.join("done")).unwrap();
        assert_eq!(names(folder), [".diaban-folder.part", ".diaban-notes", "done", "mine.part"]);
    }
}
