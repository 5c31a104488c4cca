//! A whole file to features. All its rows are needed before one is written: what does not come is gone.

use jiff::tz::TimeZone;

use super::{Batch, Judging};
use crate::import::error::ImportError;
use crate::import::findings::Findings;
use crate::import::judge::{FeatureJudge, Outside, TimeReader};
use crate::import::limits::MAX_ROWS;
use crate::import::profile::Profile;
use crate::import::profile::mapping::{Mapping, Properties};
use crate::import::raw::Rejected;
use crate::import::read::{Format, Options, recognise, rows_of, unpack};
use crate::import::recognise::{Guess, Look};
use diaban_core::area::Generation;
use diaban_core::domain::feature::NewFeature;
use diaban_core::domain::{Collection, OsmRules};

/// What a file is read with.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The format, when the user says so.
    pub format: Option<Format>,
    /// Where the features go.
    pub collection: &'a Collection,
    /// How columns become properties.
    pub profile: &'a Profile,
    /// How OpenStreetMap's tags do.
    pub osm: Option<&'a OsmRules>,
    /// The zone of times that name none.
    pub zone: &'a TimeZone,
    /// The wards in force.
    pub areas: &'a Generation,
    /// What becomes of features outside the city.
    pub outside: Outside,
}

/// What a file gave.
#[derive(Debug)]
pub struct Read {
    /// What was found in it.
    pub findings: Findings,
    /// The features, in the order of the file.
    pub features: Vec<NewFeature>,
    /// The rows that are none.
    pub rejected: Vec<Rejected>,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that the profile leaves out.
    pub left_out: u64,
}

/// Reads a file, plain or gzipped. Takes seconds for large ones: not on an async thread.
///
/// # Errors
/// When the file as a whole cannot be taken; rows that cannot be are in [`Read::rejected`].
pub fn read(bytes: Vec<u8>, input: Input<'_>) -> Result<Read, ImportError> {
    let Input { collection, profile, osm, zone, areas, outside, .. } = input;
    let mapping = Mapping::new(profile, Properties::of(collection))?;
    let times = TimeReader::new(profile.times.as_ref(), zone)?;
    let columns = mapping.header_names(profile);
    let options = Options {
        delimiter: profile.delimiter()?,
        columns: &columns,
        collection: &collection.id,
        osm,
        list: profile.list.as_deref(),
    };
    let bytes = unpack(bytes)?;
    let format = input.format.map_or_else(|| recognise(&bytes), Ok)?;
    let mut look = Look::new(profile, &mapping, areas, MAX_ROWS);
    rows_of(&bytes, format, options, &mut look)?;
    let recognised = look.settle(Guess::Likely)?;
    let judge = FeatureJudge::new(collection, profile, times, areas, outside, recognised.identity.is_hash());
    let mut judging = Judging::new(&mapping, look, recognised, judge);
    rows_of(&bytes, format, options, &mut judging)?;
    let (findings, Batch { rows, taken, rejected, left_out }) = judging.end(format);
    Ok(Read { findings, features: taken, rejected, rows, left_out })
}
