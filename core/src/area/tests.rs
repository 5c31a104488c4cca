//! Compares the look-up with a slow model: geo's `covers` over all units with the documented tie
//! order, on random partitions and on the real wards.

use std::sync::Arc;

use geo::{BoundingRect, Coord, Covers, InteriorPoint, LineString, MultiPolygon, Point, Polygon, polygon};
use proptest::prelude::*;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use super::*;
use crate::domain::UnitScheme;
use crate::geo::{LonLat, Plane};

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

    /// Metres to each unit's border within a kilometre, nearest first, ties by code.
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

pub(super) fn at(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).unwrap()
}

/// Compares owner and locate with the oracle by rules 1 and 2, and returns the owner.
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

pub(super) fn real() -> Option<Generation> {
    let bytes =
        std::fs::read(crate::real_data::folder("area::real")?.join("wards-2025-07.geojson.gz")).unwrap();
    let units = read_units(&bytes, &UnitScheme::vietnamese()).unwrap();
    let sea = polygon![
        (x: 106.5, y: 10.6), (x: 108.0, y: 10.6), (x: 108.0, y: 8.0), (x: 106.0, y: 8.0),
        (x: 106.0, y: 10.2), (x: 106.5, y: 10.6)
    ];
    Some(Generation::build("2025-07-01", false, units, Some(MultiPolygon(vec![sea]))).unwrap())
}

/// A generator with a fixed sequence: the same points in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn unit(&mut self) -> f64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }
}

pub(super) fn edges(g: &Generation) -> Vec<(Coord<f64>, Coord<f64>)> {
    g.units()
        .iter()
        .flat_map(|u| &u.shape.0)
        .flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
        .flat_map(|r| r.0.windows(2).map(|w| (w[0], w[1])))
        .collect()
}

#[test]
fn real_wards_own_what_the_oracle_says() {
    let Some(g) = real() else { return };
    let oracle = Oracle::new(g.units());
    let mut dice = Dice(1);
    let (mut owned, mut refused) = (0, 0);
    let mut tell = |owner: Option<u16>| if owner.is_some() { owned += 1 } else { refused += 1 };
    for _ in 0..100_000 {
        tell(agree(&g, &oracle, at(dice.between(106.1, 107.7), dice.between(10.3, 11.6))));
    }
    let edges = edges(&g);
    for _ in 0..20_000 {
        let (a, b) = edges[(dice.unit() * edges.len() as f64) as usize];
        let t = dice.unit();
        let (lon, lat) = (a.x + t * (b.x - a.x), a.y + t * (b.y - a.y));
        tell(agree(
            &g,
            &oracle,
            at(lon + dice.between(-1.8e-4, 1.8e-4), lat + dice.between(-1.8e-4, 1.8e-4)),
        ));
    }
    // Every vertex, and the middle of every edge, both in full precision and rounded.
    for (a, b) in edges {
        assert!(agree(&g, &oracle, at(a.x, a.y)).is_some(), "a vertex belongs to somebody");
        let middle = Coord { x: f64::midpoint(a.x, b.x), y: f64::midpoint(a.y, b.y) };
        assert_eq!(g.grid.owner(middle.x, middle.y), oracle.owner(middle), "{middle:?}");
    }
    assert!(owned > 40_000 && refused > 10_000, "{owned} owned, {refused} refused");
}

#[test]
fn real_borders_and_runners_up_are_those_of_a_full_scan() {
    let Some(g) = real() else { return };
    let oracle = Oracle::new(g.units());
    let edges = edges(&g);
    let mut dice = Dice(2);
    for i in 0..600 {
        let (a, _) = edges[(dice.unit() * edges.len() as f64) as usize];
        let spread = if i % 2 == 0 { 3e-4 } else { 3e-3 };
        let p = at(a.x + dice.between(-spread, spread), a.y + dice.between(-spread, spread));
        let Ok(found) = g.locate(p) else { continue };
        assert_eq!(g.owner(p), Some(found.unit as u16), "locate and owner agree");
        let borders = oracle.borders(p);
        let covers = |u: usize| g.units()[u].shape.covers(&Point::new(p.lon(), p.lat()));
        if !covers(found.unit) {
            assert_eq!(found.border_m.to_bits(), 0, "no border inside: rules 2 to 4");
            continue;
        }
        let own = borders.iter().find(|b| b.1 == found.unit).unwrap().0;
        assert!((found.border_m - own).abs() < 1e-6, "{p}: {} {own}", found.border_m);
        let covering = borders.iter().map(|b| b.1).filter(|&u| u != found.unit && covers(u)).min();
        let next =
            covering.or_else(|| borders.iter().find(|b| b.1 != found.unit && b.0 < 1_000.0).map(|b| b.1));
        if next.is_some() {
            assert_eq!(found.runner_up, next, "{p}");
        }
        let certain = |m: f64| found.certain(Accuracy::new(m.max(0.0) / 0.7, 0.95).unwrap());
        assert_eq!((certain(own - 0.01), certain(own + 0.01)), (own > 0.0, false), "{p}");
    }
}

