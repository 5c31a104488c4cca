//! What was found in a file, in words and as a table of the rejected rows. Not here: where it is shown.

use std::collections::BTreeMap;
use std::io::Write;

use super::clean::Letters;
use super::raw::Rejected;
use super::read::Format;
use diaban_core::format::list::csv::guard;

/// Kinds of reasons that are counted one by one.
const MAX_KINDS: usize = 500;

/// What a file was.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Its format.
    pub format: Format,
    /// Where the source ids come from.
    pub ids: String,
    /// Whether they are hashes of the row, so that a row that changes looks like another one.
    pub ids_are_hashes: bool,
    /// What was found in it as a whole, in words.
    pub notes: Vec<String>,
    /// What was found and changed.
    pub counts: Counts,
    /// Columns that the profile names and the rows that were looked at do not have, with the nearest one.
    pub missing: Vec<String>,
    /// Some columns that nothing is read from.
    pub unread: Vec<String>,
}

/// What was found and changed on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows with decomposed Unicode, which was composed.
    pub decomposed: u64,
    /// Rows with no-break spaces, which became spaces.
    pub no_break: u64,
    /// Rows with Ð (U+00D0) for Đ (U+0110), which were kept so.
    pub eth: u64,
    /// Repeated vertices that were dropped.
    pub repeated: u64,
    /// Features that had such.
    pub with_repeated: u64,
    /// Areas that rounding to seven decimals alone would have made invalid, which got corners there.
    pub rounded: u64,
    /// Circles that became areas.
    pub circles: u64,
    /// Features that took the shape of the wards they name.
    pub of_wards: u64,
    /// Features in no ward that came in: just outside, or kept on request.
    pub outside: u64,
    /// Reports whose state has no time, which was set at the time they were received.
    pub untimed: u64,
    /// Reports in whose texts something is masked for everybody.
    pub masked: u64,
    /// Values that do not fit and were left out, by property: how many, and the first with its row.
    pub unfit: BTreeMap<String, (u64, String)>,
}

impl Counts {
    /// Counts what was found in the letters of a row.
    pub(super) fn see(&mut self, letters: Letters) {
        self.decomposed += u64::from(letters.decomposed);
        self.no_break += u64::from(letters.no_break);
        self.eth += u64::from(letters.eth);
    }

    /// Counts a value that was left out of a row that came in.
    pub fn leave_out(&mut self, row: u64, property: &str, reason: &str) {
        let is_known = self.unfit.contains_key(property) || self.unfit.len() < MAX_KINDS;
        let (property, first) =
            if is_known { (property, format!("row {row}: {reason}")) } else { ("others", String::new()) };
        self.unfit.entry(property.to_owned()).or_insert((0, first)).0 += 1;
    }

    /// A line for each thing that was found or changed.
    pub fn lines(&self) -> Vec<String> {
        let all = [
            (self.decomposed, "rows held decomposed Unicode, composed to NFC"),
            (self.no_break, "rows held no-break spaces, made plain"),
            (self.eth, "rows hold Ð (U+00D0), perhaps for Đ (U+0110); kept"),
            (self.rounded, "areas kept valid where rounding to seven decimals let their edges meet"),
            (self.circles, "circles made areas"),
            (self.of_wards, "features took the shape of the wards they name"),
            (self.outside, "features in no ward came in"),
            (
                self.masked,
                "reports name phones, papers, mail addresses or plates, which everybody reads masked",
            ),
            (self.untimed, "rows give no time for their state; it was set at the time received"),
        ];
        let mut lines: Vec<String> =
            all.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        let unfit = self.unfit.iter();
        lines.extend(
            unfit.map(|(name, (n, first))| format!("{n} values of {name} left out, the first in {first}")),
        );
        if self.repeated > 0 {
            lines.push(format!(
                "{} repeated vertices dropped from {} features",
                self.repeated, self.with_repeated
            ));
        }
        lines
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
    /// Takes in the reasons of some rows.
    pub fn see(&mut self, rejected: &[Rejected]) {
        rejected.iter().for_each(|r| self.take(&r.reason));
    }

    fn take(&mut self, reason: &str) {
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
        let id = guard(r.source_id.as_deref().unwrap_or_default());
        Ok(self.0.write_record([&*r.row.to_string(), &*id, &*guard(&r.reason)])?)
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
