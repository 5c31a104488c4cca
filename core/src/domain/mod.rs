//! What a report is and may become: plain values and rules, no I/O, no serde, no clock.
//! Not here: SQL (store), documents (format), which ward owns a place (area).

mod city;
mod lang;
mod time;
mod violation;

pub mod account;
pub mod caller;
pub mod collection;
pub mod field;
pub mod mask;
pub mod report;
pub mod text;

pub use city::*;
pub use collection::feature::{self, Feature};
pub use collection::{
    Collection, FeedText, MAX_CODES, OsmRule, OsmRules, Part, Property, PropertyKind, RESERVED, Shape,
    Validity,
};
pub use lang::{Lang, Text};
pub use report::{State, Status, feed, key, view};
pub use time::{Calendar, CalendarError, Holiday, Instant, clocks, deadline, hours, words as time_words};
pub use violation::{Violation, nearest};
