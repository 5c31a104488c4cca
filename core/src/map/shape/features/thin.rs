//! Thins out points that would overlap: the points shown keep a minimum distance.
//!
//! Points are decided level by level, the most important first; within a level by four colours of
//! world cells as wide as the distance, within a cell by id. A point is shown unless a point
//! already shown is nearer than the distance. So a point is hidden only by one of its own level or
//! a more important one, and everything that decides about a point lies within [`reach`] of it:
//! each tile can be made alone and agrees with its neighbours.

use std::collections::HashMap;

use crate::map::shape::ring::frame::Point;

/// A point to decide about.
#[derive(Clone, Copy, Debug)]
pub(in crate::map) struct Spot {
    /// Smaller is more important.
    pub(in crate::map) level: u8,
    /// Breaks ties within a cell.
    pub(in crate::map) id: u64,
    pub(in crate::map) at: Point,
}

/// How far apart, in Mercator units, points can affect each other with this many levels.
pub(in crate::map) fn reach(levels: usize, distance: u32) -> u64 {
    // Each of the four colours of each level reaches one cell further.
    4 * levels as u64 * u64::from(distance)
}

/// Which spots are shown, so that no two are nearer than `distance` Mercator units.
pub(in crate::map) fn thin(spots: &[Spot], distance: u32) -> Vec<bool> {
    let cell = |p: Point| (p.0 / distance, p.1 / distance);
    let mut order: Vec<usize> = (0..spots.len()).collect();
    order.sort_unstable_by_key(|i| {
        let s = &spots[*i];
        let (x, y) = cell(s.at);
        (s.level, x & 1, y & 1, x, y, s.id, s.at)
    });
    let mut shown: HashMap<Point, Vec<Point>> = HashMap::new();
    let mut out = vec![false; spots.len()];
    let least = u64::from(distance) * u64::from(distance);
    for i in order {
        let at = spots[i].at;
        let (x, y) = cell(at);
        let mut around =
            (x.saturating_sub(1)..=x + 1).flat_map(|x| (y.saturating_sub(1)..=y + 1).map(move |y| (x, y)));
        let taken = around.any(|c| shown.get(&c).is_some_and(|s| s.iter().any(|p| square(*p, at) < least)));
        if !taken {
            out[i] = true;
            shown.entry((x, y)).or_default().push(at);
        }
    }
    out
}

/// The square of the distance between two points.
fn square(a: Point, b: Point) -> u64 {
    let (dx, dy) = (u64::from(a.0.abs_diff(b.0)), u64::from(a.1.abs_diff(b.1)));
    (dx * dx).saturating_add(dy * dy)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DISTANCE: u32 = 100;

    fn spots() -> impl Strategy<Value = Vec<Spot>> {
        let at = prop_oneof![(0_u32..3000, 0_u32..3000), (0_u32..400, 0_u32..400), (0_u32..30, 0_u32..30)];
        proptest::collection::vec((0_u8..3, at), 0..300).prop_map(|v| {
            v.into_iter().enumerate().map(|(i, (level, at))| Spot { level, id: i as u64, at }).collect()
        })
    }

    proptest! {
        #[test]
        fn shown_points_keep_their_distance_and_hidden_ones_have_a_reason(spots in spots()) {
            let shown = thin(&spots, DISTANCE);
            let near = |a: &Spot, b: &Spot| square(a.at, b.at) < u64::from(DISTANCE * DISTANCE);
            for (i, s) in spots.iter().enumerate() {
                let mut others = spots.iter().enumerate().filter(|(j, o)| *j != i && shown[*j] && near(s, o));
                if shown[i] {
                    prop_assert!(others.next().is_none());
                } else {
                    prop_assert!(others.any(|(_, o)| o.level <= s.level));
                }
            }
        }

        #[test]
        fn a_part_with_its_halo_decides_as_the_whole(spots in spots(), x in 0_u32..3000, y in 0_u32..3000) {
            let whole = thin(&spots, DISTANCE);
            let halo = reach(3, DISTANCE) as u32;
            let inside = |p: Point, by: u32| {
                p.0 + by >= x && p.0 < x + 300 + by && p.1 + by >= y && p.1 < y + 300 + by
            };
            let part: Vec<Spot> = spots.iter().copied().filter(|s| inside(s.at, halo)).collect();
            let alone = thin(&part, DISTANCE);
            for (s, shown) in part.iter().zip(alone).filter(|(s, _)| inside(s.at, 0)) {
                prop_assert_eq!(shown, whole[s.id as usize]);
            }
        }
    }
}
