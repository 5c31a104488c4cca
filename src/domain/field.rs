//! The public fields of a report, each declared once: name, type, getter. Documents and tables
//! are written from this list; filters and the API description read the same names.

use super::view::PublicReport;

/// A value of a field, as every format writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Absent.
    Null,
    /// Text; instants are RFC 3339 in UTC.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
}

/// The type of a field, in the words of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Text with format `date-time`.
    Instant,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
}

/// One public field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The public name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Reads it from the view.
    pub get: fn(&PublicReport) -> Value,
}

/// The public fields of a report, in the order in which documents write them.
pub const REPORT: &[Field] = &[
    text("title", |r| r.facts.title.clone().into()),
    text("description", |r| r.facts.description.clone().into()),
    text("category", |r| r.facts.category.clone().into()),
    text("status", |r| r.facts.state.status().name().to_owned().into()),
    text("state", |r| r.facts.state.name().to_owned().into()),
    text("body", |r| r.facts.body.clone().into()),
    text("body_name", |r| r.body_name.clone().into()),
    text("ward", |r| r.facts.ward.as_ref().map(|w| w.code.to_string()).into()),
    text("ward_name", |r| r.ward_name.clone().into()),
    text("ward_generation", |r| r.facts.ward.as_ref().map(|w| w.generation.to_string()).into()),
    field("approximate", Kind::Boolean, |r| Value::Boolean(r.approximate)),
    field("border_m", Kind::Number, |r| r.facts.border_m.map_or(Value::Null, |m| Value::Number(tenth(m)))),
    field("offshore_m", Kind::Number, |r| {
        r.facts.offshore_m.map_or(Value::Null, |m| Value::Number(tenth(m)))
    }),
    field("votes", Kind::Integer, |r| Value::Integer(r.votes)),
    instant("observed_at", |r| r.facts.observed.map(|t| t.to_string()).into()),
    instant("created_at", |r| r.facts.created.to_string().into()),
    instant("updated_at", |r| r.facts.updated.to_string().into()),
    instant("due_at", |r| r.facts.due.map(|t| t.to_string()).into()),
    text("address", |r| r.facts.address.clone().into()),
    text("source", |r| r.facts.source.clone().into()),
];

const fn field(name: &'static str, kind: Kind, get: fn(&PublicReport) -> Value) -> Field {
    Field { name, kind, get }
}

const fn text(name: &'static str, get: fn(&PublicReport) -> Value) -> Field {
    field(name, Kind::Text, get)
}

const fn instant(name: &'static str, get: fn(&PublicReport) -> Value) -> Field {
    field(name, Kind::Instant, get)
}

/// A distance to a decimetre: finer would be a lie.
fn tenth(m: f64) -> f64 {
    (m * 10.0).round() / 10.0
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::Text(s)
    }
}

impl From<Option<String>> for Value {
    fn from(s: Option<String>) -> Self {
        s.map_or(Self::Null, Self::Text)
    }
}
