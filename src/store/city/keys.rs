//! Keys of apps and secret feed links: hashes and what they are for.

use crate::store::database::{Db, Row, Sql};
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::caller::Office;
use diaban_core::domain::key::{Key, KeyId};
use diaban_core::domain::{Instant, WardId};

impl Store {
    /// All keys, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let rows = self
            .read
            .fetch_all(Sql::new(
                "SELECT id, hash, name, scopes, query, created_ms, expires_ms, revoked_ms, wards, bodies FROM access_key
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
    let hash = row.try_get::<&[u8]>("hash")?.try_into();
    Ok(Key {
        id: KeyId::new(row.try_get("id")?),
        hash: hash.map_err(|_| sqlx::Error::Decode("a hash of another length".into()))?,
        name: row.try_get("name")?,
        scopes: words(row, "scopes")?,
        office: office(row)?,
        query: row.try_get("query")?,
        created: Instant::from_ms(row.try_get("created_ms")?),
        expires: instant(row, "expires_ms")?,
        revoked: instant(row, "revoked_ms")?,
    })
}

/// A moment that may be none.
pub(super) fn instant(row: &Row, column: &str) -> Result<Option<Instant>, StoreError> {
    Ok(row.try_get::<Option<i64>>(column)?.map(Instant::from_ms))
}

/// What was written by [`listed`].
pub(super) fn words(row: &Row, column: &str) -> Result<Vec<String>, StoreError> {
    let text = row.try_get::<Option<&str>>(column)?.unwrap_or_default();
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// What its holder answers for: the columns `wards` and `bodies`.
pub(super) fn office(row: &Row) -> Result<Office, StoreError> {
    Ok(Office {
        wards: words(row, "wards")?.iter().filter_map(|id| WardId::parse(id)).collect(),
        bodies: words(row, "bodies")?,
    })
}

struct AddKey(Key);

impl Command for AddKey {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let key = &self.0;
        db.execute(
            Sql::new(
                "INSERT INTO access_key (id, hash, name, scopes, query, created_ms, expires_ms, wards, bodies)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(key.id.as_str())
            .bind(&key.hash[..])
            .bind(&key.name)
            .bind(key.scopes.join(" "))
            .bind(&key.query)
            .bind(key.created.ms())
            .bind(key.expires.map(Instant::ms))
            .bind(listed(&key.office.wards))
            .bind(listed(&key.office.bodies)),
        )
        .await?;
        Ok(())
    }
}

/// With spaces between; nothing where there are none.
pub(super) fn listed(all: &[impl ToString]) -> Option<String> {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| all.join(" "))
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
