//! The life of one report, event by event, as offices read it.

use crate::store::database::{Row, Sql};
use crate::store::record::read::{level, rating, state, task_state};
use crate::store::{Store, StoreError};
use diaban_core::domain::report::{EventKind, Level, Rating, TaskState};
use diaban_core::domain::{Instant, State, WardId};

/// One thing that happened to a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Its number in the life of the report, from 1.
    pub n: i64,
    /// What kind of thing.
    pub kind: EventKind,
    /// When.
    pub at: Instant,
    /// The moment that the public sees; none where it knows nothing of it.
    pub shown: Option<Instant>,
    /// In which role somebody acted.
    pub role: String,
    /// The state before; none for the first event.
    pub from: Option<State>,
    /// The state after.
    pub to: State,
    /// Why.
    pub reason: Option<String>,
    /// What everybody may read, once the public knows of it.
    pub note: Option<String>,
    /// What offices read.
    pub internal: Option<String>,
    /// The reason as it was written, if something in it is masked.
    pub written_reason: Option<String>,
    /// The note as it was written, if something in it is masked.
    pub written_note: Option<String>,
    /// The id of the key with which somebody acted.
    pub actor: Option<String>,
    /// The ward after.
    pub ward: Option<WardId>,
    /// The ward that it left.
    pub from_ward: Option<WardId>,
    /// Of a transfer: the body after, and the one that it left. None where a release did not say so.
    pub body: Option<String>,
    /// See `body`.
    pub from_body: Option<String>,
    /// How much it presses from then on, and how much it did before; none where the event does not change that.
    pub level: Option<Level>,
    /// See `level`.
    pub from_level: Option<Level>,
    /// Of a redirection: where to go.
    pub redirect_to: Option<String>,
    /// When the answer is due from then on, and when it was before; none where the event does not put it off.
    pub due: Option<Instant>,
    /// See `due`.
    pub from_due: Option<Instant>,
    /// Of a question, its answer or a rating: the words, for the office and whoever sent the report alone.
    pub said: Option<String>,
    /// Of a question or a wish to have it opened again: until when an answer is awaited.
    pub until: Option<Instant>,
    /// Of a rating: satisfied or not.
    pub rating: Option<Rating>,
    /// The codes of its reasons.
    pub rating_reasons: Vec<String>,
    /// Of an event about a task: its number, and its state from then on.
    pub task: Option<(i64, TaskState)>,
}

impl Happening {
    /// Whether it is a word among offices.
    pub fn is_internal(&self) -> bool {
        self.kind == EventKind::Note && self.shown.is_none() && self.note.is_none()
    }

    /// Whether everybody may read of it, or only whoever sent the report (`own`), who does not wait for the end of its
    /// hour.
    pub fn is_told(&self, own: bool) -> bool {
        self.shown.is_some() || own && !self.is_internal()
    }

    /// Its moment, as everybody may know it or whoever sent the report.
    pub fn told_at(&self, own: bool) -> Option<Instant> {
        if own { Some(self.at) } else { self.shown }
    }
}

impl Store {
    /// All that happened to a report, by its internal sequence, oldest first. Who may read what of it is decided where
    /// it is asked for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn life(&self, seq: i64) -> Result<Vec<Happening>, StoreError> {
        let life = "SELECT n, kind, at_ms, shown_ms, role, from_state, to_state, reason, note, internal, actor, ward,
                        from_ward, body, from_body, level, from_level, redirect_to, written_reason, written_note,
                        due_ms, from_due_ms, said, until_ms, rating, rating_reasons, task, task_state
                    FROM event WHERE report = $1 ORDER BY n";
        self.read.fetch_all(Sql::new(life).bind(seq)).await?.iter().map(happening).collect()
    }
}

fn happening(row: &Row) -> Result<Happening, StoreError> {
    let named = |column| Ok::<_, StoreError>(row.try_get::<Option<&str>>(column)?.and_then(WardId::parse));
    Ok(Happening {
        n: row.try_get("n")?,
        // A kind of a later version of the program reads as a note.
        kind: u8::try_from(row.code("kind")?).ok().and_then(EventKind::from_code).unwrap_or(EventKind::Note),
        at: Instant::from_ms(row.try_get("at_ms")?),
        shown: row.try_get::<Option<i64>>("shown_ms")?.map(Instant::from_ms),
        role: row.try_get("role")?,
        from: row.code_optional("from_state")?.map(state),
        to: state(row.code("to_state")?),
        reason: row.try_get("reason")?,
        note: row.try_get("note")?,
        internal: row.try_get("internal")?,
        written_reason: row.try_get("written_reason")?,
        written_note: row.try_get("written_note")?,
        actor: row.try_get("actor")?,
        ward: named("ward")?,
        from_ward: named("from_ward")?,
        body: row.try_get("body")?,
        from_body: row.try_get("from_body")?,
        level: level(row.code_optional("level")?),
        from_level: level(row.code_optional("from_level")?),
        redirect_to: row.try_get("redirect_to")?,
        due: row.try_get::<Option<i64>>("due_ms")?.map(Instant::from_ms),
        from_due: row.try_get::<Option<i64>>("from_due_ms")?.map(Instant::from_ms),
        said: row.try_get("said")?,
        until: row.try_get::<Option<i64>>("until_ms")?.map(Instant::from_ms),
        rating: rating(row.code_optional("rating")?),
        rating_reasons: reasons(row.try_get("rating_reasons")?),
        task: row.try_get::<Option<i64>>("task")?.zip(task_state(row.code_optional("task_state")?)),
    })
}

/// Codes as they are kept, with blanks between.
pub(in crate::store) fn reasons(kept: Option<&str>) -> Vec<String> {
    kept.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
