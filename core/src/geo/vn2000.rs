//! VN-2000, the datum of Vietnam, to WGS 84 and back by the seven parameters of EPSG:6960, which the
//! survey authority published for the whole country (accuracy about 0.1 m). Pinned, because general tools
//! choose EPSG:5194 in a part of the city and land 0.8 m off.
//! Not here: projections (projection), names of systems (crs).

use super::ellipsoid::{from_geocentric, to_geocentric};

/// Translations in metres.
const SHIFT: [f64; 3] = [-191.904_414_29, -39.303_182_79, -111.450_328_35];
/// Rotations of the coordinate frame in seconds of arc.
const TURN: [f64; 3] = [-0.009_288_36, 0.019_754_79, -0.004_273_72];
/// Change of scale.
const SCALE: f64 = 0.252_906_278e-6;

/// Longitude and latitude on WGS 84, of those on VN-2000; both in degrees.
pub fn to_wgs84(lon: f64, lat: f64) -> (f64, f64) {
    let [x, y, z] = to_geocentric(lon, lat);
    let [rx, ry, rz] = TURN.map(|seconds| (seconds / 3600.0).to_radians());
    let m = 1.0 + SCALE;
    from_geocentric([
        SHIFT[0] + m * (x + rz * y - ry * z),
        SHIFT[1] + m * (-rz * x + y + rx * z),
        SHIFT[2] + m * (ry * x - rx * y + z),
    ])
}

/// Longitude and latitude on VN-2000, of those on WGS 84; both in degrees. The exact inverse of
/// [`to_wgs84`]: the height that both drop would else move a place by 0.1 mm.
pub fn from_wgs84(lon: f64, lat: f64) -> (f64, f64) {
    let mut at = (lon, lat);
    // The shift changes by less than a ten-thousandth over its own length.
    for _ in 0..5 {
        let found = to_wgs84(at.0, at.1);
        at = (at.0 + lon - found.0, at.1 + lat - found.1);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::crs::Crs;
    use proptest::prelude::*;

    /// Places on VN-2000 and on WGS 84 by PROJ 9.1: cart, helmert with the parameters of EPSG:6960, cart.
    const REFERENCE: [((f64, f64), (f64, f64)); 3] = [
        ((106.7, 10.8), (106.701_786_366_5, 10.798_981_510_0)),
        ((105.0, 21.0), (105.001_884_165_5, 20.999_023_381_0)),
        ((109.2, 12.3), (109.201_787_318_8, 12.298_966_215_8)),
    ];

    /// Metres between two places some metres apart.
    fn metres(a: (f64, f64), b: (f64, f64)) -> f64 {
        let (kx, ky) = crate::geo::metres_per_degree(a.1);
        ((a.0 - b.0) * kx).hypot((a.1 - b.1) * ky)
    }

    #[test]
    fn check_points_are_met_within_two_centimetres() {
        for (code, lon, lat, east, north) in [
            (9210, 106.698_33, 10.772_5, 603_517.681, 1_191_454.723),
            (3405, 106.698_33, 10.772_5, 685_502.392, 1_191_450.938),
            (9210, 107.084_3, 10.346, 645_936.483, 1_144_428.860),
        ] {
            let crs = Crs::of_code(code).unwrap();
            let (x, y) = crs.of_wgs84(lon, lat).unwrap();
            assert!((x - east).hypot(y - north) < 0.02, "{code}: {x} {y}");
            let back = crs.to_wgs84(east, north).unwrap();
            assert!(metres(back, (lon, lat)) < 0.02, "{code}: {back:?}");
        }
    }

    #[test]
    fn the_shift_is_that_of_a_coordinate_frame() {
        for (vn, wgs) in REFERENCE {
            assert!(metres(to_wgs84(vn.0, vn.1), wgs) < 1e-5, "{vn:?}: {:?}", to_wgs84(vn.0, vn.1));
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_under_a_tenth_of_a_millimetre(
            lon in 102.0..110.0_f64, lat in 6.0..24.0_f64,
        ) {
            for code in [4756, 9210, 5899, 3405] {
                let crs = Crs::of_code(code).unwrap();
                let (x, y) = crs.of_wgs84(lon, lat).unwrap();
                let back = crs.to_wgs84(x, y).unwrap();
                prop_assert!(metres(back, (lon, lat)) < 1e-6, "{} {:?}", code, back);
            }
        }
    }
}
