//! What somebody is awaited to say of a report: whoever sent it, the answer to a question; its office, whether it is opened
//! again. What was said stands in the events.

use crate::store::database::{Db, Row, Sql};
use crate::store::record::amend::{Amendment, Step};
use crate::store::{Store, StoreError};
use diaban_core::domain::{Instant, State, Status};

/// Who is awaited. The discriminant is stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Wait {
    /// Whoever sent it: an answer to the question of its office.
    Answer = 0,
    /// Its office: whether it is opened again.
    Decision = 1,
}

/// What somebody is awaited to say, at most one thing of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Who.
    pub wait: Wait,
    /// The number of the event that asks for it.
    pub n: i64,
    /// What was said there.
    pub said: String,
    /// When that was.
    pub asked: Instant,
    /// Until when it is awaited.
    pub until: Instant,
    /// Of a question: when the office's answer was due before, and when it is due if the rest lasts to its end; none
    /// where its clock does not rest.
    pub rest: Option<(Instant, Instant)>,
    /// Whether it is on record that it did not come in time.
    pub silent: bool,
}

/// The columns of [`Awaited`], of a report `r` joined with [`AWAITED_NOW`].
pub(in crate::store) const AWAITED: &str =
    "a.wait, a.n AS asked_n, a.asked_ms, a.until_ms, a.from_due_ms AS rest_from, a.due_ms AS rest_to, a.silent,
     (SELECT e.said FROM event e WHERE e.report = a.report AND e.n = a.n) AS asked_said";
pub(in crate::store) const AWAITED_NOW: &str = "LEFT JOIN awaited a ON a.report = r.seq";

impl Awaited {
    pub(in crate::store) fn read(row: &Row) -> Result<Option<Self>, sqlx::Error> {
        let Some(n) = row.try_get("asked_n")? else { return Ok(None) };
        let at = |column| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>>(column)?.map(Instant::from_ms));
        Ok(Some(Self {
            wait: if row.code_optional("wait")? == Some(1) { Wait::Decision } else { Wait::Answer },
            n,
            said: row.try_get::<Option<String>>("asked_said")?.unwrap_or_default(),
            asked: at("asked_ms")?.unwrap_or(Instant::MIN),
            until: at("until_ms")?.unwrap_or(Instant::MAX),
            rest: at("rest_from")?.zip(at("rest_to")?),
            silent: row.code_optional("silent")? == Some(1),
        }))
    }
}

impl Store {
    /// Public ids of reports of which something was awaited until before a moment and did not come, at most so many,
    /// those first that have waited longest.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn awaited_until(&self, at: Instant, most: u32) -> Result<Vec<u64>, StoreError> {
        let over = "SELECT r.id FROM awaited a JOIN report_public r ON r.seq = a.report
                    WHERE a.silent = 0 AND a.until_ms < $1 ORDER BY a.until_ms LIMIT $2";
        let rows = self.read.fetch_all(Sql::new(over).bind(at.ms()).bind(i64::from(most))).await?;
        rows.iter().map(|row| Ok(row.try_get::<i64>("id")?.unsigned_abs())).collect()
    }
}

/// What a step means for what is awaited of its report. That is between the office and whoever sent the report, so it
/// waits for no hour.
pub(in crate::store) async fn note(db: &mut Db<'_>, a: &Amendment) -> Result<(), sqlx::Error> {
    match &a.step {
        Step::Question { until } => put(db, a, Wait::Answer, *until).await,
        Step::Rating { wish: Some(until), .. } => put(db, a, Wait::Decision, *until).await,
        Step::Silence => {
            let silent = Sql::new("UPDATE awaited SET silent = 1 WHERE report = $1");
            db.execute(silent.bind(a.was.seq)).await.map(|_| ())
        }
        Step::Reply | Step::Kept => forget(db, a.was.seq).await,
        Step::State(to) if to.status() == Status::Closed || *to == State::Reopened => {
            forget(db, a.was.seq).await
        }
        _ => Ok(()),
    }
}

async fn put(db: &mut Db<'_>, a: &Amendment, wait: Wait, until: Instant) -> Result<(), sqlx::Error> {
    // What was left without an answer gives way to the next.
    forget(db, a.was.seq).await?;
    let put = Sql::new(
        "INSERT INTO awaited (report, wait, n, asked_ms, until_ms, from_due_ms, due_ms, silent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
    );
    let put = put.bind(a.was.seq).bind(wait as u8).bind(a.was.events + 1).bind(a.at.ms()).bind(until.ms());
    let rest = [a.due.and(a.was.due), a.due].map(|t| t.map(Instant::ms));
    db.execute(put.bind(rest[0]).bind(rest[1])).await.map(|_| ())
}

/// Nobody is awaited any more.
async fn forget(db: &mut Db<'_>, report: i64) -> Result<(), sqlx::Error> {
    db.execute(Sql::new("DELETE FROM awaited WHERE report = $1").bind(report)).await.map(|_| ())
}
