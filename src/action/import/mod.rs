//! Imports of boundaries, features and past reports.

mod areas;
mod features;
mod reports;

pub(in crate::action) use areas::gzipped;
pub use areas::{ImportError, candidate, with_crs};
pub use features::{FeatureImport, FeatureImportError, compare_features, read_features, write_features};
pub use reports::{JudgedReports, ReportImport, compare_reports, read_reports, store_reports};
