//! Imported ward generations: kept whole as the document that passed the checks.

use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Sql};
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;

/// A generation as it was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGeneration {
    /// The date from which it is valid, `2025-07-01`.
    pub id: String,
    /// File name or URL, for people.
    pub source: String,
    /// Gzipped GeoJSON.
    pub boundaries: Vec<u8>,
}

impl Store {
    /// The imported generations, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn generations(&self) -> Result<Vec<StoredGeneration>, StoreError> {
        let rows = self
            .read
            .fetch_all(Sql::new("SELECT id, source, boundaries FROM area_generation ORDER BY id"))
            .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredGeneration {
                    id: row.try_get(0)?,
                    source: row.try_get(1)?,
                    boundaries: row.try_get(2)?,
                })
            })
            .collect()
    }

    /// Keeps a checked generation, in the place of an earlier import of the same id, and tells
    /// every process to read the areas anew.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn activate_generation(
        &self,
        generation: StoredGeneration,
        at: Instant,
    ) -> Result<(), StoreError> {
        self.write(Activate { generation, at }).await
    }
}

struct Activate {
    generation: StoredGeneration,
    at: Instant,
}

impl Command for Activate {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let g = &self.generation;
        db.execute(
            Sql::new(
                "INSERT INTO area_generation (id, source, imported_ms, boundaries) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET source = excluded.source, imported_ms = excluded.imported_ms,
                 boundaries = excluded.boundaries",
            )
            .bind(&g.id)
            .bind(&g.source)
            .bind(self.at.ms())
            .bind(&g.boundaries),
        )
        .await?;
        log(db, ChangeKind::Areas, self.at).await
    }
}
