//! What encoders of lists see: the columns of a list and its rows, be they reports, features or wards.

use std::borrow::Cow;

use geo::{Coord, Geometry, MapCoords};

use crate::domain::field::Value;
use crate::domain::nearest;

/// What each row of a list holds.
#[derive(Clone, Debug)]
pub struct Schema {
    /// How a table writes the place.
    pub place: Place,
    /// Names of the cells, in the order of a table.
    pub columns: Vec<Cow<'static, str>>,
    /// The properties of a feature by name, in the order of JSON documents.
    properties: Vec<(Cow<'static, str>, Source)>,
}

/// How a table writes the place of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// As the columns `lon` and `lat`, before the cells: all places are points.
    LonLat,
    /// As well-known text in the column `geometry`, after the cells.
    Shape,
}

/// Where the value of a property comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Id,
    Cell(usize),
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its public id.
    pub id: Cell<'a>,
    /// Its place in degrees; none when it has none.
    pub geometry: Option<Cow<'a, Geometry<f64>>>,
    /// One value for each column of the schema.
    pub cells: Vec<Cell<'a>>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Absent.
    Null,
    /// Text; instants are RFC 3339 in UTC.
    Text(Cow<'a, str>),
    /// Several texts.
    Texts(Vec<String>),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
}

impl Schema {
    /// From the columns of a table. `id_among_properties`: features repeat their id there.
    pub fn new(
        place: Place,
        id_among_properties: bool,
        columns: impl IntoIterator<Item = impl Into<Cow<'static, str>>>,
    ) -> Self {
        let columns: Vec<Cow<'static, str>> = columns.into_iter().map(Into::into).collect();
        let id = id_among_properties.then_some(("id".into(), Source::Id));
        let cells = columns.iter().enumerate().map(|(i, name)| (name.clone(), Source::Cell(i)));
        let mut properties: Vec<_> = id.into_iter().chain(cells).collect();
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        Self { place, columns, properties }
    }

    /// The same with some of the columns only, and their positions among all; none where nobody asks for some.
    ///
    /// # Errors
    /// A name that is none of them.
    pub fn picked(&self, names: Option<&[String]>) -> Result<(Self, Option<Vec<usize>>), String> {
        let Some(names) = names else { return Ok((self.clone(), None)) };
        let is_unknown = |n: &&String| self.properties.iter().all(|(known, _)| known != n.as_str());
        if let Some(name) = names.iter().find(is_unknown) {
            let known = || self.properties.iter().map(|(known, _)| known.as_ref());
            let hint = nearest(name, known()).map_or_else(
                || format!("there are {}", known().collect::<Vec<_>>().join(", ")),
                |n| format!("did you mean {n}?"),
            );
            return Err(format!(
                "“{}” is no property here; {hint}",
                name.chars().take(40).collect::<String>()
            ));
        }
        let wanted = |name: &str| names.iter().any(|n| n == name);
        let cells: Vec<usize> = (0..self.columns.len()).filter(|i| wanted(&self.columns[*i])).collect();
        let columns: Vec<_> = cells.iter().map(|i| self.columns[*i].clone()).collect();
        let with_id = wanted("id") && self.properties.iter().any(|(_, source)| matches!(source, Source::Id));
        Ok((Self::new(self.place, with_id, columns), Some(cells)))
    }

    /// The properties of a row's feature, in the order of their names.
    pub fn properties<'a>(&'a self, row: &'a Row<'a>) -> impl Iterator<Item = (&'a str, &'a Cell<'a>)> {
        self.properties.iter().map(|(name, source)| {
            let value = match *source {
                Source::Id => &row.id,
                Source::Cell(i) => &row.cells[i],
            };
            (name.as_ref(), value)
        })
    }
}

impl Row<'_> {
    /// The same with the cells at these positions only.
    #[must_use]
    pub fn picked(mut self, cells: Option<&[usize]>) -> Self {
        if let Some(cells) = cells {
            self.cells = cells.iter().map(|i| std::mem::replace(&mut self.cells[*i], Cell::Null)).collect();
        }
        self
    }

    /// The same with latitude before longitude.
    #[must_use]
    pub fn turned(mut self) -> Self {
        self.geometry = self.geometry.map(|g| Cow::Owned(g.map_coords(|c| Coord { x: c.y, y: c.x })));
        self
    }
}

impl From<Value> for Cell<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(text.into()),
            Value::Integer(i) => Self::Integer(i),
            Value::Number(n) => Self::Number(n),
            Value::Boolean(b) => Self::Boolean(b),
        }
    }
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(text.into()),
            Value::Integer(i) => Self::Integer(*i),
            Value::Number(n) => Self::Number(*n),
            Value::Boolean(b) => Self::Boolean(*b),
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// The public ids of reports and features are 1..2^52 (`domain::report::MAX_ID`).
impl From<u64> for Cell<'_> {
    fn from(id: u64) -> Self {
        Self::Integer(id as i64)
    }
}
