//! What is needed besides to tell events one after the other, as they were recorded.

use std::collections::HashMap;

use super::News;
use crate::store::database::Sql;
use crate::store::{Store, StoreError};

impl Store {
    /// The last event that the public knows, in the order of recording: where it stands, its report, its number; none
    /// where nothing happened yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_event(&self) -> Result<Option<(u64, i64)>, StoreError> {
        let newest = "SELECT r.id, e.n FROM event e JOIN report_public r ON r.seq = e.report
                      WHERE e.seq = (SELECT max(seq) FROM event WHERE seq > 0 AND shown_ms IS NOT NULL)";
        let row = self.read.fetch_optional(Sql::new(newest)).await?;
        row.map(|row| Ok((row.try_get::<i64>(0)?.unsigned_abs(), row.try_get(1)?))).transpose()
    }

    /// Which body had to answer for the report after each of these events, by their sequences, where it is another one
    /// by now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn bodies_after(&self, events: &[News]) -> Result<HashMap<i64, String>, StoreError> {
        let mut q = Sql::new(
            "SELECT e.seq, (SELECT t.from_body FROM event t WHERE t.report = e.report AND t.n > e.n
                 AND t.shown_ms IS NOT NULL AND t.from_body IS NOT NULL ORDER BY t.n LIMIT 1) AS body
             FROM event e WHERE e.seq",
        );
        q.push_keys(events.iter().map(|news| news.at.seq));
        let mut bodies = HashMap::new();
        for row in self.read.fetch_all(q).await? {
            if let Some(body) = row.try_get(1)? {
                bodies.insert(row.try_get(0)?, body);
            }
        }
        Ok(bodies)
    }
}
