//! Tests that two releases can share one database: migrations since the last release only add, and
//! this program can read what the last release wrote and continues to write.

use sqlx::Connection as _;
use sqlx::migrate::Migrator;

use crate::store::database::Db;
use crate::store::database::dialect::Dialect;
use crate::store::database::testing::Connection;
use crate::store::database::{schema, sqlite};
use crate::store::record::reports::tests::report;
use crate::store::test_database::{is_postgres, store_url};
use crate::store::{ChangeKind, Store};

/// The schema version of the last release, which is 0.2.0. Update it with each release, and update the
/// statements below.
const RELEASED: i64 = 11;

/// The inserts of the last release, each with all columns it names. They are copies, because this
/// program's statements change.
const WRITES: [&str; 15] = [
    "INSERT INTO report_public (id, lon, lat, title, description, category, state, level, body, ward, border_m, offshore_m,
         votes, observed_ms, created_ms, updated_ms, due_ms, address, source, rule, fed, fed_ms, precision, withdrawn)
     VALUES ({id}, 106.7, 10.8, 'A', NULL, 'drainage', 0, 1, 'centre', '2025-07-01.26740', 12.5, NULL,
         3, NULL, 1000, 1000, 2000, NULL, 'api', 'default', {id}, 1000, 0, 0)",
    "INSERT INTO report_private (seq, lon, lat, accuracy_m, address, answers, created_ms)
     SELECT seq, 106.7, 10.8, 5.0, NULL, '{}', 1000 FROM report_public WHERE id = {id}",
    "INSERT INTO idempotency (key_hash, body_hash, report_id) VALUES (x'{id}', x'02', {id})",
    "INSERT INTO event (seq, report, n, kind, at_ms, shown_ms, role, from_state, to_state, reason, note, ward, from_ward)
     SELECT {id}, seq, 1, 0, 1000, 1000, 'citizen', NULL, 0, NULL, NULL, ward, NULL FROM report_public WHERE id = {id}",
    "INSERT INTO waiting (event, report, id, hour_ms, live, body, rule, lon, lat)
     SELECT {id}, seq, id, 0, 1, NULL, NULL, NULL, NULL FROM report_public WHERE id = {id}",
    "DELETE FROM waiting WHERE event = {id}",
    "INSERT INTO erased (id, key_hash, at_ms) VALUES (10{id}, x'', 1000) ON CONFLICT (id) DO NOTHING",
    "INSERT INTO follower (id, position, seen_ms) VALUES ({id}, 0, 1000)
     ON CONFLICT (id) DO UPDATE SET position = excluded.position, seen_ms = excluded.seen_ms",
    "INSERT INTO access_key (id, hash, name, scopes, query, created_ms, expires_ms)
     VALUES ('k{id}', x'{id}', 'n', 'submit', NULL, 1000, NULL)",
    "INSERT INTO secret (name, value) VALUES ('s{id}', x'{id}')",
    "INSERT INTO area_generation (id, source, imported_ms, boundaries) VALUES ('g{id}', 'a file', 1000, x'00')",
    "INSERT INTO feature (id, collection, source, source_id, revision, hash, geometry, properties, created_ms, updated_ms, membership)
     VALUES ({id}, 'facilities', 's', '{id}', 1, x'0000000000000000', NULL, '{}', 1000, 1000, 0)",
    "INSERT INTO feature_ward (feature, ward) SELECT seq, '2025-07-01.26740' FROM feature WHERE id = {id}",
    "INSERT INTO change (kind, first, last, at_ms) SELECT 0, seq, seq, 1000 FROM report_public WHERE id = {id}",
    "UPDATE report_public SET state = 2, updated_ms = 3000, fed_ms = 3000 WHERE id = {id}",
];

