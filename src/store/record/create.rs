//! New reports, a whole group in a few statements: one commit's worth of POSTs costs little more
//! than a single one.

use std::collections::{HashMap, HashSet};

use crate::store::areas::in_force;
use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Sql};
use crate::store::record::events::{EVENT_COLUMNS, Ledger, Position, event_row, life};
use crate::store::record::reports::{
    PRIVATE_COLUMNS, PUBLIC_COLUMNS, insert, private_row, public_row, received,
};
use crate::store::record::waiting::{self, Waiting};
use crate::store::write::{Command, IdempotencyKey};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::report::{Event, NewReport};

impl Store {
    /// Stores one report durably: the report, its events and its change in one commit.
    ///
    /// # Errors
    /// When the write fails; nothing was stored then, or the same key resolves it.
    pub async fn create_report(
        &self,
        report: NewReport,
        key: Option<IdempotencyKey>,
    ) -> Result<Created, StoreError> {
        self.write(Creation { report, key }).await
    }
}

/// A report to store, and the key it came with.
#[derive(Clone, Debug)]
struct Creation {
    report: NewReport,
    key: Option<IdempotencyKey>,
}

/// What came of storing a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored, durably.
    New,
    /// The key was used before: this is its report, and whether the body was the same.
    Replayed {
        /// Public id of the report that the first request made.
        id: u64,
        /// Whether the body was the same.
        same: bool,
    },
    /// The id is another report's; draw again.
    IdTaken,
    /// Other boundaries are in force than those by which it was placed; place it again.
    OtherAreas,
}

impl Command for Creation {
    type Answer = Created;

    async fn run(&self, db: &mut Db<'_>) -> Result<Created, sqlx::Error> {
        let created = Self::run_all(&[self], db).await?;
        created.first().copied().ok_or(sqlx::Error::RowNotFound)
    }

    async fn run_all(group: &[&Self], db: &mut Db<'_>) -> Result<Vec<Created>, sqlx::Error> {
        create(db, group).await
    }
}

/// Stores what is new of a group; one answer for each, in order. Of two with one key the first is
/// stored and the second repeats it; of two with one id the second must draw again.
async fn create(db: &mut Db<'_>, group: &[&Creation]) -> Result<Vec<Created>, sqlx::Error> {
    let mut outcomes = replays(db, group).await?;
    let edition = in_force(db).await?;
    for (outcome, c) in outcomes.iter_mut().zip(group) {
        if outcome.is_none() && c.report.edition != edition {
            *outcome = Some(Created::OtherAreas);
        }
    }
    let mut by_key = HashMap::new();
    let mut ids = HashSet::new();
    let mut repeats = Vec::new();
    let mut fresh = Vec::new();
    for (i, c) in group.iter().enumerate().filter(|(i, _)| outcomes[*i].is_none()) {
        if let Some(first) = c.key.as_ref().and_then(|key| by_key.get(&key.key)) {
            repeats.push((i, *first));
        } else if ids.insert(c.report.id) {
            by_key.extend(c.key.as_ref().map(|key| (key.key, i)));
            fresh.push(i);
        }
    }
    let places = places(db, group, &fresh).await?;
    let seqs = insert_public(db, group, &fresh, &places).await?;
    // What got no sequence has an id that is another report's.
    let stored: Vec<Stored<'_>> = fresh
        .iter()
        .zip(places)
        .filter_map(|(i, at)| Some(Stored { seq: *seqs.get(&group[*i].report.id)?, made: group[*i], at }))
        .collect();
    insert_rest(db, &stored).await?;
    for i in fresh {
        outcomes[i] = seqs.contains_key(&group[i].report.id).then_some(Created::New);
    }
    for (i, first) in repeats {
        outcomes[i] = (outcomes[first] == Some(Created::New)).then(|| Created::Replayed {
            id: group[first].report.id,
            same: group[i].key == group[first].key,
        });
    }
    Ok(outcomes.into_iter().map(|o| o.unwrap_or(Created::IdTaken)).collect())
}

/// A creation that got its sequence, and the places of its events in the order of news.
struct Stored<'a> {
    seq: i64,
    made: &'a Creation,
    at: Vec<Position>,
}

/// Places for the events of what is new. One that turns out to have a taken id leaves a gap.
async fn places(
    db: &mut Db<'_>,
    group: &[&Creation],
    fresh: &[usize],
) -> Result<Vec<Vec<Position>>, sqlx::Error> {
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    let now = fresh.iter().map(|i| received(&group[*i].report)).max().unwrap_or(Instant::MIN);
    let mut ledger = Ledger::open(db, now).await?;
    let mut all = |i: &usize| {
        let report = &group[*i].report;
        // What waits gets a place when it becomes public; until then its events have a number only.
        let waits = waiting::hour(report).is_some();
        let mut place = |e: &Event| if waits { ledger.history(e.shown) } else { ledger.now(e.shown) };
        report.events.iter().map(&mut place).collect()
    };
    Ok(fresh.iter().map(&mut all).collect())
}

