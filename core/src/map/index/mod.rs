//! The live index: every row the map knows, as a large sorted base and a small delta, swapped
//! whole. A snapshot never changes, so a reader sees one moment however long it reads.
//! Not here: following the change log (jobs), SQL (store), the columns themselves (columns).

pub(in crate::map) mod columns;
pub(in crate::map) mod filter_cache;
pub(in crate::map) mod frozen;
pub(in crate::map) mod level;
pub(in crate::map) mod live;
pub(in crate::map) mod nearest;
mod ordered;
pub(in crate::map) mod page;
pub(in crate::map) mod select;
pub(in crate::map) mod shape_test;
pub(in crate::map) mod versions;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::Instant;
use crate::domain::field::CREATED;
use crate::domain::view::MapRow;
use crate::geo::TileId;
use crate::map::index::columns::{Columns, each, key, live};
use crate::map::index::filter_cache::{FilterCache, Marks};
use crate::map::index::page::SeqSet;
use crate::map::index::select::{Select, in_range};
use crate::query::Filter;

/// No position, in the table from seq to position.
const NOWHERE: u32 = u32::MAX;
/// The delta may always hold this many rows before folding pays.
const FOLD_MIN: usize = 4096;
/// A large base is folded when the delta reaches this share of it (one in so many rows).
const FOLD_SHARE: usize = 128;

/// One step of the change log: what a row is now, or that it is gone. The last one given for a
/// seq wins; giving any of them again changes nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The row as it now is, new or known.
    Upsert(MapRow),
    /// The row is no longer there; unknown rows may be removed too.
    Remove {
        /// The internal sequence of the row.
        seq: u32,
    },
}

/// All rows at one position of the change log.
#[derive(Clone, Debug)]
pub struct Snapshot {
    base: Arc<Base>,
    delta: Columns,
    /// Positions in the base that the delta replaces or that are gone; sorted.
    dead: Vec<u32>,
    at: i64,
}

#[derive(Debug)]
struct Base {
    rows: Columns,
    /// From seq to position: seqs are dense.
    position: Vec<u32>,
    /// The seqs that are there.
    present: SeqSet,
    filters: FilterCache,
}

/// One sorted part of a snapshot, with the positions in it that do not count.
#[derive(Clone, Copy, Debug)]
pub(in crate::map) struct Part<'a> {
    pub(in crate::map) rows: &'a Columns,
    pub(in crate::map) dead: &'a [u32],
    /// The sequences of all its rows, where they are kept.
    present: Option<&'a SeqSet>,
    filters: Option<&'a FilterCache>,
}

impl Base {
    fn new(rows: Columns) -> Self {
        let mut position = vec![NOWHERE; rows.seqs().iter().max().map_or(0, |&s| s as usize + 1)];
        for (i, &seq) in rows.seqs().iter().enumerate() {
            position[seq as usize] = i as u32;
        }
        let present = rows.seqs().iter().copied().collect();
        Self { rows, position, present, filters: FilterCache::default() }
    }

    fn find(&self, seq: u32) -> Option<usize> {
        self.position.get(seq as usize).filter(|&&p| p != NOWHERE).map(|&p| p as usize)
    }
}

impl Snapshot {
    /// Builds a snapshot that stands at position `at` of the change log; of rows with the same
    /// seq the last one counts.
    pub fn from_rows(mut rows: Vec<MapRow>, at: i64) -> Self {
        // A store reads in order and once each; only otherwise is there something to do.
        if !rows.is_sorted_by(|a, b| a.seq < b.seq) {
            // Stable, so the last of equal seqs stays last.
            rows.sort_by_key(|r| r.seq);
            rows.reverse();
            rows.dedup_by_key(|r| r.seq);
        }
        Self::of(Columns::from_rows(&rows), at)
    }

    /// A snapshot without a delta.
    pub(in crate::map) fn of(rows: Columns, at: i64) -> Self {
        Self { base: Arc::new(Base::new(rows)), delta: Columns::default(), dead: Vec::new(), at }
    }

    /// Whether all rows are in the base.
    pub(in crate::map) fn is_folded(&self) -> bool {
        self.delta.len() + self.dead.len() == 0
    }

    /// The rows of the base.
    pub(in crate::map) fn base(&self) -> &Columns {
        &self.base.rows
    }

