//! A whole file to features: two walks, the first to see what it is, the second to judge each row.

use std::collections::{BTreeSet, HashMap};

use super::check::{AREA_COLUMNS, Counts, Judge, Judged, Outside, Rejected};
use super::format::{self, Format, FormatError};
use super::identity::{Candidates, Identity};
use super::mapping::{Mapping, MappingError, Profile, Properties, columns_of};
use super::raw::{Row, Unread};
use super::recognise::{Survey, Wrong};
use super::{MAX_COLUMNS, MAX_ROWS, geojson, osm, shape, table};
use diaban_core::area::Generation;
use diaban_core::domain::feature::NewFeature;
use diaban_core::domain::{Collection, OsmRules, nearest};

/// Columns that nobody reads are told up to this many.
const TOLD: usize = 12;

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
    /// The wards in force.
    pub areas: &'a Generation,
    /// What becomes of features outside the city.
    pub outside: Outside,
}

/// Why a file is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Its format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The profile.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Its coordinates.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// OpenStreetMap's form for a collection without rules.
    #[error("data/osm.toml has no rules for {0}")]
    NoRules(String),
    /// A column that the user names and no row has.
    #[error("no row has the column {0:?}{1}")]
    NoColumn(String, String),
}

/// What a file gave.
#[derive(Debug)]
pub struct Read {
    /// Its format.
    pub format: Format,
    /// Where the source ids come from.
    pub ids: String,
    /// Whether they are hashes of the content, so that a change is a removal and an addition.
    pub ids_are_hashes: bool,
    /// The features, in the order of the file.
    pub features: Vec<NewFeature>,
    /// The rows that are none.
    pub rejected: Vec<Rejected>,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that the profile leaves out.
    pub left_out: u64,
    /// What was found and changed.
    pub counts: Counts,
    /// Some columns that no property is read from.
    pub unread: Vec<String>,
    /// Columns that the profile names and no row has, with the nearest one.
    pub missing: Vec<String>,
}

enum Opened<'a> {
    Json(geojson::Document<'a>),
    Table(table::Table<'a>),
    Rows(Vec<Row>),
}

impl Opened<'_> {
    fn rows(&self) -> Box<dyn Iterator<Item = Row> + '_> {
        match self {
            Self::Json(document) => Box::new(document.rows()),
            Self::Table(table) => Box::new(table.rows()),
            Self::Rows(rows) => Box::new(rows.iter().cloned()),
        }
    }
}

/// Reads a file, plain or gzipped. Takes seconds for large ones: not on an async thread.
///
/// # Errors
/// When the file as a whole cannot be taken; rows that cannot be are in [`Read::rejected`].
pub fn read(bytes: Vec<u8>, input: Input<'_>) -> Result<Read, ImportError> {
    let mapping = Mapping::new(input.profile, Properties::of(input.collection))?;
    let bytes = format::unpack(bytes)?;
    let format = match input.format {
        Some(format) => format,
        None => format::recognise(&bytes)?,
    };
    let opened = match format {
        Format::GeoJson | Format::Records => Opened::Json(geojson::document(&bytes)?),
        Format::GeoJsonSeq => Opened::Json(geojson::sequence(&bytes)?),
        Format::Csv => Opened::Table(table::open(&bytes, &input.profile.columns()?)?),
        Format::OsmPbf => {
            let rules = input.osm.ok_or_else(|| ImportError::NoRules(input.collection.id.to_string()))?;
            Opened::Rows(osm::rows(&bytes, rules)?)
        }
    };
    let (survey, candidates, columns) = first_walk(&opened, input, &mapping)?;
    let crs = if let Opened::Json(document) = &opened { document.crs.as_deref() } else { None };
    survey.verdict(crs, input.areas)?;
    needed(input.profile, &columns)?;
    let missing = missing(input.profile, &columns);
    let identity = candidates.choose(input.profile.id.as_deref());
    let unread = unread(&columns, &mapping, &identity, input.profile);
    let mut read = second_walk(&opened, input, &mapping, &identity);
    (read.format, read.unread, read.missing) = (format, unread, missing);
    Ok(read)
}

