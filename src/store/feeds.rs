//! Reading news: pages of reports by their last event, pages of events, what came after a position.
//! Two ways into one page (reports and tombstones, into a ward and out of it) are read in one
//! transaction and merged: each is then a walk along an index.

use super::db::{Row, Sql};
use super::dialect::Dialect;
use super::events::Position;
use super::fields::COLUMNS;
use super::narrow::{among, facts, kinds};
use super::read::{WALK_ABOVE, record, state};
use super::{ReportRecord, Store, StoreError};
use diaban_core::domain::report::{EventKind, Withdrawn};
use diaban_core::domain::{CodeBook, Instant, State, WardId};
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
    /// Only what stands before this position.
    pub before: Option<Position>,
    /// At most how many.
    pub limit: u32,
    /// About how many reports match in all.
    pub expected: u64,
}

/// Of what news tell.
#[derive(Clone, Copy, Debug)]
enum Told {
    Reports,
    Changes,
}

impl Position {
    /// The public moment.
    pub const fn shown(self) -> Instant {
        Instant::from_ms(self.shown_ms)
    }

    /// Whether it was recorded later than another: the order of a live stream.
    pub const fn is_after(self, other: Self) -> bool {
        self.seq > other.seq
    }
}

impl Store {
    /// Reports by their last event, newest first, hidden and erased ones among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn report_news(&self, page: NewsPage<'_>) -> Result<Vec<News>, StoreError> {
        self.decided(page, Told::Reports).await
    }

    /// Pages of what a condition of SQL lets through, until the evaluator has let through enough of them.
    /// Withdrawn reports pass: they become tombstones.
    async fn decided(&self, page: NewsPage<'_>, told: Told) -> Result<Vec<News>, StoreError> {
        let limit = page.limit as usize;
        // Of changes, the wards are those in which they happened, not where the report is now.
        let now = page.filter.of_any_ward();
        let (mut out, mut next) = (Vec::new(), page);
        loop {
            let news = match told {
                Told::Reports => self.narrowed_reports(next).await?,
                Told::Changes => self.narrowed_changes(next).await?,
            };
            let ended = news.len() < limit;
            next.before = news.last().map(|n| n.at).or(next.before);
            let shown =
                |n: &News| n.withdrawn != Withdrawn::No || now.matches(&n.report.on_map(page.codebook));
            out.extend(news.into_iter().filter(shown));
            if ended || out.len() >= limit {
                out.truncate(limit);
                return Ok(out);
            }
        }
    }

    async fn narrowed_reports(&self, page: NewsPage<'_>) -> Result<Vec<News>, StoreError> {
        let f = page.filter;
        let boxed = f.bbox().filter(|b| !b.crosses_antimeridian() && page.expected <= WALK_ABOVE);
        let dialect = self.read.dialect();
        let from = if boxed.is_some() {
            dialect.reports_by_place().to_owned()
        } else if f.wards().is_some_and(|w| w.as_slice().len() == 1) {
            dialect.along("report_public r", "report_public_ward_fed")
        } else if page.expected > WALK_ABOVE || f.is_all() {
            dialect.along("report_public r", "report_public_fed")
        } else {
            "report_public r".to_owned()
        };
        let with_event = |from: &str| format!("{from} {} event e ON e.seq = r.fed", dialect.join());
        let mut shown = select(&with_event(&from), "r.withdrawn = 0");
        if let Some(b) = boxed {
            dialect.place(&mut shown, b);
        }
        facts(&mut shown, f, page.codebook);
        // A tombstone has neither place nor state: it goes to whoever may have known the report.
        let from = dialect.along("report_public r", "report_public_withdrawn");
        let gone = select(&with_event(&from), "r.withdrawn <> 0");
        let mut both = vec![shown, gone];
        for q in &mut both {
            kinds(q, f, page.codebook);
            let name = |w| page.codebook.wards.get(w).map(ToString::to_string);
            among(q, "r.ward", f.wards().as_ref(), name);
            if let Some(p) = page.before {
                q.push(" AND (r.fed_ms, r.fed) < (")
                    .push_bind(p.shown_ms)
                    .push(", ")
                    .push_bind(p.seq)
                    .push(")");
            }
            q.push(" ORDER BY r.fed_ms DESC, r.fed DESC LIMIT ").push_bind(i64::from(page.limit));
        }
        let mut news = self.all(both).await?;
        news.sort_unstable_by_key(|n| std::cmp::Reverse(n.at));
        news.truncate(page.limit as usize);
        Ok(news)
    }

    /// Events, newest first: of one ward by their moment, of several or all as they were recorded.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes(&self, page: NewsPage<'_>) -> Result<Vec<News>, StoreError> {
        self.decided(page, Told::Changes).await
    }

    async fn narrowed_changes(&self, page: NewsPage<'_>) -> Result<Vec<News>, StoreError> {
        let names: Option<Vec<String>> =
            page.filter.wards().as_ref().map(|set| page.codebook.ward_names(set.as_slice()).collect());
        let limit = i64::from(page.limit);
        let dialect = self.read.dialect();
        if let Some([ward]) = names.as_deref() {
            let mut both = into_and_out_of(dialect, ward);
            for q in &mut both {
                visible(q, &page);
                if let Some(p) = page.before {
                    q.push(" AND (e.shown_ms, e.seq) < (").push_bind(p.shown_ms).push(", ");
                    q.push_bind(p.seq).push(")");
                }
                q.push(" ORDER BY e.shown_ms DESC, e.seq DESC LIMIT ").push_bind(limit);
            }
            let mut news = self.all(both).await?;
            news.sort_unstable_by_key(|n| std::cmp::Reverse(n.at));
            news.truncate(page.limit as usize);
            return Ok(news);
        }
        let mut q = select(&events(dialect, "event e"), "e.shown_ms IS NOT NULL");
        if names.is_some() {
            let name = |w| page.codebook.wards.get(w).map(ToString::to_string);
            q.push(" AND ((1 = 1");
            among(&mut q, "e.ward", page.filter.wards().as_ref(), name);
            q.push(") OR (1 = 1");
            among(&mut q, "e.from_ward", page.filter.wards().as_ref(), name);
            q.push("))");
        }
        visible(&mut q, &page);
        if let Some(p) = page.before {
            q.push(" AND e.seq < ").push_bind(p.seq);
        }
        q.push(" ORDER BY e.seq DESC LIMIT ").push_bind(limit);
        self.all(vec![q]).await
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
        let Some(ward) = ward else {
            let from = events(self.read.dialect(), "event e");
            let mut q = select(&from, "e.shown_ms IS NOT NULL");
            q.push(" AND e.seq > ").push_bind(after.seq).push(" ORDER BY e.seq LIMIT ").push_bind(limit);
            return self.all(vec![q]).await;
        };
        let mut both = into_and_out_of(self.read.dialect(), &ward.to_string());
        for q in &mut both {
            q.push(" AND (e.shown_ms, e.seq) > (").push_bind(after.shown_ms).push(", ").push_bind(after.seq);
            q.push(") ORDER BY e.shown_ms, e.seq LIMIT ").push_bind(limit);
        }
        let mut news = self.all(both).await?;
        news.sort_unstable_by_key(|n| n.at);
        news.truncate(limit as usize);
        Ok(news)
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

    /// Several reads of one moment.
    async fn all(&self, statements: Vec<Sql>) -> Result<Vec<News>, StoreError> {
        self.read.fetch_moment(statements).await?.iter().map(news).collect()
    }
}

