//! The steps of an import joined: rows are looked at, then judged one after the other. A file in memory is
//! read twice, so that all its rows are looked at first; of a file of any length the first rows are held
//! until they have been looked at.
//!
//! Its two ends are `features`, which needs all rows of a source at once to say what is gone, and `reports`,
//! which has no bound and gives batches.

mod features;
mod reports;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

pub use features::{Input, Read, read};
pub use reports::{ReportInput, ReportRead, read_reports};

use crate::import::clean::Letters;
use crate::import::error::ImportError;
use crate::import::findings::{Counts, Findings};
use crate::import::judge::Judge;
use crate::import::place::{Reading, Wrong, simplest};
use crate::import::profile::mapping::Mapping;
use crate::import::raw::{Raw, Rejected, Row};
use crate::import::read::{Format, Part, Sink};
use crate::import::recognise::{Guess, Identity, Look, Recognised};
use diaban_core::domain::field::Value;
use diaban_core::format::list::csv::unguard;

/// Rows of a file of any length that are looked at before the first is taken.
const SAMPLE: usize = 1_000;

/// Rows that follow each other in the file, judged.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// How many.
    pub rows: u64,
    /// Those that may come in.
    pub taken: Vec<T>,
    /// Those that may not.
    pub rejected: Vec<Rejected>,
    /// Those that the profile leaves out.
    pub left_out: u64,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { rows: 0, taken: Vec::new(), rejected: Vec::new(), left_out: 0 }
    }
}

/// Judges rows that were looked at, and keeps what became of them.
pub(in crate::import) struct Judging<'a, J: Judge> {
    mapping: &'a Mapping,
    look: Look<'a>,
    recognised: Recognised,
    judge: J,
    counts: Counts,
    /// Rows by the system that they were converted from.
    converted: BTreeMap<String, u64>,
    batch: Batch<J::Taken>,
}

impl<'a, J: Judge> Judging<'a, J> {
    pub(in crate::import) fn new(
        mapping: &'a Mapping,
        look: Look<'a>,
        recognised: Recognised,
        judge: J,
    ) -> Self {
        let (counts, batch) = (Counts::default(), Batch::default());
        let converted = BTreeMap::new();
        Self { mapping, look, recognised, judge, counts, converted, batch }
    }

    /// What was found, and the rows that were not given away.
    pub(in crate::import) fn end(self, format: Format) -> (Findings, Batch<J::Taken>) {
        let Recognised { identity, missing, unread, told: mut notes, .. } = self.recognised;
        let (ids, ids_are_hashes) = (identity.to_string(), identity.is_hash());
        notes.extend(self.look.notes());
        notes
            .extend(self.converted.iter().map(|(crs, n)| format!("{n} rows converted from {crs} to WGS 84")));
        notes.extend(self.judge.told());
        (Findings { format, ids, ids_are_hashes, notes, counts: self.counts, missing, unread }, self.batch)
    }

    fn take(&mut self, row: Row) {
        self.batch.rows += 1;
        match row.map(|raw| self.judge(raw)) {
            Ok(Some(Ok(taken))) => self.batch.taken.push(taken),
            Ok(Some(Err(rejected))) | Err(rejected) => self.batch.rejected.push(rejected),
            Ok(None) => self.batch.left_out += 1,
        }
    }

    /// What becomes of a row; none when the profile leaves it out.
    fn judge(&mut self, mut raw: Raw) -> Option<Result<J::Taken, Rejected>> {
        self.look.locate(&mut raw);
        if !self.mapping.wants(&raw) {
            return None;
        }
        if self.recognised.guarded {
            for value in raw.properties.values_mut() {
                if let Value::Text(text) = value {
                    *text = unguard(text).to_owned();
                }
            }
        }
        let row = raw.row;
        let mut letters = Letters::default();
        let source_id = match self.recognised.identity.of(&raw, &mut letters) {
            Ok(id) => id,
            Err(reason) => {
                self.counts.see(letters);
                return Some(Err(Rejected { row, source_id: None, reason }));
            }
        };
        let values = self.mapping.apply(&raw, &mut letters);
        self.counts.see(letters);
        // After the id: where that is a hash of the content, it is of the numbers as the file has them.
        self.place(&mut raw);
        let judged = self.judge.judge(raw, &source_id, values, &mut self.counts);
        Some(judged.map_err(|reasons| Rejected {
            row,
            source_id: Some(source_id),
            reason: reasons.join("; "),
        }))
    }
}

