//! What a field is, for reports and for the features of declared collections alike: value, type,
//! vocabulary, parameter. The fields of reports are one table (`reports`), and everything reads it.

mod column;
mod reports;

use std::borrow::Cow;

pub(in crate::domain) use column::UNKNOWN8;
pub(crate) use column::{CODES8, CODES16, COUNTS, TIMES};
pub use column::{Code8, Code16, Column, Count, Shown, Time};
pub use reports::{
    BODY, CATEGORY, CREATED, DUE, FILTERS, LEVEL, NEVER, NO_BODY, NO_CATEGORY, NO_WARD, REPORT, STATE, TABLE,
    UPDATED, VOTES, WARD,
};

use super::report::PublicFacts;
use super::view::PublicReport;
use super::{Choice, Instant};

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

/// The type of a plain value, in the words of JSON Schema.
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

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A plain value.
    Of(Kind),
    /// The place or shape.
    Place,
}

/// The codes that a text may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Vocabulary<'a> {
    /// Any text.
    Free,
    /// The terms of the program; the record and the map hold their positions.
    Terms(&'a [Term]),
    /// The codes that a collection declares.
    Choices(&'a [Choice]),
    /// The categories of the city.
    Categories,
    /// The wards of all generations.
    Wards,
    /// The bodies that must answer, the wards' own offices among them.
    Bodies,
    /// The clocks of the city.
    Clocks,
}

/// A code that the program itself knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The public name.
    pub name: &'static str,
    /// How people call it, in Vietnamese and in English, where that says more than the name.
    pub title: Option<(&'static str, &'static str)>,
}

/// Who may see a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Everybody.
    Public,
    /// Whoever made the report, too.
    Reporter,
    /// The responsible office, too.
    Office,
    /// Only those who run the service.
    Operator,
}

/// How the value of a parameter asks for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Is one of the values, which are separated by commas.
    OneOf,
    /// Is at least the value.
    AtLeast,
    /// Lies in the interval.
    Interval,
    /// Is true, or is false.
    Flag,
    /// Meets the box.
    Box,
}

/// A named parameter that asks for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Its place among the parameters of a query in normal form.
    pub rank: u8,
    /// Its name.
    pub name: &'a str,
    /// What its value means.
    pub operator: Operator,
    /// What it asks, for the description of the API.
    pub about: &'a str,
}

/// How a field that is asked for, and not held, follows from others.
#[derive(Clone, Copy, Debug)]
pub enum Derived {
    /// It groups the terms of another field.
    Groups {
        /// The other field.
        of: &'static str,
        /// Where the map holds that field.
        slot: Code8,
        /// The name of the group of a term, by its position.
        group: fn(usize) -> &'static str,
    },
    /// Whether the report is open and an answer was due before the moment of the question.
    Overdue,
    /// Which of the city's clocks have run out at the moment of the question.
    Late,
    /// It is there exactly where another field is.
    With(&'static str),
}

/// How the record keeps a field.
#[derive(Clone, Copy, Debug)]
pub struct Stored {
    /// The column.
    pub column: &'static str,
    /// What it holds, and the way there and back.
    pub access: Access,
}

/// What a column of the record holds: how to read it from the facts, and how to take it in.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Text.
    Text(fn(&PublicFacts) -> Option<Cow<'_, str>>, fn(&mut PublicFacts, Option<String>)),
    /// A small number: the position of a term.
    Code(fn(&PublicFacts) -> u8, fn(&mut PublicFacts, u8)),
    /// A whole number.
    Integer(fn(&PublicFacts) -> i64, fn(&mut PublicFacts, i64)),
    /// A number.
    Real(fn(&PublicFacts) -> Option<f64>, fn(&mut PublicFacts, Option<f64>)),
    /// Milliseconds since 1970.
    Instant(fn(&PublicFacts) -> Option<Instant>, fn(&mut PublicFacts, Option<Instant>)),
}

/// A value as the record stores it.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw<'a> {
    /// None.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// A code, a whole number, or milliseconds since 1970.
    Integer(i64),
    /// A number.
    Real(f64),
}

/// One field of reports.
#[expect(clippy::struct_excessive_bools, reason = "a row of a table says yes or no in each column")]
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The public name.
    pub name: &'static str,
    /// How people call it, in Vietnamese and in English.
    pub title: (&'static str, &'static str),
    /// What it holds.
    pub holds: Type,
    /// The codes that it may be.
    pub vocabulary: Vocabulary<'static>,
    /// Who may see it.
    pub audience: Audience,
    /// Whether documents list it among the properties: place and id stand elsewhere, and what is computed
    /// for a question is not written.
    pub is_property: bool,
    /// Whether a report may be without it.
    pub nullable: bool,
    /// Reads it from the view.
    pub get: fn(&PublicReport) -> Value,
    /// How the record keeps it, if it is a value of its own.
    pub stored: Option<Stored>,
    /// Where the live map holds it, if it does.
    pub column: Option<Column>,
    /// How it follows from other fields, if it does.
    pub derived: Option<Derived>,
    /// Whether a filter can ask for its value. Whether it is there can be asked of every public property.
    pub queryable: bool,
    /// The parameter that asks for it, too.
    pub parameter: Option<Parameter<'static>>,
    /// Whether tiles may carry it.
    pub in_tiles: bool,
}

impl Field {
    /// The field of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|f| f.name == name)
    }

    /// The type of its values in documents; a place has none.
    pub const fn kind(&self) -> Option<Kind> {
        match self.holds {
            Type::Of(kind) => Some(kind),
            Type::Place => None,
        }
    }
}

impl Stored {
    /// The value to be stored.
    pub fn get<'a>(&self, facts: &'a PublicFacts) -> Raw<'a> {
        match self.access {
            Access::Text(get, _) => get(facts).map_or(Raw::Null, Raw::Text),
            Access::Code(get, _) => Raw::Integer(get(facts).into()),
            Access::Integer(get, _) => Raw::Integer(get(facts)),
            Access::Real(get, _) => get(facts).map_or(Raw::Null, Raw::Real),
            Access::Instant(get, _) => get(facts).map_or(Raw::Null, |t| Raw::Integer(t.ms())),
        }
    }

    /// Takes in a value that was stored. A code that only a later version of the program knows reads as
    /// the highest, which no term has.
    pub fn set(&self, facts: &mut PublicFacts, raw: Raw<'_>) {
        let integer = if let Raw::Integer(i) = raw { Some(i) } else { None };
        match self.access {
            Access::Text(_, set) => {
                set(facts, if let Raw::Text(t) = raw { Some(t.into_owned()) } else { None });
            }
            Access::Code(_, set) => {
                set(facts, integer.and_then(|i| u8::try_from(i).ok()).unwrap_or(u8::MAX));
            }
            Access::Integer(_, set) => set(facts, integer.unwrap_or(0)),
            Access::Real(_, set) => set(facts, if let Raw::Real(x) = raw { Some(x) } else { None }),
            Access::Instant(_, set) => set(facts, integer.map(Instant::from_ms)),
        }
    }
}

impl Raw<'_> {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(t) = self { Some(t) } else { None }
    }

    /// The whole number, if it is one.
    pub const fn integer(&self) -> Option<i64> {
        if let Self::Integer(i) = self { Some(*i) } else { None }
    }
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
