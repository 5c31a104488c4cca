//! PostgreSQL with PostGIS: connections, migrations, the lock of the change log, notifications.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio::sync::watch;

use crate::store::StoreError;
use crate::store::database::Db;
use crate::store::database::dialect::Dialect;
use crate::store::database::schema;

/// Read connections per process.
const READERS: u32 = 8;
/// Timeout of a read, in milliseconds.
const READ_MS: &str = "2000";
/// Timeout of a writer's statement, in milliseconds: a bulk load has long ones.
const WRITE_MS: &str = "60000";
/// How long the writer waits for another writing process, in milliseconds.
const LOCK_MS: &str = "2000";
/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);
/// Lets one writer in at a time. Not an advisory lock: anybody who may connect can take that. Only the owner can lock
/// this table; it hardly changes, so vacuum has nothing to do there; and no copy writes into it.
const LOG_LOCK: &str = "LOCK TABLE _sqlx_migrations IN EXCLUSIVE MODE";
/// Lets one process at a time do what every process would do otherwise. The mode excludes nothing but itself and vacuum:
/// turns, readers and backups go on. Not an advisory lock, for the same reason as above.
pub(in crate::store) const TURNS_LOCK: &str = "LOCK TABLE area_turn IN SHARE UPDATE EXCLUSIVE MODE";
/// The same for whoever sends to webhooks, as long as it lives: a table of its own, which nobody writes, vacuums or alters.
pub(in crate::store) const SENDER_LOCK: &str = "LOCK TABLE webhook_sender IN SHARE UPDATE EXCLUSIVE MODE";
/// Of the connection that holds it: it may wait as long as it must, and loses the lock when nothing is heard of its
/// process for half a minute, because that hangs or its machine is gone.
const HOLDING: [(&str, &str); 3] =
    [("statement_timeout", "0"), ("lock_timeout", "0"), ("idle_in_transaction_session_timeout", "30000")];
const CHANNEL: &str = "diaban_change";
/// Pause between attempts to listen again.
const LISTEN_RETRY: Duration = Duration::from_millis(500);

/// Whether a URL is for PostgreSQL.
pub(in crate::store) fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn options(url: &str) -> Result<(PgConnectOptions, String), StoreError> {
    let options = PgConnectOptions::from_str(url)?.application_name("diaban");
    let database = options.get_database().unwrap_or_default();
    let name = format!("postgres://{}:{}/{database}", options.get_host(), options.get_port());
    Ok((options, name))
}

/// A separate connection for long work, and the name of its database.
pub(in crate::store) async fn connect(url: &str) -> Result<(PgConnection, String), StoreError> {
    let (options, name) = options(url)?;
    let endless = [("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")];
    let db = options.options(endless).disable_statement_logging().connect().await.map_err(|e| {
        let text = format!("{name}: {e}");
        let away = matches!(StoreError::sort(e), StoreError::Away);
        if away { StoreError::NotThere(text) } else { StoreError::Open(text) }
    })?;
    Ok((db, name))
}

/// Connects and migrates under an advisory lock, because several processes may start at once.
/// Returns the pools of readers and of the writer.
pub(in crate::store) async fn open(url: &str) -> Result<(PgPool, PgPool, String), StoreError> {
    let (options, name) = options(url)?;
    let named = |e: &dyn std::fmt::Display| StoreError::Open(format!("{name}: {e}"));
    // Not through the writer, whose timeouts are too short for a migration, or for waiting until
    // another process has finished one.
    let (mut db, _) = connect(url).await?;
    // A newer process may have migrated already and run beside this one for a day. Migrations
    // remove only what the previous release no longer uses.
    let mut migrations = schema::embedded(Dialect::Postgres);
    migrations
        .set_ignore_missing(true)
        .run_direct(None, &mut db, false)
        .await
        .map_err(|e| named(&schema::explain(&e)))?;
    if schema::has_table(&mut Db::Postgres(&mut db), schema::COPYING).await? {
        return Err(named(&schema::unfinished()));
    }
    drop(db);
    let write = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        .connect_with(options.clone().options([("statement_timeout", WRITE_MS), ("lock_timeout", LOCK_MS)]))
        .await
        .map_err(|e| named(&e))?;
    let read = PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE)
        .connect_with(
            options
                .clone()
                .options([("statement_timeout", READ_MS), ("default_transaction_read_only", "on")]),
        )
        .await
        .map_err(|e| named(&e))?;
    Ok((read, write, name))
}

