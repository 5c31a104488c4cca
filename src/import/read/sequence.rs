//! GeoJSON texts to rows: by record separators (RFC 8142) or one a line. One that is wrong costs one row.

use std::io::{self, BufRead, Read};

use super::format::FormatError;
use super::object::feature;
use super::sink::Sink;
use super::unpack::unreadable;
use crate::import::limits::MAX_ROW_BYTES;
use crate::import::raw::Rejected;

/// Begins a text of RFC 8142.
const RECORD: u8 = 0x1e;

/// Gives the rows to a sink as long as they are wanted.
pub(super) fn rows(mut source: impl BufRead, sink: &mut dyn Sink) -> Result<(), FormatError> {
    let begin = source.fill_buf().map_err(|e| unreadable(&e))?;
    let separator = if begin.trim_ascii_start().first() == Some(&RECORD) { RECORD } else { b'\n' };
    let mut text = Vec::new();
    for row in 1.. {
        text = loop {
            text.clear();
            let most = MAX_ROW_BYTES as u64 + 1;
            let read = source.by_ref().take(most).read_until(separator, &mut text);
            let broken = |e: io::Error| FormatError::Broken(format!("the file breaks off in row {row}: {e}"));
            if read.map_err(broken)? == 0 {
                return Ok(());
            }
            // A row that is too large is told once, and its rest passed over.
            if text.len() as u64 == most {
                source.skip_until(separator).map_err(broken)?;
                break text;
            }
            if !content(&text, separator).is_empty() {
                break text;
            }
        };
        let read = match std::str::from_utf8(content(&text, separator)) {
            Ok(text) => feature(row, text),
            Err(_) => Err(Rejected { row, source_id: None, reason: "is not UTF-8".to_owned() }),
        };
        if sink.row(read).is_break() {
            break;
        }
    }
    Ok(())
}

fn content(text: &[u8], separator: u8) -> &[u8] {
    text.strip_suffix(&[separator]).unwrap_or(text).trim_ascii()
}
