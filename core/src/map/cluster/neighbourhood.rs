//! The ground of a tile: how heavy its cells are, which of them are seeds, whose each cell is.
//!
//! Cells are anchored to the world; in blocks of six cells, coloured like a chessboard of four colours, the
//! heaviest cell not yet covered becomes a seed and covers everything nearer than 48 px. Blocks of one
//! colour are too far apart to touch, so the outcome at a place depends only on a fixed surrounding, and any
//! tile can be made alone. Not here: what the seeds stand for (cluster, members).

use std::ops::Range;

use crate::geo::TileId;
use crate::geo::morton::{self, Window};
use crate::map::cluster::matched::Matched;
use crate::map::index::Part;
use crate::map::index::select::Select;

/// A 512 px tile is 2^6 cells wide, so a cell is 8 px.
pub(in crate::map) const TILE_BITS: u32 = 6;
const TILE: i32 = 1 << TILE_BITS;
/// Seeds are more than this many cells apart: 40 px between symbols at least.
const R: i32 = 5;
/// Cells along the square that a seed covers.
const AROUND: usize = (2 * R + 1) as usize;
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
pub(in crate::map) const HALO: i32 = halo(CHAIN);
/// The same northward and southward.
pub(in crate::map) const HALO_Y: i32 = halo(0);
/// Cells a side of the pieces that rows are looked up in: fewer searches than cell by cell, and what
/// lies beside the ground is skipped.
const PIECE_BITS: u32 = 3;
const PIECE: i32 = 1 << PIECE_BITS;
/// Cells from the grid's edge to the tile: whole pieces, so that a piece is on the grid or beside it.
const EDGE_X: i32 = (HALO + PIECE - 1) / PIECE * PIECE;
const EDGE_Y: i32 = (HALO_Y + PIECE - 1) / PIECE * PIECE;
const WIDTH: usize = (TILE + 2 * EDGE_X) as usize;
const HEIGHT: usize = (TILE + 2 * EDGE_Y) as usize;
/// Cells around a tile that its seeds' rows may lie in: the nearest whole pieces.
const SHARED: i32 = PIECE;
/// Cells around a tile that the seeds in [`NEAR`] may claim: whole pieces.
const CLAIMED: i32 = (NEAR + R + PIECE - 1) / PIECE * PIECE;
/// Cells a side of the square of those.
const CLAIMS: usize = (TILE + 2 * CLAIMED) as usize;
/// Where the cells of a piece, in Morton order, stand from its first: on the grid, and in the square of claims.
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

/// The cells in and around a tile: how heavy each is.
pub(in crate::map) struct Grid {
    bits: u32,
    /// World cell of the corner; may lie outside the world.
    origin: (i32, i32),
    /// The columns and rows of world cells that the tile may depend on: whole blocks, on the grid.
    ground: (Range<i32>, Range<i32>),
    /// Of cells that no seed covers yet.
    weight: Vec<u32>,
}

