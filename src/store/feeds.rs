//! Reading news: pages of reports by their last event, pages of events, what came after a position.
//! Where an index alone does not know the page, the live map says which reports match, and SQL reads what
//! was chosen by key. All statements of a page see one moment.

use std::cmp::Reverse;
use std::collections::HashSet;

use tokio::task::block_in_place;

use super::changes::newest;
use super::db::{Moment, Row, Sql};
use super::dialect::Dialect;
use super::events::Position;
use super::fields::COLUMNS;
use super::pages::Ranges;
use super::read::{record, state};
use super::{ReportRecord, Store, StoreError};
use diaban_core::domain::report::{EventKind, Withdrawn};
use diaban_core::domain::{CodeBook, Instant, State, WardId};
use diaban_core::map::{SeqSet, Snapshot};
use diaban_core::query::Filter;

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

/// So many of the newest reports that changed since the map was made are looked at.
const CHANGED: usize = 1_000;
/// The events of at most so many matching reports are looked up; those of more are searched for.
const FEW: usize = if cfg!(test) { 60 } else { 1_000 };
/// Events that are looked at for one page. If the page is not full then, the next one goes on from there.
const MOST: usize = if cfg!(test) { 60 } else { 50_000 };
/// Of these so many are read by one statement.
const WALK: usize = if cfg!(test) { 16 } else { 4_000 };

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

    /// The wards that are asked for, by name.
    fn wards(&self) -> Option<Vec<String>> {
        self.filter.wards().map(|set| self.codebook.ward_names(set.as_slice()).collect())
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
    pub async fn report_news(&self, page: NewsPage<'_>) -> Result<Vec<News>, StoreError> {
        let limit = page.limit as usize;
        let dialect = self.read.dialect();
        let along = |index| {
            let reports = dialect.along("report_public r", index);
            format!("{reports} {} event e ON e.seq = r.fed", dialect.join())
        };
        let wards = page.wards();
        let mut moment = self.read.moment().await?;
        // The feed of a ward or of all: one walk along an index has the tombstones among the rest.
        let index = match &wards {
            _ if !page.anywhere().is_all() => None,
            None => Some("report_public_fed"),
            Some(wards) if wards.len() == 1 => Some("report_public_ward_fed"),
            Some(_) => None,
        };
        if let Some(index) = index {
            let mut q = select(&along(index), "1 = 1");
            among(&mut q, "r.ward", wards.as_deref());
            by_last_event(&mut q, &page);
            return moment.news(q).await;
        }
        let mut q = select(&along("report_public_withdrawn"), "r.withdrawn <> 0");
        among(&mut q, "r.category", page.categories().as_deref());
        among(&mut q, "r.ward", wards.as_deref());
        by_last_event(&mut q, &page);
        let mut all = moment.news(q).await?;
        let changed = moment.changed_since(page.map.at()).await?;
        let unchanged = |seq: u32| !changed.contains(seq.into());
        let chosen = block_in_place(|| page.map.latest(page.filter, page.before, limit, unchanged));
        let newest = changed.before(None).take(CHANGED);
        let keys: Vec<i64> = chosen.into_iter().map(|(_, seq)| seq).chain(newest).map(i64::from).collect();
        if !keys.is_empty() {
            let from = format!("report_public r {} event e ON e.seq = r.fed", dialect.join());
            let mut q = select(&from, "r.withdrawn = 0 AND r.seq");
            q.push_keys(keys.into_iter());
            let shown = |n: &News| {
                page.before.is_none_or(|p| n.at < p) && page.filter.matches(&n.report.on_map(page.codebook))
            };
            all.extend(moment.news(q).await?.into_iter().filter(shown));
        }
        all.sort_unstable_by_key(|n| Reverse(n.at));
        all.truncate(limit);
        Ok(all)
    }

    /// Events, newest first: of one ward by their moment, of several or all as they were recorded.
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
                let mut q = select(&joined(self.read.dialect(), "event e"), "e.seq");
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
            if let Some(last) = events.last().filter(|_| looked >= MOST) {
                let stopped = Some((moment.public_id(last.report).await?, last.n));
                return Ok(Changes { news, stopped });
            }
        }
    }

    /// Events after a position, oldest first, as a live stream tells them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn events_after(
        &self,
        ward: Option<&WardId>,
        after: Position,
        limit: u32,
    ) -> Result<Vec<News>, StoreError> {
        let dialect = self.read.dialect();
        let Some(ward) = ward else {
            let mut q = select(&joined(dialect, "event e"), "e.shown_ms IS NOT NULL");
            q.push(" AND e.seq > ").push_bind(after.seq).push(" ORDER BY e.seq LIMIT ").push_bind(limit);
            return self.read.fetch_all(q).await?.iter().map(news).collect();
        };
        let from = |event: &str| selected(&joined(dialect, event));
        let mut both = into_and_out_of(dialect, &ward.to_string(), from);
        for q in &mut both {
            q.push(" AND (e.shown_ms, e.seq) > (").push_bind(after.shown_ms).push(", ").push_bind(after.seq);
            q.push(") ORDER BY e.shown_ms, e.seq LIMIT ").push_bind(limit);
        }
        let rows = self.read.fetch_moment(both).await?;
        let mut all = rows.iter().map(news).collect::<Result<Vec<_>, _>>()?;
        all.sort_unstable_by_key(|n| n.at);
        all.truncate(limit as usize);
        Ok(all)
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
                    (SELECT coalesce(max(seq), 0) FROM event)",
            ))
            .await?;
        Ok(Position { shown_ms: row.try_get(0)?, seq: row.try_get(1)? })
    }
}

