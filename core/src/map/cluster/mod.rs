//! The symbols of a tile: a greedy selection by coloured blocks over 8 px cells of the world.
//!
//! A pure function of (rows, filter, zoom), independent of the order of the rows. Not here: which
//! cells are seeds (neighbourhood), encoding of symbols (tile), all members of a cluster (members).

pub(in crate::map) mod heat;
pub(in crate::map) mod matched;
pub(in crate::map) mod members;
pub(in crate::map) mod neighbourhood;

use std::ops::Range;

use crate::domain::view::MapRow;
use crate::domain::{Instant, State, Status};
use crate::geo::{Mercator, TileId, morton};
use crate::map::cluster::neighbourhood::{Gathered, Grid, NOBODY, Owners, Run, TILE_BITS, claim};
use crate::map::index::Snapshot;
use crate::map::index::columns::{STATES, Tally};
use crate::map::index::select::Select;
use crate::query::Filter;

/// Cluster ids start here, above the id of every row.
const FIRST_ID: u64 = 1 << 52;
/// The last zoom with clusters: its cells still have distinct ids that are safe integers.
pub const MAX_ZOOM: u8 = 18;

/// A symbol of a tile.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    /// Its position: the row's point, or the centroid of the cluster's seed cell.
    pub at: Mercator,
    /// What it represents.
    pub kind: SymbolKind,
}

/// One row or several.
#[derive(Clone, Debug, PartialEq)]
pub enum SymbolKind {
    /// A single row.
    Row(MapRow),
    /// Two rows or more.
    Cluster(Cluster),
}

/// Several rows with one symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Encodes zoom and seed cell; a safe integer above the id of every row.
    pub id: u64,
    /// How many rows.
    pub count: u64,
    /// Number of rows in each state, by discriminant.
    pub states: [u32; STATES],
    /// The most frequent categories with their counts, most frequent first, ties by position.
    pub top: Vec<(u8, u32)>,
    /// The latest change of any of them.
    pub latest: Instant,
}

impl Cluster {
    /// How many rows have this status.
    pub fn with_status(&self, status: Status) -> u32 {
        State::ALL.iter().filter(|s| s.status() == status).map(|&s| self.states[s as usize]).sum()
    }
}

/// The id of the cluster with this seed cell (column and row below 2^(zoom + 6)); zoom 0..=18.
pub fn cluster_id(zoom: u8, cell: (u32, u32)) -> u64 {
    let before = ((1_u64 << (2 * (u32::from(zoom) + TILE_BITS))) - 1) / 3;
    FIRST_ID + before + morton::interleave(cell.0, cell.1)
}

/// Zoom and seed cell of a cluster id; `None` if it is not a cluster id.
pub fn cluster_cell(id: u64) -> Option<(u8, (u32, u32))> {
    (0..=MAX_ZOOM).rev().find(|&z| id >= cluster_id(z, (0, 0))).and_then(|z| {
        let code = id - cluster_id(z, (0, 0));
        (code >> (2 * (u32::from(z) + TILE_BITS)) == 0).then(|| (z, morton::deinterleave(code)))
    })
}

/// The symbols of a tile, in world order of their cells (row by row). Each matching row with a
/// point is counted in exactly one symbol of exactly one tile of a zoom. `top` limits the number of
/// categories listed by a cluster. There are no symbols beyond [`MAX_ZOOM`].
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
    let owners = Owners::new(seeds.into_iter().map(|seed| {
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

/// Sums for each symbol, one vector per column.
struct Totals {
    width: usize,
    /// The cells of their seeds.
    seeds: Vec<u16>,
    states: Vec<[u32; STATES]>,
    categories: Vec<u32>,
    latest: Vec<i64>,
    seed_sum: Vec<(u64, u64, u64)>,
    /// Part and index of any one row of the symbol; for a single row, of the row itself.
    row: Vec<(usize, usize)>,
}

impl Totals {
    fn new(shown: &[(usize, usize)], width: usize) -> Self {
        let symbols = shown.len();
        Self {
            width,
            seeds: shown.iter().map(|&(x, y)| claim((x as i32, y as i32))).collect(),
            states: vec![[0; STATES]; symbols],
            categories: vec![0; symbols * width],
            latest: vec![i64::MIN; symbols],
            seed_sum: vec![(0, 0, 0); symbols],
            row: vec![(0, 0); symbols],
        }
    }

    /// Adds the rows of a part, given by its number, to their symbols.
    fn add(&mut self, part: usize, g: &Gathered<'_>, owners: &Owners) {
        let symbol = |run: &Run| owners.of(run.cell);
        let mut runs = g.runs.iter().peekable();
        while let Some(run) = runs.next() {
            let n = symbol(run);
            if n == NOBODY {
                continue;
            }
            let mut range = run.start as usize..run.end as usize;
            self.add_seed(n.into(), g, run);
            // Neighbours in Morton order mostly have the same owner, so add them together.
            while let Some(next) = runs.next_if(|next| next.start as usize == range.end && symbol(next) == n)
            {
                range.end = next.end as usize;
                self.add_seed(n.into(), g, next);
            }
            self.add_rows(n.into(), part, g, range);
        }
    }

    /// Adds the positions to the centroid if the run lies in the symbol's seed cell.
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
