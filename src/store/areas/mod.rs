//! Boundaries in the store: the editions that were imported, when each came into force, and where reports belong
//! under each. A turn to another edition is one row and one change of the log; rows of reports follow behind.

pub(in crate::store) mod adopt;
pub(in crate::store) mod announced;
pub(in crate::store) mod editions;
pub(in crate::store) mod moves;
pub(in crate::store) mod placed;
#[cfg(test)]
mod tests;
pub(in crate::store) mod turn;

use crate::store::database::{Db, Sql};

/// Asks for the edition in force.
const IN_FORCE: &str = "SELECT coalesce((SELECT edition FROM area_turn ORDER BY seq DESC LIMIT 1), 0)";

/// The edition in force, as of this transaction; 0 while none is stored.
pub(in crate::store) async fn in_force(db: &mut Db<'_>) -> Result<i64, sqlx::Error> {
    db.fetch_value(Sql::new(IN_FORCE)).await
}
