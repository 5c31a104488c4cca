//! Writing reports: what a row is made of, bulk loads, assignment to wards. New ones are `create`,
//! reading them is `read`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Row, Sql, Values};
use crate::store::record::boxes::Boxes;
use crate::store::record::events::{EVENT_COLUMNS, Ledger, Position, event_row, life};
use crate::store::record::fields::{FACT_COLUMNS, put_facts};
use crate::store::record::read::Basis;
use crate::store::record::waiting::{self, Waiting};
use crate::store::write::{Command, IdempotencyKey};
use crate::store::{Store, StoreError};
use diaban_core::domain::report::{EventKind, NewReport, PrivateFacts, Withdrawn};
use diaban_core::domain::{Instant, WardId};
use diaban_core::geo::LonLat;

impl Store {
    /// Stores many reports in one commit. Ids must be free.
    ///
    /// # Errors
    /// When the write fails; none of the batch was stored then.
    pub async fn load_reports(&self, batch: Vec<NewReport>) -> Result<(), StoreError> {
        self.write(Load(batch)).await
    }

    /// Stores what is new of many reports in one commit: of those with one key the first, and none whose
    /// key was used before. Their ids must be free. The change log says `at`: the reports may be of the past.
    ///
    /// # Errors
    /// When the write fails; none of the batch was stored then.
    pub async fn load_keyed(&self, batch: KeyedReports, at: Instant) -> Result<Loaded, StoreError> {
        self.write(LoadKeyed(batch, at)).await
    }

    /// The keys that were used before, each with the hash of the body that came with it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn known_keys(&self, keys: &[IdempotencyKey]) -> Result<KnownKeys, StoreError> {
        let keys: Vec<_> = keys.iter().collect();
        let mut known = KnownKeys::with_capacity(keys.len());
        for keys in keys.chunks(ROWS) {
            note(&self.read.fetch_all(used(keys)).await?, &mut known)?;
        }
        Ok(known)
    }

    /// Gives reports their new wards and bodies after areas changed. Answers with the sequences of those that were
    /// left as they are, because they were erased, transferred or changed otherwise since they were read.
    ///
    /// # Errors
    /// When the write fails; none of the batch was changed then.
    pub async fn assign_reports(
        &self,
        assignments: Vec<Assignment>,
        at: Instant,
    ) -> Result<Vec<i64>, StoreError> {
        self.write(Assign { assignments, at }).await
    }
}

/// Columns of one report in `report_public`, in the order in which `public_row` binds them.
pub(in crate::store) static PUBLIC_COLUMNS: LazyLock<String> =
    LazyLock::new(|| format!("id, {}, fed, fed_ms, precision, withdrawn", *FACT_COLUMNS));
pub(in crate::store) const PRIVATE_COLUMNS: &str = "seq, lon, lat, accuracy_m, address, answers, created_ms";
/// Rows in one statement of a bulk load: some 20 columns stay well under SQLite's 32,766 parameters.
const ROWS: usize = 500;

/// Reports, each with the key that a repeat is known by.
pub type KeyedReports = Arc<Vec<(NewReport, IdempotencyKey)>>;
/// Keys that were used, with the body of each.
pub type KnownKeys = HashMap<[u8; 32], [u8; 32]>;

/// Where the last event of the report stands; none while it is not public.
pub(in crate::store) fn public_row(b: &mut Values<'_>, (r, fed): (&NewReport, Option<Position>)) {
    let withdrawn = if fed.is_some() { Withdrawn::No } else { Withdrawn::Waiting };
    let fed = fed.unwrap_or_default();
    b.push_bind(r.id as i64);
    put_facts(b, &r.public);
    b.push_bind(fed.seq);
    b.push_bind(fed.shown_ms);
    b.push_bind(r.precision as u8);
    b.push_bind(withdrawn as u8);
}

pub(in crate::store) fn private_row(b: &mut Values<'_>, seq: i64, p: &PrivateFacts, created: Instant) {
    b.push_bind(seq);
    b.push_bind(p.point.map(|p| p.lon()));
    b.push_bind(p.point.map(|p| p.lat()));
    b.push_bind(p.accuracy_m);
    b.push_bind(p.address.clone());
    b.push_bind(answers_text(&p.answers));
    b.push_bind(created.ms());
}