#[test]
fn every_real_gap_has_one_owner_and_the_sea_has_its_rule() {
    let Some(g) = real() else { return };
    assert!(g.gaps.len() > 30);
    for (_, gap) in &g.gaps {
        let Some(p) = gap.interior_point().map(|p| at(p.x(), p.y())) else { continue };
        let found = g.locate(p).unwrap_or_else(|o| panic!("{p} in a gap is outside: {o:?}"));
        assert!(found.border_m <= GAP_REACH_M && found.offshore_m.is_none());
    }
    // South of the cape of Vũng Tàu: move out to sea.
    let cape = edges(&g)
        .iter()
        .map(|e| e.0)
        .filter(|c| (107.05..107.12).contains(&c.x) && c.y > 10.0)
        .min_by(|a, b| a.y.total_cmp(&b.y))
        .unwrap();
    let out = |metres: f64| g.locate(Plane::at(at(cape.x, cape.y)).position(0.0, -metres).unwrap());
    let near = out(200.0).unwrap();
    assert!(near.offshore_m.is_some_and(|d| (d - 200.0).abs() < 1.0), "{near:?}");
    assert!(near.runner_up.is_some() && !near.certain(Accuracy::new(1.0, 0.95).unwrap()));
    let far = out(900.0).unwrap_err();
    assert_eq!(far.reason, OutsideReason::TooFarOut);
    assert!((far.distance_m - 900.0).abs() < 2.0, "{far:?}");
    // Hà Nội, and a point of the city with its axes swapped.
    let hanoi = g.locate(at(105.85, 21.03)).unwrap_err();
    assert_eq!((hanoi.reason, hanoi.swapped), (OutsideReason::FarAway, false));
    assert!((1_050_000.0..1_150_000.0).contains(&hanoi.distance_m), "{hanoi:?}");
    assert!(g.is_swapped(10.7725, 106.698) && !g.is_swapped(106.698, 10.7725));
}

