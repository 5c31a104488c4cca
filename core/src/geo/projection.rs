//! Converts metres of the local projections back to degrees, accurate to a metre: enough to
//! recognise which projection a file uses. Not here: converting data, which is the job of a GIS
//! tool.

/// Semi-major axis of WGS 84 in metres.
const A: f64 = 6_378_137.0;
/// First eccentricity squared.
const E2: f64 = 0.006_694_379_990_14;

/// A projection whose northing is counted from the equator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Projection {
    /// Transverse Mercator with a false easting of 500 km.
    Transverse {
        /// Central meridian in degrees.
        meridian: f64,
        /// Scale factor on the central meridian.
        scale: f64,
    },
    /// Spherical Web Mercator.
    Web,
}

impl Projection {
    /// Longitude and latitude in degrees of an easting and a northing in metres. `None` outside the
    /// projection's valid area.
    pub fn to_degrees(self, x: f64, y: f64) -> Option<(f64, f64)> {
        match self {
            Self::Web => {
                let lat = (y / A).sinh().atan().to_degrees();
                let lon = (x / A).to_degrees();
                (lon.abs() <= 180.000_001).then_some((lon, lat))
            }
            Self::Transverse { meridian, scale } => transverse(meridian, scale, x - 500_000.0, y),
        }
    }
}

/// Snyder, Map Projections: A Working Manual (USGS 1395), pages 60 to 64.
fn transverse(meridian: f64, scale: f64, x: f64, y: f64) -> Option<(f64, f64)> {
    if x.abs() > 1e6 || y.abs() > 9e6 {
        return None;
    }
    let ep2 = E2 / (1.0 - E2);
    let root = (1.0 - E2).sqrt();
    let e1 = (1.0 - root) / (1.0 + root);
    let mu = y / scale / (A * (1.0 - E2 / 4.0 - 3.0 * E2 * E2 / 64.0 - 5.0 * E2.powi(3) / 256.0));
    let foot = mu
        + (1.5 * e1 - 27.0 / 32.0 * e1.powi(3)) * (2.0 * mu).sin()
        + (21.0 / 16.0 * e1 * e1 - 55.0 / 32.0 * e1.powi(4)) * (4.0 * mu).sin()
        + 151.0 / 96.0 * e1.powi(3) * (6.0 * mu).sin();
    let (sin, cos, tan) = (foot.sin(), foot.cos(), foot.tan());
    let (c, t) = (ep2 * cos * cos, tan * tan);
    let w = 1.0 - E2 * sin * sin;
    let (n, r) = (A / w.sqrt(), A * (1.0 - E2) / w.powf(1.5));
    let d = x / (n * scale);
    let lat = foot
        - n * tan / r
            * (d * d / 2.0 - (5.0 + 3.0 * t + 10.0 * c - 4.0 * c * c - 9.0 * ep2) * d.powi(4) / 24.0
                + (61.0 + 90.0 * t + 298.0 * c + 45.0 * t * t) * d.powi(6) / 720.0);
    let lon = (d - (1.0 + 2.0 * t + c) * d.powi(3) / 6.0
        + (5.0 - 2.0 * c + 28.0 * t - 3.0 * c * c + 8.0 * ep2 + 24.0 * t * t) * d.powi(5) / 120.0)
        / cos;
    Some((meridian + lon.to_degrees(), lat.to_degrees()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metres_become_the_degrees_of_the_same_places() {
        // Two schools whose source published both UTM zone 48N coordinates and degrees.
        let utm = Projection::Transverse { meridian: 105.0, scale: 0.9996 };
        for (x, y, lon, lat) in [
            (690_343.744_3, 1_186_152.884_9, 106.740_532_661, 10.725_378_854),
            (689_215.986_7, 1_186_154.628_7, 106.730_223_634, 10.725_452_101),
        ] {
            let found = utm.to_degrees(x, y).unwrap();
            assert!((found.0 - lon).abs() < 1e-6 && (found.1 - lat).abs() < 1e-6, "{found:?}");
        }
        // The corner of the Web Mercator square.
        let (lon, lat) = Projection::Web.to_degrees(20_037_508.34, 20_037_508.34).unwrap();
        assert!((lon - 180.0).abs() < 1e-6 && (lat - 85.051_128_8).abs() < 1e-6, "{lon} {lat}");
        assert_eq!(utm.to_degrees(1e9, 0.0), None);
    }
}
