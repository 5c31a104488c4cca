//! Rows as flat columns in Morton order, with what makes a range of them cheap to read: where
//! cells begin at any zoom, a bitset per value of the small fields, running sums every 64 rows.
//! Not here: which of two versions of a row counts (index), what is asked (select).

use std::array::from_fn;
use std::io::{self, Read, Write};
use std::mem::take;
use std::ops::{Index, Range};

use crate::domain::State;
use crate::domain::field::{
    CATEGORY, CODES8, CODES16, COUNTS, Code8, Code16, Column, Count, TABLE, TIMES, Time, UPDATED, Vocabulary,
};
use crate::domain::view::{MapRow, Position};
use crate::geo::{LonLat, Mercator, morton};
use crate::map::index::frozen::Summed;

mod cells;
mod ranges;

use cells::Listed;
pub(in crate::map) use ranges::Tally;

/// Rows per bitset word and per running sum.
pub(in crate::map) const BLOCK: usize = 64;
/// How many states there are.
pub(in crate::map) const STATES: usize = State::ALL.len();
/// How many runs of one cell, or rows, are found before they are looked at.
const BATCH: usize = 64;

/// Rows with a point come first, in Morton order (ties by id), then the placeless ones by id.
#[derive(Clone, Debug, Default)]
pub(in crate::map) struct Columns {
    /// Morton code of the 32-bit mercator position; its length is the number of placed rows.
    morton: Vec<u64>,
    /// How many leading pairs of bits of `morton` equal those of the row before, 0..=32: a row
    /// begins a cell of a grid with 2^bits cells a side exactly if its number is below `bits`.
    common: Vec<u8>,
    listed: Listed,
    lon_e7: Vec<i32>,
    lat_e7: Vec<i32>,
    /// The fields of the table that have a column, by their slots.
    codes8: [Vec<u8>; CODES8],
    codes16: [Vec<u16>; CODES16],
    counts: [Vec<u32>; COUNTS],
    times: [Vec<i64>; TIMES],
    /// A bit for each field of which only is known whether it has a value.
    present: Vec<u8>,
    event_ms: Vec<i64>,
    event_seq: Vec<i64>,
    id: Vec<u64>,
    seq: Vec<u32>,
    /// Where the values of each small code begin among all their values, and how many there are in all.
    first: [usize; CODES8 + 1],
    /// A bitset for each value of each small code, each `words()` long.
    bits: Vec<u64>,
    blocks: Blocks,
}

/// Sums over all rows before each multiple of [`BLOCK`], and the newest row inside each block.
#[derive(Clone, Debug, Default)]
struct Blocks {
    x: Vec<u64>,
    y: Vec<u64>,
    /// How many rows of each value are before each stretch of blocks, a number for each of all small codes.
    stretches: Vec<u32>,
    /// How many more before each block, from where its stretch begins.
    values: Vec<u16>,
    latest: Vec<i64>,
}

/// Blocks to a stretch: their rows can be counted in 16 bits. Few rows are enough for tests to have several.
const STRETCH: usize = if cfg!(test) { 2 } else { 512 };

/// The sort key of a row: where it stands in the columns.
pub(in crate::map) fn key(row: &MapRow) -> (bool, u64, u64) {
    let code = row.point.map_or(0, |p| {
        let m = Mercator::from_lonlat(p);
        morton::interleave(m.x, m.y)
    });
    (row.point.is_none(), code, row.id)
}

impl Columns {
    /// Builds the columns from rows in any order.
    pub(in crate::map) fn from_rows(rows: &[MapRow]) -> Self {
        let mut keyed: Vec<_> = rows.iter().zip(0_u32..).map(|(row, i)| (key(row), i)).collect();
        keyed.sort_unstable();
        let mut out = Self::with_capacity(rows.len());
        // Rows far apart in memory are waited for together and not one by one.
        let mut near: Vec<MapRow> = Vec::with_capacity(BATCH);
        for batch in keyed.chunks(BATCH) {
            near.clear();
            near.extend(batch.iter().map(|&(_, i)| rows[i as usize]));
            batch.iter().zip(&near).for_each(|((key, _), row)| out.push(*key, row));
        }
        out.finish();
        out
    }

