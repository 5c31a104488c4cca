//! A filter compiled for the columns, 64 rows at a time: bitsets of small fields, masks by comparing
//! numbers and times, and what is left decided only for the rows that are left. Equal to
//! `Filter::matches`, only quicker.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::domain::field::{Code8, Column, NEVER};
use crate::map::index::columns::{BLOCK, Columns, each, within};
use crate::map::index::filter_cache::Marks;
use crate::map::index::shape_test::ShapeTest;
use crate::map::shape::e7box::E7Box;
use crate::query::cql::{Expr, Is, Literal, Relation, SpatialLiteral, Test};
use crate::query::reports::field;
use crate::query::{CodeSet, Filter, RowTest};

/// A filter ready to run over columns.
pub(in crate::map) struct Select<'a> {
    filter: &'a Filter,
    test: Node,
    /// Every row that matches lies in it; none if rows may match anywhere, or nowhere.
    bbox: Option<E7Box>,
    /// Asked before every 64 rows whether to go on.
    go: Option<&'a Go<'a>>,
    stopped: AtomicBool,
}

/// Whether there is time for more. A shape of ten thousand corners may be asked about for every row.
pub type Go<'a> = dyn Fn() -> bool + 'a;

/// One step of a filter: which rows of a word pass.
#[derive(Debug)]
enum Node {
    /// One of these few values of a small code.
    Values(Code8, Vec<usize>),
    /// One of these codes, a bit for each.
    Codes(Column, Box<[u64]>),
    /// A number in a closed range; a missing one is `NEVER`.
    Between(Column, i64, i64),
    /// A number among these, or not; ascending.
    OneOf(Column, Vec<i64>, bool),
    /// A place in a box.
    Inside(E7Box),
    /// A place that lies so.
    Lies(Box<ShapeTest>),
    /// With a place, or without.
    Placed(bool),
    /// With the value of this bit, or without.
    Present(u8, bool),
    /// All of these.
    All(Vec<Node>),
    /// Any of these.
    Any(Vec<Node>),
}

/// More values of a small field are looked up row by row, instead of joining a bitset for each.
const MOST_BITSETS: usize = 16;
/// From so many rows left of 64 on, comparing all of them at once is quicker than one by one.
const DENSE: u32 = 8;
/// Among so many numbers, comparing with each is quicker than a search.
const FEW: usize = 6;

impl<'a> Select<'a> {
    pub(in crate::map) fn new(filter: &'a Filter) -> Self {
        let tests = filter.rows();
        let boxes = match tests {
            Expr::All(parts) => parts.iter().filter_map(around).collect(),
            _ => Vec::new(),
        };
        let bbox = boxes.into_iter().min_by_key(E7Box::extent);
        Self { filter, test: Node::of(tests), bbox, go: None, stopped: AtomicBool::new(false) }
    }

    /// The same, as long as it may go on. What it chooses is not whole once [`Self::is_stopped`].
    pub(in crate::map) fn going(self, go: &'a Go<'a>) -> Self {
        Self { go: Some(go), ..self }
    }

    /// Whether it was told to stop.
    pub(in crate::map) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    /// Whether to stop now.
    fn stops(&self) -> bool {
        let Some(go) = self.go else { return false };
        if !self.is_stopped() && !go() {
            self.stopped.store(true, Relaxed);
        }
        self.is_stopped()
    }

    /// The filter, if its rows may be anywhere: of one with a box only the rows in it are looked at, and
    /// the next one has another.
    pub(in crate::map) fn unbounded(&self) -> Option<&Filter> {
        self.bbox.is_none().then_some(self.filter)
    }

    /// Whether every row matches.
    pub(in crate::map) fn is_all(&self) -> bool {
        matches!(&self.test, Node::All(parts) if parts.is_empty())
    }

