//! CSV to rows: a header, then cells, as any tool writes them. A row that is wrong costs itself and is told by
//! its line. Not here: how a table is written (dialect), which columns hold the place (place).

mod dialect;
mod lines;
mod record;

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use unicode_normalization::UnicodeNormalization;

use self::dialect::{Dialect, fits};
use self::lines::{Lines, content};
use self::record::{Cell, Fed, Quotes, Record};
use super::format::{FormatError, strip_bom};
use super::sink::{Options, Sink};
use super::unpack::Budget;
use crate::import::clean::folded;
use crate::import::limits::{MAX_COLUMNS, MAX_ROW_BYTES, MAX_VERTICES};
use crate::import::raw::{PlaceIn, Raw, Rejected};

/// Bytes of a cell: a WKT of [`MAX_VERTICES`] positions.
const MAX_CELL: usize = MAX_VERTICES * 50;
/// Bytes of a record of several lines: beyond it a quote is taken for one that is never closed.
const MAX_LINES: usize = MAX_ROW_BYTES / 2;
/// Columns from which lines that a quote takes in can look like rows.
const ROW_LIKE: usize = 3;

/// Gives the rows to a sink as long as they are wanted. `begin` is what the table begins with; `budget`
/// begins anew with each row.
pub(super) fn rows(
    source: impl Read,
    begin: &[u8],
    options: Options<'_>,
    budget: &Budget,
    sink: &mut dyn Sink,
) -> Result<(), FormatError> {
    let dialect = dialect::recognise(strip_bom(begin), options.delimiter, options.columns);
    let mut table = Table { lines: Lines::new(BufReader::new(source)), dialect };
    let header = table.header(sink)?;
    loop {
        budget.renew();
        // Blank lines are no rows.
        table.lines.pass_blank().map_err(|e| broken(table.lines.number - 1, &e))?;
        let row = table.lines.number;
        let Some(read) = table.row(&header).map_err(|e| broken(row - 1, &e))? else { return Ok(()) };
        let read = read.and_then(|cells| raw(row, &header, &cells));
        if sink.row(read.map_err(|reason| Rejected { row, source_id: None, reason })).is_break() {
            return Ok(());
        }
    }
}

fn broken(line: u64, e: &io::Error) -> FormatError {
    FormatError::Broken(format!("the table breaks off after line {line}: {e}"))
}

struct Table<R: Read> {
    lines: Lines<BufReader<R>>,
    dialect: Dialect,
}

/// Lines that were read as one record.
struct Taken {
    lines: Vec<Vec<u8>>,
    record: Record,
    fed: Fed,
}

impl<R: Read> Table<R> {
    /// The names of the columns.
    fn header(&mut self, sink: &mut dyn Sink) -> Result<Vec<String>, FormatError> {
        let fault = |text: String| FormatError::Broken(format!("the header line: {text}"));
        let mut passed = 0;
        for i in 0..self.dialect.skipped {
            let line = self.lines.next().map_err(|e| broken(0, &e))?.unwrap_or_default();
            let declares = i == 0 && self.dialect.declared;
            passed += u64::from(!declares && !line.trim_ascii().is_empty());
        }
        let (line, read) = loop {
            let line = self.lines.number;
            let read = self.record(self.dialect.quotes).map_err(|e| broken(line - 1, &e))?;
            let Some(read) = read else { return Err(FormatError::Empty) };
            if read.lines.iter().any(|l| !l.trim_ascii().is_empty()) {
                break (line, read);
            }
        };
        if read.fed != Fed::Whole {
            return Err(fault(format!("line {line}: a quote is not closed")));
        }
        let cells = read.record.cells.iter();
        let names: Result<Vec<&str>, _> = cells.map(|c| std::str::from_utf8(&c.text)).collect();
        let names = names.map_err(|_| fault("it is not UTF-8; save the table as UTF-8".to_owned()))?;
        if names.len() > MAX_COLUMNS {
            return Err(FormatError::Broken(format!("the table has more than {MAX_COLUMNS} columns")));
        }
        if passed > 0 {
            sink.note(format!(
                "lines before the header were passed over: {passed}; the header is line {line}"
            ));
        }
        let (names, twice) = columns(&names);
        for name in twice {
            sink.twice(name);
        }
        sink.header(&names);
        Ok(names)
    }

