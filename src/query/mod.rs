//! What is asked of the reports: one query for lists, tiles, counts and exports.
//! Not here: SQL text (store), HTTP (http), how a map evaluates it quickly (map).

mod datetime;
mod filter;
mod normal;

pub mod params;

pub use filter::{CodeSet, Filter, Interval};
pub use params::ListQuery;
