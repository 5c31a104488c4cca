//! The exact index of one generation: a uniform grid with cells of about 250 m. A cell inside one
//! ward answers at once. A border cell holds the edges that touch it.
//!
//! How a border cell decides: the winding number of each ring around the cell's centre is computed
//! when the grid is built. The path from the centre to the point runs first along the centre's
//! meridian to the point's latitude, then horizontally to the point. It stays inside the cell, so
//! only edges of the cell can cross it, and each crossing changes the winding number by one. Sides
//! are computed with robust orientation. The centre and the corner of the path count as shifted
//! east, and much less north, by less than any distance, so that a vertex or edge exactly under
//! them gives the same decision for every edge. The answer equals that of geo's `covers` on the
//! whole polygon, to the last bit.
//!
//! `build` makes it. Not here: points that no ward covers (locate), distances beyond [`REACH_M`] (nearest).

mod build;

use crate::area::index::edge::Edge;
use crate::geo::{LonLat, Plane, metres_per_degree};

/// How far [`Grid::near`] looks, in metres. It is less than a cell, so at most four cells are read.
pub(in crate::area) const REACH_M: f64 = 100.0;

const EMPTY: u32 = 0;
/// Set in a border cell, which holds the index of its first entry. Otherwise the cell holds a unit
/// index + 1.
const BORDER: u32 = 1 << 31;

/// What kind of ring an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    /// An exterior. The holes of its polygon follow it.
    Exterior,
    /// A hole of the last exterior before it.
    Hole,
    /// A hole whose exterior does not reach this cell. It owns nothing; its edges are only a
    /// border.
    Orphan,
}

/// The edges of one ring in one cell.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    len: u32,
    /// Number of leading edges that cross the meridian of the cell's centre.
    meridian: u32,
    /// Winding number of the ring around the cell's centre.
    winding: i32,
    unit: u16,
    role: Role,
    last: bool,
}

/// Where a point lies relative to a ring.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Outside,
    Boundary,
    Inside,
}

/// Squared distances in metres around a point, within [`REACH_M`].
#[derive(Clone, Copy, Debug)]
pub(in crate::area) struct Near {
    /// To the nearest edge of the given unit.
    pub own_2: f64,
    /// To the nearest edge of another unit, and that unit. The lowest index wins a tie.
    pub other: Option<(f64, u16)>,
}

/// The grid; see the module's documentation.
#[derive(Debug)]
pub(in crate::area) struct Grid {
    x0: f64,
    y0: f64,
    /// Degrees per cell.
    w: f64,
    h: f64,
    cols: usize,
    rows: usize,
    cells: Vec<u32>,
    entries: Vec<Entry>,
    edges: Vec<Edge>,
}

impl Grid {
    /// The unit that covers the point, boundary included. The lowest index wins.
    #[inline]
    pub(in crate::area) fn owner(&self, x: f64, y: f64) -> Option<u16> {
        let (col, row) = self.cell_of(x, y)?;
        match self.cells[row * self.cols + col] {
            EMPTY => None,
            cell if cell & BORDER == 0 => Some((cell - 1) as u16),
            cell => self.covering((cell & !BORDER) as usize, col, x, y, row).next(),
        }
    }

    /// The lowest unit other than `owner` that covers the point.
    pub(in crate::area) fn second_owner(&self, x: f64, y: f64, owner: u16) -> Option<u16> {
        let (col, row) = self.cell_of(x, y)?;
        let cell = self.cells[row * self.cols + col];
        if cell & BORDER == 0 {
            return None;
        }
        self.covering((cell & !BORDER) as usize, col, x, y, row).find(|&u| u != owner)
    }