/// The reports that may match, as the map knows it.
struct Candidates {
    matching: SeqSet,
    /// All that the map has. A report that it does not have was withdrawn, or came later.
    known: SeqSet,
    /// What changed since.
    changed: Ranges,
}

impl Candidates {
    fn may_match(&self, report: i64) -> bool {
        let Ok(seq) = u32::try_from(report) else { return true };
        self.matching.contains(seq) || !self.known.contains(seq) || self.changed.contains(report)
    }

    /// Those that are not withdrawn, if they are few enough to be looked up.
    fn few(&self) -> Option<Vec<i64>> {
        let all = self.matching.before(None).chain(self.changed.before(None));
        let some: Vec<i64> = all.take(FEW + 1).map(i64::from).collect();
        (some.len() <= FEW).then_some(some)
    }
}

/// An event as it is found before it is read.
#[derive(Clone, Debug)]
struct Key {
    at: Position,
    report: i64,
    n: i64,
    ward: Option<String>,
    from_ward: Option<String>,
}

const KEY: &str = "SELECT e.seq, e.shown_ms, e.report, e.n, e.ward, e.from_ward FROM ";

/// In which order events are looked at, and which of them are asked for.
#[derive(Debug)]
struct Walk {
    dialect: Dialect,
    /// Events of one ward are walked by their moment, others as they were recorded.
    ward: Option<String>,
    wards: Option<HashSet<String>>,
}

impl Walk {
    fn new(dialect: Dialect, wards: Option<Vec<String>>) -> Self {
        let ward = wards.as_ref().and_then(|w| if let [ward] = &w[..] { Some(ward.clone()) } else { None });
        Self { dialect, ward, wards: wards.map(|w| w.into_iter().collect()) }
    }

    fn concerns(&self, e: &Key) -> bool {
        let asked = |ward: &Option<String>| {
            self.wards.as_ref().is_none_or(|all| ward.as_ref().is_some_and(|w| all.contains(w)))
        };
        asked(&e.ward) || asked(&e.from_ward)
    }

    fn is_before(&self, at: Position, before: Option<Position>) -> bool {
        before.is_none_or(|p| self.order(at) > self.order(p))
    }

    /// The first comes first.
    fn order(&self, at: Position) -> Reverse<(i64, i64)> {
        Reverse((if self.ward.is_some() { at.shown_ms } else { 0 }, at.seq))
    }

