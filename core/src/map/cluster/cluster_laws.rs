//! Checks the properties of clusters against a slow, simple model of a whole zoom.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::field::{CATEGORY, UPDATED};
use crate::map::cluster::neighbourhood::tie;
use crate::map::index::Change;
use crate::map::testing::{filter, rows, spots};

type Cell = (i64, i64);

/// Every symbol of a zoom by seed cell, computed for the whole world at once with maps.
fn whole_zoom(rows: &[MapRow], filter: &Filter, zoom: u8, top: usize) -> BTreeMap<Cell, Symbol> {
    let bits = u32::from(zoom) + 6;
    let mut cells: BTreeMap<Cell, Vec<MapRow>> = BTreeMap::new();
    for row in rows.iter().filter(|r| filter.matches(r)) {
        if let Some(p) = row.point {
            let (x, y) = Mercator::from_lonlat(p).cell(bits);
            cells.entry((y.into(), x.into())).or_default().push(*row);
        }
    }
    let far = |a: Cell, b: Cell| (a.0 - b.0).abs().max((a.1 - b.1).abs());
    let mut seeds: BTreeSet<Cell> = BTreeSet::new();
    for colour in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut best: BTreeMap<Cell, (usize, u64, Cell)> = BTreeMap::new();
        for (&cell, members) in &cells {
            let block = (cell.0 / 6, cell.1 / 6);
            if (block.0 % 2, block.1 % 2) == colour && seeds.iter().all(|&s| far(s, cell) > 5) {
                let rank = (members.len(), tie((cell.1 as u32, cell.0 as u32)), cell);
                let slot = best.entry(block).or_insert(rank);
                *slot = rank.max(*slot);
            }
        }
        seeds.extend(best.values().map(|b| b.2));
    }
    let mut clusters: BTreeMap<Cell, Vec<MapRow>> = BTreeMap::new();
    for (&cell, members) in &cells {
        let seed = seeds
            .iter()
            .filter(|&&s| far(s, cell) <= 5)
            .min_by_key(|s| ((s.0 - cell.0).pow(2) + (s.1 - cell.1).pow(2), **s))
            .expect("after four colours every cell is covered");
        clusters.entry(*seed).or_default().extend(members);
    }
    clusters
        .into_iter()
        .map(|(seed, members)| (seed, symbol_of(seed, &cells[&seed], &members, zoom, top)))
        .collect()
}

fn symbol_of(seed: Cell, in_seed: &[MapRow], members: &[MapRow], zoom: u8, top: usize) -> Symbol {
    let points: Vec<_> = in_seed.iter().filter_map(|r| r.point).map(Mercator::from_lonlat).collect();
    let mean = |f: fn(&Mercator) -> u32| {
        (points.iter().map(|p| u64::from(f(p))).sum::<u64>() / points.len() as u64) as u32
    };
    let at = Mercator { x: mean(|p| p.x), y: mean(|p| p.y) };
    if let [row] = members {
        return Symbol { at, kind: SymbolKind::Row(*row) };
    }
    let mut states = [0; STATES];
    let mut categories: BTreeMap<u8, u32> = BTreeMap::new();
    for m in members {
        states[m.state() as usize] += 1;
        *categories.entry(m[CATEGORY]).or_default() += 1;
    }
    let mut named: Vec<_> = categories.into_iter().collect();
    named.sort_by_key(|&(c, n)| (std::cmp::Reverse(n), c));
    named.truncate(top);
    let latest = members.iter().filter_map(|m| m.instant(UPDATED)).max().unwrap();
    let id = cluster_id(zoom, (seed.1 as u32, seed.0 as u32));
    Symbol {
        at,
        kind: SymbolKind::Cluster(Cluster { id, count: members.len() as u64, states, top: named, latest }),
    }
}

fn count(s: &Symbol) -> u64 {
    match &s.kind {
        SymbolKind::Row(_) => 1,
        SymbolKind::Cluster(c) => c.count,
    }
}

/// Every tile of a zoom that could show something, each made alone.
fn all_tiles(snapshot: &Snapshot, rows: &[MapRow], filter: &Filter, zoom: u8) -> Vec<(TileId, Vec<Symbol>)> {
    let mut ids: BTreeSet<TileId> = BTreeSet::new();
    for p in rows.iter().filter_map(|r| r.point) {
        let t = TileId::holding(Mercator::from_lonlat(p), zoom).unwrap();
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            ids.extend(TileId::new(zoom, t.x() + dx, t.y() + dy));
        }
    }
    ids.into_iter().map(|t| (t, symbols(snapshot, filter, t, 2))).collect()
}

