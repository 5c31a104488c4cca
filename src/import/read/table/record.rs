//! Lines to the cells of one record, strictly: a quote that opens a cell must close it, so that one that is
//! never closed takes in no other row unseen. Not here: which way of quoting a table has (dialect).

use super::lines::content;
use diaban_core::domain::field::Value;

/// How a table writes what would end a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Cells in quotes, quotes doubled (RFC 4180).
    Doubled,
    /// Cells in quotes where needed; a backslash before a quote and before what else means something, as
    /// `MySQL` writes.
    Escaped,
    /// No quotes; a backslash before what means something, as `COPY` of `PostgreSQL` writes.
    Never,
}

impl Quotes {
    pub(super) const ALL: [Self; 3] = [Self::Doubled, Self::Escaped, Self::Never];
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: Vec<u8>,
    /// Whether it stood in quotes.
    quoted: bool,
    /// Whether it is the mark of a missing value.
    missing: bool,
}

impl Cell {
    /// Its value: nothing, or a trimmed text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub(super) fn value(&self) -> Result<Value, std::str::Utf8Error> {
        let text = std::str::from_utf8(&self.text)?.trim();
        let is_null = self.missing || text.is_empty() || (!self.quoted && text == "NULL");
        Ok(if is_null { Value::Null } else { Value::Text(text.to_owned()) })
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// Whether it is the mark of a missing value.
    pub(super) fn is_marked(&self) -> bool {
        self.missing
    }

    /// Whether nothing but blanks is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.missing || self.text.trim_ascii().is_empty()
    }
}

/// Where a record stands after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// It is complete.
    Whole,
    /// It goes on in the next line.
    Open,
    /// Something follows a quote that closed.
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote in quotes, which closes or is doubled.
    Quote,
    Closed,
}

/// A record while it is read.
#[derive(Clone, Debug)]
pub(super) struct Record {
    delimiter: u8,
    quotes: Quotes,
    state: State,
    cell: Cell,
    pub(super) cells: Vec<Cell>,
    /// Whether the last byte was a backslash that means something.
    escaped: bool,
}

impl Record {
    pub(super) fn new(delimiter: u8, quotes: Quotes) -> Self {
        Self {
            delimiter,
            quotes,
            state: State::Start,
            cell: Cell::default(),
            cells: Vec::new(),
            escaped: false,
        }
    }

    /// Takes in a line with its end.
    pub(super) fn feed(&mut self, line: &[u8]) -> Fed {
        let text = content(line);
        for &b in text {
            if self.escaped {
                self.escape(b);
            } else if self.byte(b).is_none() {
                return Fed::Broken;
            }
        }
        let end = &line[text.len()..];
        if (self.escaped || self.state == State::Quoted) && !end.is_empty() {
            self.escaped = false;
            self.cell.text.extend_from_slice(end);
            return Fed::Open;
        }
        // A backslash at the very end of the text is one.
        if std::mem::take(&mut self.escaped) {
            self.cell.text.push(b'\\');
        }
        if self.state == State::Quoted {
            return Fed::Open;
        }
        self.close();
        Fed::Whole
    }

    fn byte(&mut self, b: u8) -> Option<()> {
        let delimits = b == self.delimiter;
        let escapes = b == b'\\' && self.quotes != Quotes::Doubled;
        match self.state {
            State::Start | State::Plain if delimits => self.close(),
            State::Start | State::Plain | State::Quoted if escapes => {
                self.escaped = true;
                if self.state == State::Start {
                    self.state = State::Plain;
                }
            }
            State::Start if b == b'"' && self.quotes != Quotes::Never => {
                self.cell.text.clear();
                self.cell.quoted = true;
                self.state = State::Quoted;
            }
            // Blanks may stand before a quote.
            State::Start if b == b' ' => self.cell.text.push(b),
            State::Start | State::Plain => {
                self.cell.text.push(b);
                self.state = State::Plain;
            }
            State::Quoted if b == b'"' && self.quotes == Quotes::Doubled => self.state = State::Quote,
            State::Quoted if b == b'"' => self.state = State::Closed,
            State::Quoted => self.cell.text.push(b),
            State::Quote if b == b'"' => {
                self.cell.text.push(b);
                self.state = State::Quoted;
            }
            State::Quote | State::Closed if delimits => self.close(),
            State::Quote | State::Closed if b == b' ' => self.state = State::Closed,
            State::Quote | State::Closed => return None,
        }
        Some(())
    }

    fn escape(&mut self, b: u8) {
        self.escaped = false;
        let meant = match b {
            b'N' if self.cell.text.is_empty() && !self.cell.quoted => {
                self.cell.missing = true;
                return;
            }
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x08,
            b'0' => 0,
            b'Z' => 0x1a,
            other => other,
        };
        self.cell.text.push(meant);
    }

    fn close(&mut self) {
        let mut cell = std::mem::take(&mut self.cell);
        // What both dialects of `COPY` and `MySQL` write for nothing; in other cells it is a text.
        cell.missing = (cell.missing && cell.text.is_empty()) || (!cell.quoted && cell.text == b"\\N");
        self.cells.push(cell);
        self.state = State::Start;
    }
}