    /// The next events in this order: statements whose answers are one list together.
    fn next(&self, before: Option<Position>, limit: usize) -> Vec<Sql> {
        let Some(ward) = &self.ward else {
            let mut q = Sql::new(format!("{KEY}event e WHERE e.shown_ms IS NOT NULL"));
            if let Some(p) = before {
                q.push(" AND e.seq < ").push_bind(p.seq);
            }
            q.push(" ORDER BY e.seq DESC LIMIT ").push_bind(limit as i64);
            return vec![q];
        };
        let mut both = into_and_out_of(self.dialect, ward, |event| format!("{KEY}{event}"));
        for q in &mut both {
            if let Some(p) = before {
                q.push(" AND (e.shown_ms, e.seq) < (").push_bind(p.shown_ms).push(", ");
                q.push_bind(p.seq).push(")");
            }
            q.push(" ORDER BY e.shown_ms DESC, e.seq DESC LIMIT ").push_bind(limit as i64);
        }
        both
    }
}

impl Moment {
    async fn news(&mut self, q: Sql) -> Result<Vec<News>, StoreError> {
        self.fetch_all(q).await?.iter().map(news).collect()
    }

    /// The reports that the log names after a position.
    async fn changed_since(&mut self, at: i64) -> Result<Ranges, StoreError> {
        Ranges::of_log(&self.fetch_all(newest(at)).await?)
    }

