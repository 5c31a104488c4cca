//! Rows, features and filters for the tests of this room: random ones, and those that hurt.

use proptest::prelude::*;

use crate::domain::feature::Valid;
use crate::domain::field::Value;
use crate::domain::field::{
    BODY, CATEGORY, CREATED, DUE, NEVER, NO_BODY, NO_CATEGORY, NO_WARD, STATE, UPDATED, VOTES, WARD,
};
use crate::domain::view::{MapRow, Position};
use crate::domain::{Collection, Feature, Instant, State};
use crate::geo::LonLat;
#[cfg(test)]
use crate::map::Layer;
use crate::query::Filter;
use crate::query::params::{FILTERS, parse};
use crate::query::testing::{codebook, expression};

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
    let row = MapRow::new(seq, id, point)
        .with(CATEGORY, if id % 17 == 0 { NO_CATEGORY } else { category })
        .with(STATE, State::ALL[state] as u8)
        .with(WARD, if ward == 4 { NO_WARD } else { ward })
        .with(BODY, if id % 7 == 6 { NO_BODY } else { (id % 7) as u16 })
        .with(VOTES, (id % 23).saturating_sub(12) as u32)
        .with(CREATED, created * 1000)
        .with(UPDATED, (created + later) * 1000)
        .with(DUE, if id % 3 > 0 { (created + (id % 90) as i64) * 1000 } else { NEVER });
    let present = (id % 61) as u8;
    MapRow {
        present,
        last_event: Position { shown_ms: (created + later) * 1000, seq: (id % 100) as i64 },
        ..row
    }
}

/// Any filter, most fields mostly open.
pub fn filter() -> BoxedStrategy<Filter> {
    let some = |share: f64, value: BoxedStrategy<String>| proptest::option::weighted(share, value);
    let list = |names: Vec<String>| {
        proptest::collection::vec(proptest::sample::select(names), 1..4).prop_map(|v| v.join(",")).boxed()
    };
    let book = codebook();
    let when = |s: i64| Instant::from_ms(s * 1000).to_string();
    let interval = move || {
        (0_i64..200, 0_i64..200).prop_map(move |(a, b)| format!("{}/{}", when(a), when(a + b))).boxed()
    };
    let bbox = prop_oneof![
        (spots(), spots()).prop_map(|(a, b)| {
            let (south, north) = (a.lat().min(b.lat()), a.lat().max(b.lat()));
            format!("{},{south},{},{north}", a.lon(), b.lon())
        }),
        (106.0..107.0_f64, 10.0..11.0_f64, 0.0..1.0_f64).prop_map(|(w, s, d)| format!(
            "{w},{s},{},{}",
            w + d,
            s + d
        )),
    ];
    let bodies = (0..book.body_count()).filter_map(|i| book.body_id(i)).map(|b| b.to_string()).collect();
    let plain = (
        some(0.4, bbox.boxed()),
        some(0.25, interval()),
        some(0.25, interval()),
        some(0.4, list(book.categories.iter().map(ToString::to_string).collect())),
        some(0.4, list(State::ALL.map(|s| s.name().to_owned()).to_vec())),
        some(0.1, list(vec!["open".to_owned(), "closed".to_owned()])),
        some(0.2, list(book.wards.iter().map(ToString::to_string).collect())),
        some(0.4, list(bodies)),
        some(0.25, (0..12_u32).prop_map(|n| n.to_string()).boxed()),
        some(0.2, any::<bool>().prop_map(|b| b.to_string()).boxed()),
    );
    let names = [
        "bbox",
        "datetime",
        "updated",
        "category",
        "state",
        "status",
        "ward",
        "body",
        "min_votes",
        "overdue",
    ];
    let presence =
        proptest::sample::select(vec!["address IS NULL", "title IS NOT NULL", "ward_name IS NULL"]);
    (plain, some(0.5, expression()), proptest::option::weighted(0.1, presence), 0_i64..600)
        .prop_map(move |(p, expression, presence, now)| {
            let language = presence.map(|_| "cql-text".to_owned());
            let expression = match (expression, presence) {
                (Some(e), Some(p)) => Some(format!("({e}) AND {p}")),
                (e, p) => e.or(p.map(str::to_owned)),
            };
            let values = [p.0, p.1, p.2, p.3, p.4, p.5, p.6, p.7, p.8, p.9];
            let names = names.into_iter().chain(["filter", "filter-lang"]);
            let pairs = names.zip(values.into_iter().chain([expression, language]));
            let pairs: Vec<_> = pairs.filter_map(|(name, v)| Some((name.to_owned(), v?))).collect();
            parse(&pairs, FILTERS, &codebook(), Instant::from_ms(now * 1000)).unwrap().filter
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
