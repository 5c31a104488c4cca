//! A filter compiled for the columns: bitsets of small fields combined 64 rows at a time, the
//! rest decided only for the rows that are left. Equal to `Filter::matches`, only quicker.

use std::ops::Range;

use super::columns::{BLOCK, Columns, STATES};
use crate::geo::mercator::Mercator;
use crate::geo::morton::Window;
use crate::geo::{Bbox, LonLat};
use crate::query::{CodeSet, Filter, Interval};

/// A filter ready to run over columns.
#[derive(Debug)]
pub(super) struct Select {
    categories: Option<Vec<usize>>,
    states: Option<Vec<usize>>,
    /// One bit per ward position.
    wards: Option<Vec<u64>>,
    created: Option<(i64, i64)>,
    updated: Option<(i64, i64)>,
    bbox: Option<E7Box>,
}

/// A box in whole units of 1e-7 degree; `west > east` crosses the antimeridian.
#[derive(Clone, Copy, Debug)]
struct E7Box {
    west: i32,
    south: i32,
    east: i32,
    north: i32,
}

impl Select {
    pub(super) fn new(filter: &Filter) -> Self {
        let small = |set: &Option<CodeSet>, limit: usize| {
            set.as_ref()
                .map(|s| s.as_slice().iter().map(|&c| usize::from(c)).filter(|&c| c < limit).collect())
        };
        let interval = |i: Interval| (!i.is_all()).then(|| (i.from.ms(), i.to.ms()));
        Self {
            categories: small(&filter.categories, 256),
            states: small(&filter.states, STATES),
            wards: filter.wards.as_ref().map(|set| {
                let mut bits = vec![0_u64; (1 << 16) / BLOCK];
                for &w in set.as_slice() {
                    bits[usize::from(w) / BLOCK] |= 1 << (usize::from(w) % BLOCK);
                }
                bits
            }),
            created: interval(filter.created),
            updated: interval(filter.updated),
            bbox: filter.bbox.map(E7Box::new),
        }
    }

    /// Whether every row matches.
    pub(super) fn is_all(&self) -> bool {
        self.categories.is_none() && self.states.is_none() && !self.decides_by_row()
    }

    fn decides_by_row(&self) -> bool {
        self.wards.is_some() || self.created.is_some() || self.updated.is_some() || self.bbox.is_some()
    }

    /// Sets the bits of the matching rows of a range in `out`, one word per 64 rows of all the
    /// columns; bits outside the range stay as they are, dead rows (sorted positions) stay unset.
    pub(super) fn mark(&self, c: &Columns, range: Range<usize>, dead: &[u32], out: &mut [u64]) {
        if range.is_empty() {
            return;
        }
        let union = |sets: &[&[u64]], k: usize| sets.iter().fold(0, |w, s| w | s[k]);
        let categories: Option<Vec<&[u64]>> =
            self.categories.as_ref().map(|v| v.iter().filter_map(|&x| c.category_bits(x)).collect());
        let states: Option<Vec<&[u64]>> =
            self.states.as_ref().map(|v| v.iter().map(|&s| c.state_bits(s)).collect());
        let first = range.start / BLOCK;
        for (n, out) in out[first..range.end.div_ceil(BLOCK)].iter_mut().enumerate() {
            let k = first + n;
            let mut word = within(&range, k);
            if let Some(sets) = &categories {
                word &= union(sets, k);
            }
            if let Some(sets) = &states {
                word &= union(sets, k);
            }
            if word.count_ones() >= DENSE {
                word &= between(self.created, c.created(), k) & between(self.updated, c.updated(), k);
            }
            if self.decides_by_row() {
                let mut left = word;
                while left != 0 {
                    let bit = left.trailing_zeros() as usize;
                    if !self.row_passes(c, k * BLOCK + bit) {
                        word &= !(1 << bit);
                    }
                    left &= left - 1;
                }
            }
            *out |= word;
        }
        for &d in in_range(dead, &range) {
            out[d as usize / BLOCK] &= !(1 << (d as usize % BLOCK));
        }
    }

    /// The part of the filter that no bitset answers.
    fn row_passes(&self, c: &Columns, i: usize) -> bool {
        let inside =
            |limits: Option<(i64, i64)>, v: i64| limits.is_none_or(|(from, to)| from <= v && v <= to);
        inside(self.created, c.created()[i])
            && inside(self.updated, c.updated()[i])
            && self.wards.as_ref().is_none_or(|w| {
                let ward = usize::from(c.wards()[i]);
                w[ward / BLOCK] >> (ward % BLOCK) & 1 == 1
            })
            && self.bbox.is_none_or(|b| c.e7(i).is_some_and(|p| b.contains(p)))
    }

