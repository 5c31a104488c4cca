//! The rows of reports follow a turn: what was prepared goes into them, what they were is kept for as long as the turn
//! can be undone, and each report that moves has its event. Readers see no difference: they read both.

use super::in_force;
use crate::store::changes::{ChangeKind, log};
use crate::store::database::postgres::TURNS_LOCK;
use crate::store::database::{Db, Sql};
use crate::store::record::events::Ledger;
use crate::store::record::fields::ASSIGNED;
use crate::store::record::mask::MASKED;
use crate::store::write::Command;
use crate::store::{Alone, Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::report::EventKind;

/// Reports in one commit: as many as leave room for others.
const BATCH: i64 = 500;
/// Rows forgotten in one commit.
const PIECE: i64 = 5_000;

impl Store {
    /// Whether rows of reports are to be written still, as the last turn prepared them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_unsettled(&self) -> Result<bool, StoreError> {
        // The least one is found by the key, however many there are of other editions.
        let left = Sql::new("SELECT min(report) FROM placed WHERE edition = $1");
        let left = self.read.fetch_patiently(left.bind(self.edition_in_force().await?)).await?;
        Ok(left.first().map(|row| row.try_get::<Option<i64>>(0)).transpose()?.flatten().is_some())
    }

    /// Waits for other processes that write what follows a turn, and keeps them from it until what is returned is
    /// dropped. When a process ends, however it ends, another one goes on where it was.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn settle_alone(&self) -> Result<Alone, StoreError> {
        self.read.alone(TURNS_LOCK).await
    }

    /// Writes some of what a turn prepared into the rows of reports; gives how many those were.
    ///
    /// # Errors
    /// When the write fails; none of them was written then.
    pub async fn adopt(&self, at: Instant) -> Result<u64, StoreError> {
        self.write(Adopt { at }).await
    }

    /// Forgets where reports belonged before the last turn, once it cannot be undone; gives how many rows went.
    ///
    /// # Errors
    /// When a write fails; what went before it stays gone.
    pub async fn forget_former(&self, now: Instant) -> Result<u64, StoreError> {
        let mut gone = 0;
        loop {
            match self.write(Forget { now }).await? {
                0 => return Ok(gone),
                rows => gone += rows,
            }
        }
    }
}

struct Adopt {
    at: Instant,
}

impl Command for Adopt {
    type Answer = u64;

    async fn run(&self, db: &mut Db<'_>) -> Result<u64, sqlx::Error> {
        let edition = in_force(db).await?;
        let next = "SELECT min(report) AS first, max(report) AS last, count(*) AS reports
                    FROM (SELECT report FROM placed WHERE edition = $1 AND report <
                              (SELECT min(report) FROM placed WHERE edition = $1) + $3
                          ORDER BY report LIMIT $2) AS next";
        let row = db.fetch_one(Sql::new(next).bind(edition).bind(BATCH).bind(BATCH * 4)).await?;
        let (Some(first), Some(last)) = (row.try_get::<Option<i64>>("first")?, row.try_get("last")?) else {
            return Ok(0);
        };
        write_out(db, edition, (first, last), self.at).await?;
        Ok(row.try_get::<i64>("reports")?.unsigned_abs())
    }
}

/// Does it for these reports at once: somebody is about to write to them. Says whether there was anything to do.
pub(in crate::store) async fn adopt(
    db: &mut Db<'_>,
    reports: &[i64],
    at: Instant,
) -> Result<bool, sqlx::Error> {
    let edition = in_force(db).await?;
    let any = Sql::new("SELECT 1 AS one FROM placed WHERE edition = $1 LIMIT 1").bind(edition);
    if db.fetch_all(any).await?.is_empty() {
        return Ok(false);
    }
    for seq in reports {
        write_out(db, edition, (*seq, *seq), at).await?;
    }
    Ok(true)
}

