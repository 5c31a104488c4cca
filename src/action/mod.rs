//! One verb a file, shared by every door: submit a report, import areas, import features.
//! Not here: reading a request (http), SQL (store), following the log (jobs).

mod city;
mod import_areas;
mod import_features;
mod submit;

pub use city::{Areas, City, CityError};
pub use import_areas::{ImportError, Reassigned, activate_areas, candidate, reassign};
pub use import_features::{
    FeatureImport, FeatureImportError, compare_features, read_features, write_features,
};
pub use submit::{Receipt, Refusal, Submission, SubmitError, assess, outside_text, public_time, submit};
