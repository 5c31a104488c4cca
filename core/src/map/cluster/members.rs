//! All members of a cluster, computed on request from its zoom and cell: the rows, their bounds,
//! the zoom at which they separate. Not here: which symbols a tile shows (cluster).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::domain::deadline::is_overdue;
use crate::domain::field::{DUE, NEVER, STATE};
use crate::domain::view::MapRow;
use crate::domain::{Instant, State, Status};
use crate::geo::{Bbox, LonLat, TileId};
use crate::map::cluster::matched::Matched;
use crate::map::cluster::neighbourhood::{Grid, NOBODY, Owners, TILE_BITS};
use crate::map::cluster::{MAX_ZOOM, cluster_id};
use crate::map::index::Snapshot;
use crate::map::index::columns::{Columns, STATES};
use crate::map::index::select::Select;
use crate::query::Filter;

/// The rows that a symbol stands for; at a far zoom they may be all of the city's. What is asked of all of them is
/// worked out on the columns, and only the rows of a page are copied.
pub struct Members<'a> {
    /// The current id of the symbol's cluster. It differs from the requested one if the densest
    /// cell has moved.
    pub id: u64,
    zoom: u8,
    /// Where the rows stand in each part of the snapshot; never empty.
    parts: Vec<(Matched<'a>, Vec<Range<usize>>)>,
    /// Number of rows in each state, by discriminant.
    states: [u64; STATES],
    /// The least and the greatest longitude and latitude, in units of 1e-7 degree.
    bounds: ((i32, i32), (i32, i32)),
}

/// The rows of the cluster with this seed cell at a zoom (0..=18; column and row below 2^(zoom +
/// 6)). If there is no such cluster any more, those of the one that now owns the cell. `None` if no
/// matching row is near.
pub fn members<'a>(
    snapshot: &'a Snapshot,
    filter: &Filter,
    zoom: u8,
    cell: (u32, u32),
) -> Option<Members<'a>> {
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
    let parts = gathered.into_iter().map(|g| {
        let runs = g.runs.iter().filter(|run| owners.of(run.cell) == owner);
        let ranges = runs.map(|run| run.start as usize..run.end as usize).collect();
        (g.rows, ranges)
    });
    Members::of(cluster_id(zoom, seed), zoom, parts.collect())
}

