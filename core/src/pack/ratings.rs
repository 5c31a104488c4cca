//! Reads `data/ratings.toml`. A city without the file has the usual limits and no reasons.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::clocks::{LimitWire, limit};
use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::clocks::OfficeHours;
use crate::domain::{RatingReason, Ratings};

const FILE: &str = "data/ratings.toml";
/// Reasons of a city: a form shows them all.
const MOST: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    within: LimitWire,
    again_after: LimitWire,
    decide: LimitWire,
    #[serde(default)]
    reason: Vec<ReasonWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonWire {
    code: String,
    name: TextWire,
}

pub(super) fn read(source: Source<'_>, office: &OfficeHours) -> Result<Ratings, PackError> {
    let wire: FileWire = match toml(source, FILE) {
        Err(PackError::Missing { .. }) => return Ok(Ratings::default()),
        wire => wire?,
    };
    let of = |key: &str, wire| limit(FILE, key, wire, office);
    let reasons: Vec<RatingReason> =
        wire.reason.into_iter().map(|r| RatingReason { code: r.code, name: r.name.into() }).collect();
    let codes: BTreeSet<&str> = reasons.iter().map(|r| &*r.code).collect();
    let is_code = |code: &&&str| !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if codes.len() < reasons.len()
        || reasons.len() > MOST
        || codes.iter().filter(is_code).count() < codes.len()
    {
        let why = format!("at most {MOST}, each with a code of its own, of small letters and _");
        return Err(PackError::value(FILE, "reason", why));
    }
    Ok(Ratings {
        within: of("within", wire.within)?,
        again_after: of("again_after", wire.again_after)?,
        decide: of("decide", wire.decide)?,
        reasons,
    })
}
