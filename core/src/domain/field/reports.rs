//! The fields of a report, each declared once, in the order in which documents write them. SQL columns and
//! row readers, filters, the columns of the live map, tiles, documents, schemas and the description of the
//! API read this table. CONTRIBUTING says how to add one.

use std::borrow::Cow;

use super::super::mask::Masked;
use super::super::report::Level;
use super::super::view::PublicReport;
use super::super::{Instant, State, Status, WardId};
use super::{
    Access, Audience, Code8, Code16, Column, Count, Derived, Field, Kind, Operator, Parameter, Stored, Term,
    Time, Type, Value, Vocabulary,
};

/// Slot of the position of the category in the pack; `NO_CATEGORY` for one that left it.
pub const CATEGORY: Code8 = Code8(0);
/// Slot of the state.
pub const STATE: Code8 = Code8(1);
/// Slot of the level.
pub const LEVEL: Code8 = Code8(2);
/// Slot of the position of the ward in the code book; `NO_WARD` for none.
pub const WARD: Code16 = Code16(0);
/// Slot of the position of the body, as [`CodeBook::body`](crate::domain::CodeBook::body) counts; `NO_BODY`
/// for one that left the pack.
pub const BODY: Code16 = Code16(1);
/// Slot of how many people support the report.
pub const VOTES: Count = Count(0);
/// Slot of when it was received.
pub const CREATED: Time = Time(0);
/// Slot of when it last changed.
pub const UPDATED: Time = Time(1);
/// Slot of when an answer is due.
pub const DUE: Time = Time(2);

/// A category that left the pack: counted, under no name.
pub const NO_CATEGORY: u8 = u8::MAX;
/// A report that belongs to no ward.
pub const NO_WARD: u16 = u16::MAX;
/// A body that left the pack.
pub const NO_BODY: u16 = u16::MAX;
/// No instant. It is below every one.
pub const NEVER: i64 = i64::MIN;

const STATES: [Term; State::ALL.len()] = {
    let mut out = [Term { name: "", title: None }; State::ALL.len()];
    let mut i = 0;
    while i < out.len() {
        out[i] = Term { name: State::ALL[i].name(), title: Some(State::ALL[i].titles()) };
        i += 1;
    }
    out
};

const STATUSES: [Term; 2] =
    [Term { name: Status::Open.name(), title: None }, Term { name: Status::Closed.name(), title: None }];

const LEVELS: [Term; 3] = {
    const fn term(level: Level) -> Term {
        Term { name: level.name(), title: Some(level.titles()) }
    }
    [term(Level::Low), term(Level::Normal), term(Level::Urgent)]
};

