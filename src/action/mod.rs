//! One verb a file, shared by every door: submit a report, move it on, transfer, withdraw; import areas,
//! features, reports; export tiles; keys. Beside them the `City` of the moment and what feeds say of a report (`entries`).
//! Not here: reading a request (http), SQL (store), following the log (jobs).

mod city;
mod entries;
mod export_tiles;
mod feature_entries;
mod import_areas;
mod import_features;
mod import_reports;
mod keys;
mod public;
mod reassign_features;
mod submit;
mod transfer;
mod transition;
mod verb;
mod withdraw;

pub use city::{Areas, City, CityError};
pub use entries::{Entries, Told, cursor};
pub use export_tiles::{ArchiveFormat, ExportError, ExportStep, Exported, TileExport, export_tiles};
pub use feature_entries::told_at;
pub use import_areas::{ImportError, Reassigned, activate_areas, candidate, reassign, with_crs};
pub use import_features::{
    FeatureImport, FeatureImportError, compare_features, read_features, write_features,
};
pub use import_reports::{JudgedReports, ReportImport, compare_reports, read_reports, store_reports};
pub use keys::{KeyError, KeyFault, Keyring, Purpose, add_key, revoke_key};
pub use public::public_time;
pub use reassign_features::{ReassignedFeatures, reassign_features};
pub use submit::{Receipt, Refusal, Submission, SubmitError, assess, outside_text, submit};
pub use transfer::transfer;
pub use transition::{Transition, transition};
pub use verb::VerbError;
pub use withdraw::{Withdrawal, withdraw};