    /// The latest change in it: a position of the change log.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// All rows, placed or not.
    pub fn len(&self) -> usize {
        self.base.rows.len() - self.dead.len() + self.delta.len()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The snapshot after these changes, standing at `at` or where it stood if that is later.
    /// The same as a rebuild from the rows as they then are.
    #[must_use]
    pub fn apply(&self, changes: &[Change], at: i64) -> Self {
        let mut last: HashMap<u32, Option<&MapRow>> = HashMap::with_capacity(changes.len());
        for change in changes {
            match change {
                Change::Upsert(row) => last.insert(row.seq, Some(row)),
                Change::Remove { seq } => last.insert(*seq, None),
            };
        }
        let mut fresh: Vec<_> = last.values().flatten().map(|&row| (key(row), row)).collect();
        fresh.sort_unstable_by_key(|f| f.0);
        let mut dead = self.dead.clone();
        dead.extend(last.keys().filter_map(|&seq| self.base.find(seq)).map(|p| p as u32));
        dead.sort_unstable();
        dead.dedup();
        let kept = (0..self.delta.len()).filter(|&i| !last.contains_key(&self.delta.seqs()[i]));
        let delta = merge(&self.delta, kept, fresh.iter().map(|&(k, row)| (k, *row)));
        Self { base: Arc::clone(&self.base), delta, dead, at: self.at.max(at) }
    }

    /// Whether the delta has grown so far that folding pays.
    pub fn needs_fold(&self) -> bool {
        self.delta.len() + self.dead.len() >= FOLD_MIN.max(self.base.rows.len() / FOLD_SHARE)
    }

    /// The same rows with an empty delta. Takes tens of milliseconds for a million rows, so it
    /// runs beside the readers: keep every change applied to the live snapshot since the fold
    /// began, and store `folded.apply(&those_changes, at)`. Repeats are harmless, so keeping too
    /// many is fine.
    #[must_use]
    pub fn fold(&self) -> Self {
        let fresh = (0..self.delta.len()).map(|i| (self.delta.key(i), self.delta.row(i)));
        let kept = live(0..self.base.rows.len(), &self.dead);
        Self::of(merge(&self.base.rows, kept, fresh), self.at)
    }

    /// The largest internal sequence of any row; 0 without one.
    pub fn last_seq(&self) -> u32 {
        let base = self.base.position.len().saturating_sub(1) as u32;
        self.delta.seqs().iter().copied().max().unwrap_or(0).max(base)
    }

    /// When the first of all rows was received; none when there are none.
    pub fn earliest(&self) -> Option<Instant> {
        let all = self.base.rows[CREATED].iter().chain(&self.delta[CREATED]);
        all.min().map(|ms| Instant::from_ms(*ms))
    }

    /// How many rows match, exactly, placeless ones included.
    pub fn count(&self, filter: &Filter) -> u64 {
        let select = Select::new(filter);
        if select.is_all() {
            return self.len() as u64;
        }
        let mut n = 0;
        self.marked(&select, |_, words| n += words.iter().map(|w| u64::from(w.count_ones())).sum::<u64>());
        n
    }

    /// The rows that match, in no promised order.
    pub fn rows(&self, filter: &Filter) -> Vec<MapRow> {
        let mut out = Vec::new();
        self.marked(&Select::new(filter), |rows, words| {
            for (k, &word) in words.iter().enumerate() {
                each(k, word, |i| out.push(rows.row(i)));
            }
        });
        out
    }

    /// The tiles of a zoom that hold a matching row, in no promised order, some maybe twice.
    pub(in crate::map) fn tiles(&self, filter: &Filter, zoom: u8) -> Vec<TileId> {
        let mut out = Vec::new();
        self.marked(&Select::new(filter), |rows, words| {
            for (k, &word) in words.iter().enumerate() {
                each(k, word, |i| {
                    let tile = rows.place(i).and_then(|p| TileId::holding(p, zoom).ok());
                    // In Morton order those of a tile stand together.
                    out.extend(tile.filter(|t| out.last() != Some(t)));
                });
            }
        });
        out
    }

    /// The row of a seq, if it is there.
    pub fn get(&self, seq: u32) -> Option<MapRow> {
        if let Some(i) = self.delta.seqs().iter().position(|&s| s == seq) {
            return Some(self.delta.row(i));
        }
        let i = self.base.find(seq)?;
        self.dead.binary_search(&(i as u32)).is_err().then(|| self.base.rows.row(i))
    }

    /// One more than the highest category of any row.
    pub(in crate::map) fn categories(&self) -> usize {
        self.base.rows.categories().max(self.delta.categories())
    }

    /// Base and delta as sorted parts; no row counts in both.
    pub(in crate::map) fn parts(&self) -> [Part<'_>; 2] {
        [
            Part {
                rows: &self.base.rows,
                dead: &self.dead,
                present: Some(&self.base.present),
                filters: Some(&self.base.filters),
            },
            // Its rows are others with every change.
            Part { rows: &self.delta, dead: &[], present: None, filters: None },
        ]
    }

    /// Calls `f` for each part with the bits of its matching rows. A filter that tiles are asked with is known
    /// already; lists and feeds have too many to be remembered.
    fn marked(&self, select: &Select<'_>, mut f: impl FnMut(&Columns, &[u64])) {
        self.marked_parts(select, |part, words| f(part.rows, words));
    }

    fn marked_parts(&self, select: &Select<'_>, mut f: impl FnMut(&Part<'_>, &[u64])) {
        let ranges = select.code_ranges();
        for part in self.parts() {
            let mut words = vec![0; part.rows.words()];
            let marks = part.known(select);
            let mut mark = |range| select.mark(part.rows, marks.as_deref(), range, part.dead, &mut words);
            match &ranges {
                None => mark(0..part.rows.len()),
                Some(ranges) => {
                    let mut from = 0;
                    for &range in ranges {
                        let found = part.rows.find(range, from);
                        from = found.end;
                        mark(found);
                    }
                }
            }
            f(&part, &words);
        }
    }
}

