//! How a table is written, by what it begins with: the delimiter and the quotes with which most rows have as
//! many cells as the header, and where the header stands.

use super::lines::{Lines, content};
use super::record::{Cell, Fed, Quotes, Record};
use crate::import::clean::folded;

/// Delimiters that are tried, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Bytes and records that are looked at.
const BYTES: usize = 128 << 10;
const RECORDS: usize = 300;
/// Records among which the header is.
const HEADER_WITHIN: usize = 40;
/// Lines that a cell may have here: a quote that is never closed must not make the look long.
const LINES: usize = 200;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The byte between cells.
    pub(super) delimiter: u8,
    /// How cells are quoted.
    pub(super) quotes: Quotes,
    /// Lines before the header.
    pub(super) skipped: u64,
    /// Whether the first of them names the delimiter.
    pub(super) declared: bool,
}

/// A record of the sample.
struct Seen {
    /// Lines before it.
    line: u64,
    cells: Vec<Cell>,
    broken: bool,
}

/// Finds out. `known`: names of columns that would be read.
pub(super) fn recognise(sample: &[u8], named: Option<u8>, known: &[String]) -> Dialect {
    let cut = &sample[..sample.len().min(BYTES)];
    let whole = cut.len() < BYTES;
    let (declared, skipped) = declared(cut);
    let body = &cut[skipped.0..];
    let only = named.or(declared);
    let delimiters: Vec<u8> =
        only.map_or_else(|| DELIMITERS.into_iter().filter(|d| body.contains(d)).collect(), |d| vec![d]);
    let known: Vec<String> = known.iter().map(|name| folded(name)).collect();
    let mut best: Option<(Rank, Dialect)> = None;
    for delimiter in delimiters {
        for quotes in Quotes::ALL {
            // Tables of databases have no quotes; in others a quote that is none is a fault.
            if quotes == Quotes::Never && !matches!(delimiter, b'\t' | b'|') {
                continue;
            }
            let records = records(body, whole, delimiter, quotes);
            let Some((rank, line)) = header(&records, &known, escapes(&records, body, quotes)) else {
                continue;
            };
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((
                    rank,
                    Dialect { delimiter, quotes, skipped: line + skipped.1, declared: declared.is_some() },
                ));
            }
        }
    }
    let (delimiter, quotes) = (only.unwrap_or(b','), Quotes::Doubled);
    let one = Dialect { delimiter, quotes, skipped: skipped.1, declared: declared.is_some() };
    best.map_or(one, |(_, dialect)| dialect)
}

/// The delimiter that a first line `sep=;` names, as spreadsheets write it, with the bytes and lines of it.
fn declared(sample: &[u8]) -> (Option<u8>, (usize, u64)) {
    let mut lines = Lines::new(sample);
    let Ok(Some(line)) = lines.next() else { return (None, (0, 0)) };
    let text = content(&line).trim_ascii().to_ascii_lowercase();
    let text = text.strip_prefix(b"\"").unwrap_or(&text);
    let named = match text.strip_prefix(b"sep=") {
        // A tab or a blank may have been trimmed.
        Some([]) => content(&line).iter().copied().find(|b| *b == b'\t').or(Some(b' ')),
        // `"sep=;";;;`: the line was quoted and filled up to the width of the table.
        Some([d, rest @ ..]) if rest.iter().all(|b| matches!(b, b',' | b';' | b'\t' | b'"')) => Some(*d),
        _ => None,
    };
    if named.is_some() { (named, (line.len(), 1)) } else { (None, (0, 0)) }
}

fn records(body: &[u8], whole: bool, delimiter: u8, quotes: Quotes) -> Vec<Seen> {
    let mut lines = Lines::new(body);
    let mut out = Vec::new();
    while out.len() < RECORDS {
        let line = lines.number - 1;
        let mut record = Record::new(delimiter, quotes);
        let mut fed = Fed::Open;
        let mut took = Vec::new();
        while fed == Fed::Open && took.len() < LINES {
            let Ok(Some(next)) = lines.next() else { break };
            fed = record.feed(&next);
            took.push(next);
        }
        if took.is_empty() {
            break;
        }
        // The last one may be cut.
        let at_end = lines.next().ok().flatten().map(|next| lines.give_back(vec![next])).is_none();
        if at_end && !whole && !out.is_empty() {
            break;
        }
        let broken = fed != Fed::Whole;
        if broken {
            lines.give_back(took.split_off(1));
        }
        if broken || record.cells.iter().any(|c| !c.is_empty()) {
            out.push(Seen { line, cells: record.cells, broken });
        }
    }
    out
}

