//! Imports of boundaries: kept whole as the documents that passed the checks, each with its state.

use super::IN_FORCE;
use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Row, Sql};
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;

/// How far an edition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditionState {
    /// Imported and checked; nobody sees it.
    Prepared = 0,
    /// It comes into force in a moment: every process makes its map ready.
    Announced = 1,
    /// It is in force, or was.
    Used = 2,
    /// It will not come into force.
    Withdrawn = 3,
}

impl EditionState {
    fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Prepared,
            1 => Self::Announced,
            3 => Self::Withdrawn,
            _ => Self::Used,
        }
    }
}

/// Boundaries as they were imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Its number, in the order of imports.
    pub seq: i64,
    /// The generation: the day from which it is valid, `2025-07-01`.
    pub generation: String,
    /// File name or URL, for people.
    pub source: String,
    /// When it was imported.
    pub imported: Instant,
    /// Gzipped GeoJSON; none where the city pack has them.
    pub boundaries: Option<Vec<u8>>,
    /// Which wards have the ground of which former ones, as JSON.
    pub successors: Option<String>,
    /// How far it has come.
    pub state: EditionState,
    /// When it is to come into force.
    pub from: Option<Instant>,
    /// The position of the change log up to which assignments are prepared.
    pub prepared_to: Option<i64>,
}

/// When other boundaries came into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The edition in force since.
    pub edition: i64,
    /// The one before.
    pub former: Option<i64>,
    /// When.
    pub at: Instant,
    /// Until when it can be taken back.
    pub undo_until: Instant,
}

/// All editions, oldest first, and the turns between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredAreas {
    /// All editions, in the order of imports.
    pub editions: Vec<Edition>,
    /// All turns, the last one last.
    pub turns: Vec<Turned>,
}

impl StoredAreas {
    /// The number of the edition in force; 0 while none is stored.
    pub fn in_force(&self) -> i64 {
        self.turns.last().map_or(0, |turn| turn.edition)
    }

    /// An edition by its number.
    pub fn edition(&self, seq: i64) -> Option<&Edition> {
        self.editions.iter().find(|e| e.seq == seq)
    }

    /// The edition that was announced and comes into force next. What comes as soon as it can is before what waits for
    /// its instant.
    pub fn announced(&self) -> Option<&Edition> {
        let announced = self.editions.iter().filter(|e| e.state == EditionState::Announced);
        announced.min_by_key(|e| (e.from, e.seq))
    }
}

impl Store {
    /// All editions and turns, as of one moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn areas(&self) -> Result<StoredAreas, StoreError> {
        self.areas_with("boundaries").await
    }

    /// The same without the boundaries themselves, which are most of the bytes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn area_states(&self) -> Result<StoredAreas, StoreError> {
        self.areas_with("substr(boundaries, 1, 0) AS boundaries").await
    }

    async fn areas_with(&self, boundaries: &str) -> Result<StoredAreas, StoreError> {
        let mut moment = self.read.moment().await?;
        let editions = format!(
            "SELECT seq, generation, source, imported_ms, {boundaries}, successors, state, from_ms, prepared_to
             FROM area_edition ORDER BY seq"
        );
        let editions = moment.fetch_all(Sql::new(editions)).await?;
        let turns = moment
            .fetch_all(Sql::new("SELECT edition, former, at_ms, undo_ms FROM area_turn ORDER BY seq"))
            .await?;
        Ok(StoredAreas {
            editions: editions.iter().map(edition).collect::<Result<_, _>>()?,
            turns: turns.iter().map(turned).collect::<Result<_, _>>()?,
        })
    }

    /// The number of the edition in force; 0 while none is stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn edition_in_force(&self) -> Result<i64, StoreError> {
        self.read.fetch_value(Sql::new(IN_FORCE)).await
    }

    /// Keeps an edition, as one that is prepared; its number and progress are not looked at. Gives its number.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn add_edition(&self, edition: Edition) -> Result<i64, StoreError> {
        self.write(Add(edition)).await
    }

    /// Keeps another table of successors of an edition, as JSON.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn set_successors(&self, seq: i64, successors: String) -> Result<(), StoreError> {
        self.write(Succeed { seq, successors }).await
    }

    /// Says when an edition of this state is to come into force; never by itself with none.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn schedule_edition(
        &self,
        seq: i64,
        state: EditionState,
        from: Option<Instant>,
    ) -> Result<Applied, StoreError> {
        self.write(Schedule { seq, state, from }).await
    }

    /// Moves an edition that is not in force on to another state, if it has this one still. Every process hears of it.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn move_edition(
        &self,
        seq: i64,
        from: EditionState,
        to: EditionState,
        at: Instant,
    ) -> Result<Applied, StoreError> {
        self.write(Move { seq, from, to, at }).await
    }
}

