//! Areas that may share borders, prepared for tiles. Rings are cut into arcs where borders meet.
//! Each arc is simplified once, so both sides of a border have the same line at every zoom: no
//! gaps, no slivers. Where two areas do not share a border vertex by vertex, each has arcs of its
//! own. Not here: what an area is (shapes, drawn), clipping at a tile's edge (clip), rings that
//! cross (solid).

use std::collections::HashMap;

use geo::{LineString, MultiPolygon};

use crate::geo::{LonLat, Mercator};
use crate::map::shape::ring::clip::clip;
use crate::map::shape::ring::frame::{Bounds, Frame, Path, Point, Seen};
use crate::map::shape::ring::simplify::{Vertex, weigh};
use crate::map::shape::ring::solid::solid;

/// A ring as a list of arcs, each forward or backward.
pub(in crate::map) type ArcRing = Vec<(u32, bool)>;
/// Polygons as rings in mercator units: exterior first, then its holes.
pub(in crate::map) type Polygons = Vec<Vec<Vec<Point>>>;

/// Several areas with their shared arcs.
#[derive(Debug)]
pub(in crate::map) struct Mesh {
    pub(in crate::map) areas: Vec<MeshArea>,
    pub(in crate::map) arcs: Vec<Vec<Vertex>>,
}

/// One area of a mesh.
#[derive(Debug)]
pub(in crate::map) struct MeshArea {
    pub(in crate::map) bounds: Bounds,
    /// Exterior first, then its holes.
    pub(in crate::map) polygons: Vec<Vec<ArcRing>>,
}

impl Mesh {
    /// Joins areas and keeps their order.
    pub(in crate::map) fn build<'a>(areas: impl Iterator<Item = &'a Polygons> + Clone) -> Self {
        let mut cutter = Cutter::new(areas.clone().flatten().flatten());
        let areas = areas
            .map(|polygons| MeshArea {
                bounds: Bounds::around(polygons.iter().flatten().flatten().copied()),
                polygons: polygons.iter().map(|p| p.iter().map(|ring| cutter.cut(ring)).collect()).collect(),
            })
            .collect();
        Self { areas, arcs: cutter.arcs.iter().map(|points| weigh(points)).collect() }
    }

    /// The rings of an area in a tile: open, clipped at the buffered edge, in tile units. They form
    /// valid polygons: an exterior with positive area (y down), followed by its holes. Empty if
    /// nothing is left.
    pub(in crate::map) fn rings(&self, area: usize, frame: &Frame) -> Vec<Path> {
        match frame.sees(self.areas[area].bounds) {
            Seen::Nothing => Vec::new(),
            Seen::Part => self.cut(area, frame, true),
            Seen::Whole => self.cut(area, frame, false),
        }
    }

    /// Whether nothing of an area is left at this zoom, in any tile.
    pub(in crate::map) fn vanishes(&self, area: usize, frame: &Frame) -> bool {
        self.cut(area, frame, false).is_empty()
    }

    fn cut(&self, area: usize, frame: &Frame, at_edge: bool) -> Vec<Path> {
        solid(&self.wound(area, frame, at_edge))
    }

    /// The rings of an area in a tile before they are made valid; they may cross.
    pub(in crate::map) fn wound(&self, area: usize, frame: &Frame, at_edge: bool) -> Vec<Path> {
        let arcs = self.areas[area].polygons.iter().flatten();
        let rings = arcs.map(|arcs| self.ring(arcs, frame));
        let rings = rings.map(|ring| if at_edge { clip(ring, frame.low, frame.high) } else { ring });
        rings.filter(|ring| ring.len() >= 3).collect()
    }

    /// A ring at the tile's zoom, in tile units.
    pub(in crate::map) fn ring(&self, arcs: &ArcRing, frame: &Frame) -> Path {
        let mut out = Path::new();
        for &(arc, backward) in arcs {
            let points = &self.arcs[arc as usize];
            if backward {
                frame.draw(points.iter().rev(), &mut out);
            } else {
                frame.draw(points.iter(), &mut out);
            }
        }
        if out.len() > 1 && out.first() == out.last() {
            out.pop();
        }
        out
    }
}

