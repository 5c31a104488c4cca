//! The ground that two shapes have in common.

use geo::{BooleanOps, BoundingRect, Coord, LineString, MultiPolygon, Polygon, Rect};

/// The same as geo's intersection, of those vertices alone that can matter: two wards that touch are far larger than
/// the strip in which their boxes overlap, and an overlay costs by the vertex.
pub(super) fn common(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let boxes = a.bounding_rect().zip(b.bounding_rect());
    let Some(both) = boxes.and_then(|(a, b)| overlap(&a, &b)) else { return MultiPolygon(Vec::new()) };
    let (a, b) = (around(a, &both), around(b, &both));
    if a.0.is_empty() || b.0.is_empty() { MultiPolygon(Vec::new()) } else { a.intersection(&b) }
}

fn overlap(a: &Rect<f64>, b: &Rect<f64>) -> Option<Rect<f64>> {
    let low = Coord { x: a.min().x.max(b.min().x), y: a.min().y.max(b.min().y) };
    let high = Coord { x: a.max().x.min(b.max().x), y: a.max().y.min(b.max().y) };
    (low.x <= high.x && low.y <= high.y).then(|| Rect::new(low, high))
}

/// A shape that is the same inside a box. Where a ring runs outside on one side of it, only the ends of the run are left:
/// the line between them is on that side, too, so no place inside changes sides. Beside the box the shape may be
/// another one, but never beyond its own box.
fn around(shape: &MultiPolygon<f64>, bounds: &Rect<f64>) -> MultiPolygon<f64> {
    let parts = shape.iter().filter_map(|part| {
        let exterior = ring_around(part.exterior(), bounds)?;
        let holes = part.interiors().iter().filter_map(|hole| ring_around(hole, bounds));
        Some(Polygon::new(exterior, holes.collect()))
    });
    MultiPolygon(parts.collect())
}

/// None for a ring that has no inside there.
fn ring_around(ring: &LineString<f64>, bounds: &Rect<f64>) -> Option<LineString<f64>> {
    let mut kept: Vec<Coord<f64>> = Vec::new();
    // The sides on which everything lies since the last but one vertex that is kept.
    let mut sides = 0;
    for at in &ring.0 {
        let here = sides_of(*at, bounds);
        sides &= here;
        if sides != 0 && kept.len() > 1 {
            kept.pop();
        } else {
            sides = kept.last().map_or(0, |last| sides_of(*last, bounds)) & here;
        }
        kept.push(*at);
    }
    (kept.len() > 3).then_some(LineString(kept))
}

/// Outside of which sides of a box a place lies.
fn sides_of(at: Coord<f64>, bounds: &Rect<f64>) -> u8 {
    let (low, high) = (bounds.min(), bounds.max());
    u8::from(at.x < low.x)
        | u8::from(at.x > high.x) << 1
        | u8::from(at.y < low.y) << 2
        | u8::from(at.y > high.y) << 3
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use geo::Area;
    use proptest::prelude::*;

    use super::*;

    /// A star around a place, with a hole.
    fn star(centre: (f64, f64), radii: &[f64]) -> MultiPolygon<f64> {
        let ring = |scale: f64| -> LineString<f64> {
            let at = |(i, r): (usize, &f64)| {
                let angle = TAU * i as f64 / radii.len() as f64;
                (centre.0 + scale * r * angle.cos(), centre.1 + scale * r * angle.sin())
            };
            let mut ring: Vec<_> = radii.iter().enumerate().map(at).collect();
            ring.push(ring[0]);
            ring.into()
        };
        MultiPolygon(vec![Polygon::new(ring(1.0), vec![ring(0.3)])])
    }

    #[test]
    fn a_run_on_one_side_of_a_box_leaves_its_ends() {
        let bounds = Rect::new((0.0, 0.0), (1.0, 1.0));
        let ring: LineString<f64> =
            vec![(0.5, 0.5), (2.0, 0.5), (3.0, 0.6), (4.0, 0.2), (2.0, 0.8), (0.5, 0.8), (0.5, 0.5)].into();
        let left: LineString<f64> = vec![(0.5, 0.5), (2.0, 0.5), (2.0, 0.8), (0.5, 0.8), (0.5, 0.5)].into();
        assert_eq!(ring_around(&ring, &bounds), Some(left));
        // Round a corner of the box the way is kept: it may have the box inside.
        let round: LineString<f64> =
            vec![(-1.0, -1.0), (2.0, -1.0), (2.0, 2.0), (-1.0, 2.0), (-1.0, -1.0)].into();
        assert_eq!(ring_around(&round, &bounds), Some(round.clone()));
        let beside: LineString<f64> = vec![(2.0, 0.0), (3.0, 0.0), (3.0, 1.0), (2.0, 0.0)].into();
        assert_eq!(ring_around(&beside, &bounds), None);
    }

    proptest! {
        #[test]
        fn it_is_geos_intersection(
            a in proptest::collection::vec(0.2..2.0_f64, 3..40),
            b in proptest::collection::vec(0.2..2.0_f64, 3..40),
            at in (-3.0..3.0_f64, -3.0..3.0_f64),
        ) {
            let (a, b) = (star((0.0, 0.0), &a), star(at, &b));
            let (mine, full) = (common(&a, &b), a.intersection(&b));
            prop_assert!((mine.unsigned_area() - full.unsigned_area()).abs() < 1e-6);
            prop_assert!(mine.difference(&full).unsigned_area() + full.difference(&mine).unsigned_area() < 1e-6);
        }
    }
}
