//! What ranges of rows add up to: how many of each kind, the newest change, the sums of their places.
//! Not here: which rows of a range are asked for (matched), the cells they lie in (cells).

use std::ops::Range;

use super::{BLOCK, Columns, STATES, STRETCH, each, live, within};
use crate::domain::field::{CATEGORY, CODES8, Code8, STATE, UPDATED};

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
    /// Adds one row to a tally.
    #[inline]
    pub(in crate::map) fn tally_row(&self, i: usize, t: &mut Tally<'_>) {
        t.states[usize::from(self[STATE][i])] += 1;
        t.categories[usize::from(self[CATEGORY][i])] += 1;
        *t.latest = (*t.latest).max(self[UPDATED][i]);
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
        self.tally_blocks(first..last, CATEGORY, t.categories);
        self.tally_blocks(first..last, STATE, t.states);
        let mut dead = &dead[a..b];
        for &d in dead {
            t.states[usize::from(self[STATE][d as usize])] -= 1;
            t.categories[usize::from(self[CATEGORY][d as usize])] -= 1;
        }
        for k in first..last {
            let here = dead.partition_point(|&d| (d as usize) < (k + 1) * BLOCK);
            let latest = if here == 0 {
                self.blocks.latest[k]
            } else {
                live(k * BLOCK..(k + 1) * BLOCK, &dead[..here])
                    .map(|i| self[UPDATED][i])
                    .max()
                    .unwrap_or(i64::MIN)
            };
            *t.latest = (*t.latest).max(latest);
            dead = &dead[here..];
        }
    }

    /// Adds whole blocks to the counts of a field's values.
    fn tally_blocks(&self, blocks: Range<usize>, field: Code8, counts: &mut [u32]) {
        let values = self.values(field);
        let (width, at, n) = (self.first[CODES8], values.start, values.len());
        let before = |k: usize| {
            let stretch = &self.blocks.stretches[k / STRETCH * width + at..][..n];
            (stretch, &self.blocks.values[k * width + at..][..n])
        };
        let ((far, near), (far_end, near_end)) = (before(blocks.start), before(blocks.end));
        for (v, count) in counts[..n].iter_mut().enumerate() {
            *count += far_end[v] + u32::from(near_end[v]) - far[v] - u32::from(near[v]);
        }
    }

    fn tally_rows(&self, range: Range<usize>, dead: &[u32], t: &mut Tally<'_>) {
        if !dead.is_empty() {
            return live(range, dead).for_each(|i| self.tally_row(i, t));
        }
        let (states, categories) = (&self[STATE][range.clone()], &self[CATEGORY][range.clone()]);
        for (&state, &category) in states.iter().zip(categories) {
            t.states[usize::from(state)] += 1;
            t.categories[usize::from(category)] += 1;
        }
        let blocks = range.start / BLOCK..range.end.div_ceil(BLOCK);
        if self.blocks.latest[blocks].iter().any(|newest| newest > t.latest) {
            *t.latest = self[UPDATED][range].iter().fold(*t.latest, |latest, &at| latest.max(at));
        }
    }

    /// Adds the rows of a range that have their bits set in `words`, one for each block.
    pub(in crate::map) fn tally_set(&self, range: &Range<usize>, words: &[u64], t: &mut Tally<'_>) {
        let first = range.start / BLOCK;
        let (states, categories) = (&self[STATE], &self[CATEGORY]);
        let width = self.values(STATE).len() + self.values(CATEGORY).len();
        for (k, word) in (first..).zip(&words[first..range.end.div_ceil(BLOCK)]) {
            let set = word & within(range, k);
            // Row by row, or value by value by their bitsets: whichever are fewer.
            if (set.count_ones() as usize) < width {
                each(k, set, |i| {
                    t.states[usize::from(states[i])] += 1;
                    t.categories[usize::from(categories[i])] += 1;
                });
            } else {
                self.tally_values(k, set, CATEGORY, t.categories);
                self.tally_values(k, set, STATE, t.states);
            }
            if self.blocks.latest[k] > *t.latest {
                each(k, set, |i| *t.latest = self[UPDATED][i].max(*t.latest));
            }
        }
    }

    /// Adds the rows of block `k` that are set to the counts of a field's values.
    fn tally_values(&self, k: usize, set: u64, field: Code8, counts: &mut [u32]) {
        let (words, mut left) = (self.words(), set);
        for (v, count) in self.values(field).zip(counts) {
            // Each row has one value.
            if left == 0 {
                break;
            }
            let here = left & self.bits[v * words + k];
            *count += here.count_ones();
            left ^= here;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::testing::{rows, spots};

    proptest! {
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
            prop_assert_eq!(c.sums(range.clone(), &dead), sums);
            // The same as bits.
            let mut words = vec![u64::MAX; c.words()];
            dead.iter().for_each(|&d| words[d as usize / BLOCK] ^= 1 << (d as usize % BLOCK));
            let (mut states, mut categories, mut latest) = ([0; STATES], vec![0; 256], i64::MIN);
            let mut t = Tally { states: &mut states, categories: &mut categories, latest: &mut latest };
            c.tally_set(&range, &words, &mut t);
            prop_assert_eq!((states, categories, latest), run(false));
        }
    }
}
