//! The change log: written in the same transaction as the change, read by every follower.

use crate::store::database::{Db, Row, Sql};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The reports with internal sequences `first..=last` were written or removed.
    Reports {
        /// First internal sequence.
        first: i64,
        /// Last internal sequence.
        last: i64,
    },
    /// The areas changed and must be read again.
    Areas,
    /// The features with internal sequences `first..=last` were written or removed.
    Features {
        /// First internal sequence.
        first: i64,
        /// Last internal sequence.
        last: i64,
    },
    /// The log up to here has been trimmed. A follower that needs it must reload everything.
    Trimmed,
}

impl ChangeKind {
    /// The reports that it names, by internal sequence.
    pub const fn reports(self) -> Option<(i64, i64)> {
        if let Self::Reports { first, last } = self { Some((first, last)) } else { None }
    }

    /// The features that it names, by internal sequence.
    pub const fn features(self) -> Option<(i64, i64)> {
        if let Self::Features { first, last } = self { Some((first, last)) } else { None }
    }
}

/// One row of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Position in the log.
    pub seq: i64,
    /// What changed.
    pub kind: ChangeKind,
    /// When it changed.
    pub at: Instant,
}

pub(in crate::store) const REPORTS: i64 = 0;
pub(in crate::store) const AREAS: i64 = 1;
pub(in crate::store) const FEATURES: i64 = 2;
pub(in crate::store) const TRIMMED: i64 = 3;

const COLUMNS: &str = "seq, kind, first, last, at_ms";

impl Store {
    /// The changes after a position, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
        // A bound limit would have SQLite prepare the statement anew each time.
        let next = format!("SELECT {COLUMNS} FROM change WHERE seq > $1 ORDER BY seq LIMIT {limit}");
        let rows = self.read.fetch_all(Sql::new(next).bind(seq)).await?;
        rows.iter().map(change).collect()
    }

    /// The change at a position, if the log still contains it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn change(&self, seq: i64) -> Result<Option<Change>, StoreError> {
        let there = Sql::new(format!("SELECT {COLUMNS} FROM change WHERE seq = $1"));
        self.read.fetch_optional(there.bind(seq)).await?.as_ref().map(change).transpose()
    }

    /// When a feature or the areas last changed; [`Instant::MIN`] for never.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn features_changed(&self) -> Result<Instant, StoreError> {
        let ms: Option<i64> = self
            .read
            .fetch_value(
                Sql::new("SELECT max(at_ms) FROM change WHERE kind IN ($1, $2)").bind(FEATURES).bind(AREAS),
            )
            .await?;
        Ok(ms.map_or(Instant::MIN, Instant::from_ms))
    }

    /// When anything last changed, as far as the log goes back; [`Instant::MIN`] for never.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_changed(&self) -> Result<Instant, StoreError> {
        let last = Sql::new("SELECT at_ms FROM change ORDER BY seq DESC LIMIT 1");
        let row = self.read.fetch_optional(last).await?;
        let ms: Option<i64> = row.map(|row| row.try_get("at_ms")).transpose()?;
        Ok(ms.map_or(Instant::MIN, Instant::from_ms))
    }

    /// The last position of the log; 0 if nothing was ever written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_change(&self) -> Result<i64, StoreError> {
        self.read.fetch_value(Sql::new("SELECT coalesce(max(seq), 0) FROM change")).await
    }
}

/// The newest changes after a position that the map may lack and a page still knows.
const NEWEST: i64 = 5_000;

/// The newest changes after a position, newest first.
pub(in crate::store) fn newest(seq: i64) -> Sql {
    Sql::new(format!("SELECT {COLUMNS} FROM change WHERE seq > $1 ORDER BY seq DESC LIMIT {NEWEST}"))
        .bind(seq)
}

/// The sequences of one kind that the log names, as few ascending ranges that do not meet.
pub fn ranges(log: &[Change], of: fn(ChangeKind) -> Option<(i64, i64)>) -> Vec<(i64, i64)> {
    let mut named: Vec<(i64, i64)> = log.iter().filter_map(|c| of(c.kind)).collect();
    named.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (first, last) in named {
        match out.last_mut() {
            Some((_, end)) if first <= *end + 1 => *end = last.max(*end),
            _ => out.push((first, last)),
        }
    }
    out
}

pub(in crate::store) fn change(row: &Row) -> Result<Change, StoreError> {
    let kind = match row.code(1)? {
        AREAS => ChangeKind::Areas,
        FEATURES => ChangeKind::Features { first: row.try_get(2)?, last: row.try_get(3)? },
        TRIMMED => ChangeKind::Trimmed,
        _ => ChangeKind::Reports { first: row.try_get(2)?, last: row.try_get(3)? },
    };
    Ok(Change { seq: row.try_get(0)?, kind, at: Instant::from_ms(row.try_get(4)?) })
}

pub(in crate::store) async fn log(db: &mut Db<'_>, kind: ChangeKind, at: Instant) -> Result<(), sqlx::Error> {
    let (code, first, last) = match kind {
        ChangeKind::Reports { first, last } => (REPORTS, first, last),
        ChangeKind::Areas => (AREAS, 0, 0),
        ChangeKind::Features { first, last } => (FEATURES, first, last),
        ChangeKind::Trimmed => (TRIMMED, 0, 0),
    };
    db.execute(
        Sql::new("INSERT INTO change (kind, first, last, at_ms) VALUES ($1, $2, $3, $4)")
            .bind(code)
            .bind(first)
            .bind(last)
            .bind(at.ms()),
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_named_many_times_is_read_once() {
        let change =
            |first, last| Change { seq: 0, at: Instant::MIN, kind: ChangeKind::Reports { first, last } };
        let log = [change(5, 5), change(1, 3), change(4, 4), change(9, 12), change(10, 11), change(5, 5)];
        assert_eq!(ranges(&log, ChangeKind::reports), [(1, 5), (9, 12)]);
        assert_eq!(ranges(&log, ChangeKind::features), []);
    }
}
