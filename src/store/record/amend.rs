//! What happens to a report after it was received: one step, its event and its change in one commit.

use crate::store::areas::adopt::adopt;
use crate::store::areas::in_force;
use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Row, Sql};
use crate::store::record::awaited::{self, AWAITED, AWAITED_NOW, Awaited, Wait};
use crate::store::record::events::Ledger;
use crate::store::record::fields::{PLACED_NOW, of, point};
use crate::store::record::mask::{MASKED, as_written, masked};
use crate::store::record::read::{DECIDED, Decided, level, state};
use crate::store::record::tasks::{self, TASKS, TaskBy, Tasks};
use crate::store::write::{Applied, Command, NO_BODY};
use crate::store::{Store, StoreError};
use diaban_core::domain::caller::Resource;
use diaban_core::domain::key::KeyId;
use diaban_core::domain::mask::Written;
use diaban_core::domain::report::{EventKind, Level, Rating, TaskState, Withdrawn};
use diaban_core::domain::{Instant, State, WardId};
use diaban_core::geo::LonLat;

/// Of what waits, transfers only.
const TRANSFERS: &str = "AND e.kind = 2";
/// Of what waits, what says how much the report presses.
const LEVELS: &str = "AND e.level IS NOT NULL";
/// Of what waits, what puts the answer off.
const EXTENSIONS: &str = "AND e.due_ms IS NOT NULL";

/// How a report stands: what a step builds on.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Internal sequence.
    pub seq: i64,
    /// When it was received, as everybody sees it.
    pub received: Instant,
    /// When an answer is due, what is not public yet included.
    pub due: Option<Instant>,
    /// Where it stands, what is not public yet included.
    pub state: State,
    /// How much it presses, what is not public yet included.
    pub level: Level,
    /// Whether the public may see it.
    pub withdrawn: Withdrawn,
    /// Code of its category.
    pub category: String,
    /// Its ward, what is not public yet included.
    pub ward: Option<WardId>,
    /// Id of the body that must answer, what is not public yet included.
    pub body: String,
    /// The public point.
    pub point: Option<LonLat>,
    /// Whether it has a true place.
    pub placed: bool,
    /// How precisely the public may see it.
    pub decided: Decided,
    /// Whether it has ever been public.
    pub told: bool,
    /// How many things happened to it: another number means that somebody else was quicker.
    pub events: i64,
    /// The edition of the boundaries in force.
    pub edition: i64,
    /// What somebody is awaited to say of it.
    pub awaited: Option<Awaited>,
    /// How many tasks it has.
    pub tasks: Tasks,
}

