//! Ward shapes: shared borders stay shared and rings stay valid, on generated and on real wards.

use std::collections::HashMap;
use std::io::Read;

use geo::{Coord, LineString, Polygon};
use rand::{RngExt, SeedableRng};

use super::*;
use crate::domain::CodeBook;
use crate::geo::TileId;
use crate::map::layer::Layer;
use crate::map::shape::features::FeatureSets;
use crate::map::shape::ring::clip::area2;
use crate::map::shape::ring::frame::{Bounds, Point};
use crate::map::shape::ring::solid::solid;
use crate::map::shape::ring::solid::tests::checked;
use crate::map::tile::mvt::decode;
use crate::map::tile::{Sources, tile};

/// A lattice of n by n wards with wiggly inner borders and a rectangular outline.
fn lattice(n: i32) -> Vec<WardShape> {
    let steps = 40;
    let wiggle = |i: i32, j: i32| f64::from((i * 7919 + j * 104_729).rem_euclid(97) - 48) * 0.000_004;
    let size = n * steps;
    let at = |i: i32, j: i32| {
        let inner = |v: i32| v % steps == 0 && v != 0 && v != size;
        let dx = if inner(i) && j % steps != 0 { wiggle(i, j) } else { 0.0 };
        let dy = if inner(j) && i % steps != 0 { wiggle(j, i) } else { 0.0 };
        Coord { x: 106.6 + f64::from(i) * 0.000_5 + dx, y: 10.7 + f64::from(j) * 0.000_5 + dy }
    };
    let mut out = Vec::new();
    for a in 0..n {
        for b in 0..n {
            let (i0, j0, i1, j1) = (a * steps, b * steps, (a + 1) * steps, (b + 1) * steps);
            let mut ring: Vec<Coord> = (i0..i1).map(|i| at(i, j0)).collect();
            ring.extend((j0..j1).map(|j| at(i1, j)));
            ring.extend((i0 + 1..=i1).rev().map(|i| at(i, j1)));
            ring.extend((j0 + 1..=j1).rev().map(|j| at(i0, j)));
            let code = (1000 + a * n + b).to_string();
            out.push(WardShape {
                name: format!("Phường {code}"),
                short_name: code.clone(),
                ward: format!("g.{code}"),
                label: LonLat::new(106.6 + f64::from(i0 + 20) * 0.000_5, 10.7 + f64::from(j0 + 20) * 0.000_5)
                    .unwrap(),
                code,
                area: MultiPolygon(vec![Polygon::new(LineString(ring), vec![])]),
            });
        }
    }
    out
}

fn wards_layer() -> Layer {
    Layer::parse("wards.toml", include_str!("../../../../tiles/layers/wards.toml"), &[]).unwrap()
}

fn tiles_of(bounds: Bounds, zoom: u8) -> Vec<TileId> {
    let corner = |p: Point| TileId::holding(Mercator { x: p.0, y: p.1 }, zoom).unwrap();
    let (a, b) = (corner(bounds.min), corner(bounds.max));
    (a.x()..=b.x()).flat_map(|x| (a.y()..=b.y()).map(move |y| TileId::new(zoom, x, y).unwrap())).collect()
}

fn everywhere(shapes: &WardShapes) -> Bounds {
    shapes.mesh.areas.iter().fold(Bounds::NONE, |b, a| b.with(a.bounds))
}

#[test]
fn shared_borders_are_the_same_line_on_both_sides() {
    let shapes = WardShapes::build("g", false, &lattice(3)).unwrap();
    for zoom in 4..=16 {
        let tile = tiles_of(everywhere(&shapes), zoom)[0];
        let corner = |p: Point| tile.quantise(Mercator { x: p.0, y: p.1 }, 12);
        let (min, max) = (corner(everywhere(&shapes).min), corner(everywhere(&shapes).max));
        let mut edges: HashMap<_, i32> = HashMap::new();
        for area in &shapes.mesh.areas {
            let ring = shapes.mesh.ring(&area.polygons[0][0], &Frame::new(tile, 64));
            for i in 0..ring.len() {
                let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                if a != b {
                    *edges.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
                }
            }
        }
        let mut inner = 0;
        for ((a, b), balance) in edges {
            // The outline's own corners may be dropped at small zooms.
            let outline = |p: (i32, i32)| p.0 == min.0 || p.0 == max.0 || p.1 == min.1 || p.1 == max.1;
            assert!(
                balance == 0 || (outline(a) && outline(b)),
                "border {a:?} to {b:?} has one side only at zoom {zoom}"
            );
            inner += i32::from(balance == 0);
        }
        assert!(inner > 0 || zoom < 6);
    }
}

