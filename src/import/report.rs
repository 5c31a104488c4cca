//! What a file gave, in words and as a table of the rejected rows. Not here: where it is shown.

use std::collections::BTreeMap;
use std::io::Write;

use super::check::{Counts, Rejected};
use super::read::Read;

/// Kinds of reasons that are counted one by one.
const MAX_KINDS: usize = 500;
/// What a text begins with that a spreadsheet would run.
pub(super) const GUARDED: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

impl Counts {
    /// A line for each thing that was found or changed.
    pub fn lines(&self) -> Vec<String> {
        let all = [
            (self.decomposed, "rows held decomposed Unicode, composed to NFC"),
            (self.no_break, "rows held no-break spaces, made plain"),
            (self.eth, "rows hold Ð (U+00D0), perhaps for Đ (U+0110); kept"),
            (self.circles, "circles made areas"),
            (self.of_wards, "features took the shape of the wards they name"),
            (self.outside, "features in no ward came in"),
            (self.untimed, "rows give no time for their state; it was set at the time received"),
        ];
        let mut lines: Vec<String> =
            all.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        if self.repeated > 0 {
            lines.push(format!(
                "{} repeated vertices dropped from {} features",
                self.repeated, self.with_repeated
            ));
        }
        lines
    }
}

impl Read {
    /// The reasons with how many rows have them, the most frequent first. Reasons that differ in
    /// numbers only count as one.
    pub fn reasons(&self) -> Vec<(&str, usize)> {
        let mut kinds: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for rejected in &self.rejected {
            kinds.entry(kind(&rejected.reason)).or_insert((&rejected.reason, 0)).1 += 1;
        }
        let mut out: Vec<_> = kinds.into_values().collect();
        out.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        out
    }
}

/// What reasons have in common that differ in numbers and places only.
fn kind(reason: &str) -> String {
    let end = reason.find(" km").or_else(|| reason.find('(')).unwrap_or(reason.len());
    reason[..end].chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect()
}

/// Counts reasons of however many rows: a bounded number of kinds, the rest together.
#[derive(Debug, Default)]
pub struct Reasons {
    kinds: BTreeMap<String, (String, u64)>,
    others: u64,
}

impl Reasons {
    /// Takes in the reason of one row.
    pub fn see(&mut self, reason: &str) {
        let kind = kind(reason);
        if let Some((_, n)) = self.kinds.get_mut(&kind) {
            *n += 1;
        } else if self.kinds.len() < MAX_KINDS {
            self.kinds.insert(kind, (reason.to_owned(), 1));
        } else {
            self.others += 1;
        }
    }

    /// The reasons with how many rows have them, the most frequent first.
    pub fn most(&self) -> Vec<(&str, u64)> {
        let mut out: Vec<_> = self.kinds.values().map(|(reason, n)| (reason.as_str(), *n)).collect();
        out.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        out.extend((self.others > 0).then_some(("other reasons", self.others)));
        out
    }
}

/// Writes row, source id and reason of each rejected row as CSV; what a spreadsheet would run as a
/// formula is guarded by an apostrophe.
#[derive(Debug)]
pub struct RejectedTable<W: Write>(csv::Writer<W>);

impl<W: Write> RejectedTable<W> {
    /// Writes the header line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W) -> std::io::Result<Self> {
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        out.write_record(["row", "source_id", "reason"])?;
        Ok(Self(out))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, r: &Rejected) -> std::io::Result<()> {
        let guarded = |s: &str| {
            if s.starts_with(GUARDED) { format!("'{s}") } else { s.to_owned() }
        };
        let id = guarded(r.source_id.as_deref().unwrap_or_default());
        Ok(self.0.write_record([r.row.to_string(), id, guarded(&r.reason)])?)
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The whole table of [`RejectedTable`].
pub fn rejected_csv(rejected: &[Rejected]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut table = RejectedTable::new(&mut out).expect("writing to memory cannot fail");
    for r in rejected {
        table.write(r).expect("writing to memory cannot fail");
    }
    table.finish().expect("writing to memory cannot fail");
    out
}
