//! All tiles of a set into one archive: `PMTiles` 3 or `MBTiles` 1.3. The same map gives the same bytes.
//!
//! Tiles are made by all cores, a few hundred at a time, and go to the file at once; in memory stay where
//! tiles may be and where in the file they are. The file is written beside its place, made durable and
//! renamed: it is there whole or not at all, and whoever reads the former one goes on reading that.

use std::fs::File;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use pmtiles::{Compression, PmTilesStreamWriter, PmTilesWriter, PmtError, TileCoord, TileType};
use serde_json::{Map, Value, json};

use super::city::Areas;
use crate::part;
use crate::store::{Mbtiles, StoreError};
use diaban_core::domain::Instant;
use diaban_core::geo::{LonLat, TileId};
use diaban_core::map::{Sources, Tileset, View, occupied};
use diaban_core::pack::MapView;
use diaban_core::query::Joint;

/// Tiles made by one core in one go.
const CHUNK: usize = 128;

/// The format of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// `PMTiles` 3: one file, read by ranges.
    Pmtiles,
    /// `MBTiles` 1.3: a file of SQLite.
    Mbtiles,
}

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub struct TileExport<'a> {
    /// The map of one change.
    pub view: &'a View,
    /// When that change was.
    pub changed: Option<Instant>,
    /// The city's bounds.
    pub areas: &'a Areas,
    /// Where a map of it begins.
    pub begin: MapView,
    /// The layers.
    pub set: &'a Tileset<'a>,
    /// What is asked of them.
    pub filters: &'a Joint,
    /// The moment at which features are valid or not.
    pub now: Instant,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportStep {
    /// So many tiles are to be made.
    Total(u64),
    /// So many more were made.
    Made(u64),
}