/// All fields.
pub const TABLE: &[Field] = &[
    Field::new("geometry", ("Vị trí", "Place"), Kind::Text, |_| Value::Null)
        .place()
        .held(Column::Point)
        .asked_by(
            0,
            "bbox",
            Operator::Box,
            "west,south,east,north in degrees (CRS84), or six numbers with heights",
        ),
    Field::new("id", ("Mã", "Id"), Kind::Integer, |r| Value::Integer(r.id as i64))
        .apart()
        .always()
        .held(Column::Id)
        .asked(),
    Field::new("overdue", ("Trễ hạn", "Open, and the answer was due before now"), Kind::Boolean, |_| {
        Value::Null
    })
    .apart()
    .always()
    .derived(Derived::Overdue)
    .asked_by(
        90,
        "overdue",
        Operator::Flag,
        "Open, and due before now, which moves every five minutes; or not",
    ),
    Field::new("late", ("Quá hạn theo", "The clocks that have run out"), Kind::Text, |_| Value::Null)
        .apart()
        .of(Vocabulary::Clocks)
        .derived(Derived::Late)
        .asked_by(
            92,
            "late",
            Operator::OneOf,
            "Promises that are broken (queryables name them), separated by commas: one of these clocks has run out, by a moment that moves every five minutes",
        ),
    Field::new("title", ("Tiêu đề", "Title"), Kind::Text, |r| masked(r.facts.title.as_ref()))
        .stored("title", Access::Text(|f| shown(f.title.as_ref()), |f, v| f.title = v.map(Masked::stored)))
        .held(Column::Present(0)),
    Field::new("description", ("Mô tả", "Description"), Kind::Text, |r| {
        masked(r.facts.description.as_ref())
    })
    .stored(
        "description",
        Access::Text(|f| shown(f.description.as_ref()), |f, v| f.description = v.map(Masked::stored)),
    )
    .held(Column::Present(1)),
    Field::new("category", ("Lĩnh vực", "Category"), Kind::Text, |r| r.facts.category.clone().into())
        .always()
        .of(Vocabulary::Categories)
        .stored(
            "category",
            Access::Text(|f| Some((&f.category).into()), |f, v| f.category = v.unwrap_or_default()),
        )
        .held(Column::Code8(CATEGORY, NO_CATEGORY))
        .in_tiles()
        .asked_by(30, "category", Operator::OneOf, "Codes of /categories, separated by commas"),
    Field::new("status", ("Tình trạng", "Status"), Kind::Text, |r| {
        r.facts.state.status().name().to_owned().into()
    })
    .always()
    .of(Vocabulary::Terms(&STATUSES))
    // A state of a later version of the program reads as received rather than as nothing.
    .derived(Derived::Groups {
        of: "state",
        slot: STATE,
        group: |code| State::ALL.get(code).unwrap_or(&State::Received).status().name(),
    })
    .in_tiles()
    .asked_by(40, "status", Operator::OneOf, "Open or closed"),
    Field::new("state", ("Trạng thái", "State"), Kind::Text, |r| r.facts.state.name().to_owned().into())
        .always()
        .of(Vocabulary::Terms(&STATES))
        .stored(
            "state",
            Access::Code(
                |f| f.state as u8,
                |f, code| f.state = State::from_code(code).unwrap_or(State::Received),
            ),
        )
        .held(Column::Code8(STATE, State::Received as u8))
        .in_tiles()
        .asked_by(50, "state", Operator::OneOf, "States, separated by commas"),
    Field::new("redirect_to", ("Nơi giải quyết", "Where to go instead"), Kind::Text, |r| {
        r.facts.redirect_to.clone().into()
    })
    .stored(
        "redirect_to",
        Access::Text(|f| f.redirect_to.as_deref().map(Into::into), |f, v| f.redirect_to = v),
    )
    .held(Column::Present(5)),
    Field::new("level", ("Mức độ", "Level"), Kind::Text, |r| r.facts.level.name().to_owned().into())
        .always()
        .of(Vocabulary::Terms(&LEVELS))
        .stored("level", Access::Code(|f| f.level as u8, |f, code| f.level = Level::from_code(code)))
        .held(Column::Code8(LEVEL, Level::Normal as u8))
        .in_tiles()
        .asked_by(55, "level", Operator::OneOf, "Levels, separated by commas"),
    Field::new("body", ("Mã đơn vị xử lý", "Id of the responsible body"), Kind::Text, |r| {
        r.facts.body.clone().into()
    })
    .always()
    .of(Vocabulary::Bodies)
    .stored("body", Access::Text(|f| Some((&f.body).into()), |f, v| f.body = v.unwrap_or_default()))
    .held(Column::Code16(BODY))
    .asked_by(
        70,
        "body",
        Operator::OneOf,
        "Ids of the bodies that must answer; ward:CODE is a ward's own office",
    ),
    Field::new("body_name", ("Đơn vị xử lý", "Responsible body"), Kind::Text, |r| {
        r.body_name.clone().into()
    })
    .always(),
    Field::new("ward", ("Mã phường, xã", "Ward code"), Kind::Text, |r| {
        r.facts.ward.as_ref().map(|w| w.code.to_string()).into()
    })
    .of(Vocabulary::Wards)
    .stored(
        "ward",
        Access::Text(
            |f| f.ward.as_ref().map(|w| w.to_string().into()),
            |f, v| f.ward = v.and_then(|name| WardId::parse(&name)),
        ),
    )
    .held(Column::Code16(WARD))
    .in_tiles()
    .asked_by(60, "ward", Operator::OneOf, "Codes of the generation in force, or {generation}.{code}"),
    Field::new("ward_name", ("Phường, xã", "Ward"), Kind::Text, |r| r.ward_name.clone().into())
        .derived(Derived::With("ward")),
    Field::new(
        "ward_generation",
        ("Ranh giới có hiệu lực từ", "Generation of boundaries"),
        Kind::Text,
        |r| r.facts.ward.as_ref().map(|w| w.generation.to_string()).into(),
    )
    .derived(Derived::With("ward")),
    Field::new("approximate", ("Ranh giới gần đúng", "Approximate boundaries"), Kind::Boolean, |r| {
        Value::Boolean(r.approximate)
    })
    .always(),
    Field::new("border_m", ("Cách ranh giới (m)", "Metres to the border"), Kind::Number, |r| {
        metres(r.facts.border_m)
    })
    .stored("border_m", Access::Real(|f| f.border_m, |f, v| f.border_m = v))
    .held(Column::Present(2)),
    Field::new("offshore_m", ("Cách bờ (m)", "Metres off the shore"), Kind::Number, |r| {
        metres(r.facts.offshore_m)
    })
    .stored("offshore_m", Access::Real(|f| f.offshore_m, |f, v| f.offshore_m = v))
    .held(Column::Present(3)),
    Field::new("votes", ("Lượt ủng hộ", "Votes"), Kind::Integer, |r| Value::Integer(r.facts.votes))
        .always()
        .stored("votes", Access::Integer(|f| f.votes, |f, n| f.votes = n))
        .held(Column::Count(VOTES))
        .asked_by(80, "min_votes", Operator::AtLeast, "At least so many people support the report"),
    Field::new("observed_at", ("Thấy lúc", "Seen at"), Kind::Instant, |r| {
        r.facts.observed.map(|t| t.to_string()).into()
    })
    .stored("observed_ms", Access::Instant(|f| f.observed, |f, t| f.observed = t))
    .held(Column::Time(Time(3)))
    .asked(),
    Field::new("created_at", ("Tiếp nhận lúc", "Received at"), Kind::Instant, |r| {
        r.facts.created.to_string().into()
    })
    .always()
    .stored("created_ms", Access::Instant(|f| Some(f.created), |f, t| f.created = t.unwrap_or(Instant::MIN)))
    .held(Column::Time(CREATED))
    .in_tiles()
    .asked_by(
        10,
        "datetime",
        Operator::Interval,
        "RFC 3339 instant, date, or interval with / and .. for an open end",
    ),
    Field::new("updated_at", ("Cập nhật lúc", "Last changed at"), Kind::Instant, |r| {
        r.facts.updated.to_string().into()
    })
    .always()
    .stored("updated_ms", Access::Instant(|f| Some(f.updated), |f, t| f.updated = t.unwrap_or(Instant::MIN)))
    .held(Column::Time(UPDATED))
    .in_tiles()
    .asked_by(20, "updated", Operator::Interval, "The same, for the last change"),
    Field::new("due_at", ("Hạn xử lý", "Due at"), Kind::Instant, |r| {
        r.facts.due.map(|t| t.to_string()).into()
    })
    .stored("due_ms", Access::Instant(|f| f.due, |f, t| f.due = t))
    .held(Column::Time(DUE))
    .asked(),
    Field::new("extensions", ("Số lần lùi hạn", "Times that the answer was put off"), Kind::Integer, |r| {
        Value::Integer(r.facts.extensions)
    })
    .always()
    .stored("extensions", Access::Integer(|f| f.extensions, |f, n| f.extensions = n))
    .held(Column::Count(Count(1)))
    .asked(),
    Field::new("address", ("Địa chỉ", "Address"), Kind::Text, |r| masked(r.facts.address.as_ref()))
        .stored(
            "address",
            Access::Text(|f| shown(f.address.as_ref()), |f, v| f.address = v.map(Masked::stored)),
        )
        .held(Column::Present(4)),
    Field::new("source", ("Nguồn", "Source"), Kind::Text, |r| r.facts.source.clone().into()).always().stored(
        "source",
        Access::Text(|f| Some((&f.source).into()), |f, v| f.source = v.unwrap_or_default()),
    ),
    Field::new("rule", ("Quy tắc phân công", "Routing rule"), Kind::Text, |r| {
        r.facts.rule.clone().into()
    })
    .always()
    .seen_by(Audience::Office)
    .stored("rule", Access::Text(|f| Some((&f.rule).into()), |f, v| f.rule = v.unwrap_or_default())),
];

