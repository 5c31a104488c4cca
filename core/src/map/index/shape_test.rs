//! How rows lie to a shape, 64 at a time: where the box around them meets no edge of the shape, one of
//! them answers for all. Rows that stand together in the columns stand together on the ground, so few
//! are decided one by one.

use geo::{Geometry, Intersects, Line, LinesIter, Rect, coord};

use crate::geo::LonLat;
use crate::map::index::columns::{BLOCK, Columns, each};
use crate::map::shape::e7box::E7Box;
use crate::query::cql::{Is, Scalar, SpatialLiteral, Test};

/// From so many rows on, asking for all of them at once pays.
const DENSE: u32 = 8;

/// A test of places against a shape.
#[derive(Debug)]
pub(in crate::map) struct ShapeTest {
    test: Test,
    /// Every place that passes lies in it, if there is one.
    bbox: Option<E7Box>,
    /// All edges, points as edges without length; none where the shape is a box over the antimeridian.
    edges: Option<Vec<Line<f64>>>,
}

impl ShapeTest {
    /// From a test of how a place lies to a shape.
    pub(in crate::map) fn new(test: Test) -> Self {
        let Is::Lies(_, shape) = &test.is else { return Self { test, bbox: None, edges: None } };
        // What does not meet the shape lies nowhere near it.
        let bbox = (!test.not).then(|| E7Box::new(shape.bbox()));
        let edges = match shape {
            SpatialLiteral::Shape(g) => Some(edges(g)),
            SpatialLiteral::Box(b) if b.crosses_antimeridian() => None,
            SpatialLiteral::Box(b) => {
                let rect = Rect::new(coord! { x: b.west, y: b.south }, coord! { x: b.east, y: b.north });
                Some(rect.to_lines().to_vec())
            }
        };
        Self { test, bbox, edges }
    }

    /// The rows of word `k` that pass, of those in `left`.
    pub(in crate::map) fn pass(&self, c: &Columns, k: usize, left: u64) -> u64 {
        if left.count_ones() >= DENSE
            && let Some(box_) = around(c, k)
            && let Some(edges) = &self.edges
            && !edges.iter().any(|e| meets(&box_, e))
        {
            // Placeless rows come last, so the first row has a place. It is asked even if it is not in `left`.
            let all = if self.holds(c, k * BLOCK) { u64::MAX } else { 0 };
            return left & all & placed(c, k);
        }
        let mut word = 0;
        each(k, left, |i| word |= u64::from(self.holds(c, i)) << (i % BLOCK));
        word
    }

    fn holds(&self, c: &Columns, i: usize) -> bool {
        c.e7(i).is_some_and(|(lon, lat)| {
            self.bbox.is_none_or(|b| b.contains((lon, lat)))
                && self.test.holds(Scalar::Point(LonLat::from_e7(lon, lat)))
        })
    }
}

/// The rows of word `k` that have a place.
fn placed(c: &Columns, k: usize) -> u64 {
    crate::map::index::columns::within(&(0..c.placed()), k)
}

/// The box around the places of word `k`; none without places.
fn around(c: &Columns, k: usize) -> Option<Rect<f64>> {
    let (lon, lat) = c.places(k * BLOCK..(k + 1) * BLOCK);
    let ends = |v: &[i32]| Some((*v.iter().min()?, *v.iter().max()?));
    let ((west, east), (south, north)) = (ends(lon)?, ends(lat)?);
    let corner = |lon, lat| {
        let p = LonLat::from_e7(lon, lat);
        coord! { x: p.lon(), y: p.lat() }
    };
    Some(Rect::new(corner(west, south), corner(east, north)))
}

/// Whether an edge and a box have something in common.
fn meets(b: &Rect<f64>, e: &Line<f64>) -> bool {
    let apart = |a: f64, b: f64, low: f64, high: f64| a.max(b) < low || a.min(b) > high;
    !apart(e.start.x, e.end.x, b.min().x, b.max().x)
        && !apart(e.start.y, e.end.y, b.min().y, b.max().y)
        && b.intersects(e)
}