    /// Distances to the edges within [`REACH_M`] of `p`. Edges farther away may be missing.
    pub(in crate::area) fn near(&self, p: LonLat, unit: u16) -> Near {
        let plane = Plane::at(p);
        let (kx, ky) = metres_per_degree(p.lat());
        // A margin of 0.1%, because the plane's scale differs from the scale at the grid's edge.
        let (rx, ry) = (1.001 * REACH_M / kx, 1.001 * REACH_M / ky);
        let mut near = Near { own_2: f64::INFINITY, other: None };
        for row in clamped_range(p.lat() - ry, p.lat() + ry, self.y0, self.h, self.rows) {
            for col in clamped_range(p.lon() - rx, p.lon() + rx, self.x0, self.w, self.cols) {
                let cell = self.cells[row * self.cols + col];
                if cell & BORDER == 0 {
                    continue;
                }
                for entry in self.entries_at((cell & !BORDER) as usize) {
                    let edges = &self.edges[entry.start as usize..][..entry.len as usize];
                    let d = edges
                        .iter()
                        .map(|e| plane.to_segment_2((e.ax, e.ay), (e.bx, e.by)))
                        .fold(f64::INFINITY, f64::min);
                    if entry.unit == unit {
                        near.own_2 = near.own_2.min(d);
                    } else if d.is_finite() && near.other.is_none_or(|best| (d, entry.unit) < best) {
                        near.other = Some((d, entry.unit));
                    }
                }
            }
        }
        near
    }

    /// Memory used, in bytes.
    pub(in crate::area) fn bytes(&self) -> usize {
        size_of_val(&self.cells[..]) + size_of_val(&self.entries[..]) + size_of_val(&self.edges[..])
    }

    /// Rounds down a float expression that is monotonic in the coordinate. So an edge between two
    /// points lies in the cells between the cells of those points.
    #[inline]
    fn cell_of(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let (col, row) = ((x - self.x0) / self.w, (y - self.y0) / self.h);
        (col >= 0.0 && row >= 0.0 && col < self.cols as f64 && row < self.rows as f64)
            .then_some((col as usize, row as usize))
    }

    #[inline]
    fn centre_x(&self, col: usize) -> f64 {
        self.x0 + (col as f64 + 0.5) * self.w
    }

    #[inline]
    fn centre_y(&self, row: usize) -> f64 {
        self.y0 + (row as f64 + 0.5) * self.h
    }

    /// The entries of one border cell.
    #[inline]
    fn entries_at(&self, first: usize) -> &[Entry] {
        let mut end = first;
        while !self.entries[end].last {
            end += 1;
        }
        &self.entries[first..=end]
    }

    /// The units that cover a point of a border cell, in tie order. A unit appears once for each
    /// part that covers the point.
    #[inline]
    fn covering(&self, first: usize, col: usize, x: f64, y: f64, row: usize) -> impl Iterator<Item = u16> {
        let centre = (self.centre_x(col), self.centre_y(row));
        let mut rest = self.entries_at(first);
        std::iter::from_fn(move || {
            while let [entry, after @ ..] = rest {
                rest = after;
                let covers = entry.role == Role::Exterior
                    && match self.side(entry, centre, x, y) {
                        Side::Outside => false,
                        Side::Boundary => true,
                        Side::Inside => self.outside_holes(after, centre, x, y),
                    };
                if covers {
                    return Some(entry.unit);
                }
            }
            None
        })
    }

    fn outside_holes(&self, after: &[Entry], centre: (f64, f64), x: f64, y: f64) -> bool {
        for hole in after.iter().take_while(|e| e.role == Role::Hole) {
            match self.side(hole, centre, x, y) {
                Side::Outside => {}
                Side::Boundary => return true,
                Side::Inside => return false,
            }
        }
        true
    }

