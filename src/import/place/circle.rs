//! A circle as the polygon that shapes need. Not here: which column holds it (judge).

use geo::{Destination, Geodesic, LineString, Point, Polygon};

/// Corners: the sides stay within 0.1% of the radius.
const CORNERS: u32 = 64;
/// The longest radius in metres: beyond it no warning means a circle.
const MAX_M: f64 = 500_000.0;

/// A circle around a position in degrees; the radius in metres. Its corners lie on the circle, along
/// the geodesics of the ellipsoid.
///
/// # Errors
/// When the radius or the position is none.
pub fn polygon(centre: Point<f64>, radius_m: f64) -> Result<Polygon<f64>, String> {
    if !(radius_m > 0.0 && radius_m <= MAX_M) {
        return Err(format!("a radius of {radius_m} m is no area; it must be above 0 and at most 500 km"));
    }
    if centre.x().abs() > 180.0 || centre.y().abs() > 85.0 {
        return Err(format!("the centre {},{} is no position in degrees", centre.x(), centre.y()));
    }
    // Counter-clockwise, so the bearing falls.
    let mut ring: Vec<_> = (0..CORNERS)
        .map(|i| Geodesic.destination(centre, -360.0 * f64::from(i) / f64::from(CORNERS), radius_m).0)
        .collect();
    ring.push(ring[0]);
    Ok(Polygon::new(LineString(ring), vec![]))
}

/// Reads CAP 1.2's circle: latitude, comma, longitude, space, radius in kilometres.
///
/// # Errors
/// When the text is none.
pub(in crate::import) fn cap(text: &str) -> Result<Polygon<f64>, String> {
    let read = || {
        let (at, radius) = text.trim().split_once(char::is_whitespace)?;
        let (lat, lon) = at.split_once(',')?;
        let number = |t: &str| t.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        Some((number(lon)?, number(lat)?, number(radius)?))
    };
    let (lon, lat, km) = read().ok_or("circle must be latitude,longitude radius_km like 10.776,106.701 5")?;
    polygon(Point::new(lon, lat), km * 1000.0)
}
