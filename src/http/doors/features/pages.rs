//! The rows of a list of reports, part by part: the live map chooses them once, the store reads them.

use std::sync::Arc;

use tokio::task::block_in_place;

use crate::http::Service;
use crate::store::{Page, ReportRecord, StoreError};
use diaban_core::domain::CodeBook;
use diaban_core::map::{SeqSet, View};
use diaban_core::query::Filter;

/// Rows read in one short transaction: the rows of ten thousand at once would take a hundred times what
/// is written of them.
const PART: u32 = 1_000;
/// Changes to the map after which a long export has its rows chosen anew: until then the store reads
/// them from the log.
const CHANGES: i64 = 1_000;

/// What is left of a list.
pub(super) struct Rows {
    service: Arc<Service>,
    chosen: Arc<Chosen>,
    before: Option<i64>,
}

/// What the map chose.
struct Chosen {
    filter: Filter,
    codebook: Arc<CodeBook>,
    rows: SeqSet,
    /// Where in the change log the map stood.
    at: i64,
}

impl Chosen {
    fn new(view: &View, filter: Filter) -> Self {
        // Without a filter there is nothing to decide.
        let rows = if filter.is_all() {
            view.snapshot.matching(&filter)
        } else {
            block_in_place(|| view.snapshot.matching(&filter))
        };
        Self { filter, codebook: view.codebook.clone(), rows, at: view.snapshot.at() }
    }
}

impl Rows {
    /// The rows of a list before an internal sequence, newest first.
    pub(super) fn new(service: Arc<Service>, view: &View, filter: Filter, before: Option<i64>) -> Self {
        Self { service, chosen: Arc::new(Chosen::new(view, filter)), before }
    }

    /// How many match in all, as the map knows it.
    pub(super) fn matched(&self) -> u64 {
        self.chosen.rows.count()
    }

    /// The next ones, at most [`PART`]; fewer than asked for only at the end.
    pub(super) async fn next(&mut self, limit: u32) -> Result<Vec<ReportRecord>, StoreError> {
        let view = self.service.live.load();
        // Under other codes the filter would mean something else.
        if view.snapshot.at() - self.chosen.at >= CHANGES
            && Arc::ptr_eq(&view.codebook, &self.chosen.codebook)
        {
            self.chosen = Arc::new(Chosen::new(&view, self.chosen.filter.clone()));
        }
        let chosen = &*self.chosen;
        let page = Page {
            filter: &chosen.filter,
            codebook: &chosen.codebook,
            chosen: &chosen.rows,
            at: chosen.at,
            before: self.before,
            limit: limit.min(PART),
        };
        let rows = self.service.store.page(page).await?;
        self.before = rows.last().map(|r| r.seq).or(self.before);
        Ok(rows)
    }
}
