//! What a list costs: as a page little, as a stream of all rows much.

use super::items::{Format, OFFERS};
use crate::http::edge::shed::Class;
use crate::http::routes::Asked;
use crate::http::wire::negotiate::choose;

/// The class of a request for a list, from the format that its door will choose.
pub(in crate::http) fn list_class(asked: &Asked<'_>) -> Class {
    match choose(OFFERS, asked.format().as_deref(), asked.headers) {
        Ok(Format::Sequence | Format::Csv) => Class::Export,
        // What is refused costs less still.
        Ok(Format::GeoJson) | Err(_) => Class::Read,
    }
}
