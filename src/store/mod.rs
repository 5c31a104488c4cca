//! The only SQL: the report record, the change log, city features, the imported areas, keys.
//! Archives of tiles that are files of SQLite. Whole databases: copies, comparison, backup, migration.
//! One writer groups what is queued into one durable commit; a pool of readers answers the rest.
//! Not here: what a report may be (domain), who asks (http), the live map (map).

mod amend;
mod areas;
mod backup;
mod boxes;
mod changes;
mod compare;
mod copy;
mod create;
mod db;
mod dialect;
mod error;
mod events;
mod feature_wards;
mod features;
mod feeds;
mod fields;
mod followers;
mod keys;
mod mbtiles;
mod open;
mod pages;
mod postgres;
mod read;
mod reports;
mod schema;
mod secrets;
mod single;
mod sqlite;
mod tables;
#[cfg(test)]
pub(crate) mod test_database;
#[cfg(test)]
mod upgrade;
mod write;
mod writer;

pub use amend::{Amendment, Standing, Step};
pub use areas::StoredGeneration;
pub use backup::{Backup, Restored, backup, restore};
pub use changes::{Change, ChangeKind, ranges};
pub use compare::{Compared, compare};
pub use copy::{Copied, Step as CopyStep, copy};
pub use create::Created;
pub use error::StoreError;
pub use events::Position;
pub use feature_wards::{FeatureAssignment, PlacedFeature};
pub use features::{FeatureWrite, StoredContent};
pub use feeds::{Changes, News, NewsPage};
pub use followers::Following;
pub use mbtiles::Mbtiles;
pub use open::Store;
pub use pages::Page;
pub use read::{PlacedRecord, ReportRecord};
pub use reports::{Assignment, KeyedReports, KnownKeys, Loaded};
pub use schema::{Migrated, migrate};
pub use write::{Applied, IdempotencyKey};
