//! One ward: its code, name, kind and shape, checked once so that the look-up can rely on it. Not
//! here: reading files (read), neighbouring wards (generation).

use std::sync::{Arc, OnceLock};

use crate::domain::UnitKind;
use crate::geo::polygon::{RingError, check_ring, wind};
use crate::geo::validity::{self, Invalid};
use crate::geo::{LonLat, metres_per_degree};
use geo::{Area, BoundingRect, InteriorPoint, MultiPolygon, Polygon, Rect};

/// A ward. Its coordinates are exactly those of the source, so a border point of the file is a
/// border point here.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Official code, unique inside a generation.
    pub code: Arc<str>,
    /// Name including its kind, in NFC: `Phường Sài Gòn`.
    pub name: String,
    /// The kind alone.
    pub kind: Arc<UnitKind>,
    /// The shape in degrees (longitude, latitude); exteriors counter-clockwise, holes clockwise.
    pub shape: MultiPolygon<f64>,
    /// A point inside the largest part, for a label.
    pub label: LonLat,
    /// Area in square kilometres on the ellipsoid, to about 0.1%.
    pub area_km2: f64,
    bounds: Rect<f64>,
    /// Found out when it is first asked for; copies know it, too.
    valid: OnceLock<Result<(), Invalid>>,
}

/// Why something is not a unit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum UnitError {
    /// The shape has no polygon.
    #[error("has no polygon")]
    Empty,
    /// The shape has no area, so no point lies inside it.
    #[error("has no area")]
    NoArea,
    /// A ring is invalid.
    #[error("part {part}, ring {ring}: {error}")]
    Ring {
        /// Index of the polygon in the shape.
        part: usize,
        /// 0 is the exterior, then the holes.
        ring: usize,
        /// What is wrong.
        error: RingError,
    },
}

impl Unit {
    /// Checks the rings, winds them as RFC 7946 requires, normalises the name to NFC with its kind
    /// in front, and computes the label point and the area.
    ///
    /// # Errors
    /// When the shape is empty or without area, or when a ring is invalid.
    pub fn new(
        code: &str,
        kind: Arc<UnitKind>,
        name: &str,
        shape: MultiPolygon<f64>,
    ) -> Result<Self, UnitError> {
        let shape = checked(shape)?;
        let largest = largest(&shape)?;
        let label =
            largest.interior_point().and_then(|p| LonLat::new(p.x(), p.y()).ok()).ok_or(UnitError::NoArea)?;
        let area_km2 = shape.0.iter().map(area_m2).sum::<f64>() / 1e6;
        let bounds = shape.bounding_rect().ok_or(UnitError::Empty)?;
        let (name, valid) = (kind.full_name(name), OnceLock::new());
        Ok(Self { code: code.into(), name, kind, shape, label, area_km2, bounds, valid })
    }

    /// The name as maps show it where units are small.
    pub fn short_name(&self) -> &str {
        self.kind.short_name(&self.name)
    }

    /// What makes the shape none that Simple Features call valid, if anything does. The look-up needs no valid shapes.
    pub(super) fn fault(&self) -> Option<Invalid> {
        self.valid.get_or_init(|| validity::check(&self.shape)).err()
    }

    /// West, south, east and north of the shape, in degrees.
    pub fn bounds(&self) -> Rect<f64> {
        self.bounds
    }
}

/// Square metres of a polygon, on the plane of its own middle latitude: the first-order error of
/// the scale cancels there.
pub(super) fn area_m2(polygon: &Polygon<f64>) -> f64 {
    let middle = polygon.bounding_rect().map_or(0.0, |r| r.center().y);
    let (kx, ky) = metres_per_degree(middle);
    // geo subtracts the holes and computes relative to the first vertex, so small rings keep their
    // precision.
    polygon.unsigned_area() * kx * ky
}

/// A shape with area whose rings are checked and wound as RFC 7946 asks.
pub(super) fn checked(mut shape: MultiPolygon<f64>) -> Result<MultiPolygon<f64>, UnitError> {
    for (part, polygon) in shape.0.iter_mut().enumerate() {
        for (ring, line) in std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate() {
            check_ring(&line.0).map_err(|error| UnitError::Ring { part, ring, error })?;
        }
        wind(polygon);
    }
    largest(&shape)?;
    Ok(shape)
}

fn largest(shape: &MultiPolygon<f64>) -> Result<&Polygon<f64>, UnitError> {
    let largest = shape.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()));
    let largest = largest.ok_or(UnitError::Empty)?;
    if largest.unsigned_area() > 0.0 { Ok(largest) } else { Err(UnitError::NoArea) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Contains, Point, polygon};

    #[test]
    fn label_and_area_are_those_of_the_shape() {
        let square = polygon![
            (x: 106.6, y: 10.8), (x: 106.6, y: 10.9), (x: 106.7, y: 10.9), (x: 106.7, y: 10.8),
            (x: 106.6, y: 10.8)
        ];
        let geodesic = geo::GeodesicArea::geodesic_area_unsigned(&{
            let mut s = square.clone();
            wind(&mut s);
            s
        });
        let unit = Unit::new("1", Arc::default(), "An", MultiPolygon(vec![square])).unwrap();
        assert!(unit.shape.contains(&Point::new(unit.label.lon(), unit.label.lat())));
        assert!((unit.area_km2 * 1e6 / geodesic - 1.0).abs() < 1e-3, "{} {geodesic}", unit.area_km2);
    }

    #[test]
    fn a_shape_without_inside_is_refused() {
        assert_eq!(Unit::new("1", Arc::default(), "x", MultiPolygon(vec![])).unwrap_err(), UnitError::Empty);
        let flat = polygon![(x: 1.0, y: 1.0), (x: 2.0, y: 1.0), (x: 3.0, y: 1.0), (x: 1.0, y: 1.0)];
        assert_eq!(
            Unit::new("1", Arc::default(), "x", MultiPolygon(vec![flat])).unwrap_err(),
            UnitError::NoArea
        );
    }
}