/// The matching rows of one part that lie on the grid.
pub(in crate::map) struct Gathered<'a> {
    pub(in crate::map) rows: Matched<'a>,
    /// Those in and next to the tile: no seed of the tile has others.
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

    fn cell(x: usize, y: usize) -> usize {
        y * WIDTH + x
    }

    pub(in crate::map) fn in_tile((x, y): (usize, usize)) -> bool {
        let inside = |v: usize, edge: i32| (edge..edge + TILE).contains(&(v as i32));
        inside(x, EDGE_X) && inside(y, EDGE_Y)
    }

    /// The world cell of a seed; seeds hold rows, so they lie inside the world.
    pub(in crate::map) fn world(&self, (x, y): (usize, usize)) -> (u32, u32) {
        ((self.origin.0 + x as i32) as u32, (self.origin.1 + y as i32) as u32)
    }

    /// Where a world cell stands in the square of claims; none if beside it.
    pub(in crate::map) fn claimed(&self, (x, y): (u32, u32)) -> Option<u16> {
        let (x, y) = (x as i32 - self.origin.0, y as i32 - self.origin.1);
        let inside = |v: i32, edge: i32| (edge - CLAIMED..edge + TILE + CLAIMED).contains(&v);
        (inside(x, EDGE_X) && inside(y, EDGE_Y)).then(|| claim((x, y)))
    }

    /// Weighs the cells with the matching rows of a part.
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

    /// The first cell of a piece, which touches the ground; in the square of claims too, if the piece may hold
    /// rows of the tile's seeds.
    fn corner(&self, piece: u64) -> (usize, Option<u16>) {
        let (x, y) = morton::deinterleave(piece);
        let (x, y) = (x as i32 * PIECE - self.origin.0, y as i32 * PIECE - self.origin.1);
        let near = |v: i32, edge: i32| (edge - SHARED..edge + TILE + SHARED).contains(&v);
        let shared = near(x, EDGE_X) && near(y, EDGE_Y);
        (Self::cell(x as usize, y as usize), shared.then(|| claim((x, y))))
    }

    /// The seeds on the ground, in world order. Near its edge they may be wrong for want of
    /// surroundings; nothing in the tile depends on those.
    pub(in crate::map) fn seeds(&mut self) -> Vec<(usize, usize)> {
        let blocks = |on: &Range<i32>| on.start / BLOCK_CELLS..on.end / BLOCK_CELLS;
        let first = |block: i32, origin: i32| (block * BLOCK_CELLS - origin) as usize;
        let (columns, rows) = (blocks(&self.ground.0), blocks(&self.ground.1));
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

    /// Takes away the weight of the cells that a seed covers, cut to the grid.
    fn cover(&mut self, (x, y): (usize, usize)) {
        let r = R as usize;
        for y in y.saturating_sub(r)..(y + r + 1).min(HEIGHT) {
            let row = &mut self.weight[y * WIDTH..(y + 1) * WIDTH];
            // Mostly as many as there are: then their number is known beforehand.
            match row.get_mut(x.wrapping_sub(r)..).and_then(|row| row.first_chunk_mut::<AROUND>()) {
                Some(all) => *all = [0; AROUND],
                None => row[x.saturating_sub(r)..(x + r + 1).min(WIDTH)].fill(0),
            }
        }
    }

    /// The heaviest cell of a block, given its first, if any row is in it.
    fn heaviest(&self, (left, top): (usize, usize)) -> Option<(usize, usize)> {
        let row = |y: usize| {
            let cells = self.weight[Self::cell(left, y)..].first_chunk::<{ BLOCK_CELLS as usize }>();
            cells.expect("blocks of the ground are on the grid")
        };
        let rows = top..top + BLOCK_CELLS as usize;
        let mut columns = [0; BLOCK_CELLS as usize];
        for y in rows.clone() {
            columns.iter_mut().zip(row(y)).for_each(|(most, &weight)| *most = weight.max(*most));
        }
        let most = columns.into_iter().max().filter(|&most| most > 0)?;
        // A bit for each cell that is as heavy; mostly there is but one.
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

/// Where a cell of the grid stands in the square of claims, in which it lies.
pub(in crate::map) fn claim((x, y): (i32, i32)) -> u16 {
    let (x, y) = (x - EDGE_X + CLAIMED, y - EDGE_Y + CLAIMED);
    (y as usize * CLAIMS + x as usize) as u16
}

/// Which seed each cell in reach of a tile joins: the nearest that covers it, ties to the first in world order.
pub(in crate::map) struct Owners {
    /// The least claim on each cell: the square of the distance, then which seed.
    claims: Vec<i16>,
    /// The numbers given with the seeds.
    numbers: [u16; CLAIMANTS],
}

/// The bits of a claim that tell the seed.
const CLAIMANT_BITS: u32 = 9;
/// More than the blocks in reach of a tile, of which each has one seed at most.
const CLAIMANTS: usize = 1 << CLAIMANT_BITS;
const UNCLAIMED: i16 = i16::MAX;
/// What a seed's claims on the cells along a row of its square differ by.
const ALONG: [i16; AROUND] = {
    let (mut out, mut x) = ([0; AROUND], 0);
    while x < out.len() {
        out[x] = ((x as i32 - R).pow(2) << CLAIMANT_BITS) as i16;
        x += 1;
    }
    out
};

impl Owners {
    /// Of seeds in world order and numbers for them, which need not differ.
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

    /// The number given with the seed that a cell of the square of claims joins, or [`NOBODY`].
    pub(in crate::map) fn of(&self, cell: u16) -> u16 {
        self.numbers[self.claims[usize::from(cell)] as usize % CLAIMANTS]
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

/// Breaks ties between equally heavy cells by a fixed hash of the world cell (splitmix64), so
/// that seeds on even data do not line up with the grid.
pub(in crate::map) fn tie((x, y): (u32, u32)) -> u64 {
    let mut h = morton::interleave(x, y).wrapping_add(0x9e37_79b9_7f4a_7c15);
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}
