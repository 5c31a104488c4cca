//! The files of others, each with its profile: what comes in, what does not, and why. The figures
//! are those of the files as they are; `cargo test import::real -- --nocapture` prints them.

use std::path::{Path, PathBuf};

use super::*;
use crate::area::{Generation, read_sea, read_units};
use crate::pack::Pack;

fn generation(folder: &Path, pack: &Pack) -> Generation {
    let units = read_units(&std::fs::read(folder.join("wards-2025-07.geojson.gz")).unwrap()).unwrap();
    let sea = read_sea(pack.areas.sea()).unwrap();
    Generation::build("2025-07-01", false, units, Some(sea)).unwrap()
}

struct Case {
    folder: PathBuf,
    pack: Pack,
    areas: Generation,
}

impl Case {
    fn new(test: &str) -> Option<Self> {
        let folder = crate::real_data::folder(test)?;
        let pack = Pack::embedded().unwrap();
        let areas = generation(&folder, &pack);
        Some(Self { folder, pack, areas })
    }

    fn with(&self, file: &str, collection: &str, profile: &Profile) -> Result<Read, ImportError> {
        let bytes = std::fs::read(self.folder.join(file)).unwrap();
        let begun = std::time::Instant::now();
        let read = read(
            bytes,
            Input {
                format: None,
                collection: self.pack.collection(collection).unwrap(),
                profile,
                osm: self.pack.osm(collection),
                areas: &self.areas,
                outside: Outside::Reject,
            },
        );
        match &read {
            Ok(r) => {
                println!(
                    "{file} → {collection}: {} rows, {} in, {} rejected, {} left out, ids {}, {:?}",
                    r.rows,
                    r.features.len(),
                    r.rejected.len(),
                    r.left_out,
                    r.ids,
                    begun.elapsed()
                );
                r.counts.lines().iter().for_each(|l| println!("    {l}"));
                r.reasons().iter().for_each(|(why, n)| println!("    rejected {n}: {why}"));
                println!("    not read: {}", r.unread.join(", "));
            }
            Err(e) => println!("{file} → {collection}: refused: {e}"),
        }
        read
    }

    fn read(&self, file: &str, profile: &str) -> Result<Read, ImportError> {
        let profile = named(profile);
        self.with(file, profile.collection.as_deref().unwrap(), &profile)
    }

    /// Rows, accepted, rejected, left out.
    fn figures(&self, file: &str, profile: &str) -> [usize; 4] {
        let r = self.read(file, profile).unwrap();
        assert_eq!(r.rows as usize, r.features.len() + r.rejected.len() + r.left_out as usize);
        [r.rows as usize, r.features.len(), r.rejected.len(), r.left_out as usize]
    }
}

fn named(profile: &str) -> Profile {
    let path = format!("{}/tests/profiles/{profile}.toml", env!("CARGO_MANIFEST_DIR"));
    Profile::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn real_facilities_come_in_with_reasons_for_what_does_not() {
    let Some(case) = Case::new("import::real_facilities") else { return };
    for (file, profile) in [
        ("osm-hospitals-2026-07.geojson", "hospitals"),
        ("osm-amenities-2026-07.geojson", "amenities"),
        ("metro-stations.geojson", "metro-stations"),
        ("traffic-cameras-2017.geojson", "cameras-2017"),
        ("traffic-cameras-2025-11.geojson", "cameras-2025"),
        ("parking-lots-2020.csv", "parking"),
        ("hcmc-bus-stops-2024.csv", "bus-stops"),
        ("hcmc-bus-lines-2024.geojson.gz", "bus-lines"),
        ("osm-hanoi-toilets.geojson", "toilets"),
    ] {
        case.figures(&format!("facilities/{file}"), profile);
    }
}

#[test]
fn real_traffic_comes_in_or_says_why_not() {
    let Some(case) = Case::new("import::real_traffic") else { return };
    let mut files = vec![
        ("hcmc-junctions.geojson".to_owned(), "junctions"),
        ("hcmc-ring-roads-2026-08.json".to_owned(), "roads"),
        ("district7-roads-utm-crs-member.geojson.gz".to_owned(), "roads"),
        ("wzdx-cdot-production-2025-08-07.json.gz".to_owned(), "work-zones"),
        ("cwz-cdot-production-2025-08-07.json.gz".to_owned(), "work-zones"),
        ("cdot-incident.json".to_owned(), "work-zones"),
        ("cdot-planned-event-null-start.json".to_owned(), "work-zones"),
        ("fi-geojson-featurecollection.json".to_owned(), "announcements-fi"),
        ("fi-traffic-message-0.2.17.json".to_owned(), "announcements-fi"),
        ("gtfs-rt-bart-alerts.pb.json".to_owned(), "roads"),
        ("hcmc-congestion-boxes-wkt-swapped.csv".to_owned(), "congestion-boxes"),
        ("hcmc-slow-points.csv.gz".to_owned(), "slow-points"),
        ("hcmc-camera-flow-2025-12.csv".to_owned(), "roads"),
        ("hcmc-road-network.net.xml.gz".to_owned(), "roads"),
        ("gtfs-rt-bart-alerts.pb".to_owned(), "roads"),
    ];
    let wzdx = std::fs::read_dir(case.folder.join("traffic/wzdx")).unwrap();
    let mut names: Vec<_> = wzdx.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    files.extend(names.into_iter().map(|n| (format!("wzdx/{n}"), "work-zones")));
    for (file, profile) in files {
        let _ = case.read(&format!("traffic/{file}"), profile);
    }
    let swapped = Profile { swap_axes: true, ..named("congestion-boxes") };
    let _ = case.with("traffic/hcmc-congestion-boxes-wkt-swapped.csv", "traffic", &swapped);
    let _ = case.with("facilities/district7-shp/education-noninteractive-utm48n.shp", "facilities", &named("hospitals"));
    let _ = case.with("facilities/district7-shp/education-noninteractive-wgs84.dbf", "facilities", &named("hospitals"));
    let lines = Profile { collection: None, fields: Default::default(), ..named("bus-lines") };
    let set = lines.set.into_iter().filter(|(k, _)| k == "kind").map(|(k, _)| (k, Scalar("bus_stop".into())));
    let lines = Profile { set: set.collect(), ..Profile::default() };
    let _ = case.with("facilities/hcmc-bus-lines-2024.geojson.gz", "facilities", &lines);
}
