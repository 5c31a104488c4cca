//! The cells in and around a tile: their weights, the seeds among them, and the seed that each cell
//! joins.
//!
//! Cells are anchored to the world and grouped in blocks of six by six, with four colours in a
//! checkerboard pattern. Colour by colour, the heaviest cell of each block that is not yet covered
//! becomes a seed and covers all cells within 48 px. Blocks of one colour are too far apart to
//! affect each other. So the result at a cell depends only on a neighbourhood of fixed size, and
//! each tile can be made alone. Not here: what the seeds stand for (cluster, members).

use std::ops::Range;

use crate::geo::TileId;
use crate::geo::morton::{self, Window};
use crate::map::cluster::matched::Matched;
use crate::map::index::Part;
use crate::map::index::select::Select;

/// A 512 px tile is 2^6 cells wide, so a cell is 8 px.
pub(in crate::map) const TILE_BITS: u32 = 6;
const TILE: i32 = 1 << TILE_BITS;
/// Seeds are more than this many cells apart, so symbols are at least 40 px apart.
const R: i32 = 5;
/// Cells per side of the square that a seed covers.
const AROUND: usize = (2 * R + 1) as usize;
/// Cells per side of a block. One more than R, so that a seed covers its whole block.
const BLOCK_CELLS: i32 = R + 1;
/// The tile may depend on seeds up to this many cells away: the seeds of members within R of a seed
/// in it.
const NEAR: i32 = 2 * R;
/// Cells per side of a pair of blocks, after which the colours repeat.
const PAIR: i32 = 2 * BLOCK_CELLS;
/// How far east and west, in cells, a block depends on blocks of earlier colours beyond the pairs
/// of near blocks. To the north and south the dependency stays inside the pairs, because only one
/// step of the colour order changes the row.
const CHAIN: i32 = PAIR;
/// How far east and west of a tile, in cells, its content may depend on, for any alignment with the
/// blocks.
pub(in crate::map) const HALO: i32 = halo(CHAIN);
/// The same to the north and south.
pub(in crate::map) const HALO_Y: i32 = halo(0);
/// Rows are looked up in pieces of this many cells per side. This needs fewer searches than cell by
/// cell and skips rows outside the neighbourhood.
const PIECE_BITS: u32 = 3;
const PIECE: i32 = 1 << PIECE_BITS;
/// Cells from the grid's edge to the tile: whole pieces, so that a piece is either inside the grid
/// or outside.
const EDGE_X: i32 = (HALO + PIECE - 1) / PIECE * PIECE;
const EDGE_Y: i32 = (HALO_Y + PIECE - 1) / PIECE * PIECE;
const WIDTH: usize = (TILE + 2 * EDGE_X) as usize;
const HEIGHT: usize = (TILE + 2 * EDGE_Y) as usize;
/// Rows of the tile's seeds lie within this many cells of the tile: the nearest whole pieces.
const SHARED: i32 = PIECE;
/// Cells around a tile that the seeds in [`NEAR`] may claim: whole pieces.
const CLAIMED: i32 = (NEAR + R + PIECE - 1) / PIECE * PIECE;
/// Cells per side of the square of claims.
const CLAIMS: usize = (TILE + 2 * CLAIMED) as usize;
/// Offsets of a piece's cells, in Morton order, from its first cell: on the grid, and in the square
/// of claims.
const ON_GRID: [u16; (PIECE * PIECE) as usize] = in_piece(WIDTH);
const IN_CLAIMS: [u16; (PIECE * PIECE) as usize] = in_piece(CLAIMS);

const fn in_piece(width: usize) -> [u16; (PIECE * PIECE) as usize] {
    let mut out = [0; (PIECE * PIECE) as usize];
    let mut code = 0;
    while code < out.len() {
        let (x, y) = morton::deinterleave(code as u64);
        out[code] = (y as usize * width + x as usize) as u16;
        code += 1;
    }
    out
}

