//! What a file gave, in words and as a table of the rejected rows. Not here: where it is shown.

use std::collections::BTreeMap;

use super::check::{Counts, Rejected};
use super::read::Read;

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
            let kind: String = rejected.reason.split('(').next().unwrap_or_default().to_owned();
            let kind: String = kind.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
            kinds.entry(kind).or_insert((&rejected.reason, 0)).1 += 1;
        }
        let mut out: Vec<_> = kinds.into_values().collect();
        out.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        out
    }
}

/// Row, source id and reason of each rejected row as CSV; what a spreadsheet would run as a formula
/// is guarded by an apostrophe.
pub fn rejected_csv(rejected: &[Rejected]) -> Vec<u8> {
    let guarded = |s: &str| {
        if s.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{s}") } else { s.to_owned() }
    };
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut write = |record: [String; 3]| {
        out.write_record(record).expect("writing to memory cannot fail, and all records have one length");
    };
    write(["row", "source_id", "reason"].map(str::to_owned));
    for r in rejected {
        write([r.row.to_string(), guarded(r.source_id.as_deref().unwrap_or_default()), guarded(&r.reason)]);
    }
    out.into_inner().expect("writing to memory cannot fail")
}
