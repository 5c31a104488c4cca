//! News as statements select them and rows give them.

use super::{News, NewsPage};
use crate::store::StoreError;
use crate::store::changes::newest;
use crate::store::database::dialect::Dialect;
use crate::store::database::{Moment, Row, Sql};
use crate::store::pages::Ranges;
use crate::store::record::events::Position;
use crate::store::record::fields::{COLUMNS, placed};
use crate::store::record::life::reasons;
use crate::store::record::read::{level, rating, record, state, task_state};
use diaban_core::domain::report::{EventKind, Withdrawn};
use diaban_core::domain::{Instant, WardId};

/// Events with their reports under an edition.
pub(super) fn joined(dialect: Dialect, event: &str, edition: i64) -> String {
    format!("{event} {} report_public r ON r.seq = e.report {}", dialect.join(), placed(edition))
}

pub(super) fn select(from: &str, condition: &str) -> Sql {
    Sql::new(format!("{} WHERE {condition}", selected(from)))
}

pub(super) fn selected(from: &str) -> String {
    format!("SELECT {} FROM {from}", columns("e.shown_ms"))
}

/// What is read of an event and its report, with this as the moment of the event.
pub(super) fn columns(moment: &str) -> String {
    format!(
        "{}, r.withdrawn, r.fed, r.fed_ms, e.seq AS event_seq, {moment} AS shown_ms, e.n, e.kind, e.from_state,
             e.to_state, e.reason, e.note, e.ward AS event_ward, e.from_ward, e.body AS event_body, e.from_body,
             e.level AS event_level, e.from_level, e.redirect_to AS event_redirect_to, e.due_ms AS event_due,
             e.from_due_ms, e.rating, e.rating_reasons, e.task, e.task_state",
        *COLUMNS
    )
}

/// A value among names; all where none are asked for.
pub(super) fn among(q: &mut Sql, column: &str, names: Option<&[String]>) {
    if let Some(names) = names {
        q.push(" AND ").push(column).push_in(names);
    }
}

/// The next reports along an index over their last events.
pub(super) fn by_last_event(q: &mut Sql, page: &NewsPage<'_>) {
    if let Some(p) = page.before {
        q.push(" AND (r.fed_ms, r.fed) < (").push_bind(p.shown_ms).push(", ").push_bind(p.seq).push(")");
    }
    q.push(" ORDER BY r.fed_ms DESC, r.fed DESC LIMIT ").push_bind(i64::from(page.limit));
}

impl Moment {
    pub(super) async fn news(&mut self, q: Sql) -> Result<Vec<News>, StoreError> {
        self.fetch_all(q).await?.iter().map(news).collect()
    }

    /// Whether rows of reports stand by other boundaries than this edition's.
    pub(super) async fn is_unsettled(&mut self, edition: i64) -> Result<bool, StoreError> {
        let one = Sql::new("SELECT 1 FROM placed WHERE edition = $1 LIMIT 1").bind(edition);
        Ok(!self.fetch_all(one).await?.is_empty())
    }

    /// The reports that the log names after a position.
    pub(super) async fn changed_since(&mut self, at: i64) -> Result<Ranges, StoreError> {
        Ranges::of_log(&self.fetch_all(newest(at)).await?)
    }
}

pub(super) fn news(row: &Row) -> Result<News, StoreError> {
    let named = |column| Ok::<_, StoreError>(row.try_get::<Option<&str>>(column)?.and_then(WardId::parse));
    let seq = row.try_get("event_seq")?;
    Ok(News {
        report: record(row)?,
        withdrawn: Withdrawn::from_code(row.code("withdrawn")?),
        is_last: row.try_get::<i64>("fed")? == seq,
        told: Instant::from_ms(row.try_get("fed_ms")?),
        at: Position { shown_ms: row.try_get("shown_ms")?, seq },
        n: row.try_get("n")?,
        // A kind of a later version of the program reads as a note.
        kind: u8::try_from(row.code("kind")?).ok().and_then(EventKind::from_code).unwrap_or(EventKind::Note),
        from: row.code_optional("from_state")?.map(state),
        to: state(row.code("to_state")?),
        reason: row.try_get("reason")?,
        note: row.try_get("note")?,
        ward: named("event_ward")?,
        from_ward: named("from_ward")?,
        bodies: [row.try_get("event_body")?, row.try_get("from_body")?],
        levels: [level(row.code_optional("event_level")?), level(row.code_optional("from_level")?)],
        redirect_to: row.try_get("event_redirect_to")?,
        dues: [row.try_get::<Option<i64>>("event_due")?, row.try_get("from_due_ms")?]
            .map(|ms| ms.map(Instant::from_ms)),
        rating: rating(row.code_optional("rating")?),
        rating_reasons: reasons(row.try_get("rating_reasons")?),
        task: row.try_get::<Option<i64>>("task")?.zip(task_state(row.code_optional("task_state")?)),
    })
}
