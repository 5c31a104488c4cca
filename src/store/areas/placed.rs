//! Where reports belong under an edition that is not in force yet, prepared beside the rows of the reports.

use super::IN_FORCE;
use super::editions::EditionState;
use crate::store::changes::ChangeKind;
use crate::store::database::{Db, Row, Sql};
use crate::store::pages::Ranges;
use crate::store::record::read::{PlacedRecord, placed_record, places};
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::WardId;
use diaban_core::geo::LonLat;

/// Rows in one statement.
const ROWS: usize = 500;
/// A turn looks at so many reports that changed since they were prepared, at most; more are prepared first.
pub(in crate::store) const LATE: usize = 500;

/// Where a report belongs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// The ward that owns its place.
    pub ward: Option<WardId>,
    /// Id of the body that must answer.
    pub body: String,
    /// The routing rule that chose it.
    pub rule: String,
    /// The public point, blurred inside the ward.
    pub point: Option<LonLat>,
    /// Metres to the nearest ward border.
    pub border_m: Option<f64>,
    /// Metres out at sea.
    pub offshore_m: Option<f64>,
}

/// A report's place under an edition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placed {
    /// Internal sequence of the report.
    pub seq: i64,
    /// Where it belongs; none where its row says that already.
    pub to: Option<Assignment>,
    /// Whether it moves, which feeds tell.
    pub told: bool,
    /// The ward that it leaves in the feeds.
    pub from_ward: Option<WardId>,
    /// Why, for people.
    pub note: Option<String>,
    /// How many events the report had when it was last there, where that is why it belongs there.
    pub events: Option<i64>,
}

/// An edition, and the one in force beside which it is prepared: where reports belong follows from both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The edition.
    pub edition: i64,
    /// The one in force.
    pub former: i64,
}

impl Store {
    /// Keeps where reports belong under an edition, in the place of what was kept before; not if it was withdrawn or
    /// another one came into force.
    ///
    /// # Errors
    /// When the write fails; none of them was kept then.
    pub async fn place(&self, beside: Beside, placed: Vec<Placed>) -> Result<Applied, StoreError> {
        self.write(Place { beside, placed }).await
    }

    /// Notes up to which position of the change log an edition is prepared; not if it was withdrawn or another one came
    /// into force.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn prepared(&self, beside: Beside, to: i64) -> Result<Applied, StoreError> {
        self.write(Prepared { beside, to }).await
    }

    /// The reports that changed after a position, as they stand; and those that wait for their hour, of which the log
    /// says nothing. None when the log does not go back so far: all must be looked at then.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn places_since(
        &self,
        edition: i64,
        position: i64,
    ) -> Result<Option<Vec<PlacedRecord>>, StoreError> {
        let log = self.changes_after(position, i64::MAX).await?;
        if log.iter().any(|c| c.kind == ChangeKind::Trimmed) {
            return Ok(None);
        }
        let mut all = Vec::new();
        let seqs: Vec<i64> = Ranges::of_changes(&log).before(None).map(i64::from).collect();
        for seqs in seqs.chunks(ROWS) {
            let mut q = places(edition);
            q.push_keys(seqs.iter().copied());
            all.extend(read(&self.read.fetch_patiently(q).await?)?);
        }
        let mut q = places(edition);
        q.push(" IN (").push(&unnamed(edition)).push(")");
        all.extend(read(&self.read.fetch_patiently(q).await?)?);
        all.sort_unstable_by_key(|r| r.seq);
        all.dedup_by_key(|r| r.seq);
        Ok(Some(all))
    }
}

fn read(rows: &[Row]) -> Result<Vec<PlacedRecord>, sqlx::Error> {
    rows.iter().map(placed_record).collect()
}

/// Reports that wait for their hour, of which the log says nothing before, and that are not placed yet. All that wait
/// have a row once they are.
fn unnamed(edition: i64) -> String {
    format!(
        "SELECT DISTINCT w.report FROM waiting w WHERE NOT EXISTS
             (SELECT 1 FROM placed p WHERE p.edition = {edition} AND p.report = w.report)"
    )
}

