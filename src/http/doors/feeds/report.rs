//! The feed of one report: what happened to it, as far as the public knows. Of a report that was withdrawn after it was
//! public the tombstones are left, so that readers delete what they keep.

use axum::http::HeaderMap;
use axum::response::Response;

use super::page::{MAX_LIMIT, Source, Told, answer, cursor_apart};
use crate::action::{Entries, cursor};
use crate::http::Service;
use crate::http::wire::document::CachePolicy;
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::{Instant, Text};
use diaban_core::format::feed::Format;
use diaban_core::query::params::{self, DEFAULT_LIMIT};

/// `/r/{id}.{atom,json,geojson}`
pub(in crate::http) async fn of_report(
    service: &Service,
    id: u64,
    format: &'static Format,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let codebook = service.map()?.codebook.clone();
    let (from, rest) = cursor_apart(query)?;
    let asked =
        params::parse(&rest, &["limit"], &codebook, service.clock.now()).map_err(Problem::parameters)?;
    let before = from.as_deref().map(|text| number(id, text)).transpose()?;
    let limit = asked.page.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    // Before the page is read: what comes in between makes the next date a later one.
    let changed = service.store.last_changed().await?;
    let missing = || Problem::not_found("no report has this id");
    let standing = service.store.standing(id).await?.ok_or_else(missing)?;
    // One more tells whether there is a next page.
    let mut news = service.store.news_of(id, before, limit + 1, codebook.edition).await?;
    match standing.withdrawn {
        // Nobody was ever told of it.
        Withdrawn::Hidden if news.is_empty() && before.is_none() => return Err(missing()),
        Withdrawn::Erased if news.is_empty() && before.is_none() => return Err(Problem::erased()),
        _ => {}
    }
    let more = news.len() > limit as usize;
    news.truncate(limit as usize);
    let cursors: Vec<String> = news.iter().map(|n| cursor(id, n.n)).collect();
    let make = Entries::new(&service.city, &service.public_url);
    let told = Told {
        entries: news.into_iter().map(|n| make.change(n)).collect(),
        ahead: 0,
        next: cursors.last().filter(|_| more).cloned(),
        cursors,
        query: asked.page.limit.map(|l| ("limit".to_owned(), l.to_string())).into_iter().collect(),
        cursor: from,
        left: Instant::MIN,
        changed,
    };
    let source = Source {
        path: format!("/r/{id}"),
        id: format!("feeds/r/{id}"),
        home: format!("/r/{id}"),
        title: Text { vi: format!("Phản ánh {id}"), en: format!("Report {id}") },
        ward: None,
        cache: CachePolicy::Revalidate,
    };
    Ok(answer(service, source, format, told, headers))
}

/// The number of the event that a cursor of this report names.
fn number(id: u64, text: &str) -> Result<i64, StoreError> {
    let (report, n) = text.split_once('.').ok_or(StoreError::NoCursor)?;
    if report != id.to_string() {
        return Err(StoreError::NoCursor);
    }
    n.parse().map_err(|_| StoreError::NoCursor)
}