/// The weights of the cells in and around a tile.
pub(in crate::map) struct Grid {
    bits: u32,
    /// World cell of the grid's corner; it may lie outside the world.
    origin: (i32, i32),
    /// The columns and rows of world cells that the tile may depend on: whole blocks, inside the
    /// grid.
    neighbourhood: (Range<i32>, Range<i32>),
    /// Weights of the cells; 0 once a seed covers the cell.
    weight: Vec<u32>,
}

/// The matching rows of one part that lie on the grid.
pub(in crate::map) struct Gathered<'a> {
    pub(in crate::map) rows: Matched<'a>,
    /// The runs in and next to the tile; they include all rows of the tile's seeds.
    pub(in crate::map) runs: Vec<Run>,
}

/// Consecutive rows of one cell.
pub(in crate::map) struct Run {
    /// The cell in the square of claims.
    pub(in crate::map) cell: u16,
    pub(in crate::map) start: u32,
    pub(in crate::map) end: u32,
}

/// No owner: the cell is too far from the tile to matter, or no seed covers it.
pub(in crate::map) const NOBODY: u16 = u16::MAX;

impl Grid {
    pub(in crate::map) fn new(tile: TileId) -> Self {
        let (west, north) = (tile.x() as i32 * TILE, tile.y() as i32 * TILE);
        Self {
            bits: u32::from(tile.z()) + TILE_BITS,
            origin: (west - EDGE_X, north - EDGE_Y),
            neighbourhood: (neighbourhood(west, CHAIN), neighbourhood(north, 0)),
            weight: vec![0; WIDTH * HEIGHT],
        }
    }

    /// The part of the neighbourhood inside the world; x does not wrap.
    fn window(&self) -> Window {
        let end = 1_i32 << self.bits;
        let first = |v: &Range<i32>| v.start.max(0) as u32;
        let last = |v: &Range<i32>| (v.end.min(end) - 1) as u32;
        let (x, y) = &self.neighbourhood;
        Window { bits: self.bits, x0: first(x), y0: first(y), x1: last(x), y1: last(y) }
    }

    fn cell(x: usize, y: usize) -> usize {
        y * WIDTH + x
    }

    pub(in crate::map) fn in_tile((x, y): (usize, usize)) -> bool {
        let inside = |v: usize, edge: i32| (edge..edge + TILE).contains(&(v as i32));
        inside(x, EDGE_X) && inside(y, EDGE_Y)
    }

    /// The world cell of a seed. Seeds have rows, so they lie inside the world.
    pub(in crate::map) fn world(&self, (x, y): (usize, usize)) -> (u32, u32) {
        ((self.origin.0 + x as i32) as u32, (self.origin.1 + y as i32) as u32)
    }

    /// Index of a world cell in the square of claims; `None` if it is outside.
    pub(in crate::map) fn claimed(&self, (x, y): (u32, u32)) -> Option<u16> {
        let (x, y) = (x as i32 - self.origin.0, y as i32 - self.origin.1);
        let inside = |v: i32, edge: i32| (edge - CLAIMED..edge + TILE + CLAIMED).contains(&v);
        (inside(x, EDGE_X) && inside(y, EDGE_Y)).then(|| claim((x, y)))
    }

    /// Adds the matching rows of a part to the weights.
    pub(in crate::map) fn gather<'a>(&mut self, part: Part<'a>, select: &Select<'_>) -> Gathered<'a> {
        let mut rows = Matched::none(part, select);
        let mut runs = Vec::new();
        let mut cells = part.rows.cells(self.bits);
        for range in self.window().coarser(PIECE_BITS).ranges() {
            let found = cells.find(range);
            if found.rows.is_empty() {
                continue;
            }
            let dead = rows.mark(select, found.rows.clone());
            let (mut piece, mut corner, mut shared) = (u64::MAX, 0, None);
            cells.each(&found, |code, run| {
                let (in_piece, above) = (code as usize % ON_GRID.len(), code >> (2 * PIECE_BITS));
                if piece != above {
                    piece = above;
                    (corner, shared) = self.corner(above);
                }
                let n = rows.count(&run, dead);
                if n > 0 {
                    self.weight[corner + usize::from(ON_GRID[in_piece])] += n;
                    if let Some(corner) = shared {
                        let cell = corner + IN_CLAIMS[in_piece];
                        runs.push(Run { cell, start: run.start as u32, end: run.end as u32 });
                    }
                }
            });
        }
        Gathered { rows, runs }
    }

