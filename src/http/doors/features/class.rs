//! What a list costs: as a page little, as a stream of all rows much.

use super::list;
use crate::http::edge::shed::Class;
use crate::http::routes::Asked;
use diaban_core::format::list::Extent;

/// The class of a request for a list, from the format that will be chosen for it.
pub(in crate::http) fn list_class(asked: &Asked<'_>) -> Class {
    match list::format(asked.format().as_deref(), asked.headers) {
        Ok(format) if format.extent == Extent::Stream => Class::Export,
        // What is refused costs less still.
        _ => Class::Read,
    }
}
