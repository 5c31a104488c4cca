//! What is asked of reports and features: one query for lists, tiles, counts and exports.
//! Not here: SQL text (store), HTTP (http), how a map evaluates it quickly (map), JSON (format).

mod datetime;
mod filter;
mod joint;
mod normal;

pub mod cql;
pub mod declared;
pub mod features;
pub mod params;
pub mod reports;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use features::{FeatureFilter, FeatureQuery};
pub use filter::{CodeSet, Filter, Interval};
pub use joint::Joint;
pub use params::{ListQuery, PageQuery};
