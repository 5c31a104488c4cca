//! `/events`: what happens, page by page, for programs that must miss nothing. Oldest first after a cursor; the same
//! objects as in webhooks.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::life::in_force;
use crate::action::{Entries, EventPage, Wanted, events_after, newest_cursor, sequence};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::pairs;
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::domain::Violation;
use diaban_core::domain::key::{Key, OPERATE, READ};
use diaban_core::query::params::{self, DEFAULT_LIMIT};

const SINCE: &str = "since";
const LIMIT: &str = "limit";
/// The parameters.
pub(in crate::http) const PARAMS: [&str; 2] = [SINCE, LIMIT];
/// Events on a page; more are clamped.
const MAX_LIMIT: u32 = 1_000;

/// `GET /events`
pub(in crate::http) async fn events(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (since, rest): (Vec<_>, Vec<_>) =
        pairs(query.as_deref()).into_iter().partition(|(name, _)| name == SINCE);
    if since.len() > 1 {
        return Err(Problem::parameters(vec![Violation::new(SINCE, "comes twice")]));
    }
    let areas = service.city.areas();
    let codebook = areas.codebook.clone();
    let asked =
        params::parse(&rest, &[LIMIT], &codebook, service.clock.now()).map_err(Problem::parameters)?;
    let limit = asked.page.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let Some((_, since)) = since.into_iter().next() else {
        let now = newest_cursor(&service.store).await?;
        return Ok(page(&[], &now, false, &headers));
    };
    let after = match sequence(&service.store, &since).await {
        Err(StoreError::NoCursor) => {
            let fault = "is no cursor of events, or none any more; begin again without it, and read the feeds or \
                         lists for what lies between";
            return Err(Problem::parameters(vec![Violation::new(SINCE, fault)]));
        }
        found => found?,
    };
    let wanted = if key.opens(OPERATE) || key.scopes.iter().any(|s| s == READ) {
        Wanted::All
    } else {
        Wanted::of_office(&areas, in_force(&areas, &key.office), &key.office)
    };
    let EventPage { news, to, more } =
        events_after(&service.store, &codebook, &wanted, after, limit as usize).await?;
    let make = Entries::new(&service.city, &service.public_url);
    let events: Vec<Value> = news.into_iter().map(|news| make.message(news).json()).collect();
    let next = to.map_or(since, |(_, cursor)| cursor);
    Ok(page(&events, &next, more, &headers))
}

fn page(events: &[Value], next: &str, more: bool, headers: &HeaderMap) -> Response {
    let page = json!({ "events": events, "next": next, "more": more });
    Document::json("application/json", &page, CachePolicy::Never).answer(headers)
}
