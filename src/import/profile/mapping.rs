//! Columns to properties by a profile. A property that is not mentioned is read from the column of its own
//! name. Not here: whether a value is valid (domain), letters (clean).

use std::collections::{BTreeMap, BTreeSet};

use super::{MappingError, Profile};
use crate::import::clean::{Letters, clean};
use crate::import::place::PlaceColumns;
use crate::import::raw::Raw;
use diaban_core::domain::field::Value;
use diaban_core::domain::{Collection, nearest};

/// The properties that rows are mapped to.
#[derive(Clone, Debug)]
pub(in crate::import) struct Properties<'a> {
    /// What has them.
    pub(in crate::import) id: &'a str,
    /// Their names.
    pub(in crate::import) names: Vec<&'a str>,
    /// Names that begin like this are known too.
    pub(in crate::import) prefix: Option<&'a str>,
}

impl<'a> Properties<'a> {
    /// Those of a collection.
    pub(in crate::import) fn of(collection: &'a Collection) -> Self {
        let names = collection.properties.iter().map(|p| p.name.as_str()).collect();
        Self { id: &collection.id, names, prefix: None }
    }

    fn knows(&self, name: &str) -> bool {
        self.names.contains(&name) || self.prefix.is_some_and(|p| name.starts_with(p))
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
pub(in crate::import) struct Mapping {
    origins: Vec<(String, Origin)>,
    /// Folded text to what it means.
    values: BTreeMap<String, BTreeMap<String, String>>,
    only: BTreeMap<String, BTreeSet<String>>,
}

impl Mapping {
    /// Fits a profile to what it is for.
    pub(in crate::import) fn new(
        profile: &Profile,
        properties: Properties<'_>,
    ) -> Result<Self, MappingError> {
        if let Some(id) = profile.collection.as_ref().filter(|id| **id != *properties.id) {
            return Err(MappingError::Collection(id.clone()));
        }
        profile.checked()?;
        if properties.prefix.is_none() && profile.needs_place {
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
    pub(in crate::import) fn wants(&self, raw: &Raw) -> bool {
        self.only.iter().all(|(column, values)| values.contains(&fold(&raw.text(column).unwrap_or_default())))
    }

    /// The columns that are read.
    pub(in crate::import) fn columns(&self) -> impl Iterator<Item = &str> {
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

    /// The names of columns by which the header of a table is known.
    pub(in crate::import) fn header_names(&self, profile: &Profile) -> Vec<String> {
        let places = [&profile.lon, &profile.lat, &profile.wkt, &profile.id].into_iter().flatten().cloned();
        let usual = PlaceColumns::USUAL.into_iter().flatten().map(|name| (*name).to_owned());
        let read = self.columns().map(str::to_owned).chain(self.only.keys().cloned());
        places.chain(usual).chain(read).collect()
    }

    /// The properties of a row.
    pub(in crate::import) fn apply(&self, raw: &Raw, letters: &mut Letters) -> BTreeMap<String, Value> {
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
pub(in crate::import) fn columns_of(field: &str) -> Vec<String> {
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
