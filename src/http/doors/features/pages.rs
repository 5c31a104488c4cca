//! The rows of a list of reports, part by part: the live map chooses them once, the store reads them.

use std::sync::Arc;

use tokio::task::block_in_place;

use crate::http::Service;
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
        let (whole, at) = (keys.len() < most, view.snapshot.at());
        Self { filter, order, codebook: view.codebook.clone(), keys, whole, at }
    }
}

impl Rows {
    /// The rows of a list after a place in an order, of which at most so many will be asked for.
    pub(super) fn new(
        service: Arc<Service>,
        view: &View,
        (filter, order): (Filter, Order),
        before: Option<Key>,
        most: usize,
    ) -> Self {
        // Without a filter there is nothing to decide.
        let matched = if filter.is_all() {
            view.snapshot.matching(&filter).count()
        } else {
            block_in_place(|| view.snapshot.matching(&filter).count())
        };
        let chosen = Chosen::new(view, filter, order, before, most.saturating_add(SPARE));
        Self { service, chosen: Arc::new(chosen), before, matched }
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
