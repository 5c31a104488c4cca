//! The rows of a list of reports, part by part: the live map chooses them once, the store reads them.

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use axum::http::StatusCode;
use tokio::task::block_in_place;

use crate::http::Service;
use crate::http::wire::problem::Problem;
use crate::store::{Page, ReportRecord, StoreError};
use diaban_core::domain::CodeBook;
use diaban_core::map::View;
use diaban_core::query::Filter;
use diaban_core::query::order::{Key, Order};

/// Rows read in one short transaction: the rows of ten thousand at once would take a hundred times what
/// is written of them.
const PART: u32 = 1_000;
/// Changes to the map after which a long export has its rows chosen anew: until then the store reads
/// them from the log.
const CHANGES: i64 = 1_000;
/// So many more rows are chosen than asked for, because some may not match any more.
const SPARE: usize = 100;

/// The longest that a filter may look for the rows of a list. Only shapes of thousands of corners take
/// longer.
pub(super) const LONGEST: Duration = Duration::from_secs(2);

/// Says whether there is time left, from now on.
pub(super) fn within(time: Duration) -> impl Fn() -> bool {
    let begun = Stopwatch::now();
    move || begun.elapsed() < time
}

/// 503: a filter that takes too long.
pub(super) fn too_much() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-much-work", "This question takes too long to answer")
        .detail(
            "narrow it by bbox, ward, category or datetime, or ask with shapes of fewer corners in filter",
        )
        .retry_after(10)
}

/// What is left of a list.
pub(super) struct Rows {
    service: Arc<Service>,
    chosen: Arc<Chosen>,
    before: Option<Key>,
    matched: u64,
}

/// What the map chose.
struct Chosen {
    filter: Filter,
    order: Order,
    codebook: Arc<CodeBook>,
    keys: Vec<Key>,
    /// Whether nothing lies behind them.
    whole: bool,
    /// Where in the change log the map stood.
    at: i64,
}

impl Chosen {
    fn new(view: &View, filter: Filter, order: Order, before: Option<Key>, most: usize) -> Self {
        let keys = block_in_place(|| view.snapshot.ordered(&filter, &order, before, most));
        Self::of(view, filter, order, keys, most)
    }

    /// Of what was chosen, at most so many.
    fn of(view: &View, filter: Filter, order: Order, keys: Vec<Key>, most: usize) -> Self {
        let (whole, at) = (keys.len() < most, view.snapshot.at());
        Self { filter, order, codebook: view.codebook.clone(), keys, whole, at }
    }
}

impl Rows {
    /// The rows of a list after a place in an order, of which at most so many will be asked for.
    ///
    /// # Errors
    /// 503 when the filter takes too long.
    pub(super) fn new(
        service: Arc<Service>,
        view: &View,
        (filter, order): (Filter, Order),
        before: Option<Key>,
        most: usize,
    ) -> Result<Self, Problem> {
        let most = most.saturating_add(SPARE);
        let go = within(LONGEST);
        let found = block_in_place(|| view.snapshot.list(&filter, &order, before, most, &go));
        let (matched, keys) = found.ok_or_else(too_much)?;
        let chosen = Chosen::of(view, filter, order, keys, most);
        Ok(Self { service, chosen: Arc::new(chosen), before, matched })
    }

    /// How many match in all, as the map knows it.
    pub(super) fn matched(&self) -> u64 {
        self.matched
    }

    /// The next ones, at most [`PART`]; fewer than asked for only at the end.
    pub(super) async fn next(&mut self, limit: u32) -> Result<Vec<ReportRecord>, StoreError> {
        let limit = limit.min(PART);
        // Under other codes the filter would mean something else.
        let view = self.service.live.load();
        if view.snapshot.at() - self.chosen.at >= CHANGES
            && Arc::ptr_eq(&view.codebook, &self.chosen.codebook)
        {
            self.choose(&view);
        }
        let mut rows = self.part(limit).await?;
        if rows.len() < limit as usize && !self.chosen.whole {
            let view = self.service.live.load();
            if Arc::ptr_eq(&view.codebook, &self.chosen.codebook) {
                self.choose(&view);
                rows.extend(self.part(limit - rows.len() as u32).await?);
            }
        }
        Ok(rows)
    }

    /// Chooses all that is left.
    fn choose(&mut self, view: &View) {
        let chosen = &self.chosen;
        let next = Chosen::new(view, chosen.filter.clone(), chosen.order, self.before, usize::MAX);
        self.chosen = Arc::new(next);
    }

    async fn part(&mut self, limit: u32) -> Result<Vec<ReportRecord>, StoreError> {
        let chosen = &*self.chosen;
        let page = Page {
            filter: &chosen.filter,
            codebook: &chosen.codebook,
            order: &chosen.order,
            chosen: &chosen.keys,
            at: chosen.at,
            before: self.before,
            limit,
        };
        let rows = self.service.store.page(page).await?;
        let last = rows.last().map(|r| chosen.order.key(&r.on_map(&chosen.codebook)));
        self.before = last.or(self.before);
        Ok(rows)
    }
}
