//! Ward polygons ready for tiles. Rings are cut into arcs where borders meet, and each arc is
//! simplified once, so both sides of a border stay the same line at every zoom: no gaps, no
//! slivers. Stretches that two wards do not share vertex by vertex are arcs of their own.
//! Not here: which ward owns a place (area), writing (mvt), cutting at a tile's edge (clip).

use std::collections::HashMap;

use geo::{LineString, MultiPolygon};

use super::clip::{Ring, area2, clean, clip};
use super::simplify::{Vertex, weigh};
use crate::geo::{LonLat, Mercator, TileId};

/// Bits of a tile's extent of 4096.
const EXTENT_BITS: u32 = 12;
/// Twice the area, in square tile units, under which a bend is left out: half a pixel's worth.
const BEND: f64 = 64.0;

/// One ward to be shown.
#[derive(Clone, Debug)]
pub struct WardShape {
    /// The official code, a number: also the feature's id.
    pub code: String,
    /// The name shown.
    pub name: String,
    /// The canonical id, `{generation}.{code}`.
    pub ward: String,
    /// Where the name stands.
    pub label: LonLat,
    /// The ground in degrees; rings in any winding.
    pub area: MultiPolygon<f64>,
}

/// Why shapes can't be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A code that gives no feature id.
    #[error("ward code {0:?} is no number from 1 to 2^53 - 1, which a tile needs as an id")]
    Code(String),
    /// Two wards with one id.
    #[error("ward code {0:?} occurs twice in one generation")]
    Twice(String),
    /// A coordinate out of range.
    #[error("ward {0:?} has a position that is not in degrees")]
    Position(String),
}

/// All wards of a generation, built once when it is loaded.
#[derive(Debug)]
pub struct WardShapes {
    generation: String,
    approximate: bool,
    wards: Vec<Ward>,
    arcs: Vec<Vec<Vertex>>,
}

/// One ward as tiles need it.
#[derive(Debug)]
pub(super) struct Ward {
    pub(super) id: u64,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) canonical: String,
    pub(super) label: Mercator,
    bounds: Bounds,
    /// Exterior first, then its holes.
    polygons: Vec<Vec<ArcRing>>,
}

/// A ring as arcs, each forward or backward.
type ArcRing = Vec<(u32, bool)>;
/// A position in mercator units.
type Point = (u32, u32);

#[derive(Clone, Copy, Debug)]
struct Bounds {
    min: Point,
    max: Point,
}

impl WardShapes {
    /// Builds the shapes of one generation; `approximate` says that the borders are not official.
    ///
    /// # Errors
    /// See [`ShapeError`].
    pub fn build(generation: &str, approximate: bool, shapes: &[WardShape]) -> Result<Self, ShapeError> {
        let mut projected = Vec::with_capacity(shapes.len());
        for s in shapes {
            projected.push(project(&s.area).ok_or_else(|| ShapeError::Position(s.code.clone()))?);
        }
        let mut cutter = Cutter::new(projected.iter().flatten().flatten());
        let mut wards: Vec<Ward> = Vec::with_capacity(shapes.len());
        for (s, polygons) in shapes.iter().zip(&projected) {
            let id = s.code.parse::<u64>().ok().filter(|id| (1..1 << 53).contains(id));
            let id = id.ok_or_else(|| ShapeError::Code(s.code.clone()))?;
            if wards.iter().any(|w| w.id == id) {
                return Err(ShapeError::Twice(s.code.clone()));
            }
            wards.push(Ward {
                id,
                code: s.code.clone(),
                name: s.name.clone(),
                canonical: s.ward.clone(),
                label: Mercator::from_lonlat(s.label),
                bounds: bounds(polygons.iter().flatten().flatten().copied()),
                polygons: polygons.iter().map(|p| p.iter().map(|ring| cutter.cut(ring)).collect()).collect(),
            });
        }
        let arcs = cutter.arcs.iter().map(|points| weigh(points)).collect();
        Ok(Self { generation: generation.to_owned(), approximate, wards, arcs })
    }

    /// No wards at all, before any are loaded.
    pub fn none() -> Self {
        Self { generation: String::new(), approximate: false, wards: Vec::new(), arcs: Vec::new() }
    }