/// Those whose key was used before.
async fn replays(db: &mut Db<'_>, group: &[&Creation]) -> Result<Vec<Option<Created>>, sqlx::Error> {
    let mut outcomes = vec![None; group.len()];
    let keys: Vec<&IdempotencyKey> = group.iter().filter_map(|c| c.key.as_ref()).collect();
    if keys.is_empty() {
        return Ok(outcomes);
    }
    let mut q = Sql::new("SELECT key_hash, body_hash, report_id FROM idempotency WHERE key_hash");
    q.push_in(keys.iter().map(|key| &key.key[..]));
    for row in db.fetch_all(q).await? {
        let (key, body, id): (&[u8], &[u8], i64) =
            (row.try_get("key_hash")?, row.try_get("body_hash")?, row.try_get("report_id")?);
        for (outcome, c) in outcomes.iter_mut().zip(group) {
            if let Some(k) = c.key.as_ref().filter(|k| k.key == key) {
                *outcome = Some(Created::Replayed { id: id as u64, same: k.repeats(body) });
            }
        }
    }
    Ok(outcomes)
}

/// The sequences of the rows that were inserted, by id.
async fn insert_public(
    db: &mut Db<'_>,
    group: &[&Creation],
    fresh: &[usize],
    places: &[Vec<Position>],
) -> Result<HashMap<u64, i64>, sqlx::Error> {
    if fresh.is_empty() {
        return Ok(HashMap::new());
    }
    let mut q = insert("report_public", &PUBLIC_COLUMNS);
    let rows = fresh.iter().map(|i| &group[*i].report).zip(places);
    let fed = |p: &Vec<Position>| p.last().copied().unwrap_or_default();
    q.push_values(rows.map(|(r, p)| (r, waiting::hour(r).is_none().then(|| fed(p)))), public_row);
    q.push(" ON CONFLICT (id) DO NOTHING RETURNING id, seq");
    let rows = db.fetch_all(q).await?;
    rows.iter().map(|row| Ok((row.try_get::<i64>("id")? as u64, row.try_get("seq")?))).collect()
}

async fn insert_rest(db: &mut Db<'_>, stored: &[Stored<'_>]) -> Result<(), sqlx::Error> {
    if stored.is_empty() {
        return Ok(());
    }
    let mut q = insert("report_private", PRIVATE_COLUMNS);
    q.push_values(stored, |b, s| private_row(b, s.seq, &s.made.report.private, received(&s.made.report)));
    db.execute(q).await?;
    let events: Vec<_> = stored
        .iter()
        .flat_map(|s| {
            let r = &s.made.report;
            life(s.seq, r.public.ward.as_ref(), &r.events, &s.at, waiting::hour(r).is_none())
        })
        .collect();
    let mut q = insert("event", EVENT_COLUMNS);
    q.push_values(&events, event_row);
    db.execute(q).await?;
    let keyed: Vec<_> =
        stored.iter().filter_map(|s| Some((s.made.key.as_ref()?, s.made.report.id))).collect();
    if !keyed.is_empty() {
        let mut q = insert("idempotency", "key_hash, body_hash, report_id");
        q.push_values(keyed, |b, (key, id)| {
            b.push_bind(&key.key[..]).push_bind(&key.body[..]).push_bind(id as i64);
        });
        db.execute(q).await?;
    }
    let waiting: Vec<_> = stored
        .iter()
        .filter_map(|s| Some((s, waiting::hour(&s.made.report)?)))
        .flat_map(|(s, hour)| {
            let id = s.made.report.id;
            s.at.iter().map(move |at| Waiting { event: at.seq, report: s.seq, id, hour })
        })
        .collect();
    waiting::put(db, &waiting, true).await?;
    // Nobody else writes inside this transaction, so the range holds these rows and no others that are public.
    let told: Vec<_> = stored.iter().filter(|s| waiting::hour(&s.made.report).is_none()).collect();
    let seqs = || told.iter().map(|s| s.seq);
    let (Some(first), Some(last)) = (seqs().min(), seqs().max()) else { return Ok(()) };
    let at = told.iter().map(|s| received(&s.made.report)).max().unwrap_or(Instant::MIN);
    log(db, ChangeKind::Reports { first, last }, at).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ChangeKind;
    use crate::store::database::testing::Connection;
    use crate::store::record::reports::tests::report;
    use crate::store::test_database::store_url;

    fn key(key: u8, body: u8) -> IdempotencyKey {
        IdempotencyKey { key: [key; 32], body: [body; 32] }
    }

    #[tokio::test]
    async fn a_group_is_sorted_out_as_one_after_the_other_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        store.create_report(report(1), Some(key(1, 1))).await.unwrap();
        let reports = [2, 1, 3, 4, 3, 5, 6].map(report);
        let keys =
            [None, Some(key(9, 9)), Some(key(2, 1)), Some(key(2, 1)), None, Some(key(2, 7)), Some(key(1, 1))];
        let group: Vec<Creation> =
            reports.into_iter().zip(keys).map(|(report, key)| Creation { report, key }).collect();
        let mut connection = Connection::open(&url).await;
        let outcomes = create(&mut connection.db(), &group.iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(
            outcomes,
            [
                Created::New,
                Created::IdTaken,                         // 1 is there already
                Created::New,                             // 3, the first with key 2
                Created::Replayed { id: 3, same: true },  // the same key and body in the group
                Created::IdTaken,                         // 3 twice in the group
                Created::Replayed { id: 3, same: false }, // the same key, another body
                Created::Replayed { id: 1, same: true },  // a key of before
            ]
        );
        let log = store.changes_after(0, 10).await.unwrap();
        let kinds: Vec<ChangeKind> = log.iter().map(|c| c.kind).collect();
        // The taken id used up a sequence: the range names it too, and a follower finds no row there.
        let (before, group) =
            (ChangeKind::Reports { first: 1, last: 1 }, ChangeKind::Reports { first: 2, last: 4 });
        assert_eq!(kinds, [before, group]);
    }
}
