//! What is asked of reports and features: one query for lists, tiles, counts and exports.
//! Not here: SQL text (store), HTTP (http), how a map evaluates it quickly (map), JSON (format).

mod asked;
mod code_set;
mod crs;
mod datetime;
mod filter;
mod joint;
mod normal;
mod schema;
mod trackers;
mod vocabulary;

pub mod cql;
pub mod features;
pub mod order;
pub mod params;
pub mod reports;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use code_set::CodeSet;
pub use features::{FeatureFilter, FeatureQuery};
pub use filter::{Filter, Row, RowTest};
pub use joint::Joint;
pub use params::{ListQuery, PageQuery};
pub use schema::{Queryable, Schema};
