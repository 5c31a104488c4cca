//! Compares tiles of features with slow, simple models.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::{Geometry, LineString, MultiPolygon, Point as GeoPoint, Polygon};
use proptest::prelude::*;

use super::*;
use crate::domain::CodeBook;
use crate::geo::LonLat;
use crate::map::FeatureSets;
use crate::map::shape::ring::clip::{area2, cut};
use crate::map::shape::ring::solid::solid;
use crate::map::shape::ring::solid::tests::checked;
use crate::map::testing::{made, spots};
use crate::map::tile::mvt::{DecodedLayer, decode};
use crate::query::features::parse_filter;

fn layer(name: &str) -> Layer {
    let pack = crate::pack::testing::pack();
    let (_, text) =
        pack.layer_files().iter().find(|(path, _)| path.ends_with(&format!("/{name}.toml"))).unwrap();
    Layer::parse(name, text, &pack.collections).unwrap()
}

fn values(c: &Collection, given: &[(&str, &str)]) -> Vec<Value> {
    let raw = given.iter().map(|(k, v)| ((*k).to_owned(), Value::Text((*v).to_owned()))).collect();
    c.read(&raw).unwrap()
}

fn set(layer: &Layer, features: Vec<Feature>) -> FeatureSet {
    let collection = layer.collection.clone().unwrap();
    FeatureSet::build(collection, features.into_iter().map(Arc::new).collect())
}

fn at(set: &FeatureSet, layer: &Layer, now: &str, id: TileId) -> Vec<DecodedLayer> {
    let now = Instant::parse(now).unwrap();
    decode(&draw(set, layer, &FeatureFilter::default(), now, id)).unwrap()
}

const DAY: &str = "2026-11-25T00:00:00Z";

fn holding(p: LonLat, z: u8) -> TileId {
    TileId::holding(Mercator::from_lonlat(p), z).unwrap()
}

