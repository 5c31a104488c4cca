//! Each format and each fault on files of a few lines, over the embedded wards.

mod areas;
mod cases;
mod documents;
mod identity;
mod osm;
mod real;
mod reports;
mod shapes;
mod systems;
mod tables;
mod whole;

use std::io::Write;
use std::sync::OnceLock;

use super::*;
use diaban_core::area::{Generation, read_units};
use diaban_core::domain::Collection;
use diaban_core::pack::Pack;

pub(super) fn city() -> &'static (Pack, Generation) {
    static CITY: OnceLock<(Pack, Generation)> = OnceLock::new();
    CITY.get_or_init(|| {
        let pack = crate::city_files::embedded().unwrap();
        let units = read_units(pack.areas.area_file("2025-07-01").unwrap(), &pack.city.units).unwrap();
        let areas = Generation::build("2025-07-01", true, units, None).unwrap();
        (pack, areas)
    })
}

pub(super) fn collection(id: &str) -> &'static Collection {
    city().0.collection(id).unwrap()
}

pub(super) fn import(bytes: impl Into<Vec<u8>>, id: &str, profile: &str) -> Result<Read, ImportError> {
    import_as(bytes, id, profile, Outside::Reject)
}

fn import_as(
    bytes: impl Into<Vec<u8>>,
    id: &str,
    profile: &str,
    outside: Outside,
) -> Result<Read, ImportError> {
    let (pack, areas) = city();
    let profile = Profile::parse(profile).unwrap();
    let (collection, osm) = (collection(id), pack.osm(id));
    let zone = pack.time_zone();
    read(bytes.into(), Input { format: None, collection, profile: &profile, osm, zone, areas, outside })
}

pub(super) const PARKING: &str = "set = { kind = 'parking' }";

pub(super) fn refused(bytes: impl Into<Vec<u8>>, id: &str, profile: &str) -> String {
    import(bytes, id, profile).expect_err("the file must be refused").to_string()
}

/// The reasons of the rejected rows, `row id: reason`.
pub(super) fn reasons(read: &Read) -> Vec<String> {
    let text = |r: &Rejected| format!("{} {}: {}", r.row, r.source_id.as_deref().unwrap_or("-"), r.reason);
    read.rejected.iter().map(text).collect()
}

pub(super) fn feature(id: u32, geometry: &str) -> String {
    format!(r#"{{"type":"Feature","id":{id},"properties":{{}},"geometry":{geometry}}}"#)
}

pub(super) fn document(features: &[String], more: &str) -> String {
    format!(r#"{{"type":"FeatureCollection"{more},"features":[{}]}}"#, features.join(","))
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    w.write_all(bytes).unwrap();
    w.finish().unwrap()
}

pub(super) const HERE: &str = r#"{"type":"Point","coordinates":[106.7,10.78]}"#;

/// The reports of a file.
fn reports(text: &str, profile: &str) -> Result<Vec<Incoming>, ImportError> {
    let profile = Profile::parse(profile).unwrap();
    let input = ReportInput {
        format: None,
        profile: &profile,
        zone: &jiff::tz::TimeZone::UTC,
        areas: &city().1,
        now: diaban_core::domain::Instant::parse("2026-01-01T00:00:00Z").unwrap(),
        batch: 10,
    };
    let mut reports = Vec::new();
    read_reports(text.as_bytes(), input, &mut |batch| {
        assert!(batch.rejected.is_empty(), "{:?}", batch.rejected);
        reports.extend(batch.taken);
        true
    })?;
    Ok(reports)
}
