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
//! Not here: points that no ward covers (locate), distances beyond [`REACH_M`] (nearest).

use geo::{BoundingRect, Coord, LineString, Rect};

use super::edge::{Edge, winding};
use super::unit::Unit;
use crate::geo::{LonLat, Plane, metres_per_degree};

/// Side of a cell in metres, unless the city is so large that there would be too many cells.
/// Fastest in a measurement on 168 wards with 217,000 vertices: smaller cells cost more memory than
/// they save edges.
const CELL_M: f64 = 250.0;
/// Cell limit, at 4 bytes per cell. The side grows until the grid fits.
const MAX_CELLS: f64 = 4e6;
/// Limit of (edge, cell) pairs. It bounds the memory that a hostile file with long edges can use.
const MAX_PAIRS: usize = 20_000_000;
/// How far [`Grid::near`] looks, in metres. It is less than a cell, so at most four cells are read.
pub(super) const REACH_M: f64 = 100.0;

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
pub(super) struct Near {
    /// To the nearest edge of the given unit.
    pub own_2: f64,
    /// To the nearest edge of another unit, and that unit. The lowest index wins a tie.
    pub other: Option<(f64, u16)>,
}

/// The grid; see the module's documentation.
#[derive(Debug)]
pub(super) struct Grid {
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

/// There would be more (edge, cell) pairs than [`MAX_PAIRS`].
#[derive(Debug)]
pub(super) struct TooLarge;

impl Grid {
    /// Builds the index over units; the order of the units decides ties.
    pub(super) fn build(units: &[Unit]) -> Result<Self, TooLarge> {
        let mut grid = Self::layout(units);
        let mut found = Vec::new();
        let mut rings = Vec::new();
        for (unit, u) in units.iter().enumerate() {
            for polygon in &u.shape.0 {
                let exterior = rings.len() as u32;
                for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                    let number = rings.len() as u32;
                    rings.push(Ring { line: ring, unit: unit as u16, exterior });
                    grid.place_ring(number, ring, &mut found)?;
                }
            }
        }
        found.sort_unstable_by_key(|f| (f.cell, f.ring, f.edge));
        for cell in found.chunk_by(|a, b| a.cell == b.cell) {
            grid.fill_cell(cell, &rings);
        }
        grid.entries.shrink_to_fit();
        grid.edges.shrink_to_fit();
        Ok(grid)
    }

    /// The unit that covers the point, boundary included. The lowest index wins.
    #[inline]
    pub(super) fn owner(&self, x: f64, y: f64) -> Option<u16> {
        let (col, row) = self.cell_of(x, y)?;
        match self.cells[row * self.cols + col] {
            EMPTY => None,
            cell if cell & BORDER == 0 => Some((cell - 1) as u16),
            cell => self.covering((cell & !BORDER) as usize, col, x, y, row).next(),
        }
    }

    /// The lowest unit other than `owner` that covers the point.
    pub(super) fn second_owner(&self, x: f64, y: f64, owner: u16) -> Option<u16> {
        let (col, row) = self.cell_of(x, y)?;
        let cell = self.cells[row * self.cols + col];
        if cell & BORDER == 0 {
            return None;
        }
        self.covering((cell & !BORDER) as usize, col, x, y, row).find(|&u| u != owner)
    }