    /// Where a row stands; none for a placeless one.
    pub(in crate::map) fn place(&self, i: usize) -> Option<Mercator> {
        let (x, y) = morton::deinterleave(*self.morton.get(i)?);
        Some(Mercator { x, y })
    }

    pub(in crate::map) fn with_capacity(n: usize) -> Self {
        Self {
            morton: Vec::with_capacity(n),
            common: Vec::with_capacity(n),
            lon_e7: Vec::with_capacity(n),
            lat_e7: Vec::with_capacity(n),
            codes8: from_fn(|_| Vec::with_capacity(n)),
            codes16: from_fn(|_| Vec::with_capacity(n)),
            counts: from_fn(|_| Vec::with_capacity(n)),
            times: from_fn(|_| Vec::with_capacity(n)),
            present: Vec::with_capacity(n),
            event_ms: Vec::with_capacity(n),
            event_seq: Vec::with_capacity(n),
            id: Vec::with_capacity(n),
            seq: Vec::with_capacity(n),
            ..Self::default()
        }
    }

    /// Appends a row; keys must ascend, and `finish` must follow the last one.
    pub(in crate::map) fn push(&mut self, key: (bool, u64, u64), row: &MapRow) {
        if let Some(p) = row.point {
            let code = key.1;
            self.common.push(common(self.morton.last().copied(), code));
            self.morton.push(code);
            let (lon, lat) = p.e7();
            self.lon_e7.push(lon);
            self.lat_e7.push(lat);
        }
        put(&mut self.codes8, row.codes8);
        put(&mut self.codes16, row.codes16);
        put(&mut self.counts, row.counts);
        put(&mut self.times, row.times);
        self.present.push(row.present);
        self.event_ms.push(row.last_event.shown_ms);
        self.event_seq.push(row.last_event.seq);
        self.id.push(row.id);
        self.seq.push(row.seq);
    }

    /// Writes what cannot be computed anew.
    pub(in crate::map) fn freeze(&self, out: &mut Summed<impl Write>) -> io::Result<()> {
        // All but what is computed: named one by one, so that a new column cannot be forgotten here.
        let Self {
            morton,
            common: _,
            listed: _,
            lon_e7,
            lat_e7,
            codes8,
            codes16,
            counts,
            times,
            present,
            event_ms,
            event_seq,
            id,
            seq,
            ..
        } = self;
        out.put(morton)?;
        out.put(lon_e7)?;
        out.put(lat_e7)?;
        codes8.iter().try_for_each(|c| out.put(c))?;
        codes16.iter().try_for_each(|c| out.put(c))?;
        counts.iter().try_for_each(|c| out.put(c))?;
        times.iter().try_for_each(|c| out.put(c))?;
        out.put(present)?;
        out.put(event_ms)?;
        out.put(event_seq)?;
        out.put(id)?;
        out.put(seq)
    }

