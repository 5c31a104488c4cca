//! What a report is and may become: plain values and rules, no I/O, no serde, no clock.
//! Not here: SQL (store), documents (format), which ward owns a place (area).

mod instant;
mod status;
mod violation;
mod vocabulary;
mod ward;

pub mod field;
pub mod report;
pub mod text;
pub mod view;

pub use instant::Instant;
pub use status::{State, Status};
pub use violation::{Violation, nearest};
pub use vocabulary::{Vocabulary, WardName};
pub use ward::WardId;