#[test]
fn real_facilities_get_the_oracles_owner() {
    let Some(g) = real() else { return };
    let folder =
        crate::real_data::folder("area::real_facilities_get_the_oracles_owner").unwrap().join("facilities");
    let oracle = Oracle::new(g.units());
    let mut points = Vec::new();
    let mut stops = csv::Reader::from_path(folder.join("hcmc-bus-stops-2024.csv")).unwrap();
    let headers = stops.headers().unwrap().clone();
    let column = |name| headers.iter().position(|h| h == name).unwrap();
    for row in stops.records() {
        let row = row.unwrap();
        if let (Ok(lon), Ok(lat)) = (row[column("Lng")].parse::<f64>(), row[column("Lat")].parse::<f64>()) {
            points.extend(LonLat::new(lon, lat).ok());
        }
    }
    for file in ["traffic-cameras-2025-11", "traffic-cameras-2017", "osm-hospitals-2026-07"] {
        let text = std::fs::read_to_string(folder.join(file).with_extension("geojson")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        for f in json["features"].as_array().unwrap() {
            let c = &f["geometry"]["coordinates"];
            if let (Some(lon), Some(lat)) = (c[0].as_f64(), c[1].as_f64()) {
                points.extend(LonLat::new(lon, lat).ok());
            }
        }
    }
    let inside = points.iter().filter(|p| agree(&g, &oracle, **p).is_some()).count();
    assert!(points.len() > 4_000 && inside * 100 > points.len() * 95, "{inside} of {}", points.len());
}

#[test]
fn the_real_generation_passes_its_own_check() {
    let Some(g) = real() else { return };
    let loaded = [Arc::new(real().unwrap())];
    let found = check(&g, &Known { loaded: &loaded, ..Known::default() });
    let about = |text: &str| found.iter().filter(|f| f.text.contains(text)).collect::<Vec<_>>();
    assert_eq!(about("overlaps").len(), 28);
    assert_eq!(about("a gap of").len(), 41);
    let tiny: Vec<_> =
        about("nearly nothing").iter().map(|f| f.code.as_deref().unwrap().to_owned()).collect();
    assert_eq!(tiny, ["25777", "25843"]);
    assert!(found.iter().all(|f| f.severity < Severity::Error), "{:?}", found[0]);
}

/// A grid of quadrilaterals with jittered corners over a few kilometres. They share vertices. Some
/// wards overlap their neighbours, some leave a gap, and some have a hole that is another ward.
pub(super) fn partition(n: usize, jitter: &[(f64, f64)], kinds: &[u8]) -> Vec<Unit> {
    // A lattice of 1e-4 degree makes collinear and coincident cases likely.
    let snap = |v: f64| (v * 1e4).round() / 1e4;
    let corner = |i: usize, j: usize| {
        let (dx, dy) = jitter[(i * (n + 1) + j) % jitter.len()];
        Coord { x: snap(106.6 + 0.01 * (i as f64 + dx)), y: snap(10.7 + 0.01 * (j as f64 + dy)) }
    };
    let ring = |of: [Coord<f64>; 4]| LineString(vec![of[0], of[1], of[2], of[3], of[0]]);
    let mut units = Vec::new();
    for i in 0..n {
        for j in 0..n {
            let q = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
            let middle = Coord {
                x: snap((q[0].x + q[1].x + q[2].x + q[3].x) / 4.0),
                y: snap((q[0].y + q[1].y + q[2].y + q[3].y) / 4.0),
            };
            let towards = |c: Coord<f64>, by: f64| middle + (c - middle) * by;
            let scaled = |by: f64| ring(q.map(|c| towards(c, by)));
            let (shape, inner) = match kinds[(i * n + j) % kinds.len()] {
                0 => (Polygon::new(scaled(1.1), vec![]), None),
                1 => (Polygon::new(scaled(0.9), vec![]), None),
                2 => (Polygon::new(ring(q), vec![scaled(0.5)]), Some(scaled(0.5))),
                3 => (Polygon::new(ring(q), vec![scaled(0.5)]), None),
                _ => (Polygon::new(ring(q), vec![]), None),
            };
            for polygon in [Some(shape), inner.map(|r| Polygon::new(r, vec![]))].into_iter().flatten() {
                let code = format!("{:05}", (units.len() * 7919) % 99_991);
                units.extend(Unit::new(&code, Arc::default(), "x", MultiPolygon(vec![polygon])));
            }
        }
    }
    units
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn random_partitions_own_what_the_oracle_says(
        n in 1_usize..5,
        jitter in prop::collection::vec((-0.4..0.4_f64, -0.4..0.4_f64), 25),
        kinds in prop::collection::vec(0_u8..8, 16),
        points in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 200),
    ) {
        let g = Generation::build("2025-07-01", true, partition(n, &jitter, &kinds), None).unwrap();
        let oracle = Oracle::new(g.units());
        let size = 0.01 * (n as f64 + 1.0);
        for (x, y) in points {
            // On the lattice of the vertices half of the time.
            let (lon, lat) = (106.595 + x * size, 10.695 + y * size);
            agree(&g, &oracle, at(lon, lat));
            agree(&g, &oracle, at((lon * 1e4).round() / 1e4, (lat * 1e4).round() / 1e4));
        }
        for (a, b) in edges(&g) {
            for k in 0..=4 {
                let t = f64::from(k) / 4.0;
                let c = Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
                prop_assert_eq!(g.grid.owner(c.x, c.y), oracle.owner(c));
            }
        }
    }
}

