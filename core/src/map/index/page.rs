//! Pages of what matches: which rows, by internal sequence, and the next of them in an order.
//! Not here: the rows themselves as people read them (store).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::domain::view::Position;
use crate::map::index::Snapshot;
use crate::map::index::columns::{BLOCK, Columns, each, within};
use crate::map::index::select::Select;
use crate::query::Filter;

/// A set of internal sequences, one bit each: an eighth of a megabyte for a million rows.
#[derive(Clone, Debug, Default)]
pub struct SeqSet(Vec<u64>);

impl SeqSet {
    /// Adds a sequence.
    pub fn insert(&mut self, seq: u32) {
        let (word, bit) = place(seq);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    /// Takes a sequence out.
    pub fn remove(&mut self, seq: u32) {
        let (word, bit) = place(seq);
        if let Some(word) = self.0.get_mut(word) {
            *word &= !bit;
        }
    }

    /// Whether a sequence is in the set.
    pub fn contains(&self, seq: u32) -> bool {
        let (word, bit) = place(seq);
        self.0.get(word).is_some_and(|w| w & bit != 0)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|w| u64::from(w.count_ones())).sum()
    }

    /// Those below `end`, or all, the highest first.
    pub fn before(&self, end: Option<u32>) -> impl Iterator<Item = u32> + '_ {
        let (last, bit) = end.map_or((self.0.len(), 1), place);
        // Of the word that holds the end, the bits below it.
        let cut = self.0.get(last).map(|w| (last, w & (bit - 1)));
        let whole = self.0.iter().copied().enumerate().take(last).rev();
        cut.into_iter().chain(whole).flat_map(|(k, word)| Descending { base: k * BLOCK, word })
    }
}

impl FromIterator<u32> for SeqSet {
    fn from_iter<I: IntoIterator<Item = u32>>(seqs: I) -> Self {
        let mut out = Self::default();
        seqs.into_iter().for_each(|seq| out.insert(seq));
        out
    }
}

fn place(seq: u32) -> (usize, u64) {
    (seq as usize / BLOCK, 1 << (seq as usize % BLOCK))
}

/// The bits of one word, the highest first.
struct Descending {
    base: usize,
    word: u64,
}

impl Iterator for Descending {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let bit = self.word.checked_ilog2()?;
        self.word ^= 1 << bit;
        Some((self.base + bit as usize) as u32)
    }
}

impl Snapshot {
    /// Which rows match. One pass over the rows, and a tenth of that to write down what it finds; without
    /// a filter only the rows that changed since the last fold are looked at.
    pub fn matching(&self, filter: &Filter) -> SeqSet {
        let select = Select::new(filter);
        if select.is_all() {
            let mut out = self.base.present.clone();
            self.dead.iter().for_each(|&i| out.remove(self.base.rows.seqs()[i as usize]));
            self.delta.seqs().iter().for_each(|&seq| out.insert(seq));
            return out;
        }
        // As long as it will be, so that it does not grow step by step.
        let mut out = SeqSet(vec![0; self.last_seq() as usize / BLOCK + 1]);
        self.marked_parts(&select, |part, words| {
            let seqs = part.rows.seqs();
            // Whichever are fewer are written down, those that match or the others. The part that is kept whole comes first.
            let found: usize = words.iter().map(|w| w.count_ones() as usize).sum();
            match part.present.filter(|_| 2 * found > seqs.len()) {
                Some(present) => {
                    out.0[..present.0.len()].copy_from_slice(&present.0);
                    for (k, &word) in words.iter().enumerate() {
                        each(k, !word & within(&(0..seqs.len()), k), |i| out.remove(seqs[i]));
                    }
                }
                None => {
                    for (k, &word) in words.iter().enumerate() {
                        each(k, word, |i| out.insert(seqs[i]));
                    }
                }
            }
        });
        out
    }

    /// The sequences of the next `n` rows that match below `before`, the highest first.
    pub fn page(&self, filter: &Filter, before: Option<u32>, n: usize) -> Vec<u32> {
        self.matching(filter).before(before).take(n).collect()
    }

    /// The next `n` rows that match and are `wanted`, before a position in the order of their last events,
    /// newest first.
    pub fn latest(
        &self,
        filter: &Filter,
        before: Option<Position>,
        n: usize,
        wanted: impl Fn(u32) -> bool,
    ) -> Vec<(Position, u32)> {
        let key = |rows: &Columns, i| Some(rows.last_event(i)).filter(|at| before.is_none_or(|b| *at < b));
        self.greatest_of(&Select::new(filter), n, key, wanted).1
    }

