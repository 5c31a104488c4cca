//! A file of reports of any length, in batches: the first rows say whether the numbers are degrees of this
//! city and where the ids are, then each row is judged as it comes. Not here: the city's rules for a report
//! and storing it (action).

use std::io;

use jiff::tz::TimeZone;

use super::{Batch, Batches, Doubt};
use crate::import::error::ImportError;
use crate::import::findings::Findings;
use crate::import::judge::{Incoming, ReportJudge, TimeReader, properties};
use crate::import::place::Wrong;
use crate::import::profile::Profile;
use crate::import::profile::mapping::Mapping;
use crate::import::read::{Format, FormatError, Options, Stream, recognise};
use crate::import::recognise::Look;
use diaban_core::area::Generation;
use diaban_core::domain::Instant;

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

/// What a file was.
#[derive(Debug)]
pub struct ReportRead {
    /// What was found in it.
    pub findings: Findings,
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
    source: impl io::Read,
    input: ReportInput<'_>,
    give: &mut dyn FnMut(Batch<Incoming>) -> bool,
) -> Result<ReportRead, ImportError> {
    let ReportInput { profile, areas, .. } = input;
    let properties = properties();
    let collection = properties.id;
    let mapping = Mapping::new(profile, properties)?;
    let columns = mapping.header_names(profile);
    let options = Options {
        delimiter: profile.delimiter()?,
        columns: &columns,
        collection,
        osm: None,
        list: profile.list.as_deref(),
    };
    let times = TimeReader::new(profile.times.as_ref(), input.zone)?;
    let stream = Stream::open(source)?;
    let format = input.format.map_or_else(|| recognise(stream.head()), Ok)?;
    let look = Look::new(profile, &mapping, areas, usize::MAX);
    let judge = ReportJudge::new(times, profile, input.now);
    let mut batches = Batches::new(&mapping, look, judge, input.batch, give);
    let broken = stream.rows(format, options, &mut batches).err();
    let (findings, doubt) = batches.end(format)?;
    let spoilt = |text: String| Some(FormatError::Broken(text));
    let (doubt, late) = match doubt {
        Some(Doubt::Place(wrong)) => (Some(wrong), None),
        Some(Doubt::Reading) => (
            None,
            spoilt(
                "the file names its crs after its rows, which were read otherwise; say it with --crs"
                    .to_owned(),
            ),
        ),
        Some(Doubt::Part(part)) => (None, spoilt(format!("this is a part of a longer answer: {}", part.why))),
        None => (None, None),
    };
    Ok(ReportRead { findings, doubt, broken: broken.or(late) })
}
