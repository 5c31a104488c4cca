//! A category that became stricter closes the reports that are there; one that became laxer opens new ones only. And
//! what an earlier release stored unmasked is masked.

use crate::action::city::{Areas, City};
use crate::action::patience::patiently;
use crate::action::public::public_point;
use crate::clock::Clock;
use crate::store::{Loose, MaskedRows, NewPlace, Store, StoreError, Tighter};
use diaban_core::domain::Precision;
use diaban_core::geo::LonLat;

/// Reports in one commit.
const BATCH: i64 = 500;
/// What shows a place that is not the true one.
const BLURRED: [Precision; 3] = [Precision::Grid20m, Precision::Grid150m, Precision::Ward];

/// Shows reports no more precisely than their category says now; gives how many were shown more precisely. Run at each
/// start, it costs a look into an index.
///
/// # Errors
/// When the store fails; a repeat finishes the rest.
pub async fn settle(city: &City, store: &Store, clock: &dyn Clock) -> Result<u64, StoreError> {
    let areas = city.areas();
    let mut closed = 0;
    for category in city.pack.categories.iter().filter(|c| c.precision != Precision::Exact) {
        loop {
            let loose = store.loose_reports(&category.code, category.precision, BATCH).await?;
            if loose.is_empty() {
                break;
            }
            let read = loose.len();
            let reports: Vec<Tighter> =
                loose.iter().map(|r| tighter(&areas, category.precision, r)).collect();
            let coarser: Vec<i64> =
                reports.iter().filter(|r| r.place != NewPlace::Same).map(|r| r.seq).collect();
            let write = || store.tighten(reports.clone(), category.precision, clock.now());
            let stale = patiently(write).await?;
            closed += coarser.iter().filter(|seq| !stale.contains(seq)).count() as u64;
            // What changed meanwhile is read again.
            if stale.is_empty() && read < BATCH as usize {
                break;
            }
        }
    }
    Ok(closed)
}

/// Masks what an earlier release stored as it was written, and what one that still runs beside this one stored since.
/// Run at each start, it costs two looks into indexes.
///
/// # Errors
/// When the store fails; a repeat finishes the rest.
pub async fn mask_stored(store: &Store, clock: &dyn Clock) -> Result<MaskedRows, StoreError> {
    let mut masked = MaskedRows::default();
    while let Some(some) = patiently(|| store.mask_stored(clock.now())).await? {
        masked += some;
    }
    Ok(masked)
}

fn tighter(areas: &Areas, precision: Precision, r: &Loose) -> Tighter {
    let was = r.decided.stored.unwrap_or(r.decided.looks);
    let place = match r.point.filter(|_| r.decided.stored.is_none() && was != Precision::Exact) {
        Some(p) => of_earlier_release(areas, precision, p, r),
        None if was < precision => NewPlace::Coarser(r.point.and_then(|p| place_in(areas, precision, p, r))),
        None => NewPlace::Same,
    };
    Tighter { seq: r.seq, place, by_hour_now: was == Precision::Exact, basis: r.basis }
}

/// A blurred report of which nobody said how much: that is seen by what it shows.
fn of_earlier_release(areas: &Areas, precision: Precision, p: LonLat, r: &Loose) -> NewPlace {
    if r.shown.is_none() {
        return NewPlace::Same;
    }
    let shown = |level: &Precision| place_in(areas, *level, p, r) == r.shown;
    let (finer, coarse): (Vec<_>, Vec<_>) = BLURRED.into_iter().partition(|level| *level < precision);
    // Most categories stay as they are, so the level of now is tried first: each takes hundreds of look-ups.
    if coarse.iter().any(shown) {
        NewPlace::Same
    } else if finer.iter().any(shown) {
        NewPlace::Coarser(place_in(areas, precision, p, r))
    } else {
        // By a rule of before, or its ward has moved: it may show no more than the ward.
        NewPlace::Coarser(place_in(areas, precision.max(Precision::Ward), p, r))
    }
}

/// The public point inside the ward that the report has: people may have sent it elsewhere than its place lies.
fn place_in(areas: &Areas, precision: Precision, p: LonLat, r: &Loose) -> Option<LonLat> {
    let unit = areas.active().locate(p).ok().map(|l| l.unit);
    let home = unit.map(|u| areas.ward_id(u));
    if home == r.ward || precision == Precision::Hidden {
        return public_point(areas, precision, p, unit);
    }
    r.ward.as_ref().and_then(|w| areas.book.unit(w)).map(|u| u.label)
}
