//! What matches, in an order that a list asks for.

use crate::geo::LonLat;
use crate::map::index::Snapshot;
use crate::map::index::columns::{Columns, each};
use crate::map::index::select::{Go, Select};
use crate::query::Filter;
use crate::query::order::{Key, Order};

/// Up to so many, a heap of them is quicker than sorting all.
const FEW: usize = 20_000;

impl Snapshot {
    /// The keys of the next `n` rows that match, before a place in an order, the first of them first. One
    /// pass over the rows; their keys are sorted.
    pub fn ordered(&self, filter: &Filter, order: &Order, before: Option<Key>, n: usize) -> Vec<Key> {
        self.ordered_by(&Select::new(filter), order, before, n).1
    }

    /// How many rows match, and the next `n` of them as [`Self::ordered`]; none if `go` says to stop before
    /// that is known.
    pub fn list(
        &self,
        filter: &Filter,
        order: &Order,
        before: Option<Key>,
        n: usize,
        go: &Go<'_>,
    ) -> Option<(u64, Vec<Key>)> {
        let select = Select::new(filter).going(go);
        let found = self.ordered_by(&select, order, before, n);
        (!select.is_stopped()).then_some(found)
    }

    fn ordered_by(
        &self,
        select: &Select<'_>,
        order: &Order,
        before: Option<Key>,
        n: usize,
    ) -> (u64, Vec<Key>) {
        let (slot, metres) = (order.time(), order.metres());
        let key = |rows: &Columns, i: usize| {
            let place = || rows.e7(i).map(|(lon, lat)| metres(LonLat::from_e7(lon, lat)));
            let value = slot.map_or_else(place, |slot| Some(rows[slot][i]));
            let key = (order.rank(value), rows.seqs()[i]);
            before.is_none_or(|b| key < b).then_some(key)
        };
        if n <= FEW {
            let (count, found) = self.greatest_of(select, n, key, |_| true);
            return (count, found.into_iter().map(|(key, _)| key).collect());
        }
        let (mut count, mut all) = (0, Vec::new());
        self.marked(select, |rows, words| {
            for (k, &word) in words.iter().enumerate() {
                count += u64::from(word.count_ones());
                each(k, word, |i| all.extend(key(rows, i)));
            }
        });
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.truncate(n);
        (count, all)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::map::testing::{filter, rows, spots};
    use crate::query::order::By;

    proptest! {
        #[test]
        fn it_is_that_of_sorting_all_rows(
            rows in rows(spots(), 150),
            filter in filter(),
            by in prop_oneof![Just(By::Created), Just(By::Updated), Just(By::Due), spots().prop_map(By::Distance)],
            descending in any::<bool>(),
            at in any::<prop::sample::Index>(),
            n in prop_oneof![0_usize..40, Just(usize::MAX)],
        ) {
            let order = Order { by, descending };
            let mut want: Vec<Key> = rows.iter().filter(|r| filter.matches(r)).map(|r| order.key(r)).collect();
            want.sort_unstable_by(|a, b| b.cmp(a));
            let before = (!rows.is_empty()).then(|| order.key(&rows[at.index(rows.len())]));
            let snapshot = Snapshot::from_rows(rows.clone(), 1);
            for before in [None, before] {
                let rest = want.iter().filter(|k| before.is_none_or(|b| **k < b)).take(n);
                let rest: Vec<Key> = rest.copied().collect();
                prop_assert_eq!(snapshot.ordered(&filter, &order, before, n), rest.clone());
                let list = snapshot.list(&filter, &order, before, n, &|| true);
                prop_assert_eq!(list, Some((want.len() as u64, rest)));
                // Whoever is told to stop says nothing rather than too little.
                let asked = Cell::new(0);
                let go = || asked.replace(asked.get() + 1) < 1;
                let stopped = snapshot.list(&filter, &order, before, n, &go);
                prop_assert_eq!(stopped.is_none(), asked.get() > 1);

            }
        }
    }
}