    /// Sets the bits of the matching rows of a range in `out`, one word per 64 rows of all the
    /// columns; bits outside the range stay as they are, dead rows (sorted positions) stay unset.
    /// `marks` are what is known of the columns, dead rows included.
    pub(in crate::map) fn mark(
        &self,
        c: &Columns,
        marks: Option<&Marks>,
        range: Range<usize>,
        dead: &[u32],
        out: &mut [u64],
    ) {
        if range.is_empty() {
            return;
        }
        let touched = range.start / BLOCK..range.end.div_ceil(BLOCK);
        if let Some(marks) = marks {
            marks.know(touched.clone(), |k| self.test.pass(c, k, within(&(0..c.len()), k)));
        }
        let word = |k: usize, asked: u64| match marks {
            Some(marks) => asked & marks.word(k),
            None if self.stops() => 0,
            None => self.test.pass(c, k, asked),
        };
        let (first, last) = (touched.start, touched.end - 1);
        for k in [first, last] {
            out[k] |= word(k, within(&range, k));
        }
        for (k, out) in (first + 1..last).zip(&mut out[first + 1..]) {
            *out |= word(k, u64::MAX);
        }
        for &d in in_range(dead, &range) {
            out[d as usize / BLOCK] &= !(1 << (d as usize % BLOCK));
        }
    }

    /// Ranges of Morton codes that hold every row that matches; none if no box bounds them.
    pub(in crate::map) fn code_ranges(&self) -> Option<Vec<(u64, u64)>> {
        self.bbox.map(E7Box::code_ranges)
    }
}

impl Node {
    fn of(tests: &Expr<RowTest>) -> Self {
        match tests {
            Expr::All(parts) => {
                let mut parts: Vec<Self> = parts.iter().map(Self::of).collect();
                parts.sort_by_key(Self::cost);
                if parts.len() == 1 { parts.remove(0) } else { Self::All(parts) }
            }
            Expr::Any(parts) => {
                let mut parts: Vec<Self> = parts.iter().map(Self::of).collect();
                parts.sort_by_key(Self::cost);
                Self::Any(parts)
            }
            Expr::Is(RowTest::Code(property, set)) => match field(*property).column {
                Some(column) => Self::coded(column, set),
                None => Self::Any(Vec::new()),
            },
            Expr::Is(RowTest::Value(_, test)) => match field(test.property).column {
                Some(Column::Point) => Self::place(test),
                Some(Column::Present(bit)) if test.is == Is::Null => Self::Present(bit, test.not),
                Some(Column::Present(_)) | None => Self::Any(Vec::new()),
                Some(column) => Self::number(column, test),
            },
        }
    }

    fn coded(column: Column, set: &CodeSet) -> Self {
        let codes = || set.as_slice().iter().map(|&c| usize::from(c));
        match column {
            Column::Code8(slot, _) if set.as_slice().len() <= MOST_BITSETS => {
                Self::Values(slot, codes().collect())
            }
            _ => {
                let mut bits = vec![0_u64; (1 << 16) / BLOCK].into_boxed_slice();
                codes().for_each(|c| bits[c / BLOCK] |= 1 << (c % BLOCK));
                Self::Codes(column, bits)
            }
        }
    }

    fn place(test: &Test) -> Self {
        match &test.is {
            Is::Null => Self::Placed(test.not),
            Is::Lies(Relation::Intersects, SpatialLiteral::Box(b)) if !test.not => {
                Self::Inside(E7Box::new(*b))
            }
            Is::Lies(..) => Self::Lies(Box::new(ShapeTest::new(test.clone()))),
            _ => Self::Any(Vec::new()),
        }
    }

    /// Ranges and lists of whole numbers and instants; their tests have no others.
    fn number(column: Column, test: &Test) -> Self {
        match &test.is {
            Is::Within(range) => match range.whole() {
                Some((from, to)) => Self::Between(column, from.max(NEVER + 1), to),
                None => Self::Any(Vec::new()),
            },
            Is::OneOf(list) => {
                let mut list: Vec<i64> = list.iter().filter_map(Literal::whole).collect();
                // What is missing is not among them, and does not pass the opposite either.
                if test.not {
                    list.insert(0, NEVER);
                }
                Self::OneOf(column, list, test.not)
            }
            Is::Null if test.not => Self::Between(column, NEVER + 1, i64::MAX),
            Is::Null => Self::Between(column, NEVER, NEVER),
            Is::Like(_) | Is::Lies(..) => Self::Any(Vec::new()),
        }
    }

