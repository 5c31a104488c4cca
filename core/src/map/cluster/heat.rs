//! The density of reports: the non-empty cells of a tile, for heat maps. Not here: symbols that
//! keep their distance (cluster), encoding of cells (tile).

use crate::geo::morton::Window;
use crate::geo::{Mercator, TileId};
use crate::map::cluster::matched::Matched;
use crate::map::cluster::neighbourhood::TILE_BITS;
use crate::map::cluster::{MAX_ZOOM, cluster_id};
use crate::map::index::Snapshot;
use crate::map::index::select::Select;
use crate::query::Filter;

/// Number of cells in a tile.
const CELLS: usize = 1 << (2 * TILE_BITS);

/// A cell of the world, 8 px wide at its zoom, with at least one matching report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Encodes zoom and cell, like the id of the cluster with this seed cell.
    pub id: u64,
    /// The centroid of its reports, which lies inside it.
    pub at: Mercator,
    /// How many reports.
    pub weight: u64,
}

/// The cells of a tile in Morton order, at most 4,096. Each matching row with a point is counted in
/// exactly one cell of exactly one tile of a zoom. Beyond [`MAX_ZOOM`] there are none.
pub fn cells(snapshot: &Snapshot, filter: &Filter, tile: TileId) -> Vec<Cell> {
    if tile.z() > MAX_ZOOM {
        return Vec::new();
    }
    let select = Select::new(filter);
    let z = u32::from(tile.z());
    let whole = Window { bits: z, x0: tile.x(), y0: tile.y(), x1: tile.x(), y1: tile.y() };
    let mut sums = vec![(0_u64, 0_u64, 0_u64); CELLS];
    for part in snapshot.parts() {
        let mut rows = Matched::none(part, &select);
        let mut places = part.rows.cells(z + TILE_BITS);
        for range in whole.ranges() {
            let found = places.find(range);
            rows.mark(&select, found.rows.clone());
            places.each(&found, |code, run| {
                let (x, y, count) = rows.sums(&run);
                let sum = &mut sums[code as usize % CELLS];
                *sum = (sum.0 + x, sum.1 + y, sum.2 + count);
            });
        }
    }
    let full = sums.into_iter().filter(|(.., count)| *count > 0);
    full.map(|(x, y, weight)| {
        let at = Mercator { x: (x / weight) as u32, y: (y / weight) as u32 };
        Cell { id: cluster_id(tile.z(), at.cell(z + TILE_BITS)), at, weight }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::map::Change;
    use crate::map::testing::{filter, rows, spots};

    proptest! {
        /// Compared with counting each row separately; some of the rows arrive as changes.
        #[test]
        fn sums_are_exact_for_any_filter(rows in rows(spots(), 150), late in rows(spots(), 20), filter in filter(), z in 0_u8..=18) {
            let changes: Vec<_> = late.iter().map(|r| Change::Upsert(*r)).collect();
            let snapshot = Snapshot::from_rows(rows, 0).apply(&changes, 1);
            let bits = u32::from(z) + TILE_BITS;
            let mut want: BTreeMap<(u32, u32), u64> = BTreeMap::new();
            let mut tiles = std::collections::BTreeSet::new();
            for row in snapshot.rows(&Filter::default()) {
                let Some(at) = row.point.map(Mercator::from_lonlat) else { continue };
                tiles.insert(TileId::holding(at, z).unwrap());
                if filter.matches(&row) {
                    *want.entry(at.cell(bits)).or_default() += 1;
                }
            }
            let mut got: BTreeMap<(u32, u32), u64> = BTreeMap::new();
            for tile in tiles {
                let found = cells(&snapshot, &filter, tile);
                prop_assert!(found.is_sorted_by_key(|c| c.id));
                for c in found {
                    prop_assert_eq!(TileId::holding(c.at, z), Ok(tile));
                    prop_assert!(got.insert(c.at.cell(bits), c.weight).is_none());
                }
            }
            let placed = snapshot.rows(&filter).iter().filter(|r| r.point.is_some()).count() as u64;
            prop_assert_eq!(got.values().sum::<u64>(), placed);
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn beyond_the_last_zoom_there_is_nothing() {
        let snapshot = Snapshot::from_rows(Vec::new(), 0);
        assert!(cells(&snapshot, &Filter::default(), TileId::new(19, 0, 0).unwrap()).is_empty());
    }
}
