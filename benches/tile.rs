//! Tiles, counts and changes of the live index with a million heavy-tailed points: 60 Zipf-weighted
//! hot spots with log-normal spreads, 5% on one of 2000 addresses, 20% noise; fixed seed. First it
//! prints p50 and p99 over 54 fixed tiles of zooms 8 to 17. `DIABAN_ROWS` sets another number of
//! points.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant as Stopwatch;

use diaban_core::domain::field::{BODY, CATEGORY, CREATED, DUE, NEVER, STATE, UPDATED, VOTES, WARD};
use diaban_core::domain::view::MapRow;
use diaban_core::domain::{CodeBook, Instant, State, WardId};
use diaban_core::geo::{LonLat, TileId};
use diaban_core::map::{Change, FeatureSets, Layer, Snapshot, Sources, tile};
use diaban_core::query::params::{FILTERS, parse};
use diaban_core::query::{Filter, Joint};
use rand_distr::{Distribution, LogNormal, Normal, StandardNormal, Uniform, weighted::WeightedAliasIndex};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;

const WEST: f64 = 106.35;
const EAST: f64 = 107.05;
const SOUTH: f64 = 10.35;
const NORTH: f64 = 11.15;
/// 2026-01-01, the time of the newest row.
const NEWEST: f64 = 1_767_225_600_000.0;

static N: LazyLock<usize> = LazyLock::new(|| {
    let asked = std::env::var_os("DIABAN_ROWS").and_then(|n| n.into_string().ok());
    asked.map_or(1_000_000, |n| n.parse().expect("DIABAN_ROWS is a number"))
});
static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| Snapshot::from_rows(points(*N), 0));
static WORDS: LazyLock<CodeBook> = LazyLock::new(|| CodeBook {
    categories: (0..200).map(|i| format!("code_{i}").into()).collect(),
    wards: (0..200).map(|i| WardId::new("2025-07-01", &format!("{i:05}"))).collect(),
    active: "2025-07-01".into(),
    edition: 0,
    bodies: Vec::new(),
    ward_bodies: Vec::new(),
    clocks: None,
});
static LAYER: LazyLock<Layer> = LazyLock::new(|| {
    Layer::parse("incidents.toml", include_str!("../tiles/layers/incidents.toml"), &[])
        .expect("checked by tests")
});

fn zipf(n: u32, power: f64) -> WeightedAliasIndex<f64> {
    WeightedAliasIndex::new((1..=n).map(|i| f64::from(i).powf(-power)).collect())
        .expect("weights are positive")
}

fn points(n: usize) -> Vec<MapRow> {
    let rng = &mut Pcg64::seed_from_u64(20_260_101);
    let unit = Uniform::new(0.0, 1.0).expect("a range");
    let normal = |m: f64, s: f64| Normal::<f64>::new(m, s).expect("finite");
    let centres: Vec<(f64, f64)> = (0..60)
        .map(|_| {
            let lon = normal(106.68, 0.10).sample(rng).clamp(WEST + 0.02, EAST - 0.02);
            (lon, normal(10.78, 0.10).sample(rng).clamp(SOUTH + 0.02, NORTH - 0.02))
        })
        .collect();
    let spread = LogNormal::<f64>::new(0.008_f64.ln(), 0.7).expect("finite");
    let spreads: Vec<f64> = (0..60).map(|_| spread.sample(rng)).collect();
    let (spots, categories) = (zipf(60, 1.1), zipf(20, 0.9));
    let states =
        WeightedAliasIndex::new(vec![8.0, 4.0, 6.0, 3.0, 50.0, 20.0, 6.0]).expect("weights are positive");
    let mut place = |u: f64| {
        let spot = spots.sample(rng);
        let jitter: [f64; 2] = [StandardNormal.sample(rng), StandardNormal.sample(rng)];
        let (lon, lat) =
            (centres[spot].0 + jitter[0] * spreads[spot], centres[spot].1 + jitter[1] * spreads[spot]);
        let outside = !(WEST..=EAST).contains(&lon) || !(SOUTH..=NORTH).contains(&lat);
        if u < 0.20 || outside {
            (WEST + unit.sample(rng) * (EAST - WEST), SOUTH + unit.sample(rng) * (NORTH - SOUTH))
        } else {
            (lon, lat)
        }
    };
    let addresses: Vec<(f64, f64)> = (0..2000).map(|_| place(0.5)).collect();
    let draws = &mut Pcg64::seed_from_u64(7);
    (0..n)
        .map(|i| {
            let u = unit.sample(draws);
            let (lon, lat) = if (0.20..0.25).contains(&u) {
                addresses[(unit.sample(draws) * 2000.0) as usize]
            } else {
                place(u)
            };
            let age = unit.sample(draws).powf(1.5) * 3.0 * 365.0 * 86_400_000.0;
            let created = Instant::from_ms((NEWEST - age) as i64);
            MapRow::new(i as u32, i as u64 + 1, LonLat::new(lon, lat).ok())
                .with(CATEGORY, categories.sample(draws) as u8)
                .with(STATE, states.sample(draws) as u8)
                .with(WARD, (i % 168) as u16)
                .with(BODY, (i % 170) as u16)
                .with(VOTES, (i % 23).saturating_sub(12) as u32)
                .with(CREATED, created.ms())
                .with(UPDATED, created.ms())
                .with(DUE, if i % 3 > 0 { created.ms() + 259_200_000 } else { NEVER })
        })
        .collect()
}

