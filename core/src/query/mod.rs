//! What is asked of reports and features: one query for lists, tiles, counts and exports.
//! Not here: SQL text (store), HTTP (http), how a map evaluates it quickly (map), JSON (format).

mod code_set;
mod filter;
mod joint;
mod late;
mod schema;
mod vocabulary;

pub mod cql;
pub mod features;
pub mod params;
pub mod reports;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use code_set::CodeSet;
pub use features::{FeatureFilter, FeatureQuery};
pub use filter::{Filter, Row, RowTest};
pub use joint::{AT, Joint};
pub use params::{ListQuery, PageQuery, order};
pub use schema::{Queryable, Schema};

use params::{asked, datetime};