impl Standing {
    /// The report, as far as rights depend on it.
    pub fn resource(&self) -> Resource<'_> {
        Resource { ward: self.ward.as_ref(), body: &self.body, withdrawn: self.withdrawn, part: None }
    }

    /// The question of its office to which no answer came yet.
    pub fn question(&self) -> Option<&Awaited> {
        self.awaited.as_ref().filter(|a| a.wait == Wait::Answer)
    }

    /// The wish of whoever sent it to have it opened again, which its office has not decided yet.
    pub fn wish(&self) -> Option<&Awaited> {
        self.awaited.as_ref().filter(|a| a.wait == Wait::Decision)
    }

    /// Asks for the standing of a report, as of one moment.
    fn of(id: i64) -> Sql {
        let next = |what: &str, only: &str| {
            format!(
                "(SELECT {what} FROM waiting w JOIN event e ON e.seq = w.event WHERE w.report = r.seq {only}
                  ORDER BY e.n DESC LIMIT 1)"
            )
        };
        let (state, ward) = (next("e.to_state", ""), next("e.ward", TRANSFERS));
        let (level, moves) = (next("e.level", LEVELS), next("w.body", TRANSFERS));
        let due = next("e.due_ms", EXTENSIONS);
        let [body, lon, lat] = ["w.body", "w.lon", "w.lat"].map(|column| next(column, TRANSFERS));
        let [now_ward, now_body, now_lon, now_lat] = ["ward", "body", "lon", "lat"].map(of);
        Sql::new(format!(
            "SELECT r.seq, r.created_ms, coalesce({due}, r.due_ms) AS due_ms, coalesce({state}, r.state) AS state, coalesce({level}, r.level) AS level, r.withdrawn,
                 r.category,
                 coalesce({ward}, {now_ward}) AS ward,
                 coalesce({body}, {now_body}) AS body, {now_lon} AS lon, {now_lat} AS lat,
                 p.lon IS NOT NULL AS placed, {DECIDED}, r.fed,
                 (SELECT count(*) FROM event e WHERE e.report = r.seq) AS events,
                 {moves} IS NOT NULL AS moves, {lon} AS next_lon, {lat} AS next_lat,
                 coalesce((SELECT edition FROM area_turn ORDER BY seq DESC LIMIT 1), 0) AS edition, {AWAITED},
                 {TASKS}
             FROM report_public r LEFT JOIN report_private p USING (seq) {PLACED_NOW} {AWAITED_NOW} WHERE r.id = $1"
        ))
        .bind(id)
    }

    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let [lon, lat] = if row.try_get("moves")? { ["next_lon", "next_lat"] } else { ["lon", "lat"] };
        Ok(Self {
            seq: row.try_get("seq")?,
            received: Instant::from_ms(row.try_get("created_ms")?),
            due: row.try_get::<Option<i64>>("due_ms")?.map(Instant::from_ms),
            state: state(row.code("state")?),
            level: level(row.code_optional("level")?).unwrap_or_default(),
            withdrawn: Withdrawn::from_code(row.code("withdrawn")?),
            category: row.try_get("category")?,
            ward: row.try_get::<Option<&str>>("ward")?.and_then(WardId::parse),
            body: row.try_get("body")?,
            point: point(row.try_get(lon)?, row.try_get(lat)?),
            placed: row.try_get("placed")?,
            decided: Decided::read(row)?,
            told: row.try_get::<i64>("fed")? != 0,
            events: row.try_get("events")?,
            edition: row.try_get("edition")?,
            awaited: Awaited::read(row)?,
            tasks: Tasks::read(row)?,
        })
    }
}

/// One step in the life of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// To another state.
    State(State),
    /// A word of the office.
    Note,
    /// The office says how much it presses, see [`Amendment::level`].
    Level,
    /// The office puts the answer off, see [`Amendment::due`].
    Extend,
    /// A word among offices: the public learns nothing of it.
    Internal,
    /// The office asks whoever sent it, see [`Amendment::said`].
    Question {
        /// Until when an answer is awaited.
        until: Instant,
    },
    /// Whoever sent it answers, see [`Amendment::said`].
    Reply,
    /// No answer came in time.
    Silence,
    /// Whoever sent it says how it was closed, see [`Amendment::said`].
    Rating {
        /// Satisfied or not.
        rating: Rating,
        /// Codes of the reasons.
        reasons: Vec<String>,
        /// Until when its office decides about opening it again, if that is wished.
        wish: Option<Instant>,
    },
    /// Its office does not open it again.
    Kept,
    /// A part of it is given to others.
    Task {
        /// The number of the task.
        n: i64,
        /// Who does it.
        by: TaskBy,
        /// What is to be done.
        what: String,
        /// When it is to be done.
        due: Instant,
    },
    /// A part of it ends.
    TaskEnded {
        /// The number of the task.
        n: i64,
        /// How it ends.
        to: TaskState,
        /// Who had it.
        by: TaskBy,
    },
    /// To another office.
    Transfer {
        /// The ward from now on.
        ward: Option<WardId>,
        /// The body that must answer.
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
    /// Whether the public learns of it when the hour is over only. What a moderator does, it learns at once.
    pub waits: bool,
    /// Why.
    pub reason: Option<Written>,
    /// What everybody may read.
    pub note: Option<Written>,
    /// What offices read.
    pub internal: Option<String>,
    /// The id of the key with which somebody acts.
    pub actor: Option<KeyId>,
    /// How much it presses from now on, where the step changes that.
    pub level: Option<Level>,
    /// Where to go; of a redirection only.
    pub redirect_to: Option<String>,
    /// When the answer is due from now on, where the step changes that.
    pub due: Option<Instant>,
    /// What the office and whoever sent the report write to each other.
    pub said: Option<String>,
}

impl Amendment {
    /// A step without a word, told at once.
    pub fn new(was: Standing, step: Step, role: &'static str, at: Instant) -> Self {
        let (reason, note, internal, actor, redirect_to) = (None, None, None, None, None);
        Self {
            was,
            step,
            role,
            at,
            shown: at,
            waits: false,
            reason,
            note,
            internal,
            actor,
            level: None,
            redirect_to,
            due: None,
            said: None,
        }
    }
}

