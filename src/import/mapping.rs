//! Columns to properties: a profile as a TOML file, or flags for the quick case. A property that is
//! not mentioned is read from the column of its own name. Not here: whether a value is valid
//! (domain), letters (clean).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::clean::{Letters, clean};
use super::raw::Raw;
use super::table::Columns;
use super::times::Times;
use diaban_core::domain::field::Value;
use diaban_core::domain::{Collection, nearest};

/// How the columns of one source become a collection's properties.
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
    /// The column of WKT.
    pub wkt: Option<String>,
    /// The character between cells.
    pub delimiter: Option<char>,
    /// The source is known to write latitude first.
    pub swap_axes: bool,
    /// How times are written; for reports.
    pub times: Option<Times>,
    /// Texts that begin like a formula have an apostrophe before them, as our own tables have; for reports.
    pub guarded: bool,
    /// A row without a place is refused, also where its category could do without; for reports.
    pub needs_place: bool,
}

/// The properties that rows are mapped to.
#[derive(Clone, Debug)]
pub(super) struct Properties<'a> {
    /// What has them.
    pub(super) id: &'a str,
    /// Their names.
    pub(super) names: Vec<&'a str>,
    /// Names that begin like this are known too.
    pub(super) prefix: Option<&'a str>,
}

impl<'a> Properties<'a> {
    /// Those of a collection.
    pub(super) fn of(collection: &'a Collection) -> Self {
        let names = collection.properties.iter().map(|p| p.name.as_str()).collect();
        Self { id: &collection.id, names, prefix: None }
    }

    fn knows(&self, name: &str) -> bool {
        self.names.contains(&name) || self.prefix.is_some_and(|p| name.starts_with(p))
    }
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
    #[error("times, guarded and needs_place are for reports only")]
    ReportsOnly,
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

    /// The columns of the place.
    ///
    /// # Errors
    /// When the delimiter is none.
    pub(super) fn columns(&self) -> Result<Columns, MappingError> {
        let ascii = |c: char| u8::try_from(c).ok().filter(u8::is_ascii).ok_or(MappingError::Delimiter);
        let delimiter = self.delimiter.map(ascii).transpose()?;
        let (lon, lat, wkt) = (self.lon.clone(), self.lat.clone(), self.wkt.clone());
        Ok(Columns { lon, lat, wkt, delimiter })
    }
}

/// Where a property's value comes from.
#[derive(Debug)]
enum Origin {
    Constant(String),
    Column(String),
    Template(Vec<Piece>),
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Column(String),
}

/// A profile that fits a collection.
#[derive(Debug)]
pub(super) struct Mapping {
    origins: Vec<(String, Origin)>,
    /// Folded text to what it means.
    values: BTreeMap<String, BTreeMap<String, String>>,
    only: BTreeMap<String, BTreeSet<String>>,
}

impl Mapping {
    /// Fits a profile to what it is for.
    pub(super) fn new(profile: &Profile, properties: Properties<'_>) -> Result<Self, MappingError> {
        if let Some(id) = profile.collection.as_ref().filter(|id| **id != *properties.id) {
            return Err(MappingError::Collection(id.clone()));
        }
        if properties.prefix.is_none() && (profile.times.is_some() || profile.guarded || profile.needs_place)
        {
            return Err(MappingError::ReportsOnly);
        }
        for name in profile.fields.keys().chain(profile.set.keys()).chain(profile.values.keys()) {
            if !properties.knows(name) {
                let names = || properties.names.iter().copied();
                let hint = nearest(name, names()).map_or_else(
                    || format!("; it has {}", names().collect::<Vec<_>>().join(", ")),
                    |n| format!("; did you mean {n}?"),
                );
                let (collection, name) = (properties.id.to_owned(), name.clone());
                return Err(MappingError::Property { collection, name, hint });
            }
        }
        let origin = |name: &str| -> Result<Origin, MappingError> {
            Ok(match (profile.set.get(name), profile.fields.get(name)) {
                (Some(constant), _) => Origin::Constant(constant.0.clone()),
                (None, Some(text)) if text.contains(['{', '}']) => {
                    Origin::Template(template(text).ok_or_else(|| MappingError::Braces(name.to_owned()))?)
                }
                (None, Some(column)) => Origin::Column(column.clone()),
                (None, None) => Origin::Column(name.to_owned()),
            })
        };
        let named = profile.fields.keys().chain(profile.set.keys()).map(String::as_str);
        let all: BTreeSet<&str> = properties.names.iter().copied().chain(named).collect();
        let origins = all.into_iter().map(|name| Ok((name.to_owned(), origin(name)?)));
        let fold = |t: &String| fold(t);
        Ok(Self {
            origins: origins.collect::<Result<_, _>>()?,
            values: profile
                .values
                .iter()
                .map(|(p, table)| (p.clone(), table.iter().map(|(k, v)| (fold(k), v.0.clone())).collect()))
                .collect(),
            only: profile.only.iter().map(|(c, v)| (c.clone(), v.iter().map(fold).collect())).collect(),
        })
    }

