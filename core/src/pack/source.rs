//! Where a pack's files come from, as a port: the core reads no disk. Not here: what is in them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

use super::PackError;

/// The files of a pack. Paths are those of the repository, with `/`.
pub trait Files {
    /// The bytes of a file; none when there is no such file.
    ///
    /// # Errors
    /// What the system says.
    fn bytes(&self, file: &str) -> io::Result<Option<Cow<'static, [u8]>>>;

    /// The names of the files and folders right in a folder (`under` ends with `/`); none when it is missing.
    ///
    /// # Errors
    /// What the system says.
    fn names(&self, under: &str) -> io::Result<BTreeSet<String>>;

    /// Where a file really is, for people.
    fn shown(&self, file: &str) -> String {
        file.to_owned()
    }
}

/// The files with the errors of a pack.
#[derive(Clone, Copy)]
pub(super) struct Source<'a>(pub(super) &'a dyn Files);

impl Source<'_> {
    /// The bytes of a file that must be there.
    pub(super) fn bytes(self, file: &str) -> Result<Cow<'static, [u8]>, PackError> {
        let found = self.0.bytes(file).map_err(|source| PackError::Read { file: file.into(), source })?;
        found.ok_or_else(|| PackError::Missing { file: file.into() })
    }

    /// The text of a file.
    pub(super) fn text(self, file: &str) -> Result<String, PackError> {
        String::from_utf8(self.bytes(file)?.into_owned())
            .map_err(|_| PackError::NotText { file: file.into() })
    }

    /// Where a file really is, for people.
    pub(super) fn shown(self, file: &str) -> String {
        self.0.shown(file)
    }

    /// The files and folders right in a folder, as full paths in order; none when it is missing.
    pub(super) fn list(self, under: &str) -> Result<Vec<String>, PackError> {
        let names = self.0.names(under).map_err(|source| PackError::Read { file: under.into(), source })?;
        Ok(names.into_iter().map(|name| format!("{under}{name}")).collect())
    }
}