#[test]
fn cell_centres_on_edges_and_rings_that_cross_themselves_decide_as_covers_does() {
    // A bow-tie, a doubled ring and a spike: invalid shapes must have the oracle's owner too.
    let bow: Vec<Coord<f64>> = [(0.0, 0.0), (0.02, 0.02), (0.02, 0.0), (0.0, 0.025), (0.0, 0.0)]
        .iter()
        .map(|&(x, y)| Coord { x, y })
        .collect();
    let square = [(0.01, 0.0), (0.03, 0.0), (0.03, 0.02), (0.01, 0.02), (0.01, 0.0)];
    let twice: Vec<Coord<f64>> =
        square.iter().chain(&square[1..]).map(|&(x, y)| Coord { x, y: y + 0.01 }).collect();
    let units = vec![
        Unit::new("1", Arc::default(), "x", MultiPolygon(vec![Polygon::new(LineString(bow), vec![])])),
        Unit::new("2", Arc::default(), "x", MultiPolygon(vec![Polygon::new(LineString(twice), vec![])])),
    ];
    let units = units.into_iter().map(Result::unwrap).collect();
    let g = Generation::build("2025-07-01", true, units, None).unwrap();
    let oracle = Oracle::new(g.units());
    for i in -10..=340 {
        for j in -10..=340 {
            let c = Coord { x: f64::from(i) / 1e4, y: f64::from(j) / 1e4 };
            assert_eq!(g.grid.owner(c.x, c.y), oracle.owner(c), "{c:?}");
        }
    }
}

/// The slow model of the wards that a line or an area meets.
fn all_meeting(g: &Generation, shape: &geo::Geometry<f64>) -> Vec<usize> {
    use geo::Intersects;
    (0..g.units().len()).filter(|i| g.units()[*i].shape.intersects(shape)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn lines_and_areas_meet_the_wards_that_a_full_scan_finds(
        n in 1_usize..5,
        jitter in prop::collection::vec((-0.4..0.4_f64, -0.4..0.4_f64), 25),
        kinds in prop::collection::vec(0_u8..8, 16),
        shapes in prop::collection::vec(
            (prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 2..7), 0.02..1.0_f64, any::<bool>()),
            20,
        ),
    ) {
        let g = Generation::build("2025-07-01", true, partition(n, &jitter, &kinds), None).unwrap();
        let size = 0.01 * (n as f64 + 1.0);
        for (corners, scale, on_lattice) in shapes {
            let snap = |v: f64| if on_lattice { (v * 1e3).round() / 1e3 } else { v };
            let corner = |&(x, y): &(f64, f64)| Coord {
                x: snap(106.595 + (corners[0].0 + (x - 0.5) * scale) * size),
                y: snap(10.695 + (corners[0].1 + (y - 0.5) * scale) * size),
            };
            let line = LineString(corners.iter().map(corner).collect());
            let lines = geo::Geometry::from(geo::MultiLineString(vec![line.clone(), line.clone()]));
            prop_assert_eq!(g.wards_meeting(&lines), all_meeting(&g, &lines));
            // Predicates disagree about rings that cross themselves.
            let area = geo::Geometry::from(geo::ConvexHull::convex_hull(&line));
            prop_assert_eq!(g.wards_meeting(&area), all_meeting(&g, &area));
        }
    }
}

#[test]
fn real_bus_lines_meet_their_wards_quickly() {
    let Some(g) = real() else { return };
    let folder = crate::real_data::folder("area::real_bus_lines").unwrap();
    let file = std::fs::File::open(folder.join("facilities/hcmc-bus-lines-2024.geojson.gz")).unwrap();
    let lines: geojson::FeatureCollection =
        serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap();
    let shapes: Vec<geo::Geometry<f64>> =
        lines.features.into_iter().map(|f| f.geometry.unwrap().try_into().unwrap()).collect();
    let begun = std::time::Instant::now();
    let met: Vec<Vec<usize>> = shapes.iter().map(|s| g.wards_meeting(s)).collect();
    let took = begun.elapsed();
    let mut counts: Vec<usize> = met.iter().map(Vec::len).collect();
    counts.sort_unstable();
    println!("{} lines in {took:?}, wards: median {}, most {:?}", met.len(), counts[103], counts.last());
    assert!(took.as_secs() < 5, "{took:?}");
    for (shape, met) in shapes.iter().zip(&met).step_by(20) {
        assert_eq!(met, &all_meeting(&g, shape));
    }
}
