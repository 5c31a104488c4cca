//! The one writer: drains what is queued into one transaction, commits it durably, answers.
//!
//! It never waits for more to come: at one client that would cost nine tenths of the rate. A commit
//! that fails closes its connection hard, because sqlx keeps such a connection inside the failed
//! transaction.

use std::any::Any;
use std::iter::once;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgPool, Sqlite, SqlitePool};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use crate::store::StoreError;
use crate::store::database::inode::Lookout;
use crate::store::database::postgres;
use crate::store::database::{Db, Pool};
use crate::store::error::Alarm;
use crate::store::write::Command;

/// Writes that may wait; more are refused at once.
const QUEUE: usize = 1_000;
/// Writes in one commit.
const GROUP: usize = 32;
/// Attempts to save what stands in a removed log while readers hold it back.
const RESCUES: usize = 5;
/// How often the writer looks whether the file is still there, besides after each commit.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A command that waits for its answer.
struct Pending<C: Command> {
    command: C,
    /// The answer of the last run; it counts once that is committed.
    answer: Option<C::Answer>,
    caller: oneshot::Sender<Result<C::Answer, StoreError>>,
}

/// A [`Pending`] whose kind of command is forgotten.
trait Job: Any + Send {
    /// Runs this job and its neighbours of the same kind.
    fn run<'a>(
        &'a mut self,
        neighbours: &'a mut [Box<dyn Job>],
        db: &'a mut Db<'_>,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>>;

    /// Answers the caller.
    fn end(self: Box<Self>, result: Result<(), StoreError>);
}

impl<C: Command> Job for Pending<C> {
    fn run<'a>(
        &'a mut self,
        neighbours: &'a mut [Box<dyn Job>],
        db: &'a mut Db<'_>,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            let same = neighbours.iter_mut().filter_map(|job| (job.as_mut() as &mut dyn Any).downcast_mut());
            let mut jobs: Vec<&mut Self> = once(self).chain(same).collect();
            let commands: Vec<&C> = jobs.iter().map(|job| &job.command).collect();
            let answers = C::run_all(&commands, db).await?;
            for (job, answer) in jobs.iter_mut().zip(answers) {
                job.answer = Some(answer);
            }
            Ok(())
        })
    }

    fn end(self: Box<Self>, result: Result<(), StoreError>) {
        // A caller who has gone away needs no answer.
        let _ = match (result, self.answer) {
            (Ok(()), Some(answer)) => self.caller.send(Ok(answer)),
            (Ok(()), None) => {
                self.caller.send(Err(StoreError::Commit("the command has no answer".to_owned())))
            }
            (Err(error), _) => self.caller.send(Err(error)),
        };
    }
}

/// The door to the writer's task. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::store) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    commits: watch::Receiver<u64>,
    read_only: Arc<AtomicBool>,
    never_writes: bool,
    alarm: Alarm,
    stop: Arc<watch::Sender<bool>>,
}

impl Writer {
    /// Without a pool every write is refused, because the storage is read-only.
    pub(in crate::store) fn start(pool: Option<Pool>, alarm: Alarm, lookout: Option<Arc<Lookout>>) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (committed, commits) = watch::channel(0);
        let committed = Arc::new(committed);
        if let Some(Pool::Postgres(pool)) = &pool {
            postgres::listen(pool, committed.clone());
        }
        let never_writes = pool.is_none();
        let read_only = Arc::new(AtomicBool::new(never_writes));
        let (stop, stopped) = watch::channel(false);
        let desk = Desk { pool, alarm: alarm.clone(), lookout, read_only: read_only.clone() };
        tokio::spawn(run(desk, jobs, committed, stopped));
        Self { queue, commits, read_only, never_writes, alarm, stop: Arc::new(stop) }
    }

    pub(in crate::store) async fn write<C: Command>(&self, command: C) -> Result<C::Answer, StoreError> {
        let (caller, answered) = oneshot::channel();
        let job = Box::new(Pending { command, answer: None, caller });
        self.queue.try_send(job).map_err(|_| self.failure().unwrap_or(StoreError::Busy))?;
        let stopped = || StoreError::Commit("the writer stopped before it answered".to_owned());
        answered.await.map_err(|_| self.failure().unwrap_or_else(stopped))?
    }

    /// Why the writer ended by itself, if it did: whoever comes later must not take that for a crowd.
    fn failure(&self) -> Option<StoreError> {
        self.alarm.raised().map(StoreError::Storage)
    }

    pub(in crate::store) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    pub(in crate::store) fn queued(&self) -> usize {
        QUEUE - self.queue.capacity()
    }

    /// Whether the last write was refused because the storage is read-only.
    pub(in crate::store) fn is_read_only(&self) -> bool {
        self.read_only.load(Relaxed)
    }

    pub(in crate::store) fn cannot_write(&self) -> bool {
        self.never_writes
    }

    pub(in crate::store) async fn close(&self) {
        let _ = self.stop.send(true);
        self.ended().await;
    }

    /// Resolves when the writer's task has ended and left its database in order, or as it was after a failure.
    pub(in crate::store) async fn ended(&self) {
        self.stop.closed().await;
    }
}

