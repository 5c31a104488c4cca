//! Which units of one generation have the ground of which units of another, by their shapes.

use geo::{BoundingRect, Intersects};

use super::common::common;
use super::generation::Generation;
use super::unit::area_m2;

/// A smaller share of a unit is two drawings of one border.
const DRAWN_OTHERWISE: f64 = 0.01;

/// Ground that a unit of one generation has in common with a unit of a later one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Index of the former unit.
    pub from: usize,
    /// Index of the later unit.
    pub to: usize,
    /// Share of the former unit's area, 0 to 1.
    pub share: f64,
}

/// The overlaps that are no mere differences of drawing, by former unit, the largest first. Takes seconds for a city:
/// do not call it on an async thread.
pub fn overlaps(former: &Generation, later: &Generation) -> Vec<Overlap> {
    let mut all = Vec::new();
    for (from, a) in former.units().iter().enumerate() {
        let whole: f64 = a.shape.iter().map(area_m2).sum();
        let Some(bounds) = a.shape.bounding_rect() else { continue };
        let mut found: Vec<Overlap> = Vec::new();
        for (to, b) in later.units().iter().enumerate() {
            if !bounds.intersects(&b.bounds()) {
                continue;
            }
            let share = common(&a.shape, &b.shape).iter().map(area_m2).sum::<f64>() / whole;
            if share >= DRAWN_OTHERWISE {
                found.push(Overlap { from, to, share });
            }
        }
        found.sort_by(|a, b| b.share.total_cmp(&a.share));
        all.extend(found);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::area::Unit;
    use geo::{MultiPolygon, polygon};

    fn generation(id: &str, stripes: &[(f64, f64)]) -> Generation {
        let unit = |(i, (west, east)): (usize, &(f64, f64))| {
            let p =
                polygon![(x: *west, y: 10.0), (x: *east, y: 10.0), (x: *east, y: 10.1), (x: *west, y: 10.1)];
            Unit::new(&i.to_string(), Arc::default(), "An", MultiPolygon(vec![p])).unwrap()
        };
        Generation::build(id, false, stripes.iter().enumerate().map(unit).collect(), None).unwrap()
    }

    #[test]
    fn shares_are_those_of_the_former_ground() {
        let former = generation("2025-07-01", &[(106.0, 106.1), (106.1, 106.2)]);
        let later = generation("2027-01-01", &[(106.0, 106.125), (106.125, 106.2)]);
        let found: Vec<_> = overlaps(&former, &later)
            .into_iter()
            .map(|o| (o.from, o.to, (o.share * 100.0).round() as i64))
            .collect();
        assert_eq!(found, [(0, 0, 100), (1, 1, 75), (1, 0, 25)]);
    }
}
