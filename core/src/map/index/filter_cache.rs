//! Caches which rows pass the most recent filters. A map requests many tiles with one filter, and
//! each row is evaluated once. Not here: how a row is evaluated (select), rows that have been
//! replaced since (index).

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::map::index::columns::{BLOCK, each, within};
use crate::query::Filter;

/// Number of cached filters. Each needs a bit per row and a 64th of that.
const FILTERS: usize = 16;

/// Results of recent filters for one set of columns, which never changes.
#[derive(Default)]
pub(in crate::map) struct FilterCache(Mutex<VecDeque<(Filter, Arc<Marks>)>>);

/// Which rows pass one filter, as far as they were evaluated.
pub(in crate::map) struct Marks {
    /// One bit per row.
    words: Box<[AtomicU64]>,
    /// One bit for each word that was computed.
    known: Box<[AtomicU64]>,
}

impl FilterCache {
    /// The marks of a filter, created if missing. The least recently used filter is evicted.
    pub(in crate::map) fn of(&self, filter: &Filter, words: usize) -> Arc<Marks> {
        self.known(filter).unwrap_or_else(|| {
            let marks = Arc::new(Marks::new(words));
            let mut cache = self.lock();
            cache.push_front((filter.clone(), Arc::clone(&marks)));
            cache.truncate(FILTERS);
            marks
        })
    }

    /// The marks of a filter, if cached.
    pub(in crate::map) fn known(&self, filter: &Filter) -> Option<Arc<Marks>> {
        let mut cache = self.lock();
        let at = cache.iter().position(|(f, _)| f == filter)?;
        let entry = cache.remove(at)?;
        let marks = Arc::clone(&entry.1);
        cache.push_front(entry);
        Some(marks)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Filter, Arc<Marks>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Marks {
    fn new(words: usize) -> Self {
        let zeros = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect();
        Self { words: zeros(words), known: zeros(words.div_ceil(BLOCK)) }
    }

    /// Computes missing words with `make`. Two threads may compute the same word; both get the same
    /// result.
    pub(in crate::map) fn know(&self, words: Range<usize>, make: impl Fn(usize) -> u64) {
        for (group, known) in
            self.known.iter().enumerate().take(words.end.div_ceil(BLOCK)).skip(words.start / BLOCK)
        {
            let unknown = within(&words, group) & !known.load(Ordering::Acquire);
            each(group, unknown, |k| self.words[k].store(make(k), Ordering::Relaxed));
            if unknown != 0 {
                known.fetch_or(unknown, Ordering::Release);
            }
        }
    }

    /// Word `k`, which must have been computed.
    #[inline]
    pub(in crate::map) fn word(&self, k: usize) -> u64 {
        self.words[k].load(Ordering::Relaxed)
    }
}

impl fmt::Debug for FilterCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FilterCache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(least: u32) -> Filter {
        crate::query::testing::filter(&[("min_votes", &least.to_string())])
    }

    #[test]
    fn a_word_is_worked_out_once_for_each_filter() {
        let cache = FilterCache::default();
        let word = |marks: &Marks, k: usize, made: u64| {
            marks.know(k..k + 1, |_| made);
            marks.word(k)
        };
        let (a, b) = (cache.of(&votes(1), 130), cache.of(&votes(2), 130));
        assert_eq!((word(&a, 129, 7), word(&b, 129, 8), word(&a, 128, 5)), (7, 8, 5));
        assert!(cache.known(&votes(3)).is_none());
        let again = cache.known(&votes(1)).unwrap();
        again.know(60..130, |k| if k < 128 { k as u64 } else { unreachable!() });
        assert_eq!([60, 63, 64, 127, 128, 129].map(|k| again.word(k)), [60, 63, 64, 127, 5, 7]);
    }

    #[test]
    fn the_filter_asked_longest_ago_gives_way() {
        let cache = FilterCache::default();
        for n in 0..=FILTERS as u32 {
            cache.of(&votes(n), 1).know(0..1, |_| n.into());
            cache.of(&votes(0), 1);
        }
        let word = |n: u32| {
            let marks = cache.of(&votes(n), 1);
            marks.know(0..1, |_| 99);
            marks.word(0)
        };
        assert_eq!((word(0), word(1)), (0, 99));
        assert_eq!(cache.0.lock().unwrap().len(), FILTERS);
    }
}
