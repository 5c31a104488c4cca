//! A file of reports of any length, in batches: the first rows say whether the numbers are degrees of
//! this city and where the ids are, then each row is read as it comes. Not here: the city's rules for
//! a report and storing it (action).

use std::collections::BTreeSet;
use std::io::Read;

use jiff::tz::TimeZone;

use super::check::{Counts, Rejected};
use super::format::{Format, FormatError};
use super::identity::{Candidates, Identity};
use super::incoming::{Incoming, Judged, RowReader, properties};
use super::mapping::{Mapping, Profile};
use super::raw::{Row, Unread};
use super::read::{ImportError, missing, needed, unread};
use super::recognise::{Survey, Wrong};
use super::stream::{self, Sink};
use super::table::is_place;
use super::times::TimeReader;
use super::{MAX_COLUMNS, shape};
use diaban_core::area::Generation;
use diaban_core::domain::Instant;

/// Rows that are looked at before the first is taken.
const SAMPLE: usize = 1_000;

/// What a file of reports is read with.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// The format, when the user says so.
    pub format: Option<Format>,
    /// How columns become properties.
    pub profile: &'a Profile,
    /// The zone of times that name none.
    pub zone: &'a TimeZone,
    /// The wards in force.
    pub areas: &'a Generation,
    /// The time: nothing may be later.
    pub now: Instant,
    /// Rows in a batch.
    pub batch: u64,
}

/// Rows that follow each other in the file.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// How many.
    pub rows: u64,
    /// Those that are reports.
    pub reports: Vec<Incoming>,
    /// Those that are none.
    pub rejected: Vec<Rejected>,
    /// Those that the profile leaves out.
    pub left_out: u64,
}

/// What a file was.
#[derive(Debug)]
pub struct ReportRead {
    /// Its format.
    pub format: Format,
    /// Where the source ids come from.
    pub ids: String,
    /// Whether they are hashes of the row, so that a row that changes comes in again.
    pub ids_are_hashes: bool,
    /// What was found and changed.
    pub counts: Counts,
    /// Columns that the profile names and the first rows do not have.
    pub missing: Vec<String>,
    /// Some columns that nothing is read from.
    pub unread: Vec<String>,
    /// What most of the coordinates look like, if they are not degrees of the city after all.
    pub doubt: Option<Wrong>,
    /// Why the file ended before its end.
    pub broken: Option<FormatError>,
}

/// Reads a file, plain or gzipped, and gives its rows in batches as long as they are taken. Takes as
/// long as the file: not on an async thread.
///
/// # Errors
/// When the file as a whole cannot be taken; nothing was given then.
pub fn read_reports(
    source: impl Read,
    input: ReportInput<'_>,
    give: &mut dyn FnMut(Batch) -> bool,
) -> Result<ReportRead, ImportError> {
    let mapping = Mapping::new(input.profile, properties())?;
    let times = TimeReader::new(input.profile.times.as_ref(), input.zone)?;
    let columns = input.profile.columns()?;
    let stream = stream::open(source, input.format)?;
    let format = stream.format;
    let reader = RowReader {
        mapping: &mapping,
        identity: Identity::Content,
        times: &times,
        swap_axes: input.profile.swap_axes,
        guarded: input.profile.guarded,
        needs_place: input.profile.needs_place,
        now: input.now,
        counts: Counts::default(),
    };
    let mut walk = Walk {
        input,
        reader,
        give,
        sample: Some(Vec::with_capacity(SAMPLE)),
        survey: Survey::default(),
        crs: None,
        batch: Batch::default(),
        missing: Vec::new(),
        unread: Vec::new(),
        refused: None,
    };
    let broken = stream.run(&columns, &mut walk).err();
    walk.end();
    if let Some(refused) = walk.refused {
        return Err(refused);
    }
    Ok(ReportRead {
        format,
        ids: walk.reader.identity.words(),
        ids_are_hashes: walk.reader.identity == Identity::Content,
        counts: walk.reader.counts,
        missing: walk.missing,
        unread: walk.unread,
        doubt: walk.survey.verdict(walk.crs.as_deref(), input.areas).err(),
        broken,
    })
}

struct Walk<'a> {
    input: ReportInput<'a>,
    reader: RowReader<'a>,
    give: &'a mut dyn FnMut(Batch) -> bool,
    /// The first rows, until they have been looked at.
    sample: Option<Vec<Row>>,
    survey: Survey,
    crs: Option<String>,
    batch: Batch,
    missing: Vec<String>,
    unread: Vec<String>,
    refused: Option<ImportError>,
}

impl Sink for Walk<'_> {
    fn crs(&mut self, name: String) {
        self.crs = Some(name);
    }

    fn row(&mut self, row: Row) -> bool {
        if let Ok(raw) = &row
            && self.reader.mapping.wants(raw)
            && let Ok(Some(geometry)) = &raw.geometry
        {
            if self.input.profile.swap_axes {
                self.survey.see(&shape::swapped(geometry), self.input.areas);
            } else {
                self.survey.see(geometry, self.input.areas);
            }
        }
        match &mut self.sample {
            Some(sample) => {
                sample.push(row);
                if sample.len() < SAMPLE { true } else { self.settle() }
            }
            None => self.take(row),
        }
    }
}

impl Walk<'_> {
    /// Looks at the first rows: what they are decides for the file.
    fn settle(&mut self) -> bool {
        let Some(sample) = self.sample.take() else { return true };
        match self.look(&sample) {
            Ok(()) => sample.into_iter().all(|row| self.take(row)),
            Err(refused) => {
                self.refused = Some(refused);
                false
            }
        }
    }

    fn look(&mut self, sample: &[Row]) -> Result<(), ImportError> {
        let profile = self.input.profile;
        let mut candidates = Candidates::default();
        let mut columns = BTreeSet::new();
        for raw in sample.iter().flatten() {
            for name in raw.properties.keys() {
                if columns.len() < MAX_COLUMNS && !columns.contains(name) {
                    columns.insert(name.clone());
                }
            }
            if self.reader.mapping.wants(raw) {
                candidates.see(raw);
            }
        }
        self.survey.verdict(self.crs.as_deref(), self.input.areas)?;
        needed(profile, &columns)?;
        self.reader.identity = candidates.choose_surely(profile.id.as_deref());
        self.missing = missing(profile, &columns);
        self.unread = unread(&columns, self.reader.mapping, &self.reader.identity, profile);
        self.unread.retain(|name| !is_place(name, profile));
        Ok(())
    }

    fn take(&mut self, row: Row) -> bool {
        self.batch.rows += 1;
        match row.map(|raw| self.reader.judge(raw)) {
            Ok(Judged::Taken(report)) => self.batch.reports.push(*report),
            Ok(Judged::Rejected(rejected)) => self.batch.rejected.push(rejected),
            Ok(Judged::LeftOut) => self.batch.left_out += 1,
            Err(Unread { row, id, reason }) => {
                self.batch.rejected.push(Rejected { row, source_id: id, reason });
            }
        }
        self.batch.rows < self.input.batch || (self.give)(std::mem::take(&mut self.batch))
    }

    /// Gives what is left.
    fn end(&mut self) {
        if self.refused.is_none() && self.settle() && self.batch.rows > 0 {
            (self.give)(std::mem::take(&mut self.batch));
        }
    }
}
