//! The cells in which rows lie, with the rows of each. Of the coarser grids they are listed once, so that a
//! tile goes over its cells and not over its rows; of the finer ones, whose cells hold a few rows, they are
//! read off the rows.

use std::ops::Range;

use super::{BATCH, Columns};

/// The coarsest grid that is asked for: a tile of zoom 0 has cells of 2^6 a side.
const FIRST: u32 = 6;
/// The finest grid whose cells are listed. Eight bytes a cell: together with the coarser ones a few a row.
const LAST: u32 = 19;
/// Fewer rows are read one by one: what changed since is sorted anew with each change. Tests have both.
const WORTH: usize = if cfg!(test) { 50 } else { 1 << 16 };

/// The cells of the listed grids.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed(Vec<Cells>);

/// The cells of one grid that hold rows, in Morton order.
#[derive(Clone, Debug, Default)]
struct Cells {
    /// Their codes, less the first one's.
    codes: Vec<u32>,
    /// The first row of each.
    starts: Vec<u32>,
}

impl Listed {
    /// Lists the cells of placed rows, given their codes and how much each has in common with the one before.
    pub(super) fn new(morton: &[u64], common: &[u8]) -> Self {
        let (Some(&first), Some(&last)) = (morton.first(), morton.last()) else { return Self::default() };
        if morton.len() < WORTH {
            return Self::default();
        }
        // A city's cells lie close together; rows all over the world are read one by one.
        let near = |bits: &u32| u32::try_from(code(last, *bits) - code(first, *bits)).is_ok();
        let mut starts = [0; 33];
        common.iter().for_each(|&c| starts[usize::from(c)] += 1);
        let with_room = |bits: u32| {
            let cells = starts[..bits as usize].iter().sum();
            Cells { codes: Vec::with_capacity(cells), starts: Vec::with_capacity(cells) }
        };
        let mut listed: Vec<Cells> = (FIRST..=LAST).take_while(near).map(with_room).collect();
        for ((&at, &common), row) in morton.iter().zip(common).zip(0..) {
            let from = u32::from(common).saturating_sub(FIRST - 1) as usize;
            for (cells, bits) in listed.iter_mut().zip(FIRST..).skip(from) {
                cells.codes.push((code(at, bits) - code(first, bits)) as u32);
                cells.starts.push(row);
            }
        }
        Self(listed)
    }

    fn of(&self, bits: u32) -> Option<&Cells> {
        self.0.get(bits.checked_sub(FIRST)? as usize)
    }
}

/// Goes over the cells of one grid, in Morton order.
pub(in crate::map) struct Cursor<'a> {
    columns: &'a Columns,
    bits: u32,
    listed: Option<&'a Cells>,
    /// Where the search goes on: among the cells, if they are listed, or else among the rows.
    at: usize,
}

/// What lies in a range of codes.
pub(in crate::map) struct Found {
    /// Positions of the rows.
    pub(in crate::map) rows: Range<usize>,
    /// Which of the listed cells.
    cells: Range<usize>,
}

impl Columns {
    /// The cells of a grid of 2^bits a side, 1..=32.
    pub(in crate::map) fn cells(&self, bits: u32) -> Cursor<'_> {
        Cursor { columns: self, bits, listed: self.listed.of(bits), at: 0 }
    }

    /// Positions of the rows whose codes lie in a closed range, searched from `from` on.
    pub(in crate::map) fn find(&self, (first, last): (u64, u64), from: usize) -> Range<usize> {
        let start = after(&self.morton, from, |c| c < first);
        start..after(&self.morton, start, |c| c <= last)
    }
}

impl Cursor<'_> {
    /// What lies in a closed range of codes, which holds whole cells and begins after the one before.
    pub(in crate::map) fn find(&mut self, range: (u64, u64)) -> Found {
        let Some(listed) = self.listed else {
            let rows = self.columns.find(range, self.at);
            self.at = rows.end;
            return Found { rows, cells: 0..0 };
        };
        let base = self.base();
        let (first, last) = (code(range.0, self.bits), code(range.1, self.bits));
        let start = after(&listed.codes, self.at, |c| base + u64::from(c) < first);
        let end = after(&listed.codes, start, |c| base + u64::from(c) <= last);
        self.at = end;
        let row = |cell: usize| listed.starts.get(cell).map_or(self.columns.placed(), |&r| r as usize);
        Found { rows: row(start)..row(end), cells: start..end }
    }

    /// Calls `f` with each cell, as its code in this grid, and its rows.
    pub(in crate::map) fn each(&self, found: &Found, mut f: impl FnMut(u64, Range<usize>)) {
        let Some(listed) = self.listed else { return self.columns.runs(found.rows.clone(), self.bits, f) };
        let base = self.base();
        let codes = &listed.codes[found.cells.clone()];
        let starts = &listed.starts[found.cells.clone()];
        let ends = starts.iter().skip(1).map(|&s| s as usize).chain([found.rows.end]);
        for ((&code, &start), end) in codes.iter().zip(starts).zip(ends) {
            f(base + u64::from(code), start as usize..end);
        }
    }

    /// What is taken off the codes of the listed cells.
    fn base(&self) -> u64 {
        self.columns.morton.first().map_or(0, |&first| code(first, self.bits))
    }
}