    /// Whether a row is to be taken.
    pub(super) fn wants(&self, raw: &Raw) -> bool {
        self.only.iter().all(|(column, values)| values.contains(&fold(&raw.text(column).unwrap_or_default())))
    }

    /// The columns that are read.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.origins.iter().flat_map(|(_, origin)| match origin {
            Origin::Constant(_) => Vec::new(),
            Origin::Column(c) => vec![c.as_str()],
            Origin::Template(pieces) => pieces
                .iter()
                .filter_map(|p| match p {
                    Piece::Column(c) => Some(c.as_str()),
                    Piece::Text(_) => None,
                })
                .collect(),
        })
    }

    /// The properties of a row.
    pub(super) fn apply(&self, raw: &Raw, letters: &mut Letters) -> BTreeMap<String, Value> {
        let mut out = BTreeMap::new();
        for (property, origin) in &self.origins {
            let value = match origin {
                Origin::Constant(text) => Value::Text(text.clone()),
                Origin::Column(column) => match raw.column(column) {
                    Some(Value::Text(t)) => Value::Text(clean(t.clone(), letters)),
                    other => other.cloned().unwrap_or(Value::Null),
                },
                Origin::Template(pieces) => filled(pieces, raw, letters),
            };
            out.insert(property.clone(), self.translated(property, value));
        }
        out
    }

    fn translated(&self, property: &str, value: Value) -> Value {
        let Some(table) = self.values.get(property) else { return value };
        let written = match &value {
            Value::Null => return value,
            Value::Text(t) => fold(t),
            Value::Integer(i) => i.to_string(),
            Value::Number(n) => n.to_string(),
            Value::Boolean(b) => b.to_string(),
        };
        table.get(&written).or_else(|| table.get("*")).map_or(value, |v| Value::Text(v.clone()))
    }
}

/// Texts are compared composed and without regard to case.
fn fold(text: &str) -> String {
    clean(text.to_owned(), &mut Letters::default()).trim().to_lowercase()
}

/// The columns that a field of a profile names.
pub(super) fn columns_of(field: &str) -> Vec<String> {
    match template(field) {
        Some(pieces) if field.contains('{') => pieces
            .into_iter()
            .filter_map(|p| match p {
                Piece::Column(c) => Some(c),
                Piece::Text(_) => None,
            })
            .collect(),
        _ => vec![field.to_owned()],
    }
}

fn template(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (column, after) = after.split_once('}')?;
        if before.contains('}') || column.contains('{') {
            return None;
        }
        pieces.extend([Piece::Text(before.to_owned()), Piece::Column(column.to_owned())]);
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    (!rest.contains('}')).then_some(pieces)
}

/// Nothing when no column of it has a value.
fn filled(pieces: &[Piece], raw: &Raw, letters: &mut Letters) -> Value {
    let mut out = String::new();
    let mut any = false;
    for piece in pieces {
        match piece {
            Piece::Text(t) => out.push_str(t),
            Piece::Column(c) => {
                if let Some(text) = raw.text(c) {
                    any = true;
                    out.push_str(&clean(text, letters));
                }
            }
        }
    }
    if any { Value::Text(out.trim().to_owned()) } else { Value::Null }
}
