//! Writes an archive of tiles as `MBTiles` 1.3: a SQLite database with the tables `metadata` and
//! `tiles`, rows counted from the south. It is written in one transaction to a file that nobody
//! reads yet. Not here: which tiles (map), the final path (action).

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::store::StoreError;
use crate::store::database::sqlite::named;

/// "MPBX", the application id of `MBTiles` in SQLite.
const APPLICATION_ID: &str = "0x4d504258";
const SCHEMA: [&str; 2] = [
    "CREATE TABLE metadata (name text, value text)",
    "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)",
];
const INDEXES: [&str; 2] = [
    "CREATE UNIQUE INDEX name ON metadata (name)",
    "CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)",
];

/// An archive being written.
#[derive(Debug)]
pub struct Mbtiles {
    db: SqliteConnection,
}

impl Mbtiles {
    /// Creates an archive in a file that is empty or missing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn create(file: &Path) -> Result<Self, StoreError> {
        // No journal is needed: nobody reads the file before it is complete, and a partial file is
        // thrown away.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .locking_mode(SqliteLockingMode::Exclusive)
            .pragma("application_id", APPLICATION_ID)
            .disable_statement_logging();
        let db = options.connect().await.map_err(|e| named(file, &e))?;
        let mut made = Self { db };
        made.run(&["BEGIN"]).await?;
        made.run(&SCHEMA).await?;
        Ok(made)
    }

    /// Adds a tile, compressed with gzip, at an address with rows counted from the north.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn add(&mut self, (z, x, y): (u8, u32, u32), bytes: &[u8]) -> Result<(), StoreError> {
        let row = (1_i64 << z) - 1 - i64::from(y);
        sqlx::query("INSERT INTO tiles VALUES (?, ?, ?, ?)")
            .bind(i64::from(z))
            .bind(i64::from(x))
            .bind(row)
            .bind(bytes)
            .execute(&mut self.db)
            .await
            .map_err(StoreError::sort)?;
        Ok(())
    }

    /// Writes the metadata and closes the archive.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn finish(mut self, metadata: &[(String, String)]) -> Result<(), StoreError> {
        for (name, value) in metadata {
            let insert = sqlx::query("INSERT INTO metadata VALUES (?, ?)").bind(name).bind(value);
            insert.execute(&mut self.db).await.map_err(StoreError::sort)?;
        }
        self.run(&INDEXES).await?;
        self.run(&["COMMIT"]).await?;
        self.db.close().await.map_err(StoreError::sort)
    }

    async fn run(&mut self, statements: &'static [&'static str]) -> Result<(), StoreError> {
        for statement in statements {
            sqlx::query(*statement).execute(&mut self.db).await.map_err(StoreError::sort)?;
        }
        Ok(())
    }
}