/// What the writer's task works with.
struct Desk {
    pool: Option<Pool>,
    alarm: Alarm,
    /// Looks after a SQLite file.
    lookout: Option<Arc<Lookout>>,
    read_only: Arc<AtomicBool>,
}

impl Desk {
    /// Looks whether the file is still there. What was just committed into one that is not there is lost.
    fn look(&self) -> Result<(), StoreError> {
        let Some(lookout) = &self.lookout else { return Ok(()) };
        lookout.look().map_err(|failure| {
            self.alarm.raise(&failure);
            StoreError::Storage(failure)
        })
    }
}

async fn run(
    desk: Desk,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    committed: Arc<watch::Sender<u64>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let first = tokio::select! {
            biased;
            job = jobs.recv() => job,
            // Answers what is queued, then takes no more.
            _ = stopped.wait_for(|s| *s) => {
                jobs.try_recv().ok()
            }
            // A reader met the failure.
            _ = desk.alarm.wait() => break,
            _ = looks.tick(), if desk.lookout.is_some() => match desk.look() {
                Ok(()) => continue,
                Err(_) => break,
            }
        };
        let Some(first) = first else { break };
        let mut group = vec![first];
        while group.len() < GROUP {
            match jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        let end = commit_group(&desk, group).await;
        committed.send_modify(|n| *n += 1);
        match end {
            End::Good => {}
            // Whoever stands in the queue is told at once instead of after a wait of his own.
            End::Locked(error) => {
                while let Ok(job) = jobs.try_recv() {
                    job.end(Err(error.again()));
                }
            }
            End::Failed => break,
        }
    }
    match desk.alarm.raised() {
        // Nothing is tidied up in a place where another file may lie now: the next start reads the log.
        Some(failure) => {
            jobs.close();
            while let Ok(job) = jobs.try_recv() {
                job.end(Err(StoreError::Storage(failure.clone())));
            }
            rescue(&desk).await;
            std::mem::forget(desk.pool);
        }
        // Whoever waits for the end waits for this too: closing empties the write-ahead log.
        None => {
            if let Some(pool) = &desk.pool {
                pool.close().await;
            }
        }
    }
    drop(jobs);
}

/// A log that was removed is still open here: what stands in it is brought into the database while there is one. The
/// process must not end before.
async fn rescue(desk: &Desk) {
    let (Some(lookout), Some(Pool::Sqlite(pool, _))) = (&desk.lookout, &desk.pool) else { return };
    if !lookout.lost_its_log() {
        return;
    }
    for _ in 0..RESCUES {
        // It waits for readers as long as any statement waits for a lock.
        let result: Result<(i64, i64, i64), _> =
            sqlx::query_as("PRAGMA wal_checkpoint(FULL)").fetch_one(pool).await;
        match result {
            Ok((0, ..)) => {
                tracing::warn!("what stood in the log that was removed is in the database now");
                return;
            }
            Ok((_, pages, moved)) => {
                tracing::warn!(pages, moved, "a reader keeps the log that was removed from being emptied");
            }
            Err(error) => {
                tracing::error!(%error, "cannot bring what stood in the removed log into the database");
                return;
            }
        }
    }
    tracing::error!("gave up: a part of what stood in the removed log is lost");
}

/// How it stands after a group.
enum End {
    Good,
    /// The database cannot be reached, or another writer keeps its lock.
    Locked(StoreError),
    /// The storage has failed.
    Failed,
}

impl End {
    fn of(error: &StoreError, alarm: &Alarm) -> Self {
        match error {
            StoreError::Away | StoreError::Busy => Self::Locked(error.again()),
            StoreError::Storage(failure) => {
                alarm.raise(failure);
                Self::Failed
            }
            _ => Self::Good,
        }
    }
}

