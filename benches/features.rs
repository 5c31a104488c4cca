//! Tiles of features: 10,000 facilities and 207 lines with 50,000 vertices, concentrated around the
//! middle of the city; fixed seed. Prints the time to build the sets, p50 and p99 over the tiles of
//! zooms 10 to 16 around the middle, and the time to find the nearest places.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use diaban_core::domain::feature::Valid;
use diaban_core::domain::field::Value;
use diaban_core::domain::{CodeBook, Feature, Instant};
use diaban_core::geo::{LonLat, Mercator, TileId};
use diaban_core::map::{FeatureSet, FeatureSets, Layer, Snapshot, Sources, tile};
use diaban_core::pack::Pack;
use diaban_core::query::Joint;
use geo::{Geometry, LineString, Point};
use rand_distr::{Distribution, Normal, StandardNormal};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;

const FACILITIES: u64 = 10_000;
const LINES: u64 = 207;
const VERTICES: usize = 242;

fn features(pack: &Pack, id: &str, n: u64) -> Vec<(Arc<str>, Arc<Feature>)> {
    let collection = pack.collection(id).expect("declared");
    let rng = &mut Pcg64::seed_from_u64(n);
    let normal = |m: f64, s: f64| Normal::<f64>::new(m, s).expect("finite");
    (1..=n)
        .map(|i| {
            let (mut lon, mut lat) = (normal(106.68, 0.08).sample(rng), normal(10.78, 0.08).sample(rng));
            let geometry: Geometry<f64> = if id == "facilities" {
                Point::new(lon, lat).into()
            } else {
                let way = (0..VERTICES).map(|_| {
                    let step: [f64; 2] = [StandardNormal.sample(rng), StandardNormal.sample(rng)];
                    (lon, lat) = (lon + 0.000_4 + step[0] * 0.000_2, lat + step[1] * 0.000_4);
                    (lon, lat)
                });
                LineString::from(way.collect::<Vec<_>>()).into()
            };
            let kinds = if id == "facilities" {
                ["hospital", "toilet", "bus_stop"]
            } else {
                ["road", "crash", "flood"]
            };
            let mut values = vec![Value::Null; collection.properties.len()];
            values[0] = Value::Text(kinds[(i % 3) as usize].to_owned());
            let name = collection.position("name_vi").expect("declared");
            values[name] = Value::Text(format!("Số {i}"));
            let feature = Feature {
                seq: i as i64,
                id: i,
                source: "bench".into(),
                source_id: i.to_string(),
                revision: 1,
                created: Instant::from_ms(0),
                updated: Instant::from_ms(0),
                geometry: Some(geometry),
                values,
                valid: Valid::ALWAYS,
                wards: Vec::new(),
            };
            (collection.id.clone(), Arc::new(feature))
        })
        .collect()
}

fn main() {
    let pack = diaban::city_files::embedded().expect("checked by tests");
    let (facilities, lines) = (features(&pack, "facilities", FACILITIES), features(&pack, "traffic", LINES));
    for (name, rows) in [("facilities", &facilities), ("traffic", &lines)] {
        let collection = pack.collection(name).expect("declared");
        let rows: Vec<Arc<Feature>> = rows.iter().map(|(_, f)| f.clone()).collect();
        let start = Stopwatch::now();
        black_box(FeatureSet::build(collection.clone(), rows));
        println!("build {name}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
    let sets =
        FeatureSets::build(&pack.collections, facilities.into_iter().chain(lines).collect(), Instant::MIN);
    let snapshot = Snapshot::from_rows(Vec::new(), 0);
    let codebook = CodeBook::default();
    let sources =
        Sources { snapshot: &snapshot, codebook: &codebook, wards: None, features: &sets, now: Instant::MIN };
    let middle = LonLat::new(106.68, 10.78).expect("in range");
    for name in ["facilities", "traffic"] {
        let (_, text) = pack
            .layer_files()
            .iter()
            .find(|(path, _)| path.ends_with(&format!("/{name}.toml")))
            .expect("embedded");
        let layer = Layer::parse(name, text, &pack.collections).expect("checked by tests");
        let (mut all, mut bytes, mut largest) = (Vec::new(), 0, 0);
        for z in 10..=16_u8 {
            let at = TileId::holding(Mercator::from_lonlat(middle), z).expect("a zoom");
            let mut each = Vec::new();
            for (dx, dy) in (0..5).flat_map(|x| (0..5).map(move |y| (x, y))) {
                let id = TileId::new(z, at.x() + dx - 2, at.y() + dy - 2).expect("in its zoom");
                for _ in 0..20 {
                    let start = Stopwatch::now();
                    let made = black_box(tile(&sources, &layer, &Joint::default(), id));
                    each.push(start.elapsed().as_secs_f64() * 1e3);
                    bytes += made.len();
                    largest = largest.max(made.len());
                }
            }
            report(&format!("{name} z{z}"), &mut each);
            all.extend(each);
        }
        report(&format!("{name} z10-16"), &mut all);
        println!("  mean {} bytes, largest {largest}", bytes / all.len());
    }
    let set = sets.get("facilities").expect("built");
    let mut each = Vec::new();
    for i in 0..1000 {
        let from =
            LonLat::new(106.5 + f64::from(i % 37) * 0.01, 10.6 + f64::from(i % 31) * 0.01).expect("in range");
        let start = Stopwatch::now();
        black_box(set.nearest(from, 10, f64::INFINITY, |_| true));
        each.push(start.elapsed().as_secs_f64() * 1e3);
    }
    report("ten nearest", &mut each);
}

fn report(name: &str, each: &mut [f64]) {
    each.sort_by(f64::total_cmp);
    let at = |q: f64| each[((each.len() - 1) as f64 * q) as usize];
    println!("{name}: p50 {:.3} ms, p99 {:.3} ms", at(0.5), at(0.99));
}
