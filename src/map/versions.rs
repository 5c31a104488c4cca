//! When a tile last changed, without making it: for each tile of each zoom the last step of the live map
//! that touched what its content depends on.
//!
//! Tiles share a table of fixed size by a hash of their address: a tile may seem to have changed when
//! another one did, never the reverse. Steps are counted by each process for itself, for cache keys only;
//! what others see are hashes of content.

use std::sync::atomic::{AtomicU64, Ordering};

use super::cluster::{HALO, HALO_Y, MAX_ZOOM, TILE_BITS};
use crate::geo::{Mercator, TileId};

/// Slots of the table: half a megabyte.
const SLOTS: usize = 1 << 16;

/// The last step that touched each tile.
#[derive(Debug)]
pub struct Versions {
    step: AtomicU64,
    /// The last step that changed everything.
    all: AtomicU64,
    /// The last step that changed a feature.
    features: AtomicU64,
    reports: Box<[AtomicU64]>,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            step: AtomicU64::new(1),
            all: AtomicU64::new(1),
            features: AtomicU64::new(1),
            reports: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Versions {
    /// The version of what a tile shows of reports. Read it before the view that the tile is made of: then
    /// nothing made under a version is older than it says.
    pub fn reports(&self, id: TileId) -> u64 {
        self.reports[slot(id.z(), id.x(), id.y())].load(Ordering::Acquire).max(self.all())
    }

    /// The version of what any tile shows of features.
    pub fn features(&self) -> u64 {
        self.features.load(Ordering::Acquire).max(self.all())
    }

    /// The version of what changes only with everything: the wards.
    pub fn all(&self) -> u64 {
        self.all.load(Ordering::Acquire)
    }

    /// Everything is new. Call it, like the others, after the view was replaced.
    pub(super) fn touch_all(&self) {
        self.all.store(self.next(), Ordering::Release);
    }

    /// Features changed.
    pub(super) fn touch_features(&self) {
        self.features.store(self.next(), Ordering::Release);
    }

    /// Reports came to, went from or changed at these places.
    pub(super) fn touch_reports(&self, places: &[Mercator]) {
        if places.is_empty() {
            return;
        }
        let step = self.next();
        for &at in places {
            for (z, x, y) in touched(at) {
                self.reports[slot(z, x, y)].store(step, Ordering::Release);
            }
        }
    }

    fn next(&self) -> u64 {
        // One task alone stores views, so steps come in order.
        self.step.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The tiles, as zoom, column and row, whose symbols may change with a report at a place: at most four of a
/// zoom.
pub fn touched(at: Mercator) -> impl Iterator<Item = (u8, u32, u32)> {
    (0..=MAX_ZOOM).flat_map(move |z| {
        let (cx, cy) = at.cell(u32::from(z) + TILE_BITS);
        let last = (1_i64 << z) - 1;
        let reach = move |c: u32, halo: i32| {
            let tile = move |c: i64| (c >> TILE_BITS).clamp(0, last) as u32;
            tile(i64::from(c) - i64::from(halo))..=tile(i64::from(c) + i64::from(halo))
        };
        reach(cx, HALO).flat_map(move |x| reach(cy, HALO_Y).map(move |y| (z, x, y)))
    })
}

fn slot(z: u8, x: u32, y: u32) -> usize {
    let mixed = (u64::from(x) << 32 | u64::from(y)).wrapping_add(u64::from(z)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::map::index::{Change, Snapshot};
    use crate::map::symbols;
    use crate::map::testing::{filter, row_of, rows, spots};

    proptest! {
        #[test]
        fn a_tile_that_shows_something_else_has_another_version(
            rows in rows(spots(), 120), one in spots(), state in 0_usize..7, seq in 0_u32..120, filter in filter(), zoom in 0_u8..=18,
        ) {
            let before = Snapshot::from_rows(rows.clone(), 1);
            let row = row_of(seq, (Some(one), 2, state, 1, 10, 5));
            let after = before.apply(&[Change::Upsert(row)], 2);
            let versions = Versions::default();
            let old = before.get(seq).and_then(|r| r.point);
            let places: Vec<Mercator> = old.into_iter().chain([one]).map(Mercator::from_lonlat).collect();
            let near: BTreeSet<_> = rows.iter().filter_map(|r| r.point).chain([one])
                .map(|p| TileId::holding(Mercator::from_lonlat(p), zoom).unwrap())
                .map(|t| (t.x(), t.y())).collect();
            let tiles: Vec<TileId> = near.into_iter().map(|(x, y)| TileId::new(zoom, x, y).unwrap()).collect();
            let at: Vec<u64> = tiles.iter().map(|t| versions.reports(*t)).collect();
            versions.touch_reports(&places);
            for (tile, was) in tiles.iter().zip(at) {
                if symbols(&before, &filter, *tile, 3) != symbols(&after, &filter, *tile, 3) {
                    prop_assert_ne!(versions.reports(*tile), was, "{:?}", tile);
                }
            }
        }
    }

    #[test]
    fn what_changes_everything_changes_each() {
        let versions = Versions::default();
        let tile = TileId::new(3, 6, 3).unwrap();
        let seen = || (versions.reports(tile), versions.features(), versions.all());
        let first = seen();
        versions.touch_features();
        let second = seen();
        assert_eq!((first.0, first.2), (second.0, second.2));
        assert_ne!(first.1, second.1);
        versions.touch_all();
        let third = seen();
        assert!(third.0 > second.0 && third.1 > second.1 && third.2 > second.2);
    }

    #[test]
    fn a_change_touches_at_most_four_tiles_of_a_zoom() {
        for at in [Mercator { x: 0, y: 0 }, Mercator { x: u32::MAX, y: u32::MAX }, Mercator { x: 1 << 31, y: 3 << 30 }] {
            let all: Vec<_> = touched(at).collect();
            for z in 0..=18 {
                let here = all.iter().filter(|t| t.0 == z).count();
                assert!((1..=4).contains(&here), "{here} at zoom {z}");
                assert!(all.iter().all(|&(z, x, y)| TileId::new(z, x, y).is_ok()));
            }
        }
    }
}