    /// On which side of a ring a point lies; the module describes the path.
    #[expect(clippy::float_cmp, reason = "a point is exactly on a border or it is not")]
    #[inline]
    fn side(&self, entry: &Entry, (cx, cy): (f64, f64), x: f64, y: f64) -> Side {
        let edges = &self.edges[entry.start as usize..][..entry.len as usize];
        let mut winding = entry.winding;
        for e in &edges[..entry.meridian as usize] {
            let corner = e.left_of(cx, y);
            if corner != e.left_of(cx, cy) {
                winding += if corner { 1 } else { -1 };
            }
        }
        let (west, east) = if x < cx { (x, cx) } else { (cx, x) };
        for e in edges {
            if e.straddles_y(y) {
                if (e.ax < west && e.bx < west) || (e.ax > east && e.bx > east) {
                    continue;
                }
                let turn = e.orient(x, y);
                if turn == 0.0 {
                    return Side::Boundary;
                }
                let here = turn > 0.0;
                if here != e.left_of(cx, y) {
                    winding += if here { 1 } else { -1 };
                }
            } else if e.ay == y && (e.ax == x || (e.by == y && (e.ax < x) != (e.bx < x))) {
                // A vertex is the start of one of its edges, and both edges are in this cell.
                return Side::Boundary;
            }
        }
        if winding == 0 { Side::Outside } else { Side::Inside }
    }
}

/// Cells from `low` to `high`, clamped to the grid.
#[inline]
fn clamped_range(
    low: f64,
    high: f64,
    origin: f64,
    step: f64,
    count: usize,
) -> std::ops::RangeInclusive<usize> {
    // Casting a negative float gives 0.
    let cell = |v: f64| (((v - origin) / step) as usize).min(count - 1);
    cell(low)..=cell(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::unit::Unit;
    use geo::{Covers, MultiPolygon, Point, Polygon};
    use std::sync::Arc;

    fn unit(code: &str, ring: Vec<(f64, f64)>) -> Unit {
        let shape = MultiPolygon(vec![Polygon::new(ring.into(), vec![])]);
        Unit::new(code, Arc::default(), code, shape).unwrap()
    }

    #[test]
    fn vertices_and_edges_under_cell_centres_decide_as_covers_does() {
        let frame = unit("9", vec![(0.0, 0.0), (0.03, 0.0), (0.03, 0.03), (0.0, 0.03), (0.0, 0.0)]);
        let layout = Grid::layout(std::slice::from_ref(&frame));
        // Corners in half cells: odd numbers are centres, even numbers are cell borders.
        let at = |i: i32, j: i32| {
            let on = |k: i32, centre: f64, step: f64| centre + f64::from(k - 1) / 2.0 * step;
            (on(i, layout.centre_x(0), layout.w), on(j, layout.centre_y(0), layout.h))
        };
        let shapes: [&[(i32, i32)]; 5] = [
            &[(7, 5), (11, 9), (7, 13), (3, 9)],
            &[(5, 5), (9, 5), (9, 7), (7, 7), (7, 11), (5, 11)],
            &[(5, 5), (7, 9), (9, 5), (11, 9), (9, 13), (7, 9), (5, 13), (3, 9)],
            &[(7, 7), (9, 8), (11, 7), (10, 9), (11, 11), (9, 10), (7, 11), (8, 9)],
            &[(9, 9), (13, 9), (9, 11), (5, 13), (7, 9), (5, 7)],
        ];
        for corners in shapes {
            let mut ring: Vec<_> = corners.iter().map(|&(i, j)| at(i, j)).collect();
            ring.push(ring[0]);
            // First in code order, so that the frame answers where the shape does not.
            let units = [unit("1", ring), frame.clone()];
            let grid = Grid::build(&units).unwrap();
            assert_eq!(grid.centre_x(0).to_bits(), layout.centre_x(0).to_bits(), "the same cells");
            for i in 0..=64 {
                for j in 0..=64 {
                    let (x, _) = at(i / 4, 0);
                    let (_, y) = at(0, j / 4);
                    let x = x + f64::from(i % 4) / 8.0 * layout.w;
                    let y = y + f64::from(j % 4) / 8.0 * layout.h;
                    let truth = units.iter().position(|u| u.shape.covers(&Point::new(x, y)));
                    assert_eq!(grid.owner(x, y).map(usize::from), truth, "{corners:?} at {i},{j}");
                }
            }
        }
    }
}
