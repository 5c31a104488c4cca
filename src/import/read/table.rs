//! CSV to rows: a header line, then cells. The delimiter is the one that the header holds most of. Not here:
//! which columns hold the place (place).

use std::collections::BTreeMap;
use std::io::Read;

use csv::ByteRecord;
use unicode_normalization::UnicodeNormalization;

use super::format::{FormatError, strip_bom};
use super::sink::Sink;
use super::unpack::Budget;
use crate::import::limits::{MAX_COLUMNS, MAX_VERTICES};
use crate::import::raw::{PlaceIn, Raw, Rejected};
use diaban_core::domain::field::Value;

/// Bytes of a cell: a WKT of [`MAX_VERTICES`] positions.
const MAX_CELL: usize = MAX_VERTICES * 50;

/// Gives the rows to a sink as long as they are wanted. `begin` is what the table begins with; `budget`
/// begins anew with each row.
pub(super) fn rows(
    source: impl Read,
    begin: &[u8],
    named: Option<u8>,
    budget: &Budget,
    sink: &mut dyn Sink,
) -> Result<(), FormatError> {
    let line = strip_bom(begin).split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = named.unwrap_or_else(|| delimiter(line));
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(source);
    let header = header(&mut reader)?;
    sink.header(&header);
    // The reader counts a line at its line feed, which after a carriage return it meets in the next row.
    let behind = u64::from(line.ends_with(b"\r"));
    let mut record = ByteRecord::new();
    loop {
        budget.renew();
        let is_row = reader.read_byte_record(&mut record).map_err(|e| {
            let line = record.position().map_or(0, csv::Position::line);
            FormatError::Broken(format!("the table breaks off after line {line}: {e}"))
        })?;
        let row = record.position().map_or(0, |p| p.line() + behind);
        let read = || raw(row, &header, &record).map_err(|reason| Rejected { row, source_id: None, reason });
        if !is_row || sink.row(read()).is_break() {
            return Ok(());
        }
    }
}

/// The names of the columns.
fn header<R: Read>(reader: &mut csv::Reader<R>) -> Result<Vec<String>, FormatError> {
    let broken = |text: String| Err(FormatError::Broken(text));
    let header = match reader.headers() {
        Ok(header) => header,
        Err(e) => return broken(format!("the header line: {e}")),
    };
    let header: Vec<String> = header
        .iter()
        .zip(1..)
        .map(|(name, i)| match name.trim().nfc().collect::<String>() {
            empty if empty.is_empty() => format!("column {i}"),
            name => name,
        })
        .collect();
    if header.len() > MAX_COLUMNS {
        return broken(format!("the table has more than {MAX_COLUMNS} columns"));
    }
    for (i, name) in header.iter().enumerate() {
        if header[..i].iter().any(|other| other.to_lowercase() == name.to_lowercase()) {
            return broken(format!("the column {name:?} is there twice; rename one"));
        }
    }
    Ok(header)
}

fn delimiter(line: &[u8]) -> u8 {
    let count = |d: u8| line.split(|b| *b == d).count();
    // The last of equals wins, and a table of one column has none of them.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|d| count(*d)).unwrap_or(b',')
}

fn raw(row: u64, header: &[String], record: &ByteRecord) -> Result<Raw, String> {
    if record.len() != header.len() {
        return Err(format!("has {} cells, the header has {}", record.len(), header.len()));
    }
    let mut properties = BTreeMap::new();
    for (cell, name) in record.iter().zip(header) {
        if cell.len() > MAX_CELL {
            return Err(format!("{name} is longer than {MAX_CELL} bytes"));
        }
        let cell = std::str::from_utf8(cell).map_err(|_| format!("{name} is not UTF-8"))?.trim();
        let value = if cell.is_empty() { Value::Null } else { Value::Text(cell.to_owned()) };
        properties.insert(name.clone(), value);
    }
    Ok(Raw { row, id: None, place: PlaceIn::Cells, crs: None, geometry: Ok(None), properties })
}