/// A JSON object of strings; none when empty.
fn answers_text(answers: &BTreeMap<String, String>) -> Option<String> {
    (!answers.is_empty()).then(|| serde_json::to_string(answers).expect("a map of strings is JSON"))
}

/// When the true moment of the report was: the public one may be cut to the hour.
pub(in crate::store) fn received(r: &NewReport) -> Instant {
    r.events.first().map_or(r.public.created, |e| e.at)
}

pub(in crate::store) fn insert(table: &str, columns: &str) -> Sql {
    Sql::new(format!("INSERT INTO {table} ({columns}) "))
}

/// Asks which of these keys were used.
fn used(keys: &[&IdempotencyKey]) -> Sql {
    let mut q = Sql::new("SELECT key_hash, body_hash FROM idempotency WHERE key_hash");
    q.push_in(keys.iter().map(|key| &key.key[..]));
    q
}

/// Adds what was found to what is known.
fn note(rows: &[Row], known: &mut KnownKeys) -> Result<(), sqlx::Error> {
    for row in rows {
        let hash = |name: &str| -> Result<[u8; 32], sqlx::Error> {
            let hash = row.try_get::<&[u8]>(name)?.try_into();
            hash.map_err(|_| sqlx::Error::Decode("a hash of another length".into()))
        };
        known.insert(hash("key_hash")?, hash("body_hash")?);
    }
    Ok(())
}

/// What became of many reports with keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Reports that are new.
    pub stored: u64,
    /// Reports that were there already.
    pub there: u64,
    /// Of these, those that came with another body now; they were left as they are.
    pub changed: u64,
}

/// A report's new ward and body after areas changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Internal sequence of the report.
    pub seq: i64,
    /// The ward that owns its place now.
    pub ward: Option<WardId>,
    /// Id of the body that must answer now.
    pub body: String,
    /// The routing rule that chose it.
    pub rule: String,
    /// The public point, blurred inside the new ward.
    pub point: Option<LonLat>,
    /// Metres to the nearest ward border.
    pub border_m: Option<f64>,
    /// Metres out at sea.
    pub offshore_m: Option<f64>,
    /// How the report stood when this was decided.
    pub basis: Basis,
}

struct Load(Vec<NewReport>);

impl Command for Load {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        load(db, &self.0.iter().collect::<Vec<_>>(), Instant::MIN).await
    }
}

struct LoadKeyed(KeyedReports, Instant);

impl Command for LoadKeyed {
    type Answer = Loaded;

    async fn run(&self, db: &mut Db<'_>) -> Result<Loaded, sqlx::Error> {
        load_keyed(db, &self.0, self.1).await
    }
}

struct Assign {
    assignments: Vec<Assignment>,
    at: Instant,
}

impl Command for Assign {
    type Answer = Vec<i64>;

    async fn run(&self, db: &mut Db<'_>) -> Result<Vec<i64>, sqlx::Error> {
        assign(db, &self.assignments, self.at).await
    }
}

async fn load_keyed(
    db: &mut Db<'_>,
    batch: &[(NewReport, IdempotencyKey)],
    at: Instant,
) -> Result<Loaded, sqlx::Error> {
    let keys: Vec<_> = batch.iter().map(|(_, key)| key).collect();
    let mut known = KnownKeys::with_capacity(batch.len());
    for keys in keys.chunks(ROWS) {
        note(&db.fetch_all(used(keys)).await?, &mut known)?;
    }
    let mut changed = 0;
    let mut fresh = Vec::with_capacity(batch.len());
    for (report, key) in batch {
        if let Some(body) = known.get(&key.key) {
            changed += u64::from(!key.repeats(body));
        } else {
            known.insert(key.key, key.body);
            fresh.push((report, key));
        }
    }
    let reports: Vec<&NewReport> = fresh.iter().map(|(report, _)| *report).collect();
    load(db, &reports, at).await?;
    for rows in fresh.chunks(ROWS) {
        let mut q = insert("idempotency", "key_hash, body_hash, report_id");
        q.push_values(rows, |b, (report, key)| {
            b.push_bind(&key.key[..]).push_bind(&key.body[..]).push_bind(report.id as i64);
        });
        db.execute(q).await?;
    }
    let (all, stored) = (batch.len() as u64, fresh.len() as u64);
    Ok(Loaded { stored, there: all - stored, changed })
}

