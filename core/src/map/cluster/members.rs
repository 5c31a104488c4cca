//! All members of a cluster, computed on request from its zoom and cell: the rows, their bounds,
//! the zoom at which they separate. Not here: which symbols a tile shows (cluster).

use crate::domain::view::MapRow;
use crate::geo::{Bbox, LonLat, Mercator, TileId};
use crate::map::cluster::neighbourhood::{Grid, NOBODY, Owners, TILE_BITS};
use crate::map::cluster::{MAX_ZOOM, cluster_id};
use crate::map::index::Snapshot;
use crate::map::index::select::Select;
use crate::query::Filter;

/// The rows that a symbol stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    /// The current id of the symbol's cluster. It differs from the requested one if the densest
    /// cell has moved.
    pub id: u64,
    /// The rows, newest first by internal sequence; never empty.
    pub rows: Vec<MapRow>,
}

/// The rows of the cluster with this seed cell at a zoom (0..=18; column and row below 2^(zoom +
/// 6)). If there is no such cluster any more, those of the one that now owns the cell. `None` if no
/// matching row is near.
pub fn members(snapshot: &Snapshot, filter: &Filter, zoom: u8, cell: (u32, u32)) -> Option<Members> {
    let tile = tile_of(zoom, cell)?;
    let select = Select::new(filter);
    let mut grid = Grid::new(tile);
    let gathered = snapshot.parts().map(|part| grid.gather(part, &select));
    let seeds = grid.seeds();
    let owners = Owners::new(numbered(&seeds));
    let owner = owners.of(grid.claimed(cell)?);
    if owner == NOBODY {
        return None;
    }
    let seed = grid.world(seeds[usize::from(owner)]);
    // The grid holds all members only if the seed is in its own tile.
    if tile_of(zoom, seed) != Some(tile) {
        return members(snapshot, filter, zoom, seed);
    }
    let mut rows = Vec::new();
    for g in &gathered {
        for run in g.runs.iter().filter(|run| owners.of(run.cell) == owner) {
            g.rows.list(run.start as usize..run.end as usize, &mut rows);
        }
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.seq));
    (!rows.is_empty()).then_some(Members { id: cluster_id(zoom, seed), rows })
}

impl Members {
    /// The bounding box of the rows' points.
    pub fn bounds(&self) -> Option<Bbox> {
        let mut points = self.points();
        let first = points.next()?;
        let start = Bbox { west: first.lon(), south: first.lat(), east: first.lon(), north: first.lat() };
        Some(points.fold(start, |b, p| Bbox {
            west: b.west.min(p.lon()),
            south: b.south.min(p.lat()),
            east: b.east.max(p.lon()),
            north: b.north.max(p.lat()),
        }))
    }

    /// Whether all rows have the same point, so that no zoom separates them.
    pub fn same_location(&self) -> bool {
        let mut points = self.points();
        let first = points.next();
        points.all(|p| Some(p) == first)
    }

    /// The first zoom after `zoom` at which more than one symbol stands for the rows. `None` if
    /// even the last zoom shows one symbol.
    pub fn expansion_zoom(&self, snapshot: &Snapshot, filter: &Filter, zoom: u8) -> Option<u8> {
        if self.same_location() {
            return None;
        }
        let select = Select::new(filter);
        (zoom + 1..=MAX_ZOOM).find(|&z| {
            let mut cells: Vec<(u32, u32)> =
                self.points().map(|p| Mercator::from_lonlat(p).cell(u32::from(z) + TILE_BITS)).collect();
            cells.sort_unstable();
            cells.dedup();
            // The few tiles that contain the rows; each gives the owners of its cells.
            let mut common = None;
            let mut tiles: Vec<TileId> = cells.iter().filter_map(|&c| tile_of(z, c)).collect();
            tiles.sort_unstable_by_key(|t| (t.x(), t.y()));
            tiles.dedup();
            tiles.iter().any(|&tile| {
                let mut grid = Grid::new(tile);
                for part in snapshot.parts() {
                    grid.gather(part, &select);
                }
                let seeds = grid.seeds();
                let owners = Owners::new(numbered(&seeds));
                cells.iter().filter(|&&c| tile_of(z, c) == Some(tile)).any(|&c| {
                    let owner = grid.claimed(c).map(|i| owners.of(i)).filter(|o| *o != NOBODY);
                    let seed = owner.map(|o| grid.world(seeds[usize::from(o)]));
                    *common.get_or_insert(seed) != seed
                })
            })
        })
    }

    fn points(&self) -> impl Iterator<Item = LonLat> {
        self.rows.iter().filter_map(|row| row.point)
    }
}

/// Numbers the seeds.
fn numbered(seeds: &[(usize, usize)]) -> impl Iterator<Item = ((usize, usize), u16)> {
    seeds.iter().copied().zip(0..)
}

