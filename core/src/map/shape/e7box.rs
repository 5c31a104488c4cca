//! A box in units of 1e-7 degree that contains exactly the stored positions inside it, and its
//! ranges of Morton codes.

use crate::geo::mercator::Mercator;
use crate::geo::morton::Window;
use crate::geo::{Bbox, LonLat};

/// A box in whole units of 1e-7 degree; `west > east` crosses the antimeridian.
#[derive(Clone, Copy, Debug)]
pub(in crate::map) struct E7Box {
    west: i32,
    south: i32,
    east: i32,
    north: i32,
}

impl E7Box {
    /// Exactly the stored positions that the box in degrees contains.
    pub(in crate::map) fn new(b: Bbox) -> Self {
        Self {
            west: first_at_least(b.west),
            south: first_at_least(b.south),
            east: last_at_most(b.east),
            north: last_at_most(b.north),
        }
        .keep_crossing(b)
    }

    /// Rounding inward can invert a narrow box. It must then be empty, and must not look like a box
    /// over the antimeridian; and the reverse.
    fn keep_crossing(self, b: Bbox) -> Self {
        if !b.crosses_antimeridian() && self.west > self.east {
            return Self { west: 0, east: 0, south: 1, north: 0 };
        }
        if b.crosses_antimeridian() && self.west <= self.east {
            return Self { west: -1_800_000_000, east: 1_800_000_000, ..self };
        }
        self
    }

    /// Whether a position lies inside or on the edge.
    pub(in crate::map) fn contains(self, (lon, lat): (i32, i32)) -> bool {
        let between = if self.west > self.east {
            lon >= self.west || lon <= self.east
        } else {
            lon >= self.west && lon <= self.east
        };
        between && lat >= self.south && lat <= self.north
    }

    /// The area of the box, to choose the smallest of several.
    pub(in crate::map) fn extent(&self) -> u64 {
        let width = if self.west > self.east { 3_600_000_000 } else { 0 } + i64::from(self.east)
            - i64::from(self.west);
        let height = i64::from(self.north) - i64::from(self.south);
        width.max(0) as u64 * height.max(0) as u64
    }

    /// Ranges of Morton codes that contain every row of the box, ascending, without overlap.
    pub(in crate::map) fn code_ranges(self) -> Vec<(u64, u64)> {
        let b = self;
        // Number of cells per side. A tighter cover of the box costs more than reading the extra
        // rows.
        let fine = 24;
        let window = |west: i32, east: i32| {
            let corner = |lon, lat| Mercator::from_lonlat(LonLat::from_e7(lon, lat));
            let (nw, se) = (corner(west, b.north), corner(east, b.south));
            // One unit of margin on each side, because the projection is monotonic only up to its
            // last float bit.
            Window {
                bits: 32,
                x0: nw.x.saturating_sub(1),
                y0: nw.y.saturating_sub(1),
                x1: se.x.saturating_add(1),
                y1: se.y.saturating_add(1),
            }
            .at_most(fine)
            .ranges()
        };
        if b.south > b.north {
            return Vec::new();
        }
        if b.west <= b.east {
            return window(b.west, b.east);
        }
        let half = 1_800_000_000;
        let mut all = if b.west <= half { window(b.west, half) } else { Vec::new() };
        if b.east >= -half {
            all.extend(window(-half, b.east));
        }
        all.sort_unstable();
        // The two halves may share coarse cells; no row may be read twice.
        let mut out: Vec<(u64, u64)> = Vec::with_capacity(all.len());
        for r in all {
            match out.last_mut() {
                Some(last) if r.0 <= last.1 => last.1 = last.1.max(r.1),
                _ => out.push(r),
            }
        }
        out
    }
}

/// Degrees of a unit, computed as `LonLat` computes them.
fn degrees(unit: i32) -> f64 {
    LonLat::from_e7(unit, 0).lon()
}

fn first_at_least(v: f64) -> i32 {
    let mut unit = (v * 1e7).round() as i32 - 1;
    while degrees(unit) < v {
        unit += 1;
    }
    unit
}

fn last_at_most(v: f64) -> i32 {
    let mut unit = (v * 1e7).round() as i32 + 1;
    while degrees(unit) > v {
        unit -= 1;
    }
    unit
}
