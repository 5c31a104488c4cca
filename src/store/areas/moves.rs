//! What a turn will move, counted, and what it left without a ward.

use super::IN_FORCE;
use crate::store::database::Sql;
use crate::store::record::fields::{PLACED_NOW, of, placed};
use crate::store::record::read::state;
use crate::store::{Store, StoreError};
use diaban_core::domain::{State, WardId};

/// Reports that go from one ward and body to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The ward in force.
    pub from: Option<WardId>,
    /// The one under the prepared boundaries; none for reports that become homeless.
    pub to: Option<WardId>,
    /// The body that answers in force.
    pub from_body: String,
    /// The one that will.
    pub to_body: String,
    /// How many reports.
    pub reports: i64,
    /// How many of them are open.
    pub open: i64,
}

/// A report that no ward answers for, because its own was divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homeless {
    /// Public id.
    pub id: u64,
    /// Code of its category.
    pub category: String,
    /// Where it stands.
    pub state: State,
    /// The body that has it until somebody decides.
    pub body: String,
    /// The ward that it left, as its feeds name it.
    pub from: Option<WardId>,
    /// Which ward it had, and which have the ground now, for people.
    pub note: Option<String>,
}

impl Store {
    /// What a prepared edition moves, the largest moves first. Reports that keep their ward's code and body are not
    /// among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn moves(&self, edition: i64) -> Result<Vec<Move>, StoreError> {
        let from = placed(edition);
        let sql = format!(
            "SELECT r.ward AS from_ward, o.ward AS to_ward, r.body AS from_body, o.body AS to_body,
                    count(*) AS reports, coalesce(sum(CASE WHEN r.state < 4 THEN 1 ELSE 0 END), 0) AS open
             FROM report_public r {from} WHERE o.told = 1 OR (o.body <> r.body AND o.rule = 'homeless')
             GROUP BY r.ward, o.ward, r.body, o.body ORDER BY 5 DESC, 1, 2, 3, 4"
        );
        let rows = self.read.fetch_patiently(Sql::new(sql)).await?;
        let moves = rows.iter().map(|row| {
            let ward =
                |name| Ok::<_, sqlx::Error>(row.try_get::<Option<&str>>(name)?.and_then(WardId::parse));
            Ok(Move {
                from: ward("from_ward")?,
                to: ward("to_ward")?,
                from_body: row.try_get("from_body")?,
                to_body: row.try_get("to_body")?,
                reports: row.try_get("reports")?,
                open: row.try_get("open")?,
            })
        });
        moves.collect()
    }

    /// Reports that no ward answers for, the newest first, at most so many.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn homeless(&self, limit: i64) -> Result<Vec<Homeless>, StoreError> {
        let [rule, body] = ["rule", "body"].map(of);
        let told = |column| {
            format!(
                "coalesce(o.{column}, (SELECT e.{column} FROM event e
                     WHERE e.report = r.seq AND e.kind = 6 ORDER BY e.n DESC LIMIT 1)) AS {column}"
            )
        };
        let [from, note] = ["from_ward", "note"].map(told);
        // Few by an index: the rows that say so, and those that will once they are written.
        let mut q = Sql::new(format!(
            "SELECT r.id, r.category, r.state, {body} AS body, {from}, {note}
             FROM report_public r {PLACED_NOW}
             WHERE r.withdrawn <> 2 AND r.seq IN (
                     SELECT r.seq FROM report_public r WHERE r.rule = 'homeless'
                     UNION SELECT o.report FROM placed o WHERE o.rule = 'homeless' AND o.edition = ({IN_FORCE}))
                 AND {rule} = 'homeless' ORDER BY r.seq DESC LIMIT "
        ));
        q.push_bind(limit);
        let rows = self.read.fetch_patiently(q).await?;
        let homeless = rows.iter().map(|row| {
            Ok(Homeless {
                id: row.try_get::<i64>("id")? as u64,
                category: row.try_get("category")?,
                state: state(row.code("state")?),
                body: row.try_get("body")?,
                from: row.try_get::<Option<&str>>("from_ward")?.and_then(WardId::parse),
                note: row.try_get("note")?,
            })
        });
        homeless.collect()
    }
}