/// Makes this transaction the only writing one in any process until it ends. A sequence of the log
/// is assigned at the insert but visible only after the commit. Without the lock a follower could
/// read past a sequence that commits later, and would never return to it.
pub(in crate::store) async fn lock(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(LOG_LOCK).execute(db).await.map(|_| ())
}

/// Lets the statements of a transaction take as long as those of a writer.
pub(in crate::store) async fn take_time(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let set = "SELECT set_config('statement_timeout', $1, true)";
    sqlx::query(set).bind(WRITE_MS).execute(db).await.map(|_| ())
}

/// Excludes all writers but those of the caller's until what is returned is dropped: a connection of its own,
/// because a table is locked as long as a transaction lasts.
pub(in crate::store) async fn hold(url: &str) -> Result<PgConnection, StoreError> {
    let (mut db, name) = connect(url).await?;
    let locked = async {
        sqlx::query("SELECT set_config('lock_timeout', $1, false)").bind(LOCK_MS).execute(&mut db).await?;
        sqlx::query("BEGIN").execute(&mut db).await?;
        sqlx::query(LOG_LOCK).execute(&mut db).await
    };
    locked.await.map_err(|e| StoreError::Open(format!("{name}: cannot keep other writers out: {e}")))?;
    Ok(db)
}

/// Waits until no other process does what one alone should do, and keeps others from it until what is returned is
/// dropped: a connection of its own, whose lock ends with the process, however that ends.
pub(in crate::store) async fn alone(pool: &PgPool, lock: &'static str) -> Result<PgConnection, sqlx::Error> {
    let options = (*pool.connect_options()).clone().options(HOLDING);
    let mut db = options.connect().await?;
    sqlx::query("BEGIN").execute(&mut db).await?;
    sqlx::query(lock).execute(&mut db).await?;
    Ok(db)
}

/// Whether a connection is there still, and with it its lock.
pub(in crate::store) async fn holds(db: &mut PgConnection) -> bool {
    sqlx::query("SELECT 1").execute(db).await.is_ok()
}

/// Wakes the followers of all processes when the transaction commits.
pub(in crate::store) async fn notify(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(db).await.map(|_| ())
}

/// Counts the notified commits of other processes as long as there is a receiver. It is only a
/// wake-up: commits missed while the connection is down are found by the next poll of the log.
pub(in crate::store) fn listen(pool: &PgPool, commits: Arc<watch::Sender<u64>>) {
    let options = (*pool.connect_options()).clone();
    tokio::spawn(async move {
        let pool =
            PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_lazy_with(options);
        while !commits.is_closed() {
            if let Err(error) = listen_once(&pool, &commits).await {
                tracing::debug!(%error, "cannot listen for commits; trying again");
            }
            tokio::time::sleep(LISTEN_RETRY).await;
        }
    });
}