    /// The cells of the next row, or why there are none of it; none at the end.
    fn row(&mut self, header: &[String]) -> io::Result<Option<Result<Vec<Cell>, String>>> {
        let own = self.dialect.quotes;
        let Some(read) = self.record(own)? else { return Ok(None) };
        let Some(fault) = self.fault(&read, header) else { return Ok(Some(Ok(read.record.cells))) };
        // One tool may have appended to the table of another.
        let other = match own {
            Quotes::Doubled if read.lines[0].contains(&b'\\') => Some(Quotes::Escaped),
            Quotes::Escaped => Some(Quotes::Doubled),
            _ => None,
        };
        let mut took = read.lines;
        if let Some(other) = other {
            self.lines.give_back(took);
            let Some(again) = self.record(other)? else { return Ok(None) };
            if self.fault(&again, header).is_none() {
                return Ok(Some(Ok(again.record.cells)));
            }
            took = again.lines;
        }
        // Of a quote that takes in other rows only its own line is lost.
        if took.len() > 1 {
            self.lines.give_back(took.split_off(1));
        }
        Ok(Some(Err(fault)))
    }

    /// The next lines as one record; none at the end.
    fn record(&mut self, quotes: Quotes) -> io::Result<Option<Taken>> {
        let mut record = Record::new(self.dialect.delimiter, quotes);
        let (mut lines, mut bytes, mut fed) = (Vec::new(), 0, Fed::Open);
        while fed == Fed::Open && bytes <= MAX_LINES {
            let Some(line) = self.lines.next()? else { break };
            fed = record.feed(&line);
            bytes += line.len();
            lines.push(line);
        }
        Ok((!lines.is_empty()).then_some(Taken { lines, record, fed }))
    }

    /// What is wrong with a record.
    fn fault(&self, read: &Taken, header: &[String]) -> Option<String> {
        let column = header.get(read.record.cells.len()).map_or("the last column", String::as_str);
        let several = read.lines.len() > 1;
        match read.fed {
            Fed::Broken if !several => Some(format!("{column}: text follows the quote that closes it")),
            Fed::Broken | Fed::Open => Some(format!("the quote that opens in {column} is not closed")),
            Fed::Whole if !fits(&read.record.cells, header.len()) => {
                Some(format!("has {} cells, the header has {}", read.record.cells.len(), header.len()))
            }
            Fed::Whole if several && self.takes_in_rows(&read.lines, header.len()) => Some(format!(
                "a quote opens here and takes in {} lines that look like rows",
                read.lines.len() - 1
            )),
            Fed::Whole => None,
        }
    }

    /// Whether each line of a record could be a row: the first one with a quote for a letter, the others as they
    /// are.
    fn takes_in_rows(&self, lines: &[Vec<u8>], columns: usize) -> bool {
        let delimiter = self.dialect.delimiter;
        let is_row = |line: &Vec<u8>| {
            let mut alone = Record::new(delimiter, self.dialect.quotes);
            let whole = alone.feed(content(line)) == Fed::Whole && fits(&alone.cells, columns);
            let filled = alone.cells.iter().filter(|c| !c.is_empty()).count();
            whole && filled * 2 > columns && !alone.cells[0].is_empty()
        };
        let Some((first, others)) = lines.split_first() else { return false };
        let begins = content(first).split(|b| *b == delimiter).count() == columns;
        columns >= ROW_LIKE && begins && others.iter().all(is_row)
    }
}

/// Names of columns: composed, each once; and those that are there more than once.
fn columns<'a>(raw: &[&'a str]) -> (Vec<String>, Vec<&'a str>) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut twice = Vec::new();
    let name = |(raw, i): (&&'a str, usize)| {
        let name = raw.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if name.is_empty() {
            return format!("column {i}");
        }
        let n = times.entry(folded(name)).or_default();
        *n += 1;
        let composed: String = name.nfc().collect();
        if *n > 1 {
            twice.push(name);
            return format!("{composed} ({n})");
        }
        composed
    };
    let names = raw.iter().zip(1..).map(name).collect();
    (names, twice)
}

fn raw(row: u64, header: &[String], cells: &[Cell]) -> Result<Raw, String> {
    if cells.iter().all(Cell::is_empty) {
        return Err("all its cells are empty".to_owned());
    }
    let mut properties = BTreeMap::new();
    for (cell, name) in cells.iter().zip(header) {
        if cell.text.len() > MAX_CELL {
            return Err(format!("{name} is longer than {MAX_CELL} bytes"));
        }
        let value = cell.value().map_err(|_| format!("{name} is not UTF-8; save the table as UTF-8"))?;
        properties.insert(name.clone(), value);
    }
    Ok(Raw { row, id: None, place: PlaceIn::Cells, crs: None, geometry: Ok(None), properties })
}

#[cfg(test)]
mod tests;