#[test]
fn a_tile_inside_is_covered_without_gap_or_overlap() {
    let shapes = WardShapes::build("g", false, &lattice(3)).unwrap();
    let middle = LonLat::new(106.63, 10.73).unwrap();
    for zoom in 14..=18 {
        let tile = TileId::holding(Mercator::from_lonlat(middle), zoom).unwrap();
        let sum: i64 =
            shapes.wards.iter().flat_map(|w| shapes.rings(w, &Frame::new(tile, 64))).map(|r| area2(&r)).sum();
        assert_eq!(sum, 2 * (4096 + 128) * (4096 + 128), "zoom {zoom}");
    }
}

#[test]
fn a_hole_and_the_ward_in_it_share_their_border() {
    let ring = |r: f64, flip: bool| {
        let mut v: Vec<Coord> = (0..90)
            .map(|i| f64::from(i).to_radians() * 4.0)
            .map(|a| Coord { x: 106.6 + r * a.cos(), y: 10.7 + r * a.sin() })
            .collect();
        if flip {
            v.reverse();
            v.rotate_left(31);
        }
        LineString(v)
    };
    let ward = |code: &str, area: Polygon| WardShape {
        code: code.to_owned(),
        name: code.to_owned(),
        short_name: code.to_owned(),
        ward: format!("g.{code}"),
        label: LonLat::new(106.6, 10.7).unwrap(),
        area: MultiPolygon(vec![area]),
    };
    let wards = [
        ward("1", Polygon::new(ring(0.02, false), vec![ring(0.01, true)])),
        ward("2", Polygon::new(ring(0.01, false), vec![])),
    ];
    let shapes = WardShapes::build("g", false, &wards).unwrap();
    assert_eq!(shapes.mesh.arcs.len(), 2);
    for tile in (8..=16).flat_map(|z| tiles_of(everywhere(&shapes), z)) {
        let (outer, inner) = (
            shapes.rings(&shapes.wards[0], &Frame::new(tile, 64)),
            shapes.rings(&shapes.wards[1], &Frame::new(tile, 64)),
        );
        assert_eq!((checked(&outer), checked(&inner)), (Ok(()), Ok(())), "{tile}");
        let area = |rings: &[Path]| rings.iter().map(|r| area2(r)).sum::<i64>();
        if area(&inner) == 2 * (4096 + 128) * (4096 + 128) {
            assert!(outer.is_empty(), "a tile inside the hole shows nothing of the ward around it");
        }
        // Together they leave no gap and cover nothing twice.
        let both = solid(&[outer.clone(), inner.clone()].concat());
        assert!(both.iter().all(|r| area2(r) > 0), "{tile}");
        assert_eq!(area(&both), area(&outer) + area(&inner), "{tile}");
    }
}

#[test]
fn names_show_once_and_ids_are_codes() {
    let shapes = WardShapes::build("g", true, &lattice(3)).unwrap();
    let snapshot = crate::map::Snapshot::from_rows(Vec::new(), 0);
    let sources = Sources {
        snapshot: &snapshot,
        codebook: &CodeBook::default(),
        wards: Some(&shapes),
        features: &FeatureSets::default(),
        now: crate::domain::Instant::MIN,
    };
    let mut labels: Vec<u64> = Vec::new();
    for id in tiles_of(everywhere(&shapes), 13) {
        for layer in decode(&tile(&sources, &wards_layer(), &crate::query::Joint::default(), id)).unwrap() {
            for f in &layer.features {
                if layer.name == "ward_labels" {
                    labels.push(f.id);
                    assert!(
                        f.paths
                            .iter()
                            .flatten()
                            .all(|p| (0..4096).contains(&p.0) && (0..4096).contains(&p.1))
                    );
                } else {
                    assert_eq!(f.kind, 3);
                }
            }
        }
    }
    labels.sort_unstable();
    assert_eq!(labels, (1000..1009).collect::<Vec<_>>());
}

#[test]
fn codes_must_be_numbers_and_unique() {
    let mut wards = lattice(1);
    wards.push(wards[0].clone());
    assert_eq!(WardShapes::build("g", false, &wards).unwrap_err(), ShapeError::Twice("1000".into()));
    wards[1].code = "Q-1".into();
    assert_eq!(WardShapes::build("g", false, &wards).unwrap_err(), ShapeError::Code("Q-1".into()));
}