/// Events with their reports.
fn events(dialect: Dialect, event: &str) -> String {
    format!("{event} {} report_public r ON r.seq = e.report", dialect.join())
}

fn select(from: &str, condition: &str) -> Sql {
    Sql::new(format!(
        "SELECT {}, r.withdrawn, r.fed, r.fed_ms, e.seq, e.shown_ms, e.n, e.kind, e.from_state, e.to_state,
             e.reason, e.note, e.ward, e.from_ward FROM {from} WHERE {condition}",
        *COLUMNS
    ))
}

/// What happened in a ward, and what left it.
fn into_and_out_of(dialect: Dialect, ward: &str) -> Vec<Sql> {
    let ways = [("e.ward", "event_ward"), ("e.from_ward", "event_from_ward")];
    let way = |(column, index): (&str, &str)| {
        let from = events(dialect, &dialect.along("event e", index));
        let mut q = select(&from, &format!("{column} = "));
        q.push_bind(ward).push(" AND e.shown_ms IS NOT NULL");
        q
    };
    ways.into_iter().map(way).collect()
}

/// The filter on the report as it is now; withdrawn ones pass, they become tombstones.
fn visible(q: &mut Sql, page: &NewsPage<'_>) {
    kinds(q, page.filter, page.codebook);
    q.push(" AND (r.withdrawn <> 0 OR (1 = 1");
    facts(q, page.filter, page.codebook);
    q.push("))");
}

fn news(row: &Row) -> Result<News, StoreError> {
    let number = |name| row.try_get::<i64>(name);
    let named = |name| Ok::<_, StoreError>(row.try_get::<Option<&str>>(name)?.and_then(WardId::parse));
    let seq = number("seq")?;
    Ok(News {
        report: record(row)?,
        withdrawn: Withdrawn::from_code(row.code("withdrawn")?),
        is_last: number("fed")? == seq,
        told: Instant::from_ms(number("fed_ms")?),
        at: Position { shown_ms: number("shown_ms")?, seq },
        n: number("n")?,
        // A kind of a later version of the program reads as a note.
        kind: u8::try_from(row.code("kind")?).ok().and_then(EventKind::from_code).unwrap_or(EventKind::Note),
        from: row.code_optional("from_state")?.map(state),
        to: state(row.code("to_state")?),
        reason: row.try_get("reason")?,
        note: row.try_get("note")?,
        ward: named("ward")?,
        from_ward: named("from_ward")?,
    })
}
