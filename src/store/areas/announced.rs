//! Editions that come into force in a moment: which processes have their maps ready, and when an announcement counts no
//! more.

use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Sql};
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;

impl Store {
    /// Takes announcements of before a moment back: whoever made them is gone. Says whether there was one.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn lapse(&self, before: Instant, at: Instant) -> Result<bool, StoreError> {
        let old = format!("SELECT count(*) FROM area_edition WHERE {LAPSED}");
        if self.read.fetch_value::<i64>(Sql::new(old).bind(before.ms())).await? == 0 {
            return Ok(false);
        }
        self.write(Lapse { before, at }).await
    }

    /// Notes that a process has its map ready for an edition, or that it makes it ready.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn ready(&self, follower: i64, edition: i64, made: bool) -> Result<(), StoreError> {
        self.write(Ready { follower, ready: if made { edition } else { making(edition) } }).await
    }

    /// How many processes seen since a moment have not heard of an edition that is announced, and how many of them make
    /// their maps ready for it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unready(&self, edition: i64, since: Instant) -> Result<(i64, i64), StoreError> {
        let count =
            "SELECT count(*) AS unready, coalesce(sum(CASE WHEN ready = $3 THEN 1 ELSE 0 END), 0) AS making
                     FROM follower WHERE seen_ms >= $1 AND coalesce(ready, -1) <> $2";
        let count = Sql::new(count).bind(since.ms()).bind(edition).bind(making(edition));
        let row = self.read.fetch_one(count).await?;
        let (unready, making): (i64, i64) = (row.try_get("unready")?, row.try_get("making")?);
        Ok((unready - making, making))
    }
}

/// Announced before a moment. What comes into force by itself is announced again by any process.
const LAPSED: &str = "state = 1 AND from_ms IS NULL AND coalesce(announced_ms, 0) < $1";

struct Lapse {
    before: Instant,
    at: Instant,
}

impl Command for Lapse {
    type Answer = bool;

    async fn run(&self, db: &mut Db<'_>) -> Result<bool, sqlx::Error> {
        // One that was in force already is a former one again.
        let was = "CASE WHEN EXISTS (SELECT 1 FROM area_turn t WHERE t.edition = area_edition.seq) THEN 2 ELSE 0 END";
        let set = format!("UPDATE area_edition SET state = {was} WHERE {LAPSED}");
        if db.execute(Sql::new(set).bind(self.before.ms())).await? == 0 {
            return Ok(false);
        }
        log(db, ChangeKind::Areas, self.at).await?;
        Ok(true)
    }
}

/// What stands for an edition while a map is made ready for it: no edition has such a number.
fn making(edition: i64) -> i64 {
    -2 - edition
}

struct Ready {
    follower: i64,
    ready: i64,
}

impl Command for Ready {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let ready = Sql::new("UPDATE follower SET ready = $2 WHERE id = $1");
        db.execute(ready.bind(self.follower).bind(self.ready)).await.map(|_| ())
    }
}
