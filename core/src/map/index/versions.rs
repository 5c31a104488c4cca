//! When a tile last changed, without rendering it: for each tile of each zoom, the last step of the
//! live map that changed something its content depends on.
//!
//! Tiles share a table of fixed size by a hash of their address. So a tile may seem changed when
//! another one changed, never the reverse. Each process counts its own steps and uses them only in
//! cache keys; clients see hashes of the content. The table is written before the view of a step is
//! published, and a view ignores later steps. So content made from a view under a version is
//! correct for that version.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::geo::{Mercator, TileId};
use crate::map::cluster::MAX_ZOOM;
use crate::map::cluster::neighbourhood::{HALO, HALO_Y, TILE_BITS};
use crate::map::index::live::Moved;

/// Number of slots in the table, half a megabyte.
const SLOTS: usize = 1 << 16;

/// The last step that changed each tile.
#[derive(Debug)]
pub struct Versions {
    /// The last step that changed everything.
    all: AtomicU64,
    /// The last step that changed a feature.
    features: AtomicU64,
    reports: Box<[AtomicU64]>,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            all: AtomicU64::new(0),
            features: AtomicU64::new(0),
            reports: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Versions {
    /// The version of a tile's reports in the view of a step.
    pub fn reports(&self, id: TileId, step: u64) -> u64 {
        let last = self.reports[slot(id.z(), id.x(), id.y())].load(Ordering::Acquire);
        last.min(step).max(self.all(step))
    }

    /// The version of the features in any tile.
    pub fn features(&self, step: u64) -> u64 {
        self.features.load(Ordering::Acquire).min(step).max(self.all(step))
    }

    /// The version of what changes only with a full replacement: the wards.
    pub fn all(&self, step: u64) -> u64 {
        self.all.load(Ordering::Acquire).min(step)
    }

    /// Records what a step changed.
    pub(in crate::map) fn touch(&self, step: u64, moved: &Moved) {
        match moved {
            Moved::All => self.all.store(step, Ordering::Release),
            Moved::Some { reports, features } => {
                if *features {
                    self.features.store(step, Ordering::Release);
                }
                for (z, x, y) in reports.iter().flat_map(|at| touched(*at)) {
                    self.reports[slot(z, x, y)].store(step, Ordering::Release);
                }
            }
        }
    }
}

/// The tiles, as zoom, column and row, whose symbols may change when a report at this position
/// changes: at most four per zoom.
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
    let mixed =
        (u64::from(x) << 32 | u64::from(y)).wrapping_add(u64::from(z)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
            let at: Vec<u64> = tiles.iter().map(|t| versions.reports(*t, 1)).collect();
            versions.touch(2, &Moved::Some { reports: places, features: false });
            for (tile, was) in tiles.iter().zip(at) {
                if symbols(&before, &filter, *tile, 3) != symbols(&after, &filter, *tile, 3) {
                    prop_assert_ne!(versions.reports(*tile, 2), was, "{:?}", tile);
                }
                // A reader of the previous view does not see the step.
                prop_assert_eq!(versions.reports(*tile, 1).min(1), versions.reports(*tile, 1));
            }
        }
    }

    #[test]
    fn what_changes_everything_changes_each() {
        let versions = Versions::default();
        let tile = TileId::new(3, 6, 3).unwrap();
        let seen = |step| (versions.reports(tile, step), versions.features(step), versions.all(step));
        assert_eq!(seen(1), (0, 0, 0));
        versions.touch(2, &Moved::Some { reports: Vec::new(), features: true });
        assert_eq!(seen(2), (0, 2, 0));
        versions.touch(3, &Moved::All);
        assert_eq!(seen(3), (3, 3, 3));
        versions.touch(9, &Moved::All);
        assert_eq!(seen(3), (3, 3, 3), "an older view does not see later steps");
    }

    #[test]
    fn a_change_touches_at_most_four_tiles_of_a_zoom() {
        for at in [
            Mercator { x: 0, y: 0 },
            Mercator { x: u32::MAX, y: u32::MAX },
            Mercator { x: 1 << 31, y: 3 << 30 },
        ] {
            let all: Vec<_> = touched(at).collect();
            for z in 0..=18 {
                let here = all.iter().filter(|t| t.0 == z).count();
                assert!((1..=4).contains(&here), "{here} at zoom {z}");
                assert!(all.iter().all(|&(z, x, y)| TileId::new(z, x, y).is_ok()));
            }
        }
    }
}
