//! The boxes of public points in SQLite during a bulk load. PostgreSQL indexes the points themselves.

use super::db::{Db, Sql};

/// What was put aside for the length of a load.
#[derive(Debug)]
pub(super) struct Boxes {
    /// The text of the trigger that boxes each new point, where there is one.
    trigger: Option<String>,
}

impl Boxes {
    /// Takes the trigger away until the end of the load puts it back. Row by row, in the order in which
    /// reports came, boxes and the undo of each trigger cost a third of a load; in one go and in strips
    /// over the ground they touch each page of the tree once. All of it is inside the load's
    /// transaction: nobody sees the table without its trigger, and a load that fails brings it back.
    pub(super) async fn put_aside(db: &mut Db<'_>) -> Result<Self, sqlx::Error> {
        if !matches!(db, Db::Sqlite(_)) {
            return Ok(Self { trigger: None });
        }
        let text = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = 'report_box_insert'";
        let trigger = db.fetch_value(Sql::new(text)).await?;
        db.execute(Sql::new("DROP TRIGGER report_box_insert")).await?;
        Ok(Self { trigger: Some(trigger) })
    }

    /// Boxes the reports with sequences `first..=last` and puts the trigger back.
    pub(super) async fn put_back(self, db: &mut Db<'_>, first: i64, last: i64) -> Result<(), sqlx::Error> {
        let Some(trigger) = self.trigger else { return Ok(()) };
        let boxes = "INSERT INTO report_box SELECT seq, lon, lon, lat, lat FROM report_public
             WHERE seq BETWEEN $1 AND $2 AND lon IS NOT NULL ORDER BY CAST(lat * 50 AS INTEGER), lon";
        db.execute(Sql::new(boxes).bind(first).bind(last)).await?;
        db.run(trigger).await
    }
}
