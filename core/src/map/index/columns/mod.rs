//! Rows as flat columns in Morton order, with what makes a range of them cheap to read: where
//! cells begin at any zoom, a bitset per value of the small fields, running sums every 64 rows.
//! Not here: which of two versions of a row counts (index), what is asked (select).

use std::io::{self, Read, Write};
use std::mem::take;
use std::ops::Range;

use crate::domain::view::{MapRow, Position};
use crate::domain::{Instant, State};
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
/// In the column of due dates: none. It is below every instant.
pub(in crate::map) const NEVER: i64 = i64::MIN;

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
    category: Vec<u8>,
    state: Vec<u8>,
    ward: Vec<u16>,
    body: Vec<u16>,
    votes: Vec<u32>,
    created: Vec<i64>,
    updated: Vec<i64>,
    /// `NEVER` where no answer is due.
    due: Vec<i64>,
    event_ms: Vec<i64>,
    event_seq: Vec<i64>,
    id: Vec<u64>,
    seq: Vec<u32>,
    /// One more than the highest category.
    categories: usize,
    /// Value-major bitsets: `categories` of them, then `STATES`, each `words()` long.
    bits: Vec<u64>,
    blocks: Blocks,
}

/// Sums over all rows before each multiple of [`BLOCK`], and the newest row inside each block.
#[derive(Clone, Debug, Default)]
struct Blocks {
    x: Vec<u64>,
    y: Vec<u64>,
    /// How many rows of each value are before each stretch of blocks, `categories + STATES` numbers for each.
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
            category: Vec::with_capacity(n),
            state: Vec::with_capacity(n),
            ward: Vec::with_capacity(n),
            body: Vec::with_capacity(n),
            votes: Vec::with_capacity(n),
            created: Vec::with_capacity(n),
            updated: Vec::with_capacity(n),
            due: Vec::with_capacity(n),
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
        self.category.push(row.category);
        self.state.push(row.state as u8);
        self.ward.push(row.ward);
        self.body.push(row.body);
        self.votes.push(row.votes);
        self.created.push(row.created.ms());
        self.updated.push(row.updated.ms());
        self.due.push(row.due.map_or(NEVER, Instant::ms));
        self.event_ms.push(row.last_event.shown_ms);
        self.event_seq.push(row.last_event.seq);
        self.id.push(row.id);
        self.seq.push(row.seq);
    }

    /// Writes what cannot be computed anew.
    pub(in crate::map) fn freeze(&self, out: &mut Summed<impl Write>) -> io::Result<()> {
        // Named one by one, so that a new column cannot be forgotten here.
        let Self {
            morton,
            common: _,
            lon_e7,
            lat_e7,
            category,
            state,
            ward,
            body,
            votes,
            created,
            updated,
            due,
            event_ms,
            event_seq,
            id,
            seq,
            ..
        } = self;
        out.put(morton)?;
        out.put(lon_e7)?;
        out.put(lat_e7)?;
        out.put(category)?;
        out.put(state)?;
        out.put(ward)?;
        out.put(body)?;
        out.put(votes)?;
        out.put(created)?;
        out.put(updated)?;
        out.put(due)?;
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
        let out = Self {
            morton: input.take(placed)?,
            lon_e7: input.take(placed)?,
            lat_e7: input.take(placed)?,
            category: input.take(rows)?,
            state: input.take(rows)?,
            ward: input.take(rows)?,
            body: input.take(rows)?,
            votes: input.take(rows)?,
            created: input.take(rows)?,
            updated: input.take(rows)?,
            due: input.take(rows)?,
            event_ms: input.take(rows)?,
            event_seq: input.take(rows)?,
            id: input.take(rows)?,
            seq: input.take(rows)?,
            ..Self::default()
        };
        let known = |s: &u8| State::from_code(*s).is_some();
        if !out.state.iter().all(known) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a state in it is unknown"));
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
        self.categories = self.category.iter().max().map_or(0, |&c| usize::from(c) + 1);
        let width = self.categories + STATES;
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
                for v in [usize::from(self.category[i]), self.categories + usize::from(self.state[i])] {
                    values[v] += 1;
                    self.bits[v * words + k] |= 1 << (i % BLOCK);
                }
                latest = latest.max(self.updated[i]);
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
        self.categories
    }

    /// The row at a position.
    pub(in crate::map) fn row(&self, i: usize) -> MapRow {
        MapRow {
            seq: self.seq[i],
            id: self.id[i],
            point: (i < self.placed()).then(|| LonLat::from_e7(self.lon_e7[i], self.lat_e7[i])),
            category: self.category[i],
            state: State::from_code(self.state[i]).expect("the column was filled from states"),
            ward: self.ward[i],
            body: self.body[i],
            votes: self.votes[i],
            created: Instant::from_ms(self.created[i]),
            updated: Instant::from_ms(self.updated[i]),
            due: (self.due[i] != NEVER).then(|| Instant::from_ms(self.due[i])),
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

    pub(in crate::map) fn created(&self) -> &[i64] {
        &self.created
    }

    pub(in crate::map) fn updated(&self) -> &[i64] {
        &self.updated
    }

    /// `NEVER` where no answer is due.
    pub(in crate::map) fn due(&self) -> &[i64] {
        &self.due
    }

    pub(in crate::map) fn votes(&self) -> &[u32] {
        &self.votes
    }

    pub(in crate::map) fn category(&self) -> &[u8] {
        &self.category
    }

    pub(in crate::map) fn wards(&self) -> &[u16] {
        &self.ward
    }

    pub(in crate::map) fn bodies(&self) -> &[u16] {
        &self.body
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

    /// Word `k` of the rows of one category.
    pub(in crate::map) fn category_word(&self, category: usize, k: usize) -> u64 {
        if category < self.categories { self.bits[category * self.words() + k] } else { 0 }
    }

    /// Word `k` of the rows in one state.
    pub(in crate::map) fn state_word(&self, state: usize, k: usize) -> u64 {
        self.bits[(self.categories + state) * self.words() + k]
    }
}

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