    /// The cheaper steps come first.
    fn cost(&self) -> u8 {
        match self {
            Self::Values(..) | Self::Placed(_) => 0,
            Self::Present(..) | Self::Between(..) => 1,
            Self::Codes(..) | Self::Inside(_) => 2,
            Self::OneOf(..) => 3,
            Self::All(_) | Self::Any(_) => 4,
            Self::Lies(..) => 5,
        }
    }

    /// The rows of word `k` that pass, of those in `left`.
    fn pass(&self, c: &Columns, k: usize, left: u64) -> u64 {
        match self {
            Self::Values(slot, list) => left & list.iter().fold(0, |w, &x| w | c.word(*slot, x, k)),
            Self::Placed(wanted) => {
                let placed = within(&(0..c.placed()), k);
                left & if *wanted { placed } else { !placed }
            }
            Self::Present(bit, wanted) => compare(c.present(), k, left, |v| (v >> bit & 1 == 1) == *wanted),
            Self::Codes(column, bits) => {
                let has = |code: usize| bits[code / BLOCK] >> (code % BLOCK) & 1 == 1;
                match column {
                    Column::Code8(slot, _) => one_by_one(&c[*slot], k, left, |v| has((*v).into())),
                    Column::Code16(slot) => one_by_one(&c[*slot], k, left, |v| has((*v).into())),
                    Column::Point | Column::Id | Column::Count(_) | Column::Time(_) | Column::Present(_) => 0,
                }
            }
            Self::Between(column, from, to) => {
                let inside = |v: i64| *from <= v && v <= *to;
                match column {
                    Column::Time(slot) => compare(&c[*slot], k, left, |v| inside(*v)),
                    Column::Count(slot) => compare(&c[*slot], k, left, |v| inside(i64::from(*v))),
                    // Ids are below 2^52.
                    Column::Id => compare(c.ids(), k, left, |v| inside(*v as i64)),
                    Column::Point | Column::Code8(..) | Column::Code16(_) | Column::Present(_) => 0,
                }
            }
            Self::OneOf(column, list, not) => {
                let among = match column {
                    Column::Time(slot) => among(&c[*slot], k, left, list, |v| *v),
                    Column::Count(slot) => among(&c[*slot], k, left, list, |v| i64::from(*v)),
                    Column::Id => among(c.ids(), k, left, list, |v| *v as i64),
                    Column::Point | Column::Code8(..) | Column::Code16(_) | Column::Present(_) => return 0,
                };
                if *not { left & !among } else { among }
            }
            Self::Inside(b) => passing(k, left, |i| c.e7(i).is_some_and(|p| b.contains(p))),
            Self::Lies(shape) => shape.pass(c, k, left),
            Self::All(parts) => parts.iter().fold(left, |w, p| if w == 0 { 0 } else { p.pass(c, k, w) }),
            Self::Any(parts) => {
                let mut out = 0;
                for part in parts {
                    if left == out {
                        break;
                    }
                    out |= part.pass(c, k, left & !out);
                }
                out
            }
        }
    }
}

/// The box around the rows that pass a part, if there is one.
fn around(part: &Expr<RowTest>) -> Option<E7Box> {
    match part {
        Expr::Is(RowTest::Value(_, Test { is: Is::Lies(_, ground), not: false, .. })) => {
            Some(E7Box::new(ground.bbox()))
        }
        _ => None,
    }
}

/// The rows of word `k` among those in `left` that pass, one by one.
fn passing(k: usize, left: u64, pass: impl Fn(usize) -> bool) -> u64 {
    let mut word = left;
    each(k, left, |i| {
        if !pass(i) {
            word ^= 1 << (i % BLOCK);
        }
    });
    word
}