    /// Ranges of Morton codes that hold every row of the box; none if no box is asked for.
    pub(super) fn code_ranges(&self) -> Option<Vec<(u64, u64)>> {
        let b = self.bbox?;
        // Cells a side at which covering the box more tightly costs more than the rows it saves.
        let fine = 24;
        let window = |west: i32, east: i32| {
            let corner = |lon, lat| Mercator::from_lonlat(LonLat::from_e7(lon, lat));
            let (nw, se) = (corner(west, b.north), corner(east, b.south));
            // A unit more on each side: the projection is monotonic only up to its last float bit.
            Window {
                bits: 32,
                x0: nw.x.saturating_sub(1),
                y0: nw.y.saturating_sub(1),
                x1: se.x.saturating_add(1),
                y1: se.y.saturating_add(1),
            }
            .at_most(fine)
            .ranges()
        };
        if b.south > b.north {
            return Some(Vec::new());
        }
        if b.west <= b.east {
            return Some(window(b.west, b.east));
        }
        let half = 1_800_000_000;
        let mut all = if b.west <= half { window(b.west, half) } else { Vec::new() };
        if b.east >= -half {
            all.extend(window(-half, b.east));
        }
        all.sort_unstable();
        // The two halves may share coarse cells; a row must not be read twice.
        let mut out: Vec<(u64, u64)> = Vec::with_capacity(all.len());
        for r in all {
            match out.last_mut() {
                Some(last) if r.0 <= last.1 => last.1 = last.1.max(r.1),
                _ => out.push(r),
            }
        }
        Some(out)
    }
}

/// From so many rows left of 64 on, comparing all of them at once is quicker than one by one.
const DENSE: u32 = 8;

/// The rows of word `k` whose value lies in a closed interval.
fn between(limits: Option<(i64, i64)>, values: &[i64], k: usize) -> u64 {
    let Some((from, to)) = limits else { return u64::MAX };
    let block = &values[k * BLOCK..((k + 1) * BLOCK).min(values.len())];
    block.iter().enumerate().fold(0, |w, (i, v)| w | u64::from((from..=to).contains(v)) << i)
}

/// The bits of word `k` that belong to a range of positions.
pub(super) fn within(range: &Range<usize>, k: usize) -> u64 {
    let base = k * BLOCK;
    let low = range.start.saturating_sub(base).min(BLOCK) as u32;
    let high = range.end.saturating_sub(base).min(BLOCK) as u32;
    let below = |n: u32| 1_u64.checked_shl(n).map_or(u64::MAX, |v| v - 1);
    below(high) & !below(low)
}

/// The part of a sorted list of positions that lies in a range.
pub(super) fn in_range<'a>(sorted: &'a [u32], range: &Range<usize>) -> &'a [u32] {
    if sorted.is_empty() {
        return sorted;
    }
    let start = sorted.partition_point(|&d| (d as usize) < range.start);
    let end = start + sorted[start..].partition_point(|&d| (d as usize) < range.end);
    &sorted[start..end]
}

impl E7Box {
    /// Exactly the whole units that the box in degrees contains.
    fn new(b: Bbox) -> Self {
        Self {
            west: first_at_least(b.west),
            south: first_at_least(b.south),
            east: last_at_most(b.east),
            north: last_at_most(b.north),
        }
        .keep_crossing(b)
    }

    /// Rounding inward turns a narrow box inside out, which must then hold nothing, and must not
    /// be taken for one over the antimeridian; nor the reverse.
    fn keep_crossing(self, b: Bbox) -> Self {
        if !b.crosses_antimeridian() && self.west > self.east {
            return Self { west: 0, east: 0, south: 1, north: 0 };
        }
        if b.crosses_antimeridian() && self.west <= self.east {
            return Self { west: -1_800_000_000, east: 1_800_000_000, ..self };
        }
        self
    }

    fn contains(self, (lon, lat): (i32, i32)) -> bool {
        let between = if self.west > self.east {
            lon >= self.west || lon <= self.east
        } else {
            lon >= self.west && lon <= self.east
        };
        between && lat >= self.south && lat <= self.north
    }
}

/// Degrees of a whole unit, computed as `LonLat` computes them.
fn degrees(unit: i32) -> f64 {
    LonLat::from_e7(unit, 0).lon()
}

fn first_at_least(v: f64) -> i32 {
    let mut unit = (v * 1e7).round() as i32 - 1;
    while degrees(unit) < v {
        unit += 1;
    }
    unit
}

fn last_at_most(v: f64) -> i32 {
    let mut unit = (v * 1e7).round() as i32 + 1;
    while degrees(unit) > v {
        unit -= 1;
    }
    unit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::testing::{filter, rows, spots};

    proptest! {
        #[test]
        fn compiled_equals_the_one_evaluator(rows in rows(spots(), 150), filter in filter(), step in 1_usize..40) {
            let c = Columns::from_rows(&rows);
            let dead: Vec<u32> = (0..c.len()).step_by(step).skip(1).map(|i| i as u32).collect();
            let mut words = vec![0; c.words()];
            let select = Select::new(&filter);
            prop_assert_eq!(select.is_all(), filter.is_all());
            select.mark(&c, 0..c.len(), &dead, &mut words);
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
