//! OGC API Features: landing page, conformance, collections, items; and the POST that makes a report.

mod class;
mod collections;
mod declared;
mod items;
mod landing;
mod list;
mod pages;
mod schema;
mod search;
mod submit;
mod wards;

pub(in crate::http) use class::list_class;
pub(in crate::http) use collections::{CollectionInfo, Collections, collection, collections};
pub(in crate::http) use declared::{feature, features};
pub(in crate::http) use items::{report, reports};
pub(in crate::http) use landing::{
    Conformance, LandingPage, conformance, json_only, landing, no_parameter_but_f,
};
pub(in crate::http) use list::PAGE_BYTES;
pub(in crate::http) use schema::{MEDIA as SCHEMA_MEDIA, declared, feature_schema, held, queryables, schema};
pub(in crate::http) use search::search;
pub(in crate::http) use submit::{PROPERTIES as SUBMITTED, submit};
pub(in crate::http) use wards::{ward, wards};
