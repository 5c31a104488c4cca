//! One verb a file, shared by every door: submit a report, import areas.
//! Not here: reading a request (http), SQL (store), following the log (jobs).

mod city;
mod import_areas;
mod submit;

pub use city::{Areas, City, CityError};
pub use import_areas::{ImportError, Reassigned, activate_areas, candidate, reassign};
pub use submit::{Receipt, Refusal, Submission, SubmitError, assess, outside_text, submit};
