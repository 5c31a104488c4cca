//! What a report is and may become: plain values and rules, no I/O, no serde, no clock.
//! Not here: SQL (store), documents (format), which ward owns a place (area).

mod instant;
mod status;
mod ward;

pub mod view;

pub use instant::Instant;
pub use status::{State, Status};
pub use ward::WardId;
