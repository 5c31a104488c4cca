//! What a report is and may become: plain values and rules, no I/O, no serde, no clock.
//! Not here: SQL (store), documents (format), which ward owns a place (area).

mod calendar;
mod category;
mod code_book;
mod collection;
mod instant;
mod lang;
mod osm;
mod part;
mod routing;
mod status;
mod unit_kind;
mod violation;
mod ward;

pub mod deadline;
pub mod feature;
pub mod feed;
pub mod field;
pub mod hours;
pub mod key;
pub mod report;
pub mod text;
pub mod view;

pub use calendar::{Calendar, CalendarError, Holiday};
pub use category::{
    Categories, Category, CategoryError, Choice, Group, PlaceRule, Precision, Question, QuestionKind,
};
pub use code_book::{CodeBook, WardName};
pub use collection::{Collection, FeedText, MAX_CODES, Property, PropertyKind, RESERVED, Shape, Validity};
pub use feature::Feature;
pub use instant::Instant;
pub use lang::{Lang, Text};
pub use osm::{OsmRule, OsmRules};
pub use part::Part;
pub use routing::{Assigned, Bodies, Body, BodyError, BodyId, Routing, RoutingError, Rule, Scope, Target};
pub use status::{State, Status};
pub use unit_kind::{CodeForm, UnitKind, UnitScheme, code_number};
pub use violation::{Violation, nearest};
pub use ward::WardId;
