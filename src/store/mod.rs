//! The only SQL: the report record, the change log, city features, boundaries and their turns, keys, accounts,
//! webhooks.
//! Archives of tiles that are files of SQLite. Whole databases: copies, comparison, backup, migration.
//! One writer groups what is queued into one durable commit; a pool of readers answers the rest.
//! Not here: what a report may be (domain), who asks (http), the live map (map).

mod areas;
mod changes;
mod city;
mod database;
mod error;
mod feeds;
mod mbtiles;
mod open;
mod pages;
mod record;
#[cfg(test)]
pub(crate) mod test_database;
mod webhooks;
mod whole;
mod write;
mod writer;

pub use areas::editions::{Edition, EditionState, StoredAreas, Turned};
pub use areas::moves::{Homeless, Move};
pub use areas::placed::{Assignment, Beside, Placed};
pub use areas::turn::{Judge, Outcome, Place, Turn};
pub use changes::{Change, ChangeKind, ranges};
pub use city::accounts::{AccountChange, AccountEvent, Link, NewSession, Tried, Try};
pub use city::feature_wards::{FeatureAssignment, FeaturePlace, PlacedFeature};
pub use city::features::{FeatureWrite, StoredContent, StoredFeature};
pub use database::Alone;
pub use database::schema::{Migrated, migrate};
pub use database::sqlite::Claim;
pub use error::{Failure, FailureKind, StoreError};
pub use feeds::followers::Following;
pub use feeds::{Changes, News, NewsPage};
pub use mbtiles::Mbtiles;
pub use open::Store;
pub use pages::Page;
pub use record::amend::{Amendment, Standing, Step};
pub use record::awaited::{Awaited, Wait};
pub use record::create::Created;
pub use record::events::Position;
pub use record::life::Happening;
pub use record::mask::{MaskedRows, Texts};
pub use record::read::{Basis, Decided, PlacedRecord, ReportRecord};
pub use record::reads::{OfficeRead, Personal};
#[cfg(test)]
pub(crate) use record::reports::tests::report;
pub use record::reports::{KeyedReports, KnownKeys, Loaded};
pub use record::tasks::{Task, TaskBy, Tasks};
pub use record::tighten::{Loose, NewPlace, Tighter};
pub use record::waiting::over;
pub use webhooks::{Attempt, EventName, MOST_WEBHOOKS, Trouble, Undelivered, Webhook};
pub use whole::backup::{Backup, Restored, backup, restore};
pub use whole::check::{Checked, CheckedBackup, check, check_backup};
pub use whole::compare::{Compared, compare};
pub use whole::copy::{Copied, Step as CopyStep, copy};
pub use whole::erased::{Erasure, read_erased, write_erased};
pub use write::{Applied, IdempotencyKey};
