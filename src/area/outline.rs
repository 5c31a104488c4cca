//! The union of a generation and the gaps inside it.
//!
//! Edges that two wards share in opposite directions cancel first; what is left is the outline of
//! the city and of every overlap and gap, a tenth of the edges, with the same winding number
//! everywhere. One overlay of that with the positive rule is the union; its holes are the gaps.
//!
//! Not here: which ward a point in a gap belongs to (locate).

use std::collections::HashMap;

use geo::algorithm::bool_ops::FillRule;
use geo::{BooleanOps, Coord, LineString, MultiPolygon, OpType, Polygon};

use super::unit::Unit;

/// The union of all units, holes included. Vertices are exact to about a tenth of a millimetre: the
/// overlay computes on a grid of integers.
pub(super) fn union(units: &[Unit]) -> MultiPolygon<f64> {
    let residue = MultiPolygon(residual_rings(units).into_iter().map(|r| Polygon::new(r, vec![])).collect());
    residue.boolean_op_with_fill_rule(&MultiPolygon(vec![]), OpType::Union, FillRule::Positive)
}

/// The holes of a union, as polygons.
pub(super) fn holes(union: &MultiPolygon<f64>) -> Vec<Polygon<f64>> {
    union.0.iter().flat_map(|p| p.interiors().iter().cloned()).map(|r| Polygon::new(r, vec![])).collect()
}

type Key = (u64, u64);

fn key(c: Coord<f64>) -> Key {
    // Zero has two bit patterns.
    ((c.x + 0.0).to_bits(), (c.y + 0.0).to_bits())
}

/// Closed walks over the edges that no opposite edge cancels. Each vertex has as many edges in as
/// out, before and after cancelling, so every walk ends where it began.
fn residual_rings(units: &[Unit]) -> Vec<LineString<f64>> {
    let rings = || {
        units.iter().flat_map(|u| &u.shape.0).flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
    };
    let mut count: HashMap<(Key, Key), i32> = HashMap::new();
    for e in rings().flat_map(|r| r.0.windows(2)) {
        let (a, b) = (key(e[0]), key(e[1]));
        if a < b {
            *count.entry((a, b)).or_default() += 1;
        } else if b < a {
            *count.entry((b, a)).or_default() -= 1;
        }
    }
    // Sorted, so that the same units give the same walks.
    let mut left: Vec<(Key, Key)> = Vec::new();
    for ((a, b), n) in count {
        let edge = if n > 0 { (a, b) } else { (b, a) };
        left.extend(std::iter::repeat_n(edge, n.unsigned_abs() as usize));
    }
    left.sort_unstable();
    let mut used = vec![false; left.len()];
    let mut cursor: HashMap<Key, usize> = HashMap::new();
    for (i, (a, _)) in left.iter().enumerate().rev() {
        cursor.insert(*a, i);
    }
    let mut walks = Vec::new();
    for i in 0..left.len() {
        if used[i] {
            continue;
        }
        let mut walk = vec![coord(left[i].0)];
        let mut at = left[i].0;
        while let Some(next) = cursor.get_mut(&at).filter(|n| left.get(**n).is_some_and(|e| e.0 == at)) {
            used[*next] = true;
            at = left[*next].1;
            *next += 1;
            walk.push(coord(at));
        }
        walks.push(LineString(walk));
    }
    walks
}

fn coord(k: Key) -> Coord<f64> {
    Coord { x: f64::from_bits(k.0), y: f64::from_bits(k.1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::UnitKind;
    use geo::{Area, polygon};

    fn square(code: &str, x: f64, y: f64) -> Unit {
        let p = polygon![
            (x: x, y: y), (x: x + 1.0, y: y), (x: x + 1.0, y: y + 1.0), (x: x, y: y + 1.0), (x: x, y: y)
        ];
        Unit::new(code, UnitKind::Xa, "x", MultiPolygon(vec![p])).unwrap()
    }

    #[test]
    fn eight_squares_around_nothing_have_one_hole() {
        let mut units = Vec::new();
        for (i, (x, y)) in [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)].iter().enumerate()
        {
            units.push(square(&i.to_string(), f64::from(*x), f64::from(*y)));
        }
        let u = union(&units);
        assert_eq!(u.0.len(), 1);
        assert!((u.unsigned_area() - 8.0).abs() < 1e-6);
        let h = holes(&u);
        assert_eq!(h.len(), 1);
        assert!((h[0].unsigned_area() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn overlaps_and_separate_parts_count_once() {
        let u = union(&[square("1", 0.0, 0.0), square("2", 0.5, 0.0), square("3", 5.0, 5.0)]);
        assert_eq!(u.0.len(), 2);
        assert!((u.unsigned_area() - 2.5).abs() < 1e-6);
    }
}
