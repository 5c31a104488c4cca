//! The one writer: drains what is queued into one transaction, commits it durably, answers.
//!
//! It never waits for more to come: at one client that would cost nine tenths of the rate. A commit
//! that fails closes its connection hard, because sqlx keeps such a connection inside the failed
//! transaction.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgPool, Sqlite, SqlitePool};
use tokio::sync::{mpsc, oneshot, watch};

use super::db::{Db, Pool};
use super::write::{Command, Outcome, apply};
use super::{StoreError, postgres};

/// Writes that may wait; more are refused at once.
const QUEUE: usize = 1_000;
/// Writes in one commit.
const GROUP: usize = 32;

type Answer = oneshot::Sender<Result<Outcome, StoreError>>;

struct Job {
    command: Command,
    answer: Answer,
}

/// The door to the writer's task. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
    commits: watch::Receiver<u64>,
    failure: watch::Receiver<Option<String>>,
    stop: Arc<watch::Sender<bool>>,
}

impl Writer {
    pub(super) fn start(pool: Pool) -> Self {
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

    pub(super) async fn write(&self, command: Command) -> Result<Outcome, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { command, answer }).map_err(|_| StoreError::Busy)?;
        answered.await.map_err(|_| StoreError::Commit("the writer stopped before it answered".to_owned()))?
    }

    pub(super) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    pub(super) fn queued(&self) -> usize {
        QUEUE - self.queue.capacity()
    }

    pub(super) async fn failed(&self) -> String {
        let mut failure = self.failure.clone();
        let text = failure.wait_for(Option::is_some).await.ok().and_then(|text| text.clone());
        match text {
            Some(text) => text,
            // The writer ended without a failure: nothing will ever fail.
            None => std::future::pending().await,
        }
    }

    pub(super) async fn close(&self) {
        let _ = self.stop.send(true);
        self.queue.closed().await;
    }
}

async fn run(
    pool: Pool,
    mut jobs: mpsc::Receiver<Job>,
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
                    let _ = job.answer.send(Err(StoreError::Away));
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
async fn commit_group(pool: &Pool, group: Vec<Job>) -> End {
    let commands: Vec<&Command> = group.iter().map(|j| &j.command).collect();
    match transact(pool, &commands).await {
        Ok(outcomes) => {
            for (job, outcome) in group.into_iter().zip(outcomes) {
                let _ = job.answer.send(Ok(outcome));
            }
            End::Good
        }
        // One command spoiled the transaction: each gets its own, so that only the bad one fails.
        Err(Failed { error: StoreError::Other(_), committing: false }) if group.len() > 1 => {
            for job in group {
                let result = transact(pool, &[&job.command]).await;
                let result = result.map_err(|f| f.error).map(|mut o| o.remove(0));
                let end = result.as_ref().err().map_or(End::Good, End::of);
                let _ = job.answer.send(result);
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
            for job in group {
                let _ = job.answer.send(Err(error.again()));
            }
            if let Some(first) = first {
                let _ = first.answer.send(Err(error));
            }
            end
        }
    }
}

struct Failed {
    error: StoreError,
    committing: bool,
}

async fn transact(pool: &Pool, commands: &[&Command]) -> Result<Vec<Outcome>, Failed> {
    match pool {
        Pool::Sqlite(pool) => in_sqlite(pool, commands).await,
        Pool::Postgres(pool) => in_postgres(pool, commands).await,
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

async fn in_postgres(pool: &PgPool, commands: &[&Command]) -> Result<Vec<Outcome>, Failed> {
    let mut tx = pool.begin().await.map_err(before)?;
    postgres::lock(&mut tx).await.map_err(before)?;
    let outcomes = apply(&mut Db::Postgres(&mut tx), commands).await.map_err(before)?;
    postgres::notify(&mut tx).await.map_err(before)?;
    tx.commit().await.map_err(committing)?;
    Ok(outcomes)
}

async fn in_sqlite(pool: &SqlitePool, commands: &[&Command]) -> Result<Vec<Outcome>, Failed> {
    let mut connection = pool.acquire().await.map_err(before)?;
    let result = async {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(before)?;
        let outcomes = apply(&mut Db::Sqlite(&mut tx), commands).await.map_err(before)?;
        tx.commit().await.map_err(committing)?;
        Ok(outcomes)
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