fn edges(g: &Geometry<f64>) -> Vec<Line<f64>> {
    let spot = |p: &geo::Point| Line::new(p.0, p.0);
    match g {
        Geometry::Point(p) => vec![spot(p)],
        Geometry::MultiPoint(m) => m.iter().map(spot).collect(),
        Geometry::Line(l) => vec![*l],
        Geometry::LineString(l) => l.lines_iter().collect(),
        Geometry::MultiLineString(m) => m.lines_iter().collect(),
        Geometry::Polygon(p) => p.lines_iter().collect(),
        Geometry::MultiPolygon(m) => m.lines_iter().collect(),
        Geometry::Rect(r) => r.to_lines().to_vec(),
        Geometry::Triangle(t) => t.to_lines().to_vec(),
        Geometry::GeometryCollection(all) => all.iter().flat_map(edges).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geo::Bbox;
    use crate::map::testing::row_of;
    use crate::query::cql::Relation;

    /// Shapes on and off a lattice on which the rows stand too.
    fn shapes() -> BoxedStrategy<Geometry<f64>> {
        let at = || (0_i32..40, 0_i32..40).prop_map(|(x, y)| place(x, y));
        let coords = move |n| proptest::collection::vec(at(), n..n + 4);
        let coord = |p: LonLat| coord! { x: p.lon(), y: p.lat() };
        prop_oneof![
            coords(1).prop_map(move |v| v.into_iter().map(coord).collect::<geo::MultiPoint>().into()),
            coords(2).prop_map(move |v| v.into_iter().map(coord).collect::<geo::LineString>().into()),
            // A ring around a middle does not cut itself.
            (at(), proptest::collection::vec(1_i32..30, 3..9), any::<bool>()).prop_map(
                |(m, radii, holed)| {
                    let ring = |scale: f64| {
                        let n = radii.len() as f64;
                        let corner = |(i, r): (usize, &i32)| {
                            let turn = i as f64 / n * std::f64::consts::TAU;
                            let far = f64::from(*r) * 1e-4 * scale;
                            let p =
                                LonLat::new(m.lon() + far * turn.cos(), m.lat() + far * turn.sin()).unwrap();
                            coord! { x: p.lon(), y: p.lat() }
                        };
                        radii.iter().enumerate().map(corner).collect::<geo::LineString>()
                    };
                    let holes = if holed { vec![ring(0.5)] } else { Vec::new() };
                    geo::Polygon::new(ring(1.0), holes).into()
                }
            ),
        ]
        .boxed()
    }

    fn place(x: i32, y: i32) -> LonLat {
        LonLat::new(106.7 + f64::from(x) * 1e-4, 10.7 + f64::from(y) * 1e-4).unwrap()
    }

    proptest! {
        #[test]
        fn one_answers_for_all_as_each_would(
            spots in proptest::collection::vec((0_i32..40, 0_i32..40), 100..900),
            shape in shapes(),
            boxed in any::<bool>(),
            relation in prop_oneof![
                Just(Relation::Intersects), Just(Relation::Within), Just(Relation::Touches), Just(Relation::Equals),
            ],
            not in any::<bool>(),
            left in any::<u64>(),
        ) {
            let rows: Vec<_> = spots
                .into_iter()
                .enumerate()
                .map(|(i, (x, y))| row_of(i as u32, ((i % 50 > 0).then(|| place(x, y)), 0, 0, 0, 0, 0)))
                .collect();
            let c = Columns::from_rows(&rows);
            let shape = SpatialLiteral::Shape(shape);
            let b = shape.bbox();
            let flat = b.west >= b.east || b.south >= b.north;
            let shape = if boxed && !flat { SpatialLiteral::Box(Bbox { ..b }) } else { shape };
            let test = Test { not, ..Test::new(0, Is::Lies(relation, shape)) };
            let ground = ShapeTest::new(test.clone());
            for k in 0..c.words() {
                let asked = left & crate::map::index::columns::within(&(0..c.len()), k);
                let mut want = 0;
                each(k, asked, |i| {
                    let point = c.row(i).point.map_or(Scalar::Null, Scalar::Point);
                    want |= u64::from(test.holds(point)) << (i % BLOCK);
                });
                prop_assert_eq!(ground.pass(&c, k, asked), want);
            }
        }
    }
}
