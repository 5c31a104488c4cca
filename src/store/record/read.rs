//! Reading reports: one, the rows of the map, the true places for re-assignment.

use crate::store::database::{Db, Row, Sql};
use crate::store::record::fields::{self, COLUMNS, MAP_COLUMNS, PLACED_NOW, map_row, of, point, reports};
use crate::store::{Assignment, Store, StoreError};
use diaban_core::domain::report::{Level, PublicFacts, Rating, TaskState};
use diaban_core::domain::view::MapRow;
use diaban_core::domain::{CodeBook, Precision, State, WardId};
use diaban_core::geo::LonLat;

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
    /// Internal sequence.
    pub seq: i64,
    /// The true place; none for a placeless report.
    pub point: Option<LonLat>,
    /// Code of the category.
    pub category: String,
    /// How precisely the public may see it.
    pub decided: Decided,
    /// Whether something of it waits for the end of its hour.
    pub waits: bool,
    /// The assignment in force.
    pub assigned: Assignment,
    /// The one of the edition that is asked for, if it was in force and nothing happened to the report since; and how
    /// many events that had by then.
    pub held: Option<(Assignment, i64)>,
}

/// How precisely the public may see a report, as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What was decided when it came; none in a row of a release that did not say so.
    pub stored: Option<Precision>,
    /// What its public place and time look like: exact, the ward, or hidden.
    pub looks: Precision,
}

/// The columns of [`Decided`] of a report `r` and what is private of it, `p`. Whether its place is exact, hidden or the
/// ward's, the row says under any edition.
pub(in crate::store) const DECIDED: &str = "r.precision, CAST(CASE
    WHEN p.seq IS NULL THEN 0
    WHEN r.created_ms = p.created_ms AND r.lon IS NOT DISTINCT FROM p.lon AND r.lat IS NOT DISTINCT FROM p.lat THEN 0
    WHEN r.lon IS NULL THEN 4 ELSE 3 END AS smallint) AS looks";

/// What a batch job's decision about a report rests on. Whatever happens to a report is an event, but for a stricter
/// precision: where either differs by the time of the write, somebody else was quicker, and nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    events: i64,
    precision: Option<i64>,
}

pub(in crate::store) const BASIS: &str =
    "(SELECT count(*) FROM event e WHERE e.report = r.seq) AS events, r.precision AS basis_precision";

impl Basis {
    pub(in crate::store) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let precision = row.code_optional("basis_precision")?;
        Ok(Self { events: row.try_get("events")?, precision })
    }

    /// Whether it still holds of the report with this sequence.
    pub(in crate::store) async fn holds(self, db: &mut Db<'_>, seq: i64) -> Result<bool, sqlx::Error> {
        let now = Sql::new(format!("SELECT {BASIS} FROM report_public r WHERE r.seq = $1")).bind(seq);
        Ok(db.fetch_all(now).await?.first().map(Self::read).transpose()? == Some(self))
    }
}

impl Decided {
    pub(in crate::store) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let stored = row.code_optional("precision")?.map(Precision::from_code);
        Ok(Self { stored, looks: Precision::from_code(row.code("looks")?) })
    }

    /// What counts: the stricter of what was decided and of what the category says now. Neither opens what the
    /// other closes.
    pub fn with(self, category: Option<Precision>) -> Precision {
        match (self.stored, category) {
            (Some(stored), now) => now.map_or(stored, |now| now.max(stored)),
            // Nobody said so: a category that is blurred now was so then.
            (None, Some(now)) if now != Precision::Exact => now,
            (None, _) => self.looks,
        }
    }
}

/// A range of so many rows is read by a statement of its own.
const LONG: i64 = 16;
/// So many rows that lie apart are read by one statement.
const SCATTERED: usize = 512;

/// The statement for rows of the map, up to the sequences that are asked for.
fn map_rows(codebook: &CodeBook) -> Sql {
    let from = reports(codebook.edition);
    Sql::new(format!("SELECT {} FROM {from} WHERE r.withdrawn = 0 AND r.seq", *MAP_COLUMNS))
}

impl Store {
    /// One report by its public id, unless it was hidden or erased. One that is not public yet is there for whoever
    /// knows its id: that is who sent it, and ids are drawn at random.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn report(&self, id: u64) -> Result<Option<ReportRecord>, StoreError> {
        self.unless_withdrawn(id, "r.withdrawn IN (0, 3)").await
    }

    /// The same for whoever sent it, who sees it also while it is hidden.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn own_report(&self, id: u64) -> Result<Option<ReportRecord>, StoreError> {
        self.unless_withdrawn(id, "r.withdrawn <> 2").await
    }

    async fn unless_withdrawn(&self, id: u64, seen: &str) -> Result<Option<ReportRecord>, StoreError> {
        let mut q = Sql::new(format!(
            "SELECT {} FROM report_public r {PLACED_NOW} WHERE {seen} AND r.id = ",
            *COLUMNS
        ));
        q.push_bind(id as i64);
        let row = self.read.fetch_optional(q).await?;
        row.as_ref().map(record).transpose()
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
            let mut q = map_rows(codebook);
            q.push(" BETWEEN ").push_bind(first).push(" AND ").push_bind(last);
            found.extend(self.read.fetch_all(q).await?);
        }
        let scattered: Vec<i64> = short.into_iter().flat_map(|(first, last)| first..=last).collect();
        for seqs in scattered.chunks(SCATTERED) {
            let mut q = map_rows(codebook);
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

    /// True places for re-assignment with how the reports stand now, by internal sequence, oldest first; and what is
    /// stored of each under this edition.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn places_after(
        &self,
        edition: i64,
        seq: i64,
        limit: i64,
    ) -> Result<Vec<PlacedRecord>, StoreError> {
        // PostgreSQL must know how few reports are joined, or it reads all that are placed before these, for each page.
        let next = format!(
            "(SELECT * FROM report_public WHERE withdrawn <> 2 AND seq > $1 ORDER BY seq LIMIT {limit}) r"
        );
        let q = Sql::new(format!("{} ORDER BY r.seq", placed_of(&next, edition))).bind(seq);
        let rows = self.read.fetch_patiently(q).await?;
        Ok(rows.iter().map(placed_record).collect::<Result<_, _>>()?)
    }
}