async fn listen_once(pool: &PgPool, commits: &watch::Sender<u64>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        tokio::select! {
            () = commits.closed() => return Ok(()),
            notification = listener.try_recv() => {
                commits.send_modify(|n| *n += 1);
                if notification?.is_none() {
                    return Ok(()); // the connection was lost: reconnect
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;
    use crate::store::test_database::{is_postgres, store_url};
    use crate::store::{Amendment, Applied, Step, Store};
    use diaban_core::domain::mask::Masked;
    use diaban_core::domain::report::Level;

    const WRITE: &str = "INSERT INTO change (kind, first, last, at_ms) VALUES (0, 1, 1, 0)";
    const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND relation = '_sqlx_migrations'::regclass AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    /// One writer begins, another follows and commits if it can, then the first commits. Returns
    /// what a follower sees that reads in between and afterwards.
    async fn followed(with_lock: bool) -> Vec<i64> {
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        let mut first = PgConnection::connect(&url).await.unwrap();
        let mut tx = first.begin().await.unwrap();
        if with_lock {
            lock(&mut tx).await.unwrap();
        }
        sqlx::query(WRITE).execute(&mut *tx).await.unwrap();
        let address = url.clone();
        let second = tokio::spawn(async move {
            let mut second = PgConnection::connect(&address).await.unwrap();
            let mut tx = second.begin().await.unwrap();
            if with_lock {
                lock(&mut tx).await.unwrap();
            }
            sqlx::query(WRITE).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        });
        let mut watcher = PgConnection::connect(&url).await.unwrap();
        while !second.is_finished() {
            if sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut watcher).await.unwrap() > 0 {
                break;
            }
        }
        let mut seen: Vec<i64> = Vec::new();
        let look = async |seen: &mut Vec<i64>| {
            let last = seen.last().copied().unwrap_or(0);
            seen.extend(store.changes_after(last, 10).await.unwrap().iter().map(|c| c.seq));
        };
        look(&mut seen).await;
        tx.commit().await.unwrap();
        second.await.unwrap();
        look(&mut seen).await;
        store.close().await;
        seen
    }

    #[tokio::test]
    async fn without_the_lock_a_follower_loses_a_row_and_with_it_none() {
        if !is_postgres() {
            return; // a file has only one writer
        }
        assert_eq!(followed(false).await, [2], "the first row was committed behind the follower's back");
        assert_eq!(followed(true).await, [1, 2]);
    }

    async fn names(db: &mut PgConnection, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(db).await.unwrap()
    }

    #[tokio::test]
    async fn both_databases_have_the_same_tables_and_columns() {
        if !is_postgres() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        Store::open(&url).await.unwrap().close().await;
        let mut postgres = PgConnection::connect(&url).await.unwrap();
        let ours = "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
            JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
              AND c.table_name NOT IN ('spatial_ref_sys', '_sqlx_migrations') ORDER BY c.ordinal_position";
        let mut columns = names(&mut postgres, ours).await;
        let file = folder.path().join("twin.db");
        Store::open(&file.display().to_string()).await.unwrap().close().await;
        let mut sqlite = sqlx::SqliteConnection::connect(&file.display().to_string()).await.unwrap();
        let theirs = "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations' ORDER BY c.cid";
        let mut twins: Vec<String> = sqlx::query_scalar(theirs).fetch_all(&mut sqlite).await.unwrap();
        columns.sort();
        twins.sort();
        assert_eq!(columns, twins);
        let silent = names(
            &mut postgres,
            "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
               AND c.relkind IN ('r', 'v') AND obj_description(c.oid) IS NULL AND c.relname NOT LIKE '\\_sqlx%'
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
        )
        .await;
        assert!(silent.is_empty(), "without a comment: {silent:?}");
    }

    #[tokio::test]
    async fn a_schema_that_a_newer_program_expanded_is_served_beside_it() {
        if !is_postgres() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let before = Store::open(&url).await.unwrap();
        before.create_report(crate::store::record::reports::tests::report(1), None).await.unwrap();
        let mut db = PgConnection::connect(&url).await.unwrap();
        let expansion = "ALTER TABLE report_public ADD COLUMN later bigint;
            ALTER TABLE event ADD COLUMN later text NOT NULL DEFAULT 'x';
            CREATE TABLE later (a bigint PRIMARY KEY);
            INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'later', true, '\\x00', 1)";
        sqlx::raw_sql(expansion).execute(&mut db).await.unwrap();
        // A running process continues, and a restarted one starts.
        before.create_report(crate::store::record::reports::tests::report(2), None).await.unwrap();
        let anew = Store::open(&url).await.unwrap();
        anew.create_report(crate::store::record::reports::tests::report(4), None).await.unwrap();
        for store in [before, anew] {
            assert_eq!(store.last_report().await.unwrap(), 3);
            assert!(store.report(4).await.unwrap().is_some());
            store.close().await;
        }
    }

    #[tokio::test]
    async fn analysts_read_words_and_public_points_and_nothing_else() {
        if !is_postgres() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        let states = diaban_core::domain::State::ALL;
        let of = |state: diaban_core::domain::State| {
            let mut r = crate::store::record::reports::tests::report(state as u64 + 1);
            r.public.state = state;
            r
        };
        store.load_reports(states.map(of).into()).await.unwrap();
        let mut db = PgConnection::connect(&url).await.unwrap();
        sqlx::query("SET ROLE diaban_reader").execute(&mut db).await.unwrap();
        let stored = names(&mut db, "SELECT state || ' ' || status FROM reports ORDER BY id").await;
        assert_eq!(stored, states.map(|s| format!("{} {}", s.name(), s.status().name())));
        let kinds = names(&mut db, "SELECT DISTINCT kind || ' ' || to_state FROM report_events").await;
        assert_eq!(kinds, ["state received"]);
        let placed: i64 = sqlx::query_scalar("SELECT count(*) FROM reports WHERE ST_SRID(geom) = 4326 AND created_at = 'epoch'::timestamptz + interval '1 second'")
            .fetch_one(&mut db).await.unwrap();
        assert_eq!(placed, 6, "every third of them is placeless");
        for table in [
            "report_private",
            "report_public",
            "event",
            "access_key",
            "secret",
            "idempotency",
            "change",
            "feature",
        ] {
            let read = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT 1 FROM {table}")))
                .fetch_optional(&mut db)
                .await;
            assert_eq!(read.unwrap_err().as_database_error().unwrap().code().unwrap(), "42501", "{table}");
        }
        let levels = names(&mut db, "SELECT DISTINCT level FROM reports").await;
        assert_eq!(levels, ["normal"]);
        let step = async |step, level, to: Option<&str>| {
            let was = store.standing(1).await.unwrap().unwrap();
            let at = diaban_core::domain::Instant::from_ms(5_000);
            let step = Amendment::new(was, step, "office", at);
            let step = Amendment { level, redirect_to: to.map(str::to_owned), ..step };
            assert_eq!(store.amend_report(step).await.unwrap(), Applied::Done);
        };
        let (body, rule) = ("water".to_owned(), "transfer".to_owned());
        step(Step::Transfer { ward: None, body, rule, point: None }, None, None).await;
        step(Step::Level, Some(Level::Urgent), None).await;
        step(Step::State(diaban_core::domain::State::Redirected), None, Some("court")).await;
        let told = "SELECT concat_ws(' ', kind, to_state, from_body, body, from_level, level, redirect_to)
                    FROM report_events WHERE report = 1 AND n > 1 ORDER BY n";
        let told = names(&mut db, told).await;
        assert_eq!(
            told,
            ["transfer received centre water", "level received normal urgent", "state redirected court"]
        );
        let now = "SELECT concat_ws(' ', state, status, body, level, redirect_to) FROM reports WHERE id = 1";
        assert_eq!(names(&mut db, now).await, ["redirected closed water urgent court"]);
        store.close().await;
    }

    #[tokio::test]
    async fn an_analyst_sees_no_hidden_report_and_stops_no_write() {
        if !is_postgres() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        let titled = |id: u64, title: &str| {
            let mut r = crate::store::record::reports::tests::report(id);
            r.public.title = Some(Masked::of(title));
            r
        };
        store.load_reports(vec![titled(1, "shown"), titled(2, "the secret")]).await.unwrap();
        let mut db = PgConnection::connect(&url).await.unwrap();
        let run = async |db: &mut PgConnection, sql: &'static str| sqlx::query(sql).execute(db).await;
        run(&mut db, "UPDATE report_public SET withdrawn = 1 WHERE id = 2").await.unwrap();
        run(&mut db, "SET ROLE diaban_reader").await.unwrap();
        // A cheap function in a condition is asked first, unless a barrier stands before the hidden rows.
        run(&mut db, "CREATE TEMP TABLE seen (title text)").await.unwrap();
        let leak = "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
            $$ BEGIN INSERT INTO seen VALUES ($1); RETURN true; END $$";
        run(&mut db, leak).await.unwrap();
        for view in ["reports WHERE pg_temp.leak(title)", "report_events WHERE pg_temp.leak(report::text)"] {
            let all = sqlx::AssertSqlSafe(format!("SELECT * FROM {view}"));
            sqlx::query(all).fetch_all(&mut db).await.unwrap();
        }
        assert_eq!(names(&mut db, "SELECT DISTINCT title FROM seen ORDER BY 1").await, ["1", "shown"]);
        // Whatever locks he takes, a write goes through.
        run(&mut db, "BEGIN").await.unwrap();
        run(&mut db, "SELECT pg_advisory_lock(110403768181102)").await.unwrap();
        run(&mut db, "LOCK TABLE reports IN ACCESS SHARE MODE").await.unwrap();
        store.create_report(titled(3, "after"), None).await.unwrap();
        for lock in [LOG_LOCK, "SELECT * FROM _sqlx_migrations FOR UPDATE"] {
            run(&mut db, "SAVEPOINT before").await.unwrap();
            let refused = run(&mut db, lock).await.unwrap_err();
            assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501", "{lock}");
            run(&mut db, "ROLLBACK TO before").await.unwrap();
        }
        store.close().await;
    }
}
