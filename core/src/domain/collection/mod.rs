//! A collection of city features (traffic, facilities, alerts …): what its features hold, declared
//! once as data; documents, filters, tiles and imports read the same list.
//! Not here: the features themselves (feature), the city's collections (data/collections/, pack).

mod osm;
mod part;

pub mod feature;

use std::sync::Arc;

pub use osm::{OsmRule, OsmRules};
pub use part::Part;

use crate::domain::field::{Kind, Value, Vocabulary};
use crate::domain::{Choice, Instant, Text, nearest, text};

/// One collection as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// Its name in addresses.
    pub id: Arc<str>,
    /// Its name for people.
    pub title: Text,
    /// What it holds, for people.
    pub description: Text,
    /// The shapes its features may have; at least one.
    pub shapes: Vec<Shape>,
    /// What a feature holds beside its shape, in the order in which documents write it.
    pub properties: Vec<Property>,
    /// The properties that say from when and until when a feature is shown.
    pub validity: Option<Validity>,
    /// Whether a feature without a shape may name wards instead, which then are its area.
    pub named_wards: bool,
    /// What feeds tell of a feature; none when the collection has no feed.
    pub feed: Option<FeedText>,
}

/// Positions in [`Collection::properties`] of what a feed tells of a feature, each Vietnamese first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedText {
    /// Its title.
    pub title: Vec<usize>,
    /// Its text.
    pub content: Vec<usize>,
    /// Who says so; the service itself when none is named.
    pub author: Option<usize>,
}

/// Positions of the two instants in [`Collection::properties`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Shown from this instant on.
    pub from: usize,
    /// Shown until just before this instant.
    pub to: usize,
}

/// A kind of shape; each also stands for several of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// A place.
    Point,
    /// A way.
    Line,
    /// An area.
    Area,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Point, Self::Line, Self::Area];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Line => "line",
            Self::Area => "area",
        }
    }
}

/// Something a feature holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its public name, `snake_case`.
    pub name: String,
    /// Its name for people.
    pub title: Text,
    /// What it may be.
    pub kind: PropertyKind,
    /// Whether a feature without it is refused.
    pub required: bool,
}

/// What a property may be.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyKind {
    /// Free text of at most so many characters.
    Text(usize),
    /// One of these codes, in their order (severities ascend); features can be asked for by it.
    Code(Vec<Choice>),
    /// A whole number in this closed range.
    Integer(i64, i64),
    /// A finite number.
    Number,
    /// True or false.
    Boolean,
    /// An instant; dates alone begin at midnight UTC.
    Instant,
}

impl PropertyKind {
    /// The codes that its values may be.
    pub fn vocabulary(&self) -> Vocabulary<'_> {
        if let Self::Code(codes) = self { Vocabulary::Choices(codes) } else { Vocabulary::Free }
    }

    /// The type of its values in documents.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) | Self::Code(_) => Kind::Text,
            Self::Integer(..) => Kind::Integer,
            Self::Number => Kind::Number,
            Self::Boolean => Kind::Boolean,
            Self::Instant => Kind::Instant,
        }
    }
}

/// Most values a code may have.
pub const MAX_CODES: usize = 100;
/// Parameters that every collection has; a property of that name could not be asked for.
pub const RESERVED: &[&str] = &[
    "id",
    "bbox",
    "datetime",
    "updated",
    "ward",
    "wards",
    "source",
    "source_id",
    "revision",
    "active",
    "filter",
    "geometry",
    "created_at",
    "updated_at",
    "limit",
    "cursor",
    "f",
    "lon",
    "lat",
];

impl Collection {
    /// Position of a property.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.properties.iter().position(|p| p.name == name)
    }

    /// What contradicts itself in the declaration; each names the property and what would be right.
    pub fn problems(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.shapes.is_empty() {
            out.push("shapes is empty, name at least one".to_owned());
        }
        for (i, p) in self.properties.iter().enumerate() {
            if RESERVED.contains(&p.name.as_str()) {
                out.push(format!("property {:?}: this name means something else in queries", p.name));
            }
            if self.properties[..i].iter().any(|q| q.name == p.name) {
                out.push(format!("property {:?} is declared twice", p.name));
            }
            if let PropertyKind::Code(codes) = &p.kind
                && (codes.is_empty() || codes.len() > MAX_CODES)
            {
                out.push(format!("property {:?} must have 1 to {MAX_CODES} values", p.name));
            }
        }
        let told = self.feed.iter().flat_map(|f| f.title.iter().chain(&f.content).chain(&f.author));
        if told.clone().any(|i| !matches!(self.properties[*i].kind, PropertyKind::Text(_))) {
            out.push("feed must name properties of type text".to_owned());
        }
        for i in self.validity.iter().flat_map(|v| [v.from, v.to]) {
            if self.properties.get(i).is_none_or(|p| p.kind != PropertyKind::Instant) {
                out.push("validity must name two properties of type instant".to_owned());
            }
        }
        out
    }
}

