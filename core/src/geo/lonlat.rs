//! One position in WGS 84 (CRS84 axis order), to seven decimals.

use std::fmt;

/// Units of a stored coordinate per degree: seven decimals, 1.1 cm at the equator.
const E7: f64 = 1e7;

/// A position: longitude and latitude in degrees (OGC CRS84), rounded to seven decimals so that the
/// printed, stored, indexed and compared numbers are the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LonLat {
    lon: f64,
    lat: f64,
}

/// Why two numbers are not a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LonLatError {
    /// Longitude is not a finite number in -180..=180 degrees.
    #[error("longitude must be a number from -180 to 180 degrees")]
    Lon,
    /// Latitude is not a finite number in -90..=90 degrees.
    #[error("latitude must be a number from -90 to 90 degrees")]
    Lat,
}

impl LonLat {
    /// Checks the ranges and rounds to seven decimals.
    ///
    /// # Errors
    /// When a number is not finite or outside its range.
    pub fn new(lon: f64, lat: f64) -> Result<Self, LonLatError> {
        if !(-180.0..=180.0).contains(&lon) {
            return Err(LonLatError::Lon);
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(LonLatError::Lat);
        }
        Ok(Self::from_e7((lon * E7).round() as i32, (lat * E7).round() as i32))
    }

    /// From units of 1e-7 degree, as stored in the live index. The caller guarantees the ranges.
    pub fn from_e7(lon: i32, lat: i32) -> Self {
        Self { lon: f64::from(lon) / E7, lat: f64::from(lat) / E7 }
    }

    /// Longitude and latitude in units of 1e-7 degree.
    pub fn e7(self) -> (i32, i32) {
        ((self.lon * E7).round() as i32, (self.lat * E7).round() as i32)
    }

    /// Longitude in degrees, -180..=180.
    pub fn lon(self) -> f64 {
        self.lon
    }

    /// Latitude in degrees, -90..=90.
    pub fn lat(self) -> f64 {
        self.lat
    }
}

impl fmt::Display for LonLat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.lon, self.lat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_decimals_survive_the_round_trip() {
        let p = LonLat::new(106.698_331_249, 10.772_5).unwrap();
        assert_eq!((p.lon(), p.lat()), (106.698_331_2, 10.772_5));
        let (lon, lat) = p.e7();
        assert_eq!(LonLat::from_e7(lon, lat), p);
    }

    #[test]
    fn numbers_that_are_no_position_are_refused() {
        assert_eq!(LonLat::new(f64::NAN, 0.0), Err(LonLatError::Lon));
        assert_eq!(LonLat::new(10.7, 106.7), Err(LonLatError::Lat));
        assert_eq!(LonLat::new(181.0, 0.0), Err(LonLatError::Lon));
    }
}
