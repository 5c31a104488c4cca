//! What the user says of a source: which columns hold what, as a TOML file or as flags for the quick case.
//! Not here: reading a row by it (mapping).

pub(in crate::import) mod mapping;

use std::collections::BTreeMap;

use serde::Deserialize;

use diaban_core::domain::nearest;
use diaban_core::geo::Crs;
use diaban_core::geo::crs::KNOWN;

/// How the columns of one source become a collection's properties.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in a profile")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// The collection that it is made for; another is refused.
    pub collection: Option<String>,
    /// The name of the source.
    pub source: Option<String>,
    /// The column of the source id.
    pub id: Option<String>,
    /// Property = column, or a text with columns in braces like `"{number} {street}"`.
    pub fields: BTreeMap<String, String>,
    /// Property = the same value for every row.
    pub set: BTreeMap<String, Scalar>,
    /// For a property what a column's value means; `*` is any other, an empty text nothing.
    pub values: BTreeMap<String, BTreeMap<String, Scalar>>,
    /// Column = the values of the rows to take; the others are left out.
    pub only: BTreeMap<String, Vec<String>>,
    /// The column of longitudes.
    pub lon: Option<String>,
    /// The column of latitudes.
    pub lat: Option<String>,
    /// The column that holds the place in one cell: WKT, WKB, GeoJSON or a pair of degrees.
    pub wkt: Option<String>,
    /// The character between cells.
    pub delimiter: Option<char>,
    /// The coordinate system, whatever the file says of it: `EPSG:9210` and other names.
    pub crs: Option<String>,
    /// The list of rows inside a JSON document, like `result.records`.
    pub list: Option<String>,
    /// `point`: areas and lines become points, where a collection holds points.
    pub shape: Option<String>,
    /// Areas that are not valid are made valid.
    pub make_valid: bool,
    /// The source is known to write latitude first.
    pub swap_axes: bool,
    /// How times are written.
    pub times: Option<Times>,
    /// Texts that begin like a formula have an apostrophe before them. Our own tables are known by their header.
    pub guarded: bool,
    /// A row without a place is refused, also where its category could do without; for reports.
    pub needs_place: bool,
}

/// How a source writes times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    /// The zone of times that name none, like `Asia/Ho_Chi_Minh`; else the city's.
    pub zone: Option<String>,
    /// Forms as `strptime` has them, like `%m/%d/%Y %H:%M`, or `epoch_s`, `epoch_ms` (since 1970), `excel` and
    /// `excel_1904` (days, in the zone). RFC 3339 and ISO 8601 are always read.
    pub formats: Vec<String>,
}

/// A value of a profile, kept as its text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "ScalarWire")]
pub struct Scalar(pub String);

#[derive(Deserialize)]
#[serde(untagged)]
enum ScalarWire {
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
}

impl From<ScalarWire> for Scalar {
    fn from(wire: ScalarWire) -> Self {
        Self(match wire {
            ScalarWire::Text(t) => t,
            ScalarWire::Integer(i) => i.to_string(),
            ScalarWire::Number(n) => n.to_string(),
            ScalarWire::Boolean(b) => b.to_string(),
        })
    }
}

/// Why a profile does not fit.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// Not TOML, or an unknown key.
    #[error("the profile: {0}")]
    Toml(Box<toml::de::Error>),
    /// Made for another collection.
    #[error("the profile is made for {0}")]
    Collection(String),
    /// A property that the collection does not have.
    #[error("{collection} has no property {name:?}{hint}")]
    Property {
        /// The collection.
        collection: String,
        /// What was asked for.
        name: String,
        /// The nearest, or all.
        hint: String,
    },
    /// A delimiter beyond ASCII.
    #[error("the delimiter must be one ASCII character")]
    Delimiter,
    /// What only reports have.
    #[error("needs_place is for reports only")]
    ReportsOnly,
    /// A coordinate system that is not known.
    #[error("crs: {0:?} is not known here; known are {known}", known = known_systems())]
    Crs(String),
    /// A shape that others are not made into.
    #[error("shape: {0:?} must be point")]
    Shape(String),
    /// A time zone that is not known.
    #[error("times.zone: {0:?} is no time zone; they are named like Asia/Ho_Chi_Minh")]
    Zone(String),
    /// A form of times that cannot be used.
    #[error("times.formats: {0:?}: {1}; they are written like %m/%d/%Y %H:%M")]
    TimeFormat(String, String),
    /// Braces that do not pair.
    #[error("fields.{0}: a column's name must stand between {{ and }}")]
    Braces(String),
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        toml::from_str(text).map_err(|e| MappingError::Toml(Box::new(e)))
    }

    /// Checks what must be one of a few words.
    ///
    /// # Errors
    /// When the system or the shape that is named is none.
    pub(in crate::import) fn checked(&self) -> Result<(), MappingError> {
        if let Some(name) = self.crs.as_ref().filter(|name| Crs::named(name).is_none()) {
            return Err(MappingError::Crs(name.clone()));
        }
        match &self.shape {
            Some(shape) if shape != "point" => Err(MappingError::Shape(shape.clone())),
            _ => Ok(()),
        }
    }

    /// The byte between cells.
    ///
    /// # Errors
    /// When the delimiter is none.
    pub(in crate::import) fn delimiter(&self) -> Result<Option<u8>, MappingError> {
        let ascii = |c: char| u8::try_from(c).ok().filter(u8::is_ascii).ok_or(MappingError::Delimiter);
        self.delimiter.map(ascii).transpose()
    }
}

fn known_systems() -> String {
    KNOWN.map(|crs| format!("EPSG:{}", crs.code)).join(", ")
}

/// A column that the user names and no row has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no row has the column {name:?}{hint}")]
pub struct NoColumn {
    /// What was asked for.
    pub name: String,
    /// The nearest that there is, in words.
    pub hint: String,
}

impl NoColumn {
    /// Names the nearest of the columns that there are.
    pub(in crate::import) fn of<'a>(name: &str, columns: impl Iterator<Item = &'a str>) -> Self {
        let hint = nearest(name, columns).map_or_else(String::new, |n| format!(" (did you mean {n}?)"));
        Self { name: name.to_owned(), hint }
    }
}
