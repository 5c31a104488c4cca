//! Text in UTF-16, as spreadsheets save “Unicode text”, to UTF-8 while it is read.

use std::io::{self, Read};

/// Bytes that are read at once.
const BUFFER: usize = 16 << 10;

/// The order of bytes that a text in UTF-16 begins with: true for the larger one first.
pub(super) fn big_endian(begin: &[u8]) -> Option<bool> {
    match begin {
        [0xff, 0xfe, ..] => Some(false),
        [0xfe, 0xff, ..] => Some(true),
        _ => None,
    }
}

/// A text in UTF-16 without its mark, as UTF-8.
pub(super) struct Utf16<R> {
    source: R,
    big: bool,
    /// Bytes of which the unit or the pair is not complete.
    rest: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(source: R, big: bool) -> Self {
        Self { source, big, rest: Vec::new(), out: Vec::new(), given: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let before = self.rest.len();
        self.rest.resize(before + BUFFER, 0);
        let n = self.source.read(&mut self.rest[before..])?;
        self.rest.truncate(before + n);
        self.ended = n == 0;
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if self.big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        let mut units: Vec<u16> = self.rest.chunks_exact(2).map(unit).collect();
        // The second half of a pair may come with the next bytes.
        let open = units.last().is_some_and(|u| (0xd800..0xdc00).contains(u)) && !self.ended;
        if open {
            units.pop();
        }
        if self.ended && self.rest.len() % 2 == 1 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the UTF-16 text breaks off in a character",
            ));
        }
        self.rest.drain(..units.len() * 2);
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let text = text.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("no UTF-16: {e}")))?;
        (self.out, self.given) = (text.into_bytes(), 0);
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() && !self.ended {
            self.fill()?;
        }
        let n = to.len().min(self.out.len() - self.given);
        to[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let n = to.len().min(1);
            self.0.read(&mut to[..n])
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_out_as_it_was(text in "\\PC{0,40}", big in any::<bool>()) {
            let unit = |u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() };
            let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            let mut out = String::new();
            Utf16::new(Slow(&bytes), big).read_to_string(&mut out).unwrap();
            prop_assert_eq!(out, text);
        }
    }

    #[test]
    fn half_a_character_is_an_error() {
        for bytes in [&b"a\0b"[..], b"\0\xd8", b"\0\xdca\0"] {
            assert!(Utf16::new(bytes, false).read_to_end(&mut Vec::new()).is_err(), "{bytes:?}");
        }
    }
}
