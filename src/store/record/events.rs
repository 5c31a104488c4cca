//! The order of events in change feeds: each event gets its sequence and its public time here, in
//! the transaction that writes it. A live event is never ordered before one recorded earlier,
//! whatever the clocks say. So a reader who reads newest first and stops at the first known event
//! has missed nothing.

use crate::store::database::{Db, Sql, Values};
use crate::store::record::future;
use crate::store::record::mask::{MASKED, as_written, masked};
use diaban_core::domain::Instant;
use diaban_core::domain::report::{Event, EventKind};
pub use diaban_core::domain::view::Position;

pub(in crate::store) const EVENT_COLUMNS: &str =
    "seq, report, n, kind, at_ms, shown_ms, role, from_state, to_state, reason, note, ward, from_ward,
     redirect_to, masked, written_reason, written_note";

/// Gives out positions for the length of one transaction.
#[derive(Debug)]
pub(in crate::store) struct Ledger {
    last_ms: i64,
    last_seq: i64,
}

impl Ledger {
    /// Begins at the present, which brings back what a wrong clock put far ahead of it.
    pub(in crate::store) async fn open(db: &mut Db<'_>, now: Instant) -> Result<Self, sqlx::Error> {
        // The newest event of all is the last one of its own report, because events are never
        // deleted.
        let row = db
            .fetch_one(Sql::new(
                "SELECT (SELECT coalesce(max(fed_ms), 0) FROM report_public),
                    (SELECT coalesce(max(seq), 0) FROM event WHERE seq > 0)",
            ))
            .await?;
        let last_ms = future::bring_back(db, row.try_get(0)?, now).await?;
        Ok(Self { last_ms, last_seq: row.try_get(1)? })
    }

    /// The position of an event that happens now.
    pub(in crate::store) fn now(&mut self, shown: Instant) -> Position {
        self.last_ms = self.last_ms.max(shown.ms());
        self.history(Instant::from_ms(self.last_ms))
    }

    /// The moment of many events that happen now, after all others, and the sequence before theirs.
    pub(in crate::store) fn ahead(&self, at: Instant) -> (i64, i64) {
        (at.ms().max(self.last_ms + 1), self.last_seq)
    }

    /// The position of an event that was shown by the hour and becomes public after `end`. Where others are ahead of
    /// it, it borrows none of their moments: one of those may have to be forgotten later.
    pub(in crate::store) fn after_hour(&mut self, shown: Instant, end: Instant) -> Position {
        let behind = self.last_ms > shown.ms();
        self.now(if behind { Instant::from_ms(whole_minute(self.last_ms).max(end.ms())) } else { shown })
    }

    /// The position of an imported past event: it is ordered at its own time, not as new.
    pub(in crate::store) fn history(&mut self, shown: Instant) -> Position {
        self.last_seq += 1;
        Position { shown_ms: shown.ms(), seq: self.last_seq }
    }
}

/// This moment or the next whole minute: no event's own.
pub(in crate::store) fn whole_minute(ms: i64) -> i64 {
    const MINUTE_MS: i64 = 60_000;
    ms + (-ms).rem_euclid(MINUTE_MS)
}

/// A row of `event`, without the fields of the event itself.
#[derive(Clone, Debug)]
pub(in crate::store) struct Entry<'a> {
    pub(in crate::store) report: i64,
    pub(in crate::store) n: i64,
    pub(in crate::store) at: Position,
    pub(in crate::store) event: &'a Event,
    pub(in crate::store) ward: Option<String>,
    /// Whether the public knows of it; otherwise it has a sequence and no moment.
    pub(in crate::store) told: bool,
}

/// The rows of a new report's events; the first one is its receipt.
pub(in crate::store) fn life<'a>(
    report: i64,
    ward: Option<&diaban_core::domain::WardId>,
    events: &'a [Event],
    at: &[Position],
    told: bool,
) -> Vec<Entry<'a>> {
    let ward = ward.map(ToString::to_string);
    let numbered = (1..).zip(events.iter().zip(at));
    numbered.map(|(n, (event, at))| Entry { report, n, at: *at, event, ward: ward.clone(), told }).collect()
}

pub(in crate::store) fn event_row(b: &mut Values<'_>, e: &Entry<'_>) {
    b.push_bind(e.at.seq);
    b.push_bind(e.report);
    b.push_bind(e.n);
    b.push_bind(EventKind::State as u8);
    b.push_bind(e.event.at.ms());
    b.push_bind(e.told.then_some(e.at.shown_ms));
    b.push_bind(e.event.role);
    b.push_bind(e.event.from.map(|s| s as u8));
    b.push_bind(e.event.to as u8);
    b.push_bind(masked(e.event.reason.as_ref()));
    b.push_bind(masked(e.event.note.as_ref()));
    b.push_bind(e.ward.clone());
    b.push_bind(None::<String>);
    b.push_bind(e.event.redirect_to.clone());
    b.push_bind(MASKED);
    b.push_bind(as_written(e.event.reason.as_ref()));
    b.push_bind(as_written(e.event.note.as_ref()));
}
