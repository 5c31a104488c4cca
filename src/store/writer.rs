//! The one writer: drains what is queued into one transaction, commits it durably, answers.
//!
//! It never waits for more to come: at one client that would cost nine tenths of the rate. A commit
//! that fails closes its connection hard, because sqlx keeps such a connection inside the failed
//! transaction.

use std::any::Any;
use std::iter::once;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgPool, Sqlite, SqlitePool};
use tokio::sync::{mpsc, oneshot, watch};

use crate::store::StoreError;
use crate::store::database::postgres;
use crate::store::database::{Db, Pool};
use crate::store::write::Command;

/// Writes that may wait; more are refused at once.
const QUEUE: usize = 1_000;
/// Writes in one commit.
const GROUP: usize = 32;

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
    failure: watch::Receiver<Option<String>>,
    stop: Arc<watch::Sender<bool>>,
}

impl Writer {
    pub(in crate::store) fn start(pool: Pool) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (committed, commits) = watch::channel(0);
        let committed = Arc::new(committed);
        if let Pool::Postgres(pool) = &pool {
            postgres::listen(pool, committed.clone());
        }
        let (fail, failure) = watch::channel(None);
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(run(pool, jobs, committed, fail, stopped));
        Self { queue, commits, failure, stop: Arc::new(stop) }
    }

    pub(in crate::store) async fn write<C: Command>(&self, command: C) -> Result<C::Answer, StoreError> {
        let (caller, answered) = oneshot::channel();
        let job = Box::new(Pending { command, answer: None, caller });
        self.queue.try_send(job).map_err(|_| StoreError::Busy)?;
        answered.await.map_err(|_| StoreError::Commit("the writer stopped before it answered".to_owned()))?
    }

    pub(in crate::store) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    pub(in crate::store) fn queued(&self) -> usize {
        QUEUE - self.queue.capacity()
    }

    pub(in crate::store) async fn failed(&self) -> String {
        let mut failure = self.failure.clone();
        let text = failure.wait_for(Option::is_some).await.ok().and_then(|text| text.clone());
        match text {
            Some(text) => text,
            // The writer ended without a failure: nothing will ever fail.
            None => std::future::pending().await,
        }
    }

    pub(in crate::store) async fn close(&self) {
        let _ = self.stop.send(true);
        self.queue.closed().await;
    }
}

async fn run(
    pool: Pool,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    committed: Arc<watch::Sender<u64>>,
    fail: watch::Sender<Option<String>>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let first = tokio::select! {
            biased;
            job = jobs.recv() => job,
            // Answers what is queued, then takes no more.
            _ = stopped.wait_for(|s| *s) => {
                jobs.try_recv().ok()
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
        let end = commit_group(&pool, group).await;
        committed.send_modify(|n| *n += 1);
        match end {
            End::Good => {}
            // Whoever stands in the queue is told at once instead of after a wait of his own.
            End::Away => {
                while let Ok(job) = jobs.try_recv() {
                    job.end(Err(StoreError::Away));
                }
            }
            End::Failed(text) => {
                let _ = fail.send(Some(text));
                break;
            }
        }
    }
    // Whoever waits for the end waits for this too: closing empties the write-ahead log.
    pool.close().await;
    drop(jobs);
}

/// How it stands after a group.
enum End {
    Good,
    /// The database cannot be reached.
    Away,
    /// The storage has failed.
    Failed(String),
}

impl End {
    fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Away => Self::Away,
            e if e.is_fatal() => Self::Failed(e.to_string()),
            _ => Self::Good,
        }
    }
}

