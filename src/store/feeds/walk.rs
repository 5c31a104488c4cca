//! Which events a page of changes looks at, and in which order: by key where few reports can match, along an
//! index where many can.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use super::NewsPage;
use crate::store::StoreError;
use crate::store::database::dialect::Dialect;
use crate::store::database::{Moment, Row, Sql};
use crate::store::pages::Ranges;
use crate::store::record::events::Position;
use diaban_core::map::SeqSet;

/// The events of at most so many matching reports are looked up; those of more are searched for.
const FEW: usize = if cfg!(test) { 60 } else { 1_000 };
/// So many wards are walked ward by ward.
const FEW_WARDS: usize = 32;
/// Events that are looked at for one page. If the page is not full then, the next one goes on from there.
pub(super) const MOST: usize = if cfg!(test) { 60 } else { 50_000 };
/// A search for events ends after so long, too, once it has looked at some.
pub(super) const WALK_TIME: Duration = Duration::from_millis(200);
/// Tombstones that are looked at for one page of reports; the next one goes on from there.
const TOMBSTONES: usize = if cfg!(test) { 3 } else { 5_000 };
/// Of these so many are read by one statement.
pub(super) const WALK: usize = if cfg!(test) { 16 } else { 4_000 };

/// The reports that may match, as the map knows it.
pub(super) struct Candidates {
    pub(super) matching: SeqSet,
    /// All that the map has. A report that it does not have was withdrawn, or came later.
    pub(super) known: SeqSet,
    /// What changed since.
    pub(super) changed: Ranges,
}

impl Candidates {
    pub(super) fn may_match(&self, report: i64) -> bool {
        let Ok(seq) = u32::try_from(report) else { return true };
        self.matching.contains(seq) || !self.known.contains(seq) || self.changed.contains(report)
    }

    /// Those that are not withdrawn, if they are few enough to be looked up.
    pub(super) fn few(&self) -> Option<Vec<i64>> {
        let all = self.matching.before(None).chain(self.changed.before(None));
        let some: Vec<i64> = all.take(FEW + 1).map(i64::from).collect();
        (some.len() <= FEW).then_some(some)
    }
}

/// An event as it is found before it is read.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) at: Position,
    pub(super) report: i64,
    pub(super) n: i64,
    pub(super) ward: Option<String>,
    pub(super) from_ward: Option<String>,
}

pub(super) const KEY: &str = "SELECT e.seq, e.shown_ms, e.report, e.n, e.ward, e.from_ward FROM ";

/// In which order events are looked at, and which of them are asked for.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) dialect: Dialect,
    /// Events of few wards are walked by their moment, ward by ward, others as they were recorded.
    pub(super) along: Option<Vec<String>>,
    pub(super) wards: Option<HashSet<String>>,
}

impl Walk {
    pub(super) fn new(dialect: Dialect, wards: Option<Vec<String>>) -> Self {
        let along = wards.clone().filter(|wards| are_few(wards));
        Self { dialect, along, wards: wards.map(|w| w.into_iter().collect()) }
    }

    pub(super) fn concerns(&self, e: &Key) -> bool {
        let Some(all) = &self.wards else { return true };
        // Without a ward it happened in the empty one; it came from there only if it says so.
        all.contains(e.ward.as_deref().unwrap_or_default())
            || e.from_ward.as_ref().is_some_and(|w| all.contains(w))
    }

    pub(super) fn is_before(&self, at: Position, before: Option<Position>) -> bool {
        before.is_none_or(|p| self.order(at) > self.order(p))
    }

    /// The first comes first.
    pub(super) fn order(&self, at: Position) -> Reverse<(i64, i64)> {
        Reverse((if self.along.is_some() { at.shown_ms } else { 0 }, at.seq))
    }

    /// The next events in this order: statements whose answers are one list together.
    pub(super) fn next(&self, before: Option<Position>, limit: usize) -> Vec<Sql> {
        let Some(wards) = &self.along else {
            let mut q = Sql::new(format!("{KEY}event e WHERE e.shown_ms IS NOT NULL"));
            if let Some(p) = before {
                q.push(" AND e.seq < ").push_bind(p.seq);
            }
            q.push(" ORDER BY e.seq DESC LIMIT ").push_bind(limit as i64);
            return vec![q];
        };
        let ways = |ward: &String| into_and_out_of(self.dialect, ward, |event| format!("{KEY}{event}"));
        let mut all: Vec<Sql> = wards.iter().flat_map(ways).collect();
        for q in &mut all {
            if let Some(p) = before {
                q.push(" AND (e.shown_ms, e.seq) < (").push_bind(p.shown_ms).push(", ");
                q.push_bind(p.seq).push(")");
            }
            q.push(" ORDER BY e.shown_ms DESC, e.seq DESC LIMIT ").push_bind(limit as i64);
        }
        all
    }
}

/// Whether wards are walked one by one: all that a code meant and means, and what was taken back on its ground.
pub(super) fn are_few(wards: &[String]) -> bool {
    (1..=FEW_WARDS).contains(&wards.len()) && wards.iter().all(|ward| !ward.is_empty())
}

impl Moment {
    /// The next events of a walk.
    pub(super) async fn events(
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
    pub(super) async fn events_of(
        &mut self,
        walk: &Walk,
        reports: Vec<i64>,
    ) -> Result<Option<Vec<Key>>, StoreError> {
        let q = Sql::new("SELECT seq FROM report_public WHERE withdrawn <> 0 AND withdrawn <> 3 LIMIT $1");
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

    /// The last tombstone that a page of reports looks at, with its public id and the number of its last
    /// event; none if they are not so many.
    pub(super) async fn last_tombstone(
        &mut self,
        page: &NewsPage<'_>,
    ) -> Result<Option<(Position, u64, i64)>, StoreError> {
        let mut q = Sql::new(
            "SELECT t.fed_ms, t.fed, r.id, e.n FROM
               (SELECT w.seq, w.fed_ms, w.fed FROM report_public w WHERE w.withdrawn <> 0",
        );
        if let Some(p) = page.before {
            q.push(" AND (w.fed_ms, w.fed) < (").push_bind(p.shown_ms).push(", ").push_bind(p.seq).push(")");
        }
        q.push(" ORDER BY w.fed_ms DESC, w.fed DESC LIMIT 1 OFFSET ").push_bind(TOMBSTONES as i64 - 1);
        q.push(") t JOIN report_public r ON r.seq = t.seq JOIN event e ON e.seq = t.fed");
        let rows = self.fetch_all(q).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let at = Position { shown_ms: row.try_get("fed_ms")?, seq: row.try_get("fed")? };
        Ok(Some((at, row.try_get::<i64>("id")? as u64, row.try_get("n")?)))
    }

    pub(super) async fn public_id(&mut self, report: i64) -> Result<u64, StoreError> {
        let q = Sql::new("SELECT id FROM report_public WHERE seq = $1").bind(report);
        let rows = self.fetch_all(q).await?;
        let row = rows.first().ok_or(StoreError::NoCursor)?;
        Ok(row.try_get::<i64>("id")? as u64)
    }
}

/// What happened in a ward, and what left it. `from` begins a statement over the events of an index.
pub(super) fn into_and_out_of(dialect: Dialect, ward: &str, from: impl Fn(&str) -> String) -> Vec<Sql> {
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