/// The public properties of a report, in the order in which documents write them.
pub const REPORT: &[Field] = &{
    let mut out = [TABLE[0]; PROPERTIES];
    let (mut n, mut i) = (0, 0);
    while i < TABLE.len() {
        if TABLE[i].is_public_property() {
            out[n] = TABLE[i];
            n += 1;
        }
        i += 1;
    }
    out
};

/// The parameters that ask for fields, in the order of the normal form.
pub const FILTERS: &[&str] = &{
    let mut out = [""; PARAMETERS];
    let (mut n, mut rank) = (0, 0);
    while n < PARAMETERS {
        let mut i = 0;
        while i < TABLE.len() {
            if let Some(p) = TABLE[i].parameter
                && p.rank == rank
            {
                out[n] = p.name;
                n += 1;
            }
            i += 1;
        }
        rank += 1;
    }
    out
};

const PROPERTIES: usize = {
    let (mut n, mut i) = (0, 0);
    while i < TABLE.len() {
        if TABLE[i].is_public_property() {
            n += 1;
        }
        i += 1;
    }
    n
};

const PARAMETERS: usize = {
    let (mut n, mut i) = (0, 0);
    while i < TABLE.len() {
        if TABLE[i].parameter.is_some() {
            n += 1;
        }
        i += 1;
    }
    n
};

