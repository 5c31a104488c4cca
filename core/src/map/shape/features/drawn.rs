//! A feature's shape prepared for tiles, once when the feature is loaded: Mercator units, weighted
//! vertices. Not here: which features a tile shows (draw), borders shared by areas (mesh).

use geo::{Area, Geometry, InteriorPoint, LineString, MultiPolygon, Polygon};

use crate::geo::{LonLat, Mercator};
use crate::map::shape::ring::clip::{area2, clip, cut};
use crate::map::shape::ring::frame::{Bounds, Frame, Path, Point, Seen};
use crate::map::shape::ring::mesh::{Mesh, Polygons, project};
use crate::map::shape::ring::simplify::{Vertex, weigh};

/// Half the side, in tile units, of the square drawn for an area that is too small.
const SPECK: i32 = 8;

/// A prepared shape; empty for a feature without a geometry.
#[derive(Debug)]
pub(in crate::map) struct Drawn {
    bounds: Bounds,
    points: Vec<Point>,
    lines: Vec<Vec<Vertex>>,
    /// Its area; empty if it has none.
    area: Polygons,
    /// The label point of an area, inside its largest part.
    label: Option<Point>,
}

impl Drawn {
    /// Prepares a shape. Positions that are not in degrees are skipped; imports refuse them.
    pub(in crate::map) fn of(geometry: Option<&Geometry<f64>>) -> Self {
        let (mut points, mut lines, mut polygons) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(g) = geometry {
            sort(g, &mut points, &mut lines, &mut polygons);
        }
        let mut bounds = Bounds::around(points.iter().copied());
        let lines: Vec<Vec<Vertex>> = lines
            .iter()
            .filter(|l| l.len() >= 2)
            .map(|l| {
                bounds = bounds.with(Bounds::around(l.iter().copied()));
                weigh(l)
            })
            .collect();
        let area = MultiPolygon(polygons);
        let largest = area.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()));
        let label = largest.and_then(InteriorPoint::interior_point).and_then(|p| place(p.0));
        let area = project(&area).unwrap_or_default();
        let label = label.filter(|_| !area.is_empty());
        bounds = bounds.with(Bounds::around(area.iter().flatten().flatten().copied()));
        Self { bounds, points, lines, area, label }
    }

    /// Whether any part of it is visible in a tile.
    pub(in crate::map) fn in_frame(&self, frame: &Frame) -> bool {
        frame.sees(self.bounds) != Seen::Nothing
    }

    /// The bounding box of all parts.
    pub(in crate::map) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Whether it has lines or an area.
    pub(in crate::map) fn has_extent(&self) -> bool {
        !self.area.is_empty() || !self.lines.is_empty()
    }

    /// Its area; empty if it has none.
    pub(in crate::map) fn area(&self) -> &Polygons {
        &self.area
    }

    /// Its points.
    pub(in crate::map) fn points(&self) -> &[Point] {
        &self.points
    }

    /// Its label point.
    pub(in crate::map) fn label(&self) -> Option<Point> {
        self.label
    }

    /// Its lines in a tile, clipped at the buffered edge. A line shorter than one unit is dropped.
    pub(in crate::map) fn paths(&self, frame: &Frame) -> Vec<Path> {
        let mut out: Vec<Path> = Vec::new();
        for line in &self.lines {
            let mut path = Path::new();
            frame.draw(line.iter(), &mut path);
            for part in cut(path, frame.low, frame.high) {
                match out.last_mut() {
                    // Parts that continue each other are joined, because MVT has no line that
                    // begins where the one before ends.
                    Some(before) if before.last() == part.first() => before.extend(&part[1..]),
                    _ => out.push(part),
                }
            }
        }
        out
    }
}

/// The rings of an area of a mesh in a tile; see [`Mesh::rings`]. If nothing of the area is left at
/// this zoom and it is no larger than a speck, it is drawn as a speck: a square of two pixels.
pub(in crate::map) fn rings_or_speck(mesh: &Mesh, area: usize, frame: &Frame) -> Vec<Path> {
    let rings = mesh.rings(area, frame);
    let b = mesh.areas[area].bounds;
    let (min, max) = (frame.at(b.min), frame.at(b.max));
    let small = max.0 - min.0 <= 2 * SPECK && max.1 - min.1 <= 2 * SPECK;
    if !rings.is_empty() || !small || !mesh.vanishes(area, frame) {
        return rings;
    }
    // Rounded down, so that every tile places it at the same point.
    let (x, y) = ((min.0 + max.0).div_euclid(2), (min.1 + max.1).div_euclid(2));
    let square =
        vec![(x - SPECK, y - SPECK), (x + SPECK, y - SPECK), (x + SPECK, y + SPECK), (x - SPECK, y + SPECK)];
    Some(clip(square, frame.low, frame.high)).filter(|r| area2(r) > 0).into_iter().collect()
}

fn place(c: geo::Coord<f64>) -> Option<Point> {
    let m = Mercator::from_lonlat(LonLat::new(c.x, c.y).ok()?);
    Some((m.x, m.y))
}

/// Splits a geometry into points, lines and areas. Positions of points and lines are projected.
fn sort(g: &Geometry<f64>, points: &mut Vec<Point>, lines: &mut Vec<Vec<Point>>, areas: &mut Vec<Polygon>) {
    let path = |l: &LineString<f64>| {
        let mut out: Vec<Point> = l.0.iter().filter_map(|c| place(*c)).collect();
        out.dedup();
        out
    };
    match g {
        Geometry::Point(p) => points.extend(place(p.0)),
        Geometry::MultiPoint(m) => points.extend(m.iter().filter_map(|p| place(p.0))),
        Geometry::Line(l) => lines.push(path(&LineString(vec![l.start, l.end]))),
        Geometry::LineString(l) => lines.push(path(l)),
        Geometry::MultiLineString(m) => lines.extend(m.iter().map(path)),
        Geometry::Polygon(p) => areas.push(p.clone()),
        Geometry::MultiPolygon(m) => areas.extend(m.iter().cloned()),
        Geometry::Rect(r) => areas.push(r.to_polygon()),
        Geometry::Triangle(t) => areas.push(t.to_polygon()),
        Geometry::GeometryCollection(c) => c.iter().for_each(|g| sort(g, points, lines, areas)),
    }
}
