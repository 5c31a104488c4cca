//! Metres of a projection to degrees and back: transverse Mercator by the Krüger series to the sixth
//! order (Karney 2011), accurate to nanometres within 3,900 km of its meridian, and spherical Web
//! Mercator. Both on the ellipsoid of WGS 84, which is also that of VN-2000.
//! Not here: datums (vn2000), which system a file is in (crs, import).

use super::ellipsoid::{A, E2, F};

/// False easting of the transverse projections known here, in metres.
const FALSE_EASTING: f64 = 500_000.0;
/// Third flattening.
const N: f64 = F / (2.0 - F);
/// Radius of the rectifying sphere in metres.
const RADIUS: f64 =
    A / (1.0 + N) * (1.0 + N * N / 4.0 + N * N * N * N / 64.0 + N * N * N * N * N * N / 256.0);
/// Coefficients from the conformal to the rectifying latitude, from the first power of [`N`] on.
const FORTH: [[f64; 6]; 6] = [
    [1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0, -127.0 / 288.0, 7_891.0 / 37_800.0],
    [0.0, 13.0 / 48.0, -3.0 / 5.0, 557.0 / 1_440.0, 281.0 / 630.0, -1_983_433.0 / 1_935_360.0],
    [0.0, 0.0, 61.0 / 240.0, -103.0 / 140.0, 15_061.0 / 26_880.0, 167_603.0 / 181_440.0],
    [0.0, 0.0, 0.0, 49_561.0 / 161_280.0, -179.0 / 168.0, 6_601_661.0 / 7_257_600.0],
    [0.0, 0.0, 0.0, 0.0, 34_729.0 / 80_640.0, -3_418_889.0 / 1_995_840.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 212_378_941.0 / 319_334_400.0],
];
/// Coefficients of the way back.
const BACK: [[f64; 6]; 6] = [
    [1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0, -81.0 / 512.0, 96_199.0 / 604_800.0],
    [0.0, 1.0 / 48.0, 1.0 / 15.0, -437.0 / 1_440.0, 46.0 / 105.0, -1_118_711.0 / 3_870_720.0],
    [0.0, 0.0, 17.0 / 480.0, -37.0 / 840.0, -209.0 / 4_480.0, 5_569.0 / 90_720.0],
    [0.0, 0.0, 0.0, 4_397.0 / 161_280.0, -11.0 / 504.0, -830_251.0 / 7_257_600.0],
    [0.0, 0.0, 0.0, 0.0, 4_583.0 / 161_280.0, -108_847.0 / 3_991_680.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 20_648_693.0 / 638_668_800.0],
];

/// A projection whose northing is counted from the equator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Projection {
    /// None: the numbers are degrees.
    Degrees,
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
    /// valid area of the projection.
    pub fn to_degrees(self, x: f64, y: f64) -> Option<(f64, f64)> {
        match self {
            Self::Degrees => (x.abs() <= 180.0 && y.abs() <= 90.0).then_some((x, y)),
            Self::Web => {
                let lat = (y / A).sinh().atan().to_degrees();
                let lon = (x / A).to_degrees();
                (lon.abs() <= 180.000_001).then_some((lon, lat))
            }
            Self::Transverse { meridian, scale } => {
                let (x, y) = (x - FALSE_EASTING, y);
                if !(x.abs() <= 1e6 && y.abs() <= 9e6) {
                    return None;
                }
                let (lon, lat) = inverse(x / (scale * RADIUS), y / (scale * RADIUS));
                Some((meridian + lon.to_degrees(), lat.to_degrees()))
            }
        }
    }

    /// Easting and northing in metres of a longitude and a latitude in degrees. `None` beyond 80
    /// degrees of latitude or 10 degrees of the meridian of a transverse projection, and at the poles
    /// of Web Mercator.
    pub fn of_degrees(self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        if !(lon.abs() <= 180.0 && lat.abs() <= 90.0) {
            return None;
        }
        match self {
            Self::Degrees => Some((lon, lat)),
            Self::Web => {
                (lat.abs() < 90.0).then(|| (A * lon.to_radians(), A * lat.to_radians().tan().asinh()))
            }
            Self::Transverse { meridian, scale } => {
                let from = lon - meridian;
                if from.abs() > 10.0 || lat.abs() > 80.0 {
                    return None;
                }
                let (x, y) = forward(from.to_radians(), lat.to_radians());
                Some((FALSE_EASTING + scale * RADIUS * x, scale * RADIUS * y))
            }
        }
    }
}