impl<'a> Members<'a> {
    fn of(id: u64, zoom: u8, parts: Vec<(Matched<'a>, Vec<Range<usize>>)>) -> Option<Self> {
        let none = ((i32::MAX, i32::MAX), (i32::MIN, i32::MIN));
        let mut out = Self { id, zoom, parts, states: [0; STATES], bounds: none };
        let (mut states, mut bounds) = (out.states, out.bounds);
        out.each(|rows, i| {
            states[usize::from(rows[STATE][i])] += 1;
            if let Some((lon, lat)) = rows.e7(i) {
                bounds.0 = (bounds.0.0.min(lon), bounds.0.1.min(lat));
                bounds.1 = (bounds.1.0.max(lon), bounds.1.1.max(lat));
            }
        });
        (out.states, out.bounds) = (states, bounds);
        (out.count() > 0).then_some(out)
    }

    /// How many rows.
    pub fn count(&self) -> u64 {
        self.states.iter().sum()
    }

    /// How many rows have this status.
    pub fn with_status(&self, status: Status) -> u64 {
        State::ALL.iter().filter(|s| s.status() == status).map(|&s| self.states[s as usize]).sum()
    }

    /// How many rows are overdue at a moment.
    pub fn overdue(&self, as_of: Instant) -> u64 {
        let mut n = 0;
        self.each(|rows, i| {
            let due = rows[DUE][i];
            let state = State::from_code(rows[STATE][i]).filter(|_| due != NEVER);
            n += u64::from(state.is_some_and(|s| is_overdue(s, Instant::from_ms(due), as_of)));
        });
        n
    }

    /// The bounding box of the rows' points.
    pub fn bounds(&self) -> Bbox {
        let ((west, south), (east, north)) = self.bounds;
        let (least, most) = (LonLat::from_e7(west, south), LonLat::from_e7(east, north));
        Bbox { west: least.lon(), south: least.lat(), east: most.lon(), north: most.lat() }
    }

    /// Whether all rows have the same point, so that no zoom separates them.
    pub fn same_location(&self) -> bool {
        self.bounds.0 == self.bounds.1
    }

    /// At most `limit` rows, newest first by internal sequence, and whether there are more. They begin after the
    /// row with the public id `after`; with the newest if none of the rows has it.
    pub fn page(&self, after: Option<u64>, limit: usize) -> (Vec<MapRow>, bool) {
        let mut before = None;
        if let Some(id) = after {
            self.each(|rows, i| {
                if rows.ids()[i] == id {
                    before = Some(rows.seqs()[i]);
                }
            });
        }
        let limit = limit.min(self.count() as usize);
        // The newest so far, the oldest of them on top: one more than asked for tells whether there are more.
        let mut newest: BinaryHeap<Reverse<(u32, usize, usize)>> = BinaryHeap::with_capacity(limit + 2);
        for (part, (matched, ranges)) in self.parts.iter().enumerate() {
            matched.each(ranges, |rows, i| {
                let seq = rows.seqs()[i];
                let fits = newest.len() <= limit || newest.peek().is_some_and(|&Reverse((s, ..))| s < seq);
                if fits && before.is_none_or(|before| seq < before) {
                    newest.push(Reverse((seq, part, i)));
                    if newest.len() > limit + 1 {
                        newest.pop();
                    }
                }
            });
        }
        let sorted = newest.into_sorted_vec();
        let page = sorted.iter().take(limit).map(|&Reverse((_, part, i))| self.parts[part].0.row(i));
        (page.collect(), sorted.len() > limit)
    }

    /// The first zoom after the cluster's at which more than one symbol stands for the rows. `None` if
    /// even the last zoom shows one symbol.
    pub fn expansion_zoom(&self, snapshot: &Snapshot, filter: &Filter) -> Option<u8> {
        if self.same_location() {
            return None;
        }
        let select = Select::new(filter);
        (self.zoom + 1..=MAX_ZOOM).find(|&z| {
            let mut cells = Vec::new();
            self.each(|rows, i| {
                let cell = rows.mercator(i).cell(u32::from(z) + TILE_BITS);
                // Rows stand in the order of cells, so most are like the one before.
                if cells.last() != Some(&cell) {
                    cells.push(cell);
                }
            });
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

    fn each(&self, mut f: impl FnMut(&Columns, usize)) {
        for (matched, ranges) in &self.parts {
            matched.each(ranges, &mut f);
        }
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
    use crate::geo::Mercator;
    use crate::map::Change;
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
                let of_it = all(&found);
                prop_assert_eq!((found.id, found.count()), (c.id, c.count));
                prop_assert_eq!(of_it.len() as u64, c.count);
                prop_assert!(of_it.iter().all(|r| filter.matches(r)));
                let parted = found.expansion_zoom(&snapshot, &filter);
                prop_assert!(parted.is_none_or(|p| p > z));
                prop_assert!(!found.same_location() || parted.is_none());
                // At the expansion zoom there are several symbols; one zoom before, there is one.
                let seen = |z: u8| {
                    let of = |r: &MapRow| {
                        let cell = Mercator::from_lonlat(r.point.unwrap()).cell(u32::from(z) + 6);
                        members(&snapshot, &filter, z, cell).unwrap().id
                    };
                    of_it.iter().map(of).collect::<std::collections::BTreeSet<_>>().len()
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
        fn sums_and_pages_are_those_of_all_rows(
            rows in rows(spots(), 150), filter in filter(), zoom in 0_u8..=18, n in 1_usize..40, later in 0_i64..10_000_000,
        ) {
            let snapshot = Snapshot::from_rows(rows, 1);
            let snapshot = snapshot.apply(&[Change::Upsert(row_of(3, (Some(LonLat::new(106.7, 10.7).unwrap()), 1, 0, 0, 1, 1)))], 2);
            let Some(row) = snapshot.rows(&filter).into_iter().find(|r| r.point.is_some()) else { return Ok(()) };
            let cell = Mercator::from_lonlat(row.point.unwrap()).cell(u32::from(zoom) + 6);
            let found = members(&snapshot, &filter, zoom, cell).unwrap();
            let of_it = all(&found);
            let count = |f: &dyn Fn(&MapRow) -> bool| of_it.iter().filter(|r| f(r)).count() as u64;
            for status in [Status::Open, Status::Closed] {
                prop_assert_eq!(found.with_status(status), count(&|r| r.state().status() == status));
            }
            let as_of = Instant::from_ms(later);
            let late = |r: &MapRow| r.instant(DUE).is_some_and(|due| is_overdue(r.state(), due, as_of));
            prop_assert_eq!(found.overdue(as_of), count(&late));
            let points: Vec<_> = of_it.iter().filter_map(|r| r.point).collect();
            let least = |f: fn(&LonLat) -> f64| points.iter().map(f).fold(f64::INFINITY, f64::min);
            let most = |f: fn(&LonLat) -> f64| points.iter().map(f).fold(f64::NEG_INFINITY, f64::max);
            let b = found.bounds();
            prop_assert_eq!((b.west, b.south), (least(|p| p.lon()), least(|p| p.lat())));
            prop_assert_eq!((b.east, b.north), (most(|p| p.lon()), most(|p| p.lat())));
            prop_assert_eq!(found.same_location(), points.iter().all(|p| *p == points[0]));
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let (page, more) = found.page(after, n);
                after = page.last().map(|row| row.id);
                paged.extend(page);
                if !more {
                    break;
                }
            }
            prop_assert_eq!(&paged, &of_it);
            prop_assert!(of_it.windows(2).all(|w| w[0].seq > w[1].seq));
        }

        #[test]
        fn a_stale_id_is_answered_by_its_place(rows in rows(spots(), 80), zoom in 0_u8..=18, pick in any::<prop::sample::Index>()) {
            let snapshot = Snapshot::from_rows(rows.clone(), 1);
            let placed: Vec<_> = rows.iter().filter(|r| r.point.is_some()).collect();
            prop_assume!(!placed.is_empty());
            let row = placed[pick.index(placed.len())];
            let cell = Mercator::from_lonlat(row.point.unwrap()).cell(u32::from(zoom) + 6);
            let found = members(&snapshot, &Filter::default(), zoom, cell).unwrap();
            prop_assert!(all(&found).contains(row));
            agrees_with_its_symbol(&snapshot, &found);
        }
    }

    fn all(found: &Members<'_>) -> Vec<MapRow> {
        found.page(None, usize::MAX).0
    }

    fn agrees_with_its_symbol(snapshot: &Snapshot, found: &Members<'_>) {
        let (zoom, seed) = cluster_cell(found.id).unwrap();
        let same = |s: &SymbolKind| match s {
            SymbolKind::Cluster(c) => c.id == found.id && c.count == found.count(),
            SymbolKind::Row(row) => all(found) == [*row],
        };
        let symbols = symbols(snapshot, &Filter::default(), tile_of(zoom, seed).unwrap(), 0);
        assert!(symbols.iter().any(|s| same(&s.kind)), "{} rows of {seed:?}", found.count());
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