/// Stores reports; the change is of the newest of them, or of a later moment. With a moment, blurred ones wait for
/// [`Store::publish`], so that their order is none of the file's; without one, as for what is made up, they stand
/// behind the others of their batch, in the order of their ids.
async fn load(db: &mut Db<'_>, batch: &[&NewReport], at: Instant) -> Result<(), sqlx::Error> {
    let Some(newest) = batch.iter().map(|r| received(r)).max() else { return Ok(()) };
    let mut batch = batch.to_vec();
    batch.sort_by_key(|r| waiting::hour(r).map(|_| r.id));
    let waits = |r: &NewReport| waiting::hour(r).filter(|_| at != Instant::MIN);
    // The rows get the sequences after the last one ever given, in order: nobody else writes inside
    // this transaction.
    let last: i64 = db.fetch_value(db.dialect().last_given("report_public")).await?;
    let boxes = Boxes::put_aside(db).await?;
    // Reports of the past say nothing of the present.
    let mut ledger = Ledger::open(db, Instant::MIN).await?;
    for (i, rows) in batch.chunks(ROWS).enumerate() {
        let first = last + 1 + (i * ROWS) as i64;
        let places: Vec<Vec<Position>> =
            rows.iter().map(|r| r.events.iter().map(|e| ledger.history(e.shown)).collect()).collect();
        let fed = rows.iter().zip(&places).map(|(r, p)| match waits(r) {
            None => Some(p.last().copied().unwrap_or_default()),
            Some(_) => None,
        });
        let mut statement = insert("report_public", &PUBLIC_COLUMNS);
        statement.push_values(rows.iter().copied().zip(fed), public_row);
        db.execute(statement).await?;
        let mut statement = insert("report_private", PRIVATE_COLUMNS);
        statement.push_values(rows.iter().zip(first..), |b, (r, seq)| {
            private_row(b, seq, &r.private, received(r));
        });
        db.execute(statement).await?;
        let events = rows.iter().zip(first..).zip(&places);
        let events = events
            .flat_map(|((r, seq), at)| life(seq, r.public.ward.as_ref(), &r.events, at, waits(r).is_none()));
        for events in events.collect::<Vec<_>>().chunks(ROWS * 2) {
            let mut statement = insert("event", EVENT_COLUMNS);
            statement.push_values(events, event_row);
            db.execute(statement).await?;
        }
        let waiting = rows.iter().zip(first..).zip(&places).filter_map(|((r, seq), at)| {
            let hour = waits(r)?;
            Some(at.iter().map(move |at| Waiting { event: at.seq, report: seq, id: r.id, hour }))
        });
        let waiting: Vec<_> = waiting.flatten().collect();
        for events in waiting.chunks(ROWS * 2) {
            waiting::put(db, events, false).await?;
        }
    }
    let end = last + batch.len() as i64;
    boxes.put_back(db, last + 1, end).await?;
    let told = batch.iter().take_while(|r| waits(r).is_none()).count() as i64;
    if told > 0 {
        log(db, ChangeKind::Reports { first: last + 1, last: last + told }, newest.max(at)).await?;
    }
    Ok(())
}

