//! Feeds of reports and of what happened to them: read from the record, page by page.

use std::collections::HashSet;

use axum::http::HeaderMap;
use axum::response::Response;

use super::page::{MAX_LIMIT, Source, Told, answer, cursor_apart};
use crate::action::{Entries, cursor};
use crate::http::Service;
use crate::http::wire::problem::Problem;
use crate::store::{Changes, NewsPage, Position, StoreError};
use diaban_core::domain::Instant;
use diaban_core::format::feed::Format;
use diaban_core::query::Filter;
use diaban_core::query::params::{self, DEFAULT_LIMIT};

/// Whether a feed tells of reports or of what happened to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reports,
    Changes,
}

/// Which reports a feed may tell of.
pub(super) struct Scope {
    pub(super) kind: Kind,
    /// What it is bound to; its own parameters come on top.
    pub(super) filter: Filter,
    /// The filters that it takes.
    pub(super) params: Vec<&'static str>,
    /// Whether it is an office's, which learns at once what the public learns when the hour is over.
    pub(super) office: bool,
}

pub(super) async fn serve(
    service: &Service,
    source: Source,
    scope: Scope,
    format: &'static Format,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let codebook = &*view.codebook;
    let (from, rest) = cursor_apart(query)?;
    let valid: Vec<&str> = scope.params.iter().copied().chain(["limit"]).collect();
    let asked = params::parse(&rest, &valid, codebook, service.clock.now()).map_err(Problem::parameters)?;
    let before = match &from {
        Some(text) => Some(position(service, text).await?),
        None => None,
    };
    let filter = joined(&scope, &asked.filter);
    let limit = asked.page.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    // Before the page is read: what comes in between makes the next date a later one.
    let mut changed = service.store.last_changed().await?;
    // One more tells whether there is a next page.
    let page = NewsPage { filter: &filter, codebook, map: &view.snapshot, before, limit: limit + 1 };
    let mut untold = Vec::new();
    if scope.office && before.is_none() {
        // In front of the page and beside its limit: each will come again with its place among the others.
        untold = service.store.untold(page).await?;
        if scope.kind == Kind::Reports {
            let mut seen = HashSet::new();
            untold.retain(|n| seen.insert(n.report.id));
        }
        // What waits is in no change; a page that holds some of it is always new.
        changed = if untold.is_empty() { changed } else { service.clock.now() };
    }
    let Changes { mut news, stopped } = match scope.kind {
        Kind::Reports => service.store.report_news(page).await?,
        Kind::Changes => service.store.changes(page).await?,
    };
    let more = news.len() > limit as usize;
    news.truncate(limit as usize);
    let last = if more { news.last().map(|n| (n.report.id, n.n)) } else { stopped };
    let next = last.map(|(report, n)| cursor(report, n));
    if scope.kind == Kind::Reports {
        news.retain(|n| untold.iter().all(|u| u.report.id != n.report.id));
    }
    let cursors = news.iter().map(|n| cursor(n.report.id, n.n)).collect();
    let ahead = untold.len();
    let news: Vec<_> = untold.into_iter().chain(news).collect();
    let make = Entries::new(&service.city, &service.public_url);
    let entries = match scope.kind {
        Kind::Reports => news.into_iter().map(|n| make.report(n)).collect(),
        Kind::Changes => news.into_iter().map(|n| make.change(n)).collect(),
    };
    let pairs = asked.filter.pairs(codebook).into_iter().map(|(name, value)| (name.to_owned(), value));
    let told = Told {
        entries,
        ahead,
        cursors,
        query: pairs.chain(asked.page.limit.map(|l| ("limit".to_owned(), l.to_string()))).collect(),
        cursor: from,
        next,
        left: Instant::MIN,
        // What is imported may be older than all that is here, and hidden reports leave no entry.
        changed,
    };
    Ok(answer(service, source, format, told, headers))
}

/// Where the event of a cursor or a stream's id stands.
pub(super) async fn position(service: &Service, text: &str) -> Result<Position, StoreError> {
    let (report, n) = text.split_once('.').ok_or(StoreError::NoCursor)?;
    let report: u64 =
        report.parse().ok().filter(|r| i64::try_from(*r).is_ok()).ok_or(StoreError::NoCursor)?;
    service.store.event_position(report, n.parse().map_err(|_| StoreError::NoCursor)?).await
}

/// The query under what the feed is bound to. A feed that is bound to wards takes no `ward`, a saved
/// query takes nothing at all.
fn joined(scope: &Scope, asked: &Filter) -> Filter {
    if scope.params.is_empty() {
        return scope.filter.clone();
    }
    scope.filter.wards().map_or_else(|| asked.clone(), |wards| asked.in_wards(wards))
}