/// Commits a group and answers each of its jobs.
async fn commit_group(desk: &Desk, mut group: Vec<Box<dyn Job>>) -> End {
    match transact(desk, &mut group).await {
        Ok(()) => {
            desk.read_only.store(false, Relaxed);
            group.into_iter().for_each(|job| job.end(Ok(())));
            End::Good
        }
        // One command spoiled the transaction: each gets its own, so that only the bad one fails.
        Err(Failed { error: StoreError::Other(_), committing: false }) if group.len() > 1 => {
            for mut job in group {
                let result = transact(desk, std::slice::from_mut(&mut job)).await.map_err(|f| f.error);
                let end = result.as_ref().err().map_or(End::Good, |e| End::of(e, &desk.alarm));
                job.end(result);
                if !matches!(end, End::Good) {
                    return end;
                }
            }
            End::Good
        }
        Err(Failed { error, .. }) => {
            let read_only = matches!(error, StoreError::ReadOnly);
            // Said once, not for each write.
            if !desk.read_only.swap(read_only, Relaxed) || !read_only {
                tracing::error!(error = error.logged(), writes = group.len(), "commit failed");
            }
            let end = End::of(&error, &desk.alarm);
            let mut group = group.into_iter();
            let first = group.next();
            group.for_each(|job| job.end(Err(error.again())));
            if let Some(first) = first {
                first.end(Err(error));
            }
            end
        }
    }
}

/// Runs a group in its order; neighbours of one kind go together.
async fn run_group(group: &mut [Box<dyn Job>], db: &mut Db<'_>) -> Result<(), sqlx::Error> {
    for same in group.chunk_by_mut(|a, b| (**a).type_id() == (**b).type_id()) {
        if let [first, neighbours @ ..] = same {
            first.run(neighbours, db).await?;
        }
    }
    Ok(())
}

struct Failed {
    error: StoreError,
    committing: bool,
}

async fn transact(desk: &Desk, group: &mut [Box<dyn Job>]) -> Result<(), Failed> {
    // A reader met a failure: what cannot be read back is not taken in.
    if let Some(failure) = desk.alarm.raised() {
        return Err(Failed { error: StoreError::Storage(failure), committing: false });
    }
    match &desk.pool {
        None => Err(Failed { error: StoreError::ReadOnly, committing: false }),
        Some(Pool::Sqlite(pool, _)) => {
            let result = in_sqlite(pool, desk.lookout.as_deref(), group).await;
            // Nothing is acknowledged that lies in a file which nobody finds.
            result.and_then(|()| desk.look().map_err(|error| Failed { error, committing: true }))
        }
        Some(Pool::Postgres(pool)) => in_postgres(pool, group).await,
    }
    .map_err(|failed| match failed {
        // Whether it was committed is not known.
        Failed { error: StoreError::Other(e), committing: true } => {
            Failed { error: StoreError::Commit(e.to_string()), committing: true }
        }
        Failed { error: StoreError::Away, committing: true } => {
            Failed { error: StoreError::Commit("the database went away".to_owned()), committing: true }
        }
        other => other,
    })
}

fn before(e: sqlx::Error) -> Failed {
    Failed { error: StoreError::sort(e), committing: false }
}

fn committing(e: sqlx::Error) -> Failed {
    Failed { error: StoreError::sort(e), committing: true }
}

async fn in_postgres(pool: &PgPool, group: &mut [Box<dyn Job>]) -> Result<(), Failed> {
    let mut tx = pool.begin().await.map_err(before)?;
    postgres::lock(&mut tx).await.map_err(before)?;
    run_group(group, &mut Db::Postgres(&mut tx)).await.map_err(before)?;
    postgres::notify(&mut tx).await.map_err(before)?;
    tx.commit().await.map_err(committing)
}

async fn in_sqlite(
    pool: &SqlitePool,
    lookout: Option<&Lookout>,
    group: &mut [Box<dyn Job>],
) -> Result<(), Failed> {
    let mut connection = pool.acquire().await.map_err(before)?;
    let result = async {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(before)?;
        run_group(group, &mut Db::Sqlite(&mut tx)).await.map_err(before)?;
        tx.commit().await.map_err(committing)
    }
    .await;
    if result.is_err() {
        close_hard(connection).await;
        // Without readers it was the last connection, which takes the log with it.
        if let Some(lookout) = lookout {
            lookout.expect_new_log();
        }
    }
    result
}

/// Drops a connection without asking it to roll back: the database does so when it closes.
async fn close_hard(connection: PoolConnection<Sqlite>) {
    if let Err(error) = connection.detach().close_hard().await {
        tracing::warn!(%error, "closing the failed connection");
    }
}

#[cfg(test)]
mod tests;