/// The same inside a transaction; none if they are too many for it.
pub(in crate::store) async fn late(
    db: &mut Db<'_>,
    edition: i64,
    position: i64,
) -> Result<Option<Vec<PlacedRecord>>, sqlx::Error> {
    let log =
        Sql::new("SELECT seq, kind, first, last, at_ms FROM change WHERE seq > $1 ORDER BY seq LIMIT $2");
    let rows = db.fetch_all(log.bind(position).bind(LATE as i64 + 1)).await?;
    if rows.len() > LATE {
        return Ok(None);
    }
    let log = rows.iter().map(crate::store::changes::change).collect::<Result<Vec<_>, _>>();
    let Ok(log) = log else { return Ok(None) };
    let named = Ranges::of_changes(&log);
    if named.len() > LATE || log.iter().any(|c| c.kind == ChangeKind::Trimmed) {
        return Ok(None);
    }
    let mut seqs: Vec<i64> = named.before(None).map(i64::from).collect();
    let waiting = format!("{} LIMIT $1", unnamed(edition));
    for row in &db.fetch_all(Sql::new(waiting).bind(LATE as i64 + 1)).await? {
        seqs.push(row.try_get("report")?);
    }
    let mut all = Vec::with_capacity(seqs.len());
    for seqs in seqs.chunks(ROWS) {
        let mut q = places(edition);
        q.push_keys(seqs.iter().copied());
        all.extend(read(&db.fetch_all(q).await?)?);
    }
    all.sort_unstable_by_key(|r| r.seq);
    all.dedup_by_key(|r| r.seq);
    Ok(if all.len() > LATE { None } else { Some(all) })
}

struct Place {
    beside: Beside,
    placed: Vec<Placed>,
}

impl Command for Place {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let sql = format!("SELECT 1 AS one FROM area_edition WHERE {}", open());
        if db.fetch_all(self.beside.asked(sql)).await?.is_empty() {
            return Ok(Applied::Stale);
        }
        put(db, self.beside.edition, &self.placed).await?;
        Ok(Applied::Done)
    }
}

/// Something may still be prepared for edition `$1` beside `$2`; `$3` is [`EditionState::Withdrawn`].
fn open() -> String {
    format!("seq = $1 AND seq <> $2 AND state <> $3 AND ({IN_FORCE}) = $2")
}

impl Beside {
    /// A statement with [`open`] in it.
    fn asked(self, sql: String) -> Sql {
        Sql::new(sql).bind(self.edition).bind(self.former).bind(EditionState::Withdrawn as u8)
    }
}

struct Prepared {
    beside: Beside,
    to: i64,
}

impl Command for Prepared {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let sql = format!("UPDATE area_edition SET prepared_to = $4 WHERE {}", open());
        let noted = db.execute(self.beside.asked(sql).bind(self.to)).await?;
        Ok(if noted == 0 { Applied::Stale } else { Applied::Done })
    }
}

pub(in crate::store) async fn put(
    db: &mut Db<'_>,
    edition: i64,
    placed: &[Placed],
) -> Result<(), sqlx::Error> {
    for rows in placed.chunks(ROWS) {
        let mut gone = Sql::new("DELETE FROM placed WHERE edition = ");
        gone.push_bind(edition).push(" AND report").push_keys(rows.iter().map(|p| p.seq));
        db.execute(gone).await?;
        let seqs: Vec<i64> = rows.iter().filter(|p| p.to.is_some()).map(|p| p.seq).collect();
        let rows: Vec<_> = rows.iter().filter_map(|p| Some((p, p.to.as_ref()?))).collect();
        if rows.is_empty() {
            continue;
        }
        let mut q = Sql::new(
            "INSERT INTO placed (edition, report, ward, body, rule, lon, lat, border_m, offshore_m, told, from_ward,
                 note, events) ",
        );
        q.push_values(rows, |b, (p, to)| {
            b.push_bind(edition).push_bind(p.seq).push_bind(to.ward.as_ref().map(ToString::to_string));
            b.push_bind(to.body.clone()).push_bind(to.rule.clone());
            b.push_bind(to.point.map(|p| p.lon())).push_bind(to.point.map(|p| p.lat()));
            b.push_bind(to.border_m).push_bind(to.offshore_m).push_bind(u8::from(p.told));
            b.push_bind(p.from_ward.as_ref().map(ToString::to_string)).push_bind(p.note.clone());
            b.push_bind(p.events);
        });
        db.execute(q).await?;
        // One that was erased since it was read must not get its place back.
        let mut erased = Sql::new("DELETE FROM placed WHERE edition = ");
        erased.push_bind(edition).push(" AND report").push_keys(seqs.into_iter());
        erased.push(
            " AND report NOT IN (SELECT seq FROM report_public r WHERE r.withdrawn <> 2 AND r.seq = report)",
        );
        db.execute(erased).await?;
    }
    Ok(())
}
