//! Makes rings on a grid of whole numbers valid: crossings become corners, rounded to the grid.
//! Not here: what is drawn (map), what is stored (mend).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay};
use i_overlay::core::solver::{Precision, Solver};
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::flat::buffer::FlatContoursBuffer;

/// A position on the grid; within half of the range of its numbers.
pub(crate) type Point = (i32, i32);
/// A path or an open ring.
pub(crate) type Path = Vec<Point>;

/// Which points belong to an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Those that rings go around more often counter-clockwise than clockwise (with y upward).
    Positive,
    /// Those that an odd number of rings goes around.
    EvenOdd,
}

/// Valid polygons (OGC 06-103r4 section 6.1.11) from any rings, each an exterior with positive area
/// followed by its holes with negative. No ring crosses or touches itself, and rings without area are
/// dropped.
pub(crate) fn solid(rings: &[Path], fill: Fill) -> Vec<Vec<Path>> {
    if rings.is_empty() {
        return Vec::new();
    }
    let contours: Vec<Vec<IntPoint>> =
        rings.iter().map(|r| r.iter().map(|&(x, y)| IntPoint::new(x, y)).collect()).collect();
    let fill = match fill {
        Fill::Positive => FillRule::Positive,
        Fill::EvenOdd => FillRule::EvenOdd,
    };
    // A crossing moves to the nearest whole unit, no farther.
    let solver = Solver { precision: Precision::ABSOLUTE, multithreading: None, ..Solver::AUTO };
    let mut found = FlatContoursBuffer::default();
    found.set_with_shape(&contours);
    // Contours only: where holes touch in points, the library cannot tell whose holes they are.
    Overlay::new_custom(found.points.len(), IntOverlayOptions::keep_all_points(), solver)
        .simplify_flat_buffer(&mut found, fill);
    let path = |range: &Range<usize>| found.points[range.clone()].iter().map(|p| (p.x, p.y)).collect();
    arrange(found.ranges.iter().map(path).flat_map(loops).collect())
}

/// Splits a ring that touches itself in points into rings that do not.
fn loops(ring: Path) -> Vec<Path> {
    let (mut out, mut way) = (Vec::new(), Path::new());
    let mut known: HashMap<Point, usize> = HashMap::new();
    for p in ring {
        if let Some(before) = known.get(&p).copied() {
            let inner = way.split_off(before);
            inner.iter().for_each(|q| _ = known.remove(q));
            out.push(inner);
        }
        known.insert(p, way.len());
        way.push(p);
    }
    out.push(way);
    out.retain(|r| winding(r).is_ne());
    out
}

/// Whether a ring is counter-clockwise (greater), without area or clockwise, with y upward.
fn winding(ring: &[Point]) -> Ordering {
    let wide = |n: i32| i128::from(n);
    edges(ring).map(|(a, b)| wide(a.0) * wide(b.1) - wide(b.0) * wide(a.1)).sum::<i128>().cmp(&0)
}

/// Orders rings that do not cross, with any winding, into exteriors, each followed by its holes. A
/// ring inside an even number of others is an exterior.
fn arrange(mut rings: Vec<Path>) -> Vec<Vec<Path>> {
    let holders: Vec<Vec<usize>> = rings
        .iter()
        .enumerate()
        .map(|(i, ring)| (0..rings.len()).filter(|&j| i != j && holds(&rings[j], ring)).collect())
        .collect();
    for (ring, holders) in rings.iter_mut().zip(&holders) {
        if winding(ring).is_gt() != holders.len().is_multiple_of(2) {
            ring.reverse();
        }
    }
    let outlines = (0..rings.len()).filter(|&i| holders[i].len().is_multiple_of(2));
    let mut out = Vec::with_capacity(rings.len());
    for i in outlines {
        let inside = |j: &usize| holders[*j].len() == holders[i].len() + 1 && holders[*j].contains(&i);
        out.push(
            std::iter::once(i).chain((0..rings.len()).filter(inside)).map(|n| rings[n].clone()).collect(),
        );
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

pub(crate) fn edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// On which side of the line from `a` to `b` a point lies.
pub(crate) fn turn(a: Point, b: Point, c: Point) -> Ordering {
    let d = |p: Point, q: Point| (i64::from(q.0) - i64::from(p.0), i64::from(q.1) - i64::from(p.1));
    let ((x, y), (u, v)) = (d(a, b), d(a, c));
    (x * v - y * u).cmp(&0)
}

/// Whether a point lies on an edge.
pub(crate) fn on(p: Point, a: Point, b: Point) -> bool {
    let between = |v: i32, s: i32, t: i32| (s.min(t)..=s.max(t)).contains(&v);
    turn(a, b, p).is_eq() && between(p.0, a.0, b.0) && between(p.1, a.1, b.1)
}

/// Where a point is: inside (greater), on the ring (equal) or outside (less).
pub(crate) fn place(p: Point, ring: &[Point]) -> Ordering {
    if edges(ring).any(|(a, b)| on(p, a, b)) {
        return Ordering::Equal;
    }
    let right = |(a, b): &(Point, Point)| {
        (a.1 > p.1) != (b.1 > p.1)
            && turn(*a, *b, p) == if b.1 > a.1 { Ordering::Greater } else { Ordering::Less }
    };
    if edges(ring).filter(right).count() % 2 == 1 { Ordering::Greater } else { Ordering::Less }
}
