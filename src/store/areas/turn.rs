//! Another edition comes into force: one row, one change of the log, whatever the number of reports.

use std::fmt;
use std::sync::Arc;

use super::editions::EditionState;
use super::in_force;
use super::placed::{Placed, late, put};
use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Sql};
use crate::store::record::read::PlacedRecord;
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;

/// Decides where a report belongs under an edition.
pub type Place = Arc<dyn Fn(&PlacedRecord) -> Placed + Send + Sync>;

/// An edition, and who decides where reports belong under it.
#[derive(Clone)]
pub struct Judge {
    /// The edition.
    pub edition: i64,
    /// Its generation.
    pub generation: Arc<str>,
    /// Who decides.
    pub place: Place,
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("edition", &self.edition).finish_non_exhaustive()
    }
}

/// What is to come into force.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The edition, prepared; it decides about reports that changed since they were prepared.
    pub judge: Judge,
    /// The edition that is in force until now.
    pub former: i64,
    /// When.
    pub at: Instant,
    /// Until when it can be taken back.
    pub undo_until: Instant,
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It is in force.
    Done,
    /// Too many reports changed since they were prepared: prepare again.
    Behind,
    /// Rows of the former turn are still to be written.
    Unsettled,
    /// Another edition is in force by now, or this one is not to come into force any more.
    Stale,
}

impl Store {
    /// The first edition that is to come into force by a moment and is not yet: its number, and when. Of one instant the
    /// one imported last comes last, and stays.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn due_edition(&self, by: Instant) -> Result<Option<(i64, Instant)>, StoreError> {
        let due = "SELECT seq, from_ms FROM area_edition WHERE state IN (0, 1) AND from_ms <= $1
                   ORDER BY from_ms, seq LIMIT 1";
        let rows = self.read.fetch_all(Sql::new(due).bind(by.ms())).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some((row.try_get("seq")?, Instant::from_ms(row.try_get("from_ms")?))))
    }

    /// Brings an edition into force, at one change of the log, if all is prepared.
    ///
    /// # Errors
    /// When the write fails; the former edition is in force then.
    pub async fn turn(&self, turn: Turn) -> Result<Outcome, StoreError> {
        self.write(turn).await
    }

    /// Lets the edition before the last turn come into force again by itself, from this moment on, if the last turn is
    /// still the one to this edition.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn recall(&self, edition: i64, former: i64, at: Instant) -> Result<Applied, StoreError> {
        self.write(Recall { edition, former, at }).await
    }

    /// Says which edition is in force where nothing is on record yet: one that was imported, or number 0, the city
    /// pack's own of this generation. The reports are assigned to it already.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn begin_areas(&self, edition: i64, generation: &str, at: Instant) -> Result<(), StoreError> {
        self.write(Begin { edition, generation: generation.to_owned(), at }).await
    }
}

impl Command for Turn {
    type Answer = Outcome;

    async fn run(&self, db: &mut Db<'_>) -> Result<Outcome, sqlx::Error> {
        let edition = self.judge.edition;
        let row = Sql::new("SELECT state, prepared_to FROM area_edition WHERE seq = $1").bind(edition);
        let rows = db.fetch_all(row).await?;
        let Some(row) = rows.first() else { return Ok(Outcome::Stale) };
        let gone = row.code("state")? == EditionState::Withdrawn as i64;
        if gone || in_force(db).await? != self.former || edition == self.former {
            return Ok(Outcome::Stale);
        }
        let unsettled = Sql::new("SELECT 1 AS one FROM placed WHERE edition = $1 LIMIT 1").bind(self.former);
        if !db.fetch_all(unsettled).await?.is_empty() {
            return Ok(Outcome::Unsettled);
        }
        let Some(prepared_to) = row.try_get::<Option<i64>>("prepared_to")? else {
            return Ok(Outcome::Behind);
        };
        let Some(records) = late(db, edition, prepared_to).await? else { return Ok(Outcome::Behind) };
        let placed: Vec<Placed> = records.iter().map(|r| (self.judge.place)(r)).collect();
        put(db, edition, &placed).await?;
        begin(db, edition, Some(self.former), self.at, self.undo_until).await?;
        log(db, ChangeKind::Areas, self.at).await?;
        Ok(Outcome::Done)
    }
}

struct Recall {
    edition: i64,
    former: i64,
    at: Instant,
}

impl Command for Recall {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        if in_force(db).await? != self.edition {
            return Ok(Applied::Stale);
        }
        let due = "UPDATE area_edition SET state = $2, from_ms = $3 WHERE seq = $1";
        let due = Sql::new(due).bind(self.former).bind(EditionState::Announced as u8).bind(self.at.ms());
        db.execute(due).await?;
        db.execute(Sql::new("UPDATE follower SET ready = NULL")).await?;
        log(db, ChangeKind::Areas, self.at).await?;
        Ok(Applied::Done)
    }
}

struct Begin {
    edition: i64,
    generation: String,
    at: Instant,
}

impl Command for Begin {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        if db.fetch_value::<i64>(Sql::new("SELECT count(*) FROM area_turn")).await? > 0 {
            return Ok(());
        }
        if self.edition == 0 {
            let own = "INSERT INTO area_edition (seq, generation, source, imported_ms, boundaries, state)
                       VALUES (0, $1, 'the city pack', $2, $3, $4)";
            let own = Sql::new(own).bind(&self.generation).bind(self.at.ms()).bind(&[][..]);
            db.execute(own.bind(EditionState::Used as u8)).await?;
        }
        begin(db, self.edition, None, self.at, self.at).await
    }
}

async fn begin(
    db: &mut Db<'_>,
    edition: i64,
    former: Option<i64>,
    at: Instant,
    undo_until: Instant,
) -> Result<(), sqlx::Error> {
    let turn = Sql::new("INSERT INTO area_turn (edition, former, at_ms, undo_ms) VALUES ($1, $2, $3, $4)");
    db.execute(turn.bind(edition).bind(former).bind(at.ms()).bind(undo_until.ms())).await?;
    // What was prepared for it is used up. Former boundaries that were to come back are overtaken.
    let used = "UPDATE area_edition SET state = $2, from_ms = NULL, prepared_to = NULL WHERE seq = $1
                    OR state = $3 AND seq IN (SELECT t.edition FROM area_turn t)";
    let used = Sql::new(used).bind(edition).bind(EditionState::Used as u8);
    db.execute(used.bind(EditionState::Announced as u8)).await.map(|_| ())
}
