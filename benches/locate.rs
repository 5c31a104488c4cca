//! Ward look-ups per second on one core: our grid compared with geo `contains` over an R-tree and
//! with geo's interval trees over an R-tree, for uniform points and for points within 20 m of a
//! border.
//!
//! Wards: `data/wards-2025-07.geojson.gz` under `DIABAN_SHARED` (or `../shared`) when present, else a
//! generated partition of 169 wards with 170,000 vertices. Fixed seeds. `build`, `locate` (with runner-up
//! and border distance) and `odds` are measured too.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::LazyLock;

use diaban_core::area::{Accuracy, Generation, Unit, read_units};
use diaban_core::domain::UnitScheme;
use diaban_core::geo::LonLat;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use geo::indexed::IntervalTreeMultiPolygon;
use geo::{BoundingRect, Contains, Coord, LineString, MultiPolygon, Point, Polygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

fn main() {
    let vertices: usize = edges().len();
    eprintln!("{} wards, {vertices} edges, grid {} bytes", CITY.units().len(), CITY.grid_bytes());
    divan::main();
}

/// Points per round: too many to stay in the CPU cache together with the index.
const POINTS: usize = 20_000;

static CITY: LazyLock<Generation> = LazyLock::new(|| generation(units()));
static UNIFORM: LazyLock<Vec<LonLat>> = LazyLock::new(uniform);
static BORDER: LazyLock<Vec<LonLat>> = LazyLock::new(near_borders);
static TREE: LazyLock<RTree<Boxed>> = LazyLock::new(|| {
    let boxed = CITY.units().iter().enumerate().map(|(i, u)| {
        let r = u.shape.bounding_rect().expect("a unit has area");
        GeomWithData::new(Rectangle::from_corners(r.min().into(), r.max().into()), i)
    });
    RTree::bulk_load(boxed.collect())
});
static INTERVALS: LazyLock<Vec<IntervalTreeMultiPolygon<f64>>> =
    LazyLock::new(|| CITY.units().iter().map(|u| IntervalTreeMultiPolygon::new(&u.shape)).collect());

type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

fn generation(units: Vec<Unit>) -> Generation {
    Generation::build("2025-07-01", false, units, None).expect("the wards are a generation")
}

fn units() -> Vec<Unit> {
    let folder = std::env::var_os("DIABAN_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    match std::fs::read(folder.join("data/wards-2025-07.geojson.gz")) {
        Ok(bytes) => read_units(&bytes, &UnitScheme::vietnamese()).expect("the shared wards are readable"),
        Err(_) => partition(),
    }
}

/// Thirteen by thirteen wards of 3 km with wiggly borders, as streets have.
fn partition() -> Vec<Unit> {
    const STEPS: usize = 250;
    let wiggle = |t: f64, k: f64| 0.002 * ((t * 31.0 + k).sin() + 0.3 * (t * 173.0 + k * 3.0).sin());
    let point =
        |x: f64, y: f64| Coord { x: 106.5 + 0.03 * x + wiggle(y, x), y: 10.6 + 0.03 * y + wiggle(x, y) };
    let mut all = Vec::new();
    for (i, j) in (0..13).flat_map(|i| (0..13).map(move |j| (f64::from(i), f64::from(j)))) {
        let side = |x: f64, y: f64, dx: f64, dy: f64| {
            (0..STEPS).map(move |k| k as f64 / STEPS as f64).map(move |t| point(x + t * dx, y + t * dy))
        };
        let mut ring: Vec<_> = side(i, j, 1.0, 0.0).collect();
        ring.extend(side(i + 1.0, j, 0.0, 1.0));
        ring.extend(side(i + 1.0, j + 1.0, -1.0, 0.0));
        ring.extend(side(i, j + 1.0, 0.0, -1.0));
        ring.push(ring[0]);
        let shape = MultiPolygon(vec![Polygon::new(LineString(ring), vec![])]);
        let code = format!("{:05}", all.len());
        all.push(Unit::new(&code, Arc::default(), "generated", shape).expect("the ring is one"));
    }
    all
}

/// splitmix64: a number in 0..1 from a counter.
fn dice(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Points inside the city, so that every method finds a ward.
fn uniform() -> Vec<LonLat> {
    let mut seed = 1;
    std::iter::repeat_with(|| {
        LonLat::new(106.3 + 1.3 * dice(&mut seed), 10.3 + 1.2 * dice(&mut seed)).expect("in range")
    })
    .filter(|p| CITY.owner(*p).is_some())
    .take(POINTS)
    .collect()
}

fn near_borders() -> Vec<LonLat> {
    let edges = edges();
    let mut seed = 2;
    std::iter::repeat_with(|| {
        let (a, b) = edges[(dice(&mut seed) * edges.len() as f64) as usize];
        let t = dice(&mut seed);
        let (x, y) = (a.x + t * (b.x - a.x), a.y + t * (b.y - a.y));
        let mut off = || (dice(&mut seed) - 0.5) * 2.6e-4;
        LonLat::new(x + off(), y + off()).expect("in range")
    })
    .filter(|p| CITY.locate(*p).is_ok_and(|l| l.border_m <= 20.0))
    .take(POINTS)
    .collect()
}

fn edges() -> Vec<(Coord<f64>, Coord<f64>)> {
    let polygons = CITY.units().iter().flat_map(|u| &u.shape.0);
    let rings = polygons.flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    rings.flat_map(|r| r.0.windows(2).map(|w| (w[0], w[1]))).collect()
}

#[derive(Clone, Copy, Debug)]
enum Points {
    Uniform,
    NearBorders,
}

const BOTH: [Points; 2] = [Points::Uniform, Points::NearBorders];

fn over(bencher: Bencher<'_, '_>, points: Points, owner: impl Fn(LonLat) -> Option<usize> + Sync) {
    let points: &[LonLat] = match points {
        Points::Uniform => &UNIFORM,
        Points::NearBorders => &BORDER,
    };
    bencher.counter(ItemsCount::new(points.len())).bench(|| {
        for p in points {
            black_box(owner(black_box(*p)));
        }
    });
}

fn candidates(p: LonLat) -> impl Iterator<Item = usize> {
    let at = AABB::from_point([p.lon(), p.lat()]);
    TREE.locate_in_envelope_intersecting(&at).map(|b| b.data)
}

#[divan::bench(args = BOTH)]
fn owner(bencher: Bencher<'_, '_>, points: Points) {
    let city: &Generation = &CITY;
    over(bencher, points, |p| city.owner(p).map(usize::from));
}

#[divan::bench(args = BOTH)]
fn locate(bencher: Bencher<'_, '_>, points: Points) {
    let city: &Generation = &CITY;
    over(bencher, points, |p| city.locate(p).ok().map(|l| l.unit));
}

/// How likely the ward is, for a radius of 95% in metres.
#[divan::bench(args = [20.0, 1_000.0, 100_000.0], sample_count = 5)]
fn odds_near_borders(bencher: Bencher<'_, '_>, radius_m: f64) {
    let city: &Generation = &CITY;
    let accuracy = Accuracy::new(radius_m, 0.95).expect("a radius");
    let points = &BORDER[..200];
    bencher.counter(ItemsCount::new(points.len())).bench(|| {
        for p in points {
            let found = city.locate(*p).expect("a point of the city");
            black_box(city.odds(*p, &found, accuracy));
        }
    });
}

#[divan::bench(args = BOTH)]
fn geo_contains_over_rtree(bencher: Bencher<'_, '_>, points: Points) {
    let (units, _) = (CITY.units(), TREE.size());
    over(bencher, points, |p| {
        candidates(p).find(|&i| units[i].shape.contains(&Point::new(p.lon(), p.lat())))
    });
}

#[divan::bench(args = BOTH)]
fn geo_interval_trees_over_rtree(bencher: Bencher<'_, '_>, points: Points) {
    let (trees, _): (&[_], _) = (&INTERVALS, TREE.size());
    over(bencher, points, |p| candidates(p).find(|&i| trees[i].contains(&Point::new(p.lon(), p.lat()))));
}

#[divan::bench(sample_count = 5)]
fn build(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| CITY.units().to_vec()).bench_values(generation);
}
