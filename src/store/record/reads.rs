//! Who read what only offices may read: noted before it is answered, a row for each key, report and day.

use crate::store::database::{Db, Row, Sql};
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::key::KeyId;

const DAY_MS: i64 = 24 * 3_600_000;

/// What only offices may read of a report. The discriminant is stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Personal {
    /// Its texts as they were written.
    Texts = 0,
    /// Its life: internal notes, and notes as they were written.
    Life = 1,
}

/// That a key read it, on one day (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeRead {
    /// The key.
    pub key: KeyId,
    /// Public id of the report.
    pub report: u64,
    /// What was read.
    pub what: Personal,
    /// The first time on that day.
    pub first: Instant,
    /// The last time on that day.
    pub last: Instant,
    /// How often on that day.
    pub times: i64,
}

impl Personal {
    /// The name for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Texts => "texts",
            Self::Life => "life",
        }
    }
}

impl Store {
    /// Notes that a key reads something of a report now.
    ///
    /// # Errors
    /// When the write fails: what cannot be noted must not be answered.
    pub async fn note_read(
        &self,
        key: KeyId,
        report: u64,
        what: Personal,
        at: Instant,
    ) -> Result<(), StoreError> {
        self.write(Note { key, report: report as i64, what, at }).await
    }

    /// What was read since a moment, by any key or by one: by key and report, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reads_since(
        &self,
        since: Instant,
        key: Option<&str>,
    ) -> Result<Vec<OfficeRead>, StoreError> {
        let reads = "SELECT key_id, report, what, first_ms, last_ms, times FROM office_read
                     WHERE last_ms >= $1 AND ($2 = '' OR key_id = $2) ORDER BY key_id, report, first_ms, what";
        let reads = Sql::new(reads).bind(since.ms()).bind(key.unwrap_or_default());
        self.read.fetch_all(reads).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<OfficeRead, StoreError> {
    Ok(OfficeRead {
        key: KeyId::new(row.try_get("key_id")?),
        report: row.try_get::<i64>("report")? as u64,
        what: if row.code("what")? == Personal::Texts as i64 { Personal::Texts } else { Personal::Life },
        first: Instant::from_ms(row.try_get("first_ms")?),
        last: Instant::from_ms(row.try_get("last_ms")?),
        times: row.try_get("times")?,
    })
}

struct Note {
    key: KeyId,
    report: i64,
    what: Personal,
    at: Instant,
}

impl Command for Note {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let note = "INSERT INTO office_read (key_id, report, what, day, first_ms, last_ms, times)
                    VALUES ($1, $2, $3, $4, $5, $5, 1)
                    ON CONFLICT (key_id, report, what, day) DO UPDATE SET times = office_read.times + 1,
                        last_ms = CASE WHEN office_read.last_ms > excluded.last_ms THEN office_read.last_ms
                                       ELSE excluded.last_ms END";
        let note = Sql::new(note).bind(self.key.as_str()).bind(self.report).bind(self.what as u8);
        db.execute(note.bind(self.at.ms().div_euclid(DAY_MS)).bind(self.at.ms())).await.map(|_| ())
    }
}
