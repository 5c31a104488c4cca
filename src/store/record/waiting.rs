//! What is not public yet. A report whose times are shown by the hour becomes public when its hour is over, and so
//! does what happens to it later. Its place in every order is drawn then, by its id, which is random: so no list,
//! feed, cursor, tile or date tells more than the hour. Meanwhile the row lies in `report_public` as withdrawn, and
//! its events have no public moment.

use std::collections::HashMap;

use crate::store::areas::adopt::adopt;
use crate::store::areas::in_force;
use crate::store::areas::placed::Assignment;
use crate::store::areas::turn::Judge;
use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Row, Sql};
use crate::store::record::events::{Ledger, Position};
use crate::store::record::fields::{FACT_COLUMNS, point};
use crate::store::record::read::{PlacedRecord, placed_record, places};
use crate::store::record::reports::insert;
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::report::{EventKind, NewReport};
use diaban_core::domain::{Instant, Precision, WardId};

/// After the end of an hour so much may pass until what came in it is stored, in milliseconds: longer than a request
/// lasts. What came in the last second would else become public by itself, a second later.
const GRACE_MS: i64 = 60_000;
/// Events that become public in one commit.
const PIECE: i64 = 1_000;
/// Reports that get new sequences by one statement.
const MOVED: usize = 256;

/// The hours that are over: everything that happened before this moment may be public.
pub fn over(now: Instant) -> Instant {
    Instant::from_ms(now.ms() - GRACE_MS).floor_hour()
}

/// The hour whose end a new report waits for; none for one whose moments are public.
pub(in crate::store) fn hour(r: &NewReport) -> Option<Instant> {
    let last = r.events.iter().map(|e| e.at).max().unwrap_or(r.public.created);
    (r.precision != Precision::Exact).then(|| last.floor_hour())
}

/// An event that waits.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Waiting {
    /// Its sequence.
    pub(in crate::store) event: i64,
    /// That of its report.
    pub(in crate::store) report: i64,
    /// The public id of the report.
    pub(in crate::store) id: u64,
    /// For the end of which hour.
    pub(in crate::store) hour: Instant,
}

/// Notes that events wait.
pub(in crate::store) async fn put(
    db: &mut Db<'_>,
    events: &[Waiting],
    live: bool,
) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let mut q = insert("waiting", "event, report, id, hour_ms, live");
    q.push_values(events, |b, w| {
        b.push_bind(w.event).push_bind(w.report).push_bind(w.id as i64).push_bind(w.hour.ms());
        b.push_bind(u8::from(live));
    });
    db.execute(q).await.map(|_| ())
}

impl Store {
    /// Makes public what happened before `end`, in commits of bounded size; gives how many events that were. The
    /// change log says `now`. What was transferred to a ward of other boundaries goes where `judge` says.
    ///
    /// # Errors
    /// [`StoreError::OtherAreas`] when the judge's edition is not in force. When a write fails. What became public
    /// before it stays so.
    pub async fn publish(&self, end: Instant, now: Instant, judge: Judge) -> Result<u64, StoreError> {
        let mut told = 0;
        loop {
            match self.write(Publish { end, now, judge: judge.clone() }).await? {
                None => return Err(StoreError::OtherAreas),
                Some(0) => return Ok(told),
                Some(events) => told += events,
            }
        }
    }
}

struct Publish {
    end: Instant,
    now: Instant,
    judge: Judge,
}

impl Command for Publish {
    type Answer = Option<u64>;

    async fn run(&self, db: &mut Db<'_>) -> Result<Option<u64>, sqlx::Error> {
        if in_force(db).await? != self.judge.edition {
            return Ok(None);
        }
        publish(db, self).await.map(Some)
    }
}

/// An event that is due.
struct Due {
    event: i64,
    report: i64,
    live: bool,
    is_new: bool,
    at: Instant,
    fed_ms: i64,
    to: i64,
    level: Option<i64>,
    due_ms: Option<i64>,
    /// What kind of thing: a state says where to go or not, and the date of an interim reply counts as one.
    kind: i64,
    redirect_to: Option<String>,
    /// What a transfer makes of its report.
    moved: Option<Assignment>,
}

