//! Where the files come from: the executable or folders. Not here: what is in them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::PackError;

#[derive(RustEmbed)]
#[folder = "data/"]
#[prefix = "data/"]
struct Data;

#[derive(RustEmbed)]
#[folder = "tiles/"]
#[prefix = "tiles/"]
struct Tiles;

/// What is shown on the map, apart from what the city is.
const TILES: &str = "tiles/";

/// Where the files come from. Paths are those of the repository, with `/`.
#[derive(Default)]
pub(super) struct Source {
    /// A folder with `data/`; without `tiles/` in it, tiles come from the executable, as all does
    /// without a folder.
    pub(super) folder: Option<PathBuf>,
    /// A folder laid out as `tiles/` whose files come beside those, or in place of one of the same name.
    pub(super) more_tiles: Option<PathBuf>,
}

impl Source {
    /// The bytes of a file.
    pub(super) fn bytes(&self, file: &str) -> Result<Cow<'static, [u8]>, PackError> {
        let missing = || PackError::Missing { file: file.into() };
        let path = self.added(file).or_else(|| self.folder_for(file).map(|folder| folder.join(file)));
        match path {
            None => {
                let found = if file.starts_with(TILES) { Tiles::get(file) } else { Data::get(file) };
                Ok(found.ok_or_else(missing)?.data)
            }
            Some(path) => match std::fs::read(path) {
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

    /// Where a file really is, for people; as the repository names it inside the executable.
    pub(super) fn shown(&self, file: &str) -> String {
        let path = self.added(file).or_else(|| self.folder_for(file).map(|folder| folder.join(file)));
        path.map_or_else(|| file.to_owned(), |p| p.display().to_string())
    }

    /// The files and folders right in a folder (`under` ends with `/`), as full paths in order; none
    /// when it is missing.
    pub(super) fn list(&self, under: &str) -> Result<Vec<String>, PackError> {
        let mut names = BTreeSet::new();
        match self.folder_for(under) {
            None => {
                for path in Data::iter().chain(Tiles::iter()) {
                    if let Some(rest) = path.strip_prefix(under) {
                        names.insert(rest.split('/').next().unwrap_or(rest).to_owned());
                    }
                }
            }
            Some(folder) => list_folder(&folder.join(under), under, &mut names)?,
        }
        if let (Some(more), Some(rest)) = (&self.more_tiles, under.strip_prefix(TILES)) {
            list_folder(&more.join(rest), under, &mut names)?;
        }
        Ok(names.into_iter().map(|name| format!("{under}{name}")).collect())
    }

    /// The folder a path is read from; none for the executable.
    fn folder_for(&self, path: &str) -> Option<&Path> {
        let folder = self.folder.as_deref()?;
        (!path.starts_with(TILES) || folder.join("tiles").exists()).then_some(folder)
    }

    /// The file that was added under that name, if there is one.
    fn added(&self, file: &str) -> Option<PathBuf> {
        let path = self.more_tiles.as_ref()?.join(file.strip_prefix(TILES)?);
        path.exists().then_some(path)
    }
}

/// Adds the names in a folder; none when it is missing. `said` is its name in errors.
fn list_folder(folder: &Path, said: &str, names: &mut BTreeSet<String>) -> Result<(), PackError> {
    let failed = |source| PackError::Read { file: said.into(), source };
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                names.insert(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
            }
            Ok(())
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(failed(e)),
    }
}