/// All rings of an area in Mercator units: open, without repeats, with at least three vertices,
/// wound as in a tile (y down): exteriors with positive area, holes with negative.
pub(in crate::map) fn project(area: &MultiPolygon<f64>) -> Option<Polygons> {
    let ring = |line: &LineString<f64>| -> Option<Vec<Point>> {
        let mut out = Vec::with_capacity(line.0.len());
        for c in &line.0 {
            let m = Mercator::from_lonlat(LonLat::new(c.x, c.y).ok()?);
            if out.last() != Some(&(m.x, m.y)) {
                out.push((m.x, m.y));
            }
        }
        while out.len() > 1 && out.first() == out.last() {
            out.pop();
        }
        Some(out)
    };
    let wound = |mut ring: Vec<Point>, positive: bool| {
        if (area2(&ring) > 0) != positive {
            ring.reverse();
        }
        ring
    };
    let mut polygons = Vec::new();
    for p in &area.0 {
        let mut rings = vec![wound(ring(p.exterior())?, true)];
        if rings[0].len() < 3 {
            continue;
        }
        for hole in p.interiors() {
            rings.extend(Some(wound(ring(hole)?, false)).filter(|h| h.len() >= 3));
        }
        polygons.push(rings);
    }
    Some(polygons)
}

/// Twice the area of a ring, in square Mercator units: positive for an exterior in a tile (y down).
fn area2(ring: &[Point]) -> i128 {
    let Some(&(mut from)) = ring.last() else { return 0 };
    let mut sum = 0;
    for &to in ring {
        sum += i128::from(from.0) * i128::from(to.1) - i128::from(to.0) * i128::from(from.1);
        from = to;
    }
    sum
}

/// Cuts rings into arcs at the vertices where borders meet or split.
struct Cutter {
    /// The two neighbours of each vertex; `None` at a junction, where rings have different
    /// neighbours.
    neighbours: HashMap<Point, Option<(Point, Point)>>,
    known: HashMap<Vec<Point>, u32>,
    arcs: Vec<Vec<Point>>,
}

impl Cutter {
    fn new<'a>(rings: impl Iterator<Item = &'a Vec<Point>>) -> Self {
        let mut neighbours = HashMap::new();
        for ring in rings {
            let n = ring.len();
            for i in 0..n {
                let (a, b) = (ring[(i + n - 1) % n], ring[(i + 1) % n]);
                let pair = (a.min(b), a.max(b));
                let slot = neighbours.entry(ring[i]).or_insert(Some(pair));
                if *slot != Some(pair) {
                    *slot = None;
                }
            }
        }
        Self { neighbours, known: HashMap::new(), arcs: Vec::new() }
    }

    fn cut(&mut self, ring: &[Point]) -> ArcRing {
        let n = ring.len();
        let mut starts: Vec<usize> = (0..n).filter(|&i| self.neighbours[&ring[i]].is_none()).collect();
        if starts.is_empty() {
            // Start where every ring along the same vertices would start.
            starts.extend((0..n).min_by_key(|&i| ring[i]));
        }
        let ends = starts.iter().copied().skip(1).chain([starts[0] + n]);
        starts.iter().zip(ends).map(|(&a, b)| self.arc((a..=b).map(|i| ring[i % n]).collect())).collect()
    }

    /// The number of an arc and whether it runs backward. Both sides of a border get the same arc.
    fn arc(&mut self, mut points: Vec<Point>) -> (u32, bool) {
        let backward = points.iter().rev().lt(points.iter());
        if backward {
            points.reverse();
        }
        if let Some(&n) = self.known.get(&points) {
            return (n, backward);
        }
        let n = self.arcs.len() as u32;
        self.arcs.push(points.clone());
        self.known.insert(points, n);
        (n, backward)
    }
}
