//! Reading reports: one, a page of a list, the rows of the map, the true places for re-assignment.

use super::db::{Row, Sql};
use super::dialect::Dialect;
use super::fields::{self, COLUMNS, MAP_COLUMNS, map_row, point};
use super::narrow::{among, facts, kinds};
use super::{Assignment, Store, StoreError};
use diaban_core::domain::report::PublicFacts;
use diaban_core::domain::view::MapRow;
use diaban_core::domain::{CodeBook, State, WardId};
use diaban_core::geo::LonLat;
use diaban_core::query::Filter;

/// A report as it was read: the public facts with their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRecord {
    /// The internal sequence.
    pub seq: i64,
    /// The public id.
    pub id: u64,
    /// What everybody may see.
    pub facts: PublicFacts,
}

/// What re-assignment needs of a report: the true place and where it belongs now.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedRecord {
    /// The true place; none for a placeless report.
    pub point: Option<LonLat>,
    /// Code of the category.
    pub category: String,
    /// The assignment on record.
    pub assigned: Assignment,
}

/// A page of a list, newest first by internal sequence.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Which rows.
    pub filter: &'a Filter,
    /// The names behind the filter's codes.
    pub codebook: &'a CodeBook,
    /// Only rows before this internal sequence.
    pub before: Option<i64>,
    /// At most how many.
    pub limit: u32,
    /// About how many rows match in all: a small box is looked up, a large one is walked.
    pub expected: u64,
    /// The rows that match, where the map knows them to be few.
    pub known: Option<&'a Known>,
}

/// Which rows match, as the map knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Their internal sequences.
    pub rows: Vec<i64>,
    /// The last internal sequence that the map knows: of later ones it says nothing.
    pub last: i64,
}

/// Above this many matches, walking the list newest first finds a page sooner than sorting all
/// candidates of the box.
pub(super) const WALK_ABOVE: u64 = 20_000;

/// A range of so many rows is read by a statement of its own.
const LONG: i64 = 16;
/// So many rows that lie apart are read by one statement.
const SCATTERED: usize = 512;

/// The statement for rows of the map, up to the sequences that are asked for.
fn map_rows() -> Sql {
    Sql::new(format!("SELECT {} FROM report_public WHERE withdrawn = 0 AND seq", *MAP_COLUMNS))
}