impl<J: Judge> Judging<'_, J> {
    /// The shape of a row on WGS 84, in its simplest form.
    fn place(&mut self, raw: &mut Raw) {
        let Ok(Some(geometry)) = &raw.geometry else { return };
        let read = self.look.reading(raw, self.recognised.reading).and_then(|reading| {
            if !reading.crs.is_wgs84() {
                *self.converted.entry(reading.crs.to_string()).or_default() += 1;
            }
            if reading == Reading::PLAIN { Ok(geometry.clone()) } else { reading.apply(geometry) }
        });
        raw.geometry = read.map(simplest);
    }
}

impl<J: Judge> Sink for Judging<'_, J> {
    // The look has seen these.
    fn twice(&mut self, _: &str) {}

    fn note(&mut self, _: String) {}

    fn header(&mut self, names: &[String]) {
        self.look.header(names);
    }

    fn crs(&mut self, name: String) {
        self.look.crs(name);
    }

    fn part(&mut self, part: Part) {
        self.look.part(part);
    }

    fn row(&mut self, row: Row) -> ControlFlow<()> {
        self.take(row);
        ControlFlow::Continue(())
    }
}

/// What is known at the end of a file only, when its rows were given.
#[derive(Debug)]
pub(in crate::import) enum Doubt {
    /// Most of the coordinates are not what they were read as.
    Place(Wrong),
    /// The file names another coordinate system after its rows.
    Reading,
    /// It is a page of a longer answer.
    Part(Part),
}

/// Judges a file of any length and gives its rows in batches.
pub(in crate::import) struct Batches<'a, J: Judge> {
    judging: Judging<'a, J>,
    /// The first rows, until they have been looked at.
    sample: Option<Vec<Row>>,
    /// Rows in a batch.
    size: u64,
    give: &'a mut dyn FnMut(Batch<J::Taken>) -> bool,
    refused: Option<ImportError>,
}

impl<'a, J: Judge> Batches<'a, J> {
    pub(in crate::import) fn new(
        mapping: &'a Mapping,
        look: Look<'a>,
        judge: J,
        size: u64,
        give: &'a mut dyn FnMut(Batch<J::Taken>) -> bool,
    ) -> Self {
        let nothing = Recognised {
            identity: Identity::Content,
            missing: Vec::new(),
            unread: Vec::new(),
            guarded: false,
            reading: Reading::PLAIN,
            told: Vec::new(),
        };
        let judging = Judging::new(mapping, look, nothing, judge);
        Self { judging, sample: Some(Vec::with_capacity(SAMPLE)), size, give, refused: None }
    }

    /// Gives what is left, and says what was found and what spoils it: coordinates that are read otherwise
    /// by what came later, or a page of a longer answer.
    ///
    /// # Errors
    /// When the file as a whole cannot be taken; nothing was given then.
    pub(in crate::import) fn end(mut self, format: Format) -> Result<(Findings, Option<Doubt>), ImportError> {
        let goes_on = self.settle().is_continue();
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        let look = &self.judging.look;
        let doubt = match look.verdict() {
            Err(wrong) => Some(Doubt::Place(wrong)),
            Ok((reading, _)) if reading != self.judging.recognised.reading => Some(Doubt::Reading),
            Ok(_) => look.missing_part().cloned().map(Doubt::Part),
        };
        let (findings, batch) = self.judging.end(format);
        if goes_on && batch.rows > 0 {
            (self.give)(batch);
        }
        Ok((findings, doubt))
    }

    /// Looks at the first rows, which decide for the file, then takes them.
    fn settle(&mut self) -> ControlFlow<()> {
        let Some(sample) = self.sample.take() else { return ControlFlow::Continue(()) };
        match self.judging.look.settle(Guess::Sure) {
            Ok(recognised) => {
                self.judging.recognised = recognised;
                sample.into_iter().try_for_each(|row| self.take(row))
            }
            Err(refused) => {
                self.refused = Some(refused);
                ControlFlow::Break(())
            }
        }
    }

    fn take(&mut self, row: Row) -> ControlFlow<()> {
        self.judging.take(row);
        let batch = &mut self.judging.batch;
        if batch.rows < self.size || (self.give)(std::mem::take(batch)) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

impl<J: Judge> Sink for Batches<'_, J> {
    fn twice(&mut self, name: &str) {
        self.judging.look.twice(name);
    }

    fn note(&mut self, words: String) {
        self.judging.look.note(words);
    }

    fn header(&mut self, names: &[String]) {
        self.judging.header(names);
    }

    fn crs(&mut self, name: String) {
        self.judging.crs(name);
    }

    fn part(&mut self, part: Part) {
        self.judging.part(part);
    }

    fn row(&mut self, mut row: Row) -> ControlFlow<()> {
        let Some(sample) = &mut self.sample else {
            self.judging.look.watch(&mut row);
            return self.take(row);
        };
        self.judging.look.see(&mut row);
        sample.push(row);
        if sample.len() < SAMPLE { ControlFlow::Continue(()) } else { self.settle() }
    }
}
