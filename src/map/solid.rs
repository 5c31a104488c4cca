//! Rings made valid. Simplifying, rounding to tile units and cutting at the tile's edge each may let a ring
//! cross or touch itself; what is drawn then is where the rings wind around more than not at all, which is
//! what the areas on both sides of a common border agree about.
//! Not here: which rings (mesh, drawn), cutting (clip).

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay};
use i_overlay::core::solver::{Precision, Solver};
use i_overlay::i_float::int::point::IntPoint;

use super::frame::Path;

/// Polygons as the standards want them (OGC 06-103r4 section 6.1.11), from rings wound as in a tile: outer
/// ones with positive area, holes with negative. Each outer ring is followed by its holes; none crosses or
/// touches itself, and what has no area is gone.
pub(super) fn solid(rings: &[Path]) -> Vec<Path> {
    if rings.is_empty() {
        return Vec::new();
    }
    let contours: Vec<Vec<IntPoint>> =
        rings.iter().map(|r| r.iter().map(|&(x, y)| IntPoint::new(x, y)).collect()).collect();
    let options = IntOverlayOptions { ogc: true, ..IntOverlayOptions::keep_all_points() };
    // A crossing is moved to the nearest whole unit, no farther.
    let solver = Solver { precision: Precision::ABSOLUTE, multithreading: None, ..Solver::AUTO };
    let points = contours.iter().map(Vec::len).sum();
    let shapes = Overlay::new_custom(points, options, solver).simplify_shape(&contours, FillRule::Positive);
    match shapes {
        // Nothing crosses: the rings are as they should be.
        None => rings.to_vec(),
        Some(shapes) => {
            let path = |contour: Vec<IntPoint>| contour.into_iter().map(|p| (p.x, p.y)).collect();
            shapes.into_iter().flatten().map(path).collect()
        }
    }
}

#[cfg(test)]
pub(in crate::map) mod tests {
    use geo::{Coord, LineString, Polygon, Validation};
    use proptest::prelude::*;

    use super::*;
    use crate::map::clip::{area2, clip};

    /// What a decoder makes of rings: an exterior begins a polygon, holes follow it. Panics where a ring
    /// has no area or a hole no polygon; each polygon must be valid.
    pub(in crate::map) fn checked(rings: &[Path]) -> Result<(), String> {
        let line = |r: &Path| r.iter().map(|&(x, y)| Coord { x: f64::from(x), y: f64::from(y) }).collect();
        let mut polygons: Vec<(LineString, Vec<LineString>)> = Vec::new();
        for ring in rings {
            if ring.len() < 3 || ring.first() == ring.last() {
                return Err(format!("{ring:?} is not open with three vertices at least"));
            }
            match area2(ring) {
                0 => return Err(format!("{ring:?} has no area")),
                1.. => polygons.push((line(ring), Vec::new())),
                _ => polygons.last_mut().ok_or("a hole comes first")?.1.push(line(ring)),
            }
        }
        for (exterior, holes) in polygons {
            Polygon::new(exterior, holes).check_validation().map_err(|e| format!("{e}: {rings:?}"))?;
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
        // A tile that lies in a hole shows nothing.
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
                // And is left alone when it comes again.
                prop_assert_eq!(checked(&solid(&out)), Ok(()));
            }
        }
    }
}