fn check_laws(rows: &[MapRow], changes: &[Change], filter: &Filter, zoom: u8) {
    let snapshot = Snapshot::from_rows(rows.to_vec(), 0).apply(changes, 1);
    let now = snapshot.rows(&Filter::default());
    let tiles = all_tiles(&snapshot, &now, filter, zoom);
    let got: Vec<&Symbol> = tiles.iter().flat_map(|(_, s)| s).collect();

    // First law: every matching row is counted once.
    let placeless = now.iter().filter(|r| r.point.is_none() && filter.matches(r)).count() as u64;
    assert_eq!(
        got.iter().map(|s| count(s)).sum::<u64>() + placeless,
        snapshot.count(filter),
        "sum at zoom {zoom}"
    );

    // Second law: symbols are at least 40 px apart, less one unit for quantisation, also across
    // tile edges.
    let bits = u32::from(zoom) + 12;
    let mut places: Vec<(u32, u32)> = got.iter().map(|s| s.at.cell(bits)).collect();
    places.sort_unstable();
    for (i, a) in places.iter().enumerate() {
        for b in places[i + 1..].iter().take_while(|b| b.0 - a.0 < 319) {
            assert!(a.1.abs_diff(b.1) >= 319, "symbols at {a:?} and {b:?} of zoom {zoom}");
        }
    }

    // Third law: a tile made alone equals its part of the whole zoom.
    let mut whole: BTreeMap<TileId, Vec<Symbol>> = BTreeMap::new();
    for symbol in whole_zoom(&now, filter, zoom, 2).into_values() {
        whole.entry(TileId::holding(symbol.at, zoom).unwrap()).or_default().push(symbol);
    }
    for (tile, alone) in tiles {
        assert_eq!(alone, whole.remove(&tile).unwrap_or_default(), "tile {tile}");
    }
    assert!(whole.is_empty(), "symbols in tiles without points: {whole:?}");
}

/// Points dense enough that dependencies between blocks run through a whole tile and its halo.
fn dense(zoom: u8) -> BoxedStrategy<Vec<MapRow>> {
    let side = u32::MAX >> zoom;
    let corner = 0x9000_0000_u32 >> (32 - zoom) << (32 - zoom);
    let point = (0..side, 0..side, prop_oneof![Just(0), Just(side), Just(side * 2)])
        .prop_map(move |(x, y, d)| Mercator { x: corner - side + x + d, y: corner - side / 2 + y }.lonlat());
    rows(point.boxed(), 2500)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn hard_points_keep_the_laws(rows in rows(spots(), 150), filter in filter(), zoom in 0_u8..=18) {
        check_laws(&rows, &[], &filter, zoom);
    }

    #[test]
    fn changes_keep_the_laws(rows in rows(spots(), 60), more in rows(spots(), 40), filter in filter(), zoom in 0_u8..=18) {
        let changes: Vec<Change> = more
            .iter()
            .map(|r| if r[CATEGORY] == 0 { Change::Remove { seq: r.seq } } else { Change::Upsert(*r) })
            .collect();
        check_laws(&rows, &changes, &filter, zoom);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in rows(spots(), 100).prop_flat_map(|v| (Just(v.clone()), Just(v).prop_shuffle())), zoom in 0_u8..=18) {
        let filter = Filter::default();
        let (a, b) = (Snapshot::from_rows(rows.0.clone(), 0), Snapshot::from_rows(rows.1, 0));
        prop_assert_eq!(all_tiles(&a, &rows.0, &filter, zoom), all_tiles(&b, &rows.0, &filter, zoom));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn dense_tiles_keep_the_laws(rows in dense(11)) {
        check_laws(&rows, &[], &Filter::default(), 11);
    }
}

/// Rows in every cell of a square of cells at zoom 10 that starts at a tile. `heavy` cells have
/// more than one row.
fn full_cells((x, y): (u32, u32), side: u32, salt: u64, heavy: u64) -> Vec<MapRow> {
    let cell = 1_u32 << (32 - 16);
    let corner = |tile: u32| tile * 64 * cell;
    let mut rows = Vec::new();
    for i in 0..side * side {
        let at =
            Mercator { x: corner(x) + i % side * cell + cell / 2, y: corner(y) + i / side * cell + cell / 2 };
        for _ in 0..=tie((i, salt as u32)) % heavy {
            rows.push(crate::map::testing::row_of(rows.len() as u32, (Some(at.lonlat()), 1, 0, 0, 1, 1)));
        }
    }
    rows
}

#[test]
fn one_row_per_cell_keeps_the_laws() {
    check_laws(&full_cells((700, 700), 128, 0, 1), &[], &Filter::default(), 10);
}

/// Full cells make the longest dependencies between blocks, so a halo that is too narrow fails
/// here. A tile can start at three offsets within a pair of blocks.
#[test]
fn full_cells_need_the_whole_halo_and_no_more() {
    for salt in 0..9 {
        let corner = (700 + salt % 3, 480 + salt / 3);
        check_laws(&full_cells(corner, 192, salt.into(), 4), &[], &Filter::default(), 10);
    }
}

#[test]
fn coincident_rows_stay_a_cluster_at_the_last_zoom() {
    let spot = crate::geo::LonLat::new(106.7, 10.77).unwrap();
    let rows: Vec<_> = (0..3).map(|i| crate::map::testing::row_of(i, (Some(spot), 1, 0, 0, 1, 1))).collect();
    let s = Snapshot::from_rows(rows, 0);
    let tile = TileId::holding(Mercator::from_lonlat(spot), 18).unwrap();
    let found = symbols(&s, &Filter::default(), tile, 1);
    let [Symbol { kind: SymbolKind::Cluster(c), .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!((c.count, &c.top[..]), (3, &[(1, 3)][..]));
    assert_eq!(cluster_cell(c.id).map(|(z, cell)| cluster_id(z, cell)), Some(c.id));
}

#[test]
fn ids_name_zoom_and_cell_and_stay_safe() {
    for z in 0..=MAX_ZOOM {
        let last = (1_u32 << (z + 6)) - 1;
        for cell in [(0, 0), (last, 0), (0, last), (last, last)] {
            let id = cluster_id(z, cell);
            assert!((1 << 52..1 << 53).contains(&id));
            assert_eq!(cluster_cell(id), Some((z, cell)));
        }
    }
    assert_eq!(cluster_cell(FIRST_ID - 1), None);
    assert_eq!(cluster_cell(1 << 53), None);
}
