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
/// Cells around a tile that hold the seeds it may depend on: those of members within R of a seed in it.
const NEAR: i32 = 2 * R;
/// Cells that two blocks take: the colours of a row of blocks repeat after so many.
const PAIR: i32 = 2 * BLOCK_CELLS;
/// Cells that the chain of blocks of earlier colours reaches eastward and westward beyond the pairs of near
/// blocks; northward and southward it stays in them, as only one step of the order changes the row.
const CHAIN: i32 = PAIR;
/// Cells eastward and westward of a tile that its content may depend on, however it lies on the blocks.
pub(super) const HALO: i32 = halo(CHAIN);
/// The same northward and southward.
pub(super) const HALO_Y: i32 = halo(0);
/// Cells a side of the pieces that rows are looked up in: fewer searches than cell by cell, and what
/// lies beside the ground is skipped.
const PIECE_BITS: u32 = 3;
const PIECE: i32 = 1 << PIECE_BITS;
/// Cells from the grid's edge to the tile: whole pieces, so that a piece is on the grid or beside it.
const EDGE_X: i32 = (HALO + PIECE - 1) / PIECE * PIECE;
const EDGE_Y: i32 = (HALO_Y + PIECE - 1) / PIECE * PIECE;
const WIDTH: usize = (TILE + 2 * EDGE_X) as usize;
const HEIGHT: usize = (TILE + 2 * EDGE_Y) as usize;
/// Where the cells of a piece, in Morton order, stand from its first.
const IN_PIECE: [u16; (PIECE * PIECE) as usize] = {
    let mut out = [0; (PIECE * PIECE) as usize];
    let mut code = 0;
    while code < out.len() {
        let (x, y) = morton::deinterleave(code as u64);
        out[code] = Grid::cell(x as usize, y as usize) as u16;
        code += 1;
    }
    out
};
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
    let mut shown = Vec::new();
    let owners = Grid::owners(seeds.into_iter().map(|seed| {
        if !Grid::in_tile(seed) {
            return (seed, NOBODY);
        }
        shown.push(seed);
        (seed, (shown.len() - 1) as u16)
    }));
    let mut totals = Totals::new(&shown, snapshot.categories());
    for (part, g) in gathered.iter().enumerate() {
        totals.add(part, g, &owners);
    }
    let symbol = |(n, &seed)| totals.symbol(n, &gathered, grid.world(seed), tile.z(), top);
    shown.iter().enumerate().map(symbol).collect()
}

/// The cells in and around a tile: how heavy each is.
pub(super) struct Grid {
    bits: u32,
    /// World cell of the corner; may lie outside the world.
    origin: (i32, i32),
    /// The columns and rows of world cells that the tile may depend on: whole blocks, on the grid.
    ground: (Range<i32>, Range<i32>),
    /// Of cells that no seed covers yet.
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

/// No owner: the cell is too far from the tile to matter, or no seed covers it.
pub(super) const NOBODY: u16 = u16::MAX;

impl Grid {
    pub(super) fn new(tile: TileId) -> Self {
        let (west, north) = (tile.x() as i32 * TILE, tile.y() as i32 * TILE);
        Self {
            bits: u32::from(tile.z()) + TILE_BITS,
            origin: (west - EDGE_X, north - EDGE_Y),
            ground: (ground(west, CHAIN), ground(north, 0)),
            weight: vec![0; WIDTH * HEIGHT],
        }
    }

    /// The ground inside the world; x does not wrap.
    fn window(&self) -> Window {
        let end = 1_i32 << self.bits;
        let first = |v: &Range<i32>| v.start.max(0) as u32;
        let last = |v: &Range<i32>| (v.end.min(end) - 1) as u32;
        let (x, y) = &self.ground;
        Window { bits: self.bits, x0: first(x), y0: first(y), x1: last(x), y1: last(y) }
    }

    const fn cell(x: usize, y: usize) -> usize {
        y * WIDTH + x
    }

