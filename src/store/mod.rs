//! The only SQL: the report record, the change log, the imported areas.
//! One writer groups what is queued into one durable commit; a pool of readers answers the rest.
//! Not here: what a report may be (domain), who asks (http), the live map (map).

mod areas;
mod changes;
mod create;
mod error;
mod open;
mod read;
mod reports;
mod secrets;
mod write;
mod writer;

pub use areas::StoredGeneration;
pub use changes::{Change, ChangeKind};
pub use error::StoreError;
pub use open::Store;
pub use read::{Page, PlacedRecord, ReportRecord};
pub use write::{Assignment, IdempotencyKey, Outcome};
