//! Makes rings valid. Simplifying, rounding to tile units and clipping at the tile's edge can each
//! make a ring cross or touch itself. What is drawn is the set of points with a positive winding
//! number; the areas on both sides of a shared border agree about it. Not here: which rings (mesh,
//! drawn), clipping (clip).

use std::cmp::Ordering;
use std::ops::Range;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay};
use i_overlay::core::solver::{Precision, Solver};
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::flat::buffer::FlatContoursBuffer;

use crate::map::shape::clip::area2;
use crate::map::shape::frame::Path;

/// Valid polygons (OGC 06-103r4 section 6.1.11) from rings wound as in a tile: exteriors with
/// positive area, holes with negative. Each exterior is followed by its holes. No ring crosses or
/// touches itself, and rings without area are dropped.
pub(in crate::map) fn solid(rings: &[Path]) -> Vec<Path> {
    if rings.is_empty() {
        return Vec::new();
    }
    let contours: Vec<Vec<IntPoint>> =
        rings.iter().map(|r| r.iter().map(|&(x, y)| IntPoint::new(x, y)).collect()).collect();
    // A crossing moves to the nearest whole unit, no farther.
    let solver = Solver { precision: Precision::ABSOLUTE, multithreading: None, ..Solver::AUTO };
    let mut found = FlatContoursBuffer::default();
    found.set_with_shape(&contours);
    // Contours only: where holes touch in points, the library cannot tell whose holes they are.
    Overlay::new_custom(found.points.len(), IntOverlayOptions::keep_all_points(), solver)
        .simplify_flat_buffer(&mut found, FillRule::Positive);
    let path = |range: &Range<usize>| found.points[range.clone()].iter().map(|p| (p.x, p.y)).collect();
    arrange(found.ranges.iter().map(path).flat_map(loops).collect())
}

/// Splits a ring that touches itself in points into rings that do not.
fn loops(ring: Path) -> Vec<Path> {
    let (mut out, mut way) = (Vec::new(), Path::new());
    for p in ring {
        if let Some(before) = way.iter().position(|q| *q == p) {
            out.push(way.split_off(before));
        }
        way.push(p);
    }
    out.push(way);
    out.retain(|r| area2(r) != 0);
    out
}

/// Orders rings that do not cross, with any winding, into exteriors, each followed by its holes. A
/// ring inside an even number of others is an exterior.
fn arrange(mut rings: Vec<Path>) -> Vec<Path> {
    let holders: Vec<Vec<usize>> = rings
        .iter()
        .enumerate()
        .map(|(i, ring)| (0..rings.len()).filter(|&j| i != j && holds(&rings[j], ring)).collect())
        .collect();
    for (ring, holders) in rings.iter_mut().zip(&holders) {
        if (area2(ring) > 0) != holders.len().is_multiple_of(2) {
            ring.reverse();
        }
    }
    let outlines = (0..rings.len()).filter(|&i| holders[i].len().is_multiple_of(2));
    let mut out = Vec::with_capacity(rings.len());
    for i in outlines {
        let inside = |j: &usize| holders[*j].len() == holders[i].len() + 1 && holders[*j].contains(&i);
        out.extend(std::iter::once(i).chain((0..rings.len()).filter(inside)).map(|n| rings[n].clone()));
    }
    out
}

/// Whether a ring lies inside another one that it does not cross.
fn holds(outer: &[(i32, i32)], ring: &[(i32, i32)]) -> bool {
    let twice: Path = outer.iter().map(|&(x, y)| (2 * x, 2 * y)).collect();
    let middles = edges(ring).map(|(a, b)| (a.0 + b.0, a.1 + b.1));
    let ends = ring.iter().map(|&(x, y)| (2 * x, 2 * y));
    ends.chain(middles).map(|p| place(p, &twice)).find(|side| side.is_ne()).is_some_and(Ordering::is_gt)
}

type Point = (i32, i32);

fn edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// On which side of the line from `a` to `b` a point lies.
fn turn(a: Point, b: Point, c: Point) -> Ordering {
    let d = |p: Point, q: Point| (i64::from(q.0) - i64::from(p.0), i64::from(q.1) - i64::from(p.1));
    let ((x, y), (u, v)) = (d(a, b), d(a, c));
    (x * v - y * u).cmp(&0)
}

/// Whether a point lies on an edge.
fn on(p: Point, a: Point, b: Point) -> bool {
    let between = |v: i32, s: i32, t: i32| (s.min(t)..=s.max(t)).contains(&v);
    turn(a, b, p).is_eq() && between(p.0, a.0, b.0) && between(p.1, a.1, b.1)
}

/// Where a point is: inside (greater), on the ring (equal) or outside (less).
fn place(p: Point, ring: &[Point]) -> Ordering {
    if edges(ring).any(|(a, b)| on(p, a, b)) {
        return Ordering::Equal;
    }
    let right = |(a, b): &(Point, Point)| {
        (a.1 > p.1) != (b.1 > p.1)
            && turn(*a, *b, p) == if b.1 > a.1 { Ordering::Greater } else { Ordering::Less }
    };
    if edges(ring).filter(right).count() % 2 == 1 { Ordering::Greater } else { Ordering::Less }
}

#[cfg(test)]
pub(in crate::map) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::shape::clip::{area2, clip};

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