impl Store {
    /// One report by its public id, unless it was hidden or erased.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn report(&self, id: u64) -> Result<Option<ReportRecord>, StoreError> {
        let mut q =
            Sql::new(format!("SELECT {} FROM report_public r WHERE r.withdrawn = 0 AND r.id = ", *COLUMNS));
        q.push_bind(id as i64);
        let row = self.read.fetch_optional(q).await?;
        row.as_ref().map(record).transpose()
    }

    /// The internal sequence behind a cursor, which is the public id of a page's last row.
    ///
    /// # Errors
    /// [`StoreError::NoCursor`] when no such report is there.
    pub async fn cursor(&self, id: u64) -> Result<i64, StoreError> {
        self.read
            .fetch_value_optional(Sql::new("SELECT seq FROM report_public WHERE id = $1").bind(id as i64))
            .await?
            .ok_or(StoreError::NoCursor)
    }

    /// A page of the list: the condition narrows, the evaluator decides, and more is read until the page is
    /// full.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn page(&self, page: Page<'_>) -> Result<Vec<ReportRecord>, StoreError> {
        let (mut out, mut next) = (Vec::new(), page);
        loop {
            let rows = self.read.fetch_all(page_query(self.read.dialect(), &next)).await?;
            for row in &rows {
                let record = record(row)?;
                next.before = Some(record.seq);
                if page.filter.matches(&record.on_map(page.codebook)) {
                    out.push(record);
                }
            }
            if rows.len() < page.limit as usize || out.len() >= page.limit as usize {
                out.truncate(page.limit as usize);
                return Ok(out);
            }
        }
    }

    /// Rows of the live map with internal sequences in one of the ranges, ascending; a range is its first
    /// and its last, and none meets another.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn map_rows(
        &self,
        ranges: &[(i64, i64)],
        codebook: &CodeBook,
    ) -> Result<Vec<MapRow>, StoreError> {
        let (long, short): (Vec<_>, Vec<_>) = ranges.iter().partition(|(first, last)| last - first >= LONG);
        let mut found = Vec::new();
        for (first, last) in long {
            let mut q = map_rows();
            q.push(" BETWEEN ").push_bind(first).push(" AND ").push_bind(last);
            found.extend(self.read.fetch_all(q).await?);
        }
        let mut scattered: Vec<i64> = short.into_iter().flat_map(|(first, last)| first..=last).collect();
        // One statement for many rows that lie apart; of few lengths, so that statements are known again.
        if let Some(&last) = scattered.last() {
            let whole = scattered.len().next_power_of_two().min(scattered.len().next_multiple_of(SCATTERED));
            scattered.resize(whole, last);
        }
        for seqs in scattered.chunks(SCATTERED) {
            let mut q = map_rows();
            q.push_in(seqs.iter().copied());
            found.extend(self.read.fetch_all(q).await?);
        }
        let mut rows = found.iter().map(|row| map_row(row, codebook)).collect::<Result<Vec<_>, _>>()?;
        rows.sort_unstable_by_key(|r| r.seq);
        Ok(rows)
    }

    /// The largest internal sequence in use.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_report(&self) -> Result<i64, StoreError> {
        self.read.fetch_value(Sql::new("SELECT coalesce(max(seq), 0) FROM report_public")).await
    }

    /// True places for re-assignment, by internal sequence, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn places_after(&self, seq: i64, limit: i64) -> Result<Vec<PlacedRecord>, StoreError> {
        let rows = self.read.fetch_all(Sql::new(
            "SELECT r.seq, p.lon AS true_lon, p.lat AS true_lat, r.category, r.ward, r.body, r.rule, r.lon, r.lat,
                    r.border_m, r.offshore_m
             FROM report_public r JOIN report_private p USING (seq) WHERE r.seq > $1 ORDER BY r.seq LIMIT $2",
        ).bind(seq).bind(limit)).await?;
        rows.iter()
            .map(|row| {
                Ok(PlacedRecord {
                    point: point(row.try_get("true_lon")?, row.try_get("true_lat")?),
                    category: row.try_get("category")?,
                    assigned: Assignment {
                        seq: row.try_get("seq")?,
                        ward: row.try_get::<Option<&str>>("ward")?.and_then(WardId::parse),
                        body: row.try_get("body")?,
                        rule: row.try_get("rule")?,
                        point: point(row.try_get("lon")?, row.try_get("lat")?),
                        border_m: row.try_get("border_m")?,
                        offshore_m: row.try_get("offshore_m")?,
                    },
                })
            })
            .collect()
    }
}

fn page_query(dialect: Dialect, page: &Page<'_>) -> Sql {
    let f = page.filter;
    // The tree of boxes knows no antimeridian, and gives candidates only.
    let boxed = f.bbox().filter(|b| !b.crosses_antimeridian() && page.expected <= WALK_ABOVE);
    let from = if boxed.is_some() { dialect.reports_by_place() } else { "report_public r" };
    let mut q = Sql::new(format!("SELECT {} FROM {from} WHERE r.withdrawn = 0", *COLUMNS));
    if let Some(b) = boxed {
        dialect.place(&mut q, b);
    }
    if let Some(seq) = page.before {
        q.push(" AND r.seq < ").push_bind(seq);
    }
    if let Some(known) = page.known {
        q.push(" AND (r.seq > ").push_bind(known.last).push(" OR r.seq");
        q.push_in(known.rows.iter().copied()).push(")");
    }
    facts(&mut q, f, page.codebook);
    kinds(&mut q, f, page.codebook);
    among(&mut q, "r.ward", f.wards().as_ref(), |w| page.codebook.wards.get(w).map(ToString::to_string));
    q.push(" ORDER BY r.seq DESC LIMIT ").push_bind(i64::from(page.limit));
    q
}

pub(super) fn state(code: i64) -> State {
    // A state of a later version of the program reads as received rather than as nothing.
    u8::try_from(code).ok().and_then(State::from_code).unwrap_or(State::Received)
}

pub(super) fn record(row: &Row) -> Result<ReportRecord, StoreError> {
    Ok(ReportRecord {
        seq: row.try_get("r_seq")?,
        id: row.try_get::<i64>("r_id")? as u64,
        facts: fields::facts(row)?,
    })
}

impl ReportRecord {
    /// The report as the map knows it.
    pub(super) fn on_map(&self, codebook: &CodeBook) -> MapRow {
        // Filters do not ask for the sequence.
        fields::on_map(u32::try_from(self.seq).unwrap_or(u32::MAX), self.id, &self.facts, codebook)
    }
}
