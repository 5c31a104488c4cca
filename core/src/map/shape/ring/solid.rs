//! Valid polygons of rings in tile units. Simplifying, rounding to tile units and clipping at the tile's
//! edge can each make a ring cross or touch itself. What is drawn is the set of points with a positive
//! winding number; the areas on both sides of a shared border agree about it. Not here: which rings
//! (mesh, drawn), clipping (clip).

use crate::geo::validity::solid::{Fill, solid as solid_by};
use crate::map::shape::ring::frame::Path;

/// Valid polygons (OGC 06-103r4 section 6.1.11) from rings wound as in a tile: exteriors with
/// positive area, holes with negative. Each exterior is followed by its holes.
pub(in crate::map) fn solid(rings: &[Path]) -> Vec<Path> {
    solid_by(rings, Fill::Positive).into_iter().flatten().collect()
}

#[cfg(test)]
pub(in crate::map) mod tests {
    use proptest::prelude::*;

    use super::solid;
    use crate::geo::validity::solid::{Path, Point, edges, on, place, turn};
    use crate::map::shape::ring::clip::{area2, clip};

    fn apart((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
        a.0.max(b.0) < c.0.min(d.0)
            || c.0.max(d.0) < a.0.min(b.0)
            || a.1.max(b.1) < c.1.min(d.1)
            || c.1.max(d.1) < a.1.min(b.1)
    }

    /// Whether two edges share more than a common end: they cross or overlap.
    fn cross((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
        let sides = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
        if sides.iter().all(|s| s.is_ne()) {
            return sides[0] != sides[1] && sides[2] != sides[3];
        }
        // Collinear: the number of distinct ends on the other edge tells whether they share more
        // than one point.
        let mut shared: Vec<Point> = [a, b].into_iter().filter(|p| on(*p, c, d)).collect();
        shared.extend([c, d].into_iter().filter(|p| on(*p, a, b)));
        shared.sort_unstable();
        shared.dedup();
        shared.len() > 1
    }

    /// Checks rings as a decoder reads them (an exterior begins a polygon, its holes follow)
    /// against OGC 06-103r4 section 6.1.11, in integers: no ring crosses or touches itself, none
    /// crosses another of its polygon, holes lie in the exterior and not in each other.
    pub(in crate::map) fn checked(rings: &[Path]) -> Result<(), String> {
        let mut polygons: Vec<Vec<&Path>> = Vec::new();
        for ring in rings {
            let mut ends = ring.clone();
            ends.sort_unstable();
            ends.dedup();
            if ring.len() < 3 || ends.len() < ring.len() {
                return Err(format!("{ring:?} is not an open ring of at least three distinct vertices"));
            }
            match area2(ring) {
                0 => return Err(format!("{ring:?} has no area")),
                1.. => polygons.push(vec![ring]),
                _ => polygons.last_mut().ok_or("a hole comes first")?.push(ring),
            }
        }
        for polygon in polygons {
            let all: Vec<(usize, (Point, Point))> =
                polygon.iter().enumerate().flat_map(|(n, r)| edges(r).map(move |e| (n, e))).collect();
            for (i, (n, e)) in all.iter().enumerate() {
                for (m, f) in &all[i + 1..] {
                    if apart(*e, *f) {
                        continue;
                    }
                    // Edges of one ring meet only at vertices, and only neighbouring edges do.
                    let touch = n == m
                        && ([f.0, f.1].iter().any(|p| on(*p, e.0, e.1) && *p != e.0 && *p != e.1)
                            || [e.0, e.1].iter().any(|p| on(*p, f.0, f.1) && *p != f.0 && *p != f.1));
                    if touch || cross(*e, *f) {
                        return Err(format!(
                            "{e:?} and {f:?} of rings {n} and {m} cross or touch: {rings:?}"
                        ));
                    }
                }
            }
            for (n, hole) in polygon.iter().enumerate().skip(1) {
                if hole.iter().any(|p| place(*p, polygon[0]).is_lt()) {
                    return Err(format!("hole {n} is not in its exterior: {rings:?}"));
                }
                let others = polygon.iter().enumerate().skip(1).filter(|(m, _)| *m != n);
                if others.into_iter().any(|(_, o)| hole.iter().any(|p| place(*p, o).is_gt())) {
                    return Err(format!("hole {n} is in another: {rings:?}"));
                }
            }
        }
        Ok(())
    }

    #[test]
    fn spikes_repeats_and_flat_rings_go() {
        let spike = vec![(0, 0), (10, 0), (20, 0), (10, 0), (10, 10), (0, 10), (0, 10)];
        let rings = solid(&[spike]);
        assert_eq!((rings.len(), area2(&rings[0])), (1, 200));
        assert!(!rings[0].contains(&(20, 0)));
        assert!(solid(&[vec![(0, 0), (10, 0), (20, 0), (5, 0)]]).is_empty());
    }

    #[test]
    fn a_bow_tie_keeps_its_rightly_wound_half_and_a_hole_stays_a_hole() {
        let rings = solid(&[vec![(0, 0), (10, 10), (10, 0), (0, 30)]]);
        assert_eq!(rings.len(), 1);
        let square = |a: i32, b: i32| vec![(a, a), (b, a), (b, b), (a, b)];
        let mut hole = square(3, 6);
        hole.reverse();
        let rings = solid(&[square(0, 10), hole.clone()]);
        assert_eq!(rings.iter().map(|r| area2(r)).collect::<Vec<_>>(), [200, -18]);
        // A tile inside a hole shows nothing.
        hole = square(-5, 20);
        hole.reverse();
        assert!(solid(&[clip(square(-6, 21), 0, 10), clip(hole, 0, 10)]).is_empty());
    }

    fn ring(size: i32) -> impl Strategy<Value = Path> {
        proptest::collection::vec((-size..=size, -size..=size), 3..24)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn whatever_goes_in_is_valid_when_it_comes_out(
            rings in prop_oneof![
                proptest::collection::vec(ring(6), 1..4),
                proptest::collection::vec(ring(60), 1..3),
                proptest::collection::vec(ring(5000), 1..3),
            ],
        ) {
            let cut: Vec<Path> =
                rings.iter().map(|r| clip(r.clone(), -64, 4160)).filter(|r| r.len() >= 3).collect();
            for some in [rings, cut] {
                let out = solid(&some);
                prop_assert_eq!(checked(&out), Ok(()), "from {:?}", some);
                // Valid rings do not change.
                prop_assert_eq!(checked(&solid(&out)), Ok(()));
            }
        }
    }
}
