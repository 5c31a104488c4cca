//! Distances in metres between positions: exact on the ellipsoid, or fast on a plane around one
//! point.
//! Not here: which ward is near (area), which report is a duplicate (domain).

use super::LonLat;

/// Metres between two positions along the WGS 84 ellipsoid (the geodesic), accurate to a millimetre
/// at any distance. It takes about a microsecond; use [`Plane`] for many distances from one point.
pub fn distance_m(a: LonLat, b: LonLat) -> f64 {
    use geo::{Distance, Geodesic, Point};
    Geodesic.distance(Point::new(a.lon(), a.lat()), Point::new(b.lon(), b.lat()))
}

/// A local flat map in metres around one position, scaled by the ellipsoid at that latitude. Below
/// 30 degrees of latitude, distances within 10 km of the position are accurate to 0.01%.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    lon: f64,
    lat: f64,
    kx: f64,
    ky: f64,
}

impl Plane {
    /// The plane whose origin is `at`.
    pub fn at(at: LonLat) -> Self {
        let (kx, ky) = metres_per_degree(at.lat());
        Self { lon: at.lon(), lat: at.lat(), kx, ky }
    }

    /// Metres east and north of the origin for a longitude and latitude in degrees. The
    /// antimeridian is crossed the short way.
    #[inline]
    pub fn xy(&self, lon: f64, lat: f64) -> (f64, f64) {
        let mut dx = lon - self.lon;
        if dx > 180.0 {
            dx -= 360.0;
        } else if dx < -180.0 {
            dx += 360.0;
        }
        (dx * self.kx, (lat - self.lat) * self.ky)
    }

    /// The position `east` and `north` metres from the origin. `None` if it leaves the valid range
    /// of longitude or latitude.
    pub fn position(&self, east: f64, north: f64) -> Option<LonLat> {
        LonLat::new(self.lon + east / self.kx, self.lat + north / self.ky).ok()
    }

    /// Metres from the origin to a position.
    pub fn to_point(&self, p: LonLat) -> f64 {
        let (x, y) = self.xy(p.lon(), p.lat());
        x.hypot(y)
    }

    /// Metres from the origin to the segment between two positions in degrees (longitude, latitude).
    pub fn to_segment(&self, a: (f64, f64), b: (f64, f64)) -> f64 {
        self.to_segment_2(a, b).sqrt()
    }

    /// The square of [`Plane::to_segment`]; cheaper when many distances are compared.
    #[inline]
    pub fn to_segment_2(&self, a: (f64, f64), b: (f64, f64)) -> f64 {
        let (x, y, _) = self.foot(a, b);
        x * x + y * y
    }

    /// The nearest point of a segment: metres east and north of the origin, and its position
    /// between `a` (0) and `b` (1).
    #[inline]
    pub fn foot(&self, a: (f64, f64), b: (f64, f64)) -> (f64, f64, f64) {
        let (ax, ay) = self.xy(a.0, a.1);
        let (bx, by) = self.xy(b.0, b.1);
        let (dx, dy) = (bx - ax, by - ay);
        let length_2 = dx * dx + dy * dy;
        let t = if length_2 > 0.0 { (-(ax * dx + ay * dy) / length_2).clamp(0.0, 1.0) } else { 0.0 };
        (ax + t * dx, ay + t * dy, t)
    }
}

/// Metres per degree of longitude and of latitude at a latitude in degrees. Uses the common series
/// for the WGS 84 ellipsoid, accurate to a centimetre per degree.
pub fn metres_per_degree(lat: f64) -> (f64, f64) {
    let phi = lat.to_radians();
    let kx = 111_412.84 * phi.cos() - 93.5 * (3.0 * phi).cos() + 0.118 * (5.0 * phi).cos();
    let ky = 111_132.92 - 559.82 * (2.0 * phi).cos() + 1.175 * (4.0 * phi).cos();
    (kx, ky)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).unwrap()
    }

    #[test]
    fn the_plane_agrees_with_the_geodesic_near_its_origin() {
        let p = at(106.698, 10.7725);
        let plane = Plane::at(p);
        for (lon, lat) in [(106.699, 10.7725), (106.698, 10.78), (106.76, 10.82), (106.62, 10.7)] {
            let q = at(lon, lat);
            let exact = distance_m(p, q);
            assert!((plane.to_point(q) - exact).abs() < 2e-4 * exact, "{} {exact}", plane.to_point(q));
        }
    }

    #[test]
    fn a_segment_is_as_far_as_its_nearest_point() {
        let p = at(106.7, 10.8);
        let plane = Plane::at(p);
        let north = plane.position(0.0, 30.0).unwrap();
        let west = (north.lon() - 0.01, north.lat());
        let east = (north.lon() + 0.01, north.lat());
        assert!((plane.to_segment(west, east) - 30.0).abs() < 0.02, "beside");
        let past = (north.lon() + 0.02, north.lat());
        let end = plane.to_point(at(east.0, east.1));
        assert!((plane.to_segment(past, east) - end).abs() < 0.02, "beyond the end");
        assert!((plane.to_segment(east, east) - end).abs() < 0.02, "without length");
    }

    #[test]
    fn the_antimeridian_is_crossed_the_short_way() {
        let d = Plane::at(at(179.9999, 0.0)).to_point(at(-179.9999, 0.0));
        assert!((d - 22.26).abs() < 0.1, "{d}");
    }
}