    /// Reads what [`Columns::freeze`] wrote, as yet without what [`Columns::finished`] computes.
    pub(in crate::map) fn thaw(
        input: &mut Summed<impl Read>,
        placed: usize,
        rows: usize,
    ) -> io::Result<Self> {
        let mut out = Self {
            morton: input.take(placed)?,
            lon_e7: input.take(placed)?,
            lat_e7: input.take(placed)?,
            ..Self::default()
        };
        out.codes8.iter_mut().try_for_each(|c| input.take(rows).map(|v| *c = v))?;
        out.codes16.iter_mut().try_for_each(|c| input.take(rows).map(|v| *c = v))?;
        out.counts.iter_mut().try_for_each(|c| input.take(rows).map(|v| *c = v))?;
        out.times.iter_mut().try_for_each(|c| input.take(rows).map(|v| *c = v))?;
        out.present = input.take(rows)?;
        out.event_ms = input.take(rows)?;
        out.event_seq = input.take(rows)?;
        out.id = input.take(rows)?;
        out.seq = input.take(rows)?;
        for field in TABLE {
            if let (Some(Column::Code8(slot, _)), Vocabulary::Terms(terms)) = (field.column, field.vocabulary)
                && out[slot].iter().any(|code| usize::from(*code) >= terms.len())
            {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a {} in it is unknown", field.name),
                ));
            }
        }
        Ok(out)
    }

    /// The columns that [`Columns::thaw`] read, ready.
    pub(in crate::map) fn finished(mut self) -> Self {
        self.common = Vec::with_capacity(self.morton.len());
        let mut last = None;
        for &code in &self.morton {
            self.common.push(common(last, code));
            last = Some(code);
        }
        self.finish();
        self
    }

    /// Computes bitsets and running sums once all rows are in.
    pub(in crate::map) fn finish(&mut self) {
        let (n, words) = (self.len(), self.words());
        self.listed = Listed::new(&self.morton, &self.common);
        let mut width = 0;
        for (first, codes) in self.first.iter_mut().zip(&self.codes8) {
            *first = width;
            width += codes.iter().max().map_or(0, |&c| usize::from(c) + 1);
        }
        self.first[CODES8] = width;
        self.bits = vec![0; width * words];
        self.blocks = Blocks {
            x: Vec::with_capacity(words),
            y: Vec::with_capacity(words),
            stretches: Vec::with_capacity(words.div_ceil(STRETCH) * width),
            values: Vec::with_capacity(words * width),
            latest: Vec::with_capacity(words),
        };
        let (mut x, mut y, mut stretch, mut values) = (0_u64, 0_u64, vec![0_u32; width], vec![0_u16; width]);
        for k in 0..words {
            self.blocks.x.push(x);
            self.blocks.y.push(y);
            if k % STRETCH == 0 {
                stretch.iter_mut().zip(&mut values).for_each(|(all, some)| *all += u32::from(take(some)));
                self.blocks.stretches.extend_from_slice(&stretch);
            }
            self.blocks.values.extend_from_slice(&values);
            let mut latest = i64::MIN;
            for i in k * BLOCK..((k + 1) * BLOCK).min(n) {
                if i < self.morton.len() {
                    let (mx, my) = morton::deinterleave(self.morton[i]);
                    x += u64::from(mx);
                    y += u64::from(my);
                }
                for (first, codes) in self.first.iter().zip(&self.codes8) {
                    let v = first + usize::from(codes[i]);
                    values[v] += 1;
                    self.bits[v * words + k] |= 1 << (i % BLOCK);
                }
                latest = latest.max(self.times[UPDATED.0][i]);
            }
            self.blocks.latest.push(latest);
        }
    }

    /// All rows, placed or not.
    pub(in crate::map) fn len(&self) -> usize {
        self.id.len()
    }

    /// Rows with a point: the positions `0..placed()`.
    pub(in crate::map) fn placed(&self) -> usize {
        self.morton.len()
    }

    /// Bitset words over all rows.
    pub(in crate::map) fn words(&self) -> usize {
        self.len().div_ceil(BLOCK)
    }

    /// One more than the highest category.
    pub(in crate::map) fn categories(&self) -> usize {
        self.values(CATEGORY).len()
    }

    /// The values of a small code, as they are counted among those of all.
    fn values(&self, slot: Code8) -> Range<usize> {
        self.first[slot.0]..self.first[slot.0 + 1]
    }

    /// The row at a position.
    pub(in crate::map) fn row(&self, i: usize) -> MapRow {
        MapRow {
            seq: self.seq[i],
            id: self.id[i],
            point: (i < self.placed()).then(|| LonLat::from_e7(self.lon_e7[i], self.lat_e7[i])),
            codes8: from_fn(|s| self.codes8[s][i]),
            codes16: from_fn(|s| self.codes16[s][i]),
            counts: from_fn(|s| self.counts[s][i]),
            times: from_fn(|s| self.times[s][i]),
            present: self.present[i],
            last_event: self.last_event(i),
        }
    }

    /// Where the last event of a row stands.
    pub(in crate::map) fn last_event(&self, i: usize) -> Position {
        Position { shown_ms: self.event_ms[i], seq: self.event_seq[i] }
    }

    /// The sort key of the row at a position.
    pub(in crate::map) fn key(&self, i: usize) -> (bool, u64, u64) {
        (i >= self.placed(), self.morton.get(i).copied().unwrap_or(0), self.id[i])
    }

    pub(in crate::map) fn seqs(&self) -> &[u32] {
        &self.seq
    }

    pub(in crate::map) fn ids(&self) -> &[u64] {
        &self.id
    }

    pub(in crate::map) fn present(&self) -> &[u8] {
        &self.present
    }

    /// Longitude and latitude in units of 1e-7 degree; none for a placeless row.
    pub(in crate::map) fn e7(&self, i: usize) -> Option<(i32, i32)> {
        Some((*self.lon_e7.get(i)?, *self.lat_e7.get(i)?))
    }

    /// Longitudes and latitudes of the placed rows of a range, in the same units.
    pub(in crate::map) fn places(&self, range: Range<usize>) -> (&[i32], &[i32]) {
        let end = range.end.min(self.placed());
        let range = range.start.min(end)..end;
        (&self.lon_e7[range.clone()], &self.lat_e7[range])
    }

    /// The mercator position of a placed row.
    pub(in crate::map) fn mercator(&self, i: usize) -> Mercator {
        let (x, y) = morton::deinterleave(self.morton[i]);
        Mercator { x, y }
    }

    /// Word `k` of the rows with one value of a small code.
    pub(in crate::map) fn word(&self, slot: Code8, value: usize, k: usize) -> u64 {
        let values = self.values(slot);
        if value < values.len() { self.bits[(values.start + value) * self.words() + k] } else { 0 }
    }
}

