//! Moments, working days, due dates, opening hours. Nothing here asks a clock.

mod calendar;
mod instant;

pub mod clocks;
pub mod deadline;
pub mod hours;
pub mod words;

pub use calendar::{Calendar, CalendarError, Holiday};
pub use instant::Instant;
