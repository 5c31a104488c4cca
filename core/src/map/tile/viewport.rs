//! The rectangle of ground that a picture shows, in pixels of a world that is 512·2^zoom of them wide.
//! Not here: what stands on it (figures).

use crate::geo::{LonLat, Mercator, TileId};
use crate::map::cluster::MAX_ZOOM;
use crate::map::shape::ring::frame::{EXTENT_BITS, Frame};

/// The world's side in mercator units.
const WORLD: f64 = 4_294_967_296.0;
/// Bits of the pixels of a vector tile's side.
const PIXEL_BITS: f64 = 9.0;

/// Positions are rounded to so many parts of a pixel: exact in an `f32` up to 65,536 pixels, so that two
/// pictures beside each other draw what reaches into both alike.
const PARTS: f64 = 256.0;

/// A position in pixels from the upper left corner.
pub type Pixel = (f32, f32);

/// A rectangle of the map, north up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Mercator units east and south of the world's corner.
    middle: (f64, f64),
    zoom: f64,
    /// Mercator units a pixel.
    unit: f64,
    size: (u32, u32),
}

impl Viewport {
    /// So many pixels around a place, at a zoom of -1..=18 as MapLibre counts them.
    pub fn around(middle: LonLat, zoom: f64, size: (u32, u32)) -> Self {
        let m = Mercator::from_lonlat(middle);
        Self::new((f64::from(m.x) + 0.5, f64::from(m.y) + 0.5), zoom, size)
    }

    /// A tile as a picture of 256 pixels, which is what viewers of pictures expect: one zoom out of
    /// that of the vector tile with the same address.
    pub fn of_tile(id: TileId) -> Self {
        let (x, y) = id.origin();
        let half = WORLD / f64::from(id.z()).exp2() / 2.0;
        Self::new((f64::from(x) + half, f64::from(y) + half), f64::from(id.z()) - 1.0, (256, 256))
    }

    /// A tile and the one east of it as one picture.
    #[cfg(test)]
    pub(crate) fn of_two(west: TileId) -> Self {
        let one = Self::of_tile(west);
        Self { middle: (one.middle.0 + 128.0 * one.unit, one.middle.1), size: (512, 256), ..one }
    }

