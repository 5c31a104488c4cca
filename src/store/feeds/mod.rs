//! Reading news: pages of reports by their last event, pages of events, what came after a position.
//! Where an index alone does not know the page, the live map says which reports match, and SQL reads what
//! was chosen by key. All statements of a page see one moment.

pub(in crate::store) mod followers;
mod onward;
mod rows;
mod untold;
mod walk;

use std::cmp::Reverse;
use std::time::Instant as Stopwatch;

use tokio::task::block_in_place;

use crate::store::database::Sql;
use crate::store::record::events::Position;
use crate::store::record::fields::{of, placed};
use crate::store::{ReportRecord, Store, StoreError};
use diaban_core::domain::field::NO_WARD;
use diaban_core::domain::report::{EventKind, Level, Rating, TaskState, Withdrawn};
use diaban_core::domain::{CodeBook, Instant, State, WardId};
use diaban_core::map::Snapshot;
use diaban_core::query::{CodeSet, Filter};
use rows::{among, by_last_event, joined, news, select, selected};
use walk::{Candidates, MOST, WALK, WALK_TIME, Walk, are_few, into_and_out_of};

/// One event with the report as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The report; of an erased one only the frame is left.
    pub report: ReportRecord,
    /// Whether the public may see it.
    pub withdrawn: Withdrawn,
    /// Whether the event is the report's last one in feeds.
    pub is_last: bool,
    /// When the report's last event in feeds was.
    pub told: Instant,
    /// Where the event stands.
    pub at: Position,
    /// Its number in the life of the report.
    pub n: i64,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// The state before; none for the first event.
    pub from: Option<State>,
    /// The state after.
    pub to: State,
    /// Why.
    pub reason: Option<String>,
    /// What everybody may read.
    pub note: Option<String>,
    /// The ward it happened in.
    pub ward: Option<WardId>,
    /// The ward that a transfer came from.
    pub from_ward: Option<WardId>,
    /// The body to which a transfer went, and the one that it came from.
    pub bodies: [Option<String>; 2],
    /// How much the report presses from then on, and how much it did before, where the event changes that.
    pub levels: [Option<Level>; 2],
    /// Where a redirection says to go.
    pub redirect_to: Option<String>,
    /// When the answer is due from then on, and when it was before, where the event puts it off.
    pub dues: [Option<Instant>; 2],
    /// Of a rating: satisfied or not.
    pub rating: Option<Rating>,
    /// The codes of its reasons.
    pub rating_reasons: Vec<String>,
    /// Of an event about a task: its number, and its state from then on.
    pub task: Option<(i64, TaskState)>,
}

/// A page of news, newest first.
#[derive(Clone, Copy, Debug)]
pub struct NewsPage<'a> {
    /// Which reports; of changes, the wards are those in which they happened.
    pub filter: &'a Filter,
    /// The names behind the filter's codes.
    pub codebook: &'a CodeBook,
    /// The reports as the live map knows them.
    pub map: &'a Snapshot,
    /// Only what stands before this position.
    pub before: Option<Position>,
    /// At most how many.
    pub limit: u32,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Newest first.
    pub news: Vec<News>,
    /// Where to go on if the search stopped before the page was full: a report by its public id, and the
    /// number of its event.
    pub stopped: Option<(u64, i64)>,
}

/// Reports that changed since the map was made are looked at in such parts.
const CHANGED: usize = if cfg!(test) { 10 } else { 1_000 };
/// If more of them changed, the map must catch up first: a page without some of them would have readers miss those.
const MOST_CHANGED: usize = 20_000;

impl NewsPage<'_> {
    /// The filter on a report wherever it is: the wards of changes are those of the event.
    fn anywhere(&self) -> Filter {
        self.filter.of_any_ward()
    }

    /// What is asked of a withdrawn report, which has neither place nor state: it becomes a tombstone, for
    /// whoever may have known the report.
    fn of_withdrawn(&self) -> Filter {
        self.filter.of_category_only()
    }

    /// The wards that are asked for, by name; what has no ward has the empty one.
    fn wards(&self) -> Option<Vec<String>> {
        let none = |set: &CodeSet| set.contains(NO_WARD).then(String::new);
        self.filter.wards().map(|set| self.codebook.ward_names(set.as_slice()).chain(none(&set)).collect())
    }

    /// The categories that are asked for, by name.
    fn categories(&self) -> Option<Vec<String>> {
        let name = |c: &u16| self.codebook.categories.get(usize::from(*c)).map(ToString::to_string);
        self.filter.categories().map(|set| set.as_slice().iter().filter_map(name).collect())
    }
}

