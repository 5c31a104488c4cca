//! The rows of a snapshot as a flat file, so that a start need not read the whole record: the same
//! columns in the same order, little-endian, with a checksum. Not here: where the file lies and when
//! it is written (jobs).
//!
//! A file is bound to what its numbers mean by a key of the caller's: a file under another key, cut
//! short or damaged is refused whole, and the rows are read from the record instead.

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use crate::domain::field::{Field, TABLE, Vocabulary};
use crate::map::index::Snapshot;
use crate::map::index::columns::Columns;

/// The first bytes of a file. The last is the version of the format: raise it when a column means something
/// else. Which columns there are is told by the table of fields.
const MAGIC: [u8; 8] = *b"diabanm\x03";
/// Values turned to bytes or back in one go.
const CHUNK: usize = 1 << 15;

/// What a file says of itself before its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Position of the change log that the rows stand at.
    pub at: i64,
    /// What the numbers mean, as whoever wrote it said.
    pub key: u128,
    placed: u64,
    rows: u64,
}

impl Snapshot {
    /// Writes the rows under a key; a delta is folded first, so off the async threads.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn freeze(&self, key: u128, out: impl Write) -> io::Result<()> {
        let folded = if self.is_folded() { self.clone() } else { self.fold() };
        let rows = folded.base();
        let mut out = Summed { inner: out, sum: Xxh3Default::new() };
        out.write_all(&MAGIC)?;
        out.write_all(&columns().to_le_bytes())?;
        out.write_all(&self.at().to_le_bytes())?;
        out.write_all(&key.to_le_bytes())?;
        out.write_all(&(rows.placed() as u64).to_le_bytes())?;
        out.write_all(&(rows.len() as u64).to_le_bytes())?;
        rows.freeze(&mut out)?;
        let sum = out.sum.digest128();
        out.inner.write_all(&sum.to_le_bytes())
    }
}

/// A file whose head was read.
#[derive(Debug)]
pub struct Frozen<R> {
    input: Summed<R>,
    head: Head,
}

impl<R: Read> Frozen<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// When it is no such file or of another version, and those of `input`.
    pub fn open(input: R) -> io::Result<Self> {
        let mut input = Summed { inner: input, sum: Xxh3Default::new() };
        if input.array()? != MAGIC || input.array()? != columns().to_le_bytes() {
            return Err(wrong("it was written by another version"));
        }
        let head = Head {
            at: i64::from_le_bytes(input.array()?),
            key: u128::from_le_bytes(input.array()?),
            placed: u64::from_le_bytes(input.array()?),
            rows: u64::from_le_bytes(input.array()?),
        };
        // Sequences are 32 bits wide.
        if head.placed > head.rows || head.rows > u64::from(u32::MAX) {
            return Err(wrong("it is damaged"));
        }
        Ok(Self { input, head })
    }

    /// What it says of itself.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The rows, as a snapshot without a delta.
    ///
    /// # Errors
    /// When it is cut short or damaged, and those of the input.
    pub fn thaw(mut self) -> io::Result<Snapshot> {
        let (placed, rows) = (self.head.placed as usize, self.head.rows as usize);
        let columns = Columns::thaw(&mut self.input, placed, rows)?;
        let sum = self.input.sum.digest128();
        let (mut told, mut more) = ([0; 16], [0; 1]);
        self.input.inner.read_exact(&mut told)?;
        if told != sum.to_le_bytes() || self.input.inner.read(&mut more)? != 0 {
            return Err(wrong("it is damaged"));
        }
        Ok(Snapshot::of(columns.finished(), self.head.at))
    }
}

/// What the numbers of a file mean, in one number: any text that changes when they do.
pub fn frozen_key<'a>(parts: impl Iterator<Item = &'a [u8]>) -> u128 {
    let mut all = Vec::new();
    for part in parts {
        // Lengths keep ("a", "bc") from being ("ab", "c").
        all.extend_from_slice(&(part.len() as u64).to_le_bytes());
        all.extend_from_slice(part);
    }
    xxh3_128(&all)
}

/// Which fields have which columns, in one number. A release that knows fewer terms holds what it does not know as
/// something else, so its file is none of ours.
fn columns() -> u128 {
    columns_of(TABLE)
}

fn columns_of(table: &[Field]) -> u128 {
    let terms = |f: &Field| match f.vocabulary {
        Vocabulary::Terms(terms) => terms.iter().map(|t| t.name).collect::<Vec<_>>().join(","),
        _ => String::new(),
    };
    let columns: Vec<String> =
        table.iter().filter_map(|f| Some(format!("{} {:?} {}", f.name, f.column?, terms(f)))).collect();
    frozen_key(columns.iter().map(String::as_bytes))
}

