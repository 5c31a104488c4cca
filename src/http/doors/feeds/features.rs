//! Feeds of the features of a collection (alerts, traffic): what is in force at this moment, from the
//! live map. An alert comes at its onset and goes when it expires, with nothing written.

use axum::http::HeaderMap;
use axum::response::Response;

use super::page::{MAX_LIMIT, Source, Told, answer, cursor_apart};
use crate::action::{Entries, told_at};
use crate::http::Service;
use crate::http::wire::problem::Problem;
use diaban_core::domain::{Instant, Violation};
use diaban_core::format::feed::Format;
use diaban_core::map::FeatureSet;
use diaban_core::query::features::{filter_names, parse_named};
use diaban_core::query::params::DEFAULT_LIMIT;
use diaban_core::query::{CodeSet, FeatureQuery};

/// Where a page begins: after the entry that was told then and has this id. Entries only ever rise to
/// the top, so what stands below a position stays there.
type Place = (Instant, u64);

pub(super) fn serve(
    service: &Service,
    source: Source,
    (set, wards): (&FeatureSet, Option<CodeSet>),
    format: &'static Format,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let collection = set.collection();
    let (from, rest) = cursor_apart(query)?;
    let names = filter_names(collection).into_iter().filter(|n| wards.is_none() || *n != "ward");
    let names: Vec<&str> = names.chain(["limit"]).collect();
    let FeatureQuery { filter: asked, page } =
        parse_named(&rest, &names, collection, &view.codebook).map_err(Problem::parameters)?;
    let before = from.as_deref().map(place).transpose().map_err(|v| Problem::parameters(vec![v]))?;
    let now = service.clock.now();
    let pairs = asked.pairs(collection, &view.codebook).into_iter();
    let query = pairs.chain(page.limit.map(|l| ("limit".to_owned(), l.to_string()))).collect();
    let filter = wards.map_or_else(|| asked.clone(), |wards| asked.in_wards(collection, wards));
    // Those that match at any time tell when the feed last changed by the clock alone.
    let ever = filter.at_any_time(collection);
    let all = set.find(&ever, now);
    let turns = all.iter().flat_map(|f| [f.valid.from, f.valid.to]).filter(|t| *t <= now);
    let left = turns.max().unwrap_or(Instant::MIN);
    let mut shown: Vec<_> = all.into_iter().filter(|f| filter.shows(f, now)).collect();
    shown.sort_by_key(|f| std::cmp::Reverse((told_at(f, now), f.id)));
    let start = before.map_or(0, |place| shown.partition_point(|f| (told_at(f, now), f.id) >= place));
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT) as usize;
    let end = shown.len().min(start + limit);
    let cursors: Vec<String> =
        shown[start..end].iter().map(|f| format!("{}.{}", told_at(f, now).ms(), f.id)).collect();
    let next = cursors.last().filter(|_| end < shown.len()).cloned();
    let make = Entries::new(&service.city, &service.public_url);
    let entries =
        shown[start..end].iter().map(|f| make.feature(collection, f, &view.codebook, now)).collect();
    let changed = view.features.changed();
    let told = Told { entries, ahead: 0, cursors, query, cursor: from, next, left, changed };
    Ok(answer(service, source, format, told, headers))
}

fn place(text: &str) -> Result<Place, Violation> {
    let read = || {
        let (ms, id) = text.split_once('.')?;
        Some((Instant::from_ms(ms.parse().ok()?), id.parse().ok()?))
    };
    read().ok_or_else(|| Violation::new("cursor", "is not a cursor of this feed; begin again without it"))
}