fn square(lon: f64, lat: f64, half: f64) -> Polygon {
    let ring = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    Polygon::new(ring.iter().map(|(x, y)| (lon + x * half, lat + y * half)).collect(), vec![])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each point is in exactly one tile, whatever its neighbours are. At the last zoom all points
    /// are shown.
    #[test]
    fn facilities_of_all_tiles_are_those_of_the_whole(
        places in proptest::collection::vec((spots(), 1_u8..=6), 0..120),
        z in 8_u8..=16,
    ) {
        let layer = layer("facilities");
        let c = layer.collection.clone().unwrap();
        let made: Vec<Feature> = places
            .iter()
            .enumerate()
            .map(|(i, (p, rank))| {
                let rank = rank.to_string();
                let mut given = vec![("kind", "toilet")];
                if rank != "6" {
                    given.push(("rank", &rank));
                }
                made(&c, i as u64 + 1, GeoPoint::new(p.lon(), p.lat()).into(), values(&c, &given))
            })
            .collect();
        let first = |f: &Feature| layer.appears.as_ref().unwrap().bind(&c).zoom(f);
        let whole: Vec<(&Feature, Spot)> = made
            .iter()
            .zip(&places)
            .filter(|(f, _)| first(f) <= z)
            .map(|(f, (p, _))| {
                let m = Mercator::from_lonlat(*p);
                (f, Spot { level: first(f), id: f.id, at: (m.x, m.y) })
            })
            .collect();
        let judged: Vec<Spot> = whole.iter().map(|(_, s)| *s).collect();
        let shown = if z == 16 { vec![true; judged.len()] } else { thin(&judged, 24 << (23 - z)) };
        let mut want: Vec<(u64, TileId)> = whole
            .iter()
            .zip(shown)
            .filter(|(_, shown)| *shown)
            .map(|((f, s), _)| (f.id, TileId::holding(mercator(s.at), z).unwrap()))
            .collect();
        want.sort_unstable_by_key(|(id, _)| *id);
        let mut tiles: Vec<TileId> = places.iter().map(|(p, _)| holding(*p, z)).collect();
        tiles.sort_unstable_by_key(|t| (t.x(), t.y()));
        tiles.dedup();
        let set = set(&layer, made.clone());
        let mut got = Vec::new();
        for id in tiles {
            for f in at(&set, &layer, DAY, id).into_iter().flat_map(|l| l.features) {
                prop_assert!(f.paths.iter().flatten().all(|(x, y)| (0..4096).contains(x) && (0..4096).contains(y)));
                got.push((f.id, id));
            }
        }
        got.sort_unstable_by_key(|(id, _)| *id);
        prop_assert_eq!(got, want);
    }

    /// The part of a line inside the square is kept, the part outside is removed, and nothing is
    /// added.
    #[test]
    fn lines_are_cut_as_a_fine_walk_along_them_says(
        line in proptest::collection::vec((-60_i32..60, -60_i32..60), 2..12),
    ) {
        let parts = cut(line.clone(), -20, 20);
        let near = |p: (f64, f64), path: &[(i32, i32)]| path.windows(2).any(|w| {
            let (ax, ay, bx, by) = (w[0].0 as f64, w[0].1 as f64, w[1].0 as f64, w[1].1 as f64);
            let (dx, dy) = (bx - ax, by - ay);
            let t = (((p.0 - ax) * dx + (p.1 - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            (ax + t * dx - p.0).hypot(ay + t * dy - p.1) <= 1.0
        });
        for part in &parts {
            prop_assert!(part.len() >= 2 && part.windows(2).all(|w| w[0] != w[1]));
            for p in part {
                prop_assert!((-20..=20).contains(&p.0) && (-20..=20).contains(&p.1));
                let mut whole = line.clone();
                whole.dedup();
                prop_assert!(whole.len() < 2 || near((p.0 as f64, p.1 as f64), &whole));
            }
        }
        for w in line.windows(2) {
            for i in 0..=200 {
                let t = i as f64 / 200.0;
                let p = (w[0].0 as f64 + t * (w[1].0 - w[0].0) as f64, w[0].1 as f64 + t * (w[1].1 - w[0].1) as f64);
                if w[0] != w[1] && p.0.abs() < 19.0 && p.1.abs() < 19.0 {
                    prop_assert!(parts.iter().any(|part| near(p, part)), "{:?} is lost", p);
                }
            }
        }
    }

    /// Areas as imported, next to each other or one in a hole of the other, are valid in every
    /// tile.
    #[test]
    fn areas_in_tiles_are_valid(
        rays in proptest::collection::vec((0.05..1.0_f64, 0.05..1.0_f64), 3..60),
        size in prop_oneof![0.000_1..0.001_f64, 0.001..0.2_f64],
        z in 6_u8..=16,
    ) {
        let layer = layer("alerts");
        let c = layer.collection.clone().unwrap();
        let given = [("severity", "minor"), ("headline_vi", "x"), ("onset", "2026-01-01"), ("expires", "2027-01-01")];
        let star = |share: f64| -> LineString {
            let n = rays.len() as f64;
            let at = |(i, (r, s)): (usize, &(f64, f64))| {
                let (angle, r) = (i as f64 / n * std::f64::consts::TAU, r * size * share * (1.0 - 0.5 * s * (1.0 - share)));
                (106.7 + r * angle.cos(), 10.8 + r * angle.sin())
            };
            rays.iter().enumerate().map(at).collect()
        };
        let outer = Polygon::new(star(1.0), vec![star(0.4)]);
        let inner = Polygon::new(star(0.4), vec![]);
        prop_assume!(geo::Validation::is_valid(&outer) && geo::Validation::is_valid(&inner));
        let corners: Vec<geo::Coord> = outer.exterior().0.iter().chain(&inner.exterior().0).copied().collect();
        let features = vec![made(&c, 1, outer.into(), values(&c, &given)), made(&c, 2, inner.into(), values(&c, &given))];
        let set = set(&layer, features);
        let mut ids: Vec<TileId> = corners.iter().map(|p| holding(LonLat::new(p.x, p.y).unwrap(), z)).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let layers = at(&set, &layer, DAY, id);
            let areas = layers.iter().filter(|l| l.name == "alerts").flat_map(|l| &l.features);
            for f in areas {
                prop_assert_eq!(checked(&f.paths), Ok(()), "{} of {}", f.id, id);
            }
            // The areas complement each other: what one covers in the tile, the other does not.
            let frame = Frame::new(id, 64);
            let rings: Vec<_> = (0..2).flat_map(|row| set.rings(row, &frame)).collect();
            let sum: i64 = rings.iter().map(|r| area2(r)).sum();
            let both: i64 = solid(&rings).iter().map(|r| area2(r)).sum();
            // Except specks: they are drawn for areas too small to see, whatever else is there.
            let speck = |row: &usize| {
                let b = set.drawn(*row).bounds();
                let (min, max) = (frame.at(b.min), frame.at(b.max));
                max.0 - min.0 <= 16 && max.1 - min.1 <= 16
            };
            let specks = (0..2).filter(speck).count();
            let most = 64 * rings.len() + 2 * 16 * 16 * specks;
            prop_assert!((sum - both).abs() <= most as i64, "{}: {} and {}", id, sum, both);
        }
    }

    /// A line through many tiles is complete in each of them, at every zoom.
    #[test]
    fn lines_in_tiles_have_no_degenerate_part(
        line in proptest::collection::vec((106.6..106.8_f64, 10.7..10.9_f64), 2..40),
        z in 9_u8..=16,
    ) {
        let layer = layer("traffic");
        let c = layer.collection.clone().unwrap();
        let given = values(&c, &[("kind", "closure"), ("severity", "severe")]);
        let shape = geo::MultiLineString(vec![
            LineString::from(line.clone()),
            LineString::from(vec![line[line.len() - 1], line[0]]),
        ]);
        let set = set(&layer, vec![made(&c, 5, shape.into(), given)]);
        for (lon, lat) in line {
            let id = holding(LonLat::new(lon, lat).unwrap(), z);
            let layers = at(&set, &layer, DAY, id);
            prop_assert_eq!(layers.len(), 1, "each vertex is in its tile");
            let [f] = &layers[0].features[..] else { panic!("one feature, {layers:?}") };
            prop_assert_eq!((f.id, f.kind), (5, 2));
            for path in &f.paths {
                prop_assert!(path.len() >= 2 && path.windows(2).all(|w| w[0] != w[1]));
                prop_assert!(path.iter().all(|(x, y)| (-64..=4160).contains(x) && (-64..=4160).contains(y)));
            }
        }
    }
}

#[test]
fn an_alert_appears_at_its_onset_and_is_gone_at_its_expiry() {
    let layer = layer("alerts");
    let c = layer.collection.clone().unwrap();
    let given = |onset, expires| {
        values(&c, &[("severity", "severe"), ("headline_vi", "x"), ("onset", onset), ("expires", expires)])
    };
    let shape: Geometry<f64> = square(106.7, 10.8, 0.05).into();
    let one = made(&c, 1, shape.clone(), given("2026-11-25T08:00:00Z", "2026-11-25T10:00:00Z"));
    let two = made(&c, 2, shape, given("2026-11-25T09:00:00Z", "2026-11-25T11:00:00Z"));
    let set = set(&layer, vec![one, two]);
    let id = holding(LonLat::new(106.7, 10.8).unwrap(), 10);
    let ids = |now: &str| -> Vec<u64> {
        at(&set, &layer, now, id).into_iter().take(1).flat_map(|l| l.features).map(|f| f.id).collect()
    };
    assert_eq!(ids("2026-11-25T07:59:59.999Z"), [] as [u64; 0]);
    assert_eq!(ids("2026-11-25T08:00:00Z"), [1]);
    assert_eq!(ids("2026-11-25T09:59:59.999Z"), [2, 1]);
    assert_eq!(ids("2026-11-25T10:00:00Z"), [2]);
    assert_eq!(ids("2026-11-25T11:00:00Z"), [] as [u64; 0]);
    // The bytes depend on the last onset or expiry, not on the clock.
    let bytes = |now| draw(&set, &layer, &FeatureFilter::default(), Instant::parse(now).unwrap(), id);
    assert_eq!(bytes("2026-11-25T09:00:00Z"), bytes("2026-11-25T09:30:00Z"));
    // A question about time decides itself.
    let pairs = [("active".to_owned(), "false".to_owned())];
    let (inactive, _) = parse_filter(&pairs, set.collection(), &CodeBook::default());
    let other = draw(&set, &layer, &inactive, Instant::parse("2026-11-25T08:00:00Z").unwrap(), id);
    assert_eq!(decode(&other).unwrap()[0].features[0].id, 2);
}

#[test]
fn areas_are_wound_right_at_every_zoom_with_one_label_each() {
    let layer = layer("alerts");
    let c = layer.collection.clone().unwrap();
    let given = values(
        &c,
        &[("severity", "minor"), ("headline_vi", "x"), ("onset", "2026-01-01"), ("expires", "2027-01-01")],
    );
    let mut holed = square(106.7, 10.8, 0.06);
    holed.interiors_push(square(106.7, 10.8, 0.03).exterior().clone());
    // A polygon with a hole in the middle, and a second part that is a speck at low zooms.
    let shape = MultiPolygon(vec![holed, square(106.9, 10.8, 0.02)]);
    let speck = square(106.75, 10.95, 0.000_02);
    let features = vec![made(&c, 1, shape.into(), given.clone()), made(&c, 2, speck.into(), given)];
    let set = set(&layer, features);
    for z in 0..=13 {
        let (low, high) =
            (holding(LonLat::new(106.6, 11.0).unwrap(), z), holding(LonLat::new(107.0, 10.6).unwrap(), z));
        let mut labels = Vec::new();
        let mut rings: BTreeMap<u64, i64> = BTreeMap::new();
        for (x, y) in (low.x()..=high.x()).flat_map(|x| (low.y()..=high.y()).map(move |y| (x, y))) {
            let id = TileId::new(z, x, y).unwrap();
            for l in at(&set, &layer, DAY, id) {
                for f in l.features {
                    if l.name == "alert_labels" {
                        labels.push(f.id);
                        continue;
                    }
                    assert!(area2(&f.paths[0]) > 0, "an exterior comes first");
                    assert!(f.paths.iter().all(|r| r.len() >= 3 && area2(r) != 0));
                    *rings.entry(f.id).or_default() += f.paths.iter().map(|r| area2(r)).sum::<i64>();
                }
            }
        }
        labels.sort_unstable();
        assert_eq!(labels, [1, 2], "zoom {z}");
        assert!(rings[&1] > 0 && rings[&2] > 0, "zoom {z}: {rings:?}");
    }
    // The hole is empty: at zoom 13 its tile contains nothing but the buffer.
    let middle = holding(LonLat::new(106.7, 10.8).unwrap(), 14);
    assert!(at(&set, &layer, DAY, middle).iter().all(|l| l.name != "alerts"));
}

#[test]
fn areas_that_share_a_border_share_it_in_every_tile_whichever_came_first() {
    let layer = layer("alerts");
    let c = layer.collection.clone().unwrap();
    let given =
        [("severity", "minor"), ("headline_vi", "x"), ("onset", "2026-01-01"), ("expires", "2027-01-01")];
    let made = |id, ring: Vec<(f64, f64)>| {
        Arc::new(made(&c, id, Polygon::new(ring.into(), vec![]).into(), values(&c, &given)))
    };
    // A wiggly border from south to north; the areas on both sides have different widths.
    let border: Vec<(f64, f64)> = (0..=300)
        .map(|i| (106.7 + f64::from(i * 7919 % 97) * 0.000_02, 10.7 + f64::from(i) * 0.000_3))
        .collect();
    let west = [border.clone(), vec![(106.6, 10.79), (106.61, 10.75), (106.6, 10.7)]].concat();
    let east = [border.iter().rev().copied().collect(), vec![(106.9, 10.69), (106.9, 10.8)]].concat();
    let (west, east) = (made(1, west), made(2, east));
    let alone = FeatureSets::build(std::slice::from_ref(&c), vec![(c.id.clone(), west)], Instant::MIN);
    let change = crate::map::FeatureChange::Upsert { collection: c.id.clone(), feature: east };
    let both = alone.apply(&[change], Instant::MIN);
    let set = both.get(&c.id).unwrap();
    for z in 8..=15 {
        let id = holding(LonLat::new(106.701, 10.745).unwrap(), z);
        let frame = Frame::new(id, 64);
        let rings: Vec<_> = (0..2).flat_map(|row| set.rings(row, &frame)).collect();
        let sum: i64 = rings.iter().map(|r| area2(r)).sum();
        let together = solid(&rings);
        assert_eq!(together.len(), 1, "no gap at zoom {z}");
        assert_eq!(area2(&together[0]), sum, "no overlap at zoom {z}");
    }
}