    /// The next events of a walk.
    async fn events(
        &mut self,
        walk: &Walk,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Key>, StoreError> {
        let mut events = Vec::new();
        for q in walk.next(before, limit) {
            let rows = self.fetch_all(q).await?;
            events.extend(rows.iter().map(key).collect::<Result<Vec<_>, _>>()?);
        }
        events.sort_unstable_by_key(|e: &Key| walk.order(e.at));
        events.dedup_by_key(|e| e.at.seq);
        events.truncate(limit);
        Ok(events)
    }

    /// All events of these reports and of the withdrawn ones, in the order of a walk; none if the latter are
    /// too many to be looked up.
    async fn events_of(&mut self, walk: &Walk, reports: Vec<i64>) -> Result<Option<Vec<Key>>, StoreError> {
        let q = Sql::new("SELECT seq FROM report_public WHERE withdrawn <> 0 LIMIT $1");
        let withdrawn = self.fetch_all(q.bind(FEW as i64 + 1)).await?;
        if withdrawn.len() > FEW {
            return Ok(None);
        }
        let mut all: HashSet<i64> = reports.into_iter().collect();
        for row in &withdrawn {
            all.insert(row.try_get("seq")?);
        }
        let all: Vec<i64> = all.into_iter().collect();
        let mut events = Vec::new();
        for reports in all.chunks(FEW) {
            let mut q = Sql::new(format!("{KEY}event e WHERE e.shown_ms IS NOT NULL AND e.report"));
            q.push_keys(reports.iter().copied());
            let rows = self.fetch_all(q).await?;
            events.extend(rows.iter().map(key).collect::<Result<Vec<_>, _>>()?);
        }
        events.sort_unstable_by_key(|e: &Key| walk.order(e.at));
        Ok(Some(events))
    }

    async fn public_id(&mut self, report: i64) -> Result<u64, StoreError> {
        let q = Sql::new("SELECT id FROM report_public WHERE seq = $1").bind(report);
        let rows = self.fetch_all(q).await?;
        let row = rows.first().ok_or(StoreError::NoCursor)?;
        Ok(row.try_get::<i64>("id")? as u64)
    }
}

/// Events with their reports.
fn joined(dialect: Dialect, event: &str) -> String {
    format!("{event} {} report_public r ON r.seq = e.report", dialect.join())
}

fn select(from: &str, condition: &str) -> Sql {
    Sql::new(format!("{} WHERE {condition}", selected(from)))
}

fn selected(from: &str) -> String {
    format!(
        "SELECT {}, r.withdrawn, r.fed, r.fed_ms, e.seq AS event_seq, e.shown_ms, e.n, e.kind, e.from_state,
             e.to_state, e.reason, e.note, e.ward AS event_ward, e.from_ward FROM {from}",
        *COLUMNS
    )
}

/// A value among names; all where none are asked for.
fn among(q: &mut Sql, column: &str, names: Option<&[String]>) {
    if let Some(names) = names {
        q.push(" AND ").push(column).push_in(names);
    }
}

/// The next reports along an index over their last events.
fn by_last_event(q: &mut Sql, page: &NewsPage<'_>) {
    if let Some(p) = page.before {
        q.push(" AND (r.fed_ms, r.fed) < (").push_bind(p.shown_ms).push(", ").push_bind(p.seq).push(")");
    }
    q.push(" ORDER BY r.fed_ms DESC, r.fed DESC LIMIT ").push_bind(i64::from(page.limit));
}

/// What happened in a ward, and what left it. `from` begins a statement over the events of an index.
fn into_and_out_of(dialect: Dialect, ward: &str, from: impl Fn(&str) -> String) -> Vec<Sql> {
    let ways = [("e.ward", "event_ward"), ("e.from_ward", "event_from_ward")];
    let way = |(column, index): (&str, &str)| {
        let from = from(&dialect.along("event e", index));
        let mut q = Sql::new(format!("{from} WHERE {column} = "));
        q.push_bind(ward).push(" AND e.shown_ms IS NOT NULL");
        q
    };
    ways.into_iter().map(way).collect()
}

fn key(row: &Row) -> Result<Key, StoreError> {
    Ok(Key {
        at: Position { shown_ms: row.try_get("shown_ms")?, seq: row.try_get("seq")? },
        report: row.try_get("report")?,
        n: row.try_get("n")?,
        ward: row.try_get("ward")?,
        from_ward: row.try_get("from_ward")?,
    })
}

fn news(row: &Row) -> Result<News, StoreError> {
    let named = |column| Ok::<_, StoreError>(row.try_get::<Option<&str>>(column)?.and_then(WardId::parse));
    let seq = row.try_get("event_seq")?;
    Ok(News {
        report: record(row)?,
        withdrawn: Withdrawn::from_code(row.code("withdrawn")?),
        is_last: row.try_get::<i64>("fed")? == seq,
        told: Instant::from_ms(row.try_get("fed_ms")?),
        at: Position { shown_ms: row.try_get("shown_ms")?, seq },
        n: row.try_get("n")?,
        // A kind of a later version of the program reads as a note.
        kind: u8::try_from(row.code("kind")?).ok().and_then(EventKind::from_code).unwrap_or(EventKind::Note),
        from: row.code_optional("from_state")?.map(state),
        to: state(row.code("to_state")?),
        reason: row.try_get("reason")?,
        note: row.try_get("note")?,
        ward: named("event_ward")?,
        from_ward: named("from_ward")?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::super::db::testing::Connection;
    use super::super::pages::tests::made;
    use super::super::{Amendment, Step};
    use super::*;
    use crate::store::test_database::store_url;
    use diaban_core::query::CodeSet;
    use diaban_core::query::params::{LIST, parse};
    use diaban_core::query::testing::{codebook, expression};

    /// What of an event tells it from all others.
    type Names = Vec<(u64, i64)>;

    fn names(news: &[News]) -> Names {
        news.iter().map(|n| (n.report.id, n.n)).collect()
    }

    async fn step(store: &Store, id: u64, step: Step, at: i64) {
        let was = store.standing(id).await.unwrap().unwrap();
        let at = Instant::from_ms(at);
        let (role, reason, note) = ("office", None, None);
        let amendment = Amendment { was, step, role, at, shown: at, reason, note };
        assert_eq!(store.amend_report(amendment).await.unwrap(), super::super::Applied::Done);
    }

    /// Both feeds, page by page.
    async fn pages(store: &Store, page: NewsPage<'_>) -> [Names; 2] {
        let mut both = [Names::new(), Names::new()];
        let mut next = page;
        loop {
            let news = store.report_news(next).await.unwrap();
            both[0].extend(names(&news));
            if news.len() < page.limit as usize {
                break;
            }
            next.before = news.last().map(|n| n.at);
        }
        next.before = None;
        loop {
            let Changes { news, stopped } = store.changes(next).await.unwrap();
            both[1].extend(names(&news));
            assert!(stopped.is_none() || news.len() < page.limit as usize);
            next.before = match stopped {
                Some((report, n)) => Some(store.event_position(report, n).await.unwrap()),
                None if news.len() < page.limit as usize => return both,
                None => news.last().map(|n| n.at),
            };
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn feeds_hold_what_the_evaluator_chooses_though_the_map_is_older() {
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        let codebook = codebook();
        store.load_reports((1..=110).map(|id| made(id, &codebook)).collect()).await.unwrap();
        let mut connection = Connection::open(&url).await;
        connection.db().run("UPDATE report_public SET votes = seq % 12".to_owned()).await.unwrap();
        for id in 1..=40 {
            step(&store, id * 2, Step::Note, 300_000 + id as i64).await;
        }
        for id in 20..=25 {
            step(&store, id, Step::Hide, 310_000).await;
        }
        let map = |store: &Store| {
            let (store, codebook) = (store.clone(), &codebook);
            async move {
                let at = store.last_change().await.unwrap();
                Snapshot::from_rows(store.map_rows(&[(0, i64::MAX)], codebook).await.unwrap(), at)
            }
        };
        let older = map(&store).await;
        store.load_reports((111..=130).map(|id| made(id, &codebook)).collect()).await.unwrap();
        for id in 60..=75 {
            step(&store, id, Step::State(State::Resolved), 320_000 + id as i64).await;
        }
        for id in [24, 25] {
            step(&store, id, Step::Show, 330_000).await;
        }
        for id in [26, 70, 120] {
            step(&store, id, Step::Erase, 340_000).await;
        }
        let level = map(&store).await;
        assert_eq!((older.len(), level.len()), (104, 123));
        let all = Filter::default();
        let page = NewsPage { filter: &all, codebook: &codebook, map: &level, before: None, limit: 1_000 };
        let reports = store.report_news(page).await.unwrap();
        let mut changes = Vec::new();
        let mut next = page;
        loop {
            let part = store.changes(next).await.unwrap();
            next.before = part.news.last().map(|n| n.at);
            changes.extend(part.news);
            if part.stopped.is_none() {
                break;
            }
        }
        assert_eq!((reports.len(), changes.len()), (130, 130 + 40 + 6 + 16 + 2 + 3));
        let mut runner = TestRunner::deterministic();
        let (mut found, mut rounds) = ([0, 0], 0_u16);
        while rounds < 150 {
            let text = expression().new_tree(&mut runner).unwrap().current();
            let Ok(q) = parse(&[("filter".into(), text.clone())], LIST, &codebook, Instant::from_ms(400_000))
            else {
                continue;
            };
            rounds += 1;
            let mut filter = q.filter;
            if rounds.is_multiple_of(3) {
                filter = filter.of_any_ward().in_wards(CodeSet::from_iter([rounds / 3 % 4]));
            }
            let page = NewsPage { filter: &filter, limit: 7, ..page };
            let (anywhere, of_withdrawn) = (page.anywhere(), page.of_withdrawn());
            let passes = |n: &&News| {
                let asked = if n.withdrawn == Withdrawn::No { &anywhere } else { &of_withdrawn };
                asked.matches(&n.report.on_map(&codebook))
            };
            let wards = page.wards();
            let in_wards = |ward: &Option<WardId>| {
                wards.as_ref().is_none_or(|all| ward.as_ref().is_some_and(|w| all.contains(&w.to_string())))
            };
            let want_reports: Vec<News> =
                reports.iter().filter(|n| passes(n) && in_wards(&n.report.facts.ward)).cloned().collect();
            let mut want_changes: Vec<News> = changes
                .iter()
                .filter(|n| passes(n) && (in_wards(&n.ward) || in_wards(&n.from_ward)))
                .cloned()
                .collect();
            if wards.is_some_and(|w| w.len() == 1) {
                want_changes.sort_by_key(|n| Reverse(n.at));
            } else {
                want_changes.sort_by_key(|n| Reverse(n.at.seq));
            }
            let want = [names(&want_reports), names(&want_changes)];
            found[0] += want[0].len();
            found[1] += want[1].len();
            for map in [&older, &level] {
                assert_eq!(
                    pages(&store, NewsPage { map, ..page }).await,
                    want,
                    "{text} {:?}",
                    filter.wards()
                );
            }
        }
        assert!(found.iter().all(|n| *n > 1_000), "most expressions choose something: {found:?}");
        store.close().await;
    }
}