fn edition(row: &Row) -> Result<Edition, sqlx::Error> {
    Ok(Edition {
        seq: row.try_get("seq")?,
        generation: row.try_get("generation")?,
        source: row.try_get("source")?,
        imported: Instant::from_ms(row.try_get("imported_ms")?),
        boundaries: Some(row.try_get::<Vec<u8>>("boundaries")?).filter(|b| !b.is_empty()),
        successors: row.try_get("successors")?,
        state: EditionState::from_code(row.code("state")?),
        from: row.try_get::<Option<i64>>("from_ms")?.map(Instant::from_ms),
        prepared_to: row.try_get("prepared_to")?,
    })
}

fn turned(row: &Row) -> Result<Turned, sqlx::Error> {
    Ok(Turned {
        edition: row.try_get("edition")?,
        former: row.try_get("former")?,
        at: Instant::from_ms(row.try_get("at_ms")?),
        undo_until: Instant::from_ms(row.try_get("undo_ms")?),
    })
}

struct Add(Edition);

impl Command for Add {
    type Answer = i64;

    async fn run(&self, db: &mut Db<'_>) -> Result<i64, sqlx::Error> {
        let e = &self.0;
        db.fetch_value(
            Sql::new(
                "INSERT INTO area_edition (generation, source, imported_ms, boundaries, successors, state, from_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING seq",
            )
            .bind(&e.generation)
            .bind(&e.source)
            .bind(e.imported.ms())
            .bind(e.boundaries.as_deref().unwrap_or_default())
            .bind(&e.successors)
            .bind(EditionState::Prepared as u8)
            .bind(e.from.map(Instant::ms)),
        )
        .await
    }
}

struct Succeed {
    seq: i64,
    successors: String,
}

impl Command for Succeed {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let set = Sql::new("UPDATE area_edition SET successors = $2 WHERE seq = $1");
        db.execute(set.bind(self.seq).bind(&self.successors)).await.map(|_| ())
    }
}

struct Schedule {
    seq: i64,
    state: EditionState,
    from: Option<Instant>,
}

impl Command for Schedule {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let set = Sql::new("UPDATE area_edition SET from_ms = $2 WHERE seq = $1 AND state = $3");
        let set = set.bind(self.seq).bind(self.from.map(Instant::ms)).bind(self.state as u8);
        Ok(if db.execute(set).await? == 0 { Applied::Stale } else { Applied::Done })
    }
}

struct Move {
    seq: i64,
    from: EditionState,
    to: EditionState,
    at: Instant,
}

impl Command for Move {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let set = Sql::new("UPDATE area_edition SET state = $3 WHERE seq = $1 AND state = $2");
        let set = set.bind(self.seq).bind(self.from as u8).bind(self.to as u8);
        if db.execute(set).await? == 0 {
            return Ok(Applied::Stale);
        }
        if self.to == EditionState::Announced {
            let when = Sql::new("UPDATE area_edition SET announced_ms = $2 WHERE seq = $1");
            db.execute(when.bind(self.seq).bind(self.at.ms())).await?;
            // Who was ready for it already stays so.
            if self.from != EditionState::Announced {
                db.execute(Sql::new("UPDATE follower SET ready = NULL")).await?;
            }
        }
        if self.to == EditionState::Withdrawn {
            db.execute(Sql::new("DELETE FROM placed WHERE edition = $1").bind(self.seq)).await?;
        }
        log(db, ChangeKind::Areas, self.at).await?;
        Ok(Applied::Done)
    }
}