impl Store {
    /// How a report stands, also a hidden or erased one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn standing(&self, id: u64) -> Result<Option<Standing>, StoreError> {
        let row = self.read.fetch_optional(Standing::of(id as i64)).await?;
        row.map(|row| Ok(Standing::read(&row)?)).transpose()
    }

    /// Takes a step; says [`Applied::Stale`] when the report stands otherwise by now.
    ///
    /// # Errors
    /// When the write fails; nothing was changed then.
    pub async fn amend_report(&self, amendment: Amendment) -> Result<Applied, StoreError> {
        let erases = amendment.step == Step::Erase;
        let applied = self.write(amendment).await?;
        if erases {
            self.keep_erased().await?;
        }
        Ok(applied)
    }
}

/// Erases a report that was erased before and came back; says whether it was there.
pub(in crate::store) async fn erase_again(
    db: &mut Db<'_>,
    id: i64,
    at: Instant,
) -> Result<bool, sqlx::Error> {
    let rows = db.fetch_all(Standing::of(id)).await?;
    let Some(was) = rows.first().map(Standing::read).transpose()? else { return Ok(false) };
    if was.withdrawn == Withdrawn::Erased {
        return Ok(false);
    }
    let again = Amendment { shown: at.floor_hour(), ..Amendment::new(was, Step::Erase, "moderator", at) };
    Ok(amend(db, &again).await? == Applied::Done)
}

impl Command for Amendment {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        amend(db, self).await
    }
}

async fn amend(db: &mut Db<'_>, a: &Amendment) -> Result<Applied, sqlx::Error> {
    let seq = a.was.seq;
    let now = Sql::new(
        "SELECT fed, fed_ms, (SELECT count(*) FROM event e WHERE e.report = r.seq) AS events
         FROM report_public r WHERE seq = $1",
    );
    let rows = db.fetch_all(now.bind(seq)).await?;
    let Some(now) = rows.first() else { return Ok(Applied::Stale) };
    let (mut fed, events): (i64, i64) = (now.try_get("fed_ms")?, now.try_get("events")?);
    let other_areas = matches!(a.step, Step::Transfer { .. }) && in_force(db).await? != a.was.edition;
    if events != a.was.events || (now.try_get::<i64>("fed")? != 0) != a.was.told || other_areas {
        return Ok(Applied::Stale);
    }
    if adopt(db, &[seq], a.at).await? {
        fed = db.fetch_value(Sql::new("SELECT fed_ms FROM report_public WHERE seq = $1").bind(seq)).await?;
    }
    awaited::note(db, a).await?;
    tasks::note(db, a).await?;
    let mut ledger = Ledger::open(db, a.at).await?;
    match &a.step {
        Step::Internal => {
            put_event(db, a, ledger.history(a.shown).seq, None).await?;
            return Ok(Applied::Done);
        }
        // The public learns of it later.
        _ if a.waits && !matches!(a.step, Step::Hide | Step::Show | Step::Erase) => {
            let event = ledger.history(a.shown).seq;
            put_event(db, a, event, None).await?;
            put_waiting(db, a, event).await?;
            return Ok(Applied::Done);
        }
        // Nobody has seen it: its coming and going is told to nobody.
        Step::Hide | Step::Show | Step::Erase if !a.was.told => {
            let withdrawn = match a.step {
                Step::Hide => Withdrawn::Hidden,
                Step::Show => Withdrawn::Waiting,
                _ => Withdrawn::Erased,
            };
            let set = Sql::new("UPDATE report_public SET withdrawn = $2 WHERE seq = $1");
            db.execute(set.bind(seq).bind(withdrawn as u8)).await?;
            if a.step == Step::Erase {
                erase(db, seq, a.at).await?;
            }
            put_event(db, a, ledger.history(a.shown).seq, None).await?;
            return Ok(Applied::Done);
        }
        _ => {}
    }
    // Who knows a report by its id and its moment must see that it changed.
    let place = ledger.now(a.shown.max(Instant::from_ms(fed + 1)));
    // A state that waits for its hour does not come with the act of a moderator.
    let to = if let Step::State(to) = a.step { Some(to as u8) } else { None };
    let withdrawn = match a.step {
        Step::Hide => Withdrawn::Hidden,
        Step::Show => Withdrawn::No,
        Step::Erase => Withdrawn::Erased,
        _ => a.was.withdrawn,
    };
    db.execute(
        Sql::new(
            "UPDATE report_public SET state = coalesce($2, state), withdrawn = $3,
             updated_ms = CASE WHEN updated_ms > $4 THEN updated_ms ELSE $4 END, fed = $5, fed_ms = $6,
             level = coalesce($7, level), redirect_to = CASE WHEN $2 IS NULL THEN redirect_to ELSE $8 END,
             due_ms = coalesce($9, due_ms), extensions = extensions + $10
         WHERE seq = $1",
        )
        .bind(seq)
        .bind(to)
        .bind(withdrawn as u8)
        .bind(a.shown.ms())
        .bind(place.seq)
        .bind(place.shown_ms)
        .bind(a.level.map(|l| l as u8))
        .bind(&a.redirect_to)
        .bind(a.due.map(Instant::ms))
        .bind(i64::from(a.step == Step::Extend)),
    )
    .await?;
    match &a.step {
        Step::Transfer { ward, body, rule, point } => {
            db.execute(Sql::new(
                "UPDATE report_public SET border_m = CASE WHEN ward = $2 THEN border_m END, ward = $2, body = $3,
                     rule = $4, lon = $5, lat = $6
                 WHERE seq = $1",
            ).bind(seq).bind(ward.as_ref().map(ToString::to_string)).bind(body).bind(rule).bind(point.map(|p| p.lon())).bind(point.map(|p| p.lat()))).await?;
        }
        Step::Erase => erase(db, seq, a.at).await?,
        _ => {}
    }
    put_event(db, a, place.seq, Some(place.shown_ms)).await?;
    log(db, ChangeKind::Reports { first: seq, last: seq }, a.at).await?;
    Ok(Applied::Done)
}