    /// Distances to the edges within [`REACH_M`] of `p`. Edges farther away may be missing.
    pub(super) fn near(&self, p: LonLat, unit: u16) -> Near {
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
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.cells[..]) + size_of_val(&self.entries[..]) + size_of_val(&self.edges[..])
    }

    fn layout(units: &[Unit]) -> Self {
        let bounds = units
            .iter()
            .filter_map(|u| u.shape.bounding_rect())
            .reduce(|a, b| {
                Rect::new(
                    Coord { x: a.min().x.min(b.min().x), y: a.min().y.min(b.min().y) },
                    Coord { x: a.max().x.max(b.max().x), y: a.max().y.max(b.max().y) },
                )
            })
            .unwrap_or_else(|| Rect::new(Coord { x: 0.0, y: 0.0 }, Coord { x: 0.0, y: 0.0 }));
        let (kx, ky) = metres_per_degree(bounds.center().y);
        // A lower bound, or a city at a pole would have no cells.
        let kx = kx.max(1_000.0);
        let wanted = (bounds.width() * kx / CELL_M + 3.0) * (bounds.height() * ky / CELL_M + 3.0);
        let side = CELL_M * (wanted / MAX_CELLS).sqrt().max(1.0);
        let (w, h) = (side / kx, side / ky);
        // A margin of one cell on every side, so that no point of a ward lies on the edge of the
        // grid.
        let cols = (bounds.width() / w) as usize + 3;
        let rows = (bounds.height() / h) as usize + 3;
        Self {
            x0: bounds.min().x - w,
            y0: bounds.min().y - h,
            w,
            h,
            cols,
            rows,
            cells: vec![EMPTY; cols * rows],
            entries: Vec::new(),
            edges: Vec::new(),
        }
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

    /// Finds the cells that a ring's edges touch, and the cells inside it that they do not touch.
    fn place_ring(
        &self,
        number: u32,
        ring: &LineString<f64>,
        found: &mut Vec<Found>,
    ) -> Result<(), TooLarge> {
        let first = found.len();
        let Some(bounds) = ring.bounding_rect() else { return Ok(()) };
        let Some((c0, r0)) = self.cell_of(bounds.min().x, bounds.min().y) else { return Ok(()) };
        let Some((c1, r1)) = self.cell_of(bounds.max().x, bounds.max().y) else { return Ok(()) };
        // For each row, the edges that cross the horizontal line through its centres.
        let mut level = vec![Vec::new(); r1 - r0 + 1];
        for (edge, line) in ring.0.windows(2).enumerate() {
            let e = Edge { ax: line[0].x, ay: line[0].y, bx: line[1].x, by: line[1].y };
            self.place_edge(e, |cell| {
                found.push(Found { cell, ring: number, edge: edge as u32, winding: 0 });
            });
            if found.len() > MAX_PAIRS {
                return Err(TooLarge);
            }
            let (low, high) = (e.ay.min(e.by), e.ay.max(e.by));
            for row in clamped_range(low, high, self.y0, self.h, self.rows) {
                if e.straddles_y(self.centre_y(row)) {
                    level[row - r0].push(e);
                }
            }
        }
        found[first..].sort_unstable_by_key(|f| f.cell);
        let mut touched = std::mem::take(found);
        let mut next = first;
        let edges_end = touched.len();
        for row in r0..=r1 {
            for col in c0..=c1 {
                let cell = (row * self.cols + col) as u32;
                let winding = winding(&level[row - r0], self.centre_x(col), self.centre_y(row));
                let here = next;
                while next < edges_end && touched[next].cell == cell {
                    touched[next].winding = winding;
                    next += 1;
                }
                if next == here && winding != 0 {
                    touched.push(Found { cell, ring: number, edge: WHOLE, winding });
                }
            }
        }
        debug_assert_eq!(next, edges_end, "every edge lies in the cells of its ring's box");
        *found = touched;
        if found.len() > MAX_PAIRS { Err(TooLarge) } else { Ok(()) }
    }

    /// Visits every cell that an edge may touch. Extra cells are allowed, missing ones are not.
    fn place_edge(&self, e: Edge, mut put: impl FnMut(u32)) {
        let cols = |low, high| clamped_range(low, high, self.x0, self.w, self.cols);
        let (left, right) = (e.ax.min(e.bx), e.ax.max(e.bx));
        let rows = clamped_range(e.ay.min(e.by), e.ay.max(e.by), self.y0, self.h, self.rows);
        let all = cols(left, right);
        let short = rows.end() - rows.start() < 2 || all.end() - all.start() < 2;
        for row in rows {
            let here = if short {
                all.clone()
            } else {
                // The part of a long edge inside this row, with a margin far above rounding errors.
                let margin = 1e-6;
                let south = self.y0 + (row as f64 - margin) * self.h;
                let north = self.y0 + (row as f64 + 1.0 + margin) * self.h;
                let at = |y: f64| e.ax + (e.bx - e.ax) * ((y - e.ay) / (e.by - e.ay)).clamp(0.0, 1.0);
                let (p, q) = (at(south), at(north));
                let slack = margin * self.w;
                cols((p.min(q) - slack).max(left), (p.max(q) + slack).min(right))
            };
            for col in here {
                put((row * self.cols + col) as u32);
            }
        }
    }

    fn fill_cell(&mut self, found: &[Found], rings: &[Ring<'_>]) {
        let cell = found[0].cell as usize;
        if let [only] = found
            && only.edge == WHOLE
        {
            let ring = &rings[only.ring as usize];
            if ring.exterior == only.ring {
                self.cells[cell] = u32::from(ring.unit) + 1;
            }
            return;
        }
        self.cells[cell] = BORDER | self.entries.len() as u32;
        let centre_x = self.centre_x(cell % self.cols);
        let mut exterior = None;
        for group in found.chunk_by(|a, b| a.ring == b.ring) {
            let ring = &rings[group[0].ring as usize];
            let role = if ring.exterior == group[0].ring {
                exterior = Some(group[0].ring);
                Role::Exterior
            } else if exterior == Some(ring.exterior) {
                Role::Hole
            } else {
                Role::Orphan
            };
            let start = self.edges.len();
            let edges = group.iter().filter(|f| f.edge != WHOLE).map(|f| {
                let line = &ring.line.0[f.edge as usize..][..2];
                Edge { ax: line[0].x, ay: line[0].y, bx: line[1].x, by: line[1].y }
            });
            self.edges.extend(edges.clone().filter(|e| e.straddles_x(centre_x)));
            let meridian = self.edges.len() - start;
            self.edges.extend(edges.filter(|e| !e.straddles_x(centre_x)));
            self.entries.push(Entry {
                start: start as u32,
                len: (self.edges.len() - start) as u32,
                meridian: meridian as u32,
                winding: group[0].winding,
                unit: ring.unit,
                role,
                last: false,
            });
        }
        self.entries.last_mut().expect("a cell that was found has an entry").last = true;
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

/// A ring in build order: unit by unit, polygon by polygon, each exterior before its holes.
struct Ring<'a> {
    line: &'a LineString<f64>,
    unit: u16,
    /// Number of the exterior of the same polygon; an exterior has its own number.
    exterior: u32,
}

/// One edge of a ring in one cell, or a cell entirely inside a ring.
struct Found {
    cell: u32,
    ring: u32,
    /// Index in the ring, or [`WHOLE`].
    edge: u32,
    winding: i32,
}

const WHOLE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;
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
