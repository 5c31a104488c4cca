//! OGC API Features: landing page, conformance, collections, items; and the POST that makes a report.

mod collections;
mod declared;
mod items;
mod landing;
mod paging;
mod schema;
mod submit;
mod wards;

pub(super) use collections::{collection, collections};
pub(super) use declared::{feature, features};
pub(super) use items::{report, reports};
pub(super) use landing::{conformance, json_only, landing, no_parameter_but_f};
pub(super) use schema::{MEDIA as SCHEMA_MEDIA, queryables, schema};
pub(super) use submit::submit;
pub(super) use wards::{ward, wards};