    /// The first cell of a piece that touches the neighbourhood. The second value is its index in
    /// the square of claims, if the piece may hold rows of the tile's seeds.
    fn corner(&self, piece: u64) -> (usize, Option<u16>) {
        let (x, y) = morton::deinterleave(piece);
        let (x, y) = (x as i32 * PIECE - self.origin.0, y as i32 * PIECE - self.origin.1);
        let near = |v: i32, edge: i32| (edge - SHARED..edge + TILE + SHARED).contains(&v);
        let shared = near(x, EDGE_X) && near(y, EDGE_Y);
        (Self::cell(x as usize, y as usize), shared.then(|| claim((x, y))))
    }

    /// The seeds of the neighbourhood, in world order. Those near its edge may be wrong, because
    /// their surroundings are missing; nothing in the tile depends on them.
    pub(in crate::map) fn seeds(&mut self) -> Vec<(usize, usize)> {
        let blocks = |on: &Range<i32>| on.start / BLOCK_CELLS..on.end / BLOCK_CELLS;
        let first = |block: i32, origin: i32| (block * BLOCK_CELLS - origin) as usize;
        let (columns, rows) = (blocks(&self.neighbourhood.0), blocks(&self.neighbourhood.1));
        let mut out = Vec::new();
        for colour in 0..4 {
            for by in rows.clone().filter(|by| by & 1 == colour >> 1) {
                for bx in columns.clone().filter(|bx| bx & 1 == colour & 1) {
                    let seed = self.heaviest((first(bx, self.origin.0), first(by, self.origin.1)));
                    if let Some(seed) = seed {
                        self.cover(seed);
                        out.push(seed);
                    }
                }
            }
        }
        out.sort_unstable_by_key(|&(x, y)| (y, x));
        out
    }

    /// Sets the weight of the cells that a seed covers to 0, clipped to the grid.
    fn cover(&mut self, (x, y): (usize, usize)) {
        let r = R as usize;
        for y in y.saturating_sub(r)..(y + r + 1).min(HEIGHT) {
            let row = &mut self.weight[y * WIDTH..(y + 1) * WIDTH];
            // Usually the square is not clipped; then its width is a constant.
            match row.get_mut(x.wrapping_sub(r)..).and_then(|row| row.first_chunk_mut::<AROUND>()) {
                Some(all) => *all = [0; AROUND],
                None => row[x.saturating_sub(r)..(x + r + 1).min(WIDTH)].fill(0),
            }
        }
    }

    /// The heaviest cell of a block, given the block's first cell; `None` if the block has no rows.
    fn heaviest(&self, (left, top): (usize, usize)) -> Option<(usize, usize)> {
        let row = |y: usize| {
            let cells = self.weight[Self::cell(left, y)..].first_chunk::<{ BLOCK_CELLS as usize }>();
            cells.expect("all blocks of the neighbourhood are on the grid")
        };
        let rows = top..top + BLOCK_CELLS as usize;
        let mut columns = [0; BLOCK_CELLS as usize];
        for y in rows.clone() {
            columns.iter_mut().zip(row(y)).for_each(|(most, &weight)| *most = weight.max(*most));
        }
        let most = columns.into_iter().max().filter(|&most| most > 0)?;
        // One bit for each cell with the maximal weight; usually there is one.
        let bits = rows
            .flat_map(row)
            .zip(0..)
            .fold(0_u64, |bits, (&weight, n)| bits | u64::from(weight == most) << n);
        let cell =
            |n: u32| (left + (n as usize % BLOCK_CELLS as usize), top + (n as usize / BLOCK_CELLS as usize));
        if bits.is_power_of_two() {
            return Some(cell(bits.trailing_zeros()));
        }
        (0..u64::BITS).filter(|n| bits >> n & 1 == 1).map(cell).max_by_key(|&cell| tie(self.world(cell)))
    }
}

