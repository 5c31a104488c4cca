//! The operator's basemap: a `PMTiles` archive (version 3), read from disk tile by tile. Not here:
//! how it is drawn (map, `web/look`), URLs and headers (http).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::GzDecoder;
use pmtiles::{
    AsyncBackend, AsyncPmTilesReader, BackendResponse, Compression, Header, PmtError, PmtResult, TileCoord,
    TileType,
};
use serde_json::{Map, Value};

use diaban_core::geo::{Bbox, TileId};

/// Limit of stored (compressed) bytes of a tile, a directory or the metadata.
const MAX_STORED: usize = 16 * 1024 * 1024;
/// Limit of bytes of a tile after decompression.
const MAX_UNPACKED: u64 = 32 * 1024 * 1024;

/// An open archive.
pub struct Archive {
    reader: AsyncPmTilesReader<OnDisk>,
    metadata: Map<String, Value>,
}

/// Why a file cannot be used as a basemap; names the file and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("basemap {file}: {problem}")]
pub struct BasemapError {
    /// Its path or URL.
    pub file: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// The kind of tiles in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tiles {
    /// Mapbox Vector Tiles with these layers.
    Vector(BTreeSet<String>),
    /// Raster tiles of this media type.
    Pictures(&'static str),
}

impl Archive {
    /// Opens an archive and reads its header and metadata.
    ///
    /// # Errors
    /// When the file cannot be read, is not an archive, or has tiles that the map cannot show.
    pub async fn open(file: &Path) -> Result<Self, BasemapError> {
        let fail = |problem: String| BasemapError { file: file.display().to_string(), problem };
        let opened = File::open(file).map_err(|e| fail(e.to_string()))?;
        if !opened.metadata().is_ok_and(|m| m.is_file()) {
            return Err(fail("is not a file; a PMTiles archive is expected".to_owned()));
        }
        let reader = AsyncPmTilesReader::try_from_source(OnDisk(Arc::new(opened))).await.map_err(|e| {
            fail(format!("is not a PMTiles archive of version 3 ({e}); `pmtiles convert` converts MBTiles and older archives"))
        })?;
        if !matches!(reader.get_header().tile_compression, Compression::None | Compression::Gzip) {
            let packed = reader.get_header().tile_compression;
            return Err(fail(format!("its tiles are packed as {packed:?}; gzip or none is expected")));
        }
        let metadata = match reader.get_metadata().await {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|e| fail(format!("its metadata is not a JSON object: {e}")))?,
            Err(PmtError::InvalidMetadata) => Map::new(), // raster archives need none
            Err(e) => return Err(fail(format!("its metadata cannot be read: {e}"))),
        };
        let archive = Self { reader, metadata };
        match archive.tiles() {
            None => {
                let kind = archive.header().tile_type;
                Err(fail(format!("its tiles are {kind:?}; mvt, png, jpeg, webp or avif is expected")))
            }
            Some(Tiles::Vector(layers)) if layers.is_empty() => {
                Err(fail("its metadata names no vector_layers, so nothing of it could be drawn".to_owned()))
            }
            Some(_) => Ok(archive),
        }
    }

    /// The kind of its tiles; `None` for kinds that the map cannot show, which [`Archive::open`]
    /// refuses.
    pub fn tiles(&self) -> Option<Tiles> {
        Some(match self.header().tile_type {
            TileType::Mvt => {
                let layers =
                    self.metadata.get("vector_layers").and_then(Value::as_array).into_iter().flatten();
                Tiles::Vector(layers.filter_map(|l| Some(l["id"].as_str()?.to_owned())).collect())
            }
            TileType::Png => Tiles::Pictures("image/png"),
            TileType::Jpeg => Tiles::Pictures("image/jpeg"),
            TileType::Webp => Tiles::Pictures("image/webp"),
            TileType::Avif => Tiles::Pictures("image/avif"),
            _ => return None,
        })
    }

    /// Its metadata: `name`, `attribution`, `vector_layers` and more, as its author wrote it.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// First and last zoom.
    pub fn zooms(&self) -> (u8, u8) {
        (self.header().min_zoom, self.header().max_zoom)
    }

    /// The area it covers.
    pub fn bounds(&self) -> Bbox {
        let h = self.header();
        Bbox { west: h.min_longitude, south: h.min_latitude, east: h.max_longitude, north: h.max_latitude }
    }

    /// The tile at an address, decompressed; `None` if the archive has none.
    ///
    /// # Errors
    /// When the file cannot be read any more, has been overwritten, or is damaged there.
    pub async fn tile(&self, id: TileId) -> Result<Option<Bytes>, std::io::Error> {
        let Ok(at) = TileCoord::new(id.z(), id.x(), id.y()) else { return Ok(None) };
        let Some(stored) = self.reader.get_tile(at).await.map_err(std::io::Error::other)? else {
            return Ok(None);
        };
        if self.header().tile_compression == Compression::None {
            return Ok(Some(stored));
        }
        let mut unpacked = Vec::new();
        GzDecoder::new(&stored[..]).take(MAX_UNPACKED + 1).read_to_end(&mut unpacked)?;
        if unpacked.len() as u64 > MAX_UNPACKED {
            return Err(std::io::Error::other("a tile is too large"));
        }
        Ok(Some(unpacked.into()))
    }