/// Commits a group and answers each of its jobs.
async fn commit_group(pool: &Pool, mut group: Vec<Box<dyn Job>>) -> End {
    match transact(pool, &mut group).await {
        Ok(()) => {
            group.into_iter().for_each(|job| job.end(Ok(())));
            End::Good
        }
        // One command spoiled the transaction: each gets its own, so that only the bad one fails.
        Err(Failed { error: StoreError::Other(_), committing: false }) if group.len() > 1 => {
            for mut job in group {
                let result = transact(pool, std::slice::from_mut(&mut job)).await.map_err(|f| f.error);
                let end = result.as_ref().err().map_or(End::Good, End::of);
                job.end(result);
                if !matches!(end, End::Good) {
                    return end;
                }
            }
            End::Good
        }
        Err(Failed { error, .. }) => {
            tracing::error!(%error, writes = group.len(), "commit failed");
            let end = End::of(&error);
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

async fn transact(pool: &Pool, group: &mut [Box<dyn Job>]) -> Result<(), Failed> {
    match pool {
        Pool::Sqlite(pool) => in_sqlite(pool, group).await,
        Pool::Postgres(pool) => in_postgres(pool, group).await,
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

async fn in_sqlite(pool: &SqlitePool, group: &mut [Box<dyn Job>]) -> Result<(), Failed> {
    let mut connection = pool.acquire().await.map_err(before)?;
    let result = async {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(before)?;
        run_group(group, &mut Db::Sqlite(&mut tx)).await.map_err(before)?;
        tx.commit().await.map_err(committing)
    }
    .await;
    if result.is_err() {
        close_hard(connection).await;
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
mod tests {
    use std::sync::Mutex;

    use tokio::sync::Notify;

    use super::*;
    use crate::store::database::Sql;
    use crate::store::test_database::store_url;
    use crate::store::{Applied, Store};
    use diaban_core::domain::Instant;
    use diaban_core::domain::key::KeyId;

    /// Keeps the writer busy until it is let go, so that what follows waits in the queue.
    #[derive(Clone, Default)]
    struct Gate {
        entered: Arc<Notify>,
        open: Arc<Notify>,
    }

    impl Command for Gate {
        type Answer = ();

        async fn run(&self, _: &mut Db<'_>) -> Result<(), sqlx::Error> {
            self.entered.notify_one();
            self.open.notified().await;
            Ok(())
        }
    }

    /// Says how many were run together, and fails where its statement does.
    struct Statement {
        sql: &'static str,
        together: Arc<Mutex<Vec<usize>>>,
    }

    impl Command for Statement {
        type Answer = u64;

        async fn run(&self, db: &mut Db<'_>) -> Result<u64, sqlx::Error> {
            db.execute(Sql::new(self.sql)).await
        }

        async fn run_all(group: &[&Self], db: &mut Db<'_>) -> Result<Vec<u64>, sqlx::Error> {
            group[0].together.lock().unwrap().push(group.len());
            let mut answers = Vec::new();
            for command in group {
                answers.push(command.run(db).await?);
            }
            Ok(answers)
        }
    }

    const ADD: &str = "INSERT INTO follower (id, position, seen_ms)
                       SELECT coalesce(max(id), 0) + 1, 0, 0 FROM follower";
    const COUNT: &str = "UPDATE follower SET position = position + 1";

    #[tokio::test]
    async fn neighbours_run_together_and_a_bad_one_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        for (third, groups) in
            [(ADD, vec![3, 1]), ("SELECT no_such_column FROM follower", vec![3, 1, 1, 1, 1])]
        {
            store.write(Statement { sql: "DELETE FROM follower", together: Arc::default() }).await.unwrap();
            let together = Arc::new(Mutex::new(Vec::new()));
            let statement = |sql| store.write(Statement { sql, together: together.clone() });
            let gate = Gate::default();
            let behind = async {
                gate.entered.notified().await;
                let queued = futures_util::future::join5(
                    statement(ADD),
                    statement(ADD),
                    statement(third),
                    store.revoke_key(KeyId::new("none"), Instant::from_ms(1)),
                    statement(COUNT),
                );
                let mut queued = std::pin::pin!(queued);
                // Asked once, all of them stand in the queue.
                assert!(futures_util::poll!(queued.as_mut()).is_pending());
                gate.open.notify_one();
                queued.await
            };
            let (opened, (first, second, third, key, counted)) =
                tokio::join!(store.write(gate.clone()), behind);
            opened.unwrap();
            let bad = usize::from(third.is_err());
            assert_eq!((first.unwrap(), second.unwrap(), counted.unwrap()), (1, 1, 3 - bad as u64));
            assert_eq!(key.unwrap(), Applied::Stale);
            assert_eq!(*together.lock().unwrap(), groups);
        }
        store.close().await;
    }
}