impl Property {
    /// Reads a value as it came, also numbers, flags and instants written as text; nothing is
    /// [`Value::Null`].
    ///
    /// # Errors
    /// What would be right.
    pub fn read(&self, raw: &Value) -> Result<Value, String> {
        let written = match raw {
            Value::Null => String::new(),
            Value::Text(t) => t.trim().to_owned(),
            Value::Integer(i) => i.to_string(),
            Value::Number(n) => n.to_string(),
            Value::Boolean(b) => b.to_string(),
        };
        if written.is_empty() {
            return if self.required { Err("is missing".to_owned()) } else { Ok(Value::Null) };
        }
        match &self.kind {
            PropertyKind::Text(max) => {
                text::clean(&written, *max).map(Value::from).map_err(|e| e.to_string())
            }
            PropertyKind::Code(codes) => code(&written, codes),
            PropertyKind::Integer(low, high) => written
                .parse::<i64>()
                .ok()
                .or_else(|| whole(written.parse().ok()?))
                .filter(|n| (low..=high).contains(&n))
                .map(Value::Integer)
                .ok_or_else(|| format!("must be a whole number from {low} to {high}")),
            PropertyKind::Number => written
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .map(Value::Number)
                .ok_or_else(|| "must be a number".to_owned()),
            PropertyKind::Boolean => match written.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(Value::Boolean(true)),
                "false" | "no" | "0" => Ok(Value::Boolean(false)),
                _ => Err("must be true or false".to_owned()),
            },
            PropertyKind::Instant => instant(&written)
                .map(|t| Value::Text(t.to_string()))
                .ok_or_else(|| "must be an RFC 3339 date-time like 2026-11-25T08:30:00+07:00".to_owned()),
        }
    }
}

fn code(written: &str, codes: &[Choice]) -> Result<Value, String> {
    if let Some(c) = codes.iter().find(|c| c.code.eq_ignore_ascii_case(written)) {
        return Ok(Value::Text(c.code.clone()));
    }
    let shown: String = written.chars().take(40).collect();
    let hint = nearest(written, codes.iter().map(|c| c.code.as_str())).map_or_else(
        || {
            let all: Vec<&str> = codes.iter().map(|c| c.code.as_str()).collect();
            format!("valid: {}", all.join(", "))
        },
        |n| format!("did you mean {n}?"),
    );
    Err(format!("has no value “{shown}”; {hint}"))
}

fn whole(n: f64) -> Option<i64> {
    (n.fract() == 0.0 && n.abs() < 9e15).then_some(n as i64)
}

/// A date alone is a UTC day. What has a time of day needs an offset: a time is never cut to a date.
fn instant(written: &str) -> Option<Instant> {
    Instant::parse(written).ok().or_else(|| {
        let is_date = written.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day: jiff::civil::Date = written.parse().ok().filter(|_| is_date)?;
        Instant::parse(&format!("{day}T00:00:00Z")).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(kind: PropertyKind, required: bool) -> Property {
        Property { name: "p".into(), title: Text { vi: "P".into(), en: "P".into() }, kind, required }
    }

    #[test]
    fn values_are_read_as_they_come() {
        let read = |kind, raw: &str| property(kind, false).read(&Value::Text(raw.into()));
        assert_eq!(read(PropertyKind::Integer(0, 9), "3.0"), Ok(Value::Integer(3)));
        assert!(read(PropertyKind::Integer(0, 9), "10").is_err());
        assert_eq!(read(PropertyKind::Boolean, "Yes"), Ok(Value::Boolean(true)));
        assert_eq!(
            read(PropertyKind::Instant, "2026-11-25T08:30:00+07:00"),
            Ok(Value::Text("2026-11-25T01:30:00.000Z".into()))
        );
        assert_eq!(
            read(PropertyKind::Instant, "2026-11-25"),
            Ok(Value::Text("2026-11-25T00:00:00.000Z".into()))
        );
        for cut in ["2026-11-25T08:30:00", "2026-11-25 08:30", "20261125T0830"] {
            assert!(read(PropertyKind::Instant, cut).is_err(), "{cut} has no offset");
        }
        assert_eq!(read(PropertyKind::Number, " "), Ok(Value::Null));
        assert!(read(PropertyKind::Number, "NaN").is_err());
        assert_eq!(property(PropertyKind::Number, true).read(&Value::Null), Err("is missing".into()));
    }

    #[test]
    fn a_code_is_one_of_the_declared() {
        let name = Text { vi: "x".into(), en: "x".into() };
        let codes = ["minor", "severe"].map(|c| Choice { code: c.into(), name: name.clone() }).to_vec();
        let p = property(PropertyKind::Code(codes), false);
        assert_eq!(p.read(&Value::Text("Severe".into())), Ok(Value::Text("severe".into())));
        let said = p.read(&Value::Text("sever".into())).unwrap_err();
        assert_eq!(said, "has no value “sever”; did you mean severe?");
    }
}
