//! Which wards a shape meets, and how far outside the city it lies. A feature belongs to every ward
//! that it meets: a bus line crosses seven in the median, twenty-three at most.
//!
//! A point meets only its owner (`locate`). A line or an area meets a ward if they have a point in
//! common, including a shared border. A connected line that meets a ward either starts in it or
//! touches its border, so one look-up and the border edges near each segment decide. An area also
//! meets every ward entirely inside it.
//!
//! A feature without a shape of its own can use the shape of the wards it names.
//!
//! Not here: which body answers, which features are valid (domain).

use geo::{
    BoundingRect, Coord, CoordsIter, Geometry, Intersects, Line, LineString, MapCoords, MultiPolygon,
    Polygon, Rect,
};

use crate::area::generation::Generation;
use crate::area::unit::Unit;
use crate::domain::WardId;
use crate::geo::LonLat;

/// Number of evenly spaced positions of a shape that [`Generation::outside_m`] measures from, at
/// most.
const MAX_MEASURED: usize = 500;

impl Generation {
    /// The wards that a shape in degrees meets, as ascending indexes into [`Generation::units`].
    pub fn wards_meeting(&self, geometry: &Geometry<f64>) -> Vec<usize> {
        let mut met = Met { generation: self, units: vec![false; self.units.len()] };
        met.geometry(geometry);
        (0..met.units.len()).filter(|i| met.units[*i]).collect()
    }

    /// The name of a unit of this generation.
    ///
    /// # Panics
    /// When `unit` is not an index into [`Generation::units`].
    pub fn ward_id(&self, unit: usize) -> WardId {
        WardId { generation: self.id.clone(), code: self.units[unit].code.clone() }
    }

    /// The canonical ids of some units, in their order.
    ///
    /// # Panics
    /// When one of them is not an index into [`Generation::units`].
    pub fn ward_names(&self, units: impl IntoIterator<Item = usize>) -> Vec<String> {
        units.into_iter().map(|u| self.ward_id(u).to_string()).collect()
    }

    /// Metres from a shape to the nearest ward, and that ward's index. Measured from the vertices:
    /// 0 if one of them belongs to the city, `None` for a shape without positions.
    pub fn outside_m(&self, geometry: &Geometry<f64>) -> Option<(f64, usize)> {
        let step = geometry.coords_count().div_ceil(MAX_MEASURED).max(1);
        let mut least: Option<(f64, usize)> = None;
        for c in geometry.coords_iter().step_by(step) {
            let Ok(p) = LonLat::new(c.x, c.y) else { continue };
            let found = match self.owner(p) {
                Some(unit) => return Some((0.0, unit.into())),
                None => self.nearest.find(&self.units, p, |_| true).map(|(u, d)| (d, usize::from(u))),
            };
            least = match (least, found) {
                (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
                (a, b) => a.or(b),
            };
        }
        least
    }
}

/// The shape of a feature that names wards and has no shape of its own: the union of their parts.
/// Ward shapes have the digits of the source; stored shapes have seven decimals.
pub fn lent_shape<'a>(units: impl IntoIterator<Item = &'a Unit>) -> Geometry<f64> {
    let parts = units.into_iter().flat_map(|u| u.shape.0.iter().cloned()).collect();
    let shape = MultiPolygon(parts);
    shape.map_coords(|c| LonLat::new(c.x, c.y).map_or(c, |p| Coord { x: p.lon(), y: p.lat() })).into()
}

/// The wards found so far.
struct Met<'a> {
    generation: &'a Generation,
    units: Vec<bool>,
}

impl Met<'_> {
    fn geometry(&mut self, geometry: &Geometry<f64>) {
        match geometry {
            Geometry::Point(p) => self.place(p.0),
            Geometry::MultiPoint(points) => points.0.iter().for_each(|p| self.place(p.0)),
            Geometry::Line(l) => self.line(&LineString(vec![l.start, l.end])),
            Geometry::LineString(l) => self.line(l),
            Geometry::MultiLineString(lines) => lines.0.iter().for_each(|l| self.line(l)),
            Geometry::Polygon(p) => self.area(p),
            Geometry::MultiPolygon(parts) => parts.0.iter().for_each(|p| self.area(p)),
            Geometry::Rect(r) => self.area(&r.to_polygon()),
            Geometry::Triangle(t) => self.area(&t.to_polygon()),
            Geometry::GeometryCollection(all) => all.0.iter().for_each(|g| self.geometry(g)),
        }
    }

    fn place(&mut self, at: Coord<f64>) {
        if let Some(unit) = LonLat::new(at.x, at.y).ok().and_then(|p| self.generation.owner(p)) {
            self.units[usize::from(unit)] = true;
        }
    }

    fn line(&mut self, line: &LineString<f64>) {
        let Some(first) = line.0.first() else { return };
        for (i, unit) in self.generation.units.iter().enumerate() {
            if !self.units[i] && unit.bounds().intersects(first) && unit.shape.intersects(first) {
                self.units[i] = true;
            }
        }
        for segment in line.lines() {
            let near = Rect::new(segment.start, segment.end);
            for (unit, edges) in self.generation.nearest.runs_in(&self.generation.units, near) {
                let unit = usize::from(unit);
                if !self.units[unit] {
                    self.units[unit] = edges.windows(2).any(|e| Line::new(e[0], e[1]).intersects(&segment));
                }
            }
        }
    }

    fn area(&mut self, polygon: &Polygon<f64>) {
        self.line(polygon.exterior());
        polygon.interiors().iter().for_each(|ring| self.line(ring));
        let Some(bounds) = polygon.bounding_rect() else { return };
        for (i, unit) in self.generation.units.iter().enumerate() {
            if self.units[i] || !unit.bounds().intersects(&bounds) {
                continue;
            }
            // No border crosses the area's border, so each part is entirely inside or entirely
            // outside.
            self.units[i] = unit.shape.0.iter().any(|part| {
                part.exterior().0.first().is_some_and(|c| bounds.intersects(c) && polygon.intersects(c))
            });
        }
    }
}
