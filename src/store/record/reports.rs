//! Writing reports: what a row is made of, bulk loads, assignment to wards. New ones are `create`,
//! reading them is `read`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use crate::store::areas::in_force;
use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Row, Sql, Values};
use crate::store::record::boxes::Boxes;
use crate::store::record::events::{EVENT_COLUMNS, Ledger, Position, event_row, life};
use crate::store::record::fields::{FACT_COLUMNS, put_facts};
use crate::store::record::mask::MASKED;
use crate::store::record::waiting::{self, Waiting};
use crate::store::write::{Command, IdempotencyKey};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::report::{NewReport, PrivateFacts, Withdrawn};

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
    /// When the write fails, or with [`StoreError::OtherAreas`]; none of the batch was stored then.
    pub async fn load_keyed(&self, batch: KeyedReports, at: Instant) -> Result<Loaded, StoreError> {
        self.write(LoadKeyed(batch, at)).await?.ok_or(StoreError::OtherAreas)
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
}

/// Columns of one report in `report_public`, in the order in which `public_row` binds them.
pub(in crate::store) static PUBLIC_COLUMNS: LazyLock<String> =
    LazyLock::new(|| format!("id, {}, fed, fed_ms, precision, withdrawn, masked", *FACT_COLUMNS));
pub(in crate::store) const PRIVATE_COLUMNS: &str =
    "seq, lon, lat, accuracy_m, address, answers, created_ms, title, description";
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
    b.push_bind(MASKED);
}

pub(in crate::store) fn private_row(b: &mut Values<'_>, seq: i64, p: &PrivateFacts, created: Instant) {
    b.push_bind(seq);
    b.push_bind(p.point.map(|p| p.lon()));
    b.push_bind(p.point.map(|p| p.lat()));
    b.push_bind(p.accuracy_m);
    b.push_bind(p.address.clone());
    b.push_bind(answers_text(&p.answers));
    b.push_bind(created.ms());
    b.push_bind(p.title.clone());
    b.push_bind(p.description.clone());
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

struct Load(Vec<NewReport>);

impl Command for Load {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        load(db, &self.0.iter().collect::<Vec<_>>(), Instant::MIN).await
    }
}

struct LoadKeyed(KeyedReports, Instant);

impl Command for LoadKeyed {
    /// None when other boundaries are in force than those by which the reports were placed; none was stored then.
    type Answer = Option<Loaded>;

    async fn run(&self, db: &mut Db<'_>) -> Result<Option<Loaded>, sqlx::Error> {
        load_keyed(db, &self.0, self.1).await
    }
}

async fn load_keyed(
    db: &mut Db<'_>,
    batch: &[(NewReport, IdempotencyKey)],
    at: Instant,
) -> Result<Option<Loaded>, sqlx::Error> {
    let edition = in_force(db).await?;
    if batch.iter().any(|(report, _)| report.edition != edition) {
        return Ok(None);
    }
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
    Ok(Some(Loaded { stored, there: all - stored, changed }))
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

#[cfg(test)]
pub(in crate::store) mod tests {
    use super::*;
    use crate::store::test_database::{is_postgres, store_url};
    use crate::store::write::Applied;
    use crate::store::{Amendment, Loose, NewPlace, Step, Tighter};
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
            edition: 0,
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

    /// Takes a step in the life of a report.
    pub(crate) async fn amend(store: &Store, id: u64, step: Step, at: Instant) -> Applied {
        let was = store.standing(id).await.unwrap().unwrap();
        let amendment = Amendment::new(was, step, "operator", at);
        store.amend_report(amendment).await.unwrap()
    }

    #[tokio::test]
    async fn what_happened_since_it_was_read_is_not_overwritten_by_a_stricter_category() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        store.load_reports([1, 4].map(report).into()).await.unwrap();
        let read = store.loose_reports("drainage", Precision::Ward, 9).await.unwrap();
        let at = Instant::from_ms(2_000);
        assert_eq!(amend(&store, 1, Step::Erase, at).await, Applied::Done);
        let tighter = |r: &Loose| Tighter {
            seq: r.seq,
            place: NewPlace::Coarser(r.point.filter(|_| r.seq == 1)),
            by_hour_now: false,
            basis: r.basis,
        };
        let coarser = read.iter().map(tighter).collect();
        assert_eq!(store.tighten(coarser, Precision::Ward, at).await.unwrap(), [1]);
        let now = async |id: u64| store.standing(id).await.unwrap().unwrap().point;
        assert_eq!((now(1).await, now(4).await), (None, None), "a place that was taken away is back");
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