/// An archive that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Tiles in it.
    pub tiles: u64,
    /// Tiles looked at, the empty ones too.
    pub looked_at: u64,
    /// Bytes of the file.
    pub size: u64,
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The zooms asked for.
    #[error("zooms {}-{} must ascend within the layers' {min}-{max}", .asked.start(), .asked.end())]
    Zooms {
        /// Those asked for.
        asked: RangeInclusive<u8>,
        /// The layers' first.
        min: u8,
        /// The layers' last.
        max: u8,
    },
    /// The file.
    #[error("{file}: {source}")]
    File {
        /// Its path.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The archive of tiles.
    #[error("{file}: {source}")]
    Pmtiles {
        /// Its path.
        file: PathBuf,
        /// What cannot be.
        source: PmtError,
    },
    /// The archive as a database.
    #[error(transparent)]
    Mbtiles(#[from] StoreError),
}

/// Writes all tiles that hold something, at these zooms, to `file`, replacing one that is there. Takes all
/// cores, so it is not for a serving process; needs a runtime of several threads.
///
/// # Errors
/// See [`ExportError`]; the file is as it was then.
pub async fn export_tiles(
    what: &TileExport<'_>,
    zooms: RangeInclusive<u8>,
    format: ArchiveFormat,
    file: &Path,
    told: &mut (dyn FnMut(ExportStep) + Send),
) -> Result<Exported, ExportError> {
    let (min, max) = (what.set.minzoom(), what.set.maxzoom());
    if zooms.is_empty() || *zooms.start() < min || *zooms.end() > max {
        return Err(ExportError::Zooms { asked: zooms, min, max });
    }
    let failed = |source| ExportError::File { file: file.into(), source };
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As the umask says: an archive holds what the map shows anyway.
    let part = part::begin(folder, part::AS_USUAL).map_err(failed)?;
    let tiles = tokio::task::block_in_place(|| what.occupied(&zooms));
    told(ExportStep::Total(tiles.len() as u64));
    let mut archive =
        Archive::begin(what, &zooms, format, part.as_file(), part.path()).await.map_err(|e| e.of(file))?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut count = 0;
    for some in tiles.chunks(CHUNK * cores) {
        let made = tokio::task::block_in_place(|| what.make(some, cores)).map_err(failed)?;
        for (id, bytes) in made {
            archive.add(id, &bytes).await.map_err(|e| e.of(file))?;
            count += 1;
        }
        told(ExportStep::Made(some.len() as u64));
    }
    archive.finish(what, &zooms).await.map_err(|e| e.of(file))?;
    if format == ArchiveFormat::Pmtiles {
        place_leaves(part.as_file()).map_err(failed)?;
    }
    part.as_file().sync_all().map_err(failed)?;
    let size = part.as_file().metadata().map_err(failed)?.len();
    part.persist(file).map_err(|e| failed(e.error))?;
    File::open(folder).and_then(|f| f.sync_all()).map_err(failed)?;
    Ok(Exported { tiles: count, looked_at: tiles.len() as u64, size })
}

impl TileExport<'_> {
    fn sources(&self) -> Sources<'_> {
        Sources::of(self.view, self.now)
    }

    /// The tiles that may hold something, in the order of `PMTiles`: by zoom, then along a Hilbert curve.
    fn occupied(&self, zooms: &RangeInclusive<u8>) -> Vec<TileId> {
        let sources = self.sources();
        let mut out = Vec::new();
        for zoom in zooms.clone() {
            let mut tiles = occupied(&sources, self.set, self.filters, zoom);
            tiles.sort_by_cached_key(|id| number(*id));
            out.append(&mut tiles);
        }
        out
    }

    /// Those of some tiles that are not empty, compressed, in their order.
    fn make(&self, tiles: &[TileId], cores: usize) -> io::Result<Vec<(TileId, Vec<u8>)>> {
        let make = |some: &[TileId]| -> io::Result<Vec<(TileId, Vec<u8>)>> {
            let sources = self.sources();
            let tile = |id: &TileId| (*id, self.set.tile(&sources, self.filters, *id));
            let full = some.iter().map(tile).filter(|(_, bytes)| !bytes.is_empty());
            full.map(|(id, bytes)| Ok((id, gzip(&bytes)?))).collect()
        };
        let share = tiles.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let parts: Vec<_> = tiles.chunks(share).map(|some| scope.spawn(move || make(some))).collect();
            let mut out = Vec::with_capacity(tiles.len());
            for part in parts {
                out.append(&mut part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(out)
        })
    }

    /// What both formats say of the archive beside what each has a place of its own for.
    fn notes(&self) -> Vec<(&'static str, String)> {
        let moment = |t: Option<Instant>| t.filter(|t| *t > Instant::MIN).map(|t| t.to_string());
        let codebook = &self.view.codebook;
        let mut asked = form_urlencoded::Serializer::new(String::new());
        let asked = asked.extend_pairs(self.filters.pairs(codebook)).finish();
        let all = [
            ("name", Some(self.set.title())),
            ("type", Some("overlay".to_owned())),
            ("attribution", self.set.attribution()),
            ("licence", self.set.licence()),
            ("layers", Some(self.set.id())),
            ("query", Some(asked).filter(|q| !q.is_empty())),
            ("change", Some(self.view.snapshot.at().to_string())),
            ("changed", moment(self.changed)),
            ("as_of", moment(self.set.as_of(&self.view.features, self.now).max(self.filters.as_of()))),
        ];
        all.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
    }

    /// The layers, with the zooms that are in the archive.
    fn vector_layers(&self, zooms: &RangeInclusive<u8>) -> Vec<Value> {
        let mut all = self.set.vector_layers();
        let zoom = |layer: &Value, key: &str| layer[key].as_u64().unwrap_or_default();
        let (first, last) = (u64::from(*zooms.start()), u64::from(*zooms.end()));
        all.retain(|l| zoom(l, "minzoom") <= last && zoom(l, "maxzoom") >= first);
        for layer in &mut all {
            for key in ["minzoom", "maxzoom"] {
                layer[key] = zoom(layer, key).clamp(first, last).into();
            }
        }
        all
    }

    /// West, south, east and north; the place to begin at, with its zoom.
    fn extent(&self, zooms: &RangeInclusive<u8>) -> ([f64; 4], LonLat, u8) {
        let zoom = self.begin.overview_zoom.clamp(*zooms.start(), *zooms.end());
        (self.areas.bounds(), self.begin.center, zoom)
    }
}

/// The number of a tile in `PMTiles` 3: those of the zooms before, then along a Hilbert curve.
fn number(id: TileId) -> u64 {
    coord(id).map_or(u64::MAX, |c| pmtiles::TileId::from(c).value())
}