    fn header(&self) -> &Header {
        self.reader.get_header()
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("header", self.header()).finish_non_exhaustive()
    }
}

/// The file on disk. It is not memory-mapped, because truncating a mapped file ends the process.
struct OnDisk(Arc<File>);

impl AsyncBackend for OnDisk {
    async fn read(&self, offset: u64, length: usize) -> PmtResult<BackendResponse> {
        if length > MAX_STORED {
            return Err(PmtError::InvalidEntry);
        }
        let file = self.0.clone();
        let read = move || -> std::io::Result<BackendResponse> {
            let about = file.metadata()?;
            let mut bytes = vec![0; length];
            let mut filled = 0;
            while filled < length {
                match file.read_at(&mut bytes[filled..], offset + filled as u64)? {
                    0 => break,
                    n => filled += n,
                }
            }
            bytes.truncate(filled);
            // After overwriting it is another archive, and the cached directories no longer match.
            let version = format!("{:?} {}", about.modified()?, about.len());
            Ok(BackendResponse::new_with_version(bytes.into(), version))
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|e| PmtError::Reading(std::io::Error::other(e)))?
            .map_err(PmtError::Reading)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use pmtiles::PmTilesWriter;

    use super::*;

    fn archive(kind: TileType, metadata: &str) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut writer =
            PmTilesWriter::new(kind).min_zoom(0).max_zoom(1).metadata(metadata).create(&mut file).unwrap();
        for (z, x, y) in [(0, 0, 0), (1, 1, 0)] {
            writer
                .add_tile(TileCoord::new(z, x, y).unwrap(), format!("tile {z}/{x}/{y}").as_bytes())
                .unwrap();
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    fn open(bytes: &[u8]) -> (tempfile::NamedTempFile, Result<Archive, String>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let archive = runtime().block_on(Archive::open(file.path())).map_err(|e| e.to_string());
        (file, archive)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    const VECTOR: &str = r#"{"vector_layers":[{"id":"water"},{"id":"roads"}],"attribution":"© someone"}"#;

    #[test]
    fn tiles_come_out_as_they_went_in() {
        let (_file, archive) = open(&archive(TileType::Mvt, VECTOR));
        let archive = archive.unwrap();
        let tile = |z, x, y| runtime().block_on(archive.tile(TileId::new(z, x, y).unwrap())).unwrap();
        assert_eq!(tile(1, 1, 0).as_deref(), Some(&b"tile 1/1/0"[..]));
        assert_eq!((tile(1, 0, 0), tile(5, 3, 3)), (None, None));
        assert_eq!(archive.tiles(), Some(Tiles::Vector(["water".to_owned(), "roads".to_owned()].into())));
        assert_eq!((archive.zooms(), &archive.metadata()["attribution"]), ((0, 1), &"© someone".into()));
        let (_file, pictures) = open(&self::archive(TileType::Webp, "{}"));
        assert_eq!(pictures.unwrap().tiles(), Some(Tiles::Pictures("image/webp")));
    }

    #[test]
    fn a_file_written_over_is_not_read_on() {
        let (file, archive) = open(&archive(TileType::Mvt, VECTOR));
        std::fs::write(file.path(), "something else").unwrap();
        assert!(runtime().block_on(archive.unwrap().tile(TileId::new(1, 1, 0).unwrap())).is_err());
    }

    #[test]
    fn a_wrong_file_is_refused_with_what_would_be_right() {
        let whole = archive(TileType::Mvt, VECTOR);
        for (bytes, expected) in [
            (b"SQLite format 3\0 and so on".to_vec(), "pmtiles convert"),
            (Vec::new(), "pmtiles convert"),
            (whole[..100].to_vec(), "pmtiles convert"),
            (archive(TileType::Mvt, "{}"), "names no vector_layers"),
            (archive(TileType::Mvt, "[]"), "is not a JSON object"),
            (archive(TileType::Mlt, "{}"), "mvt, png, jpeg, webp or avif is expected"),
        ] {
            let (file, error) = open(&bytes);
            let error = error.unwrap_err();
            assert!(error.contains(expected) && error.contains(&*file.path().to_string_lossy()), "{error}");
        }
        let nowhere = runtime().block_on(Archive::open(Path::new("/nowhere/x.pmtiles"))).unwrap_err();
        assert!(nowhere.to_string().contains("/nowhere/x.pmtiles"));
        let folder = runtime().block_on(Archive::open(Path::new("/"))).unwrap_err();
        assert!(folder.to_string().contains("is not a file"));
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_file_is_an_error_and_no_panic(at in 0_usize..400, value: u8) {
            let mut bytes = archive(TileType::Mvt, VECTOR);
            let at = at % bytes.len();
            bytes[at] = value;
            if let (_file, Ok(archive)) = open(&bytes) {
                for id in [TileId::new(0, 0, 0), TileId::new(1, 1, 0)] {
                    let _ = runtime().block_on(archive.tile(id.unwrap()));
                }
            }
        }
    }
}
