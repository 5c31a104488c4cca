//! Checks on rings and polygons when they are read. Later steps rely on them.
//! Not here: whether wards overlap or leave gaps (area), file formats (readers).

use geo::{Coord, LineString, Polygon};

/// Why a list of positions is not a ring (RFC 7946 section 3.1.6).
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum RingError {
    /// Fewer than four positions.
    #[error("has {0} positions; a ring needs at least 4")]
    TooShort(usize),
    /// The last position differs from the first.
    #[error("is not closed: it starts at {},{} and ends at {},{}", .0[0], .0[1], .1[0], .1[1])]
    Unclosed([f64; 2], [f64; 2]),
    /// A number that is NaN or infinite.
    #[error("holds a number that is not finite at position {0}")]
    NotFinite(usize),
    /// Latitude comes first: if swapped, the numbers would be valid degrees.
    #[error(
        "has latitude before longitude at position {at} ({x},{y}); the order must be longitude, latitude"
    )]
    Swapped {
        /// Index of the position in the ring.
        at: usize,
        /// First number.
        x: f64,
        /// Second number.
        y: f64,
    },
    /// Out of range in either order: metres or feet of a projection.
    #[error("has {x},{y} at position {at}, which are not degrees: the coordinates are projected")]
    Projected {
        /// Index of the position in the ring.
        at: usize,
        /// First number.
        x: f64,
        /// Second number.
        y: f64,
    },
}

/// Checks that a ring is closed, has at least four positions and holds longitudes and latitudes in
/// degrees.
///
/// # Errors
/// The first reason found, see [`RingError`].
pub fn check_ring(ring: &[Coord<f64>]) -> Result<(), RingError> {
    for (at, &Coord { x, y }) in ring.iter().enumerate() {
        if !(x.is_finite() && y.is_finite()) {
            return Err(RingError::NotFinite(at));
        }
        if x.abs() > 180.0 || y.abs() > 90.0 {
            return Err(if x.abs() <= 90.0 && y.abs() <= 180.0 {
                RingError::Swapped { at, x, y }
            } else {
                RingError::Projected { at, x, y }
            });
        }
    }
    if ring.len() < 4 {
        return Err(RingError::TooShort(ring.len()));
    }
    let (first, last) = (ring[0], ring[ring.len() - 1]);
    if first == last { Ok(()) } else { Err(RingError::Unclosed(first.into(), last.into())) }
}

/// Twice the signed area of a closed ring, in square degrees; positive when counter-clockwise.
pub fn signed_area_2(ring: &LineString<f64>) -> f64 {
    // Relative to the first position: products of full longitudes would lose the precision of a
    // small ring.
    let Some(&o) = ring.0.first() else { return 0.0 };
    ring.0.windows(2).map(|w| (w[0].x - o.x) * (w[1].y - o.y) - (w[1].x - o.x) * (w[0].y - o.y)).sum()
}

/// Turns the exterior counter-clockwise and the holes clockwise (RFC 7946 section 3.1.6). The set of
/// points stays the same.
pub fn wind(polygon: &mut Polygon<f64>) {
    polygon.exterior_mut(|ring| {
        if signed_area_2(ring) < 0.0 {
            ring.0.reverse();
        }
    });
    polygon.interiors_mut(|holes| {
        for hole in holes {
            if signed_area_2(hole) > 0.0 {
                hole.0.reverse();
            }
        }
    });
}

/// Number of vertices of a polygon, including the closing ones.
pub fn vertices(polygon: &Polygon<f64>) -> usize {
    polygon.exterior().0.len() + polygon.interiors().iter().map(|r| r.0.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{coord, line_string};

    fn ring(of: &[[f64; 2]]) -> Vec<Coord<f64>> {
        of.iter().map(|&c| c.into()).collect()
    }

    #[test]
    fn a_ring_that_is_none_says_why() {
        let ok = ring(&[[106.0, 10.0], [107.0, 10.0], [107.0, 11.0], [106.0, 10.0]]);
        assert_eq!(check_ring(&ok), Ok(()));
        assert_eq!(check_ring(&ok[..3]), Err(RingError::TooShort(3)));
        let open = ring(&[[106.0, 10.0], [107.0, 10.0], [107.0, 11.0], [106.0, 11.0]]);
        assert_eq!(check_ring(&open), Err(RingError::Unclosed([106.0, 10.0], [106.0, 11.0])));
        let nan = ring(&[[106.0, f64::NAN], [107.0, 10.0], [107.0, 11.0], [106.0, 10.0]]);
        assert_eq!(check_ring(&nan), Err(RingError::NotFinite(0)));
        let swapped = ring(&[[10.0, 106.0], [10.0, 107.0], [11.0, 107.0], [10.0, 106.0]]);
        assert!(matches!(check_ring(&swapped), Err(RingError::Swapped { at: 0, .. })));
        let metres = ring(&[[603_000.0, 1_190_000.0]; 4]);
        assert!(matches!(check_ring(&metres), Err(RingError::Projected { at: 0, .. })));
    }

    #[test]
    fn winding_becomes_that_of_rfc_7946() {
        let mut p = Polygon::new(
            line_string![(x: 0., y: 0.), (x: 0., y: 9.), (x: 9., y: 9.), (x: 9., y: 0.), (x: 0., y: 0.)],
            vec![
                line_string![(x: 1., y: 1.), (x: 2., y: 1.), (x: 2., y: 2.), (x: 1., y: 2.), (x: 1., y: 1.)],
            ],
        );
        wind(&mut p);
        assert!(signed_area_2(p.exterior()) > 0.0);
        assert!(signed_area_2(&p.interiors()[0]) < 0.0);
        assert_eq!(p.interiors()[0].0[0], coord! {x: 1., y: 1.});
        assert_eq!(vertices(&p), 10);
    }
}
