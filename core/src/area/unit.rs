//! One ward: its code, name, kind and shape, checked once so that the look-up can rely on it. Not
//! here: reading files (read), neighbouring wards (generation).

use std::sync::Arc;

use geo::{Area, BoundingRect, InteriorPoint, MultiPolygon, Rect};
use unicode_normalization::UnicodeNormalization;

use crate::domain::UnitKind;
use crate::geo::polygon::{RingError, check_ring, wind};
use crate::geo::{LonLat, metres_per_degree};

/// A ward. Its coordinates are exactly those of the source, so a border point of the file is a
/// border point here.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Official code, unique inside a generation.
    pub code: Arc<str>,
    /// Name including its kind, in NFC: `Phường Sài Gòn`.
    pub name: String,
    /// The kind.
    pub kind: UnitKind,
    /// The shape in degrees (longitude, latitude); exteriors counter-clockwise, holes clockwise.
    pub shape: MultiPolygon<f64>,
    /// A point inside the largest part, for a label.
    pub label: LonLat,
    /// Area in square kilometres on the ellipsoid, to about 0.1%.
    pub area_km2: f64,
    bounds: Rect<f64>,
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
        kind: UnitKind,
        name: &str,
        mut shape: MultiPolygon<f64>,
    ) -> Result<Self, UnitError> {
        for (part, polygon) in shape.0.iter_mut().enumerate() {
            for (ring, line) in std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate() {
                check_ring(&line.0).map_err(|error| UnitError::Ring { part, ring, error })?;
            }
            wind(polygon);
        }
        let largest = shape
            .0
            .iter()
            .max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))
            .ok_or(UnitError::Empty)?;
        if largest.unsigned_area() <= 0.0 {
            return Err(UnitError::NoArea);
        }
        let label =
            largest.interior_point().and_then(|p| LonLat::new(p.x(), p.y()).ok()).ok_or(UnitError::NoArea)?;
        let area_km2 = shape.0.iter().map(area_m2).sum::<f64>() / 1e6;
        let bounds = shape.bounding_rect().ok_or(UnitError::Empty)?;
        Ok(Self { code: code.into(), name: full_name(kind, name), kind, shape, label, area_km2, bounds })
    }

    /// West, south, east and north of the shape, in degrees.
    pub fn bounds(&self) -> Rect<f64> {
        self.bounds
    }
}

/// Square metres of a polygon on a plane at its middle latitude, where the first-order scale error
/// cancels.
pub(super) fn area_m2(polygon: &geo::Polygon<f64>) -> f64 {
    let middle = polygon.bounding_rect().map_or(0.0, |r| r.center().y);
    let (kx, ky) = metres_per_degree(middle);
    // geo subtracts the holes and computes relative to the first vertex, so small rings keep their
    // precision.
    polygon.unsigned_area() * kx * ky
}

fn full_name(kind: UnitKind, name: &str) -> String {
    let name = name.trim().nfc().collect::<String>();
    let starts_with_kind = name.to_lowercase().starts_with(&format!("{} ", kind.word().to_lowercase()));
    if starts_with_kind { name } else { format!("{} {name}", kind.word()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Contains, Point, polygon};

    #[test]
    fn a_name_carries_its_kind_once_and_is_composed() {
        assert_eq!(full_name(UnitKind::Phuong, "Sài Gòn"), "Phường Sài Gòn");
        assert_eq!(full_name(UnitKind::Phuong, "Phường Sài Gòn"), "Phường Sài Gòn");
        let decomposed = "Sa\u{300}i Go\u{300}n";
        assert_eq!(full_name(UnitKind::Phuong, decomposed), "Phường Sài Gòn");
        assert_eq!(UnitKind::parse("đặc khu"), Some(UnitKind::DacKhu));
        assert_eq!(UnitKind::parse("Quận"), None);
    }

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
        let unit = Unit::new("1", UnitKind::Xa, "An", MultiPolygon(vec![square])).unwrap();
        assert!(unit.shape.contains(&Point::new(unit.label.lon(), unit.label.lat())));
        assert!((unit.area_km2 * 1e6 / geodesic - 1.0).abs() < 1e-3, "{} {geodesic}", unit.area_km2);
    }

    #[test]
    fn a_shape_without_inside_is_refused() {
        assert_eq!(Unit::new("1", UnitKind::Xa, "x", MultiPolygon(vec![])).unwrap_err(), UnitError::Empty);
        let flat = polygon![(x: 1.0, y: 1.0), (x: 2.0, y: 1.0), (x: 3.0, y: 1.0), (x: 1.0, y: 1.0)];
        assert_eq!(
            Unit::new("1", UnitKind::Xa, "x", MultiPolygon(vec![flat])).unwrap_err(),
            UnitError::NoArea
        );
    }
}