async fn write_out(
    db: &mut Db<'_>,
    edition: i64,
    (first, last): (i64, i64),
    at: Instant,
) -> Result<(), sqlx::Error> {
    let run = |text: String| Sql::new(text).bind(edition).bind(first).bind(last);
    let columns = ASSIGNED.join(", ");
    let these = "o.edition = $1 AND o.report BETWEEN $2 AND $3";
    let ledger = Ledger::open(db, at).await?;
    // Later than any event: who knows a report by its id and its moment must see that it moved.
    let (shown, before) = ledger.ahead(at);
    let told = "o.told = 1 AND r.withdrawn = 0";
    // What the rows say until now. The event that is about to be written does not count as something that happened.
    let held = ASSIGNED.map(|c| format!("{c} = excluded.{c}")).join(", ");
    let of_row = ASSIGNED.map(|c| format!("r.{c}")).join(", ");
    db.execute(run(format!(
        "INSERT INTO placed (edition, report, {columns}, told, events)
             SELECT t.former, r.seq, {of_row}, 0, (SELECT count(*) FROM event e WHERE e.report = r.seq)
                 + CASE WHEN {told} THEN 1 ELSE 0 END
             FROM placed o JOIN report_public r ON r.seq = o.report
             JOIN area_turn t ON t.seq = (SELECT max(seq) FROM area_turn)
             WHERE {these} AND t.former IS NOT NULL
             ON CONFLICT (edition, report) DO UPDATE SET {held}, events = excluded.events, told = 0,
                 from_ward = NULL, note = NULL"
    )))
    .await?;
    let set = ASSIGNED.map(|c| format!("{c} = o.{c}")).join(", ");
    db.execute(run(format!(
        "UPDATE report_public SET {set} FROM placed o WHERE {these} AND report_public.seq = o.report"
    )))
    .await?;
    db.execute(
        run(format!(
            "INSERT INTO event (seq, report, n, kind, at_ms, shown_ms, role, from_state, to_state, note, ward, from_ward,
                 masked)
             SELECT $4 + row_number() OVER (ORDER BY r.seq), r.seq,
                 (SELECT count(*) + 1 FROM event e WHERE e.report = r.seq), $5, $6, $7, 'system', r.state, r.state,
                 coalesce(o.note, 'areas changed'), r.ward, o.from_ward, {MASKED}
             FROM placed o JOIN report_public r ON r.seq = o.report WHERE {these} AND {told}"
        ))
        .bind(before)
        .bind(EventKind::Areas as u8)
        .bind(at.ms())
        .bind(shown),
    )
    .await?;
    // A report whose times are shown by the hour keeps them so.
    db.execute(
        Sql::new(
            "UPDATE report_public SET fed = e.seq, fed_ms = e.shown_ms, updated_ms =
                 CASE WHEN updated_ms > $2 THEN updated_ms WHEN precision = 0 THEN $2 ELSE $2 - $2 % 3600000 END
             FROM event e WHERE e.seq > $1 AND e.report = report_public.seq",
        )
        .bind(before)
        .bind(shown),
    )
    .await?;
    db.execute(run("DELETE FROM placed WHERE edition = $1 AND report BETWEEN $2 AND $3".to_owned())).await?;
    log(db, ChangeKind::Reports { first, last }, at).await
}

struct Forget {
    now: Instant,
}

impl Command for Forget {
    type Answer = u64;

    async fn run(&self, db: &mut Db<'_>) -> Result<u64, sqlx::Error> {
        // What is prepared stays, and what is in force and not written yet.
        let gone = "DELETE FROM placed WHERE (edition, report) IN (
                        SELECT p.edition, p.report FROM placed p JOIN area_edition e ON e.seq = p.edition
                        WHERE e.state IN (2, 3) AND e.prepared_to IS NULL AND e.seq <> $1
                          AND NOT EXISTS (SELECT 1 FROM area_turn t WHERE t.undo_ms >= $2
                                          AND t.seq = (SELECT max(seq) FROM area_turn))
                        LIMIT $3)";
        let edition = in_force(db).await?;
        db.execute(Sql::new(gone).bind(edition).bind(self.now.ms()).bind(PIECE)).await
    }
}