    fn in_tile((x, y): (usize, usize)) -> bool {
        let inside = |v: usize, edge: i32| (edge..edge + TILE).contains(&(v as i32));
        inside(x, EDGE_X) && inside(y, EDGE_Y)
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
    pub(super) fn gather<'a>(&mut self, part: Part<'a>, select: &Select<'_>) -> Gathered<'a> {
        let mut rows = Matched::none(part, select);
        let mut runs = Vec::new();
        let mut from = 0;
        for range in self.window().coarser(PIECE_BITS).ranges() {
            let found = part.rows.find(range, from);
            from = found.end;
            if found.is_empty() {
                continue;
            }
            let dead = rows.mark(select, found.clone());
            let (mut piece, mut corner) = (u64::MAX, 0);
            part.rows.runs(found, self.bits, |code, run| {
                let (in_piece, above) = (code as usize % IN_PIECE.len(), code >> (2 * PIECE_BITS));
                if piece != above {
                    (piece, corner) = (above, self.corner(above));
                }
                let n = rows.count(&run, dead);
                if n > 0 {
                    let cell = corner + IN_PIECE[in_piece];
                    self.weight[usize::from(cell)] += n;
                    runs.push(Run { cell, start: run.start as u32, end: run.end as u32 });
                }
            });
        }
        Gathered { rows, runs }
    }

    /// The first cell of a piece, which touches the ground.
    fn corner(&self, piece: u64) -> u16 {
        let (x, y) = morton::deinterleave(piece);
        let on = |v: u32, origin: i32| (v as i32 * PIECE - origin) as usize;
        Self::cell(on(x, self.origin.0), on(y, self.origin.1)) as u16
    }

    /// The seeds on the ground, in world order. Near its edge they may be wrong for want of
    /// surroundings; nothing in the tile depends on those.
    pub(super) fn seeds(&mut self) -> Vec<(usize, usize)> {
        let blocks = |on: &Range<i32>| on.start / BLOCK_CELLS..on.end / BLOCK_CELLS;
        let cells = |block: i32, origin: i32| {
            let start = (block * BLOCK_CELLS - origin) as usize;
            start..start + BLOCK_CELLS as usize
        };
        let (columns, rows) = (blocks(&self.ground.0), blocks(&self.ground.1));
        let mut out = Vec::new();
        for colour in 0..4 {
            for by in rows.clone().filter(|by| by & 1 == colour >> 1) {
                for bx in columns.clone().filter(|bx| bx & 1 == colour & 1) {
                    let seed = self.heaviest(cells(bx, self.origin.0), cells(by, self.origin.1));
                    if let Some(seed) = seed {
                        let (xs, ys) = around(seed);
                        for y in ys {
                            self.weight[Self::cell(xs.start, y)..Self::cell(xs.end, y)].fill(0);
                        }
                        out.push(seed);
                    }
                }
            }
        }
        out.sort_unstable_by_key(|&(x, y)| (y, x));
        out
    }

    fn heaviest(&self, xs: Range<usize>, ys: Range<usize>) -> Option<(usize, usize)> {
        let mut best: Option<((u32, u64), (usize, usize))> = None;
        for y in ys {
            for x in xs.clone() {
                let weight = self.weight[Self::cell(x, y)];
                if weight == 0 || best.is_some_and(|(b, _)| weight < b.0) {
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

    /// The number, given with it, of the seed that each cell in reach of the tile joins: of the nearest
    /// that covers it, ties to the first in world order.
    pub(super) fn owners(seeds: impl Iterator<Item = ((usize, usize), u16)>) -> Vec<u16> {
        let mut owner = vec![NOBODY; WIDTH * HEIGHT];
        let mut distance = vec![u8::MAX; WIDTH * HEIGHT];
        let near = |v: usize, edge: i32| (edge - NEAR..edge + TILE + NEAR).contains(&(v as i32));
        for ((sx, sy), n) in seeds {
            if !near(sx, EDGE_X) || !near(sy, EDGE_Y) {
                continue;
            }
            let (xs, ys) = around((sx, sy));
            for y in ys {
                for x in xs.clone() {
                    let i = Self::cell(x, y);
                    let d = (x.abs_diff(sx).pow(2) + y.abs_diff(sy).pow(2)) as u8;
                    if d < distance[i] {
                        distance[i] = d;
                        owner[i] = n;
                    }
                }
            }
        }
        owner
    }
}

/// The most cells that the ground reaches beyond a tile on either side; tiles begin at three places of a pair.
const fn halo(chain: i32) -> i32 {
    let (mut most, mut first) = (0, 0);
    while first < 3 * TILE {
        let Range { start, end } = ground(first, chain);
        let (before, after) = (first - start, end - (first + TILE));
        most = if before > most { before } else { most };
        most = if after > most { after } else { most };
        first += TILE;
    }
    most
}

/// The columns of cells that a tile may depend on whose first column is this one: the near ones, widened
/// to pairs of blocks (even columns of blocks at both ends hold the colours that come first), and on each
/// side the rest of the chain. The same for rows.
const fn ground(first: i32, chain: i32) -> Range<i32> {
    let start = (first - NEAR).div_euclid(PAIR) * PAIR;
    let end = (first + TILE + NEAR - 1 + BLOCK_CELLS).div_euclid(PAIR) * PAIR + BLOCK_CELLS;
    start - chain..end + chain
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
    /// Their seeds' cells.
    seeds: Vec<u16>,
    states: Vec<[u32; STATES]>,
    categories: Vec<u32>,
    latest: Vec<i64>,
    seed_sum: Vec<(u64, u64, u64)>,
    /// The part and the place of any one row of the symbol; of the row itself if it is alone.
    row: Vec<(usize, usize)>,
}

impl Totals {
    fn new(shown: &[(usize, usize)], width: usize) -> Self {
        let symbols = shown.len();
        Self {
            width,
            seeds: shown.iter().map(|&(x, y)| Grid::cell(x, y) as u16).collect(),
            states: vec![[0; STATES]; symbols],
            categories: vec![0; symbols * width],
            latest: vec![i64::MIN; symbols],
            seed_sum: vec![(0, 0, 0); symbols],
            row: vec![(0, 0); symbols],
        }
    }

    /// Adds the rows of a part, by its number, to their symbols.
    fn add(&mut self, part: usize, g: &Gathered<'_>, owners: &[u16]) {
        let symbol = |run: &Run| owners[usize::from(run.cell)];
        let mut runs = g.runs.iter().peekable();
        while let Some(run) = runs.next() {
            let n = symbol(run);
            if n == NOBODY {
                continue;
            }
            let mut range = run.start as usize..run.end as usize;
            self.add_seed(n.into(), g, run);
            // Neighbours in Morton order mostly belong together: add them at one go.
            while let Some(next) = runs.next_if(|next| next.start as usize == range.end && symbol(next) == n)
            {
                range.end = next.end as usize;
                self.add_seed(n.into(), g, next);
            }
            self.add_rows(n.into(), part, g, range);
        }
    }

    /// Sums the positions if the run lies in the symbol's seed cell.
    fn add_seed(&mut self, n: usize, g: &Gathered<'_>, run: &Run) {
        if run.cell != self.seeds[n] {
            return;
        }
        let (sx, sy, count) = g.rows.sums(&(run.start as usize..run.end as usize));
        let sum = &mut self.seed_sum[n];
        *sum = (sum.0 + sx, sum.1 + sy, sum.2 + count);
    }

    fn add_rows(&mut self, n: usize, part: usize, g: &Gathered<'_>, range: Range<usize>) {
        let mut tally = Tally {
            states: &mut self.states[n],
            categories: &mut self.categories[n * self.width..(n + 1) * self.width],
            latest: &mut self.latest[n],
        };
        if let Some(first) = g.rows.tally(range, &mut tally) {
            self.row[n] = (part, first);
        }
    }

    fn symbol(&self, n: usize, parts: &[Gathered<'_>], cell: (u32, u32), zoom: u8, top: usize) -> Symbol {
        let (x, y, in_seed) = self.seed_sum[n];
        let at = Mercator { x: (x / in_seed) as u32, y: (y / in_seed) as u32 };
        let count = self.states[n].iter().map(|&c| u64::from(c)).sum();
        let kind = if count == 1 {
            let (part, at) = self.row[n];
            SymbolKind::Row(parts[part].rows.row(at))
        } else {
            SymbolKind::Cluster(Cluster {
                id: cluster_id(zoom, cell),
                count,
                states: self.states[n],
                top: most_frequent(&self.categories[n * self.width..(n + 1) * self.width], top),
                latest: Instant::from_ms(self.latest[n]),
            })
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
