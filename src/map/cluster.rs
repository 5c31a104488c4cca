//! Which symbols a tile shows: coloured block greedy over 8 px cells of the world.
//!
//! A pure function of (rows, filter, zoom), independent of the order of the rows. Cells are
//! anchored to the world; in blocks of six cells, coloured like a chessboard of four colours, the
//! heaviest cell not yet covered becomes a seed and covers everything nearer than 48 px. Blocks of
//! one colour are too far apart to touch, so the outcome at a place depends only on a fixed
//! surrounding, and any tile can be made alone.
//! Not here: how symbols are written (tile), what a cluster holds in full (its own resource).

use std::ops::Range;

use super::columns::{STATES, Tally};
use super::index::{Part, Snapshot};
use super::matched::Matched;
use super::select::Select;
use crate::domain::view::MapRow;
use crate::domain::{Instant, State, Status};
use crate::geo::morton::{self, Window};
use crate::geo::{Mercator, TileId};
use crate::query::Filter;

/// A 512 px tile is 2^6 cells wide, so a cell is 8 px.
pub(super) const TILE_BITS: u32 = 6;
const TILE: i32 = 1 << TILE_BITS;
/// Seeds are more than this many cells apart: 40 px between symbols at least.
const R: i32 = 5;
/// Cells along a block. One more than R, so that a seed covers its whole block.
const BLOCK_CELLS: i32 = R + 1;
/// Cells around a tile that its content may depend on: a member within R of its seed, that seed's
/// block, and a chain of blocks of the three earlier colours, 5 + 5 + 5 + 3 * 6.
pub const HALO: i32 = 33;
/// The same northward and southward: in the order of the colours only one step changes the row of
/// blocks, 5 + 5 + 5 + 6.
pub(super) const HALO_Y: i32 = 21;
const WIDTH: usize = (TILE + 2 * HALO) as usize;
const HEIGHT: usize = (TILE + 2 * HALO_Y) as usize;
/// Cluster ids begin here, above every row's id.
const FIRST_ID: u64 = 1 << 52;
/// The deepest zoom with clusters: its cells still have distinct safe-integer ids.
pub const MAX_ZOOM: u8 = 18;

/// What stands at one place of a tile.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    /// Where it stands: the row's point, or the centroid of the cluster's seed cell.
    pub at: Mercator,
    /// What it stands for.
    pub kind: SymbolKind,
}

/// One row or several.
#[derive(Clone, Debug, PartialEq)]
pub enum SymbolKind {
    /// A row that is alone.
    Row(MapRow),
    /// Two rows or more.
    Cluster(Cluster),
}

/// Several rows under one symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Names zoom and seed cell; a safe integer above every row's id.
    pub id: u64,
    /// How many rows.
    pub count: u64,
    /// How many of them in each state, by discriminant.
    pub states: [u32; STATES],
    /// The most frequent categories with their counts, most frequent first, ties by position.
    pub top: Vec<(u8, u32)>,
    /// The newest change among them.
    pub latest: Instant,
}

impl Cluster {
    /// How many rows have this status.
    pub fn with_status(&self, status: Status) -> u32 {
        State::ALL.iter().filter(|s| s.status() == status).map(|&s| self.states[s as usize]).sum()
    }
}

/// The id of the cluster seeded by a cell (column and row among 2^(zoom + 6)); zoom 0..=18.
pub fn cluster_id(zoom: u8, cell: (u32, u32)) -> u64 {
    let before = ((1_u64 << (2 * (u32::from(zoom) + TILE_BITS))) - 1) / 3;
    FIRST_ID + before + morton::interleave(cell.0, cell.1)
}

/// Zoom and seed cell that an id names; none if it is no cluster's id.
pub fn cluster_cell(id: u64) -> Option<(u8, (u32, u32))> {
    (0..=MAX_ZOOM).rev().find(|&z| id >= cluster_id(z, (0, 0))).and_then(|z| {
        let code = id - cluster_id(z, (0, 0));
        (code >> (2 * (u32::from(z) + TILE_BITS)) == 0).then(|| (z, morton::deinterleave(code)))
    })
}