impl Due {
    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let kind = row.code("kind")?;
        let transfer = kind == EventKind::Transfer as i64;
        let body: Option<String> = row.try_get("body")?;
        let moved = body.filter(|_| transfer).map(|body| {
            Ok::<_, sqlx::Error>(Assignment {
                ward: row.try_get::<Option<&str>>("ward")?.and_then(WardId::parse),
                body,
                rule: row.try_get::<Option<String>>("rule")?.unwrap_or_default(),
                point: point(row.try_get("lon")?, row.try_get("lat")?),
                border_m: None,
                offshore_m: None,
            })
        });
        Ok(Self {
            event: row.try_get("event")?,
            report: row.try_get("report")?,
            live: row.code("live")? != 0,
            is_new: row.code("withdrawn")? == 3,
            at: Instant::from_ms(row.try_get("at_ms")?),
            fed_ms: row.try_get("fed_ms")?,
            to: row.code("to_state")?,
            level: row.code_optional("level")?,
            due_ms: row.try_get("due_ms")?,
            kind,
            redirect_to: row.try_get("redirect_to")?,
            moved: moved.transpose()?,
        })
    }
}

async fn publish(db: &mut Db<'_>, of: &Publish) -> Result<u64, sqlx::Error> {
    let (end, now) = (of.end, of.now);
    // Of one that nobody knows yet, the first event comes first, whatever the clocks said. Of one that a moderator
    // holds back, nothing.
    let due = Sql::new(
        "SELECT w.event, w.report, w.live, w.body, w.rule, w.lon, w.lat, r.withdrawn, r.fed_ms, e.at_ms, e.kind,
             e.to_state, e.ward, e.level, e.due_ms, e.redirect_to
         FROM waiting w JOIN event e ON e.seq = w.event JOIN report_public r ON r.seq = w.report
         WHERE w.hour_ms < $1 AND (r.fed <> 0 OR r.withdrawn = 3)
           AND NOT EXISTS (SELECT 1 FROM waiting b WHERE b.report = w.report AND b.event < w.event AND b.hour_ms >= $1)
         ORDER BY w.id, w.event LIMIT $2",
    );
    let rows = db.fetch_all(due.bind(end.ms()).bind(PIECE)).await?;
    let mut due = rows.iter().map(Due::read).collect::<Result<Vec<_>, _>>()?;
    if due.is_empty() {
        return Ok(0);
    }
    let reports: Vec<i64> = due.iter().map(|d| d.report).collect();
    adopt(db, &reports, now).await?;
    let mut fresh: Vec<i64> = due.iter().filter(|d| d.is_new).map(|d| d.report).collect();
    fresh.dedup();
    let moved = renumber(db, &fresh).await?;
    let mut ledger = Ledger::open(db, now).await?;
    let mut named = Vec::new();
    for events in due.chunk_by_mut(|a, b| a.report == b.report) {
        let mut last = events[0].fed_ms;
        for d in events {
            d.report = moved.get(&d.report).copied().unwrap_or(d.report);
            let shown = d.at.floor_hour();
            // Who knows a report by its id and its moment must see that it changed.
            let shown = if last > 0 && d.live { shown.max(Instant::from_ms(last + 1)) } else { shown };
            let place = if d.live { ledger.after_hour(shown, end) } else { ledger.history(shown) };
            last = place.shown_ms;
            tell(db, d, place, &of.judge).await?;
            named.push(d.report);
        }
    }
    named.sort_unstable();
    named.dedup();
    for seqs in named.chunk_by(|a, b| a + 1 == *b) {
        let (first, last) = (seqs[0], seqs[seqs.len() - 1]);
        log(db, ChangeKind::Reports { first, last }, now).await?;
    }
    Ok(due.len() as u64)
}