impl Columns {
    /// Calls `f` with the cell, as its Morton code among 2^bits a side, and the rows of each run of
    /// one cell (bits 1..=32) in a range of placed rows; the range must begin and end at cells' borders.
    fn runs(&self, range: Range<usize>, bits: u32, mut f: impl FnMut(u64, Range<usize>)) {
        if range.is_empty() {
            return;
        }
        let mut batch = Batch { starts: [range.start; BATCH + 1], len: 1 };
        let mut begin = |i: usize| {
            batch.starts[batch.len] = i;
            batch.len += 1;
            if batch.len > BATCH {
                batch.drain(|start| code(self.morton[start], bits), &mut f);
            }
        };
        // Eight rows at a time: with the high bit set first, subtracting leaves it set exactly
        // where `common` is at most bits - 1.
        let limit = 0x0101_0101_0101_0101 * u64::from(0x80 | (bits - 1) as u8);
        let (chunks, rest) = self.common[range.start + 1..range.end].as_chunks::<8>();
        let mut at = range.start + 1;
        for chunk in chunks {
            let mut hit = (limit - u64::from_le_bytes(*chunk)) & 0x8080_8080_8080_8080;
            while hit != 0 {
                begin(at + (hit.trailing_zeros() / 8) as usize);
                hit &= hit - 1;
            }
            at += 8;
        }
        for &common in rest {
            if u32::from(common) < bits {
                begin(at);
            }
            at += 1;
        }
        begin(range.end);
        batch.drain(|start| code(self.morton[start], bits), &mut f);
    }
}

/// The code of the cell of 2^bits a side that holds a place.
fn code(morton: u64, bits: u32) -> u64 {
    morton >> (64 - 2 * bits)
}

/// Where runs begin, as many as fit.
struct Batch {
    starts: [usize; BATCH + 1],
    len: usize,
}

impl Batch {
    /// Gives all runs but the last, which has no end yet. The codes are read by themselves: far apart in
    /// memory, they are waited for together and not one by one.
    fn drain(&mut self, code: impl Fn(usize) -> u64, mut f: impl FnMut(u64, Range<usize>)) {
        let mut codes = [0; BATCH];
        let last = self.len - 1;
        for (out, &start) in codes.iter_mut().zip(&self.starts[..last]) {
            *out = code(start);
        }
        for (code, ends) in codes.into_iter().zip(self.starts[..self.len].windows(2)) {
            f(code, ends[0]..ends[1]);
        }
        self.starts[0] = self.starts[last];
        self.len = 1;
    }
}

/// The first place from `from` on whose code is not `before`, which holds for a beginning of them. It is
/// mostly near: steps that double find it with few looks, and those close together in memory.
fn after<T: Copy>(codes: &[T], from: usize, before: impl Fn(T) -> bool) -> usize {
    let (mut low, mut step) = (from, 16);
    loop {
        let high = (low + step).min(codes.len());
        if high == low || !before(codes[high - 1]) {
            return low + codes[low..high].partition_point(|&c| before(c));
        }
        (low, step) = (high, step * 2);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geo::morton::{self, Window};
    use crate::map::testing::{rows, spots};

    proptest! {
        #[test]
        fn every_row_is_in_its_cell(
            rows in rows(spots(), 200), bits in 1_u32..=32, a in any::<(u32, u32)>(), b in any::<(u32, u32)>(),
        ) {
            let c = Columns::from_rows(&rows);
            let cut = |v: u32| v >> (32 - bits);
            let (x0, x1, y0, y1) = (cut(a.0.min(b.0)), cut(a.0.max(b.0)), cut(a.1.min(b.1)), cut(a.1.max(b.1)));
            let window = Window { bits, x0, y0, x1, y1 }.at_most(64);
            let world = Window { bits: 0, x0: 0, y0: 0, x1: 0, y1: 0 };
            for w in [window, world] {
                let shift = bits - w.bits;
                let inside = |(x, y): (u32, u32)| {
                    let up = |v: u32| v.checked_shr(shift).unwrap_or(0);
                    (w.x0..=w.x1).contains(&up(x)) && (w.y0..=w.y1).contains(&up(y))
                };
                let (mut found, mut got, mut codes) = (Vec::new(), Vec::new(), Vec::new());
                let mut cursor = c.cells(bits);
                for range in w.ranges() {
                    let here = cursor.find(range);
                    found.extend(here.rows.clone());
                    cursor.each(&here, |code, r| {
                        codes.push(code);
                        got.extend(r.map(|i| (i, morton::deinterleave(code))));
                    });
                }
                let cells = (0..c.placed()).map(|i| (i, c.mercator(i).cell(bits)));
                let want: Vec<_> = cells.filter(|(_, cell)| inside(*cell)).collect();
                prop_assert_eq!(&found, &want.iter().map(|w| w.0).collect::<Vec<_>>());
                prop_assert_eq!(got, want);
                prop_assert!(codes.is_sorted_by(|a, b| a < b), "each cell once");
            }
        }
    }
}