/// The event of a step; without a public moment it is in no feed.
async fn put_event(
    db: &mut Db<'_>,
    a: &Amendment,
    event: i64,
    shown: Option<i64>,
) -> Result<(), sqlx::Error> {
    // What a moderator does leaves the state as the public knows it.
    let acts = !matches!(a.step, Step::Hide | Step::Show | Step::Erase);
    let from = acts.then_some(a.was.state as u8);
    let to = if let Step::State(to) = a.step { Some(to as u8) } else { from };
    let was = a.was.ward.as_ref();
    let (ward, from_ward, bodies) = match &a.step {
        Step::Transfer { ward, body, .. } => {
            (ward.as_ref(), was.filter(|_| was != ward.as_ref()), [Some(&**body), Some(&*a.was.body)])
        }
        Step::Task { by, .. } | Step::TaskEnded { by, .. } => (was, None, [by.body(), None]),
        _ => (was.filter(|_| acts), None, [None, None]),
    };
    let task = match &a.step {
        Step::Task { n, .. } => Some((*n, TaskState::Open)),
        Step::TaskEnded { n, to, .. } => Some((*n, *to)),
        _ => None,
    };
    let (rated, until) = match &a.step {
        Step::Question { until } => (None, Some(*until)),
        Step::Rating { rating, reasons, wish } => (Some((rating, reasons)), *wish),
        _ => (None, None),
    };
    let levels = [a.level, a.level.map(|_| a.was.level)].map(|l| l.map(|l| l as u8));
    db.execute(Sql::new(
        "INSERT INTO event (seq, report, n, kind, at_ms, shown_ms, role, from_state, to_state, reason, note, ward, from_ward,
             internal, actor, body, from_body, level, from_level, redirect_to, masked, written_reason, written_note,
             due_ms, from_due_ms, said, until_ms, rating, rating_reasons,
             task, task_state)
         SELECT $1, seq, (SELECT count(*) + 1 FROM event WHERE report = $2), $3, $4, $5, $6, coalesce($7, state),
             coalesce($8, state), $9, $10, coalesce($11, ward), $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
             $23, $24, $25, $26, $27, $28, $29, $30
         FROM report_public WHERE seq = $2",
    ).bind(event).bind(a.was.seq).bind(kind(&a.step) as u8).bind(a.at.ms()).bind(shown).bind(a.role)
        .bind(from).bind(to).bind(masked(a.reason.as_ref())).bind(masked(a.note.as_ref())).bind(ward.map(ToString::to_string)).bind(from_ward.map(ToString::to_string))
        .bind(&a.internal).bind(a.actor.as_ref().map(KeyId::as_str)).bind(bodies[0]).bind(bodies[1])
        .bind(levels[0]).bind(levels[1]).bind(&a.redirect_to)
        .bind(MASKED).bind(as_written(a.reason.as_ref())).bind(as_written(a.note.as_ref()))
        .bind(a.due.map(Instant::ms)).bind(a.due.and(a.was.due).map(Instant::ms))
        .bind(&a.said).bind(until.map(Instant::ms)).bind(rated.map(|(rating, _)| *rating as u8))
        .bind(rated.map(|(_, reasons)| reasons.join(" "))).bind(task.map(|t| t.0)).bind(task.map(|t| t.1 as u8)))
        .await?;
    Ok(())
}

