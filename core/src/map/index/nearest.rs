//! The features of a collection nearest to a position, by geodesic distance.

use std::sync::Arc;

use geo::{Coord, Geometry, Intersects, Line, LinesIter};

use crate::domain::Feature;
use crate::geo::{LonLat, Plane, distance_m, metres_per_degree};
use crate::map::shape::features::FeatureSet;
use crate::query::order::{By, Order};

/// A feature and its distance.
#[derive(Clone, Debug)]
pub struct Near {
    /// The feature.
    pub feature: Arc<Feature>,
    /// Metres along the ellipsoid to its nearest point.
    pub distance_m: f64,
}

/// Degrees within which the bound is tight; beyond, it still holds.
const BOUND_DEGREES: f64 = 10.0;

impl FeatureSet {
    /// At most `limit` accepted features with points, nearest first, none farther than `max_m`;
    /// ties by id. Lines and areas have no points.
    pub fn nearest(
        &self,
        from: LonLat,
        limit: usize,
        max_m: f64,
        wanted: impl Fn(&Feature) -> bool,
    ) -> Vec<Near> {
        let mut found: Vec<(f64, u64, usize)> = Vec::new();
        if limit == 0 {
            return Vec::new();
        }
        // Near the antimeridian the shortest way may cross it.
        for turn in [0.0, 360.0, -360.0] {
            let at = [from.lon() + turn, from.lat()];
            for (entry, squared) in self.tree().nearest_neighbor_iter_with_distance_2(&at) {
                let farthest = if found.len() < limit { max_m } else { found[limit - 1].0 };
                if at_least_m(from.lat(), squared.sqrt()) > farthest.min(max_m) {
                    break;
                }
                let row = entry.data;
                let f = &self.rows()[row];
                let Some(distance) = f.geometry.as_ref().and_then(|g| to_place_m(from, g)) else { continue };
                let key = (distance, f.id, row);
                if distance > max_m || found.len() >= limit && before(&found[limit - 1], &key) {
                    continue;
                }
                if found.iter().all(|(.., r)| *r != row) && wanted(f) {
                    let place = found.partition_point(|k| before(k, &key));
                    found.insert(place, key);
                    found.truncate(limit);
                }
            }
        }
        let near =
            |(distance_m, _, row): (f64, u64, usize)| Near { feature: self.rows()[row].clone(), distance_m };
        found.into_iter().map(near).collect()
    }
}

fn before(a: &(f64, u64, usize), b: &(f64, u64, usize)) -> bool {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).is_lt()
}

/// A lower bound, in metres, of the distance to any point this many degrees away. The path leaves a
/// circle of that radius, or of ten degrees, around the start. Inside the circle no degree is
/// shorter than at its highest latitude.
fn at_least_m(lat: f64, degrees: f64) -> f64 {
    let degrees = degrees.min(BOUND_DEGREES);
    let highest = lat.abs() + degrees;
    if highest >= 90.0 {
        return 0.0;
    }
    let (east, _) = metres_per_degree(highest);
    let (_, north) = metres_per_degree(0.0);
    // The series of metres per degree is accurate to a centimetre.
    degrees * (east.min(north) - 0.1).max(0.0)
}

/// Where a feature stands in an order: the greater key comes first.
pub fn feature_key(order: &Order, f: &Feature) -> (i64, i64) {
    let value = match order.by {
        By::Created => Some(f.created.ms()),
        By::Updated => Some(f.updated.ms()),
        By::Due => None,
        By::Distance(from) => {
            f.geometry.as_ref().and_then(|g| to_shape_m(from, g)).map(|m| (m * 1e3).round() as i64)
        }
    };
    (order.rank(value), f.seq)
}

/// Metres to the nearest point of any shape, on a plane around the position; 0 inside an area.
fn to_shape_m(from: LonLat, geometry: &Geometry<f64>) -> Option<f64> {
    if let Some(m) = to_place_m(from, geometry) {
        return Some(m);
    }
    if geometry.intersects(&Coord { x: from.lon(), y: from.lat() }) {
        return Some(0.0);
    }
    let plane = Plane::at(from);
    let to_lines = |lines: &mut dyn Iterator<Item = Line<f64>>| {
        lines.map(|l| plane.to_segment(l.start.x_y(), l.end.x_y())).min_by(f64::total_cmp)
    };
    match geometry {
        Geometry::Line(l) => to_lines(&mut std::iter::once(*l)),
        Geometry::LineString(l) => to_lines(&mut l.lines_iter()),
        Geometry::MultiLineString(m) => to_lines(&mut m.lines_iter()),
        Geometry::Polygon(p) => to_lines(&mut p.lines_iter()),
        Geometry::MultiPolygon(m) => to_lines(&mut m.lines_iter()),
        Geometry::GeometryCollection(all) => {
            all.iter().filter_map(|g| to_shape_m(from, g)).min_by(f64::total_cmp)
        }
        _ => None,
    }
}

/// Metres to the nearest of a shape's points.
fn to_place_m(from: LonLat, geometry: &Geometry<f64>) -> Option<f64> {
    let one = |p: &geo::Point| LonLat::new(p.x(), p.y()).ok().map(|p| distance_m(from, p));
    match geometry {
        Geometry::Point(p) => one(p),
        Geometry::MultiPoint(m) => m.iter().filter_map(one).min_by(f64::total_cmp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use geo::Point;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::field::Value;
    use crate::map::testing::{made, spots};

    fn set(places: &[LonLat]) -> FeatureSet {
        let c = crate::pack::testing::pack().collection("facilities").unwrap().clone();
        let feature = |(i, p): (usize, &LonLat)| {
            let values = vec![Value::Null; c.properties.len()];
            Arc::new(made(&c, i as u64 + 1, Point::new(p.lon(), p.lat()).into(), values))
        };
        FeatureSet::build(c.clone(), places.iter().enumerate().map(feature).collect())
    }

    proptest! {
        #[test]
        fn the_nearest_are_those_of_a_look_at_all(
            places in proptest::collection::vec(spots(), 0..60),
            from in spots(),
            limit in 1_usize..8,
            max_m in prop_oneof![Just(f64::INFINITY), 0.0..50_000.0_f64],
            odd in any::<bool>(),
        ) {
            let wanted = |f: &Feature| !odd || f.id % 2 == 1;
            let mut want: Vec<(f64, u64)> = places
                .iter()
                .enumerate()
                .map(|(i, p)| (distance_m(from, *p), i as u64 + 1))
                .filter(|(d, id)| *d <= max_m && (!odd || id % 2 == 1))
                .collect();
            want.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            want.truncate(limit);
            let found = set(&places).nearest(from, limit, max_m, wanted);
            let got: Vec<(f64, u64)> = found.iter().map(|n| (n.distance_m, n.feature.id)).collect();
            prop_assert_eq!(got, want);
        }
    }
}