/// The symbols of a tile, in world order of their cells (row by row). Each matching row with a
/// point is counted in exactly one symbol of exactly one tile of a zoom. `top` limits the
/// categories named by a cluster. Beyond [`MAX_ZOOM`] there are none.
pub fn symbols(snapshot: &Snapshot, filter: &Filter, tile: TileId, top: usize) -> Vec<Symbol> {
    if tile.z() > MAX_ZOOM {
        return Vec::new();
    }
    let select = Select::new(filter);
    let mut grid = Grid::new(tile);
    let gathered = snapshot.parts().map(|part| grid.gather(part, &select));
    if gathered.iter().all(|g| g.runs.is_empty()) {
        return Vec::new();
    }
    let seeds = grid.seeds();
    let owners = Grid::owners(&seeds);
    let shown: Vec<Option<usize>> = seeds
        .iter()
        .scan(0, |n, &(x, y)| Some(Grid::in_tile(x, y).then(|| std::mem::replace(n, *n + 1))))
        .collect();
    let mut totals = Totals::new(shown.iter().flatten().count(), snapshot.categories());
    for g in &gathered {
        totals.add(g, &seeds, &owners, &shown);
    }
    let visible = seeds.iter().zip(&shown).filter_map(|(s, n)| Some((*s, (*n)?)));
    visible.map(|(seed, n)| totals.symbol(n, grid.world(seed), tile.z(), top)).collect()
}

/// The cells in and around a tile: how heavy each is.
pub(super) struct Grid {
    bits: u32,
    /// World cell of the corner; may lie outside the world.
    origin: (i32, i32),
    weight: Vec<u32>,
}

/// The matching rows of one part that lie on the grid.
pub(super) struct Gathered<'a> {
    pub(super) rows: Matched<'a>,
    pub(super) runs: Vec<Run>,
}

/// Consecutive rows of one cell.
pub(super) struct Run {
    pub(super) cell: u16,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// No owner: the cell is too far from the tile to matter, or empty.
pub(super) const NOBODY: u16 = u16::MAX;

impl Grid {
    pub(super) fn new(tile: TileId) -> Self {
        Self {
            bits: u32::from(tile.z()) + TILE_BITS,
            origin: (tile.x() as i32 * TILE - HALO, tile.y() as i32 * TILE - HALO_Y),
            weight: vec![0; WIDTH * HEIGHT],
        }
    }

    /// The grid's ground inside the world; x does not wrap.
    fn window(&self) -> Window {
        let last = (1_i32 << self.bits) - 1;
        let clamp = |v: i32| v.clamp(0, last) as u32;
        Window {
            bits: self.bits,
            x0: clamp(self.origin.0),
            y0: clamp(self.origin.1),
            x1: clamp(self.origin.0 + WIDTH as i32 - 1),
            y1: clamp(self.origin.1 + HEIGHT as i32 - 1),
        }
    }

    fn cell(x: usize, y: usize) -> usize {
        y * WIDTH + x
    }

    fn in_tile(x: usize, y: usize) -> bool {
        let inside = |v: usize, halo: i32| (halo..halo + TILE).contains(&(v as i32));
        inside(x, HALO) && inside(y, HALO_Y)
    }

    /// The world cell of a seed; seeds hold rows, so they lie inside the world.
    pub(super) fn world(&self, (x, y): (usize, usize)) -> (u32, u32) {
        ((self.origin.0 + x as i32) as u32, (self.origin.1 + y as i32) as u32)
    }

    /// Where a world cell stands on the grid; none if beside it.
    pub(super) fn index(&self, (x, y): (u32, u32)) -> Option<usize> {
        let (x, y) = (x as i32 - self.origin.0, y as i32 - self.origin.1);
        let inside = (0..WIDTH as i32).contains(&x) && (0..HEIGHT as i32).contains(&y);
        inside.then(|| Self::cell(x as usize, y as usize))
    }