/// The event gets its place among the news, and the report what it made of it.
async fn tell(db: &mut Db<'_>, d: &Due, place: Position, judge: &Judge) -> Result<(), sqlx::Error> {
    let event = Sql::new("UPDATE event SET seq = $2, shown_ms = $3 WHERE seq = $1");
    db.execute(event.bind(d.event).bind(place.seq).bind(place.shown_ms)).await?;
    db.execute(Sql::new("DELETE FROM waiting WHERE event = $1").bind(d.event)).await?;
    let shown = d.at.floor_hour().ms();
    db.execute(
        Sql::new(
            "UPDATE report_public SET state = $2, fed = $4, fed_ms = $5, level = coalesce($6, level),
                 redirect_to = CASE WHEN $7 = 0 THEN redirect_to ELSE $8 END, due_ms = coalesce($9, due_ms),
                 extensions = extensions + $10,
                 updated_ms = CASE WHEN updated_ms > $3 THEN updated_ms ELSE $3 END WHERE seq = $1",
        )
        .bind(d.report)
        .bind(d.to)
        .bind(shown)
        .bind(place.seq)
        .bind(place.shown_ms)
        .bind(d.level)
        .bind(u8::from(d.kind == EventKind::State as i64))
        .bind(&d.redirect_to)
        .bind(d.due_ms)
        .bind(i64::from(d.kind == EventKind::Extended as i64)),
    )
    .await?;
    if let Some(to) = &d.moved {
        let anew = anew(db, d.report, to, judge).await?;
        let to = anew.as_ref().unwrap_or(to);
        let ward = to.ward.as_ref().map(ToString::to_string);
        // Where it was before counts no more, also if boundaries are taken back.
        db.execute(Sql::new("UPDATE placed SET events = NULL WHERE report = $1").bind(d.report)).await?;
        if anew.is_some() {
            // Feeds tell it of the wards between which it goes now.
            let wards = "UPDATE event SET ward = $2, from_ward = (SELECT r.ward FROM report_public r WHERE r.seq = $3),
                             body = $4
                         WHERE seq = $1";
            db.execute(Sql::new(wards).bind(place.seq).bind(&ward).bind(d.report).bind(&to.body)).await?;
        }
        db.execute(
            Sql::new(
                "UPDATE report_public SET ward = $2, body = $3, rule = $4, lon = $5, lat = $6, border_m = $7
                 WHERE seq = $1",
            )
            .bind(d.report)
            .bind(ward)
            .bind(&to.body)
            .bind(&to.rule)
            .bind(to.point.map(|p| p.lon()))
            .bind(to.point.map(|p| p.lat()))
            .bind(to.border_m),
        )
        .await?;
    }
    Ok(())
}

/// Where a transfer leads that was made under other boundaries than those in force; none if it was not.
async fn anew(
    db: &mut Db<'_>,
    report: i64,
    to: &Assignment,
    judge: &Judge,
) -> Result<Option<Assignment>, sqlx::Error> {
    if to.ward.as_ref().is_none_or(|ward| *ward.generation == *judge.generation) {
        return Ok(None);
    }
    let mut q = places(judge.edition);
    q.push_keys([report].into_iter());
    let rows = db.fetch_all(q).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let record = PlacedRecord { assigned: to.clone(), held: None, ..placed_record(row)? };
    Ok((judge.place)(&record).to)
}