impl Part<'_> {
    /// What is known of a filter already.
    fn known(&self, select: &Select<'_>) -> Option<Arc<Marks>> {
        self.filters?.known(select.unbounded()?)
    }

    /// What is known of a filter, from now on.
    pub(in crate::map) fn marks(&self, select: &Select<'_>) -> Option<Arc<Marks>> {
        Some(self.filters?.of(select.unbounded()?, self.rows.words()))
    }

    /// The dead positions of a range.
    pub(in crate::map) fn dead_in(&self, range: &Range<usize>) -> &[u32] {
        in_range(self.dead, range)
    }
}

/// Rows of sorted columns and other sorted rows, together, as columns.
fn merge(
    old: &Columns,
    kept: impl Iterator<Item = usize>,
    fresh: impl Iterator<Item = ((bool, u64, u64), MapRow)>,
) -> Columns {
    let mut out = Columns::with_capacity(old.len());
    let (mut kept, mut fresh) = (kept.peekable(), fresh.peekable());
    while let Some(&i) = kept.peek() {
        let k = old.key(i);
        if let Some((f, row)) = fresh.next_if(|(f, _)| *f < k) {
            out.push(f, &row);
        } else {
            out.push(k, &old.row(i));
            kept.next();
        }
    }
    for (f, row) in fresh {
        out.push(f, &row);
    }
    out.finish();
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::field::CATEGORY;
    use crate::map::testing::{filter, row_of, rows, spots};

    fn sorted(mut rows: Vec<MapRow>) -> Vec<MapRow> {
        rows.sort_by_key(|r| r.seq);
        rows
    }

    fn everything(s: &Snapshot) -> Vec<MapRow> {
        sorted(s.rows(&Filter::default()))
    }

    fn changes() -> BoxedStrategy<Vec<Change>> {
        let one = prop_oneof![
            1 => (0_u32..80).prop_map(|seq| Change::Remove { seq }),
            3 => (0_u32..80, rows(spots(), 2)).prop_map(|(seq, v)| match v.first() {
                Some(r) => Change::Upsert(row_of(seq, (r.point, r[CATEGORY], r.state() as usize, 1, r[CREATED], 5))),
                None => Change::Remove { seq },
            }),
        ];
        proptest::collection::vec(one, 0..40).boxed()
    }

    fn rebuilt(start: &[MapRow], changes: &[Change]) -> Vec<MapRow> {
        let mut map: std::collections::BTreeMap<u32, MapRow> = start.iter().map(|r| (r.seq, *r)).collect();
        for c in changes {
            match c {
                Change::Upsert(r) => drop(map.insert(r.seq, *r)),
                Change::Remove { seq } => drop(map.remove(seq)),
            }
        }
        map.into_values().collect()
    }

    proptest! {
        #[test]
        fn counts_are_exact_for_any_filter(rows in rows(spots(), 120), changes in changes(), filter in filter()) {
            let s = Snapshot::from_rows(rows.clone(), 1).apply(&changes, 2);
            let want: Vec<_> = rebuilt(&rows, &changes).into_iter().filter(|r| filter.matches(r)).collect();
            prop_assert_eq!(s.count(&filter), want.len() as u64);
            prop_assert_eq!(sorted(s.rows(&filter)), want);
        }

        #[test]
        fn applying_equals_a_rebuild(rows in rows(spots(), 60), a in changes(), b in changes()) {
            let start = Snapshot::from_rows(rows.clone(), 1);
            let all: Vec<_> = a.iter().chain(&b).copied().collect();
            let want = rebuilt(&rows, &all);
            let stepped = start.apply(&a, 2).apply(&b, 3);
            prop_assert_eq!(everything(&stepped), want.clone());
            prop_assert_eq!(everything(&start.apply(&all, 3)), want.clone());
            // Again, late, and after a fold that did not see the second half.
            prop_assert_eq!(everything(&stepped.apply(&b, 3)), want.clone());
            let folded = start.apply(&a, 2).fold();
            prop_assert_eq!(folded.delta.len() + folded.dead.len(), 0);
            prop_assert_eq!(everything(&folded.apply(&b, 3)), want.clone());
            prop_assert_eq!(everything(&stepped.fold().apply(&b, 3)), want.clone());
            prop_assert_eq!(stepped.len(), want.len());
            for seq in 0..80 {
                prop_assert_eq!(stepped.get(seq), want.iter().find(|r| r.seq == seq).copied());
            }
        }
    }

    #[test]
    fn a_late_repeat_does_not_turn_the_clock_back() {
        let s = Snapshot::from_rows(Vec::new(), 10).apply(&[], 4);
        assert_eq!(s.at(), 10);
        assert!(s.is_empty() && !s.needs_fold());
    }
}
