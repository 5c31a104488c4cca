//! Parts of a report that others do.

use crate::store::database::{Db, Row, Sql};
use crate::store::record::amend::{Amendment, Step};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::report::TaskState;

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The public id of the report.
    pub report: u64,
    /// Its number among the tasks of the report, from 1.
    pub n: i64,
    /// Who does it.
    pub by: TaskBy,
    /// What is to be done; empty once the report was erased.
    pub what: String,
    /// When it was given.
    pub given: Instant,
    /// When it is to be done.
    pub due: Instant,
    /// Where it stands.
    pub state: TaskState,
    /// When it ended.
    pub ended: Option<Instant>,
}

/// Who does a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskBy {
    /// A body, by its id.
    Body(String),
    /// Somebody outside, by name.
    Contractor(String),
}

impl TaskBy {
    /// The id of the body.
    pub fn body(&self) -> Option<&str> {
        if let Self::Body(id) = self { Some(id) } else { None }
    }
}

/// How many tasks a report has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tasks {
    /// All.
    pub all: i64,
    /// Those that somebody works on.
    pub open: i64,
    /// Those of other bodies, whatever became of them.
    pub of_bodies: i64,
}

/// The columns of [`Tasks`] of a report `r`.
pub(in crate::store) const TASKS: &str = "(SELECT count(*) FROM task t WHERE t.report = r.seq) AS tasks,
     (SELECT count(*) FROM task t WHERE t.report = r.seq AND t.state = 0) AS open_tasks,
     (SELECT count(*) FROM task t WHERE t.report = r.seq AND t.body IS NOT NULL) AS body_tasks";

impl Tasks {
    pub(in crate::store) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            all: row.try_get("tasks")?,
            open: row.try_get("open_tasks")?,
            of_bodies: row.try_get("body_tasks")?,
        })
    }
}

const COLUMNS: &str = "r.id, t.n, t.body, t.contractor, t.what, t.given_ms, t.due_ms, t.state, t.ended_ms";

impl Task {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let body: Option<String> = row.try_get("body")?;
        let contractor: Option<String> = row.try_get("contractor")?;
        let state = u8::try_from(row.code("state")?).ok().and_then(TaskState::from_code);
        Ok(Self {
            report: row.try_get::<i64>("id")?.unsigned_abs(),
            n: row.try_get("n")?,
            by: body.map_or_else(|| TaskBy::Contractor(contractor.unwrap_or_default()), TaskBy::Body),
            what: row.try_get::<Option<String>>("what")?.unwrap_or_default(),
            given: Instant::from_ms(row.try_get("given_ms")?),
            due: Instant::from_ms(row.try_get("due_ms")?),
            // A state of a later version of the program is some end.
            state: state.unwrap_or(TaskState::Withdrawn),
            ended: row.try_get::<Option<i64>>("ended_ms")?.map(Instant::from_ms),
        })
    }
}

impl Store {
    /// The tasks of a report, by its internal sequence, in the order in which they were given.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tasks(&self, seq: i64) -> Result<Vec<Task>, StoreError> {
        let all = format!(
            "SELECT {COLUMNS} FROM task t JOIN report_public r ON r.seq = t.report WHERE t.report = $1 ORDER BY t.n"
        );
        self.read.fetch_all(Sql::new(all).bind(seq)).await?.iter().map(Task::read).collect()
    }

    /// The open tasks of some bodies, by their ids, those first that are due first; at most so many.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_tasks(&self, bodies: &[String], most: u32) -> Result<Vec<Task>, StoreError> {
        let mut q = Sql::new(format!(
            "SELECT {COLUMNS} FROM task t JOIN report_public r ON r.seq = t.report
             WHERE t.state = 0 AND r.withdrawn <> 2 AND t.body"
        ));
        q.push_in(bodies).push(" ORDER BY t.due_ms, t.report, t.n LIMIT ").push_bind(i64::from(most));
        self.read.fetch_all(q).await?.iter().map(Task::read).collect()
    }
}

/// What a step means for the tasks of its report.
pub(in crate::store) async fn note(db: &mut Db<'_>, a: &Amendment) -> Result<(), sqlx::Error> {
    match &a.step {
        Step::Task { n, by, what, due } => {
            let (body, contractor) = match by {
                TaskBy::Body(id) => (Some(&**id), None),
                TaskBy::Contractor(name) => (None, Some(&**name)),
            };
            let put = Sql::new(
                "INSERT INTO task (report, n, body, contractor, what, given_ms, due_ms, state)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
            );
            let put = put.bind(a.was.seq).bind(*n).bind(body).bind(contractor).bind(what);
            db.execute(put.bind(a.at.ms()).bind(due.ms())).await.map(|_| ())
        }
        Step::TaskEnded { n, to, .. } => {
            let end = Sql::new("UPDATE task SET state = $3, ended_ms = $4 WHERE report = $1 AND n = $2");
            let end = end.bind(a.was.seq).bind(*n).bind(*to as u8).bind(a.at.ms());
            db.execute(end).await.map(|_| ())
        }
        _ => Ok(()),
    }
}
