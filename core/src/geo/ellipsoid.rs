//! The ellipsoid of WGS 84 and VN-2000: degrees to geocentric metres and back.

/// Semi-major axis in metres.
pub(super) const A: f64 = 6_378_137.0;
/// Flattening.
pub(super) const F: f64 = 1.0 / 298.257_223_563;
/// First eccentricity squared.
pub(super) const E2: f64 = F * (2.0 - F);

/// Geocentric metres of a place on the ellipsoid, in degrees.
pub(super) fn to_geocentric(lon: f64, lat: f64) -> [f64; 3] {
    let ((sin_lon, cos_lon), (sin_lat, cos_lat)) = (lon.to_radians().sin_cos(), lat.to_radians().sin_cos());
    let normal = A / (1.0 - E2 * sin_lat * sin_lat).sqrt();
    [normal * cos_lat * cos_lon, normal * cos_lat * sin_lon, normal * (1.0 - E2) * sin_lat]
}

/// Longitude and latitude in degrees of geocentric metres near the ellipsoid; the height is dropped.
pub(super) fn from_geocentric([x, y, z]: [f64; 3]) -> (f64, f64) {
    let b = A * (1.0 - F);
    let p = x.hypot(y);
    // Bowring's formula, begun anew with its own result: exact to nanometres within 10 km of the ellipsoid.
    let mut reduced = (z * A / (p * b)).atan();
    let mut lat = reduced;
    for _ in 0..2 {
        let (sin, cos) = reduced.sin_cos();
        lat = ((z + E2 / (1.0 - E2) * b * sin.powi(3)) / (p - E2 * A * cos.powi(3))).atan();
        reduced = ((1.0 - F) * lat.tan()).atan();
    }
    (y.atan2(x).to_degrees(), lat.to_degrees())
}