    /// The `n` rows that match with the greatest keys and are `wanted`, the greatest first; rows without a key are left
    /// out. And how many match in all. One pass over the rows and a heap of `n`.
    pub(in crate::map) fn greatest_of<K: Ord + Copy>(
        &self,
        select: &Select<'_>,
        n: usize,
        key: impl Fn(&Columns, usize) -> Option<K>,
        wanted: impl Fn(u32) -> bool,
    ) -> (u64, Vec<(K, u32)>) {
        let (mut count, mut heap) = (0, BinaryHeap::with_capacity(n + 1));
        self.marked(select, |rows, words| {
            for (k, &word) in words.iter().enumerate() {
                count += u64::from(word.count_ones());
                if n == 0 {
                    continue;
                }
                each(k, word, |i| {
                    let Some(key) = key(rows, i) else { return };
                    let seq = rows.seqs()[i];
                    let entry = Reverse((key, seq));
                    // Most are not among them, and nothing else is asked about those.
                    let full = heap.len() == n;
                    if (full && heap.peek().is_some_and(|least| entry >= *least)) || !wanted(seq) {
                        return;
                    }
                    if full {
                        heap.pop();
                    }
                    heap.push(entry);
                });
            }
        });
        (count, heap.into_sorted_vec().into_iter().map(|Reverse(entry)| entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::domain::view::MapRow;
    use crate::map::Change;
    use crate::map::testing::{filter, rows, spots};

    /// Three snapshots of the same rows: with a delta and dead rows, folded, and with changes after a fold.
    fn snapshots(first: &[MapRow], then: &[MapRow], gone: &[u32]) -> (Vec<Snapshot>, Vec<MapRow>) {
        let changes: Vec<Change> = then
            .iter()
            .map(|r| Change::Upsert(*r))
            .chain(gone.iter().map(|&seq| Change::Remove { seq }))
            .collect();
        let start = Snapshot::from_rows(first.to_vec(), 1);
        let half = start.apply(&changes[..changes.len() / 2], 2);
        let whole = start.apply(&changes, 3);
        let all = first.iter().chain(then).map(|r| (r.seq, *r));
        let mut now: BTreeMap<u32, MapRow> = all.collect();
        now.retain(|seq, _| !gone.contains(seq));
        (vec![whole.fold(), half.fold().apply(&changes, 3), whole], now.into_values().collect())
    }

    proptest! {
        #[test]
        fn pages_are_those_of_sorting_all_rows(
            first in rows(spots(), 150),
            // Other rows under the same sequences, and newer ones.
            then in rows(spots(), 200),
            every in 1_usize..6,
            gone in proptest::collection::vec(0_u32..220, 0..30),
            filter in filter(),
            before in proptest::option::of(0_u32..250),
            n in 0_usize..40,
        ) {
            let then: Vec<MapRow> = then.into_iter().rev().step_by(every).collect();
            let (snapshots, now) = snapshots(&first, &then, &gone);
            let matching: Vec<&MapRow> = now.iter().rev().filter(|r| filter.matches(r)).collect();
            let below = |r: &&&MapRow| before.is_none_or(|b| r.seq < b);
            let want: Vec<u32> = matching.iter().filter(below).take(n).map(|r| r.seq).collect();
            let end = before.map(|b| Position { shown_ms: i64::from(b) * 500, seq: 50 });
            let mut latest: Vec<(Position, u32)> = matching.iter().map(|r| (r.last_event, r.seq)).collect();
            latest.retain(|(at, seq)| end.is_none_or(|e| *at < e) && seq % 5 > 0);
            latest.sort_unstable_by_key(|k| Reverse(*k));
            latest.truncate(n);
            for s in snapshots {
                prop_assert_eq!(s.page(&filter, before, n), want.clone());
                prop_assert_eq!(s.matching(&filter).count(), matching.len() as u64);
                prop_assert_eq!(s.latest(&filter, end, n, |seq| seq % 5 > 0), latest.clone());
            }
        }

        #[test]
        fn a_set_of_sequences_is_a_set(seqs in proptest::collection::vec(0_u32..400, 0..80), gone in 0_u32..500, end in 0_u32..500) {
            let mut set: SeqSet = seqs.iter().copied().collect();
            let mut want: BTreeSet<u32> = seqs.into_iter().collect();
            set.remove(gone);
            want.remove(&gone);
            prop_assert_eq!(set.count(), want.len() as u64);
            prop_assert!(set.before(None).eq(want.iter().rev().copied()));
            prop_assert!(set.before(Some(end)).eq(want.range(..end).rev().copied()));
            prop_assert!((0..500).all(|s| set.contains(s) == want.contains(&s)));
        }
    }
}