    /// Weighs the cells with the matching rows of a part.
    pub(super) fn gather<'a>(&mut self, part: Part<'a>, select: &Select) -> Gathered<'a> {
        let mut rows = Matched::none(part, select);
        let mut runs = Vec::new();
        let mut from = 0;
        // Ranges of cells eight times as wide: fewer searches, and what lies beside is skipped.
        for range in self.window().coarser(3).ranges() {
            let found = part.rows.find(range, from);
            from = found.end;
            if found.is_empty() {
                continue;
            }
            let dead = rows.mark(select, found.clone());
            part.rows.runs(found, self.bits, |cx, cy, run| {
                let (x, y) = (cx as i32 - self.origin.0, cy as i32 - self.origin.1);
                if !(0..WIDTH as i32).contains(&x) || !(0..HEIGHT as i32).contains(&y) {
                    return;
                }
                let n = rows.count(&run, dead);
                if n > 0 {
                    let cell = Self::cell(x as usize, y as usize);
                    self.weight[cell] += n;
                    runs.push(Run { cell: cell as u16, start: run.start as u32, end: run.end as u32 });
                }
            });
        }
        Gathered { rows, runs }
    }

    /// The seeds on the grid, in world order. Near its edge they may be wrong for want of
    /// surroundings; nothing in the tile depends on those.
    pub(super) fn seeds(&self) -> Vec<(usize, usize)> {
        let blocks = |origin: i32, len: usize| {
            origin.div_euclid(BLOCK_CELLS)..=(origin + len as i32 - 1).div_euclid(BLOCK_CELLS)
        };
        let cells = |block: i32, origin: i32, len: usize| {
            let start = block * BLOCK_CELLS - origin;
            start.max(0) as usize..(start + BLOCK_CELLS).min(len as i32) as usize
        };
        let mut covered = vec![false; WIDTH * HEIGHT];
        let mut out = Vec::new();
        for colour in 0..4 {
            for by in blocks(self.origin.1, HEIGHT).filter(|by| by & 1 == colour >> 1) {
                for bx in blocks(self.origin.0, WIDTH).filter(|bx| bx & 1 == colour & 1) {
                    let (xs, ys) = (cells(bx, self.origin.0, WIDTH), cells(by, self.origin.1, HEIGHT));
                    if let Some(seed) = self.heaviest(xs, ys, &covered) {
                        let (xs, ys) = around(seed);
                        for y in ys {
                            covered[Self::cell(xs.start, y)..Self::cell(xs.end, y)].fill(true);
                        }
                        out.push(seed);
                    }
                }
            }
        }
        out.sort_unstable_by_key(|&(x, y)| (y, x));
        out
    }

    fn heaviest(&self, xs: Range<usize>, ys: Range<usize>, covered: &[bool]) -> Option<(usize, usize)> {
        let mut best: Option<((u32, u64), (usize, usize))> = None;
        for y in ys {
            for x in xs.clone() {
                let i = Self::cell(x, y);
                let weight = self.weight[i];
                if weight == 0 || covered[i] || best.is_some_and(|(b, _)| weight < b.0) {
                    continue;
                }
                let rank = (weight, tie(self.world((x, y))));
                if best.is_none_or(|(b, _)| rank > b) {
                    best = Some((rank, (x, y)));
                }
            }
        }
        best.map(|b| b.1)
    }

    /// Which seed each cell in reach of the tile joins: the nearest that covers it, ties to the
    /// first in world order.
    pub(super) fn owners(seeds: &[(usize, usize)]) -> Vec<u16> {
        let mut owner = vec![NOBODY; WIDTH * HEIGHT];
        let mut distance = vec![u8::MAX; WIDTH * HEIGHT];
        let near = |v: usize, halo: i32| (halo - 2 * R..halo + TILE + 2 * R).contains(&(v as i32));
        for (n, &(sx, sy)) in seeds.iter().enumerate() {
            if !near(sx, HALO) || !near(sy, HALO_Y) {
                continue;
            }
            let (xs, ys) = around((sx, sy));
            for y in ys {
                for x in xs.clone() {
                    let i = Self::cell(x, y);
                    let d = (x.abs_diff(sx).pow(2) + y.abs_diff(sy).pow(2)) as u8;
                    if d < distance[i] {
                        distance[i] = d;
                        owner[i] = n as u16;
                    }
                }
            }
        }
        owner
    }
}

/// The cells a seed covers, cut to the grid.
fn around((x, y): (usize, usize)) -> (Range<usize>, Range<usize>) {
    let r = R as usize;
    (x.saturating_sub(r)..(x + r + 1).min(WIDTH), y.saturating_sub(r)..(y + r + 1).min(HEIGHT))
}

