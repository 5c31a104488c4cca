//! A row to a feature or a report, or to the reasons why it is none. What is changed on the way is counted.

mod feature;
mod life;
mod report;
mod times;

use std::collections::BTreeMap;

pub(in crate::import) use feature::FeatureJudge;
pub use feature::Outside;
pub use report::Incoming;
pub(in crate::import) use report::{ReportJudge, properties};
pub(in crate::import) use times::TimeReader;

use super::findings::Counts;
use super::raw::Raw;
use diaban_core::domain::field::Value;

/// What makes something of a row.
pub(in crate::import) trait Judge {
    /// What a good row becomes.
    type Taken;

    /// Judges a row by its shape in degrees and its mapped values.
    ///
    /// # Errors
    /// All reasons why it is none.
    fn judge(
        &mut self,
        raw: Raw,
        source_id: &str,
        values: BTreeMap<String, Value>,
        counts: &mut Counts,
    ) -> Result<Self::Taken, Vec<String>>;

    /// What is told of all rows at the end.
    fn told(&self) -> Vec<String> {
        Vec::new()
    }
}
