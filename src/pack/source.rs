//! Where the files come from: the executable or a folder. Not here: what is in them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::PackError;

#[derive(RustEmbed)]
#[folder = "data/"]
#[prefix = "data/"]
struct Data;

// The layers move in with the map; until then the folder may be missing.
#[derive(RustEmbed)]
#[folder = "tiles/"]
#[prefix = "tiles/"]
#[allow_missing = true]
struct Tiles;

/// Where the files come from. Paths are those of the repository, with `/`.
pub(super) enum Source {
    /// The executable.
    Embedded,
    /// A folder; without `tiles/` in it, tiles come from the executable.
    Folder(PathBuf),
}

impl Source {
    /// The bytes of a file.
    pub(super) fn bytes(&self, file: &str) -> Result<Cow<'static, [u8]>, PackError> {
        let missing = || PackError::Missing { file: file.into() };
        match self.folder_for(file) {
            None => {
                let found = if file.starts_with("tiles/") { Tiles::get(file) } else { Data::get(file) };
                Ok(found.ok_or_else(missing)?.data)
            }
            Some(folder) => match std::fs::read(folder.join(file)) {
                Ok(bytes) => Ok(bytes.into()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(missing()),
                Err(source) => Err(PackError::Read { file: file.into(), source }),
            },
        }
    }

    /// The text of a file.
    pub(super) fn text(&self, file: &str) -> Result<String, PackError> {
        String::from_utf8(self.bytes(file)?.into_owned())
            .map_err(|_| PackError::NotText { file: file.into() })
    }

    /// The files and folders right in a folder (`under` ends with `/`), as full paths in order; none
    /// when it is missing.
    pub(super) fn list(&self, under: &str) -> Result<Vec<String>, PackError> {
        let mut names = std::collections::BTreeSet::new();
        match self.folder_for(under) {
            None => {
                for path in Data::iter().chain(Tiles::iter()) {
                    if let Some(rest) = path.strip_prefix(under) {
                        names.insert(rest.split('/').next().unwrap_or(rest).to_owned());
                    }
                }
            }
            Some(folder) => {
                let failed = |source| PackError::Read { file: under.into(), source };
                match std::fs::read_dir(folder.join(under)) {
                    Ok(entries) => {
                        for entry in entries {
                            names.insert(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
                        }
                    }
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                    Err(e) => return Err(failed(e)),
                }
            }
        }
        Ok(names.into_iter().map(|name| format!("{under}{name}")).collect())
    }

    /// The folder a path is read from; none for the executable.
    fn folder_for(&self, path: &str) -> Option<&Path> {
        match self {
            Self::Embedded => None,
            Self::Folder(folder) if path.starts_with("tiles/") && !folder.join("tiles").exists() => None,
            Self::Folder(folder) => Some(folder),
        }
    }
}
