//! New boundaries: read and checked. How they come into force is another room (`action::areas`).

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

use crate::action::city::{City, CityError, generation};
use crate::store::StoreError;
use diaban_core::area::{Finding, Generation, Known};
use diaban_core::domain::Successor;
use diaban_core::geo::Crs;

/// Most bytes of boundaries when unpacked, and one more.
const MAX_PLAIN: u64 = (256 << 20) + 1;

/// Why areas were not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The boundaries.
    #[error(transparent)]
    City(#[from] CityError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A coordinate system that is not known.
    #[error("the coordinate system {0:?} is not known here; they are named like EPSG:9210")]
    Crs(String),
    /// Not a document of JSON.
    #[error("the file is not GeoJSON: {0}")]
    Json(String),
    /// The id is not a date.
    #[error("generation {0} must be the date from which it is valid, like 2025-07-01")]
    Id(String),
    /// The pack has no boundaries of this generation.
    #[error("the city pack has no boundaries of {0}; name a file of them")]
    NotInPack(String),
}

/// The file with another `crs` member: what the user decides of it is stored with it.
///
/// # Errors
/// When the system is not known, or the file is no document of JSON.
pub(in crate::action) fn with_crs(bytes: &[u8], name: &str) -> Result<Vec<u8>, ImportError> {
    let crs = Crs::named(name).ok_or_else(|| ImportError::Crs(name.to_owned()))?;
    let mut plain = Vec::new();
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes).take(MAX_PLAIN).read_to_end(&mut plain).map(|_| ())
    } else {
        plain.extend_from_slice(bytes);
        Ok(())
    };
    let text = plain.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&plain);
    let document = read.map_err(|e| e.to_string()).and_then(|()| {
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(text).map_err(|e| e.to_string())
    });
    let mut document = document.map_err(ImportError::Json)?;
    document.insert("crs".to_owned(), format!("EPSG:{}", crs.code).into());
    serde_json::to_vec(&document).map_err(|e| ImportError::Json(e.to_string()))
}

/// Reads and checks a candidate, with the successors that are given for it; nothing is stored.
///
/// # Errors
/// When the file is not a set of boundaries.
pub(in crate::action) fn candidate(
    city: &City,
    id: &str,
    bytes: Option<&[u8]>,
    given: &[Successor],
) -> Result<(Generation, Vec<Finding>), ImportError> {
    if id.parse::<jiff::civil::Date>().is_err() {
        return Err(ImportError::Id(id.to_owned()));
    }
    let own = || city.pack.areas.area_file(id).ok_or_else(|| ImportError::NotInPack(id.to_owned()));
    let approximate = bytes.is_none() && city.pack.city.approximate;
    let candidate = generation(&city.pack, id, approximate, bytes.map_or_else(own, Ok)?)?;
    let areas = city.areas();
    let successors = [areas.successors.all(), given].concat();
    let known =
        Known { facts: city.pack.areas.units(), successors: &successors, loaded: areas.book.generations() };
    let findings = diaban_core::area::check(&candidate, &known);
    Ok((candidate, findings))
}

pub(in crate::action) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).and_then(|()| out.finish()).expect("writing to memory cannot fail")
}
