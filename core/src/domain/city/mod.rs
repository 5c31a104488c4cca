//! What a city declares of itself: categories, bodies and rules, units and their codes.

mod body;
pub(in crate::domain) mod category;
mod code_book;
mod ratings;
mod routing;
mod unit_facts;
mod unit_kind;
mod ward;

pub use body::{Bodies, Body, BodyError, BodyId, WardBody};
pub use category::{
    Categories, Category, CategoryError, Choice, Group, PlaceRule, Precision, Question, QuestionKind,
};
pub use code_book::{CodeBook, WardName};
pub use ratings::{RatingReason, Ratings, Reopening};
pub use routing::{Assigned, Routing, RoutingError, Rule, Scope, Target};
pub use unit_facts::{Successor, UnitFacts};
pub use unit_kind::{CodeForm, UnitKind, UnitScheme, code_number};
pub use ward::WardId;
