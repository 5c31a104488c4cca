//! The files of others, each with its profile: what comes in, what does not, and why. The figures
//! are those of the files as they are; `cargo test import::tests::real -- --nocapture` prints them.

use std::path::{Path, PathBuf};

use crate::import::*;
use diaban_core::area::{Generation, read_sea, read_units};
use diaban_core::pack::Pack;

fn generation(folder: &Path, pack: &Pack) -> Generation {
    let units =
        read_units(&std::fs::read(folder.join("wards-2025-07.geojson.gz")).unwrap(), &pack.city.units)
            .unwrap();
    let sea = read_sea(pack.areas.sea().unwrap()).unwrap();
    Generation::build("2025-07-01", false, units, Some(sea)).unwrap()
}

struct Case {
    folder: PathBuf,
    pack: Pack,
    areas: Generation,
}

impl Case {
    fn new(test: &str) -> Option<Self> {
        let folder = diaban_core::real_data::folder(test)?;
        let pack = crate::city_files::embedded().unwrap();
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
                zone: self.pack.time_zone(),
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
                    r.findings.ids,
                    begun.elapsed()
                );
                r.findings.counts.lines().iter().for_each(|l| println!("    {l}"));
                let mut reasons = Reasons::default();
                reasons.see(&r.rejected);
                reasons.most().iter().for_each(|(why, n)| println!("    rejected {n}: {why}"));
                println!("    not read: {}", r.findings.unread.join(", "));
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
    for (file, profile, figures) in [
        ("osm-hospitals-2026-07.geojson", "hospitals", [178, 178, 0, 0]),
        ("osm-amenities-2026-07.geojson", "amenities", [690, 686, 4, 0]),
        ("metro-stations.geojson", "metro-stations", [40, 30, 10, 0]),
        ("traffic-cameras-2017.geojson", "cameras-2017", [282, 278, 4, 0]),
        ("traffic-cameras-2025-11.geojson", "cameras-2025", [721, 721, 0, 0]),
        ("parking-lots-2020.csv", "parking", [223, 223, 0, 0]),
        ("hcmc-bus-stops-2024.csv", "bus-stops", [2938, 2891, 12, 35]),
        ("hcmc-bus-lines-2024.geojson.gz", "bus-lines", [207, 207, 0, 0]),
        ("osm-hanoi-toilets.geojson", "toilets", [141, 0, 141, 0]),
    ] {
        assert_eq!(case.figures(&format!("facilities/{file}"), profile), figures, "{file}");
    }
    let stops = case.read("facilities/hcmc-bus-stops-2024.csv", "bus-stops").unwrap();
    assert_eq!(stops.findings.counts.decomposed, 240);
    let lines = case.read("facilities/hcmc-bus-lines-2024.geojson.gz", "bus-lines").unwrap();
    assert_eq!((lines.findings.counts.repeated, lines.findings.counts.with_repeated), (11_997, 172));
    let as_places = Profile::parse("set = { kind = 'bus_stop' }").unwrap();
    let lines = case.with("facilities/hcmc-bus-lines-2024.geojson.gz", "facilities", &as_places).unwrap();
    assert!(
        lines.rejected.len() == 207
            && lines.rejected[0].reason.starts_with("must be of shape point (--shape point makes")
    );
    for file in ["utm48n.shp", "wgs84.shp", "wgs84.dbf"] {
        let file = format!("facilities/district7-shp/education-noninteractive-{file}");
        let said = case.read(&file, "hospitals").unwrap_err().to_string();
        assert!(said.contains("which is not a format that is read") && said.contains("ogr2ogr"), "{said}");
    }
}