    /// The generation's id.
    pub fn generation(&self) -> &str {
        &self.generation
    }

    /// Whether the borders are not the official ones.
    pub fn approximate(&self) -> bool {
        self.approximate
    }

    pub(super) fn wards(&self) -> &[Ward] {
        &self.wards
    }

    /// The rings of a ward in a tile, open, cut at the buffered edge, in tile units: exteriors
    /// have positive area (y down), each followed by its holes. Empty if nothing is left.
    pub(super) fn rings(&self, ward: &Ward, tile: TileId, buffer: u32) -> Vec<Ring> {
        let corner = |(x, y): Point| tile.quantise(Mercator { x, y }, EXTENT_BITS);
        let (low, high) = (-(buffer as i32), (1 << EXTENT_BITS) + buffer as i32);
        let (min, max) = (corner(ward.bounds.min), corner(ward.bounds.max));
        if max.0 < low || max.1 < low || min.0 > high || min.1 > high {
            return Vec::new();
        }
        let whole = min.0 >= low && min.1 >= low && max.0 <= high && max.1 <= high;
        let mut out = Vec::new();
        for polygon in &ward.polygons {
            for (n, arcs) in polygon.iter().enumerate() {
                let mut ring = self.ring(arcs, tile);
                if !whole {
                    ring = clip(ring, low, high);
                }
                clean(&mut ring);
                let area = area2(&ring);
                if area == 0 {
                    if n == 0 {
                        // Without its outside a hole means nothing.
                        break;
                    }
                    continue;
                }
                if (area > 0) != (n == 0) {
                    ring.reverse();
                }
                out.push(ring);
            }
        }
        out
    }

    /// A ring at the tile's zoom, in its units.
    fn ring(&self, arcs: &ArcRing, tile: TileId) -> Ring {
        let unit = f64::from(1_u32 << (32 - EXTENT_BITS - u32::from(tile.z()).min(32 - EXTENT_BITS)));
        let least = BEND * unit * unit;
        let mut out: Ring = Vec::new();
        let mut push = |v: &Vertex| {
            if v.weight >= least {
                let at = tile.quantise(Mercator { x: v.at.0, y: v.at.1 }, EXTENT_BITS);
                if out.last() != Some(&at) {
                    out.push(at);
                }
            }
        };
        for &(arc, backward) in arcs {
            let points = &self.arcs[arc as usize];
            if backward {
                points.iter().rev().for_each(&mut push);
            } else {
                points.iter().for_each(&mut push);
            }
        }
        out
    }
}

/// All rings of an area in mercator units: open, without repeats, with three vertices at least.
fn project(area: &MultiPolygon<f64>) -> Option<Vec<Vec<Vec<Point>>>> {
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
    let mut polygons = Vec::new();
    for p in &area.0 {
        let mut rings = vec![ring(p.exterior())?];
        if rings[0].len() < 3 {
            continue;
        }
        for hole in p.interiors() {
            rings.extend(Some(ring(hole)?).filter(|h| h.len() >= 3));
        }
        polygons.push(rings);
    }
    Some(polygons)
}

fn bounds(points: impl Iterator<Item = Point>) -> Bounds {
    points.fold(Bounds { min: (u32::MAX, u32::MAX), max: (0, 0) }, |b, p| Bounds {
        min: (b.min.0.min(p.0), b.min.1.min(p.1)),
        max: (b.max.0.max(p.0), b.max.1.max(p.1)),
    })
}

/// Cuts rings into arcs at the vertices where borders meet or part.
struct Cutter {
    /// The two neighbours of each vertex; none where rings disagree about them: a junction.
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
            // Begin where any ring along the same vertices would.
            starts.extend((0..n).min_by_key(|&i| ring[i]));
        }
        let ends = starts.iter().copied().skip(1).chain([starts[0] + n]);
        starts.iter().zip(ends).map(|(&a, b)| self.arc((a..=b).map(|i| ring[i % n]).collect())).collect()
    }

    /// The number of an arc and whether it runs backward; both sides of a border get the same.
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

#[cfg(test)]
#[path = "shapes_tests.rs"]
mod tests;