/// The densest tile of each zoom, and five at random points.
fn tiles() -> Vec<TileId> {
    const TILES: &str = "8 203 120,8 204 120,9 407 240,9 408 241,9 408 240,9 407 241,10 815 481,10 815 480,10 814 480,\
10 816 480,10 814 481,10 815 482,11 1631 962,11 1629 964,11 1630 961,11 1631 963,11 1632 961,11 1631 961,12 3263 1924,\
12 3261 1925,12 3262 1925,12 3261 1924,12 3260 1924,12 3261 1923,13 6527 3849,13 6526 3848,13 6522 3849,13 6518 3857,\
13 6523 3857,13 6522 3848,14 13054 7698,14 13044 7683,14 13052 7698,14 13056 7711,14 13054 7699,14 13045 7701,\
15 26108 15397,15 26097 15432,15 26093 15397,15 26097 15390,15 26080 15381,15 26108 15398,16 52217 30795,\
16 52193 30781,16 52194 30781,16 52217 30794,16 52179 30839,16 52186 30804,17 104434 61591,17 104421 61583,\
17 104393 61533,17 104416 61582,17 104467 61458,17 104286 61691";
    let parse = |t: &str| {
        let v: Vec<u32> = t.split(' ').map(|n| n.parse().expect("a number")).collect();
        TileId::new(v[0] as u8, v[1], v[2]).expect("inside its zoom")
    };
    TILES.split(',').map(parse).collect()
}

/// Three categories, four states, from a date.
fn narrow() -> Filter {
    asked(&[])
}

/// The same with further parameters.
fn asked(more: &[(&str, &str)]) -> Filter {
    let own = [
        ("category", "code_0,code_1,code_2"),
        ("state", "reopened,resolved,rejected,duplicate"),
        ("datetime", "2025-01-01T00:00:00Z/.."),
    ];
    let pairs: Vec<_> =
        own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse(&pairs, FILTERS, &WORDS, Instant::MIN).expect("a query").filter
}

fn make(snapshot: &Snapshot, filter: &Filter, id: TileId) -> Vec<u8> {
    let features = &FeatureSets::default();
    let sources = Sources { snapshot, codebook: &WORDS, wards: None, features, now: Instant::MIN };
    tile(&sources, &LAYER, &Joint::from(filter.clone()), id)
}

fn report(name: &str, snapshot: &Snapshot, filter: &Filter) {
    let mut each = Vec::new();
    let mut bytes = 0;
    for id in tiles() {
        for _ in 0..20 {
            let start = Stopwatch::now();
            bytes += black_box(make(snapshot, filter, id)).len();
            each.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    each.sort_by(f64::total_cmp);
    let at = |q: f64| each[(q * (each.len() - 1) as f64) as usize];
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    println!(
        "{name}: p50 {:.3} ms, p90 {:.3}, p99 {:.3}, mean {mean:.3}; {:.1} kB mean",
        at(0.5),
        at(0.9),
        at(0.99),
        bytes as f64 / each.len() as f64 / 1e3
    );
}

/// Changes of 32 rows spread over the index.
fn changes(round: u32) -> Vec<Change> {
    (0..32)
        .filter_map(|i| SNAPSHOT.get((i * 31_249 + round * 7) % *N as u32))
        .map(|r| Change::Upsert(r.with(STATE, State::Resolved as u8).with(UPDATED, r[UPDATED] + 1)))
        .collect()
}

fn with_delta(rows: u32) -> Snapshot {
    let all: Vec<Change> = (0..rows / 32).flat_map(changes).collect();
    SNAPSHOT.apply(&all, 1)
}

fn main() {
    if std::env::args().any(|a| a == "--bench") {
        report("54 tiles, no filter", &SNAPSHOT, &Filter::default());
        report("54 tiles, filter", &SNAPSHOT, &narrow());
        let dirty = with_delta(4096);
        report("54 tiles, no filter, delta of 4096", &dirty, &Filter::default());
        report("54 tiles, filter, delta of 4096", &dirty, &narrow());
    }
    divan::main();
}

#[divan::bench(sample_count = 20)]
fn tile_z0() -> Vec<u8> {
    make(&SNAPSHOT, &Filter::default(), TileId::new(0, 0, 0).expect("the world"))
}

#[divan::bench(sample_count = 20)]
fn tile_z0_filtered() -> Vec<u8> {
    make(&SNAPSHOT, &narrow(), TileId::new(0, 0, 0).expect("the world"))
}

#[divan::bench(sample_count = 50)]
fn count_filtered() -> u64 {
    SNAPSHOT.count(&narrow())
}

#[divan::bench(sample_count = 50)]
fn count_in_a_box() -> u64 {
    SNAPSHOT.count(&asked(&[("bbox", "106.66,10.75,106.7,10.79")]))
}

#[divan::bench(sample_count = 50)]
fn apply_32_changes(bencher: divan::Bencher<'_, '_>) {
    let (dirty, changes) = (with_delta(2048), changes(9999));
    bencher.bench(|| dirty.apply(&changes, 2));
}

#[divan::bench(sample_count = 5)]
fn fold(bencher: divan::Bencher<'_, '_>) {
    let dirty = with_delta(4096);
    bencher.bench(|| dirty.fold());
}

#[divan::bench(sample_count = 3)]
fn build_from_rows(bencher: divan::Bencher<'_, '_>) {
    let rows = points(*N);
    bencher.with_inputs(|| rows.clone()).bench_values(|r| Snapshot::from_rows(r, 0));
}
