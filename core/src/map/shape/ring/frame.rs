//! A tile's buffered square in tile units, and the conversion of shapes from Mercator units to it.
//! Not here: clipping at the square's edge (clip), what a tile shows (tile, draw).

use crate::geo::{Mercator, TileId};
use crate::map::layer::EXTENT;
use crate::map::shape::ring::simplify::Vertex;

/// Bits of the extent.
pub(in crate::map) const EXTENT_BITS: u32 = EXTENT.trailing_zeros();
/// Twice the area, in square tile units, below which a bend is dropped: half a pixel.
const BEND: f64 = 64.0;

/// A position in Mercator units.
pub(in crate::map) type Point = (u32, u32);
/// A path or an open ring in tile units, y down.
pub(in crate::map) type Path = Vec<(i32, i32)>;

/// The bounding box of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::map) struct Bounds {
    pub(in crate::map) min: Point,
    pub(in crate::map) max: Point,
}

/// How much of a box is visible in a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::map) enum Seen {
    Nothing,
    Part,
    Whole,
}

/// The square from `low` to `high` on both axes.
#[derive(Clone, Copy, Debug)]
pub(in crate::map) struct Frame {
    pub(in crate::map) tile: TileId,
    pub(in crate::map) low: i32,
    pub(in crate::map) high: i32,
}

impl Bounds {
    /// The empty bounds.
    pub(in crate::map) const NONE: Self = Self { min: (u32::MAX, u32::MAX), max: (0, 0) };

    pub(in crate::map) fn around(points: impl Iterator<Item = Point>) -> Self {
        points.fold(Self::NONE, |b, p| b.with(Self { min: p, max: p }))
    }

    /// A tile extended by a number of Mercator units on each side, clamped to the world.
    pub(in crate::map) fn of_tile(tile: TileId, halo: u64) -> Self {
        let side = 1_i64 << (32 - u32::from(tile.z()));
        Self::from_origin(tile, -(halo as i64), side + halo as i64)
    }

    /// From `low` to `high` Mercator units on both axes, relative to a tile's corner.
    fn from_origin(tile: TileId, low: i64, high: i64) -> Self {
        let (x, y) = tile.origin();
        let at = |v: u32, by: i64| (i64::from(v) + by).clamp(0, i64::from(u32::MAX)) as u32;
        Self { min: (at(x, low), at(y, low)), max: (at(x, high), at(y, high)) }
    }

    pub(in crate::map) fn with(self, o: Self) -> Self {
        Self {
            min: (self.min.0.min(o.min.0), self.min.1.min(o.min.1)),
            max: (self.max.0.max(o.max.0), self.max.1.max(o.max.1)),
        }
    }
}

impl Frame {
    /// A tile extended by a number of tile units on each side.
    pub(in crate::map) fn new(tile: TileId, buffer: u32) -> Self {
        Self { tile, low: -(buffer as i32), high: EXTENT as i32 + buffer as i32 }
    }

    /// The box that it covers.
    pub(in crate::map) fn bounds(&self) -> Bounds {
        let unit = 1_i64 << (32 - EXTENT_BITS - u32::from(self.tile.z()).min(32 - EXTENT_BITS));
        Bounds::from_origin(self.tile, i64::from(self.low) * unit, i64::from(self.high) * unit)
    }

    /// A position in tile units, rounded down.
    pub(in crate::map) fn at(&self, (x, y): Point) -> (i32, i32) {
        self.tile.quantise(Mercator { x, y }, EXTENT_BITS)
    }

    pub(in crate::map) fn sees(&self, b: Bounds) -> Seen {
        let (min, max) = (self.at(b.min), self.at(b.max));
        if max.0 < self.low || max.1 < self.low || min.0 > self.high || min.1 > self.high {
            Seen::Nothing
        } else if min.0 >= self.low && min.1 >= self.low && max.0 <= self.high && max.1 <= self.high {
            Seen::Whole
        } else {
            Seen::Part
        }
    }

    /// Adds the vertices that are kept at this zoom, in tile units, without repeats.
    pub(in crate::map) fn draw<'a>(&self, vertices: impl Iterator<Item = &'a Vertex>, out: &mut Path) {
        let bits = u32::from(self.tile.z()).min(32 - EXTENT_BITS);
        let unit = f64::from(1_u32 << (32 - EXTENT_BITS - bits));
        let least = BEND * unit * unit;
        for v in vertices.filter(|v| v.weight >= least) {
            let at = self.at(v.at);
            if out.last() != Some(&at) {
                out.push(at);
            }
        }
    }
}
