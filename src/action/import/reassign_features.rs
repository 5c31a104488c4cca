//! City features after boundaries changed: each goes to the wards that an import of it would give now.

use geo::Geometry;

use crate::action::city::Areas;
use crate::clock::Clock;
use crate::store::{Applied, FeatureAssignment, PlacedFeature, Store, StoreError};
use diaban_core::area::lent_shape;
use diaban_core::domain::WardId;
use diaban_core::domain::feature::Membership;
use diaban_core::format::geometry;

/// Features read and assigned in one go.
const BATCH: i64 = 2_000;

/// What re-assignment of features did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReassignedFeatures {
    /// Features looked at.
    pub looked_at: u64,
    /// Features that belong to other wards than before.
    pub moved: u64,
    /// Features that belong to no ward now.
    pub outside: u64,
}

/// Assigns every feature to these areas, by the rules of an import (`import::judge`): to the
/// wards that its shape meets, or to those its source named. Of these a ward of a former generation
/// gives way to its successors, and a feature that took its shape from them takes it anew. Doing it
/// again changes nothing.
///
/// # Errors
/// When the store fails; what was assigned before stays assigned, and a repeat finishes the rest.
pub async fn reassign_features(
    areas: &Areas,
    store: &Store,
    clock: &dyn Clock,
    mut progress: impl FnMut(u64),
) -> Result<ReassignedFeatures, StoreError> {
    let mut done = ReassignedFeatures::default();
    let mut last = 0;
    loop {
        let batch = store.feature_places_after(last, BATCH).await?;
        let Some(end) = batch.last().map(|f| f.seq) else { return Ok(done) };
        let mut now = done;
        let mut changed = Vec::new();
        for feature in &batch {
            let new = assignment(areas, feature);
            now.looked_at += 1;
            now.moved += u64::from(new.wards != feature.wards);
            now.outside += u64::from(new.wards.is_empty());
            if new.wards != feature.wards || new.shape.is_some() {
                changed.push(new);
            }
        }
        // An import that came between wrote some of them: they are read again.
        if !changed.is_empty() && store.assign_features(changed, clock.now()).await? == Applied::Stale {
            continue;
        }
        (done, last) = (now, end);
        progress(done.looked_at);
    }
}

/// Where a feature belongs now, with its shape if that is another one now.
fn assignment(areas: &Areas, feature: &PlacedFeature) -> FeatureAssignment {
    let (wards, shape) = match (feature.membership, &feature.geometry) {
        (Membership::Met, Some(shape)) => {
            let active = areas.active();
            (active.ward_names(active.wards_meeting(shape)), None)
        }
        (membership, shape) => {
            let wards = named(areas, &feature.wards);
            let lent = if membership == Membership::Lent { lent(areas, &wards) } else { None };
            // Compared as stored: rings may be wound otherwise in memory.
            let stored = geometry::to_json(shape.as_ref());
            let other = lent.filter(|new| geometry::to_json(Some(new)) != stored);
            (wards.iter().map(ToString::to_string).collect(), other)
        }
    };
    FeatureAssignment { seq: feature.seq, hash: feature.hash, wards, shape }
}

/// The wards that stand for those a source named, ascending.
fn named(areas: &Areas, wards: &[String]) -> Vec<WardId> {
    let ids = wards.iter().filter_map(|w| w.split_once('.')).map(|(g, code)| WardId::new(g, code));
    let mut now: Vec<WardId> = ids.flat_map(|w| areas.standing_for(&w)).collect();
    now.sort_unstable();
    now.dedup();
    now
}

/// The shape of wards; none when one of them is in no generation that is known here.
fn lent(areas: &Areas, wards: &[WardId]) -> Option<Geometry<f64>> {
    let units: Option<Vec<_>> = wards.iter().map(|w| areas.book.unit(w)).collect();
    units.filter(|u| !u.is_empty()).map(lent_shape)
}
