//! Secrets that the service makes for itself at its first start and keeps as long as the store.

use super::StoreError;
use super::db::{Db, Sql};
use super::open::Store;
use super::write::{Command, Outcome};

impl Store {
    /// The secret of a name; `fresh` becomes it when there is none yet.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn secret(&self, name: &'static str, fresh: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.write(Command::Secret { name, value: fresh }).await?;
        self.read.fetch_value(Sql::new("SELECT value FROM secret WHERE name = $1").bind(name)).await
    }
}

/// Keeps a secret unless the name has one.
pub(super) async fn set(db: &mut Db<'_>, name: &str, value: &[u8]) -> Result<Outcome, sqlx::Error> {
    db.execute(
        Sql::new("INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value),
    )
    .await?;
    Ok(Outcome::Done)
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
