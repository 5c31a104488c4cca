//! The look-up against plain truth: geo's `covers` over all units with the documented tie order, on
//! random partitions and on the real wards.

use std::path::PathBuf;
use std::time::Instant;

use geo::{Area, BoundingRect, Contains, Coord, Covers, MultiPolygon, Point, Polygon, Rect};
use proptest::prelude::*;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use super::*;
use crate::geo::{LonLat, Plane};

/// The folder of shared test data, from `DIABAN_SHARED` or beside the crate. `None` leaves a test
/// out, unless `DIABAN_REAL_DATA=required`.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("DIABAN_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    if folder.join("data").is_dir() {
        return Some(folder.join("data"));
    }
    assert!(
        std::env::var_os("DIABAN_REAL_DATA").is_none_or(|v| v != "required"),
        "real data is required, but {} has none",
        folder.display()
    );
    eprintln!("left out: no real data");
    None
}

/// The first unit in code order that covers the point.
struct Oracle<'a> {
    units: &'a [Unit],
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl<'a> Oracle<'a> {
    fn new(units: &'a [Unit]) -> Self {
        let boxes = units.iter().enumerate().map(|(i, u)| {
            let r = u.shape.bounding_rect().unwrap();
            GeomWithData::new(Rectangle::from_corners(r.min().into(), r.max().into()), i)
        });
        Self { units, boxes: RTree::bulk_load(boxes.collect()) }
    }

    fn owner(&self, at: Coord<f64>) -> Option<u16> {
        let point: [f64; 2] = at.into();
        self.boxes
            .locate_in_envelope_intersecting(&AABB::from_point(point))
            .map(|b| b.data)
            .filter(|&i| self.units[i].shape.covers(&Point::from(at)))
            .min()
            .map(|i| i as u16)
    }

    /// Metres to each unit's border within a kilometre, the nearest first, ties by code.
    fn borders(&self, p: LonLat) -> Vec<(f64, usize)> {
        let plane = Plane::at(p);
        let around = AABB::from_corners([p.lon() - 0.01, p.lat() - 0.01], [p.lon() + 0.01, p.lat() + 0.01]);
        let mut all: Vec<_> = self
            .boxes
            .locate_in_envelope_intersecting(&around)
            .map(|b| {
                let lines = self.units[b.data].shape.0.iter().flat_map(|p| {
                    std::iter::once(p.exterior()).chain(p.interiors()).flat_map(|r| r.0.windows(2))
                });
                let d =
                    lines.map(|e| plane.to_segment(e[0].into(), e[1].into())).fold(f64::INFINITY, f64::min);
                (d, b.data)
            })
            .collect();
        all.sort_by(|a, b| a.partial_cmp(b).unwrap());
        all
    }
}

fn at(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).unwrap()
}

/// Compares owner and locate with the oracle, by rules 1 and 2, and says what the owner was.
fn agree(g: &Generation, oracle: &Oracle<'_>, p: LonLat) -> Option<u16> {
    let (owner, truth) = (g.owner(p), oracle.owner(Coord { x: p.lon(), y: p.lat() }));
    match truth {
        Some(unit) => assert_eq!(owner, Some(unit), "rule 1 at {p}"),
        None => {
            if let Some((d, unit)) = oracle.borders(p).first().copied().filter(|(d, _)| *d <= SNAP_M) {
                assert_eq!(owner, Some(unit as u16), "rule 2 at {p}, {d} m");
            }
        }
    }
    owner
}

fn real() -> Option<Generation> {
    let bytes = std::fs::read(shared()?.join("wards-2025-07.geojson.gz")).unwrap();
    let start = Instant::now();
    let units = read_units(&bytes).unwrap();
    eprintln!("read in {:?}", start.elapsed());
    let start = Instant::now();
    let g = Generation::build("2025-07-01", false, units, None).unwrap();
    eprintln!("built in {:?}, grid {} bytes, {} gaps", start.elapsed(), g.grid_bytes(), g.gaps.len());
    Some(g)
}

#[test]
fn explore() {
    let Some(g) = real() else { return };
    let t = Instant::now();
    let _ = super::grid::Grid::build(&g.units);
    eprintln!("grid {:?}", t.elapsed());
    let t = Instant::now();
    let _ = super::nearest::Nearest::build(&g.units);
    eprintln!("nearest {:?}", t.elapsed());
    let t = Instant::now();
    let u = super::outline::union(&g.units);
    eprintln!("union {:?} parts {}", t.elapsed(), u.0.len());
    let t = Instant::now();
    let all = geo::unary_union(g.units.iter().map(|u| &u.shape));
    eprintln!(
        "unary {:?} parts {} holes {}",
        t.elapsed(),
        all.0.len(),
        all.0.iter().map(|p| p.interiors().len()).sum::<usize>()
    );
    let t = Instant::now();
    use geo::Validation;
    for u in &g.units {
        let e = u.shape.validation_errors();
        if !e.is_empty() {
            eprintln!("{} {:?}", u.code, e.iter().map(|e| e.to_string()).take(3).collect::<Vec<_>>());
        }
    }
    eprintln!(
        "validation {:?}, most {:?}",
        t.elapsed(),
        g.units.iter().map(|u| u.shape.0.iter().map(crate::geo::polygon::vertices).sum::<usize>()).max()
    );
    let t = Instant::now();
    use geo::{BooleanOps, Intersects};
    let mut n = 0;
    let mut tested = 0;
    for (i, a) in g.units.iter().enumerate() {
        for b in &g.units[i + 1..] {
            if !a.shape.bounding_rect().unwrap().intersects(&b.shape.bounding_rect().unwrap()) {
                continue;
            }
            tested += 1;
            let o = a.shape.intersection(&b.shape);
            let m: f64 = o.0.iter().map(super::unit::area_m2).sum();
            if m > 0.01 {
                n += 1;
                eprintln!("{} {} {m:.3}", a.code, b.code);
            }
        }
    }
    eprintln!("pairs {tested} overlaps {n} {:?}", t.elapsed());
    for (_, p) in &g.gaps {
        eprint!("{:.2} ", super::unit::area_m2(p));
    }
    for u in &g.units {
        for p in &u.shape.0 {
            let a = super::unit::area_m2(p);
            if a < 1000.0 {
                eprintln!("{} part {a} {}", u.code, p.exterior().0.len())
            }
        }
    }
}