/// The real wards, if the shared data is available.
fn real_wards() -> Option<Vec<WardShape>> {
    let folder = crate::real_data::folder("map::real_wards")?;
    let file = std::fs::File::open(folder.join("wards-2025-07.geojson.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let list = |v: &serde_json::Value| v.as_array().unwrap().clone();
    let line = |v: &serde_json::Value| -> LineString {
        list(v).iter().map(|c| Coord { x: c[0].as_f64().unwrap(), y: c[1].as_f64().unwrap() }).collect()
    };
    let wards = list(&all["features"]).into_iter().map(|f| {
        let text = |k: &str| f["properties"][k].as_str().unwrap().to_owned();
        assert_eq!(f["geometry"]["type"], "MultiPolygon");
        let polygons = list(&f["geometry"]["coordinates"]).iter().map(list).collect::<Vec<_>>();
        let area = MultiPolygon(
            polygons.iter().map(|p| Polygon::new(line(&p[0]), p[1..].iter().map(line).collect())).collect(),
        );
        let c = area.0[0].exterior().0[0];
        let code = text("code");
        WardShape {
            name: text("name"),
            short_name: text("name"),
            ward: format!("2025-07-01.{code}"),
            code,
            label: LonLat::new(c.x, c.y).unwrap(),
            area,
        }
    });
    Some(wards.collect())
}

/// The wards' tiles of a zoom: all if there are few, otherwise a sample of those with a border in
/// them.
fn some_tiles(shapes: &WardShapes, zoom: u8, most: usize) -> Vec<TileId> {
    let all = || tiles_of(everywhere(shapes), zoom);
    if zoom <= 12 {
        return all();
    }
    let mut rng = rand_pcg::Pcg64::seed_from_u64(zoom.into());
    let tile = |_| {
        let arc = &shapes.mesh.arcs[rng.random_range(0..shapes.mesh.arcs.len())];
        let (x, y) = arc[rng.random_range(0..arc.len())].at;
        TileId::holding(Mercator { x, y }, zoom).unwrap()
    };
    let mut some: Vec<TileId> = (0..most).map(tile).collect();
    some.sort_unstable();
    some.dedup();
    some
}

#[test]
fn every_real_ward_is_valid_in_every_tile_and_has_its_name_once() {
    let Some(wards) = real_wards() else { return };
    let shapes = WardShapes::build("2025-07-01", false, &wards).unwrap();
    let snapshot = crate::map::Snapshot::from_rows(Vec::new(), 0);
    let sources = Sources {
        snapshot: &snapshot,
        codebook: &CodeBook::default(),
        wards: Some(&shapes),
        features: &FeatureSets::default(),
        now: crate::domain::Instant::MIN,
    };
    for zoom in 4..=16 {
        let (mut labels, mut seen) = (0, std::collections::HashSet::new());
        for id in some_tiles(&shapes, zoom, 200) {
            let bytes = tile(&sources, &wards_layer(), &crate::query::Joint::default(), id);
            for layer in decode(&bytes).expect("what was written can be read") {
                labels += if layer.name == "ward_labels" { layer.features.len() } else { 0 };
                for f in layer.features.iter().filter(|f| f.kind == 3) {
                    seen.insert(f.id);
                    checked(&f.paths).unwrap_or_else(|e| panic!("{id}, ward {}: {e}", f.id));
                    let near = |v: i32| (-64..=4160).contains(&v);
                    assert!(f.paths.iter().flatten().all(|p| near(p.0) && near(p.1)), "{id}, ward {}", f.id);
                }
            }
        }
        assert!(zoom > 12 || labels == 168, "{labels} names at zoom {zoom}");
        assert!(!(8..=12).contains(&zoom) || seen.len() == 168, "{} wards at zoom {zoom}", seen.len());
    }
}

#[test]
fn real_wards_leave_no_gap_and_do_not_overlap() {
    let Some(wards) = real_wards() else { return };
    let shapes = WardShapes::build("2025-07-01", false, &wards).unwrap();
    let sum = |rings: &[Path]| rings.iter().map(|r| area2(r)).sum::<i64>();
    let whole = 2 * 4224 * 4224;
    for zoom in 6..=16 {
        let mut inside = 0;
        for id in some_tiles(&shapes, zoom, 100) {
            let frame = Frame::new(id, 64);
            let (mut wound, mut drawn) = (Vec::new(), Vec::new());
            for area in 0..shapes.mesh.areas.len() {
                let (before, after) =
                    (shapes.mesh.wound(area, &frame, true), shapes.mesh.rings(area, &frame));
                // The area wound wrongly where borders cross is at most two pixels.
                let lost = sum(&after) - sum(&before);
                assert!(lost.abs() <= 2 * 2 * 64, "{id}: area {area} differs by {lost} half units");
                wound.extend(before);
                drawn.extend(after);
            }
            // Everything inside the borders is covered; areas covered twice overlap in the source.
            let (city, covered) = (sum(&solid(&wound)), sum(&solid(&drawn)));
            assert!((city - covered).abs() <= 2, "{id}: a gap of {} half units", city - covered);
            let twice = sum(&drawn) - covered;
            assert!(twice <= city / 2000 + 16, "{id}: {twice} half units are covered twice");
            inside += usize::from(city == whole);
        }
        assert!(zoom < 12 || inside > 20, "only {inside} tiles inside the city at zoom {zoom}");
    }
}
