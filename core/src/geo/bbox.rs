//! A bounding box as defined in RFC 7946 section 5 and OGC API Features Part 1 section 7.15.3.

use super::LonLat;

/// West, south, east, north in degrees; closed on all sides. `west > east` means that the box
/// crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bbox {
    /// Western edge, -180..=180 degrees.
    pub west: f64,
    /// Southern edge, -90..=90 degrees.
    pub south: f64,
    /// Eastern edge, -180..=180 degrees.
    pub east: f64,
    /// Northern edge, -90..=90 degrees.
    pub north: f64,
}

/// Why a text is not a bounding box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BboxError {
    /// Not four or six numbers.
    #[error("must be four numbers (west,south,east,north) or six (with heights)")]
    Count,
    /// A value that is not a finite number.
    #[error("must hold finite numbers only")]
    Number,
    /// Longitude outside -180..=180 or latitude outside -90..=90.
    #[error("must be in degrees: longitudes from -180 to 180, latitudes from -90 to 90")]
    Range,
    /// South is above north, or the lower height above the upper.
    #[error("must give south before north (order: west,south,east,north)")]
    Order,
}

impl Bbox {
    /// Checks order and ranges.
    ///
    /// # Errors
    /// When a number is not finite or out of range, or south lies above north.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, BboxError> {
        if ![west, south, east, north].iter().all(|v| v.is_finite()) {
            return Err(BboxError::Number);
        }
        if west.abs() > 180.0 || east.abs() > 180.0 || south.abs() > 90.0 || north.abs() > 90.0 {
            return Err(BboxError::Range);
        }
        if south > north {
            return Err(BboxError::Order);
        }
        Ok(Self { west, south, east, north })
    }

    /// Parses the query parameter: four numbers, or six; the two heights are checked and then
    /// ignored.
    ///
    /// # Errors
    /// See [`BboxError`].
    pub fn parse(text: &str) -> Result<Self, BboxError> {
        let numbers = text
            .split(',')
            .map(|part| part.trim().parse::<f64>().map_err(|_| BboxError::Number))
            .collect::<Result<Vec<_>, _>>()?;
        match numbers[..] {
            [_, _, low, _, _, high] if !(low.is_finite() && high.is_finite()) => Err(BboxError::Number),
            [_, _, low, _, _, high] if low > high => Err(BboxError::Order),
            [w, s, e, n] | [w, s, _, e, n, _] => Self::new(w, s, e, n),
            _ => Err(BboxError::Count),
        }
    }

    /// Whether the box crosses the antimeridian (±180°).
    pub fn crosses_antimeridian(&self) -> bool {
        self.west > self.east
    }

    /// Whether a position lies inside the box or on its edge.
    pub fn contains(&self, p: LonLat) -> bool {
        let lon = if self.crosses_antimeridian() {
            p.lon() >= self.west || p.lon() <= self.east
        } else {
            p.lon() >= self.west && p.lon() <= self.east
        };
        lon && p.lat() >= self.south && p.lat() <= self.north
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_numbers_drop_the_heights() {
        assert_eq!(Bbox::parse("106,10,-5,107,11,90"), Bbox::new(106.0, 10.0, 107.0, 11.0));
        assert_eq!(Bbox::parse("106,10,5,107,11,-5"), Err(BboxError::Order));
    }

    #[test]
    fn bad_boxes_say_why() {
        assert_eq!(Bbox::parse("1,2,3"), Err(BboxError::Count));
        assert_eq!(Bbox::parse("1,2,x,4"), Err(BboxError::Number));
        assert_eq!(Bbox::parse("1,NaN,3,4"), Err(BboxError::Number));
        assert_eq!(Bbox::parse("10.7,106.7,10.8,106.8"), Err(BboxError::Range));
        assert_eq!(Bbox::parse("106,11,107,10"), Err(BboxError::Order));
    }

    #[test]
    fn a_box_over_the_antimeridian_holds_both_sides() {
        let b = Bbox::parse("170,-10,-170,10").unwrap();
        assert!(b.contains(LonLat::new(179.0, 0.0).unwrap()));
        assert!(b.contains(LonLat::new(-179.0, 0.0).unwrap()));
        assert!(!b.contains(LonLat::new(0.0, 0.0).unwrap()));
    }
}
