//! The rows of one part of a snapshot that match a filter, and sums over ranges of them. Not here:
//! which rows match (select), what the sums are used for (cluster, members, heat).

use std::ops::Range;
use std::sync::Arc;

use crate::domain::view::MapRow;
use crate::map::index::Part;
use crate::map::index::columns::{BLOCK, Columns, Tally, each, live, within};
use crate::map::index::filter_cache::Marks;
use crate::map::index::select::{Select, in_range};

/// The matching rows among those evaluated so far.
pub(in crate::map) struct Matched<'a> {
    part: Part<'a>,
    /// One bit per row, set if it matches; `None` if all live rows match.
    words: Option<Vec<u64>>,
    marks: Option<Arc<Marks>>,
}

impl<'a> Matched<'a> {
    /// A part of which no row has been evaluated.
    pub(in crate::map) fn none(part: Part<'a>, select: &Select<'_>) -> Self {
        if select.is_all() {
            return Self { part, words: None, marks: None };
        }
        Self { part, words: Some(vec![0; part.rows.words()]), marks: part.marks(select) }
    }

    /// Evaluates a range of rows and returns the dead positions in it.
    pub(in crate::map) fn mark(&mut self, select: &Select<'_>, range: Range<usize>) -> &'a [u32] {
        let dead = in_range(self.part.dead, &range);
        if let Some(words) = &mut self.words {
            select.mark(self.part.rows, self.marks.as_deref(), range, dead, words);
        }
        dead
    }

    /// Number of matching rows in a range. `dead` are the dead positions of a range that contains
    /// it.
    #[inline]
    pub(in crate::map) fn count(&self, range: &Range<usize>, dead: &[u32]) -> u32 {
        match &self.words {
            Some(words) => count_set(words, range),
            None if dead.is_empty() => range.len() as u32,
            None => (range.len() - in_range(dead, range).len()) as u32,
        }
    }

    /// Sums of x and y over the matching rows of a range of rows with a point, and their number.
    pub(in crate::map) fn sums(&self, range: &Range<usize>) -> (u64, u64, u64) {
        let rows = self.part.rows;
        let Some(words) = &self.words else {
            let dead = self.part.dead_in(range);
            let (x, y) = rows.sums(range.clone(), dead);
            return (x, y, (range.len() - dead.len()) as u64);
        };
        let (mut x, mut y, mut count) = (0, 0, 0);
        each_set(words, range, |i| {
            let m = rows.mercator(i);
            x += u64::from(m.x);
            y += u64::from(m.y);
            count += 1;
        });
        (x, y, count)
    }

    /// Calls `f` with the index of each matching row of some ranges.
    pub(in crate::map) fn each(&self, ranges: &[Range<usize>], mut f: impl FnMut(&Columns, usize)) {
        let rows = self.part.rows;
        for range in ranges {
            match &self.words {
                None => live(range.clone(), self.part.dead_in(range)).for_each(|i| f(rows, i)),
                Some(words) => each_set(words, range, |i| f(rows, i)),
            }
        }
    }

    /// Adds the matching rows of a range to a tally and returns the index of the first one.
    pub(in crate::map) fn tally(&self, range: Range<usize>, tally: &mut Tally<'_>) -> Option<usize> {
        let rows = self.part.rows;
        match &self.words {
            None => {
                let dead = self.part.dead_in(&range);
                rows.tally(range.clone(), dead, tally);
                live(range, dead).next()
            }
            Some(words) => {
                rows.tally_set(&range, words, tally);
                set(words, &range)
                    .find(|(_, word)| *word != 0)
                    .map(|(k, word)| k * BLOCK + word.trailing_zeros() as usize)
            }
        }
    }

    /// The row at an index.
    pub(in crate::map) fn row(&self, at: usize) -> MapRow {
        self.part.rows.row(at)
    }
}

/// Number of set bits in a non-empty range.
#[inline]
fn count_set(words: &[u64], range: &Range<usize>) -> u32 {
    let (first, last) = (range.start / BLOCK, (range.end - 1) / BLOCK);
    let (head, tail) = (u64::MAX << (range.start % BLOCK), u64::MAX >> (BLOCK - 1 - (range.end - 1) % BLOCK));
    if first == last {
        return (words[first] & head & tail).count_ones();
    }
    let ends = (words[first] & head).count_ones() + (words[last] & tail).count_ones();
    ends + words[first + 1..last].iter().map(|w| w.count_ones()).sum::<u32>()
}

/// Calls `f` with the index of each set bit of a range.
fn each_set(words: &[u64], range: &Range<usize>, mut f: impl FnMut(usize)) {
    set(words, range).for_each(|(k, word)| each(k, word, &mut f));
}

/// The words of a range with their indexes; bits outside the range are cleared.
fn set<'a>(words: &'a [u64], range: &'a Range<usize>) -> impl Iterator<Item = (usize, u64)> + 'a {
    let first = range.start / BLOCK;
    let touched = &words[first..range.end.div_ceil(BLOCK)];
    (first..).zip(touched).map(|(k, word)| (k, word & within(range, k)))
}