fn tile_of(zoom: u8, (x, y): (u32, u32)) -> Option<TileId> {
    TileId::new(zoom, x >> TILE_BITS, y >> TILE_BITS).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::cluster::{SymbolKind, cluster_cell, symbols};
    use crate::map::testing::{filter, row_of, rows, spots};

    proptest! {
        #[test]
        fn the_members_of_a_tiles_symbols_are_the_rows_that_match(
            rows in rows(spots(), 150), filter in filter(), zoom in 0_u8..=18, pick in any::<prop::sample::Index>(),
        ) {
            let snapshot = Snapshot::from_rows(rows.clone(), 1);
            let placed: Vec<_> = rows.iter().filter(|r| r.point.is_some() && filter.matches(r)).collect();
            prop_assume!(!placed.is_empty());
            let at = Mercator::from_lonlat(placed[pick.index(placed.len())].point.unwrap());
            let tile = TileId::holding(at, zoom).unwrap();
            for s in symbols(&snapshot, &filter, tile, 0) {
                let SymbolKind::Cluster(c) = s.kind else { continue };
                let (z, cell) = cluster_cell(c.id).unwrap();
                let found = members(&snapshot, &filter, z, cell).unwrap();
                prop_assert_eq!((found.id, found.rows.len() as u64), (c.id, c.count));
                prop_assert!(found.rows.iter().all(|r| filter.matches(r)));
                let parted = found.expansion_zoom(&snapshot, &filter, z);
                prop_assert!(parted.is_none_or(|p| p > z));
                prop_assert!(!found.same_location() || parted.is_none());
                // At the expansion zoom there are several symbols; one zoom before, there is one.
                let seen = |z: u8| {
                    let of = |r: &MapRow| {
                        let cell = Mercator::from_lonlat(r.point.unwrap()).cell(u32::from(z) + 6);
                        members(&snapshot, &filter, z, cell).unwrap().id
                    };
                    found.rows.iter().map(of).collect::<std::collections::BTreeSet<_>>().len()
                };
                if let Some(p) = parted {
                    prop_assert!(seen(p) > 1);
                    prop_assert!(p == z + 1 || seen(p - 1) == 1);
                } else if z < MAX_ZOOM {
                    prop_assert_eq!(seen(MAX_ZOOM), 1);
                }
            }
        }

        #[test]
        fn a_stale_id_is_answered_by_its_place(rows in rows(spots(), 80), zoom in 0_u8..=18, pick in any::<prop::sample::Index>()) {
            let snapshot = Snapshot::from_rows(rows.clone(), 1);
            let placed: Vec<_> = rows.iter().filter(|r| r.point.is_some()).collect();
            prop_assume!(!placed.is_empty());
            let row = placed[pick.index(placed.len())];
            let cell = Mercator::from_lonlat(row.point.unwrap()).cell(u32::from(zoom) + 6);
            let found = members(&snapshot, &Filter::default(), zoom, cell).unwrap();
            prop_assert!(found.rows.contains(row));
            agrees_with_its_symbol(&snapshot, &found);
        }
    }

    fn agrees_with_its_symbol(snapshot: &Snapshot, found: &Members) {
        let (zoom, seed) = cluster_cell(found.id).unwrap();
        let same = |s: &SymbolKind| match s {
            SymbolKind::Cluster(c) => c.id == found.id && c.count == found.rows.len() as u64,
            SymbolKind::Row(row) => found.rows == [*row],
        };
        let symbols = symbols(snapshot, &Filter::default(), tile_of(zoom, seed).unwrap(), 0);
        assert!(symbols.iter().any(|s| same(&s.kind)), "{} rows of {seed:?}", found.rows.len());
    }

    /// A cell at the edge of a tile mostly has seeds on both sides of it.
    #[test]
    fn a_cell_beside_another_tile_is_answered_as_that_tile_shows_it() {
        let cell = 1_u32 << (32 - 16);
        let spots = (0..110_u32 * 110).filter(|i| i.wrapping_mul(2_654_435_761) >> 16 & 1 == 0);
        let at = |i: u32| (700 * 64 - 20 + i % 110, 480 * 64 - 20 + i / 110);
        let rows: Vec<_> = spots
            .zip(0..)
            .map(|(i, seq)| {
                let (x, y) = at(i);
                let place = Mercator { x: x * cell + cell / 2, y: y * cell + cell / 2 }.lonlat();
                row_of(seq, (Some(place), 1, 0, 0, 1, 1))
            })
            .collect();
        let snapshot = Snapshot::from_rows(rows, 1);
        for i in 0..64 {
            for cell in [(700 * 64 + i, 480 * 64), (700 * 64, 480 * 64 + i), (700 * 64 + 63, 480 * 64 + i)] {
                if let Some(found) = members(&snapshot, &Filter::default(), 10, cell) {
                    agrees_with_its_symbol(&snapshot, &found);
                }
            }
        }
    }
}
