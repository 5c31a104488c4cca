//! Queries that are kept and asked again later, when other boundaries may be in force.

use diaban_core::domain::{CodeBook, Instant, Violation};
use diaban_core::query::Filter;
use diaban_core::query::params::{FILTERS, parse};

use crate::action::city::Areas;

/// What a saved query asks for now. Wards that are no more go on as those that have their ground; of changes, also what
/// happened under boundaries that were taken back since, and what happened before. `then` says what a bare code meant
/// when the query was kept.
///
/// # Errors
/// What of it is not understood any more.
pub fn saved_filter(
    query: &str,
    then: &CodeBook,
    areas: &Areas,
    codebook: &CodeBook,
    now: Instant,
    changes: bool,
) -> Result<Filter, Vec<Violation>> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let filter = parse(&pairs, FILTERS, then, now)?.filter;
    let Some(wards) = filter.wards() else { return Ok(filter) };
    let mut all: Vec<u16> = Vec::new();
    for ward in wards.as_slice().iter().filter_map(|w| codebook.wards.get(usize::from(*w))) {
        all.extend(areas.standing_for(ward).iter().filter_map(|w| codebook.ward_index(w)));
    }
    if changes {
        let between = areas.taken_back_on(codebook, &all);
        all.extend(between.into_iter().chain(wards.as_slice().iter().copied()));
    }
    Ok(filter.of_any_ward().in_wards(all.into_iter().collect()))
}