/// Index in the square of claims of a grid cell that lies in it.
pub(in crate::map) fn claim((x, y): (i32, i32)) -> u16 {
    let (x, y) = (x - EDGE_X + CLAIMED, y - EDGE_Y + CLAIMED);
    (y as usize * CLAIMS + x as usize) as u16
}

/// The seed that each cell near a tile joins: the nearest one that covers it, in a tie the first in
/// world order.
pub(in crate::map) struct Owners {
    /// The smallest claim on each cell: the squared distance, then the seed.
    claims: Vec<i16>,
    /// The numbers given for the seeds.
    numbers: [u16; CLAIMANTS],
}

/// The bits of a claim that identify the seed.
const CLAIMANT_BITS: u32 = 9;
/// More than the number of blocks near a tile; each block has at most one seed.
const CLAIMANTS: usize = 1 << CLAIMANT_BITS;
const UNCLAIMED: i16 = i16::MAX;
/// Differences between a seed's claims on the cells along a row of its square.
const ALONG: [i16; AROUND] = {
    let (mut out, mut x) = ([0; AROUND], 0);
    while x < out.len() {
        out[x] = ((x as i32 - R).pow(2) << CLAIMANT_BITS) as i16;
        x += 1;
    }
    out
};

impl Owners {
    /// Takes seeds in world order and a number for each; numbers may repeat.
    pub(in crate::map) fn new(seeds: impl Iterator<Item = ((usize, usize), u16)>) -> Self {
        let mut out = Self { claims: vec![UNCLAIMED; CLAIMS * CLAIMS], numbers: [NOBODY; CLAIMANTS] };
        let near = |v: usize, edge: i32| (edge - NEAR..edge + TILE + NEAR).contains(&(v as i32));
        let in_reach = seeds.filter(|&((x, y), _)| near(x, EDGE_X) && near(y, EDGE_Y));
        for (((x, y), number), claimant) in in_reach.zip(0_i16..) {
            out.numbers[claimant as usize] = number;
            let corner = usize::from(claim((x as i32 - R, y as i32 - R)));
            for (row, up) in out.claims[corner..].chunks_mut(CLAIMS).zip(ALONG) {
                for (claim, along) in row.iter_mut().zip(ALONG) {
                    *claim = (up + along + claimant).min(*claim);
                }
            }
        }
        out
    }

    /// The number of the seed that a cell of the square of claims joins, or [`NOBODY`].
    pub(in crate::map) fn of(&self, cell: u16) -> u16 {
        self.numbers[self.claims[usize::from(cell)] as usize % CLAIMANTS]
    }
}

/// The most cells that the neighbourhood extends beyond a tile on any side. A tile can start at
/// three offsets within a pair of blocks.
const fn halo(chain: i32) -> i32 {
    let (mut most, mut first) = (0, 0);
    while first < 3 * TILE {
        let Range { start, end } = neighbourhood(first, chain);
        let (before, after) = (first - start, end - (first + TILE));
        most = if before > most { before } else { most };
        most = if after > most { after } else { most };
        first += TILE;
    }
    most
}

/// The columns of cells that a tile may depend on, given its first column: the near ones, widened
/// to pairs of blocks (both ends are even columns of blocks, which have the first colours), and on
/// each side the rest of the chain. The same for rows.
const fn neighbourhood(first: i32, chain: i32) -> Range<i32> {
    let start = (first - NEAR).div_euclid(PAIR) * PAIR;
    let end = (first + TILE + NEAR - 1 + BLOCK_CELLS).div_euclid(PAIR) * PAIR + BLOCK_CELLS;
    start - chain..end + chain
}

/// Breaks ties between cells of equal weight by a fixed hash of the world cell (splitmix64), so
/// that seeds on uniform data do not line up with the grid.
pub(in crate::map) fn tie((x, y): (u32, u32)) -> u64 {
    let mut h = morton::interleave(x, y).wrapping_add(0x9e37_79b9_7f4a_7c15);
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}