/// Appends to each column its value.
fn put<T, const N: usize>(columns: &mut [Vec<T>; N], values: [T; N]) {
    columns.iter_mut().zip(values).for_each(|(c, v)| c.push(v));
}

macro_rules! slots {
    ($($slot:ident($held:ident) => $value:ty),+ $(,)?) => { $(
        impl Index<$slot> for Columns {
            type Output = [$value];

            fn index(&self, slot: $slot) -> &[$value] {
                &self.$held[slot.0]
            }
        }
    )+ };
}

slots! { Code8(codes8) => u8, Code16(codes16) => u16, Count(counts) => u32, Time(times) => i64 }

/// How many leading pairs of bits a code shares with the one before it.
fn common(last: Option<u64>, code: u64) -> u8 {
    last.map_or(0, |last| ((last ^ code).leading_zeros() / 2) as u8)
}

/// The positions of a range that are not in the sorted list of dead ones.
pub(in crate::map) fn live(range: Range<usize>, dead: &[u32]) -> impl Iterator<Item = usize> + '_ {
    let mut dead = &dead[dead.partition_point(|&d| (d as usize) < range.start)..];
    range.filter(move |&i| {
        if dead.first().is_some_and(|&d| d as usize == i) {
            dead = &dead[1..];
            return false;
        }
        true
    })
}

/// Calls `f` with the positions of the bits that are set in word `k`.
#[inline]
pub(in crate::map) fn each(k: usize, set: u64, mut f: impl FnMut(usize)) {
    let mut left = set;
    while left != 0 {
        f(k * BLOCK + left.trailing_zeros() as usize);
        left &= left - 1;
    }
}

/// The bits of word `k` that belong to a range of positions.
#[inline]
pub(in crate::map) fn within(range: &Range<usize>, k: usize) -> u64 {
    let base = k * BLOCK;
    let low = range.start.saturating_sub(base).min(BLOCK) as u32;
    let high = range.end.saturating_sub(base).min(BLOCK) as u32;
    let below = |n: u32| 1_u64.checked_shl(n).map_or(u64::MAX, |v| v - 1);
    below(high) & !below(low)
}