/// The public learns of a step when its hour is over.
async fn put_waiting(db: &mut Db<'_>, a: &Amendment, event: i64) -> Result<(), sqlx::Error> {
    let moved = match &a.step {
        Step::Transfer { body, rule, point, .. } => Some((body.clone(), rule.clone(), *point)),
        _ => None,
    };
    let point = moved.as_ref().and_then(|m| m.2);
    let (body, rule) = moved.map_or((None, None), |m| (Some(m.0), Some(m.1)));
    db.execute(
        Sql::new(
            "INSERT INTO waiting (event, report, id, hour_ms, live, body, rule, lon, lat)
             SELECT $1, seq, id, $3, 1, $4, $5, $6, $7 FROM report_public WHERE seq = $2",
        )
        .bind(event)
        .bind(a.was.seq)
        .bind(a.at.floor_hour().ms())
        .bind(body)
        .bind(rule)
        .bind(point.map(|p| p.lon()))
        .bind(point.map(|p| p.lat())),
    )
    .await?;
    Ok(())
}

fn kind(step: &Step) -> EventKind {
    match step {
        Step::State(_) => EventKind::State,
        Step::Note | Step::Internal => EventKind::Note,
        Step::Level => EventKind::Level,
        Step::Extend => EventKind::Extended,
        Step::Question { .. } => EventKind::Question,
        Step::Reply => EventKind::Reply,
        Step::Silence => EventKind::Silence,
        Step::Rating { .. } => EventKind::Rating,
        Step::Kept => EventKind::Kept,
        Step::Task { .. } | Step::TaskEnded { .. } => EventKind::Task,
        Step::Transfer { .. } => EventKind::Transfer,
        Step::Hide => EventKind::Hidden,
        Step::Show => EventKind::Shown,
        Step::Erase => EventKind::Erased,
    }
}

/// Leaves the frame: id, category, ward, state, times, the events without a word; and a line in the list of what was
/// erased.
pub(in crate::store) async fn erase(db: &mut Db<'_>, seq: i64, at: Instant) -> Result<(), sqlx::Error> {
    for sql in [
        "UPDATE report_public SET title = NULL, description = NULL, address = NULL, redirect_to = NULL, lon = NULL,
             lat = NULL, border_m = NULL, offshore_m = NULL, observed_ms = NULL WHERE seq = $1",
        "DELETE FROM report_private WHERE seq = $1",
        "DELETE FROM waiting WHERE report = $1",
        "DELETE FROM placed WHERE report = $1",
        "DELETE FROM awaited WHERE report = $1",
        "UPDATE task SET what = NULL, contractor = NULL WHERE report = $1",
        "UPDATE event SET reason = NULL, note = NULL, internal = NULL, redirect_to = NULL, written_reason = NULL,
             written_note = NULL, said = NULL WHERE report = $1",
    ] {
        db.execute(Sql::new(sql).bind(seq)).await?;
    }
    let list = "INSERT INTO erased (id, key_hash, at_ms)
                SELECT r.id, coalesce(i.key_hash, $2), $3
                FROM report_public r LEFT JOIN idempotency i ON i.report_id = r.id WHERE r.seq = $1 LIMIT 1
                ON CONFLICT (id) DO NOTHING";
    db.execute(Sql::new(list).bind(seq).bind(&[][..]).bind(at.ms())).await?;
    let body = "UPDATE idempotency SET body_hash = $2
                WHERE report_id = (SELECT id FROM report_public WHERE seq = $1)";
    db.execute(Sql::new(body).bind(seq).bind(&NO_BODY[..])).await?;
    Ok(())
}
