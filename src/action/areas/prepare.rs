//! An edition is prepared: kept with its successors, and every report placed under it, beside what is in force.

use std::sync::Arc;

use super::place::{HOMELESS, place};
use super::{AreasError, succession};
use crate::action::city::{Areas, City};
use crate::action::import::gzipped;
use crate::action::patience::patiently;
use crate::clock::Clock;
use crate::store::{
    Applied, Beside, Edition, EditionState, Placed, PlacedRecord, Store, StoreError, StoredAreas,
};
use diaban_core::area::Generation;
use diaban_core::domain::{Instant, Successor};
use diaban_core::pack::Pack;

/// Reports read and placed in one go.
const BATCH: i64 = 2_000;
/// Reports written in one commit: others must not wait long.
const WRITTEN: usize = 500;

/// Boundaries that passed the checks.
#[derive(Clone, Debug)]
pub(super) struct NewEdition<'a> {
    /// File name or URL, for people.
    pub source: &'a str,
    /// The document, plain or gzipped; none for the city pack's own.
    pub bytes: Option<&'a [u8]>,
    /// Which wards have the ground of which former ones; found by the shapes where none are given and the pack has none.
    pub successors: Option<Vec<Successor>>,
    /// When it is to come into force by itself.
    pub from: Option<Instant>,
}

/// What preparing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// Reports looked at.
    pub looked_at: u64,
    /// Reports that go to another ward.
    pub moved: u64,
    /// Reports whose ward is divided, and that have no place to decide by.
    pub homeless: u64,
}

/// Puts on record which boundaries are in force where nothing is: those imported last by a release that kept no
/// record, or the newest of the pack that are valid today.
///
/// # Errors
/// When the store fails.
pub async fn begin(store: &Store, pack: &Pack, clock: &dyn Clock) -> Result<StoredAreas, StoreError> {
    let stored = store.areas().await?;
    if !stored.turns.is_empty() || store.cannot_write() {
        return Ok(stored);
    }
    let today = pack.time_zone().to_datetime(clock.now().timestamp()).date().to_string();
    let imported = stored.editions.iter().filter(|e| e.state == EditionState::Used);
    let imported = imported.max_by(|a, b| a.generation.cmp(&b.generation));
    let own = pack.areas.generations().filter(|id| **id <= *today).max();
    let own = own.or_else(|| pack.areas.generations().min()).unwrap_or_default();
    let (edition, generation) = match imported {
        Some(e) if *e.generation >= *own => (e.seq, &*e.generation),
        _ => (0, own),
    };
    store.begin_areas(edition, generation, clock.now()).await?;
    store.areas().await
}

/// Keeps an edition with its successors; nobody sees it. Gives its number.
///
/// # Errors
/// When the store fails.
pub(super) async fn prepare_edition(
    city: &Arc<City>,
    store: &Store,
    clock: &dyn Clock,
    generation: Arc<Generation>,
    new: NewEdition<'_>,
) -> Result<i64, AreasError> {
    let areas = city.areas();
    let successors = match new.successors {
        Some(given) => Some(given),
        None if *generation.id() == *areas.active().id() => None,
        None if city.pack.areas.successors().iter().any(|s| s.to.generation == *generation.id()) => None,
        None => {
            let (former, next) = (areas.active().clone(), generation.clone());
            Some(tokio::task::spawn_blocking(move || succession::found(&former, &next)).await?)
        }
    };
    let edition = Edition {
        seq: 0,
        generation: generation.id().to_string(),
        source: new.source.to_owned(),
        imported: clock.now(),
        boundaries: new.bytes.map(gzipped),
        successors: successors.as_deref().map(succession::write),
        state: EditionState::Prepared,
        from: new.from,
        prepared_to: None,
    };
    Ok(patiently(|| store.add_edition(edition.clone())).await?)
}

/// Places every report under an edition, or those that changed since that was done. What is in force stays as it is.
///
/// # Errors
/// When the store fails, a repeat goes on; or when it was withdrawn, or another one than `former` is in force by now.
pub(super) async fn prepare(
    city: &City,
    store: &Store,
    (next, former): (&Areas, i64),
    mut progress: impl FnMut(u64),
) -> Result<Prepared, AreasError> {
    let edition = next.codebook.edition;
    let beside = Beside { edition, former };
    let mut done = Prepared::default();
    let position = store.area_states().await?.edition(edition).and_then(|e| e.prepared_to);
    // What changes from here on is looked at again.
    let to = store.last_change().await?;
    let late = match position {
        Some(position) => store.places_since(edition, position).await?,
        None => None,
    };
    if let Some(late) = late {
        for records in late.chunks(BATCH as usize) {
            keep(city, store, (next, beside), records, &mut done).await?;
        }
    } else {
        let mut last = 0;
        loop {
            let records = store.places_after(edition, last, BATCH).await?;
            let Some(end) = records.last() else { break };
            last = end.seq;
            keep(city, store, (next, beside), &records, &mut done).await?;
            progress(done.looked_at);
        }
    }
    if patiently(|| store.prepared(beside, to)).await? == Applied::Stale {
        return Err(AreasError::Stale);
    }
    Ok(done)
}

async fn keep(
    city: &City,
    store: &Store,
    (next, beside): (&Areas, Beside),
    records: &[PlacedRecord],
    done: &mut Prepared,
) -> Result<(), AreasError> {
    let placed: Vec<Placed> = records.iter().map(|r| place(city, next, r)).collect();
    done.looked_at += placed.len() as u64;
    done.moved += placed.iter().filter(|p| p.told).count() as u64;
    let homeless = |p: &&Placed| p.to.as_ref().is_some_and(|to| to.rule == HOMELESS);
    done.homeless += placed.iter().filter(homeless).count() as u64;
    for some in placed.chunks(WRITTEN) {
        if patiently(|| store.place(beside, some.to_vec())).await? == Applied::Stale {
            return Err(AreasError::Stale);
        }
    }
    Ok(())
}
