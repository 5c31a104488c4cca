//! New boundaries: read, checked, activated, and every report assigned anew.

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

use crate::action::city::{Areas, City, CityError, generation};
use crate::action::public::public_point;
use crate::action::submit::Place;
use crate::action::transfer::TRANSFERRED;
use crate::clock::Clock;
use crate::store::{Assignment, PlacedRecord, Store, StoreError, StoredGeneration};
use diaban_core::area::{Finding, Generation, Known};
use diaban_core::domain::Precision;
use diaban_core::geo::{Crs, LonLat};

/// Most bytes of boundaries when unpacked, and one more.
const MAX_PLAIN: u64 = (256 << 20) + 1;
/// Reports read and assigned in one go.
const BATCH: i64 = 2_000;

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
    #[error("--crs {0:?} is not known here; they are named like EPSG:9210")]
    Crs(String),
    /// Not a document of JSON.
    #[error("the file is not GeoJSON: {0}")]
    Json(String),
    /// The id is not a date.
    #[error("generation {0} must be the date from which it is valid, like 2025-07-01")]
    Id(String),
}

/// What re-assignment did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reassigned {
    /// Reports looked at.
    pub looked_at: u64,
    /// Reports that went to another ward.
    pub moved: u64,
    /// Reports whose place is in no ward now; they keep the ward they had.
    pub outside: u64,
}

/// The file with another `crs` member: what the user decides of it is stored with it.
///
/// # Errors
/// When the system is not known, or the file is no document of JSON.
pub fn with_crs(bytes: &[u8], name: &str) -> Result<Vec<u8>, ImportError> {
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

/// Reads and checks a candidate; nothing is stored.
///
/// # Errors
/// When the file is not a set of boundaries.
pub fn candidate(city: &City, id: &str, bytes: &[u8]) -> Result<(Generation, Vec<Finding>), ImportError> {
    if id.parse::<jiff::civil::Date>().is_err() {
        return Err(ImportError::Id(id.to_owned()));
    }
    let candidate = generation(&city.pack, id, false, bytes)?;
    let areas = city.areas();
    let known = Known {
        facts: city.pack.areas.units(),
        successors: city.pack.areas.successors(),
        loaded: areas.book.generations(),
    };
    let findings = diaban_core::area::check(&candidate, &known);
    Ok((candidate, findings))
}

/// Stores checked boundaries and takes them into use.
///
/// # Errors
/// When the store fails; the former areas stay then.
pub async fn activate_areas(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: &str,
    source: &str,
    bytes: &[u8],
) -> Result<(), ImportError> {
    let stored =
        StoredGeneration { id: id.to_owned(), source: source.to_owned(), boundaries: gzipped(bytes) };
    store.activate_generation(stored, clock.now()).await?;
    city.reload(&store.generations().await?)?;
    Ok(())
}

/// Assigns every report to the areas in force. The point is the truth, the ward a record: nothing
/// is lost, and a report whose place is in no ward now keeps the one it had.
///
/// # Errors
/// When the store fails; what was assigned before stays assigned, and a repeat finishes the rest.
pub async fn reassign(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    mut progress: impl FnMut(u64),
) -> Result<Reassigned, StoreError> {
    let areas = city.areas();
    let mut done = Reassigned::default();
    let mut last = 0;
    loop {
        let mut batch = store.places_after(last, BATCH).await?;
        let Some(end) = batch.last() else { return Ok(done) };
        last = end.assigned.seq;
        done.looked_at += batch.len() as u64;
        while !batch.is_empty() {
            let (mut changed, mut moved) = (Vec::new(), Vec::new());
            for record in batch {
                match assignment(city, &areas, &record) {
                    Some(new) => {
                        if new != record.assigned {
                            moved.extend((new.ward != record.assigned.ward).then_some(new.seq));
                            changed.push(new);
                        }
                    }
                    None => done.outside += u64::from(record.point.is_some()),
                }
            }
            if changed.is_empty() {
                break;
            }
            // Reports to which something happened meanwhile are read again.
            let stale = store.assign_reports(changed, clock.now()).await?;
            done.moved += moved.iter().filter(|seq| !stale.contains(seq)).count() as u64;
            batch = store.places_of(&stale).await?;
        }
        progress(done.looked_at);
    }
}

fn assignment(city: &City, areas: &Areas, record: &PlacedRecord) -> Option<Assignment> {
    // What people sent elsewhere stays there as long as the ward is the same one.
    let placed = record.assigned.ward.as_ref().filter(|w| w.generation == areas.codebook.active);
    if record.assigned.rule == TRANSFERRED && placed.is_some_and(|w| areas.book.unit(w).is_some()) {
        return Some(record.assigned.clone());
    }
    let point: LonLat = record.point?;
    let category = city.pack.categories.by_code(&record.category)?;
    let place = Place::at(areas, point, areas.active().locate(point).ok()?);
    let assigned = city.pack.routing.body_for(category, place.ward.as_ref());
    let precision = record.decided.with(Some(category.precision));
    let exactly = |m: Option<f64>| m.filter(|_| precision == Precision::Exact);
    Some(Assignment {
        seq: record.assigned.seq,
        body: assigned.body.to_string(),
        rule: assigned.rule,
        point: public_point(areas, precision, point, place.unit),
        border_m: exactly(place.border_m),
        offshore_m: exactly(place.offshore_m),
        ward: place.ward,
        basis: record.assigned.basis,
    })
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).and_then(|()| out.finish()).expect("writing to memory cannot fail")
}
