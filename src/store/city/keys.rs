//! Keys of apps and secret feed links: hashes and what they are for.

use crate::store::database::{Db, Row, Sql};
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::key::{Key, KeyId};

impl Store {
    /// All keys, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let rows = self
            .read
            .fetch_all(Sql::new(
                "SELECT id, hash, name, scopes, query, created_ms, expires_ms, revoked_ms FROM access_key
             ORDER BY created_ms, id",
            ))
            .await?;
        rows.iter().map(key).collect()
    }

    /// Keeps a new key.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn add_key(&self, key: Key) -> Result<(), StoreError> {
        self.write(AddKey(key)).await
    }

    /// Revokes a key; says [`Applied::Stale`] when there is none of that id that opens anything.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn revoke_key(&self, id: KeyId, at: Instant) -> Result<Applied, StoreError> {
        self.write(RevokeKey { id, at }).await
    }
}

fn key(row: &Row) -> Result<Key, StoreError> {
    let hash = row.try_get::<&[u8]>(1)?.try_into();
    let time = |i: usize| Ok::<_, StoreError>(row.try_get::<Option<i64>>(i)?.map(Instant::from_ms));
    Ok(Key {
        id: KeyId::new(row.try_get(0)?),
        hash: hash.map_err(|_| sqlx::Error::Decode("a hash of another length".into()))?,
        name: row.try_get(2)?,
        scopes: row.try_get::<&str>(3)?.split_whitespace().map(str::to_owned).collect(),
        query: row.try_get(4)?,
        created: Instant::from_ms(row.try_get(5)?),
        expires: time(6)?,
        revoked: time(7)?,
    })
}

struct AddKey(Key);

impl Command for AddKey {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let key = &self.0;
        db.execute(
            Sql::new(
                "INSERT INTO access_key (id, hash, name, scopes, query, created_ms, expires_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(key.id.as_str())
            .bind(&key.hash[..])
            .bind(&key.name)
            .bind(key.scopes.join(" "))
            .bind(&key.query)
            .bind(key.created.ms())
            .bind(key.expires.map(Instant::ms)),
        )
        .await?;
        Ok(())
    }
}

struct RevokeKey {
    id: KeyId,
    at: Instant,
}

impl Command for RevokeKey {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let revoke = Sql::new("UPDATE access_key SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL");
        let revoked = db.execute(revoke.bind(self.id.as_str()).bind(self.at.ms())).await?;
        Ok(if revoked == 0 { Applied::Stale } else { Applied::Done })
    }
}
