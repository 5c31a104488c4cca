//! Who follows the change log, and how much of it is kept: what the slowest of them needs.
//!
//! The log says itself where it begins: the last row that was trimmed stays, as a mark. A follower that
//! meets the mark was behind the trim, and reads its base anew.

use crate::store::changes::{AREAS, FEATURES, REPORTS, TRIMMED};
use crate::store::database::{Db, Sql};
use crate::store::record::events::Ledger;
use crate::store::record::future;
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;

/// Rows taken from the log in one commit.
const PIECE: i64 = 10_000;

/// Where a follower stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Following {
    /// Its own number, drawn when it began.
    pub id: i64,
    /// The position from which it would go on after a restart.
    pub position: i64,
    /// Now.
    pub at: Instant,
}

impl Store {
    /// Says where a follower stands, and forgets those not seen since `since`.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn register(&self, following: Following, since: Instant) -> Result<(), StoreError> {
        self.write(Register { following, since }).await
    }

    /// Takes from the log what no registered follower needs and what is older than `before`; gives how
    /// many rows went.
    ///
    /// # Errors
    /// When a write fails; what went before it stays gone.
    pub async fn trim(&self, before: Instant) -> Result<u64, StoreError> {
        let mut gone = 0;
        loop {
            match self.write(Trim { before }).await? {
                0 => return Ok(gone),
                rows => gone += rows,
            }
        }
    }
}

struct Register {
    following: Following,
    since: Instant,
}

impl Command for Register {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let Following { id, position, at } = self.following;
        // The clock may have been set back: what it had recorded far ahead would pin news and log until then. A
        // process that was seen then says again where it stands.
        Ledger::open(db, at).await?;
        future::bring_features_back(db, at).await?;
        let gone = Sql::new("DELETE FROM follower WHERE seen_ms < $1 OR seen_ms > $2");
        let ahead = at.ms().saturating_add(at.ms().saturating_sub(self.since.ms()));
        db.execute(gone.bind(self.since.ms()).bind(ahead)).await?;
        db.execute(
            Sql::new(
                "INSERT INTO follower (id, position, seen_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (id) DO UPDATE SET position = excluded.position, seen_ms = excluded.seen_ms",
            )
            .bind(id)
            .bind(position)
            .bind(at.ms()),
        )
        .await?;
        Ok(())
    }
}

/// Trims one piece; answers how many rows went.
struct Trim {
    before: Instant,
}

impl Command for Trim {
    type Answer = u64;

    async fn run(&self, db: &mut Db<'_>) -> Result<u64, sqlx::Error> {
        // The mark stands in place of a row of reports: when features and areas last changed is asked of the
        // log for ever. The row that a follower stands at stays too: by it a file of the map is known.
        let end = Sql::new(
            "SELECT max(seq) FROM (
                 SELECT seq FROM change
                 WHERE kind = $1 AND at_ms < $2 AND seq < (SELECT coalesce(min(position), 0) FROM follower)
                 ORDER BY seq LIMIT $3
             ) AS piece",
        );
        let end: Option<i64> = db.fetch_value(end.bind(REPORTS).bind(self.before.ms()).bind(PIECE)).await?;
        let Some(end) = end else { return Ok(0) };
        let gone = Sql::new(
            "DELETE FROM change WHERE seq < $1
               AND seq NOT IN (SELECT max(seq) FROM change WHERE kind IN ($2, $3) GROUP BY kind)",
        );
        let gone = db.execute(gone.bind(end).bind(FEATURES).bind(AREAS)).await?;
        let mark = Sql::new("UPDATE change SET kind = $1, first = 0, last = 0 WHERE seq = $2");
        db.execute(mark.bind(TRIMMED).bind(end)).await?;
        Ok(gone + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ChangeKind;
    use crate::store::city::feature_wards::tests::write;
    use crate::store::record::reports::tests::report;
    use crate::store::test_database::store_url;

    #[tokio::test]
    async fn the_log_is_kept_for_the_slowest_and_says_where_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let pack = crate::city_files::embedded().unwrap();
        let facilities = write(pack.collection("facilities").unwrap(), "A", &["g.1"]);
        store.write_features(facilities, Instant::from_ms(1_000)).await.unwrap();
        for id in 1..=9 {
            store.create_report(report(id), None).await.unwrap();
        }
        let log = async |after| store.changes_after(after, 100).await.unwrap();
        let all = log(0).await;
        let features = store.features_changed().await.unwrap();
        assert_eq!((all.len(), all[0].kind), (10, ChangeKind::Features { first: 1, last: 2 }));
        let late = Instant::from_ms(all[9].at.ms() + 1);
        let follow = async |id, position, at: i64| {
            store
                .register(Following { id, position, at: Instant::from_ms(at) }, Instant::from_ms(50))
                .await
                .unwrap();
        };
        // Nobody follows: nobody has said that a row is not needed.
        assert_eq!(store.trim(late).await.unwrap(), 0);
        follow(1, all[3].seq, 40).await;
        follow(2, all[7].seq, 60).await;
        // Not old enough.
        assert_eq!(store.trim(all[1].at).await.unwrap(), 0);
        // The first one was not seen for long.
        assert_eq!(store.trim(late).await.unwrap(), 6);
        assert_eq!(store.trim(late).await.unwrap(), 0);
        let left = log(0).await;
        let kinds: Vec<_> = left.iter().map(|c| (c.seq, c.kind)).collect();
        assert_eq!(kinds[0], (all[0].seq, all[0].kind), "when features changed is still known");
        assert_eq!(kinds[1], (all[6].seq, ChangeKind::Trimmed));
        assert_eq!(left[2..], all[7..]);
        // Whoever stands at the mark or later never meets it.
        assert_eq!(log(all[6].seq).await, all[7..]);
        assert_eq!(store.features_changed().await.unwrap(), features);
        // The mark moves on, and the newest row stays.
        follow(2, all[9].seq, 70).await;
        assert_eq!(store.trim(late).await.unwrap(), 3);
        assert_eq!(log(0).await.len(), 3);
        assert_eq!(log(all[8].seq).await, all[9..]);
        store.close().await;
    }
}