fn coord(id: TileId) -> Result<TileCoord, PmtError> {
    TileCoord::new(id.z(), id.x(), id.y())
}

/// Without a time, so that the same tile is the same bytes.
fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Level::default());
    out.write_all(bytes)?;
    out.finish()
}

/// Where the header of `PMTiles` 3 says that the leaf directories begin, and what follows there: their
/// length, where the tiles begin, the length of those.
const LEAVES: u64 = 40;

/// Gives leaf directories a place where there are none: behind the tiles, where they would stand. The
/// writer leaves 0, which strict readers take for a broken header.
fn place_leaves(file: &File) -> io::Result<()> {
    let mut numbers = [[0_u8; 8]; 4];
    file.read_exact_at(numbers.as_flattened_mut(), LEAVES)?;
    let [leaves, _, tiles, length] = numbers.map(u64::from_le_bytes);
    if leaves == 0 {
        file.write_all_at(&(tiles + length).to_le_bytes(), LEAVES)?;
    }
    Ok(())
}

/// An archive being written.
enum Archive<'a> {
    Pmtiles(Box<PmTilesStreamWriter<&'a File>>),
    Mbtiles(Box<Mbtiles>),
}

/// What went wrong, before the file's name is known.
enum Fault {
    Pmtiles(PmtError),
    Mbtiles(StoreError),
}

impl Fault {
    fn of(self, file: &Path) -> ExportError {
        match self {
            Self::Pmtiles(PmtError::Reading(source)) => ExportError::File { file: file.into(), source },
            Self::Pmtiles(source) => ExportError::Pmtiles { file: file.into(), source },
            Self::Mbtiles(e) => e.into(),
        }
    }
}

impl From<PmtError> for Fault {
    fn from(e: PmtError) -> Self {
        Self::Pmtiles(e)
    }
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        Self::Mbtiles(e)
    }
}

impl<'a> Archive<'a> {
    async fn begin(
        what: &TileExport<'_>,
        zooms: &RangeInclusive<u8>,
        format: ArchiveFormat,
        file: &'a File,
        path: &Path,
    ) -> Result<Self, Fault> {
        if format == ArchiveFormat::Mbtiles {
            return Ok(Self::Mbtiles(Box::new(Mbtiles::create(path).await?)));
        }
        let mut metadata: Map<String, Value> =
            what.notes().into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        metadata.insert("vector_layers".to_owned(), what.vector_layers(zooms).into());
        let ([west, south, east, north], center, zoom) = what.extent(zooms);
        let writer = PmTilesWriter::new(TileType::Mvt)
            .precompressed(Compression::Gzip)
            .min_zoom(*zooms.start())
            .max_zoom(*zooms.end())
            .bounds(west, south, east, north)
            .center(center.lon(), center.lat())
            .center_zoom(zoom)
            .metadata(Value::Object(metadata).to_string());
        Ok(Self::Pmtiles(Box::new(writer.create(file)?)))
    }

    async fn add(&mut self, id: TileId, bytes: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Pmtiles(p) => Ok(p.add_tile(coord(id)?, bytes)?),
            Self::Mbtiles(m) => Ok(m.add((id.z(), id.x(), id.y()), bytes).await?),
        }
    }

    async fn finish(self, what: &TileExport<'_>, zooms: &RangeInclusive<u8>) -> Result<(), Fault> {
        let archive = match self {
            Self::Pmtiles(p) => return Ok(p.finalize()?),
            Self::Mbtiles(m) => m,
        };
        let ([west, south, east, north], center, zoom) = what.extent(zooms);
        let own = [
            ("format", "pbf".to_owned()),
            ("bounds", format!("{west},{south},{east},{north}")),
            ("center", format!("{center},{zoom}")),
            ("minzoom", zooms.start().to_string()),
            ("maxzoom", zooms.end().to_string()),
            ("json", json!({ "vector_layers": what.vector_layers(zooms) }).to_string()),
        ];
        let all: Vec<(String, String)> =
            what.notes().into_iter().chain(own).map(|(name, text)| (name.to_owned(), text)).collect();
        Ok(archive.finish(&all).await?)
    }
}
