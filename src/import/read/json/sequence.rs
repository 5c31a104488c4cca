//! GeoJSON texts to rows: by record separators (RFC 8142) or one a line. One that is wrong costs one row.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use super::object::{any, kind_of};
use super::plan::Plan;
use super::rows as json_rows;
use crate::import::limits::MAX_ROW_BYTES;
use crate::import::raw::{Raw, Rejected, Row};
use crate::import::read::format::FormatError;
use crate::import::read::sink::{Part, Sink};
use crate::import::read::unpack::{Budget, unreadable};

/// Begins a text of RFC 8142.
const RECORD: u8 = 0x1e;

/// Gives the rows to a sink as long as they are wanted.
pub(in crate::import::read) fn rows(
    mut source: impl BufRead,
    sink: &mut dyn Sink,
) -> Result<(), FormatError> {
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
            // A text may be a whole collection; its rows have the number of the text.
            Ok(text)
                if text.len() <= MAX_ROW_BYTES && kind_of(text).as_deref() == Some("FeatureCollection") =>
            {
                let mut one = OneText { sink, row, stopped: false };
                let json = serde_json::Deserializer::from_str(text);
                match json_rows(json, &Budget::new(), &Plan::default(), &mut one) {
                    _ if one.stopped => break,
                    Ok(()) => continue,
                    Err(e) => Err(Rejected { row, source_id: None, reason: e.to_string() }),
                }
            }
            Ok(text) => any(row, text),
            Err(_) => Err(Rejected { row, source_id: None, reason: "is not UTF-8".to_owned() }),
        };
        if sink.row(read).is_break() {
            break;
        }
    }
    Ok(())
}

/// Gives the rows of one text the number of that text.
struct OneText<'a> {
    sink: &'a mut dyn Sink,
    row: u64,
    stopped: bool,
}

impl Sink for OneText<'_> {
    fn header(&mut self, names: &[String]) {
        self.sink.header(names);
    }

    fn crs(&mut self, name: String) {
        self.sink.crs(name);
    }

    fn twice(&mut self, name: &str) {
        self.sink.twice(name);
    }

    fn part(&mut self, part: Part) {
        self.sink.part(part);
    }

    fn note(&mut self, text: String) {
        self.sink.note(text);
    }

    fn row(&mut self, row: Row) -> ControlFlow<()> {
        let number = self.row;
        let numbered = row
            .map(|raw| Raw { row: number, ..raw })
            .map_err(|rejected| Rejected { row: number, ..rejected });
        let flow = self.sink.row(numbered);
        self.stopped |= flow.is_break();
        flow
    }
}

fn content(text: &[u8], separator: u8) -> &[u8] {
    text.strip_suffix(&[separator]).unwrap_or(text).trim_ascii()
}