async fn assign(db: &mut Db<'_>, assignments: &[Assignment], at: Instant) -> Result<Vec<i64>, sqlx::Error> {
    let mut ledger = Ledger::open(db, at).await?;
    let mut stale = Vec::new();
    for a in assignments {
        if !a.basis.holds(db, a.seq).await? {
            stale.push(a.seq);
            continue;
        }
        let before = db
            .fetch_one(
                Sql::new("SELECT ward, withdrawn, fed_ms FROM report_public WHERE seq = $1").bind(a.seq),
            )
            .await?;
        let (from, withdrawn): (Option<String>, i64) = (before.try_get("ward")?, before.code("withdrawn")?);
        let after = Instant::from_ms(before.try_get::<i64>("fed_ms")? + 1);
        db.execute(
            Sql::new(
                "UPDATE report_public SET ward = $2, body = $3, rule = $4, lon = $5, lat = $6, border_m = $7,
                 offshore_m = $8 WHERE seq = $1",
            )
            .bind(a.seq)
            .bind(a.ward.as_ref().map(ToString::to_string))
            .bind(&a.body)
            .bind(&a.rule)
            .bind(a.point.map(|p| p.lon()))
            .bind(a.point.map(|p| p.lat()))
            .bind(a.border_m)
            .bind(a.offshore_m),
        )
        .await?;
        // Between wards of one generation it is a transfer, which feeds tell; a new generation is told
        // once for each ward.
        let moved = from.filter(|f| withdrawn == 0 && a.ward.as_ref().is_some_and(|to| is_neighbour(f, to)));
        let kind = if moved.is_some() { EventKind::Transfer } else { EventKind::Areas };
        // Who knows a report by its id and its moment must see that it moved.
        let place = if moved.is_some() { ledger.now(at.max(after)) } else { ledger.history(at) };
        db.execute(Sql::new(
            "INSERT INTO event (seq, report, n, kind, at_ms, shown_ms, role, from_state, to_state, note, ward, from_ward)
             SELECT $1, seq, (SELECT count(*) + 1 FROM event WHERE report = $2), $3, $4, $5, 'system', state, state,
                    'areas changed', ward, $6
             FROM report_public WHERE seq = $2",
        ).bind(place.seq).bind(a.seq).bind(kind as u8).bind(at.ms()).bind(moved.is_some().then_some(place.shown_ms)).bind(&moved)).await?;
        if moved.is_some() {
            db.execute(
                Sql::new("UPDATE report_public SET fed = $2, fed_ms = $3 WHERE seq = $1")
                    .bind(a.seq)
                    .bind(place.seq)
                    .bind(place.shown_ms),
            )
            .await?;
        }
        log(db, ChangeKind::Reports { first: a.seq, last: a.seq }, at).await?;
    }
    Ok(stale)
}