/// Asks for places; a condition on the sequence follows.
pub(in crate::store) fn places(edition: i64) -> Sql {
    Sql::new(format!("{} WHERE r.withdrawn <> 2 AND r.seq", placed_of("report_public r", edition)))
}

/// The places of these reports `r`, by what is in force and by what an edition kept.
fn placed_of(reports: &str, edition: i64) -> String {
    let now = ["ward", "body", "rule", "lon", "lat", "border_m", "offshore_m"];
    let now = now.map(|c| format!("{} AS {c}", of(c))).join(", ");
    // What was stored before a turn holds as long as nothing happened since.
    let held = "f.report IS NOT NULL AND f.events IS NOT NULL
         AND f.events = (SELECT count(*) FROM event e WHERE e.report = r.seq)";
    format!(
        "SELECT r.seq, p.lon AS true_lon, p.lat AS true_lat, r.category, {now}, {DECIDED},
                CAST(CASE WHEN EXISTS (SELECT 1 FROM waiting w WHERE w.report = r.seq) THEN 1 ELSE 0 END AS smallint)
                    AS waits,
                CAST(CASE WHEN {held} THEN 1 ELSE 0 END AS smallint) AS held, f.ward AS f_ward, f.body AS f_body,
                f.events AS f_events, f.rule AS f_rule, f.lon AS f_lon, f.lat AS f_lat, f.border_m AS f_border_m,
                f.offshore_m AS f_offshore_m
         FROM {reports} LEFT JOIN report_private p USING (seq) {PLACED_NOW}
         LEFT JOIN placed f ON f.edition = {edition} AND f.report = r.seq"
    )
}

pub(in crate::store) fn placed_record(row: &Row) -> Result<PlacedRecord, sqlx::Error> {
    let assignment = |prefix: &str| {
        let real = |name: &str| row.try_get::<Option<f64>>(&*format!("{prefix}{name}"));
        let text = |name: &str| row.try_get::<Option<String>>(&*format!("{prefix}{name}"));
        Ok::<_, sqlx::Error>(Assignment {
            ward: text("ward")?.as_deref().and_then(WardId::parse),
            body: text("body")?.unwrap_or_default(),
            rule: text("rule")?.unwrap_or_default(),
            point: point(real("lon")?, real("lat")?),
            border_m: real("border_m")?,
            offshore_m: real("offshore_m")?,
        })
    };
    let held = row.code("held")? != 0;
    Ok(PlacedRecord {
        seq: row.try_get("seq")?,
        point: point(row.try_get("true_lon")?, row.try_get("true_lat")?),
        category: row.try_get("category")?,
        decided: Decided::read(row)?,
        waits: row.code("waits")? != 0,
        assigned: assignment("")?,
        held: if held { Some((assignment("f_")?, row.try_get("f_events")?)) } else { None },
    })
}

pub(in crate::store) fn state(code: i64) -> State {
    // A state of a later version of the program reads as received rather than as nothing.
    u8::try_from(code).ok().and_then(State::from_code).unwrap_or(State::Received)
}

pub(in crate::store) fn level(code: Option<i64>) -> Option<Level> {
    Some(Level::from_code(u8::try_from(code?).unwrap_or(u8::MAX)))
}

pub(in crate::store) fn rating(code: Option<i64>) -> Option<Rating> {
    Rating::from_code(u8::try_from(code?).ok()?)
}

pub(in crate::store) fn task_state(code: Option<i64>) -> Option<TaskState> {
    TaskState::from_code(u8::try_from(code?).ok()?)
}

pub(in crate::store) fn record(row: &Row) -> Result<ReportRecord, StoreError> {
    Ok(ReportRecord {
        seq: row.try_get("r_seq")?,
        id: row.try_get::<i64>("r_id")? as u64,
        facts: fields::facts(row)?,
    })
}

impl ReportRecord {
    /// The report as the map knows it.
    pub fn on_map(&self, codebook: &CodeBook) -> MapRow {
        // Filters do not ask for the sequence.
        fields::on_map(u32::try_from(self.seq).unwrap_or(u32::MAX), self.id, &self.facts, codebook)
    }
}
