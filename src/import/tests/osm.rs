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

    /// An element for [`made`]: id, tags, nodes or members with their roles.
    pub(super) struct Of<'a>(pub u64, pub &'a [(&'a str, &'a str)], pub Vec<(i64, &'a str)>);

    /// A file of plain nodes, of ways and of relations of ways. With `on_ways` the ways hold the positions
    /// and there are no nodes.
    pub(super) fn made<'a>(
        nodes: &[(i64, f64, f64)],
        ways: &'a [Of<'a>],
        relations: &'a [Of<'a>],
        on_ways: bool,
    ) -> Vec<u8> {
        let mut strings: Vec<&'a str> = vec![""];
        let mut sid = |s: &'a str| {
            let known = strings.iter().position(|t| *t == s);
            known.unwrap_or_else(|| {
                strings.push(s);
                strings.len() - 1
            }) as u64
        };
        let e7 = |degrees: f64| (degrees * 1e7).round() as i64;
        let at = |id: i64| nodes.iter().find(|n| n.0 == id).map_or((0.0, 0.0), |n| (n.1, n.2));
        let mut tags = |of: &'a Of<'a>| -> Vec<u8> {
            let (keys, values): (Vec<u64>, Vec<u64>) = of.1.iter().map(|(k, v)| (sid(k), sid(v))).unzip();
            let roles = of.2.iter().map(|(_, role)| sid(role)).collect::<Vec<_>>();
            let roles = if of.2.iter().any(|(_, role)| *role != "-") { packed(8, roles) } else { Vec::new() };
            [number(1, of.0), packed(2, keys), packed(3, values), roles].concat()
        };
        let way = |of: &Of<'_>, head: Vec<u8>| {
            let refs: Vec<i64> = of.2.iter().map(|(n, _)| *n).collect();
            let mut way = [head, packed(8, deltas(&refs))].concat();
            if on_ways {
                let (x, y): (Vec<i64>, Vec<i64>) = refs.iter().map(|n| (e7(at(*n).0), e7(at(*n).1))).unzip();
                way.extend([packed(9, deltas(&y)), packed(10, deltas(&x))].concat());
            }
            bytes(3, &way)
        };
        let ways: Vec<u8> = ways.iter().flat_map(|of| way(of, tags(of))).collect();
        let relations: Vec<u8> = relations
            .iter()
            .flat_map(|of| {
                let ids: Vec<i64> = of.2.iter().map(|(id, _)| *id).collect();
                let types = packed(10, of.2.iter().map(|_| 1));
                bytes(4, &[tags(of), packed(9, deltas(&ids)), types].concat())
            })
            .collect();
        let kept = if on_ways { &[][..] } else { nodes };
        let dense = [
            packed(1, deltas(&kept.iter().map(|n| n.0).collect::<Vec<_>>())),
            packed(8, deltas(&kept.iter().map(|n| e7(n.2)).collect::<Vec<_>>())),
            packed(9, deltas(&kept.iter().map(|n| e7(n.1)).collect::<Vec<_>>())),
        ];
        let table: Vec<u8> = strings.iter().flat_map(|s| bytes(1, s.as_bytes())).collect();
        let block =
            [bytes(1, &table), bytes(2, &bytes(2, &dense.concat())), bytes(2, &ways), bytes(2, &relations)];
        [blob("OSMHeader", &bytes(4, b"OsmSchema-V0.6")), blob("OSMData", &block.concat())].concat()
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

fn ids(read: &Read) -> Vec<&str> {
    read.features.iter().map(|f| &*f.source_id).collect()
}

fn place(read: &Read, id: &str) -> (f64, f64) {
    let f = read.features.iter().find(|f| f.source_id == id).unwrap();
    let Some(Geometry::Point(p)) = &f.geometry else { panic!() };
    (p.x(), p.y())
}

