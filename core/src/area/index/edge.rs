//! One edge of a ring, and on which side of it a point lies, with robust orientation. Not here:
//! which edges decide (grid).

use robust::orient2d;

/// One directed edge in degrees. The inside lies to the left of an edge of an exterior.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) ax: f64,
    pub(super) ay: f64,
    pub(super) bx: f64,
    pub(super) by: f64,
}

impl Edge {
    /// Twice the area of the triangle with (x, y): positive if the point lies to the left, exactly
    /// 0 on the line.
    #[inline]
    pub(super) fn orient(&self, x: f64, y: f64) -> f64 {
        orient2d(
            robust::Coord { x: self.ax, y: self.ay },
            robust::Coord { x: self.bx, y: self.by },
            robust::Coord { x, y },
        )
    }

    /// Whether (x, y) lies to the left after an infinitesimal shift east and a much smaller one
    /// north.
    #[expect(clippy::float_cmp, reason = "an edge is exactly horizontal or it is not")]
    #[inline]
    pub(super) fn left_of(&self, x: f64, y: f64) -> bool {
        let turn = self.orient(x, y);
        if turn != 0.0 {
            turn > 0.0
        } else if self.by == self.ay {
            self.bx > self.ax
        } else {
            self.by < self.ay
        }
    }

    /// Whether the edge crosses the horizontal line just north of `y`.
    #[inline]
    pub(super) fn straddles_y(&self, y: f64) -> bool {
        (self.ay > y) != (self.by > y)
    }

    /// Whether the edge crosses the meridian just east of `x`.
    #[inline]
    pub(super) fn straddles_x(&self, x: f64) -> bool {
        (self.ax > x) != (self.bx > x)
    }
}

/// Winding number around (x, y), shifted as in [`Edge::left_of`], from the edges that cross its
/// horizontal line.
pub(super) fn winding(level: &[Edge], x: f64, y: f64) -> i32 {
    level
        .iter()
        .map(|e| match (e.by > e.ay, e.left_of(x, y)) {
            (true, true) => 1,
            (false, false) => -1,
            _ => 0,
        })
        .sum()
}
