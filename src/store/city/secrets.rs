//! Secrets that the service makes for itself at its first start and keeps as long as the store.

use crate::store::StoreError;
use crate::store::database::{Db, Sql};
use crate::store::open::Store;
use crate::store::write::Command;

impl Store {
    /// The secret of a name; `fresh` becomes it when there is none yet.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn secret(&self, name: &'static str, fresh: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let known = Sql::new("SELECT value FROM secret WHERE name = $1").bind(name);
        match self.read.fetch_value_optional(known).await? {
            Some(value) => Ok(value),
            None => self.write(KeepSecret { name, fresh }).await,
        }
    }
}

/// Keeps a secret unless the name has one; answers the one it has.
struct KeepSecret {
    name: &'static str,
    fresh: Vec<u8>,
}

impl Command for KeepSecret {
    type Answer = Vec<u8>;

    async fn run(&self, db: &mut Db<'_>) -> Result<Vec<u8>, sqlx::Error> {
        let keep = Sql::new("INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
        db.execute(keep.bind(self.name).bind(&self.fresh)).await?;
        db.fetch_value(Sql::new("SELECT value FROM secret WHERE name = $1").bind(self.name)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_made_once_and_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let url = crate::store::test_database::store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        assert_eq!(store.secret("a", vec![1]).await.unwrap(), [1]);
        assert_eq!(store.secret("a", vec![2]).await.unwrap(), [1]);
        assert_eq!(store.secret("b", vec![3]).await.unwrap(), [3]);
        store.close().await;
        let store = Store::open(&url).await.unwrap();
        assert_eq!(store.secret("a", vec![4]).await.unwrap(), [1]);
        store.close().await;
    }
}
