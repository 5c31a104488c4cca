//! Morton codes (Z-order): two coordinates in one number, so that near cells have near numbers; and
//! rectangles of cells as a few ranges of codes.

/// Interleaves the bits of two coordinates, x in the even places.
pub const fn interleave(x: u32, y: u32) -> u64 {
    spread(x) | (spread(y) << 1)
}

/// The two coordinates of a Morton code.
pub const fn deinterleave(code: u64) -> (u32, u32) {
    (squeeze(code), squeeze(code >> 1))
}

const fn spread(v: u32) -> u64 {
    let mut v = v as u64;
    v = (v | (v << 16)) & 0x0000_ffff_0000_ffff;
    v = (v | (v << 8)) & 0x00ff_00ff_00ff_00ff;
    v = (v | (v << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | (v << 2)) & 0x3333_3333_3333_3333;
    (v | (v << 1)) & 0x5555_5555_5555_5555
}

const fn squeeze(code: u64) -> u32 {
    let mut v = code & 0x5555_5555_5555_5555;
    v = (v | (v >> 1)) & 0x3333_3333_3333_3333;
    v = (v | (v >> 2)) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | (v >> 4)) & 0x00ff_00ff_00ff_00ff;
    v = (v | (v >> 8)) & 0x0000_ffff_0000_ffff;
    (v | (v >> 16)) as u32
}

/// A rectangle of cells, including its edges, in a grid of 2^bits cells per side (bits 0..=32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Cells per side of the world, as a power of two; 0..=32.
    pub bits: u32,
    /// Westernmost column.
    pub x0: u32,
    /// Northernmost row.
    pub y0: u32,
    /// Easternmost column.
    pub x1: u32,
    /// Southernmost row.
    pub y1: u32,
}

impl Window {
    /// The same rectangle, rounded outward to cells 2^by times as wide.
    #[must_use]
    pub fn coarser(self, by: u32) -> Self {
        let by = by.min(self.bits);
        let cut = |v: u32| v.checked_shr(by).unwrap_or(0);
        Self { bits: self.bits - by, x0: cut(self.x0), y0: cut(self.y0), x1: cut(self.x1), y1: cut(self.y1) }
    }

    /// Coarsens until neither side has more than `cells` cells.
    #[must_use]
    pub fn at_most(self, cells: u32) -> Self {
        let mut w = self;
        while w.bits > 0 && (w.x1 - w.x0).max(w.y1 - w.y0) >= cells {
            w = w.coarser(1);
        }
        w
    }

    /// The rectangle as inclusive ranges of 64-bit codes of 32-bit coordinates, in ascending order,
    /// no two adjacent. There are at most about two ranges for each cell on the rectangle's edge.
    pub fn ranges(self) -> Vec<(u64, u64)> {
        let mut out = Vec::new();
        self.descend(0, 0, 0, &mut out);
        out
    }

    fn descend(self, level: u32, cx: u32, cy: u32, out: &mut Vec<(u64, u64)>) {
        // The span of this node, in cells of the window's grid.
        let down = self.bits - level;
        let span = |c: u32| (u64::from(c) << down, ((u64::from(c) + 1) << down) - 1);
        let ((x0, x1), (y0, y1)) = (span(cx), span(cy));
        let (wx0, wx1, wy0, wy1) =
            (u64::from(self.x0), u64::from(self.x1), u64::from(self.y0), u64::from(self.y1));
        if x1 < wx0 || wx1 < x0 || y1 < wy0 || wy1 < y0 {
            return;
        }
        if wx0 <= x0 && x1 <= wx1 && wy0 <= y0 && y1 <= wy1 {
            let (first, last) = codes(level, cx, cy);
            match out.last_mut() {
                Some((_, end)) if *end + 1 == first => *end = last,
                _ => out.push((first, last)),
            }
            return;
        }
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            self.descend(level + 1, cx * 2 + dx, cy * 2 + dy, out);
        }
    }
}

/// First and last code inside a cell of a grid with 2^level cells per side.
fn codes(level: u32, cx: u32, cy: u32) -> (u64, u64) {
    let shift = 64 - 2 * level;
    let first = interleave(cx, cy).checked_shl(shift).unwrap_or(0);
    (first, first | u64::MAX.checked_shr(2 * level).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_whole_world_is_one_range() {
        let w = Window { bits: 32, x0: 0, y0: 0, x1: u32::MAX, y1: u32::MAX };
        assert_eq!(w.ranges(), [(0, u64::MAX)]);
        assert_eq!(w.at_most(16).ranges(), [(0, u64::MAX)]);
    }

    #[test]
    fn a_single_finest_cell() {
        let w = Window { bits: 32, x0: 7, y0: 9, x1: 7, y1: 9 };
        assert_eq!(w.ranges(), [(interleave(7, 9), interleave(7, 9))]);
    }

    proptest! {
        #[test]
        fn interleaving_comes_back(x in any::<u32>(), y in any::<u32>()) {
            prop_assert_eq!(deinterleave(interleave(x, y)), (x, y));
        }

        #[test]
        fn ranges_hold_the_window_and_nothing_else(
            a in 0_u32..32, b in 0_u32..32, c in 0_u32..32, d in 0_u32..32,
        ) {
            let w = Window { bits: 5, x0: a.min(b), x1: a.max(b), y0: c.min(d), y1: c.max(d) };
            let ranges = w.ranges();
            prop_assert!(ranges.windows(2).all(|p| p[0].1 + 1 < p[1].0));
            for x in 0..32_u32 {
                for y in 0..32_u32 {
                    let (first, last) = codes(5, x, y);
                    let inside = ranges.iter().any(|r| r.0 <= first && last <= r.1);
                    let touched = ranges.iter().any(|r| r.0 <= last && first <= r.1);
                    let want = w.x0 <= x && x <= w.x1 && w.y0 <= y && y <= w.y1;
                    prop_assert_eq!((inside, touched), (want, want));
                }
            }
        }

        #[test]
        fn coarser_never_loses_ground(a in any::<u32>(), b in any::<u32>(), c in any::<u32>(), d in any::<u32>()) {
            let w = Window { bits: 32, x0: a.min(b), x1: a.max(b), y0: c.min(d), y1: c.max(d) };
            let ranges = w.at_most(8).ranges();
            for (x, y) in [(w.x0, w.y0), (w.x1, w.y1), (w.x0, w.y1), (w.x1, w.y0)] {
                let code = interleave(x, y);
                prop_assert!(ranges.iter().any(|r| r.0 <= code && code <= r.1));
            }
        }
    }
}