/// Breaks ties between equally heavy cells by a fixed hash of the world cell (splitmix64), so
/// that seeds on even data do not line up with the grid.
fn tie((x, y): (u32, u32)) -> u64 {
    let mut h = morton::interleave(x, y).wrapping_add(0x9e37_79b9_7f4a_7c15);
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// What the shown symbols add up to, side by side.
struct Totals {
    width: usize,
    states: Vec<[u32; STATES]>,
    categories: Vec<u32>,
    latest: Vec<i64>,
    seed_sum: Vec<(u64, u64, u64)>,
    /// Any one row of the symbol; the row itself if it is alone.
    row: Vec<Option<MapRow>>,
}

impl Totals {
    fn new(symbols: usize, width: usize) -> Self {
        Self {
            width,
            states: vec![[0; STATES]; symbols],
            categories: vec![0; symbols * width],
            latest: vec![i64::MIN; symbols],
            seed_sum: vec![(0, 0, 0); symbols],
            row: vec![None; symbols],
        }
    }

    /// Adds the rows of a part to their symbols.
    fn add(&mut self, g: &Gathered<'_>, seeds: &[(usize, usize)], owners: &[u16], shown: &[Option<usize>]) {
        let symbol = |run: &Run| match owners[usize::from(run.cell)] {
            NOBODY => None,
            seed => shown[usize::from(seed)],
        };
        let mut runs = g.runs.iter().peekable();
        while let Some(run) = runs.next() {
            let Some(n) = symbol(run) else { continue };
            let mut range = run.start as usize..run.end as usize;
            self.add_seed(n, g, run, seeds[usize::from(owners[usize::from(run.cell)])]);
            // Neighbours in Morton order mostly belong together: add them at one go.
            while let Some(next) =
                runs.next_if(|next| next.start as usize == range.end && symbol(next) == Some(n))
            {
                range.end = next.end as usize;
                self.add_seed(n, g, next, seeds[usize::from(owners[usize::from(next.cell)])]);
            }
            self.add_rows(n, g, range);
        }
    }

    /// Sums the positions if the run lies in the symbol's seed cell.
    fn add_seed(&mut self, n: usize, g: &Gathered<'_>, run: &Run, (x, y): (usize, usize)) {
        if usize::from(run.cell) != Grid::cell(x, y) {
            return;
        }
        let (sx, sy, count) = g.rows.sums(&(run.start as usize..run.end as usize));
        let sum = &mut self.seed_sum[n];
        *sum = (sum.0 + sx, sum.1 + sy, sum.2 + count);
    }

    fn add_rows(&mut self, n: usize, g: &Gathered<'_>, range: Range<usize>) {
        let mut tally = Tally {
            states: &mut self.states[n],
            categories: &mut self.categories[n * self.width..(n + 1) * self.width],
            latest: &mut self.latest[n],
        };
        let first = g.rows.tally(range, &mut tally);
        if self.row[n].is_none() {
            self.row[n] = first.map(|at| g.rows.row(at));
        }
    }

    fn symbol(&self, n: usize, cell: (u32, u32), zoom: u8, top: usize) -> Symbol {
        let (x, y, in_seed) = self.seed_sum[n];
        let at = Mercator { x: (x / in_seed) as u32, y: (y / in_seed) as u32 };
        let count = self.states[n].iter().map(|&c| u64::from(c)).sum();
        let kind = match self.row[n] {
            Some(row) if count == 1 => SymbolKind::Row(row),
            _ => SymbolKind::Cluster(Cluster {
                id: cluster_id(zoom, cell),
                count,
                states: self.states[n],
                top: most_frequent(&self.categories[n * self.width..(n + 1) * self.width], top),
                latest: Instant::from_ms(self.latest[n]),
            }),
        };
        Symbol { at, kind }
    }
}

fn most_frequent(counts: &[u32], top: usize) -> Vec<(u8, u32)> {
    let mut out: Vec<(u8, u32)> = Vec::with_capacity(top + 1);
    for (category, &count) in counts.iter().enumerate() {
        if count == 0 || top == 0 || out.len() == top && out[top - 1].1 >= count {
            continue;
        }
        let place = out.partition_point(|&(_, c)| c >= count);
        out.insert(place, (category as u8, count));
        out.truncate(top);
    }
    out
}

#[cfg(test)]
#[path = "cluster_laws.rs"]
mod laws;
