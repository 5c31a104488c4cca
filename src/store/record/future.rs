//! Moments that a wrong clock recorded in the future. The order of news gives no event a moment before that of an event
//! recorded earlier, so one write in 2100 would give all others 2100 too, for as long as it lies ahead. Once the clock
//! is back they are moved to the present: to the whole minute after the event before them, which tells nothing new.

use crate::store::changes::{ChangeKind, FEATURES, log};
use crate::store::database::{Db, Sql};
use crate::store::record::events::whole_minute;
use diaban_core::domain::Instant;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A clock that is behind the last moment by up to a day is a clock as clocks are: the order holds, and waits for it.
const TOLERANCE_MS: i64 = DAY_MS;
/// If news lie in the week after the present, they are what happened, and it is the present that is wrong.
const QUIET_MS: i64 = 7 * DAY_MS;
/// The same where no news lie before the present, as when a clock went back behind the first of them.
const QUIET_ALONE_MS: i64 = 366 * DAY_MS;
/// 2026-01-01: before the first release. A clock that shows less cannot be right.
const FLOOR_MS: i64 = 1_767_225_600_000;

/// Whether the moments after the present are the mistake of a clock, and not the present; `before` is the last moment
/// before it.
async fn is_mistake(db: &mut Db<'_>, now: i64, before: Option<i64>) -> Result<bool, sqlx::Error> {
    if now < FLOOR_MS {
        return Ok(false);
    }
    let quiet = if before.is_some() { QUIET_MS } else { QUIET_ALONE_MS };
    let soon = "SELECT count(*) FROM (SELECT 1 FROM report_public WHERE fed_ms > $1 AND fed_ms <= $2 LIMIT 1) AS soon";
    let soon: i64 = db.fetch_value(Sql::new(soon).bind(now).bind(now + quiet)).await?;
    Ok(soon == 0)
}

/// Brings moments of the future back, if they are a mistake. `last_ms` is the last moment of news; gives the last one
/// now.
pub(in crate::store) async fn bring_back(
    db: &mut Db<'_>,
    last_ms: i64,
    now: Instant,
) -> Result<i64, sqlx::Error> {
    let ms = now.ms();
    if last_ms.saturating_sub(ms) <= TOLERANCE_MS {
        return Ok(last_ms);
    }
    let before = Sql::new("SELECT max(fed_ms) FROM report_public WHERE fed_ms <= $1").bind(ms);
    let before: Option<i64> = db.fetch_value(before).await?;
    if !is_mistake(db, ms, before).await? {
        return Ok(last_ms);
    }
    let to = before.map_or_else(|| now.floor_hour().ms(), whole_minute);
    let reports = Sql::new("SELECT seq FROM report_public WHERE fed_ms > $1 ORDER BY seq").bind(ms);
    let reports = seqs(db, reports).await?;
    // The events first: their reports are known by the moment of the last one.
    let events = "UPDATE event SET shown_ms = $1 WHERE shown_ms > $2
                      AND report IN (SELECT seq FROM report_public WHERE fed_ms > $2)";
    db.execute(Sql::new(events).bind(to).bind(ms)).await?;
    // What a report says of itself stays as it was recorded.
    let moments = "UPDATE report_public SET fed_ms = $1 WHERE fed_ms > $2";
    db.execute(Sql::new(moments).bind(to).bind(ms)).await?;
    for (first, last) in ranges(&reports) {
        log(db, ChangeKind::Reports { first, last }, now).await?;
    }
    tracing::warn!(
        reports = reports.len(),
        days = (last_ms - ms) / DAY_MS,
        "a wrong clock had dated news in the future; they stand at the present now"
    );
    Ok(to)
}

/// The same for features, which have a moment each: the feed of a collection begins with the last one. Reads the
/// change log, so not for every write.
pub(in crate::store) async fn bring_features_back(db: &mut Db<'_>, now: Instant) -> Result<(), sqlx::Error> {
    let ms = now.ms();
    let ahead = ms + TOLERANCE_MS;
    let last = Sql::new("SELECT max(at_ms) FROM change WHERE kind = $1").bind(FEATURES);
    let last: Option<i64> = db.fetch_value(last).await?;
    if ms < FLOOR_MS || last.is_none_or(|last| last <= ahead) {
        return Ok(());
    }
    let soon = "SELECT count(*) FROM change WHERE kind = $1 AND at_ms > $2 AND at_ms <= $3";
    let soon: i64 = db.fetch_value(Sql::new(soon).bind(FEATURES).bind(ms).bind(ms + QUIET_MS)).await?;
    if soon > 0 {
        return Ok(());
    }
    let features = Sql::new("SELECT seq FROM feature WHERE updated_ms > $1 ORDER BY seq").bind(ahead);
    let features = seqs(db, features).await?;
    for (table, column) in [("feature", "updated_ms"), ("change", "at_ms")] {
        let back = format!("UPDATE {table} SET {column} = $1 WHERE {column} > $2");
        db.execute(Sql::new(back).bind(ms).bind(ahead)).await?;
    }
    for (first, last) in ranges(&features) {
        log(db, ChangeKind::Features { first, last }, now).await?;
    }
    tracing::warn!(
        features = features.len(),
        "a wrong clock had dated features in the future; they changed now"
    );
    Ok(())
}

async fn seqs(db: &mut Db<'_>, sql: Sql) -> Result<Vec<i64>, sqlx::Error> {
    db.fetch_all(sql).await?.iter().map(|row| row.try_get(0)).collect()
}

/// Ascending numbers as few ranges.
fn ranges(seqs: &[i64]) -> Vec<(i64, i64)> {
    let mut out: Vec<(i64, i64)> = Vec::new();
    for seq in seqs {
        match out.last_mut() {
            Some((_, last)) if *last + 1 == *seq => *last = *seq,
            _ => out.push((*seq, *seq)),
        }
    }
    out
}
