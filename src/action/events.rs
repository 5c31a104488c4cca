//! Events one after the other, as they were recorded: for programs that follow what happens and must miss nothing.
//!
//! Sequences are for this house alone; others get cursors (`entries`).

use std::collections::HashMap;

use crate::action::city::Areas;
use crate::action::entries::cursor;
use crate::store::{News, Position, Store, StoreError};
use diaban_core::domain::caller::Office;
use diaban_core::domain::field::NO_WARD;
use diaban_core::domain::report::Withdrawn;
use diaban_core::domain::{CodeBook, WardId};
use diaban_core::query::{CodeSet, Filter};

/// Events that are read in one go where not all of them are asked for.
const BATCH: u32 = 500;
/// So many times for a page; what was looked at in vain is not looked at again.
const ROUNDS: usize = 8;
/// What stands before every event.
const BEGINNING: &str = "0.0";

/// Which events somebody is told.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// All that the public is told.
    All,
    /// What happened while it was this office's.
    Of(Office),
    /// What a query asks for.
    Matching(Box<Asked>),
}

/// What a query asks for: of events in these wards, those whose report matches.
#[derive(Clone, Debug)]
pub struct Asked {
    wards: Option<CodeSet>,
    shown: Filter,
    withdrawn: Filter,
}

/// A page of events.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// In the order of recording.
    pub news: Vec<News>,
    /// The last event that was looked at, wanted or not; none where there was none.
    pub to: Option<(Position, String)>,
    /// Whether there may be more after it.
    pub more: bool,
}

impl Wanted {
    /// What a filter asks for, as feeds of changes read it.
    pub fn matching(filter: &Filter) -> Self {
        let (shown, withdrawn) = (filter.of_any_ward(), filter.of_category_only());
        Self::Matching(Box::new(Asked { wards: filter.wards(), shown, withdrawn }))
    }

    /// What an office is told: `now` is what it answers for, `then` the same as it was written down. What happened
    /// under boundaries that were taken back is among it.
    pub fn of_office(areas: &Areas, now: Office, then: &Office) -> Self {
        let codebook = &areas.codebook;
        let numbers: Vec<u16> = now.wards.iter().filter_map(|w| codebook.ward_index(w)).collect();
        let back = areas.taken_back_on(codebook, &numbers).into_iter();
        let back = back.filter_map(|i| codebook.wards.get(usize::from(i)).cloned());
        let wards = now.wards.iter().chain(&then.wards).cloned().chain(back).collect();
        Self::Of(Office { wards, bodies: [now.bodies, then.bodies.clone()].concat() })
    }

    /// Whether an event is among it. `body` is the one that had to answer after it.
    fn holds(&self, news: &News, body: &str, codebook: &CodeBook) -> bool {
        let wards = [news.ward.as_ref(), news.from_ward.as_ref()];
        match self {
            Self::All => true,
            Self::Of(office) => {
                wards.into_iter().flatten().any(|w| office.wards.contains(w))
                    || [Some(body), news.bodies[1].as_deref()]
                        .into_iter()
                        .flatten()
                        .any(|b| office.bodies.iter().any(|own| own == b))
            }
            Self::Matching(asked) => {
                let number = |w: &WardId| codebook.ward_index(w);
                let here = news.ward.as_ref().map_or(Some(NO_WARD), number);
                let from = news.from_ward.as_ref().and_then(number);
                let there = |set: &CodeSet| [here, from].into_iter().flatten().any(|w| set.contains(w));
                let shown = news.withdrawn == Withdrawn::No;
                asked.wards.as_ref().is_none_or(there)
                    && (if shown { &asked.shown } else { &asked.withdrawn })
                        .matches(&news.report.on_map(codebook))
            }
        }
    }
}

/// Events after a sequence, at most so many.
///
/// # Errors
/// When the database cannot be read.
pub async fn events_after(
    store: &Store,
    codebook: &CodeBook,
    wanted: &Wanted,
    after: i64,
    limit: usize,
) -> Result<EventPage, StoreError> {
    let mut page = EventPage { news: Vec::new(), to: None, more: true };
    let mut at = Position { shown_ms: 0, seq: after };
    // One more tells whether there is more.
    let batch = if matches!(wanted, Wanted::All) { limit as u32 + 1 } else { BATCH };
    for _ in 0..ROUNDS {
        let events = store.events_after(None, at, batch, codebook.edition).await?;
        let ended = events.len() < batch as usize;
        let bodies = match wanted {
            Wanted::Of(office) if !office.bodies.is_empty() => store.bodies_after(&events).await?,
            _ => HashMap::new(),
        };
        for news in events {
            if page.news.len() == limit {
                return Ok(page);
            }
            at = news.at;
            page.to = Some((at, cursor(news.report.id, news.n)));
            let body = bodies.get(&at.seq).unwrap_or(&news.report.facts.body);
            if wanted.holds(&news, body, codebook) {
                page.news.push(news);
            }
        }
        if ended {
            page.more = false;
            break;
        }
    }
    Ok(page)
}

/// The sequence after which a reader with this cursor goes on.
///
/// # Errors
/// [`StoreError::NoCursor`] when it is none, or none any more: events of reports that show less than before lost their
/// place among the others.
pub async fn sequence(store: &Store, text: &str) -> Result<i64, StoreError> {
    if text == BEGINNING {
        return Ok(0);
    }
    let (report, n) = text.split_once('.').ok_or(StoreError::NoCursor)?;
    let report = report.parse::<u64>().ok().filter(|r| i64::try_from(*r).is_ok());
    let (report, n) = report.zip(n.parse().ok()).ok_or(StoreError::NoCursor)?;
    let seq = store.event_position(report, n).await?.seq;
    if seq > 0 { Ok(seq) } else { Err(StoreError::NoCursor) }
}

/// The cursor of whoever begins now.
///
/// # Errors
/// When the database cannot be read.
pub async fn newest_cursor(store: &Store) -> Result<String, StoreError> {
    let newest = store.newest_event().await?;
    Ok(newest.map_or_else(|| BEGINNING.to_owned(), |(report, n)| cursor(report, n)))
}
