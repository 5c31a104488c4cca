//! One row of a file before anything is decided about it.

use std::collections::BTreeMap;

use geo::Geometry;

use super::clean::folded;
use diaban_core::domain::field::Value;

/// A row as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raw {
    /// Its number: the line of a table (its header is 1), else its place in the file from 1.
    pub row: u64,
    /// What the format itself calls it.
    pub id: Option<String>,
    /// Where its place is written.
    pub place: PlaceIn,
    /// The coordinate system that it names itself.
    pub crs: Option<String>,
    /// Its shape in the file's own numbers, or why that cannot be read; none as long as its columns were
    /// not looked at.
    pub geometry: Result<Option<Geometry<f64>>, String>,
    /// Its columns; nested members are named `outer.inner`, lists are joined with commas.
    pub properties: BTreeMap<String, Value>,
}

/// Where the place of a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceIn {
    /// In its geometry.
    Geometry,
    /// In cells of a table, which are taken out of the row when they are read.
    Cells,
    /// In members of an object, which stay: hashes of the content hold them.
    Members,
}

impl Raw {
    /// A column, by its name exactly or else composed and without regard to case.
    pub(super) fn column(&self, name: &str) -> Option<&Value> {
        self.properties.get(name).or_else(|| {
            let name = folded(name);
            self.properties.iter().find(|(k, _)| folded(k) == name).map(|(_, v)| v)
        })
    }

    /// The text of a column, trimmed; nothing for an empty one.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        written(self.column(name)?)
    }
}

/// A value as a trimmed text; none when nothing is in it.
pub(super) fn written(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Text(t) => t.trim().to_owned(),
        Value::Integer(i) => i.to_string(),
        Value::Number(n) => n.to_string(),
        Value::Boolean(b) => b.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

/// A row that did not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its number in the file.
    pub row: u64,
    /// What the source calls it, if that could be read.
    pub source_id: Option<String>,
    /// Why, naming the property.
    pub reason: String,
}

/// A row, or why nothing can be read of it.
pub(super) type Row = Result<Raw, Rejected>;