    fn new(middle: (f64, f64), zoom: f64, size: (u32, u32)) -> Self {
        Self { middle, zoom, unit: WORLD / (PIXEL_BITS + zoom).exp2(), size }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The upper left corner, in pixels of the world at its zoom.
    pub fn corner(&self) -> (f64, f64) {
        let [west, north, ..] = self.edges(0.0);
        (west / self.unit, north / self.unit)
    }

    /// The zoom as asked for.
    pub fn zoom(&self) -> f64 {
        self.zoom
    }

    /// The zoom of the tiles that it shows.
    pub fn tile_zoom(&self) -> u8 {
        self.zoom.floor().clamp(0.0, f64::from(MAX_ZOOM)) as u8
    }

    /// Where a position stands; far outside it may be anywhere outside.
    pub fn pixel(&self, at: Mercator) -> Pixel {
        // The middle of the unit.
        let by = |v: u32, middle: f64, size: u32| {
            let exact = (f64::from(v) + 0.5 - middle) / self.unit + f64::from(size) / 2.0;
            ((exact * PARTS).round() / PARTS) as f32
        };
        (by(at.x, self.middle.0, self.size.0), by(at.y, self.middle.1, self.size.1))
    }

    /// Whether a pixel is on the picture or so many pixels beside it.
    pub fn holds(&self, (x, y): Pixel, margin: f32) -> bool {
        let inside = |v: f32, size: u32| (-margin..size as f32 + margin).contains(&v);
        inside(x, self.size.0) && inside(y, self.size.1)
    }

    /// The edges in mercator units, each moved outward by so many pixels: west, north, east, south.
    fn edges(&self, margin: f64) -> [f64; 4] {
        let half = |size: u32| (f64::from(size) / 2.0 + margin) * self.unit;
        let (x, y) = (half(self.size.0), half(self.size.1));
        [self.middle.0 - x, self.middle.1 - y, self.middle.0 + x, self.middle.1 + y]
    }

    /// The tiles of a zoom that it and so many pixels beside it touch, row by row.
    pub(in crate::map) fn tiles(&self, zoom: u8, margin: f64) -> Vec<TileId> {
        let side = WORLD / f64::from(zoom).exp2();
        let last = (1_u32 << zoom) - 1;
        let number = |v: f64| (v / side).floor().clamp(0.0, f64::from(last)) as u32;
        let [west, north, east, south] = self.edges(margin).map(number);
        let id = |x, y| TileId::new(zoom, x, y).expect("clamped into the zoom's square");
        (north..=south).flat_map(|y| (west..=east).map(move |x| id(x, y))).collect()
    }

    /// One frame around it and so many pixels beside it, in units that are fine enough for so many
    /// pixels of the screen to each of its own; and where the frame's positions stand.
    pub(in crate::map) fn frame(&self, scale: u32, margin: f64) -> (Frame, impl Fn((i32, i32)) -> Pixel) {
        let most = f64::from(32 - EXTENT_BITS - 1);
        let detail = (self.zoom + f64::from(scale).log2()).floor().clamp(0.0, most) as u8;
        let clamped = |v: f64| v.clamp(0.0, WORLD - 1.0) as u32;
        let middle = Mercator { x: clamped(self.middle.0), y: clamped(self.middle.1) };
        let tile = TileId::holding(middle, detail).expect("no deeper than the frame's units go");
        let unit = WORLD / (f64::from(detail) + f64::from(EXTENT_BITS)).exp2();
        let (x, y) = tile.origin();
        let (x, y) = (f64::from(x), f64::from(y));
        let [west, north, east, south] = self.edges(margin);
        let low = ((west - x).min(north - y) / unit).floor() as i32;
        let high = ((east - x).max(south - y) / unit).ceil() as i32;
        let [left, top, ..] = self.edges(0.0);
        let (step, left, top) = (unit / self.unit, (x - left) / self.unit, (y - top) / self.unit);
        let place = move |(u, v): (i32, i32)| {
            ((left + f64::from(u) * step) as f32, (top + f64::from(v) * step) as f32)
        };
        (Frame { tile, low, high }, place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The two ways from a position to a pixel agree, to within a unit of the frame.
        #[test]
        fn frames_stand_where_pixels_do(
            lon in -179.0..179.0_f64, lat in -84.0..84.0_f64, zoom in 0.0..18.0_f64, dx in -400.0..400.0_f64, dy in -300.0..300.0_f64, scale in 1_u32..=2,
        ) {
            let viewport = Viewport::around(LonLat::new(lon, lat).unwrap(), zoom, (800, 600));
            let on = |v: f64, by: f64| v + by * viewport.unit;
            let (x, y) = (on(viewport.middle.0, dx), on(viewport.middle.1, dy));
            prop_assume!((0.0..WORLD).contains(&x) && (0.0..WORLD).contains(&y));
            let at = Mercator { x: x as u32, y: y as u32 };
            let (px, py) = viewport.pixel(at);
            let off = (0.51 / viewport.unit + 0.01) as f32;
            prop_assert!((px - dx as f32 - 400.0).abs() <= off && (py - dy as f32 - 300.0).abs() <= off);
            let (frame, place) = viewport.frame(scale, 8.0);
            let (u, v) = frame.at((at.x, at.y));
            prop_assert!((frame.low..=frame.high).contains(&u) && (frame.low..=frame.high).contains(&v));
            let (fx, fy) = place((u, v));
            prop_assert!((fx - px).abs() < 0.3 + off && (fy - py).abs() < 0.3 + off, "{fx} {px} {fy} {py}");
            let z = viewport.tile_zoom();
            prop_assert!(viewport.tiles(z, 0.0).contains(&TileId::holding(at, z).unwrap()));
        }
    }

    #[test]
    fn a_tile_is_as_large_as_its_picture() {
        let id = TileId::new(14, 13047, 7698).unwrap();
        let viewport = Viewport::of_tile(id);
        let (x, y) = id.origin();
        assert_eq!(viewport.tile_zoom(), 13);
        let last = (1 << 18) - 1;
        let corners =
            [viewport.pixel(Mercator { x, y }), viewport.pixel(Mercator { x: x + last, y: y + last })];
        assert!(corners[0].0.abs() < 0.01 && (corners[1].1 - 256.0).abs() < 0.01, "{corners:?}");
        assert_eq!(Viewport::of_tile(TileId::new(0, 0, 0).unwrap()).tile_zoom(), 0);
    }
}