/// Whether a ward, by its canonical id, is another one of the same generation.
fn is_neighbour(from: &str, to: &WardId) -> bool {
    from.split_once('.').is_some_and(|(generation, code)| generation == &*to.generation && code != &*to.code)
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use super::*;
    use crate::store::test_database::{is_postgres, store_url};
    use crate::store::write::Applied;
    use crate::store::{Amendment, NewPlace, PlacedRecord, Step, Tighter};
    use diaban_core::domain::report::{Event, PublicFacts};
    use diaban_core::domain::{Precision, State};
    use diaban_core::geo::LonLat;

    pub(crate) fn report(id: u64) -> NewReport {
        let created = Instant::from_ms(1_000);
        let point = LonLat::new(106.7, 10.7 + id as f64 * 1e-3).ok();
        NewReport {
            id,
            public: PublicFacts {
                point: point.filter(|_| !id.is_multiple_of(3)),
                category: "drainage".into(),
                body: "centre".into(),
                rule: "default".into(),
                source: "api".into(),
                created,
                updated: created,
                ..PublicFacts::default()
            },
            private: PrivateFacts { point, ..PrivateFacts::default() },
            precision: Precision::Exact,
            events: vec![Event {
                at: created,
                shown: created,
                role: "citizen",
                from: None,
                to: State::Received,
                reason: None,
                note: None,
            }],
        }
    }

    /// Seqs of the boxes, and of the reports that must have one.
    async fn boxes(store: &Store) -> (Vec<i64>, Vec<i64>) {
        let seqs = async |sql: &'static str| -> Vec<i64> {
            let rows = store.read.fetch_all(Sql::new(sql)).await.unwrap();
            rows.iter().map(|row| row.try_get(0).unwrap()).collect()
        };
        (
            seqs(if is_postgres() {
                "SELECT seq FROM report_public WHERE geom IS NOT NULL ORDER BY seq"
            } else {
                "SELECT seq FROM report_box ORDER BY seq"
            })
            .await,
            seqs("SELECT seq FROM report_public WHERE lon IS NOT NULL ORDER BY seq").await,
        )
    }

    #[tokio::test]
    async fn a_keyed_load_stores_what_is_new_and_counts_what_came_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.unwrap();
        let keyed = |id, key, body| (report(id), IdempotencyKey { key: [key; 32], body: [body; 32] });
        let load = async |batch| store.load_keyed(Arc::new(batch), Instant::MIN).await;
        store.create_report(report(1), Some(keyed(1, 1, 1).1)).await.unwrap();
        let batch = vec![keyed(2, 1, 1), keyed(3, 2, 1), keyed(4, 1, 7), keyed(5, 2, 7), keyed(6, 3, 1)];
        // 1 was used before, once with another body; 2 comes twice.
        assert_eq!(load(batch).await.unwrap(), Loaded { stored: 2, there: 3, changed: 2 });
        assert_eq!(store.last_report().await.unwrap(), 3);
        // An id that is taken: nothing of the batch stays, not even its keys.
        assert!(load(vec![keyed(7, 4, 1), keyed(3, 5, 1)]).await.is_err());
        let known = store.known_keys(&[keyed(0, 3, 9).1, keyed(0, 4, 1).1]).await.unwrap();
        assert_eq!(known, KnownKeys::from([([3; 32], [1; 32])]));
        assert_eq!(load(Vec::new()).await.unwrap(), Loaded::default());
        store.close().await;
    }

    #[tokio::test]
    async fn what_happened_since_it_was_read_is_not_overwritten_by_a_batch() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        store.load_reports([1, 2, 4, 5].map(report).into()).await.unwrap();
        let read = store.places_after(0, 10).await.unwrap();
        let at = Instant::from_ms(2_000);
        let ward = WardId::parse("2025-07-01.26743").unwrap();
        let transfer = Step::Transfer {
            ward: ward.clone(),
            body: "ward:26743".into(),
            rule: "transferred".into(),
            point: read[1].point,
        };
        for (id, step) in [(1, Step::Erase), (2, transfer)] {
            let was = store.standing(id).await.unwrap().unwrap();
            let amendment = Amendment {
                was,
                step,
                role: "operator",
                at,
                shown: at,
                waits: false,
                reason: None,
                note: None,
            };
            assert!(matches!(store.amend_report(amendment).await.unwrap(), Applied::Done));
        }
        let tighter = |p: &PlacedRecord, place| Tighter {
            seq: p.assigned.seq,
            place: NewPlace::Coarser(place),
            by_hour_now: false,
            basis: p.assigned.basis,
        };
        // 1 was erased since, and so stays.
        let coarser = vec![tighter(&read[0], read[0].point), tighter(&read[2], None)];
        assert_eq!(store.tighten(coarser, Precision::Ward, at).await.unwrap(), [1]);
        let anew = |p: &PlacedRecord| Assignment {
            ward: WardId::parse("2025-07-01.26740"),
            point: p.point,
            ..p.assigned.clone()
        };
        let stale = store.assign_reports(read.iter().map(anew).collect(), at).await.unwrap();
        assert_eq!(stale, [1, 2, 3]);
        let now = async |id: u64| store.standing(id).await.unwrap().unwrap();
        assert_eq!(
            (now(1).await.point, now(4).await.point),
            (None, None),
            "a place that was taken away is back"
        );
        assert_eq!(now(2).await.ward, Some(ward), "a transfer was undone");
        assert_eq!(now(5).await.ward, WardId::parse("2025-07-01.26740"));
        // Read again, they are assigned as they are now; what was erased has no place to be assigned by.
        let again = store.places_of(&stale).await.unwrap();
        assert!(again.iter().all(|p| p.assigned.seq != 1 || p.point.is_none()));
        let again = again.iter().filter(|p| p.point.is_some()).map(anew).collect();
        assert_eq!(store.assign_reports(again, at).await.unwrap(), [0; 0]);
        store.close().await;
    }

    #[tokio::test]
    async fn every_public_point_has_its_box_however_it_came() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        store.load_reports((1..=700).map(report).collect()).await.unwrap();
        store.create_report(report(701), None).await.unwrap();
        // 5 is taken: nothing of this load stays, and what it put aside is back.
        assert!(store.load_reports(vec![report(800), report(5)]).await.is_err());
        store.create_report(report(802), None).await.unwrap();
        store.load_reports(vec![report(803), report(804)]).await.unwrap();
        let (boxed, placed) = boxes(&store).await;
        assert_eq!(boxed, placed);
        assert_eq!(boxed.len(), (1..=701).chain(802..=804).filter(|id| id % 3 != 0).count());
        store.close().await;
    }
}