impl Store {
    /// Reports by their last event, newest first, hidden and erased ones among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn report_news(&self, page: NewsPage<'_>) -> Result<Changes, StoreError> {
        let limit = page.limit as usize;
        let dialect = self.read.dialect();
        let edition = page.codebook.edition;
        let with_event = |reports: &str| {
            format!("{reports} {} event e ON e.seq = r.fed {}", dialect.join(), placed(edition))
        };
        let along = |index| with_event(&dialect.along("report_public r", index));
        let wards = page.wards();
        let mut moment = self.read.moment().await?;
        // The feed of a ward or of all: one walk along an index has the tombstones among the rest.
        let index = match &wards {
            _ if !page.anywhere().is_all() => None,
            None => Some("report_public_fed"),
            // The index has the wards of the rows, which may be those of other boundaries yet.
            Some(wards) if are_few(wards) && wards.len() == 1 && !moment.is_unsettled(edition).await? => {
                Some("report_public_ward_fed")
            }
            Some(_) => None,
        };
        if let Some(index) = index {
            let mut q = select(&along(index), "1 = 1");
            among(&mut q, "r.ward", wards.as_deref());
            by_last_event(&mut q, &page);
            return Ok(Changes { news: moment.news(q).await?, stopped: None });
        }
        // Tombstones are searched for, so there is an end to it.
        let end = moment.last_tombstone(&page).await?;
        let reached = |at: Position| end.as_ref().is_none_or(|(end, ..)| at >= *end);
        let mut q = select(&along("report_public_withdrawn"), "r.withdrawn <> 0");
        among(&mut q, "r.category", page.categories().as_deref());
        among(&mut q, &format!("coalesce({}, '')", of("ward")), wards.as_deref());
        if let Some((end, ..)) = &end {
            q.push(" AND (r.fed_ms, r.fed) >= (")
                .push_bind(end.shown_ms)
                .push(", ")
                .push_bind(end.seq)
                .push(")");
        }
        by_last_event(&mut q, &page);
        let mut all = moment.news(q).await?;
        let changed = moment.changed_since(page.map.at()).await?;
        let unchanged = |seq: u32| !changed.contains(seq.into());
        let chosen = block_in_place(|| page.map.latest(page.filter, page.before, limit, unchanged));
        let changed: Vec<u32> = changed.before(None).take(MOST_CHANGED + 1).collect();
        if changed.len() > MOST_CHANGED {
            return Err(StoreError::Busy);
        }
        let keys: Vec<i64> = chosen.into_iter().map(|(_, seq)| seq).chain(changed).map(i64::from).collect();
        let shown = |n: &News| {
            page.before.is_none_or(|p| n.at < p) && page.filter.matches(&n.report.on_map(page.codebook))
        };
        for keys in keys.chunks(CHANGED) {
            let mut q = select(&with_event("report_public r"), "r.withdrawn = 0 AND r.seq");
            q.push_keys(keys.iter().copied());
            all.extend(moment.news(q).await?.into_iter().filter(shown));
        }
        all.retain(|n| reached(n.at));
        all.sort_unstable_by_key(|n| Reverse(n.at));
        all.truncate(limit);
        let stopped = end.filter(|_| all.len() < limit).map(|(_, report, n)| (report, n));
        Ok(Changes { news: all, stopped })
    }

    /// Events, newest first: of few wards by their moment, of many or all as they were recorded.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes(&self, page: NewsPage<'_>) -> Result<Changes, StoreError> {
        let limit = page.limit as usize;
        let (anywhere, of_withdrawn) = (page.anywhere(), page.of_withdrawn());
        let walk = Walk::new(self.read.dialect(), page.wards());
        let mut moment = self.read.moment().await?;
        // Without a filter on the report every event of the walk is asked for.
        let candidates = if anywhere.is_all() {
            None
        } else {
            let changed = moment.changed_since(page.map.at()).await?;
            let matching = block_in_place(|| page.map.matching(&anywhere));
            Some(Candidates { matching, known: page.map.matching(&Filter::default()), changed })
        };
        let may_match = |report: i64| candidates.as_ref().is_none_or(|c| c.may_match(report));
        let mut few = match candidates.as_ref().and_then(Candidates::few) {
            Some(reports) => moment.events_of(&walk, reports).await?,
            None => None,
        };
        let (mut news, mut before, mut looked) = (Vec::new(), page.before, 0);
        let begun = Stopwatch::now();
        loop {
            let at_once = limit.max(looked).min(WALK);
            let (events, ended) = if let Some(mut events) = few.take() {
                events.retain(|e| walk.is_before(e.at, before));
                (events, true)
            } else {
                let events = moment.events(&walk, before, at_once).await?;
                let ended = events.len() < at_once;
                (events, ended)
            };
            looked += events.len();
            before = events.last().map(|e| e.at).or(before);
            let wanted = events.iter().filter(|e| walk.concerns(e) && may_match(e.report));
            let wanted: Vec<i64> = wanted.map(|e| e.at.seq).collect();
            for seqs in wanted.chunks(limit.clamp(1, WALK)) {
                let mut q = select(&joined(self.read.dialect(), "event e", page.codebook.edition), "e.seq");
                q.push_keys(seqs.iter().copied());
                let mut found = moment.news(q).await?;
                found.sort_unstable_by_key(|n| walk.order(n.at));
                news.extend(found.into_iter().filter(|n| {
                    let asked = if n.withdrawn == Withdrawn::No { &anywhere } else { &of_withdrawn };
                    asked.matches(&n.report.on_map(page.codebook))
                }));
                if news.len() >= limit {
                    break;
                }
            }
            if ended || news.len() >= limit {
                news.truncate(limit);
                return Ok(Changes { news, stopped: None });
            }
            if let Some(last) = events.last().filter(|_| looked >= MOST || begun.elapsed() > WALK_TIME) {
                let stopped = Some((moment.public_id(last.report).await?, last.n));
                return Ok(Changes { news, stopped });
            }
        }
    }

    /// Events after a position, oldest first, as a live stream tells them: of all wards, or of those that had one code
    /// one after the other.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn events_after(
        &self,
        wards: Option<&[WardId]>,
        after: Position,
        limit: u32,
        edition: i64,
    ) -> Result<Vec<News>, StoreError> {
        let dialect = self.read.dialect();
        let Some(wards) = wards else {
            let mut q = select(&joined(dialect, "event e", edition), "e.shown_ms IS NOT NULL");
            q.push(" AND e.seq > ").push_bind(after.seq).push(" ORDER BY e.seq LIMIT ").push_bind(limit);
            return self.read.fetch_all(q).await?.iter().map(news).collect();
        };
        let from = |event: &str| selected(&joined(dialect, event, edition));
        let ways = |ward: &WardId| into_and_out_of(dialect, &ward.to_string(), from);
        let mut statements: Vec<Sql> = wards.iter().flat_map(ways).collect();
        for q in &mut statements {
            q.push(" AND (e.shown_ms, e.seq) > (").push_bind(after.shown_ms).push(", ").push_bind(after.seq);
            q.push(") ORDER BY e.shown_ms, e.seq LIMIT ").push_bind(limit);
        }
        let rows = self.read.fetch_moment(statements).await?;
        let mut all = rows.iter().map(news).collect::<Result<Vec<_>, _>>()?;
        all.sort_unstable_by_key(|n| n.at);
        all.dedup_by_key(|n| n.at.seq);
        all.truncate(limit as usize);
        Ok(all)
    }

    /// What happened to one report, newest first, as far as the public knows of it: before the `n`th event, if one is
    /// named. Of a report that was withdrawn these are tombstones.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn news_of(
        &self,
        report: u64,
        before: Option<i64>,
        limit: u32,
        edition: i64,
    ) -> Result<Vec<News>, StoreError> {
        let join = self.read.dialect().join();
        let from = format!("report_public r {join} event e ON e.report = r.seq {}", placed(edition));
        let mut q = select(&from, "e.shown_ms IS NOT NULL AND r.id = ");
        q.push_bind(report as i64).push(" AND e.n < ").push_bind(before.unwrap_or(i64::MAX));
        q.push(" ORDER BY e.n DESC LIMIT ").push_bind(limit);
        self.read.fetch_all(q).await?.iter().map(news).collect()
    }

    /// Where the `n`th event of a report stands; it never moves, so it is what cursors name.
    ///
    /// # Errors
    /// [`StoreError::NoCursor`] when there is no such event.
    pub async fn event_position(&self, report: u64, n: i64) -> Result<Position, StoreError> {
        let row = self
            .read
            .fetch_optional(
                Sql::new(
                    "SELECT e.shown_ms, e.seq FROM report_public r JOIN event e ON e.report = r.seq
             WHERE r.id = $1 AND e.n = $2 AND e.shown_ms IS NOT NULL",
                )
                .bind(report as i64)
                .bind(n),
            )
            .await?
            .ok_or(StoreError::NoCursor)?;
        Ok(Position { shown_ms: row.try_get(0)?, seq: row.try_get(1)? })
    }

    /// Where the news end now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_event(&self) -> Result<Position, StoreError> {
        let row = self
            .read
            .fetch_one(Sql::new(
                "SELECT (SELECT coalesce(max(fed_ms), 0) FROM report_public),
                    (SELECT coalesce(max(seq), 0) FROM event WHERE seq > 0)",
            ))
            .await?;
        Ok(Position { shown_ms: row.try_get(0)?, seq: row.try_get(1)? })
    }
}

#[cfg(test)]
mod tests;
