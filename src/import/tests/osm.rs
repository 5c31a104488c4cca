//! OpenStreetMap's files, made by hand and damaged by chance.

use geo::Geometry;
use proptest::prelude::*;

use super::{city, collection, gzip, import, reasons, refused};
use crate::import::*;

/// Protocol buffers by hand: just what a small OSM PBF needs.
mod pbf {
    pub(super) fn varint(mut n: u64, out: &mut Vec<u8>) {
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }

    pub(super) fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        varint(field << 3 | 2, &mut out);
        varint(content.len() as u64, &mut out);
        [out, content.to_vec()].concat()
    }

    pub(super) fn number(field: u64, n: u64) -> Vec<u8> {
        let mut out = Vec::new();
        varint(field << 3, &mut out);
        varint(n, &mut out);
        out
    }

    pub(super) fn packed(field: u64, numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
        let mut out = Vec::new();
        numbers.into_iter().for_each(|n| varint(n, &mut out));
        bytes(field, &out)
    }

    pub(super) fn zigzag(n: i64) -> u64 {
        ((n << 1) ^ (n >> 63)) as u64
    }

    pub(super) fn deltas(of: &[i64]) -> Vec<u64> {
        let before = std::iter::once(&0).chain(of);
        of.iter().zip(before).map(|(a, b)| zigzag(a - b)).collect()
    }

    fn blob(kind: &str, content: &[u8]) -> Vec<u8> {
        let blob = [bytes(1, content), number(2, content.len() as u64)].concat();
        let header = [bytes(1, kind.as_bytes()), number(3, blob.len() as u64)].concat();
        [(header.len() as u32).to_be_bytes().to_vec(), header, blob].concat()
    }

    /// Six nodes, of which one is a hospital and one a bench, a closed way that is a school, a road,
    /// and a road with a node that is not there.
    pub(super) fn file(feature: &str) -> Vec<u8> {
        let strings = [
            "",
            "amenity",
            "hospital",
            "name",
            "Chợ Rẫy",
            "bench",
            "school",
            "highway",
            "primary",
            "fee",
            "5000 VND",
        ];
        let table: Vec<u8> = strings.iter().flat_map(|s| bytes(1, s.as_bytes())).collect();
        let at = |degrees: f64| (degrees * 1e7) as i64;
        let (lons, lats) =
            ([106.7, 106.7, 106.71, 106.71, 106.70, 106.72], [10.78, 10.77, 10.77, 10.78, 10.775, 10.78]);
        let dense = [
            packed(1, deltas(&[1, 2, 3, 4, 5, 6])),
            packed(8, deltas(&lats.map(at))),
            packed(9, deltas(&lons.map(at))),
            packed(10, [1, 2, 3, 4, 9, 10, 0, 1, 5, 0, 0, 0, 0, 0]),
        ];
        let way = |id: u64, keys: &[u64], values: &[u64], refs: &[i64]| {
            let tags = [packed(2, keys.to_vec()), packed(3, values.to_vec())].concat();
            bytes(3, &[number(1, id), tags, packed(8, deltas(refs))].concat())
        };
        let ways = [
            way(10, &[1], &[6], &[1, 2, 3, 4, 1]),
            way(11, &[7], &[8], &[1, 3, 6]),
            way(12, &[7], &[8], &[1, 99]),
        ];
        let block = [bytes(1, &table), bytes(2, &bytes(2, &dense.concat())), bytes(2, &ways.concat())];
        [blob("OSMHeader", &bytes(4, feature.as_bytes())), blob("OSMData", &block.concat())].concat()
    }
}

#[test]
fn osm_elements_come_by_the_citys_rules() {
    let file = pbf::file("OsmSchema-V0.6");
    let read = import(file.clone(), "facilities", "").unwrap();
    assert_eq!(read.findings.format, Format::OsmPbf);
    let ids: Vec<&str> = read.features.iter().map(|f| &*f.source_id).collect();
    assert_eq!(ids, ["n1", "w10"], "{:?}", reasons(&read));
    let c = collection("facilities");
    let value = |i: usize, name: &str| format!("{:?}", read.features[i].values[c.position(name).unwrap()]);
    assert_eq!((&*value(0, "kind"), &*value(0, "name_vi")), ("Text(\"hospital\")", "Text(\"Chợ Rẫy\")"));
    assert_eq!((&*value(0, "fee"), &*value(0, "rank")), ("Null", "Integer(1)"));
    let Some(Geometry::Point(centre)) = &read.features[1].geometry else { panic!() };
    assert!((centre.x() - 106.705).abs() < 1e-6 && (centre.y() - 10.775).abs() < 1e-6);

    let read = import(gzip(&file), "traffic", "").unwrap();
    assert_eq!(read.features.len(), 1);
    let Some(Geometry::LineString(road)) = &read.features[0].geometry else { panic!() };
    assert_eq!(road.0.len(), 3);
    assert_eq!(reasons(&read), ["2 w12: 1 of its 2 nodes are not in the file"]);
    assert!(refused(file, "alerts", "").contains("no rules for alerts"));
    assert!(refused(pbf::file("HistoricalInformation"), "facilities", "").contains("HistoricalInformation"));
    let file = pbf::file("OsmSchema-V0.6");
    assert!(refused(&file[..file.len() - 30], "facilities", "").contains("the OSM PBF"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damaged_osm_files_are_refused_or_read_and_never_worse(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut file = pbf::file("OsmSchema-V0.6");
        for (at, byte) in changes {
            let i = at.index(file.len());
            file[i] = byte;
        }
        if cut {
            file.truncate(end.index(file.len()));
        }
        for id in ["facilities", "traffic"] {
            let _ = read::osm_rows(&file, city().0.osm(id).unwrap());
        }
    }
}
