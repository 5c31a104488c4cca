//! A category that became stricter closes the reports that are there; one that became laxer opens new ones only.

use crate::action::city::{Areas, City};
use crate::action::public::public_point;
use crate::clock::Clock;
use crate::store::{Loose, NewPlace, Store, StoreError, Tighter};
use diaban_core::domain::Precision;
use diaban_core::geo::LonLat;

/// Reports in one commit.
const BATCH: i64 = 500;

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
            let end = loose.len() < BATCH as usize;
            let reports: Vec<Tighter> =
                loose.iter().map(|r| tighter(&areas, category.precision, r)).collect();
            closed += reports.iter().filter(|r| r.place != NewPlace::Same).count() as u64;
            store.tighten(reports, category.precision, clock.now()).await?;
            if end {
                break;
            }
        }
    }
    Ok(closed)
}

fn tighter(areas: &Areas, precision: Precision, r: &Loose) -> Tighter {
    let was = r.decided.stored.unwrap_or(r.decided.looks);
    // Of an earlier release, and blurred already: as its category said then.
    let known = r.decided.stored.is_none() && was != Precision::Exact;
    let coarser = || NewPlace::Coarser(r.point.and_then(|p| place_in(areas, precision, p, r)));
    let place = if known { NewPlace::Same } else { coarser() };
    Tighter { seq: r.seq, place, by_hour_now: was == Precision::Exact }
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
