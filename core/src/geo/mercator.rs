//! Web Mercator (EPSG:3857) in 32-bit integers, and tile addresses.
//! Each position is projected once, rounding down, to a pair of integers. Tiles and cells at any
//! zoom are bit shifts of that pair, so two neighbouring tiles never disagree about which one
//! contains a point.
//! Not here: the order of cells in memory (morton), what a tile shows (map).

use std::f64::consts::PI;
use std::fmt;

use super::{Bbox, LonLat};

/// The latitude in degrees where the square world ends. Positions beyond it are clamped.
pub const MAX_LAT: f64 = 85.051_128_779_806_59;

/// Units along one side of the world.
const WORLD: f64 = 4_294_967_296.0;

/// A position in units of 1/2^32 of the world's side (9 mm at the equator). x grows eastward from
/// -180°, y grows southward from [`MAX_LAT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mercator {
    /// Eastward units from -180°.
    pub x: u32,
    /// Southward units from the northern edge.
    pub y: u32,
}

impl Mercator {
    /// Projects and rounds down. Longitude 180° and latitudes beyond the square are clamped to its
    /// edge.
    pub fn from_lonlat(p: LonLat) -> Self {
        let lat = p.lat().clamp(-MAX_LAT, MAX_LAT).to_radians();
        let x = (p.lon() + 180.0) / 360.0;
        let y = (1.0 - lat.tan().asinh() / PI) / 2.0;
        // A cast from float to integer saturates, which clamps at the far edges.
        Self { x: (x * WORLD).floor() as u32, y: (y * WORLD).floor() as u32 }
    }

    /// The centre of this unit as a position, to seven decimals.
    pub fn lonlat(self) -> LonLat {
        let (lon, lat) = unproject(f64::from(self.x) + 0.5, f64::from(self.y) + 0.5);
        LonLat::new(lon, lat).expect("the square world lies inside the ranges of a position")
    }

    /// The cell that contains the position in a grid with 2^bits cells per side; bits is 0..=32.
    pub fn cell(self, bits: u32) -> (u32, u32) {
        (top_bits(self.x, bits), top_bits(self.y, bits))
    }
}

/// Degrees of a position given in units, 0..=2^32 on both axes.
fn unproject(x: f64, y: f64) -> (f64, f64) {
    let lat = (PI * (1.0 - 2.0 * y / WORLD)).sinh().atan().to_degrees();
    (x / WORLD * 360.0 - 180.0, lat)
}

/// The leading bits of a coordinate. Computed in 64 bits, so that a shift by 32 is defined and
/// gives zero.
fn top_bits(v: u32, bits: u32) -> u32 {
    (u64::from(v) >> (32 - bits)) as u32
}

/// The address of a tile: zoom 0..=30, x and y below 2^zoom, y grows southward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    z: u8,
    x: u32,
    y: u32,
}

/// Why three numbers are not a tile address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileIdError {
    /// Zoom above 30.
    #[error("zoom must be from 0 to {}", TileId::MAX_ZOOM)]
    Zoom,
    /// Column or row is not below 2^zoom.
    #[error("x and y must be below 2^zoom")]
    Range,
}

impl TileId {
    /// The highest zoom.
    pub const MAX_ZOOM: u8 = 30;

    /// Checks the address.
    ///
    /// # Errors
    /// When the zoom is above 30, or x or y is not below 2^zoom.
    pub const fn new(z: u8, x: u32, y: u32) -> Result<Self, TileIdError> {
        if z > Self::MAX_ZOOM {
            return Err(TileIdError::Zoom);
        }
        if x >> z != 0 || y >> z != 0 {
            return Err(TileIdError::Range);
        }
        Ok(Self { z, x, y })
    }

    /// The tile that contains a position.
    ///
    /// # Errors
    /// When the zoom is above 30.
    pub fn holding(p: Mercator, z: u8) -> Result<Self, TileIdError> {
        if z > Self::MAX_ZOOM {
            return Err(TileIdError::Zoom);
        }
        let (x, y) = p.cell(u32::from(z));
        Ok(Self { z, x, y })
    }

    /// Zoom, 0..=30.
    pub const fn z(self) -> u8 {
        self.z
    }

    /// Column, counted from -180°.
    pub const fn x(self) -> u32 {
        self.x
    }

