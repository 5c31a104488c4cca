//! Reading reports: one, the rows of the map, the true places for re-assignment.

use super::db::{Row, Sql};
use super::{Assignment, Store, StoreError};
use diaban_core::domain::report::PublicFacts;
use diaban_core::domain::view::{MapRow, NO_BODY, NO_CATEGORY, NO_WARD, Position};
use diaban_core::domain::{BodyId, CodeBook, Instant, State, WardId};
use diaban_core::geo::LonLat;

/// A report as it was read: the public facts with their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRecord {
    /// The internal sequence.
    pub seq: i64,
    /// The public id.
    pub id: u64,
    /// How many people support it.
    pub votes: i64,
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

/// A range of so many rows is read by a statement of its own.
const LONG: i64 = 16;
/// So many rows that lie apart are read by one statement.
const SCATTERED: usize = 512;

const MAP_ROWS: &str = "SELECT seq, id, lon, lat, category, state, ward, body, votes, created_ms,
     updated_ms, due_ms, fed_ms, fed FROM report_public WHERE withdrawn = 0 AND seq";

pub(super) const COLUMNS: &str = "r.seq, r.id, r.votes, r.lon, r.lat, r.category, r.state, r.ward, r.body, r.rule, r.title, \
     r.description, r.address, r.source, r.border_m, r.offshore_m, r.observed_ms, r.created_ms, r.updated_ms, r.due_ms";

impl Store {
    /// One report by its public id, unless it was hidden or erased.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn report(&self, id: u64) -> Result<Option<ReportRecord>, StoreError> {
        let mut q =
            Sql::new(format!("SELECT {COLUMNS} FROM report_public r WHERE r.withdrawn = 0 AND r.id = "));
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
            let mut q = Sql::new(MAP_ROWS);
            q.push(" BETWEEN ").push_bind(first).push(" AND ").push_bind(last);
            found.extend(self.read.fetch_all(q).await?);
        }
        let scattered: Vec<i64> = short.into_iter().flat_map(|(first, last)| first..=last).collect();
        for seqs in scattered.chunks(SCATTERED) {
            let mut q = Sql::new(MAP_ROWS);
            q.push_keys(seqs.iter().copied());
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
            "SELECT r.seq, p.lon, p.lat, r.category, r.ward, r.body, r.rule, r.lon, r.lat, r.border_m, r.offshore_m
             FROM report_public r JOIN report_private p USING (seq) WHERE r.seq > $1 ORDER BY r.seq LIMIT $2",
        ).bind(seq).bind(limit)).await?;
        rows.iter()
            .map(|row| {
                Ok(PlacedRecord {
                    point: point(row.try_get(1)?, row.try_get(2)?),
                    category: row.try_get(3)?,
                    assigned: Assignment {
                        seq: row.try_get(0)?,
                        ward: row.try_get::<Option<&str>>(4)?.and_then(ward),
                        body: row.try_get(5)?,
                        rule: row.try_get(6)?,
                        point: point(row.try_get(7)?, row.try_get(8)?),
                        border_m: row.try_get(9)?,
                        offshore_m: row.try_get(10)?,
                    },
                })
            })
            .collect()
    }
}

pub(super) fn point(lon: Option<f64>, lat: Option<f64>) -> Option<LonLat> {
    LonLat::new(lon?, lat?).ok()
}

pub(super) fn ward(name: &str) -> Option<WardId> {
    name.split_once('.').map(|(generation, code)| WardId::new(generation, code))
}

pub(super) fn state(code: i64) -> State {
    // A state of a later version of the program reads as received rather than as nothing.
    u8::try_from(code).ok().and_then(State::from_code).unwrap_or(State::Received)
}

pub(super) fn record(row: &Row) -> Result<ReportRecord, StoreError> {
    let time = |ms: Option<i64>| ms.map(Instant::from_ms);
    Ok(ReportRecord {
        seq: row.try_get(0)?,
        id: row.try_get::<i64>(1)? as u64,
        votes: row.try_get(2)?,
        facts: PublicFacts {
            point: point(row.try_get(3)?, row.try_get(4)?),
            category: row.try_get(5)?,
            state: state(row.code(6)?),
            ward: row.try_get::<Option<&str>>(7)?.and_then(ward),
            body: row.try_get(8)?,
            rule: row.try_get(9)?,
            title: row.try_get(10)?,
            description: row.try_get(11)?,
            address: row.try_get(12)?,
            source: row.try_get(13)?,
            border_m: row.try_get(14)?,
            offshore_m: row.try_get(15)?,
            observed: time(row.try_get(16)?),
            created: Instant::from_ms(row.try_get(17)?),
            updated: Instant::from_ms(row.try_get(18)?),
            due: time(row.try_get(19)?),
        },
    })
}

fn map_row(row: &Row, codebook: &CodeBook) -> Result<MapRow, StoreError> {
    Ok(MapRow {
        seq: u32::try_from(row.try_get::<i64>(0)?).map_err(|e| sqlx::Error::Decode(e.into()))?,
        id: row.try_get::<i64>(1)? as u64,
        point: point(row.try_get(2)?, row.try_get(3)?),
        // A category that left the pack keeps its reports: they are counted, under no name.
        category: codebook.category(row.try_get(4)?).unwrap_or(NO_CATEGORY),
        state: state(row.code(5)?),
        ward: row
            .try_get::<Option<&str>>(6)?
            .and_then(ward)
            .and_then(|w| codebook.ward_index(&w))
            .unwrap_or(NO_WARD),
        body: codebook.body(&BodyId::new(row.try_get(7)?)).unwrap_or(NO_BODY),
        votes: votes(row.try_get(8)?),
        created: Instant::from_ms(row.try_get(9)?),
        updated: Instant::from_ms(row.try_get(10)?),
        due: row.try_get::<Option<i64>>(11)?.map(Instant::from_ms),
        last_event: Position { shown_ms: row.try_get("fed_ms")?, seq: row.try_get("fed")? },
    })
}

/// As the map counts them.
fn votes(n: i64) -> u32 {
    u32::try_from(n.max(0)).unwrap_or(u32::MAX)
}

impl ReportRecord {
    /// The report as the map knows it.
    pub(super) fn on_map(&self, codebook: &CodeBook) -> MapRow {
        let f = &self.facts;
        MapRow {
            // Filters ask neither for it nor for the last event.
            seq: u32::try_from(self.seq).unwrap_or(u32::MAX),
            id: self.id,
            point: f.point,
            category: codebook.category(&f.category).unwrap_or(NO_CATEGORY),
            state: f.state,
            ward: f.ward.as_ref().and_then(|w| codebook.ward_index(w)).unwrap_or(NO_WARD),
            body: codebook.body(&BodyId::new(&f.body)).unwrap_or(NO_BODY),
            votes: votes(self.votes),
            created: f.created,
            updated: f.updated,
            due: f.due,
            last_event: Position::default(),
        }
    }
}
