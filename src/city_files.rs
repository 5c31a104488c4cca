//! The files of the city pack: in the executable, or in folders of the operator's. Not here: what is in
//! them (`diaban_core::pack`).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use diaban_core::pack::{Files, Pack, PackError};
use rust_embed::RustEmbed;

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

/// The pack inside the executable.
///
/// # Errors
/// See [`PackError`]; a test keeps the embedded pack free of them.
pub fn embedded() -> Result<Pack, PackError> {
    Pack::read(&CityFiles::default())
}

/// The pack of a folder laid out as the repository: `data/` must be complete, nothing is mixed in
/// from the embedded one; without `tiles/` the embedded layers are used. Without a folder, the
/// embedded pack. Files of `more_tiles`, a folder laid out as `tiles/`, come beside those layers, or
/// in the place of one of the same name.
///
/// # Errors
/// See [`PackError`].
pub fn open(folder: Option<&Path>, more_tiles: Option<&Path>) -> Result<Pack, PackError> {
    if let Some(more) = more_tiles.filter(|m| !m.join("layers").is_dir()) {
        // A typing mistake would go unnoticed.
        return Err(PackError::Missing { file: more.join("layers/").display().to_string() });
    }
    Pack::read(&CityFiles { folder: folder.map(Into::into), more_tiles: more_tiles.map(Into::into) })
}

/// Where the files come from.
#[derive(Default)]
struct CityFiles {
    /// A folder with `data/`; without `tiles/` in it, tiles come from the executable, as all does
    /// without a folder.
    folder: Option<PathBuf>,
    /// A folder laid out as `tiles/` whose files come beside those, or in place of one of the same name.
    more_tiles: Option<PathBuf>,
}

impl CityFiles {
    /// Where a file is on disk; none for one of the executable.
    fn path(&self, file: &str) -> Option<PathBuf> {
        self.added(file).or_else(|| self.folder_for(file).map(|folder| folder.join(file)))
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

impl Files for CityFiles {
    fn bytes(&self, file: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        match self.path(file) {
            None => {
                let found = if file.starts_with(TILES) { Tiles::get(file) } else { Data::get(file) };
                Ok(found.map(|f| f.data))
            }
            Some(path) => found(std::fs::read(path).map(Cow::Owned)),
        }
    }

    fn names(&self, under: &str) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        match self.folder_for(under) {
            None => {
                for path in Data::iter().chain(Tiles::iter()) {
                    if let Some(rest) = path.strip_prefix(under) {
                        names.insert(rest.split('/').next().unwrap_or(rest).to_owned());
                    }
                }
            }
            Some(folder) => names.extend(in_folder(&folder.join(under))?),
        }
        if let (Some(more), Some(rest)) = (&self.more_tiles, under.strip_prefix(TILES)) {
            names.extend(in_folder(&more.join(rest))?);
        }
        Ok(names)
    }

    fn shown(&self, file: &str) -> String {
        self.path(file).map_or_else(|| file.to_owned(), |p| p.display().to_string())
    }
}

/// The names in a folder; none when it is missing.
fn in_folder(folder: &Path) -> io::Result<Vec<String>> {
    let Some(entries) = found(std::fs::read_dir(folder))? else { return Ok(Vec::new()) };
    entries.map(|e| Ok(e?.file_name().to_string_lossy().into_owned())).collect()
}

fn found<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_embedded_pack_is_the_repositorys() {
        let embedded = embedded().unwrap();
        let folder = open(Some(Path::new(env!("CARGO_MANIFEST_DIR"))), None).unwrap();
        assert_eq!(embedded.areas.units(), folder.areas.units());
        let texts = |pack: &Pack| pack.layer_files().iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&embedded), texts(&folder));
        assert_eq!(embedded.time_zone().iana_name(), Some("Asia/Ho_Chi_Minh"));
    }

    #[test]
    fn one_more_layer_is_one_more_file() {
        let folder = tempfile::tempdir().unwrap();
        let open = || open(None, Some(folder.path()));
        assert!(open().unwrap_err().to_string().contains("layers/: the file is missing"));
        fs::create_dir(folder.path().join("layers")).unwrap();
        let names = |pack: Pack| -> Vec<String> {
            pack.layer_files().iter().map(|(path, _)| path.rsplit('/').next().unwrap().to_owned()).collect()
        };
        let before = names(open().unwrap());
        assert_eq!(before, names(embedded().unwrap()));
        fs::write(folder.path().join("layers/hospitals.toml"), "new").unwrap();
        fs::write(folder.path().join("layers/wards.toml"), "instead").unwrap();
        fs::write(folder.path().join("layers/notes.txt"), "no layer").unwrap();
        let with = open().unwrap();
        let text =
            |end: &str| with.layer_files().iter().find(|(path, _)| path.ends_with(end)).unwrap().clone();
        let path = folder.path().join("layers/hospitals.toml").display().to_string();
        assert_eq!(text("hospitals.toml"), (path, "new".to_owned()));
        assert_eq!(text("wards.toml").1, "instead");
        assert_eq!(names(with).len(), before.len() + 1);
    }
}
