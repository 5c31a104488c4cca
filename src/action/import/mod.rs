//! Imports of boundaries, features and past reports.

mod areas;
mod features;
mod reports;

pub use areas::ImportError;
pub(in crate::action) use areas::{candidate, gzipped, with_crs};
pub use features::{FeatureImport, FeatureImportError, compare_features, read_features, write_features};
pub use reports::{JudgedReports, ReportImport, compare_reports, read_reports, store_reports};
