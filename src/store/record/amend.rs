//! What happens to a report after it was received: one step, its event and its change in one commit.

use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Sql};
use crate::store::record::events::Ledger;
use crate::store::record::fields::point;
use crate::store::record::read::state;
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::report::{EventKind, Withdrawn};
use diaban_core::domain::{Instant, State, WardId};
use diaban_core::geo::LonLat;

/// How a report stands: what a step builds on.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Internal sequence.
    pub seq: i64,
    /// Where it stands.
    pub state: State,
    /// Whether the public may see it.
    pub withdrawn: Withdrawn,
    /// Code of its category.
    pub category: String,
    /// Its ward.
    pub ward: Option<WardId>,
    /// The public point.
    pub point: Option<LonLat>,
    /// Whether it has a true place.
    pub placed: bool,
}

/// One step in the life of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// To another state.
    State(State),
    /// A word of the office.
    Note,
    /// To the own office of another ward.
    Transfer {
        /// The ward.
        ward: WardId,
        /// Its office.
        body: String,
        /// Why it is there.
        rule: String,
        /// The public point from now on.
        point: Option<LonLat>,
    },
    /// Out of the public's sight.
    Hide,
    /// Back into it.
    Show,
    /// All that is personal goes for good.
    Erase,
}

/// A step with all that is recorded of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Amendment {
    /// How the report stood when the step was decided; when that changed, nothing is done.
    pub was: Standing,
    /// The step.
    pub step: Step,
    /// In which role somebody acts.
    pub role: &'static str,
    /// When.
    pub at: Instant,
    /// The moment that the public sees.
    pub shown: Instant,
    /// Why.
    pub reason: Option<String>,
    /// What everybody may read.
    pub note: Option<String>,
}

impl Store {
    /// How a report stands, also a hidden or erased one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn standing(&self, id: u64) -> Result<Option<Standing>, StoreError> {
        let row = self
            .read
            .fetch_optional(
                Sql::new(
                    "SELECT r.seq, r.state, r.withdrawn, r.category, r.ward, r.lon, r.lat, p.lon IS NOT NULL
             FROM report_public r LEFT JOIN report_private p USING (seq) WHERE r.id = $1",
                )
                .bind(id as i64),
            )
            .await?;
        row.map(|row| {
            Ok(Standing {
                seq: row.try_get(0)?,
                state: state(row.code(1)?),
                withdrawn: Withdrawn::from_code(row.code(2)?),
                category: row.try_get(3)?,
                ward: row.try_get::<Option<&str>>(4)?.and_then(WardId::parse),
                point: point(row.try_get(5)?, row.try_get(6)?),
                placed: row.try_get(7)?,
            })
        })
        .transpose()
    }

    /// Takes a step; says [`Applied::Stale`] when the report stands otherwise by now.
    ///
    /// # Errors
    /// When the write fails; nothing was changed then.
    pub async fn amend_report(&self, amendment: Amendment) -> Result<Applied, StoreError> {
        self.write(amendment).await
    }
}

impl Command for Amendment {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        amend(db, self).await
    }
}

async fn amend(db: &mut Db<'_>, a: &Amendment) -> Result<Applied, sqlx::Error> {
    let seq = a.was.seq;
    let mut ledger = Ledger::open(db, a.at).await?;
    let fed: i64 =
        db.fetch_value(Sql::new("SELECT fed_ms FROM report_public WHERE seq = $1").bind(seq)).await?;
    // Who knows a report by its id and its moment must see that it changed.
    let shown = a.shown.max(Instant::from_ms(fed + 1));
    let place = ledger.now(shown);
    let to = if let Step::State(to) = a.step { to } else { a.was.state };
    let withdrawn = match a.step {
        Step::Hide => Withdrawn::Hidden,
        Step::Show => Withdrawn::No,
        Step::Erase => Withdrawn::Erased,
        _ => a.was.withdrawn,
    };
    let from_ward = a.was.ward.as_ref().map(ToString::to_string);
    let found = db.execute(Sql::new(
        "UPDATE report_public SET state = $2, withdrawn = $3, updated_ms = CASE WHEN updated_ms > $4 THEN updated_ms ELSE $4 END, fed = $5, fed_ms = $6
         WHERE seq = $1 AND state = $7 AND withdrawn = $8 AND ward IS NOT DISTINCT FROM $9",
    ).bind(seq).bind(to as u8).bind(withdrawn as u8).bind(a.shown.ms()).bind(place.seq).bind(place.shown_ms).bind(a.was.state as u8).bind(a.was.withdrawn as u8).bind(&from_ward)).await?;
    if found == 0 {
        return Ok(Applied::Stale);
    }
    match &a.step {
        Step::Transfer { ward, body, rule, point } => {
            db.execute(Sql::new(
                "UPDATE report_public SET ward = $2, body = $3, rule = $4, lon = $5, lat = $6, border_m = NULL
                 WHERE seq = $1",
            ).bind(seq).bind(ward.to_string()).bind(body).bind(rule).bind(point.map(|p| p.lon())).bind(point.map(|p| p.lat()))).await?;
        }
        Step::Erase => erase(db, seq).await?,
        _ => {}
    }
    db.execute(Sql::new(
        "INSERT INTO event (seq, report, n, kind, at_ms, shown_ms, role, from_state, to_state, reason, note, ward, from_ward)
         SELECT $1, seq, (SELECT count(*) + 1 FROM event WHERE report = $2), $3, $4, $5, $6, $7, state, $8, $9, ward, $10
         FROM report_public WHERE seq = $2",
    ).bind(place.seq).bind(seq).bind(kind(&a.step) as u8).bind(a.at.ms()).bind(place.shown_ms).bind(a.role).bind(a.was.state as u8).bind(&a.reason).bind(&a.note).bind(from_ward.filter(|_| matches!(a.step, Step::Transfer { .. })))).await?;
    log(db, ChangeKind::Reports { first: seq, last: seq }, a.at).await?;
    Ok(Applied::Done)
}

fn kind(step: &Step) -> EventKind {
    match step {
        Step::State(_) => EventKind::State,
        Step::Note => EventKind::Note,
        Step::Transfer { .. } => EventKind::Transfer,
        Step::Hide => EventKind::Hidden,
        Step::Show => EventKind::Shown,
        Step::Erase => EventKind::Erased,
    }
}

/// Leaves the frame: id, category, ward, state, times, the events without a word.
async fn erase(db: &mut Db<'_>, seq: i64) -> Result<(), sqlx::Error> {
    for sql in [
        "UPDATE report_public SET title = NULL, description = NULL, address = NULL, lon = NULL, lat = NULL,
             border_m = NULL, offshore_m = NULL, observed_ms = NULL WHERE seq = $1",
        "DELETE FROM report_private WHERE seq = $1",
        "UPDATE event SET reason = NULL, note = NULL WHERE report = $1",
    ] {
        db.execute(Sql::new(sql).bind(seq)).await?;
    }
    Ok(())
}
