//! The nearest wards of any point, at any distance: an R-tree over runs of sixteen edges. Not here:
//! distances within 100 m (the grid is faster), ownership (locate).

use geo::{Coord, LineString, Rect};
use rstar::{AABB, PointDistance, RTree, RTreeObject};

use crate::area::unit::Unit;
use crate::geo::{LonLat, Plane, distance_m, metres_per_degree};

/// Edges in one run. With sixteen the tree has a sixteenth of the nodes, and scanning a run is
/// cheap.
const RUN: usize = 16;
/// Farther than this, in degrees north or south of the city, distances in the tree are no longer
/// lower bounds.
const MARGIN_DEG: f64 = 1.0;

/// A run of consecutive edges of one ring, with its box in the tree's metres.
#[derive(Debug)]
struct Run {
    bounds: AABB<[f64; 2]>,
    unit: u16,
    part: u32,
    /// 0 is the exterior, then the holes.
    ring: u32,
    start: u32,
}

impl RTreeObject for Run {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

impl PointDistance for Run {
    /// Distance to the box, which is never more than the distance to the edges.
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        self.bounds.distance_2(point)
    }
}

/// The R-tree; see the module's documentation.
#[derive(Debug)]
pub(in crate::area) struct Nearest {
    tree: RTree<Run>,
    /// Metres per degree: the smallest value over the city's latitudes and the margin. So a
    /// distance in the tree is never more than the true one.
    scale: (f64, f64),
    south: f64,
    north: f64,
}

impl Nearest {
    pub(in crate::area) fn build(units: &[Unit]) -> Self {
        let latitudes = || units.iter().flat_map(|u| &u.shape.0).flat_map(|p| &p.exterior().0).map(|c| c.y);
        let south = latitudes().fold(90.0, f64::min) - MARGIN_DEG;
        let north = latitudes().fold(-90.0, f64::max) + MARGIN_DEG;
        let (a, b) = (metres_per_degree(south), metres_per_degree(north));
        // A degree of longitude is shortest far from the equator, a degree of latitude at the
        // equator. The series is not valid beyond a pole.
        let at_equator = if south <= 0.0 && north >= 0.0 { metres_per_degree(0.0).1 } else { f64::INFINITY };
        let scale = (a.0.min(b.0).max(0.0), a.1.min(b.1).min(at_equator));
        let mut runs = Vec::new();
        for (unit, u) in units.iter().enumerate() {
            for (part, polygon) in u.shape.0.iter().enumerate() {
                for (ring, line) in std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate()
                {
                    for start in (0..line.0.len() - 1).step_by(RUN) {
                        let points: Vec<_> =
                            run(line, start).iter().map(|c| [c.x * scale.0, c.y * scale.1]).collect();
                        runs.push(Run {
                            bounds: AABB::from_points(&points),
                            unit: unit as u16,
                            part: part as u32,
                            ring: ring as u32,
                            start: start as u32,
                        });
                    }
                }
            }
        }
        Self { tree: RTree::bulk_load(runs), scale, south, north }
    }

    /// The unit with the nearest border among those that `accept` allows, and the distance in
    /// metres. The lowest index wins a tie. Exact within a degree of the city's latitudes. Farther
    /// away the unit is chosen on a plane, and its distance is the geodesic.
    pub(in crate::area) fn find(
        &self,
        units: &[Unit],
        p: LonLat,
        accept: impl Fn(u16) -> bool,
    ) -> Option<(u16, f64)> {
        let plane = Plane::at(p);
        let far = !(self.south..=self.north).contains(&p.lat());
        let mut best: Option<(f64, u16)> = None;
        let query = [p.lon() * self.scale.0, p.lat() * self.scale.1];
        for (run, bound_2) in self.tree.nearest_neighbor_iter_with_distance_2(&query) {
            if best.is_some_and(|(d_2, _)| bound_2 > d_2) {
                break;
            }
            if !accept(run.unit) {
                continue;
            }
            let edges = Self::edges(units, run);
            if far {
                let d = edges.iter().map(|c| geodesic(p, *c)).fold(f64::INFINITY, f64::min);
                return Some((run.unit, d));
            }
            let d_2 = edges
                .windows(2)
                .map(|e| plane.to_segment_2((e[0].x, e[0].y), (e[1].x, e[1].y)))
                .fold(f64::INFINITY, f64::min);
            if best.is_none_or(|b| (d_2, run.unit) < b) {
                best = Some((d_2, run.unit));
            }
        }
        best.map(|(d_2, unit)| (unit, d_2.sqrt()))
    }

    /// The runs of edges whose box meets a box in degrees, as unit and vertices.
    pub(in crate::area) fn runs_in<'a>(
        &'a self,
        units: &'a [Unit],
        bounds: Rect<f64>,
    ) -> impl Iterator<Item = (u16, &'a [Coord<f64>])> {
        // Scaling keeps the order of numbers, so rounding cannot lose a run that touches the box.
        let corner = |c: Coord<f64>| [c.x * self.scale.0, c.y * self.scale.1];
        let bounds = AABB::from_corners(corner(bounds.min()), corner(bounds.max()));
        self.tree.locate_in_envelope_intersecting(&bounds).map(|r| (r.unit, Self::edges(units, r)))
    }

    fn edges<'a>(units: &'a [Unit], r: &Run) -> &'a [Coord<f64>] {
        let polygon = &units[r.unit as usize].shape.0[r.part as usize];
        let line = match r.ring {
            0 => polygon.exterior(),
            n => &polygon.interiors()[n as usize - 1],
        };
        run(line, r.start as usize)
    }
}

/// The vertices of the run that starts at an edge.
fn run(line: &LineString<f64>, start: usize) -> &[Coord<f64>] {
    &line.0[start..(start + RUN + 1).min(line.0.len())]
}

fn geodesic(p: LonLat, c: Coord<f64>) -> f64 {
    LonLat::new(c.x, c.y).map_or(f64::INFINITY, |q| distance_m(p, q))
}