impl Field {
    const fn new(
        name: &'static str,
        title: (&'static str, &'static str),
        kind: Kind,
        get: fn(&PublicReport) -> Value,
    ) -> Self {
        Self {
            name,
            title,
            holds: Type::Of(kind),
            vocabulary: Vocabulary::Free,
            audience: Audience::Public,
            is_property: true,
            nullable: true,
            get,
            stored: None,
            column: None,
            derived: None,
            queryable: false,
            parameter: None,
            in_tiles: false,
        }
    }

    /// Whether documents list it for everybody.
    pub const fn is_public_property(&self) -> bool {
        self.is_property && matches!(self.audience, Audience::Public)
    }

    /// Not among the properties of documents.
    const fn apart(self) -> Self {
        Self { is_property: false, ..self }
    }

    /// Every report has it.
    const fn always(self) -> Self {
        Self { nullable: false, ..self }
    }

    const fn of(self, vocabulary: Vocabulary<'static>) -> Self {
        Self { vocabulary, ..self }
    }

    const fn seen_by(self, audience: Audience) -> Self {
        Self { audience, ..self }
    }

    const fn held(self, column: Column) -> Self {
        Self { column: Some(column), ..self }
    }

    const fn derived(self, derived: Derived) -> Self {
        Self { derived: Some(derived), ..self }
    }

    const fn in_tiles(self) -> Self {
        Self { in_tiles: true, ..self }
    }

    /// A filter can name it.
    const fn asked(self) -> Self {
        Self { queryable: true, ..self }
    }

    /// A filter can name it, and a parameter asks for it.
    const fn asked_by(self, rank: u8, name: &'static str, operator: Operator, about: &'static str) -> Self {
        Self { queryable: true, parameter: Some(Parameter { rank, name, operator, about }), ..self }
    }

    const fn stored(self, column: &'static str, access: Access) -> Self {
        Self { stored: Some(Stored { column, access }), ..self }
    }

    /// Not a plain value, and not among the properties of documents.
    const fn place(self) -> Self {
        Self { holds: Type::Place, ..self.apart() }
    }
}

/// Words of people as documents write them.
fn masked(words: Option<&Masked>) -> Value {
    words.map(|words| words.as_str().to_owned()).into()
}

/// The same as the record holds them.
fn shown(words: Option<&Masked>) -> Option<Cow<'_, str>> {
    words.map(|words| words.as_str().into())
}

/// A distance to a decimetre: finer would be a lie.
fn metres(m: Option<f64>) -> Value {
    m.map_or(Value::Null, |m| Value::Number((m * 10.0).round() / 10.0))
}
