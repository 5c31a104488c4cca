//! Maintains the bounding boxes of public points in SQLite during a bulk load. PostgreSQL indexes
//! the points directly.

use crate::store::database::{Db, Sql};

/// The trigger that was dropped for the duration of a load.
#[derive(Debug)]
pub(in crate::store) struct Boxes {
    /// The SQL of the trigger that adds the box of each new point, if it exists.
    trigger: Option<String>,
}

impl Boxes {
    /// Drops the trigger; `put_back` restores it at the end of the load. Inserting boxes row by
    /// row, in order of creation, and the trigger's undo records take a third of the time of a
    /// load. Inserting all boxes at the end, in spatial strips, touches each page of the tree once.
    /// This is inside the load's transaction: nobody sees the table without its trigger, and a
    /// failed load restores it.
    pub(in crate::store) async fn put_aside(db: &mut Db<'_>) -> Result<Self, sqlx::Error> {
        if !matches!(db, Db::Sqlite(_)) {
            return Ok(Self { trigger: None });
        }
        let text = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = 'report_box_insert'";
        let trigger = db.fetch_value(Sql::new(text)).await?;
        db.execute(Sql::new("DROP TRIGGER report_box_insert")).await?;
        Ok(Self { trigger: Some(trigger) })
    }

    /// Adds the boxes of the reports with sequences `first..=last` and restores the trigger.
    pub(in crate::store) async fn put_back(
        self,
        db: &mut Db<'_>,
        first: i64,
        last: i64,
    ) -> Result<(), sqlx::Error> {
        let Some(trigger) = self.trigger else { return Ok(()) };
        let boxes = "INSERT INTO report_box SELECT seq, lon, lon, lat, lat FROM report_public
             WHERE seq BETWEEN $1 AND $2 AND lon IS NOT NULL ORDER BY CAST(lat * 50 AS INTEGER), lon";
        db.execute(Sql::new(boxes).bind(first).bind(last)).await?;
        db.run(trigger).await
    }
}
