//! The bytes of a file, plain or gzipped: all at once, or as they are read, with a bound on each row.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use super::format::{FormatError, strip_bom};
use super::utf16::{Utf16, big_endian};
use crate::import::limits::{MAX_BYTES, MAX_ROW_BYTES};

/// Bytes that are looked at to see which format it is.
const HEAD: u64 = 256 << 10;
/// Bytes that are read at once.
const BUFFER: usize = 128 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a file, unpacked when they are gzipped, in UTF-8 when they are in UTF-16.
pub(in crate::import) fn unpack(bytes: Vec<u8>) -> Result<Vec<u8>, FormatError> {
    let out = if bytes.starts_with(&GZIP) {
        let mut out = Vec::new();
        let unpacked = MultiGzDecoder::new(&bytes[..]).take(MAX_BYTES + 1).read_to_end(&mut out);
        unpacked.map_err(FormatError::Gzip)?;
        out
    } else {
        bytes
    };
    let out = match big_endian(&out) {
        None => out,
        Some(big) => {
            let mut text = Vec::new();
            Utf16::new(&out[2..], big).read_to_end(&mut text).map_err(|e| unreadable(&e))?;
            text
        }
    };
    if out.len() as u64 > MAX_BYTES { Err(FormatError::TooLarge) } else { Ok(out) }
}

/// A file of any length, unpacked while it is read.
pub(in crate::import) struct Stream<'a> {
    head: Vec<u8>,
    rest: Box<dyn Read + 'a>,
}

impl<'a> Stream<'a> {
    /// Looks at the beginning of a file.
    pub(in crate::import) fn open(source: impl Read + 'a) -> Result<Self, FormatError> {
        let mut source = BufReader::with_capacity(BUFFER, source);
        let packed = source.fill_buf().map_err(|e| unreadable(&e))?.starts_with(&GZIP);
        let mut rest: Box<dyn Read + 'a> = Box::new(source);
        if packed {
            rest = Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(rest)));
        }
        let failed = |e| if packed { FormatError::Gzip(e) } else { unreadable(&e) };
        let mut mark = Vec::new();
        rest.by_ref().take(2).read_to_end(&mut mark).map_err(failed)?;
        rest = match big_endian(&mark) {
            Some(big) => Box::new(Utf16::new(rest, big)),
            None => Box::new(Cursor::new(mark).chain(rest)),
        };
        let mut head = Vec::new();
        rest.by_ref().take(HEAD).read_to_end(&mut head).map_err(failed)?;
        Ok(Self { head, rest })
    }

    /// What it begins with.
    pub(in crate::import) fn head(&self) -> &[u8] {
        &self.head
    }

    /// All bytes, without a byte order mark.
    pub(super) fn all(self) -> impl Read + use<'a> {
        let mark = self.head.len() - strip_bom(&self.head).len();
        let mut head = Cursor::new(self.head);
        head.set_position(mark as u64);
        head.chain(self.rest)
    }

    /// All bytes, as long as no row is larger than the budget.
    pub(super) fn bounded(self, budget: &Budget) -> impl Read + use<'a> {
        Bounded { inner: BufReader::new(self.all()), budget: budget.clone() }
    }
}

pub(super) fn unreadable(e: &io::Error) -> FormatError {
    FormatError::Broken(format!("the file cannot be read: {e}"))
}

/// The bytes that may be read until the next row: a row that never ends must not fill the memory.
#[derive(Clone, Debug)]
pub(super) struct Budget(Rc<Cell<usize>>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Rc::new(Cell::new(MAX_ROW_BYTES)))
    }

    /// Begins a row.
    pub(super) fn renew(&self) {
        self.0.set(MAX_ROW_BYTES);
    }
}

struct Bounded<R> {
    inner: R,
    budget: Budget,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        let left = self.budget.0.get().checked_sub(n);
        let left = left
            .ok_or_else(|| io::Error::other(format!("a row is larger than {} MiB", MAX_ROW_BYTES >> 20)))?;
        self.budget.0.set(left);
        Ok(n)
    }
}