/// Gives reports new sequences, the next ones, in the order of their ids, and makes them public; gives the new one
/// of each.
pub(in crate::store) async fn renumber(
    db: &mut Db<'_>,
    reports: &[i64],
) -> Result<HashMap<i64, i64>, sqlx::Error> {
    let mut all = HashMap::with_capacity(reports.len());
    for reports in reports.chunks(MOVED) {
        let of = |mut q: Sql| {
            q.push_keys(reports.iter().copied());
            q
        };
        // The id is unique, so the new row borrows its negative until the old one is gone.
        let columns = format!("{}, withdrawn, precision, masked, fed, fed_ms", *FACT_COLUMNS);
        let mut copy = of(Sql::new(format!(
            "INSERT INTO report_public (id, {columns}) SELECT -id, {columns} FROM report_public WHERE seq"
        )));
        copy.push(" ORDER BY id");
        db.execute(copy).await?;
        let pairs = "FROM report_public o JOIN report_public n ON n.id = -o.id WHERE o.seq";
        for row in db.fetch_all(of(Sql::new(format!("SELECT o.seq AS was, n.seq AS now {pairs}")))).await? {
            all.insert(row.try_get("was")?, row.try_get("now")?);
        }
        for (table, column) in [
            ("report_private", "seq"),
            ("event", "report"),
            ("waiting", "report"),
            ("placed", "report"),
            ("awaited", "report"),
            ("task", "report"),
        ] {
            let now = format!("(SELECT n.seq {pairs} = {table}.{column})");
            db.execute(of(Sql::new(format!("UPDATE {table} SET {column} = {now} WHERE {column}")))).await?;
        }
        db.execute(of(Sql::new("DELETE FROM report_public WHERE seq"))).await?;
        let open =
            "UPDATE report_public SET id = -id, withdrawn = CASE withdrawn WHEN 3 THEN 0 ELSE withdrawn END
                    WHERE id < 0";
        db.execute(Sql::new(open)).await?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::store::record::reports::tests::report;
    use crate::store::test_database::store_url;
    use crate::store::whole::tables::TABLES;
    use crate::store::{Place, Placed};

    #[test]
    fn all_that_a_row_has_goes_with_it() {
        let all: BTreeSet<&str> = TABLES[0].columns.iter().map(|(name, _)| *name).collect();
        let frame = ["seq", "id", "withdrawn", "precision", "masked", "fed", "fed_ms"];
        assert_eq!(all, FACT_COLUMNS.split(", ").chain(frame).collect());
    }

    #[tokio::test]
    async fn what_waits_is_drawn_into_the_order_when_its_hour_is_over() {
        const HOUR: i64 = 3_600_000;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let blurred = |id: u64, at: i64| {
            let mut r = report(id);
            r.precision = Precision::Grid20m;
            r.events[0].at = Instant::from_ms(at);
            (r.public.created, r.public.updated) = (r.events[0].at.floor_hour(), r.events[0].at.floor_hour());
            r.events[0].shown = r.public.created;
            r
        };
        // By their ids the order is another than by their coming.
        for (id, at) in [(40, HOUR + 5), (20, HOUR + 7), (30, 2 * HOUR + 1), (10, HOUR + 9)] {
            store.create_report(blurred(id, at), None).await.unwrap();
        }
        store.create_report(report(5), None).await.unwrap();
        let log = store.changes_after(0, 99).await.unwrap();
        assert_eq!(log.len(), 1, "what waits is in no change");
        assert!(store.report(40).await.unwrap().is_some() && store.cursor(40).await.is_err());
        let now = Instant::from_ms(2 * HOUR + 61_000);
        assert_eq!(over(now), Instant::from_ms(2 * HOUR));
        let stays: Place = Arc::new(|r| Placed { seq: r.seq, ..Placed::default() });
        let judge = Judge { edition: 0, generation: "2025-07-01".into(), place: stays };
        assert_eq!(store.publish(over(now), now, judge.clone()).await.unwrap(), 3);
        assert_eq!(store.publish(over(now), now, judge.clone()).await.unwrap(), 0);
        let other = Judge { edition: 1, ..judge };
        assert!(matches!(store.publish(over(now), now, other).await, Err(StoreError::OtherAreas)));
        let mut seqs = Vec::new();
        for id in [10, 20, 40] {
            seqs.push(store.cursor(id).await.unwrap().seq);
        }
        assert!(seqs.is_sorted() && store.cursor(30).await.is_err(), "{seqs:?}");
        let log = store.changes_after(log[0].seq, 99).await.unwrap();
        let kinds: Vec<_> = log.iter().map(|c| (c.kind, c.at)).collect();
        assert_eq!(kinds, [(ChangeKind::Reports { first: seqs[0], last: seqs[2] }, now)]);
        store.close().await;
    }
}