#[test]
fn multipolygons_come_as_a_place_inside_and_other_relations_are_counted() {
    let read = import(include_bytes!("data/relations.osm.pbf"), "facilities", "").unwrap();
    assert_eq!(ids(&read), ["n9000000054", "w9000000067", "r18100001", "r18100002"], "{:?}", reasons(&read));
    // In the hospital and not in its yard.
    let (x, y) = place(&read, "r18100001");
    assert!((106.658..106.6612).contains(&x) && (10.756..10.7586).contains(&y), "{x} {y}");
    assert!(!((106.659..106.66).contains(&x) && (10.7568..10.7576).contains(&y)), "{x} {y}");
    let (x, y) = place(&read, "r18100002");
    assert!((106.6915..106.6945).contains(&x) && (10.774..10.7768).contains(&y), "{x} {y}");
    assert_eq!(read.findings.notes, ["1 relations of type site match the rules and are not read"]);
    let lines = import(include_bytes!("data/relations.osm.pbf"), "traffic", "").unwrap();
    assert_eq!((ids(&lines), lines.rejected.len()), (vec!["w9000000098"], 0));
}

#[test]
fn ways_that_are_clipped_are_refused() {
    let read = import(include_bytes!("data/clipped-ways.osm.pbf"), "facilities", "").unwrap();
    let said = reasons(&read);
    assert_eq!((read.features.len(), said.len()), (6, 6), "{said:?}");
    assert!(said.iter().all(|s| s.ends_with(" of its 17 nodes are not in the file")), "{said:?}");
}

#[test]
fn rings_close_over_ways_of_any_direction_and_positions_may_stand_on_ways() {
    use pbf::{Of, made};
    let nodes = [
        (1, 106.70, 10.77),
        (2, 106.72, 10.77),
        (3, 106.72, 10.79),
        (4, 106.70, 10.79),
        (5, 106.705, 10.775),
        (6, 106.715, 10.775),
        (7, 106.715, 10.785),
        (8, 106.705, 10.785),
    ];
    let of = |refs: &[i64]| refs.iter().map(|n| (*n, "-")).collect::<Vec<_>>();
    let market = [("type", "multipolygon"), ("amenity", "Hospital;hospital"), ("name", "A")];
    let ways = [
        Of(20, &[], of(&[1, 2, 3])),
        Of(21, &[], of(&[1, 4, 3])),
        Of(22, &[], of(&[5, 6, 7])),
        Of(23, &[], of(&[7, 8, 5])),
        Of(24, &[("amenity", "school; college")], of(&[1, 2, 3, 4, 1])),
    ];
    let relation = |members: &[(i64, &'static str)], id| Of(id, &market, members.to_vec());
    let all = [(20, "outer"), (22, "inner"), (21, "outer"), (23, "inner")];
    let relations = [
        relation(&all, 30),
        relation(&all[..2], 31),
        relation(&[(20, "outer"), (99, "outer")], 32),
        relation(&[], 33),
        Of(34, &[("type", "route"), ("amenity", "hospital")], vec![(20, "")]),
    ];
    for on_ways in [false, true] {
        let read = import(made(&nodes, &ways, &relations, on_ways), "facilities", "").unwrap();
        assert_eq!(ids(&read), ["w24", "r30"], "{on_ways}: {:?}", reasons(&read));
        let (x, y) = place(&read, "r30");
        assert!((106.70..106.72).contains(&x) && (10.77..10.79).contains(&y));
        assert!(!((106.705..106.715).contains(&x) && (10.775..10.785).contains(&y)), "{x} {y}");
        let said = reasons(&read);
        assert!(said[0].contains("r31: has a ring that is not closed"), "{said:?}");
        assert!(said[1].contains("r32: 1 of its 2 ways are not in the file"), "{said:?}");
        assert_eq!(said.len(), 3, "{said:?}");
        assert_eq!(read.findings.notes, ["1 relations of type route match the rules and are not read"]);
    }
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