/// Easting and northing on the unit sphere.
fn forward(lon: f64, lat: f64) -> (f64, f64) {
    let t = conformal(lat.tan());
    let (sin, cos) = lon.sin_cos();
    let (y, x) = (t.atan2(cos), (sin / t.hypot(cos)).asinh());
    let (dx, dy) = series(&FORTH, x, y);
    (x + dx, y + dy)
}

/// Longitude from the meridian and latitude, in radians.
fn inverse(x: f64, y: f64) -> (f64, f64) {
    let (dx, dy) = series(&BACK, x, y);
    let (x, y) = (x - dx, y - dy);
    let (sin, cos) = y.sin_cos();
    let wanted = sin / x.sinh().hypot(cos);
    // Newton's method; two steps reach the last digit.
    let mut t = wanted / (1.0 - E2);
    for _ in 0..4 {
        let have = conformal(t);
        let slope =
            (1.0 - E2) * (1.0 + t * t).sqrt() * (1.0 + have * have).sqrt() / (1.0 + (1.0 - E2) * t * t);
        t += (wanted - have) / slope;
    }
    (x.sinh().atan2(cos), t.atan())
}

/// The tangent of the conformal latitude, of the tangent of a latitude.
fn conformal(t: f64) -> f64 {
    let e = E2.sqrt();
    let root = (1.0 + t * t).sqrt();
    let s = (e * (e * t / root).atanh()).sinh();
    t * (1.0 + s * s).sqrt() - s * root
}

fn series(coefficients: &[[f64; 6]; 6], x: f64, y: f64) -> (f64, f64) {
    let (mut dx, mut dy) = (0.0, 0.0);
    for (powers, j) in coefficients.iter().zip([2.0, 4.0, 6.0, 8.0, 10.0, 12.0]) {
        let c = powers.iter().rev().fold(0.0, |sum, c| (sum + c) * N);
        dx += c * (j * y).cos() * (j * x).sinh();
        dy += c * (j * y).sin() * (j * x).cosh();
    }
    (dx, dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn metres_become_the_degrees_of_the_same_places() {
        // Two schools whose source published both UTM zone 48N coordinates and degrees.
        let utm = Projection::Transverse { meridian: 105.0, scale: 0.9996 };
        for (x, y, lon, lat) in [
            (690_343.744_3, 1_186_152.884_9, 106.740_532_661, 10.725_378_854),
            (689_215.986_7, 1_186_154.628_7, 106.730_223_634, 10.725_452_101),
        ] {
            let found = utm.to_degrees(x, y).unwrap();
            assert!((found.0 - lon).abs() < 1e-8 && (found.1 - lat).abs() < 1e-8, "{found:?}");
        }
        // The corner of the Web Mercator square.
        let (lon, lat) = Projection::Web.to_degrees(20_037_508.34, 20_037_508.34).unwrap();
        assert!((lon - 180.0).abs() < 1e-6 && (lat - 85.051_128_8).abs() < 1e-6, "{lon} {lat}");
        assert_eq!(utm.to_degrees(1e9, 0.0), None);
        assert_eq!(utm.to_degrees(f64::NAN, 0.0), None);
        assert_eq!(utm.of_degrees(95.0, 89.0), None);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place(lon in 96.0..114.0_f64, lat in -79.0..79.0_f64) {
            for projection in [Projection::Web, Projection::Transverse { meridian: 105.0, scale: 0.9996 }] {
                let (x, y) = projection.of_degrees(lon, lat).unwrap();
                let (back_lon, back_lat) = projection.to_degrees(x, y).unwrap_or((lon, lat));
                // A tenth of a micrometre.
                prop_assert!((back_lon - lon).abs() < 1e-11 && (back_lat - lat).abs() < 1e-12);
            }
        }
    }
}