/// How well a way of reading fits, the most telling first: whether the header has a name that would be read,
/// good rows less bad ones, marks of the quoting, few lines before the header, many columns.
type Rank = (bool, i64, bool, i64, usize);

/// The best header with the lines before it.
fn header(records: &[Seen], known: &[String], escapes: bool) -> Option<(Rank, u64)> {
    let mut best: Option<(Rank, u64)> = None;
    for (i, seen) in records.iter().enumerate().take(HEADER_WITHIN) {
        let columns = seen.cells.len();
        // What is before a header is no full row.
        let is_row = |r: &Seen| !r.broken && fits(&r.cells, columns) && filled(&r.cells) * 2 > columns;
        if seen.broken || columns < 2 || records[..i].iter().any(is_row) {
            continue;
        }
        let named = seen.cells.iter().any(|c| known.contains(&folded(&String::from_utf8_lossy(&c.text))));
        if !names_columns(&seen.cells, named) {
            continue;
        }
        let rest = &records[i + 1..];
        let good = rest.iter().filter(|r| !r.broken && fits(&r.cells, columns)).count();
        let rank = (named, 2 * good as i64 - rest.len() as i64, escapes, -(i as i64), columns);
        if best.as_ref().is_none_or(|(other, _)| rank > *other) {
            best = Some((rank, seen.line));
        }
    }
    best
}

fn filled(cells: &[Cell]) -> usize {
    cells.iter().filter(|c| !c.is_empty()).count()
}

/// Whether a row belongs to a table of so many columns; empty cells behind the last one are filling.
pub(super) fn fits(cells: &[Cell], columns: usize) -> bool {
    cells.len() == columns || (cells.len() > columns && cells[columns..].iter().all(Cell::is_empty))
}

/// Whether a record may be a header: names rather than numbers, mostly filled up to the last of them.
fn names_columns(cells: &[Cell], named: bool) -> bool {
    let end = cells.iter().rposition(|c| !c.is_empty()).map_or(0, |last| last + 1);
    let number = |c: &&Cell| is_number(String::from_utf8_lossy(&c.text).replace(',', ".").as_bytes());
    let numbers = cells.iter().filter(number).count();
    // A year may be the name of a column where others are known.
    end > 1 && filled(cells) * 2 > end && (numbers == 0 || (named && numbers * 2 < end))
}

/// Whether the sample has what only this way of quoting writes. It decides between ways that give the same rows.
fn escapes(records: &[Seen], body: &[u8], quotes: Quotes) -> bool {
    let has = |needle: &[u8]| body.windows(needle.len()).any(|w| w == needle);
    let escaped = |marks: &[&[u8]], known: &[u8]| {
        let marked =
            marks.iter().any(|mark| has(mark)) || records.iter().flat_map(|r| &r.cells).any(Cell::is_marked);
        marked && only_known_escapes(body, known) && records.iter().all(|r| !r.broken)
    };
    let mut cells = records.iter().flat_map(|r| &r.cells);
    match quotes {
        Quotes::Doubled => false,
        // What escapes so has all its texts in quotes.
        Quotes::Escaped => {
            cells.all(|c| c.is_quoted() || c.is_empty() || is_number(&c.text))
                && escaped(&[b"\\\\", b"\\\"", b"\\\n", b"\\\r"], b"\\\"'N\n\r,;\t|ntr0bZ")
        }
        // What is in quotes all the same has a mark for nothing at least.
        Quotes::Never => {
            let wrapped = |c: &Cell| c.text.len() > 1 && c.text.starts_with(b"\"") && c.text.ends_with(b"\"");
            let marked = cells.clone().any(Cell::is_marked);
            (marked || !cells.any(wrapped)) && escaped(&[b"\\\\", b"\\n", b"\\t"], b"\\N\n\r\t|ntrbvf")
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|t| t.trim().parse::<f64>().is_ok())
}

fn only_known_escapes(body: &[u8], known: &[u8]) -> bool {
    let mut bytes = body.iter().copied();
    while let Some(b) = bytes.next() {
        if b == b'\\' && bytes.next().is_some_and(|next| !known.contains(&next)) {
            return false;
        }
    }
    true
}
