//! The seal of a backup: a SHA-256 of all its bytes, behind the last page of the database, where SQLite does not look.
//! SQLite's own checks do not see a changed letter; the seal tells a single bit. A sealed file can be served as it is:
//! the first page that is added overwrites the seal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};

use crate::store::database::inode::Header;

/// As long as a page, so that the file remains a row of pages.
const LENGTH: usize = 4_096;
const MAGIC: &str = "diaban backup, sealed\n";
const CHUNK: usize = 1 << 20;

/// What was found at the end of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Seal {
    /// It is whole to the bit.
    Whole,
    /// A file of the right length without a seal, as releases before 0.2 made them.
    None,
}

/// Why a file is refused, in words.
pub(in crate::store) type Broken = String;

fn seal(digest: &[u8], length: u64) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut text = format!("{MAGIC}length {length}\nsha256 ");
    for byte in digest {
        write!(text, "{byte:02x}").expect("writing to memory cannot fail");
    }
    text.push('\n');
    let mut bytes = text.into_bytes();
    bytes.resize(LENGTH, 0);
    bytes
}

/// Copies so many bytes from the beginning of a file; gives their digest.
fn copy(file: &File, length: u64, out: &mut impl Write) -> io::Result<Vec<u8>> {
    let mut sha = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut at = 0;
    while at < length {
        let wanted = usize::try_from(length - at).unwrap_or(CHUNK).min(CHUNK);
        let read = file.read_at(&mut buffer[..wanted], at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        sha.update(&buffer[..read]);
        out.write_all(&buffer[..read])?;
        at += read as u64;
    }
    Ok(sha.finalize().to_vec())
}

/// Seals a whole backup; gives its length.
pub(in crate::store) fn put(file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let digest = copy(file, length, &mut io::sink())?;
    file.write_all_at(&seal(&digest, length), length)?;
    Ok(length + LENGTH as u64)
}

/// Copies a backup without its seal, and says whether it is the one that was written.
pub(in crate::store) fn open(file: &File, out: &mut impl Write) -> io::Result<Result<Seal, Broken>> {
    let length = file.metadata()?.len();
    let mut last = vec![0; LENGTH];
    if let Some(at) = length.checked_sub(LENGTH as u64) {
        file.read_exact_at(&mut last, at)?;
        if last.starts_with(MAGIC.as_bytes()) {
            let digest = copy(file, at, out)?;
            let same = seal(&digest, at) == last;
            return Ok(if same { Ok(Seal::Whole) } else { Err("its checksum is another one".to_owned()) });
        }
    }
    let expected = Header::of(file)?.map(Header::length);
    if let Some(expected) = expected.filter(|expected| *expected != length) {
        return Ok(Err(format!("it has {length} bytes, and {expected} by its first page")));
    }
    let mut reader = file;
    io::Seek::rewind(&mut reader)?;
    io::copy(&mut reader.take(length), out)?;
    Ok(Ok(Seal::None))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file
    }

    fn database(pages: u32) -> Vec<u8> {
        let mut bytes = vec![7; pages as usize * 4_096];
        bytes[..16].copy_from_slice(b"SQLite format 3\0");
        bytes[16..18].copy_from_slice(&4_096_u16.to_be_bytes());
        bytes[28..32].copy_from_slice(&pages.to_be_bytes());
        bytes
    }

    proptest! {
        #[test]
        fn one_bit_anywhere_breaks_the_seal(pages in 1_u32..4, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let bytes = database(pages);
            let sealed = file(&bytes);
            let length = put(&sealed).unwrap();
            let mut out = Vec::new();
            prop_assert_eq!(open(&sealed, &mut out).unwrap(), Ok(Seal::Whole));
            prop_assert_eq!(&out, &bytes);
            let at = at.index(length as usize) as u64;
            let mut byte = [0];
            sealed.read_exact_at(&mut byte, at).unwrap();
            sealed.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
            prop_assert!(open(&sealed, &mut io::sink()).unwrap().is_err());
        }

        #[test]
        fn what_was_cut_off_is_not_taken_for_an_old_backup(pages in 1_u32..4, cut in any::<prop::sample::Index>()) {
            let bytes = database(pages);
            let sealed = file(&bytes);
            let length = put(&sealed).unwrap() as usize;
            // At least the header, without which it is no database at all.
            let kept = 100 + cut.index(length - 100);
            sealed.set_len(kept as u64).unwrap();
            let found = open(&sealed, &mut io::sink()).unwrap();
            prop_assert_eq!(found == Ok(Seal::None), kept == bytes.len());
            prop_assert!(found != Ok(Seal::Whole));
        }
    }
}
