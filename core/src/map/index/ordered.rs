//! What matches, in an order that a list asks for.

use crate::geo::LonLat;
use crate::map::index::Snapshot;
use crate::map::index::columns::{Columns, each};
use crate::map::index::select::Select;
use crate::query::Filter;
use crate::query::order::{Key, Order};

/// Up to so many, a heap of them is quicker than sorting all.
const FEW: usize = 20_000;

impl Snapshot {
    /// The keys of the next `n` rows that match, before a place in an order, the first of them first. One
    /// pass over the rows; their keys are sorted.
    pub fn ordered(&self, filter: &Filter, order: &Order, before: Option<Key>, n: usize) -> Vec<Key> {
        let (slot, metres) = (order.time(), order.metres());
        let key = |rows: &Columns, i: usize| {
            let place = || rows.e7(i).map(|(lon, lat)| metres(LonLat::from_e7(lon, lat)));
            let value = slot.map_or_else(place, |slot| Some(rows[slot][i]));
            let key = (order.rank(value), rows.seqs()[i]);
            before.is_none_or(|b| key < b).then_some(key)
        };
        if n <= FEW {
            return self.greatest(filter, n, key).into_iter().map(|(key, _)| key).collect();
        }
        let mut all = Vec::new();
        self.marked(&Select::new(filter), |rows, words| {
            for (k, &word) in words.iter().enumerate() {
                each(k, word, |i| all.extend(key(rows, i)));
            }
        });
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.truncate(n);
        all
    }
}

#[cfg(test)]
mod tests {
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
                prop_assert_eq!(snapshot.ordered(&filter, &order, before, n), rest.copied().collect::<Vec<_>>());
            }
        }
    }
}