    /// Row, counted from the north.
    pub const fn y(self) -> u32 {
        self.y
    }

    /// The four tiles of the next zoom inside this tile; `None` beyond the highest zoom.
    pub fn children(self) -> [Option<Self>; 4] {
        let (z, x, y) = (self.z + 1, 2 * self.x, 2 * self.y);
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| Self::new(z, x + dx, y + dy).ok())
    }

    /// The north-west corner in mercator units.
    pub const fn origin(self) -> (u32, u32) {
        (((self.x as u64) << (32 - self.z)) as u32, ((self.y as u64) << (32 - self.z)) as u32)
    }

    /// Tile coordinates of a position, rounded down, with `2^extent_bits` units per side. They are
    /// negative or beyond the extent for a position outside the tile. `z + extent_bits` is at most
    /// 32.
    pub fn quantise(self, p: Mercator, extent_bits: u32) -> (i32, i32) {
        let bits = u32::from(self.z) + extent_bits;
        let (x, y) = p.cell(bits);
        let local = |v: u32, tile: u32| {
            (i64::from(v) - (i64::from(tile) << extent_bits)).clamp(i64::from(i32::MIN), i64::from(i32::MAX))
                as i32
        };
        (local(x, self.x), local(y, self.y))
    }

    /// The tile's bounding box in degrees.
    pub fn bounds(self) -> Bbox {
        let side = WORLD / f64::from(1_u32 << self.z);
        let (west, north) = unproject(f64::from(self.x) * side, f64::from(self.y) * side);
        let (east, south) = unproject(f64::from(self.x + 1) * side, f64::from(self.y + 1) * side);
        Bbox { west, south, east, north }
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(lon: f64, lat: f64) -> Mercator {
        Mercator::from_lonlat(LonLat::new(lon, lat).unwrap())
    }

    #[test]
    fn the_edges_of_the_world_are_clamped_into_it() {
        assert_eq!(at(-180.0, 90.0), Mercator { x: 0, y: 0 });
        assert_eq!(at(180.0, -90.0), Mercator { x: u32::MAX, y: u32::MAX });
        assert_eq!(at(0.0, 0.0), Mercator { x: 1 << 31, y: 1 << 31 });
    }

    #[test]
    fn a_known_tile() {
        // Bến Thành market, as other slippy maps number it.
        assert_eq!(TileId::holding(at(106.698_3, 10.772_5), 14), TileId::new(14, 13047, 7698));
    }

    #[test]
    fn addresses_outside_the_square_are_refused() {
        assert_eq!(TileId::new(31, 0, 0), Err(TileIdError::Zoom));
        assert_eq!(TileId::new(3, 8, 0), Err(TileIdError::Range));
        assert_eq!(TileId::new(0, 0, 1), Err(TileIdError::Range));
        assert!(TileId::new(30, (1 << 30) - 1, 0).is_ok());
    }

    proptest! {
        #[test]
        fn the_inverse_comes_back(x in any::<u32>(), y in 1_u32..u32::MAX) {
            // Seven decimals are coarser than a unit: the error is at most two units in x, and
            // larger in y near the equator.
            let back = Mercator::from_lonlat(Mercator { x, y }.lonlat());
            prop_assert!(back.x.abs_diff(x) <= 2 && back.y.abs_diff(y) <= 16, "{back:?}");
        }

        #[test]
        fn a_tile_holds_what_its_bounds_hold(lon in -179.9..179.9_f64, lat in -84.0..84.0_f64, z in 0_u8..=20) {
            let p = LonLat::new(lon, lat).unwrap();
            let b = TileId::holding(Mercator::from_lonlat(p), z).unwrap().bounds();
            let e = 1e-7;
            prop_assert!(b.west - e <= p.lon() && p.lon() <= b.east + e);
            prop_assert!(b.south - e <= p.lat() && p.lat() <= b.north + e);
        }

        #[test]
        fn quantised_inside_is_half_open(x in any::<u32>(), y in any::<u32>(), z in 0_u8..=20) {
            let p = Mercator { x, y };
            let (u, v) = TileId::holding(p, z).unwrap().quantise(p, 12);
            prop_assert!((0..4096).contains(&u) && (0..4096).contains(&v));
        }
    }
}