fn first_walk(
    opened: &Opened<'_>,
    input: Input<'_>,
    mapping: &Mapping,
) -> Result<(Survey, Candidates, BTreeSet<String>), FormatError> {
    let mut survey = Survey::default();
    let mut candidates = Candidates::default();
    let mut columns = BTreeSet::new();
    for (i, row) in opened.rows().enumerate() {
        if i == MAX_ROWS {
            // A part of the file would make the rest look gone.
            return Err(FormatError::Broken(format!("the file has more than {MAX_ROWS} rows")));
        }
        let Ok(raw) = row else { continue };
        for name in raw.properties.keys() {
            if columns.len() < MAX_COLUMNS && !columns.contains(name) {
                columns.insert(name.clone());
            }
        }
        if !mapping.wants(&raw) {
            continue;
        }
        candidates.see(&raw);
        match &raw.geometry {
            Ok(Some(geometry)) if input.profile.swap_axes => {
                survey.see(&shape::swapped(geometry), input.areas);
            }
            Ok(Some(geometry)) => survey.see(geometry, input.areas),
            _ => {}
        }
    }
    Ok((survey, candidates, columns))
}

fn second_walk(opened: &Opened<'_>, input: Input<'_>, mapping: &Mapping, identity: &Identity) -> Read {
    let mut judge = Judge {
        collection: input.collection,
        areas: input.areas,
        mapping,
        identity,
        swap_axes: input.profile.swap_axes,
        outside: input.outside,
        seen: HashMap::new(),
        counts: Counts::default(),
    };
    let mut read = Read {
        format: Format::GeoJson,
        ids: identity.words(),
        ids_are_hashes: *identity == Identity::Content,
        features: Vec::new(),
        rejected: Vec::new(),
        rows: 0,
        left_out: 0,
        counts: Counts::default(),
        unread: Vec::new(),
        missing: Vec::new(),
    };
    for row in opened.rows() {
        read.rows += 1;
        match row.map(|raw| judge.judge(raw)) {
            Ok(Judged::Taken(feature)) => read.features.push(feature),
            Ok(Judged::Rejected(rejected)) => read.rejected.push(rejected),
            Ok(Judged::LeftOut) => read.left_out += 1,
            Err(Unread { row, id, reason }) => {
                read.rejected.push(Rejected { row, source_id: id, reason });
            }
        }
    }
    read.counts = judge.counts;
    read
}

/// Without its ids or its filter a file would come in as something else than what was meant.
pub(super) fn needed(profile: &Profile, columns: &BTreeSet<String>) -> Result<(), ImportError> {
    match profile.id.iter().chain(profile.only.keys()).find(|c| is_absent(c, columns)) {
        Some(name) => Err(ImportError::NoColumn(name.clone(), hint(name, columns))),
        None => Ok(()),
    }
}

/// Columns that the profile names and no row has, with the nearest one.
pub(super) fn missing(profile: &Profile, columns: &BTreeSet<String>) -> Vec<String> {
    let named = profile.fields.values().flat_map(|f| columns_of(f));
    named.filter(|c| is_absent(c, columns)).map(|c| format!("{c}{}", hint(&c, columns))).collect()
}

fn is_absent(name: &str, columns: &BTreeSet<String>) -> bool {
    let folded = name.to_lowercase();
    !columns.is_empty() && !columns.iter().any(|c| c.to_lowercase() == folded)
}

fn hint(name: &str, columns: &BTreeSet<String>) -> String {
    nearest(name, columns.iter().map(String::as_str))
        .map_or_else(String::new, |n| format!(" (did you mean {n}?)"))
}

pub(super) fn unread(
    columns: &BTreeSet<String>,
    mapping: &Mapping,
    identity: &Identity,
    profile: &Profile,
) -> Vec<String> {
    let mut used: BTreeSet<String> = mapping.columns().map(str::to_lowercase).collect();
    used.extend(profile.only.keys().map(|c| c.to_lowercase()));
    used.extend(AREA_COLUMNS.map(str::to_owned));
    if let Identity::Column(name) = identity {
        used.insert(name.to_lowercase());
    }
    columns.iter().filter(|c| !used.contains(&c.to_lowercase())).take(TOLD).cloned().collect()
}