async fn write_as_released(url: &str, id: u64) {
    let mut connection = Connection::open(url).await;
    for write in WRITES {
        let mut text = write.replace("{id}", &id.to_string());
        if is_postgres() {
            text = text.replace("x'", "'\\x");
        }
        connection.db().run(text).await.unwrap();
    }
}

fn first(migrations: &Migrator, last: i64) -> Migrator {
    Migrator::with_migrations(migrations.iter().filter(|m| m.version <= last).cloned().collect())
}

#[tokio::test]
async fn the_last_releases_database_is_migrated_and_served() {
    let folder = tempfile::tempdir().unwrap();
    let url = store_url(folder.path());
    if is_postgres() {
        // A test database is already migrated, so this test creates an empty one.
        let mut db = sqlx::PgConnection::connect(&url).await.unwrap();
        let clear = "DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE EXTENSION postgis";
        Db::Postgres(&mut db).run(clear.to_owned()).await.unwrap();
        first(schema::migrations(Dialect::Postgres), RELEASED)
            .run_direct(None, &mut db, false)
            .await
            .unwrap();
    } else {
        let (mut db, _claim) = sqlite::connect(&sqlite::path_of(&url).unwrap()).await.unwrap();
        first(schema::migrations(Dialect::Sqlite), RELEASED).run_direct(None, &mut db, false).await.unwrap();
        db.close().await.unwrap();
    }
    write_as_released(&url, 21).await;
    let store = Store::open(&url).await.unwrap();
    let found = store.report(21).await.unwrap().unwrap();
    assert_eq!((found.facts.votes, &*found.facts.body, found.facts.border_m), (3, "centre", Some(12.5)));
    store.create_report(report(1), None).await.unwrap();
    assert_eq!(store.changes_after(0, 9).await.unwrap().len(), 2);
    store.close().await;
}

#[tokio::test]
async fn what_the_last_release_writes_beside_this_one_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let url = store_url(folder.path());
    let store = Store::open(&url).await.unwrap();
    store.create_report(report(1), None).await.unwrap();
    write_as_released(&url, 22).await;
    assert_eq!(store.report(22).await.unwrap().unwrap().facts.votes, 3);
    let log = store.changes_after(0, 9).await.unwrap();
    assert_eq!(log.last().unwrap().kind, ChangeKind::Reports { first: 2, last: 2 });
    store.create_report(report(2), None).await.unwrap();
    store.close().await;
}

#[test]
fn migrations_since_the_last_release_only_add() {
    // Allowed beginnings of a statement. An added column must be nullable or have a default.
    // PostgreSQL itself refuses to replace a view by one without a column of the old one.
    const ADDING: [&str; 12] = [
        "CREATE TABLE",
        "CREATE INDEX",
        "CREATE UNIQUE INDEX",
        "CREATE VIEW",
        "CREATE OR REPLACE VIEW",
        "ALTER VIEW",
        "COMMENT ON",
        "GRANT SELECT",
        // Into a table that the same migration creates.
        "INSERT INTO area_edition",
        // No statement of the last release names an index that went: it reads on without.
        "DROP INDEX",
        // Of SQLite alone, which one process serves: no release writes beside another.
        "DROP TRIGGER report_box",
        "DROP TABLE report_box",
    ];
    for migration in
        schema::migrations(Dialect::Sqlite).iter().chain(schema::migrations(Dialect::Postgres).iter())
    {
        if migration.version <= RELEASED {
            continue;
        }
        let text: String =
            migration.sql.as_str().lines().map(|l| l.split("--").next().unwrap().to_owned() + " ").collect();
        for statement in text.split(';').map(str::trim).filter(|s| !s.is_empty()) {
            let column = statement.starts_with("ALTER TABLE")
                && statement.contains(" ADD COLUMN ")
                && (!statement.contains("NOT NULL") || statement.contains("DEFAULT"));
            let adds = column || ADDING.iter().any(|a| statement.starts_with(a));
            assert!(adds, "{} {}: {statement}", migration.version, migration.description);
        }
    }
}
