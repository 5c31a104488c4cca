//! One row of a file before anything is decided about it.

use std::collections::BTreeMap;

use geo::Geometry;

use diaban_core::domain::field::Value;

/// A row as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    /// Its number: the line of a table (its header is 1), else its place in the file from 1.
    pub row: u64,
    /// What the format itself calls it.
    pub id: Option<String>,
    /// Its shape in the file's own numbers, or why that cannot be read.
    pub geometry: Result<Option<Geometry<f64>>, String>,
    /// Its columns; nested members are named `outer.inner`, lists are joined with commas.
    pub properties: BTreeMap<String, Value>,
}

impl Raw {
    /// A column, by its name exactly or else without regard to case.
    pub fn column(&self, name: &str) -> Option<&Value> {
        self.properties.get(name).or_else(|| {
            let folded = name.to_lowercase();
            self.properties.iter().find(|(k, _)| k.to_lowercase() == folded).map(|(_, v)| v)
        })
    }

    /// The text of a column, trimmed; nothing for an empty one.
    pub fn text(&self, name: &str) -> Option<String> {
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

/// A row of which nothing can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// See [`Raw::row`].
    pub row: u64,
    /// Its id, if that much is known.
    pub id: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// A row either way.
pub(super) type Row = Result<Raw, Unread>;
