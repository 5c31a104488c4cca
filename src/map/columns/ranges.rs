//! What ranges of rows hold: the cells they stand in, how many of each kind, the sums of their places.
//! Not here: which rows of a range are asked for (matched).

use std::ops::Range;

use super::{BATCH, BLOCK, Columns, STATES, live};

/// What a cluster knows of its rows.
#[derive(Debug)]
pub(in crate::map) struct Tally<'a> {
    /// Rows per state.
    pub(in crate::map) states: &'a mut [u32; STATES],
    /// Rows per category; long enough for every category of the snapshot.
    pub(in crate::map) categories: &'a mut [u32],
    /// The newest change, milliseconds since the epoch.
    pub(in crate::map) latest: &'a mut i64,
}

impl Columns {
    /// Positions of the rows whose codes lie in a closed range, searched from `from` on.
    pub(in crate::map) fn find(&self, (first, last): (u64, u64), from: usize) -> Range<usize> {
        let start = after(&self.morton, from, |c| c < first);
        start..after(&self.morton, start, |c| c <= last)
    }

    /// Calls `f` with the cell, as its Morton code among 2^bits a side, and the rows of each run of
    /// one cell (bits 1..=32) in a range of placed rows; the range must begin and end at cells' borders.
    pub(in crate::map) fn runs(&self, range: Range<usize>, bits: u32, mut f: impl FnMut(u64, Range<usize>)) {
        if range.is_empty() {
            return;
        }
        let mut batch = Batch { starts: [range.start; BATCH + 1], len: 1 };
        let mut begin = |i: usize| {
            batch.starts[batch.len] = i;
            batch.len += 1;
            if batch.len > BATCH {
                batch.drain(|start| self.morton[start] >> (64 - 2 * bits), &mut f);
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
        batch.drain(|start| self.morton[start] >> (64 - 2 * bits), &mut f);
    }

    /// Adds one row to a tally.
    #[inline]
    pub(in crate::map) fn tally_row(&self, i: usize, t: &mut Tally<'_>) {
        t.states[usize::from(self.state[i])] += 1;
        t.categories[usize::from(self.category[i])] += 1;
        *t.latest = (*t.latest).max(self.updated[i]);
    }

    /// Adds a range of rows except the dead ones in it (sorted positions).
    pub(in crate::map) fn tally(&self, range: Range<usize>, dead: &[u32], t: &mut Tally<'_>) {
        let (first, last) = self.whole_blocks(&range);
        if first >= last {
            return self.tally_rows(range, dead, t);
        }
        let split = |at: usize| dead.partition_point(|&d| (d as usize) < at);
        let (a, b) = (split(first * BLOCK), split(last * BLOCK));
        self.tally_rows(range.start..first * BLOCK, &dead[..a], t);
        self.tally_rows(last * BLOCK..range.end, &dead[b..], t);
        let width = self.categories + STATES;
        let (begin, end) = (&self.blocks.values[first * width..], &self.blocks.values[last * width..]);
        for v in 0..self.categories {
            t.categories[v] += end[v] - begin[v];
        }
        for s in 0..STATES {
            t.states[s] += end[self.categories + s] - begin[self.categories + s];
        }
        let mut dead = &dead[a..b];
        for &d in dead {
            t.states[usize::from(self.state[d as usize])] -= 1;
            t.categories[usize::from(self.category[d as usize])] -= 1;
        }
        for k in first..last {
            let here = dead.partition_point(|&d| (d as usize) < (k + 1) * BLOCK);
            let latest = if here == 0 {
                self.blocks.latest[k]
            } else {
                live(k * BLOCK..(k + 1) * BLOCK, &dead[..here])
                    .map(|i| self.updated[i])
                    .max()
                    .unwrap_or(i64::MIN)
            };
            *t.latest = (*t.latest).max(latest);
            dead = &dead[here..];
        }
    }

    fn tally_rows(&self, range: Range<usize>, dead: &[u32], t: &mut Tally<'_>) {
        if dead.is_empty() {
            let (states, categories) = (&self.state[range.clone()], &self.category[range.clone()]);
            let mut latest = *t.latest;
            for ((&state, &category), &updated) in states.iter().zip(categories).zip(&self.updated[range]) {
                t.states[usize::from(state)] += 1;
                t.categories[usize::from(category)] += 1;
                latest = latest.max(updated);
            }
            *t.latest = latest;
        } else {
            for i in live(range, dead) {
                self.tally_row(i, t);
            }
        }
    }

    /// First and last block between which the running sums answer; the last block of all has no
    /// sum after it and is left to the edges.
    fn whole_blocks(&self, range: &Range<usize>) -> (usize, usize) {
        (range.start.div_ceil(BLOCK), (range.end / BLOCK).min(self.words().saturating_sub(1)))
    }

    /// Sums of x and y over a range of placed rows except the dead ones in it.
    pub(in crate::map) fn sums(&self, range: Range<usize>, dead: &[u32]) -> (u64, u64) {
        let (first, last) = self.whole_blocks(&range);
        let add = |(x, y): (u64, u64), i: usize| {
            let m = self.mercator(i);
            (x + u64::from(m.x), y + u64::from(m.y))
        };
        let (mut x, mut y) = if first >= last {
            range.fold((0, 0), add)
        } else {
            let edges = (range.start..first * BLOCK).chain(last * BLOCK..range.end).fold((0, 0), add);
            (
                edges.0 + self.blocks.x[last] - self.blocks.x[first],
                edges.1 + self.blocks.y[last] - self.blocks.y[first],
            )
        };
        for &d in dead {
            let m = self.mercator(d as usize);
            x -= u64::from(m.x);
            y -= u64::from(m.y);
        }
        (x, y)
    }
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
fn after(codes: &[u64], from: usize, before: impl Fn(u64) -> bool) -> usize {
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
    use crate::geo::morton;
    use crate::map::testing::{rows, spots};

    proptest! {
        #[test]
        fn runs_are_the_cells(rows in rows(spots(), 200), bits in 1_u32..=32) {
            let c = Columns::from_rows(&rows);
            let mut got = Vec::new();
            c.runs(0..c.placed(), bits, |code, r| got.extend(r.map(|i| (i, morton::deinterleave(code)))));
            let want: Vec<_> = (0..c.placed()).map(|i| (i, c.mercator(i).cell(bits))).collect();
            prop_assert_eq!(got, want);
        }

        #[test]
        fn running_sums_equal_row_by_row(rows in rows(spots(), 400), a in 0.0..1.0_f64, b in 0.0..1.0_f64, step in 1_usize..90) {
            let c = Columns::from_rows(&rows);
            let cut = |f: f64| (f * c.placed() as f64) as usize;
            let range = cut(a.min(b))..cut(a.max(b));
            let dead: Vec<u32> = range.clone().step_by(step).skip(1).map(|i| i as u32).collect();
            let run = |whole: bool| {
                let (mut states, mut categories, mut latest) = ([0; STATES], vec![0; 256], i64::MIN);
                let mut t = Tally { states: &mut states, categories: &mut categories, latest: &mut latest };
                if whole { c.tally(range.clone(), &dead, &mut t); }
                else { live(range.clone(), &dead).for_each(|i| c.tally_row(i, &mut t)); }
                (states, categories, latest)
            };
            prop_assert_eq!(run(true), run(false));
            let sums = live(range.clone(), &dead).fold((0, 0), |(x, y), i| {
                let m = c.mercator(i);
                (x + u64::from(m.x), y + u64::from(m.y))
            });
            prop_assert_eq!(c.sums(range, &dead), sums);
        }
    }
}
