//! Groups, failures that cost one command, and what is said after the writer ended.

use std::sync::Mutex;

use tokio::sync::Notify;

use super::*;
use crate::store::database::Sql;
use crate::store::error::{Failure, FailureKind};
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
    for (third, groups) in [(ADD, vec![3, 1]), ("SELECT no_such_column FROM follower", vec![3, 1, 1, 1, 1])] {
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
        let (opened, (first, second, third, key, counted)) = tokio::join!(store.write(gate.clone()), behind);
        opened.unwrap();
        let bad = usize::from(third.is_err());
        assert_eq!((first.unwrap(), second.unwrap(), counted.unwrap()), (1, 1, 3 - bad as u64));
        assert_eq!(key.unwrap(), Applied::Stale);
        assert_eq!(*together.lock().unwrap(), groups);
    }
    store.close().await;
}

#[tokio::test]
async fn whoever_writes_after_a_failure_learns_of_it() {
    let alarm = Alarm::new(None);
    let writer = Writer::start(None, alarm.clone(), None);
    alarm.raise(&Failure::new(FailureKind::Damaged, "torn"));
    writer.ended().await;
    match writer.write(Gate::default()).await {
        Err(StoreError::Storage(told)) => assert_eq!(told.kind, FailureKind::Damaged),
        other => panic!("{other:?}"),
    }
}
