//! Imports of boundaries, features and past reports, and what follows from new boundaries.

mod areas;
mod features;
mod reassign_features;
mod reports;

pub use areas::ImportError;
pub(in crate::action) use areas::{candidate, gzipped, with_crs};
pub use features::{FeatureImport, FeatureImportError, compare_features, read_features, write_features};
pub use reassign_features::{ReassignedFeatures, reassign_features};
pub use reports::{JudgedReports, ReportImport, compare_reports, read_reports, store_reports};
