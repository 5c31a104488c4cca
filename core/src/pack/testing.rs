//! The repository's own pack, for tests.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::{Files, Pack};

/// A folder laid out as the repository.
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn bytes(&self, file: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        found(std::fs::read(self.0.join(file)).map(Cow::Owned))
    }

    fn names(&self, under: &str) -> io::Result<BTreeSet<String>> {
        let Some(entries) = found(std::fs::read_dir(self.0.join(under)))? else { return Ok(BTreeSet::new()) };
        entries.map(|e| Ok(e?.file_name().to_string_lossy().into_owned())).collect()
    }
}

fn found<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The repository's pack.
///
/// # Panics
/// When it has a mistake; a test keeps it free of them.
pub fn pack() -> Pack {
    Pack::read(&Folder(root().to_owned())).expect("the repository's pack is sound")
}
