//! The public fields of a report, each declared once: name, title, type, getter. Documents, tables
//! and schemas are written from this list; filters and the API description read the same names.

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

/// What reports can be asked for by: what the live map knows of each (`view::MapRow`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The public point.
    Place,
    /// The public id.
    Id,
    /// The category.
    Category,
    /// Open or closed.
    Status,
    /// The state.
    State,
    /// The ward.
    Ward,
    /// The body that must answer.
    Body,
    /// How many people support it.
    Votes,
    /// When it was received.
    Created,
    /// When it last changed.
    Updated,
    /// When an answer is due.
    Due,
    /// Whether it is open and the answer was due before the moment of the question.
    Overdue,
}

/// What can be asked for beside the fields: the place, the id, and what is computed, never stored.
pub const ASKED_BESIDE: [(&str, Option<Kind>, Ask); 3] = [
    ("geometry", None, Ask::Place),
    ("id", Some(Kind::Integer), Ask::Id),
    ("overdue", Some(Kind::Boolean), Ask::Overdue),
];

/// One public field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The public name.
    pub name: &'static str,
    /// How people call it, in Vietnamese and in English.
    pub title: (&'static str, &'static str),
    /// Its type.
    pub kind: Kind,
    /// Reads it from the view.
    pub get: fn(&PublicReport) -> Value,
    /// As what it can be asked for, if it can.
    pub ask: Option<Ask>,
}

/// The public fields of a report, in the order in which documents write them.
pub const REPORT: &[Field] = &[
    text("title", ("Tiêu đề", "Title"), |r| r.facts.title.clone().into()),
    text("description", ("Mô tả", "Description"), |r| r.facts.description.clone().into()),
    asked(Ask::Category, text("category", ("Loại", "Category"), |r| r.facts.category.clone().into())),
    asked(
        Ask::Status,
        text("status", ("Tình trạng", "Status"), |r| r.facts.state.status().name().to_owned().into()),
    ),
    asked(Ask::State, text("state", ("Trạng thái", "State"), |r| r.facts.state.name().to_owned().into())),
    asked(
        Ask::Body,
        text("body", ("Mã đơn vị phụ trách", "Id of the responsible body"), |r| {
            r.facts.body.clone().into()
        }),
    ),
    text("body_name", ("Đơn vị phụ trách", "Responsible body"), |r| r.body_name.clone().into()),
    asked(
        Ask::Ward,
        text("ward", ("Mã phường, xã", "Ward code"), |r| {
            r.facts.ward.as_ref().map(|w| w.code.to_string()).into()
        }),
    ),
    text("ward_name", ("Phường, xã", "Ward"), |r| r.ward_name.clone().into()),
    text("ward_generation", ("Ranh giới có hiệu lực từ", "Generation of boundaries"), |r| {
        r.facts.ward.as_ref().map(|w| w.generation.to_string()).into()
    }),
    field("approximate", ("Ranh giới gần đúng", "Approximate boundaries"), Kind::Boolean, |r| {
        Value::Boolean(r.approximate)
    }),
    field("border_m", ("Cách ranh giới (m)", "Metres to the border"), Kind::Number, |r| {
        r.facts.border_m.map_or(Value::Null, |m| Value::Number(tenth(m)))
    }),
    field("offshore_m", ("Cách bờ (m)", "Metres off the shore"), Kind::Number, |r| {
        r.facts.offshore_m.map_or(Value::Null, |m| Value::Number(tenth(m)))
    }),
    asked(Ask::Votes, field("votes", ("Lượt ủng hộ", "Votes"), Kind::Integer, |r| Value::Integer(r.votes))),
    instant("observed_at", ("Thấy lúc", "Seen at"), |r| r.facts.observed.map(|t| t.to_string()).into()),
    asked(
        Ask::Created,
        instant("created_at", ("Tiếp nhận lúc", "Received at"), |r| r.facts.created.to_string().into()),
    ),
    asked(
        Ask::Updated,
        instant("updated_at", ("Cập nhật lúc", "Last changed at"), |r| {
            r.facts.updated.to_string().into()
        }),
    ),
    asked(
        Ask::Due,
        instant("due_at", ("Hạn trả lời", "Due at"), |r| r.facts.due.map(|t| t.to_string()).into()),
    ),
    text("address", ("Địa chỉ", "Address"), |r| r.facts.address.clone().into()),
    text("source", ("Nguồn", "Source"), |r| r.facts.source.clone().into()),
];

/// Names in Vietnamese and in English.
type Title = (&'static str, &'static str);

const fn field(name: &'static str, title: Title, kind: Kind, get: fn(&PublicReport) -> Value) -> Field {
    Field { name, title, kind, get, ask: None }
}

const fn asked(ask: Ask, field: Field) -> Field {
    Field { ask: Some(ask), ..field }
}

const fn text(name: &'static str, title: Title, get: fn(&PublicReport) -> Value) -> Field {
    field(name, title, Kind::Text, get)
}

const fn instant(name: &'static str, title: Title, get: fn(&PublicReport) -> Value) -> Field {
    field(name, title, Kind::Instant, get)
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