#[test]
fn real_traffic_comes_in_or_says_why_not() {
    let Some(case) = Case::new("import::real_traffic") else { return };
    for (file, profile, figures) in [
        ("hcmc-junctions.geojson", "junctions", [64, 64, 0, 0]),
        ("hcmc-slow-points.csv.gz", "slow-points", [12_667, 12_667, 0, 0]),
        ("wzdx-cdot-production-2025-08-07.json.gz", "work-zones", [282, 0, 282, 0]),
        ("cwz-cdot-production-2025-08-07.json.gz", "work-zones", [85, 0, 85, 0]),
        ("cdot-incident.json", "work-zones", [1, 0, 1, 0]),
        ("cdot-planned-event-null-start.json", "work-zones", [1, 0, 1, 0]),
        ("fi-geojson-featurecollection.json", "announcements-fi", [2, 0, 2, 0]),
        ("wzdx/arrow_board_ok_example.geojson", "work-zones", [1, 0, 1, 0]),
        ("wzdx/camera_error_example.geojson", "work-zones", [1, 0, 1, 0]),
        ("wzdx/scenario1_simple_multipoint_example.geojson", "work-zones", [5, 0, 5, 0]),
        ("wzdx/scenario2_laneshift_linestring_example.geojson", "work-zones", [1, 0, 1, 0]),
        ("wzdx/scenario4_detour_linestring_example.geojson", "work-zones", [4, 0, 4, 0]),
        ("wzdx/scenario5_recurring_linestring_example.geojson", "work-zones", [4, 0, 4, 0]),
        ("wzdx/scenario7_mobileoperation_linestring_example.geojson", "work-zones", [2, 0, 2, 0]),
        (
            "wzdx/scenario8_local_access_only_bidirectional_linestring_example.geojson",
            "work-zones",
            [2, 0, 2, 0],
        ),
    ] {
        assert_eq!(case.figures(&format!("traffic/{file}"), profile), figures, "{file}");
    }
    for (file, profile, word) in [
        ("fi-traffic-message-0.2.17.json", "roads", "its \"type\" is \"object\""),
        ("gtfs-rt-bart-alerts.pb", "roads", "a binary file"),
        ("hcmc-road-network.net.xml.gz", "roads", "XML"),
        ("datex2-v3-nl-ndw-situations.xml", "roads", "XML"),
        (
            "hcmc-congestion-boxes-wkt-swapped.csv",
            "congestion-boxes",
            "41 of 41 features have latitude before longitude: the first begins with 10.79275245,106.69642045, \
             which exchanged lies in Phường Tân Định",
        ),
    ] {
        let said = case.read(&format!("traffic/{file}"), profile).unwrap_err().to_string();
        assert!(said.contains(word), "{file}: {said}");
    }
    // The list inside an object is read, and its rows say what they lack.
    for file in ["hcmc-ring-roads-2026-08.json", "gtfs-rt-bart-alerts.pb.json"] {
        let read = case.read(&format!("traffic/{file}"), "roads").unwrap();
        assert!(
            read.features.is_empty() && read.rejected.len() as u64 == read.rows && read.rows > 0,
            "{file}"
        );
        assert!(
            read.rejected.iter().all(|r| r.reason.contains("has no place") || r.reason.contains("missing"))
        );
    }
    // A system that is named is converted.
    let roads = case.read("traffic/district7-roads-utm-crs-member.geojson.gz", "roads").unwrap();
    assert!(
        roads.findings.notes.iter().any(|t| t.contains("converted from EPSG:32648")),
        "{:?}",
        roads.findings.notes
    );
    assert!(
        roads.features.len() * 10 > roads.rows as usize * 9,
        "{} of {}",
        roads.features.len(),
        roads.rows
    );
    // The columns as they are labelled are swapped too.
    let labelled = Profile { lon: None, lat: None, ..named("slow-points") };
    let said = case.with("traffic/hcmc-slow-points.csv.gz", "traffic", &labelled).unwrap_err().to_string();
    assert!(said.starts_with("12667 of 12667 features have latitude before longitude"), "{said}");
    // Confirmed, the boxes are areas, which this collection has not.
    let swapped = Profile { swap_axes: true, ..named("congestion-boxes") };
    let boxes = case.with("traffic/hcmc-congestion-boxes-wkt-swapped.csv", "traffic", &swapped).unwrap();
    assert!(
        boxes.rejected.len() == 41
            && boxes.rejected[0].reason.starts_with("must be of shape line or point (--shape")
    );
    let alert = "wkt = 'box'\nswap_axes = true\n[set]\nseverity = 'minor'\nheadline_vi = 'Ùn tắc'\n\
        onset = '2026-01-01'\nexpires = '2026-01-02'";
    let alert = Profile::parse(alert).unwrap();
    let boxes = case.with("traffic/hcmc-congestion-boxes-wkt-swapped.csv", "alerts", &alert).unwrap();
    assert_eq!((boxes.features.len(), boxes.rejected.len()), (41, 0));
}
