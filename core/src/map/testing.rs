//! Rows, features and filters for the tests of this room: random ones, and those that hurt.

use proptest::prelude::*;

use crate::domain::feature::Valid;
use crate::domain::field::Value;
use crate::domain::view::{MapRow, NO_BODY, NO_CATEGORY, NO_WARD, Position};
use crate::domain::{Collection, Feature, Instant, State};
use crate::geo::{Bbox, LonLat};
#[cfg(test)]
use crate::map::Layer;
use crate::query::params::{FILTERS, parse};
use crate::query::testing::{codebook, expression};
use crate::query::{CodeSet, Filter, Interval};

/// Points that are hard: one spot, a lattice, corners of tiles and blocks, the antimeridian, the
/// poles, the city; or anything.
pub fn spots() -> BoxedStrategy<LonLat> {
    let at = |lon: f64, lat: f64| LonLat::new(lon.clamp(-180.0, 180.0), lat.clamp(-90.0, 90.0)).unwrap();
    prop_oneof![
        3 => (0_i32..60, 0_i32..60).prop_map(move |(i, j)| at(106.7 + f64::from(i) * 0.000_7, 10.7 + f64::from(j) * 0.000_7)),
        2 => (-0.3..0.3_f64, -0.3..0.3_f64).prop_map(move |(a, b)| at(106.7 + a * a * a, 10.7 + b * b * b)),
        1 => Just(at(106.7, 10.7)),
        1 => (1_u32..16, any::<u32>(), any::<u32>(), -1_i64..=1, -1_i64..=1).prop_map(|(z, x, y, dx, dy)| {
            let corner = |v: u32, d: i64| (i64::from(v >> (32 - z) << (32 - z)) + d).clamp(0, i64::from(u32::MAX)) as u32;
            crate::geo::Mercator { x: corner(x, dx), y: corner(y, dy) }.lonlat()
        }),
        1 => (prop_oneof![Just(-180.0), Just(180.0), 179.99..180.0_f64, -180.0..-179.99_f64], -2.0..2.0_f64)
            .prop_map(move |(lon, lat)| at(lon, lat)),
        1 => (-1.0..1.0_f64, prop_oneof![Just(-90.0), Just(90.0), 84.9..86.0_f64, -86.0..-84.9_f64])
            .prop_map(move |(lon, lat)| at(lon, lat)),
        1 => (-180.0..180.0_f64, -90.0..90.0_f64).prop_map(move |(lon, lat)| at(lon, lat)),
    ]
    .boxed()
}

/// Up to `n` rows at such points, one in ten placeless, with seqs and ids of their own.
pub fn rows(points: BoxedStrategy<LonLat>, n: usize) -> BoxedStrategy<Vec<MapRow>> {
    let row =
        (proptest::option::weighted(0.9, points), 0_u8..6, 0_usize..7, 0_u16..5, 0_i64..100, 0_i64..100);
    proptest::collection::vec(row, 0..n)
        .prop_map(|v| v.into_iter().enumerate().map(|(i, parts)| row_of(i as u32, parts)).collect())
        .boxed()
}

type Parts = (Option<LonLat>, u8, usize, u16, i64, i64);

/// One row; its id, body, votes and due date follow from its seq, without keeping the order.
pub fn row_of(seq: u32, (point, category, state, ward, created, later): Parts) -> MapRow {
    let id = (u64::from(seq) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) % ((1 << 52) - 1) + 1;
    MapRow {
        seq,
        id,
        point,
        category: if id % 17 == 0 { NO_CATEGORY } else { category },
        state: State::ALL[state],
        ward: if ward == 4 { NO_WARD } else { ward },
        body: if id % 7 == 6 { NO_BODY } else { (id % 7) as u16 },
        votes: (id % 23).saturating_sub(12) as u32,
        created: Instant::from_ms(created * 1000),
        updated: Instant::from_ms((created + later) * 1000),
        due: (id % 3 > 0).then(|| Instant::from_ms((created + (id % 90) as i64) * 1000)),
        last_event: Position { shown_ms: (created + later) * 1000, seq: (id % 100) as i64 },
    }
}

/// Any filter, most fields mostly open.
pub fn filter() -> BoxedStrategy<Filter> {
    let codes = |n: u16| {
        proptest::option::weighted(0.4, proptest::collection::vec(0..n, 0..4).prop_map(CodeSet::from_iter))
    };
    let wards = proptest::option::weighted(
        0.2,
        proptest::collection::vec(prop_oneof![0_u16..5, Just(NO_WARD)], 0..4).prop_map(CodeSet::from_iter),
    );
    let interval = || {
        prop_oneof![
            3 => Just(Interval::ALL),
            1 => (0_i64..200, 0_i64..200).prop_map(|(a, b)| Interval { from: Instant::from_ms(a * 1000), to: Instant::from_ms((a + b) * 1000) }),
        ]
    };
    let bbox = prop_oneof![
        3 => Just(None),
        1 => (spots(), spots()).prop_map(|(a, b)| {
            Some(Bbox::new(a.lon(), a.lat().min(b.lat()), b.lon(), a.lat().max(b.lat())).unwrap())
        }),
        1 => (106.0..107.0_f64, 10.0..11.0_f64, 0.0..1.0_f64).prop_map(|(w, s, d)| Some(Bbox::new(w, s, w + d, s + d).unwrap())),
    ];
    let bodies = codes(7);
    let votes = prop_oneof![3 => Just(0_u32), 1 => 0_u32..12];
    let overdue = proptest::option::weighted(
        0.2,
        (any::<bool>(), (0_i64..200).prop_map(|s| Instant::from_ms(s * 1000))),
    );
    let plain = (bbox, interval(), interval(), codes(7), codes(8), wards);
    (plain, bodies, votes, overdue, proptest::option::weighted(0.5, expression()))
        .prop_map(|(plain, bodies, min_votes, overdue, asked)| {
            let (bbox, created, updated, categories, states, wards) = plain;
            let pairs = asked.map(|text| vec![("filter".to_owned(), text)]).unwrap_or_default();
            let rest = parse(&pairs, FILTERS, &codebook(), Instant::from_ms(400_000)).unwrap().filter;
            // What the expression says that a parameter can say, too, gives way to the parameter.
            let rest = Filter { rest: rest.rest, ..Filter::default() };
            Filter { bbox, created, updated, categories, states, wards, bodies, min_votes, overdue, ..rest }
        })
        .boxed()
}

/// A feature as a set holds it; its sequence follows its id.
pub fn made(c: &Collection, id: u64, geometry: geo::Geometry<f64>, values: Vec<Value>) -> Feature {
    Feature {
        seq: id as i64,
        id,
        source: "example".into(),
        source_id: id.to_string(),
        revision: 1,
        created: Instant::from_ms(0),
        updated: Instant::from_ms(0),
        geometry: Some(geometry),
        valid: Valid::of(c, &values),
        values,
        wards: Vec::new(),
    }
}

/// Two layers of the pack.
#[cfg(test)]
pub(super) fn layers() -> Vec<Layer> {
    vec![
        Layer::parse("incidents.toml", include_str!("../../../tiles/layers/incidents.toml"), &[]).unwrap(),
        Layer::parse("wards.toml", include_str!("../../../tiles/layers/wards.toml"), &[]).unwrap(),
    ]
}