fn wrong(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A stream whose bytes are summed as they pass.
pub(in crate::map) struct Summed<T> {
    inner: T,
    sum: Xxh3Default,
}

impl<T> std::fmt::Debug for Summed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Summed")
    }
}

impl<W: Write> Summed<W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.inner.write_all(bytes)
    }

    /// Writes a column.
    pub(in crate::map) fn put<V: Flat>(&mut self, column: &[V]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(CHUNK * size_of::<V>());
        for chunk in column.chunks(CHUNK) {
            bytes.clear();
            chunk.iter().for_each(|v| v.put(&mut bytes));
            self.write_all(&bytes)?;
        }
        Ok(())
    }
}

impl<R: Read> Summed<R> {
    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.sum.update(&bytes);
        Ok(bytes)
    }

    /// Reads a column of so many values.
    pub(in crate::map) fn take<V: Flat>(&mut self, n: usize) -> io::Result<Vec<V>> {
        // A head that lies must not reserve what is not there: memory grows with what was read.
        let mut out = Vec::new();
        let mut bytes = vec![0; CHUNK.min(n) * size_of::<V>()];
        while out.len() < n {
            let chunk = &mut bytes[..CHUNK.min(n - out.len()) * size_of::<V>()];
            self.inner.read_exact(chunk)?;
            self.sum.update(chunk);
            if out.is_empty() {
                out.reserve_exact(n);
            }
            V::take(chunk, &mut out);
        }
        Ok(out)
    }
}

/// A number of fixed width.
pub(in crate::map) trait Flat: Sized {
    fn put(&self, out: &mut Vec<u8>);
    /// All values of some bytes.
    fn take(bytes: &[u8], out: &mut Vec<Self>);
}

macro_rules! flat {
    ($($number:ty),+) => { $(
        impl Flat for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(bytes: &[u8], out: &mut Vec<Self>) {
                let (values, _) = bytes.as_chunks();
                out.extend(values.iter().map(|v| Self::from_le_bytes(*v)));
            }
        }
    )+ };
}

flat!(u8, u16, u32, i32, i64, u64);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::Change;
    use crate::map::testing::{rows, spots};
    use crate::query::Filter;

    fn thaw(bytes: &[u8]) -> io::Result<Snapshot> {
        Frozen::open(bytes)?.thaw()
    }

    proptest! {
        #[test]
        fn what_was_frozen_comes_back_and_damage_is_seen(
            rows in rows(spots(), 200), gone in 0_u32..50, hit in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
        ) {
            let live = Snapshot::from_rows(rows, 7).apply(&[Change::Remove { seq: gone }], 9);
            let mut bytes = Vec::new();
            live.freeze(5, &mut bytes).unwrap();
            let head = Frozen::open(&bytes[..]).unwrap().head();
            prop_assert_eq!((head.at, head.key), (9, 5));
            let back = thaw(&bytes).unwrap();
            prop_assert_eq!(back.at(), 9);
            prop_assert_eq!(back.rows(&Filter::default()), live.fold().rows(&Filter::default()));
            // It is the same to the last derived number.
            prop_assert_eq!(format!("{back:?}"), format!("{:?}", live.fold()));
            prop_assert!(thaw(&bytes[..cut.index(bytes.len())]).is_err());
            let mut damaged = bytes.clone();
            damaged[hit.index(bytes.len())] ^= 4;
            prop_assert!(thaw(&damaged).is_err());
            bytes.push(0);
            prop_assert!(thaw(&bytes).is_err());
        }
    }

    #[test]
    fn a_file_that_knows_other_states_is_another_versions() {
        let mut before = TABLE.to_vec();
        let state = before.iter_mut().find(|f| f.name == "state").unwrap();
        let Vocabulary::Terms(terms) = state.vocabulary else { panic!("states are terms") };
        state.vocabulary = Vocabulary::Terms(&terms[..7]);
        assert_ne!(columns_of(&before), columns());
        assert_eq!(columns_of(TABLE), columns());
    }

    #[test]
    fn a_key_is_all_of_its_parts() {
        let key = |parts: &[&str]| frozen_key(parts.iter().map(|p| p.as_bytes()));
        assert_eq!(key(&["a", "bc"]), key(&["a", "bc"]));
        assert_ne!(key(&["a", "bc"]), key(&["ab", "c"]));
    }
}