/// The same by the values of a column.
fn one_by_one<T>(values: &[T], k: usize, left: u64, pass: impl Fn(&T) -> bool) -> u64 {
    passing(k, left, |i| pass(&values[i]))
}

/// The same for a column: all 64 at once where most are left.
fn compare<T>(values: &[T], k: usize, left: u64, pass: impl Fn(&T) -> bool) -> u64 {
    if left.count_ones() < DENSE {
        return one_by_one(values, k, left, pass);
    }
    let block = &values[k * BLOCK..((k + 1) * BLOCK).min(values.len())];
    let bits = |some: &[T]| some.iter().enumerate().fold(0, |w, (i, v)| w | u64::from(pass(v)) << i);
    // Of eight at a time the compiler knows where each bit goes.
    let (eights, rest) = block.as_chunks::<8>();
    let word = eights.iter().enumerate().fold(0, |w, (n, eight)| w | bits(eight) << (8 * n));
    let rest = if rest.is_empty() { 0 } else { bits(rest) << (block.len() - rest.len()) };
    left & (word | rest)
}

/// The rows of word `k` among those in `left` whose number is in an ascending list.
fn among<T>(values: &[T], k: usize, left: u64, list: &[i64], number: impl Fn(&T) -> i64) -> u64 {
    // Which of them it is cannot be foreseen, so a search of few costs more than comparing all 64 with each.
    if list.len() <= FEW {
        return list.iter().fold(0, |w, &x| w | compare(values, k, left, |v| number(v) == x));
    }
    one_by_one(values, k, left, |v| list.binary_search(&number(v)).is_ok())
}

/// The part of a sorted list of positions that lies in a range.
pub(in crate::map) fn in_range<'a>(sorted: &'a [u32], range: &Range<usize>) -> &'a [u32] {
    if sorted.is_empty() {
        return sorted;
    }
    let start = sorted.partition_point(|&d| (d as usize) < range.start);
    let end = start + sorted[start..].partition_point(|&d| (d as usize) < range.end);
    &sorted[start..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::index::filter_cache::FilterCache;
    use crate::map::testing::{filter, rows, spots};

    proptest! {
        #[test]
        fn compiled_equals_the_one_evaluator(rows in rows(spots(), 150), filter in filter(), step in 1_usize..40) {
            let c = Columns::from_rows(&rows);
            let dead: Vec<u32> = (0..c.len()).step_by(step).skip(1).map(|i| i as u32).collect();
            let mut words = vec![0; c.words()];
            let select = Select::new(&filter);
            // An expression may choose all without looking so.
            prop_assert!(select.is_all() || !filter.is_all());
            select.mark(&c, None, 0..c.len(), &dead, &mut words);
            // The same in parts, and of what was worked out before.
            let cache = FilterCache::default();
            let marks = Some(cache.of(&filter, c.words()));
            for cut in [c.len() / 3, c.len() / 2] {
                let mut again = vec![0; c.words()];
                for range in [0..cut, cut..c.len()] {
                    select.mark(&c, marks.as_deref(), range, &dead, &mut again);
                }
                prop_assert_eq!(&again, &words);
            }
            for i in 0..c.len() {
                let want = filter.matches(&c.row(i)) && dead.binary_search(&(i as u32)).is_err();
                prop_assert_eq!(words[i / BLOCK] >> (i % BLOCK) & 1 == 1, want, "{:?}", c.row(i));
            }
        }

        #[test]
        fn code_ranges_lose_no_row(rows in rows(spots(), 150), filter in filter()) {
            let c = Columns::from_rows(&rows);
            if let Some(ranges) = Select::new(&filter).code_ranges() {
                prop_assert!(ranges.windows(2).all(|p| p[0].1 < p[1].0));
                for i in 0..c.placed() {
                    if filter.matches(&c.row(i)) {
                        let (_, code, _) = c.key(i);
                        prop_assert!(ranges.iter().any(|r| r.0 <= code && code <= r.1));
                    }
                }
            }
        }
    }
}
