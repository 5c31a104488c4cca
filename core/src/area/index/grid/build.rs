//! Builds the index: which cells the edges of every ring touch, and the winding numbers around the centres of those
//! cells.

use geo::{BoundingRect, Coord, LineString, Rect};

use super::{BORDER, EMPTY, Entry, Grid, Role, clamped_range};
use crate::area::index::edge::{Edge, winding};
use crate::area::unit::Unit;
use crate::geo::metres_per_degree;

/// Side of a cell in metres, unless the city is so large that there would be too many cells.
/// Fastest in a measurement on 168 wards with 217,000 vertices: smaller cells cost more memory than
/// they save edges.
const CELL_M: f64 = 250.0;
/// Cell limit, at 4 bytes per cell. The side grows until the grid fits.
const MAX_CELLS: f64 = 4e6;
/// Limit of (edge, cell) pairs. It bounds the memory that a hostile file with long edges can use.
const MAX_PAIRS: usize = 20_000_000;

/// A ring in build order: unit by unit, polygon by polygon, each exterior before its holes.
struct Ring<'a> {
    line: &'a LineString<f64>,
    unit: u16,
    /// Number of the exterior of the same polygon; an exterior has its own number.
    exterior: u32,
}

/// One edge of a ring in one cell, or a cell entirely inside a ring.
#[derive(Clone, Copy)]
struct Found {
    cell: u32,
    ring: u32,
    /// Index in the ring, or [`WHOLE`].
    edge: u32,
    winding: i32,
}

const WHOLE: u32 = u32::MAX;

/// There would be more (edge, cell) pairs than [`MAX_PAIRS`].
#[derive(Debug)]
pub(in crate::area) struct TooLarge;

/// In the order of their slots; what is in one slot stays in its order. There are few slots beside what was found, so
/// it is counted, not compared.
fn in_order(found: &[Found], slots: usize, slot: impl Fn(&Found) -> usize) -> Vec<Found> {
    let mut next = vec![0_u32; slots + 1];
    for f in found {
        next[slot(f) + 1] += 1;
    }
    for slot in 0..slots {
        next[slot + 1] += next[slot];
    }
    let mut sorted = found.to_vec();
    for f in found {
        let at = &mut next[slot(f)];
        sorted[*at as usize] = *f;
        *at += 1;
    }
    sorted
}

impl Grid {
    /// Builds the index over units; the order of the units decides ties.
    pub(in crate::area) fn build(units: &[Unit]) -> Result<Self, TooLarge> {
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
        // Of one cell they are in the order of rings and edges already.
        let found = in_order(&found, grid.cells.len(), |f| f.cell as usize);
        for cell in found.chunk_by(|a, b| a.cell == b.cell) {
            grid.fill_cell(cell, &rings);
        }
        grid.entries.shrink_to_fit();
        grid.edges.shrink_to_fit();
        Ok(grid)
    }

    pub(super) fn layout(units: &[Unit]) -> Self {
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
        let (rows, cols) = (r1 - r0 + 1, c1 - c0 + 1);
        let slot = |f: &Found| (f.cell as usize / self.cols - r0) * cols + f.cell as usize % self.cols - c0;
        let mut touched = in_order(&found[first..], rows * cols, slot);
        found.truncate(first);
        let mut next = 0;
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
        found.append(&mut touched);
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
}
