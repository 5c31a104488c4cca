//! The wards of city features: those that an import would give under the boundaries of whoever reads. What is on record
//! of them is written anew after a turn, so that they need not be found at every start.

use std::sync::Arc;

use geo::Geometry;

use super::behind::Behind;
use crate::action::city::Areas;
use crate::clock::Clock;
use crate::store::{
    Applied, FeatureAssignment, FeaturePlace, PlacedFeature, Store, StoreError, StoredFeature,
};
use diaban_core::area::lent_shape;
use diaban_core::domain::feature::Membership;
use diaban_core::domain::{Feature, WardId};
use diaban_core::format::geometry;

/// Features read and assigned in one go: as many as leave room for others.
const BATCH: i64 = 250;

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

/// A feature as it is under these areas, whatever edition's wards are on record: readers of two editions see it each
/// under their own.
pub fn feature_under(areas: &Areas, stored: StoredFeature) -> Arc<Feature> {
    let StoredFeature { mut feature, place, .. } = stored;
    let wards = if place.edition == Some(areas.codebook.edition) {
        place.wards
    } else {
        let (wards, shape) = under(areas, &place, feature.geometry.as_ref());
        feature.geometry = shape.or(feature.geometry);
        wards
    };
    let ids = wards.iter().filter_map(|w| WardId::parse(w));
    feature.wards = ids.filter_map(|w| areas.codebook.ward_index(&w)).collect();
    feature.wards.sort_unstable();
    Arc::new(feature)
}

/// Writes the wards that features have under these areas where those on record were found under others. Doing it again
/// changes nothing; nothing is done once other areas are in force.
///
/// # Errors
/// When the store fails; what was assigned before stays assigned, and a repeat finishes the rest.
pub async fn reassign_features(
    areas: &Areas,
    store: &Store,
    clock: &dyn Clock,
    mut progress: impl FnMut(u64),
) -> Result<ReassignedFeatures, StoreError> {
    let edition = areas.codebook.edition;
    let mut done = ReassignedFeatures::default();
    let mut last = 0;
    let mut behind = None;
    loop {
        let batch = store.feature_places_after(last, edition, BATCH).await?;
        let Some(end) = batch.last().map(|f| f.seq) else { return Ok(done) };
        if store.edition_in_force().await? != edition {
            return Ok(done);
        }
        let Some(behind) = &mut behind else {
            behind = Some(Behind::begin(store).await?);
            continue;
        };
        let new: Vec<_> = batch.iter().map(|feature| assignment(areas, feature)).collect();
        let mut now = done;
        for (new, feature) in new.iter().zip(&batch) {
            now.looked_at += 1;
            now.moved += u64::from(new.wards != feature.place.wards);
            now.outside += u64::from(new.wards.is_empty());
        }
        // An import that came between wrote some of them: they are read again.
        let write = || store.assign_features(edition, new.clone(), clock.now());
        if behind.write(write).await? == Applied::Stale {
            continue;
        }
        (done, last) = (now, end);
        progress(done.looked_at);
    }
}

fn assignment(areas: &Areas, feature: &PlacedFeature) -> FeatureAssignment {
    let (wards, shape) = under(areas, &feature.place, feature.geometry.as_ref());
    let changed = wards != feature.place.wards || shape.is_some();
    FeatureAssignment { seq: feature.seq, hash: feature.hash, changed, wards, shape }
}

/// The canonical ids of the wards of a feature, ascending, by the rules of an import (`import::judge`): those that its
/// shape meets, or those that its source named. Of these a ward of another generation gives way to those that have its
/// ground. A feature that took its shape from them takes it anew: then with its shape, if that is another one.
fn under(
    areas: &Areas,
    place: &FeaturePlace,
    shape: Option<&Geometry<f64>>,
) -> (Vec<String>, Option<Geometry<f64>>) {
    if let (Membership::Met, Some(shape)) = (place.membership, shape) {
        let active = areas.active();
        return (active.ward_names(active.wards_meeting(shape)), None);
    }
    let wards = named(areas, &place.named);
    let lent = if place.membership == Membership::Lent { lent(areas, &wards) } else { None };
    // Compared as stored: rings may be wound otherwise in memory.
    let stored = geometry::to_json(shape);
    let other = lent.filter(|new| geometry::to_json(Some(new)) != stored);
    (wards.iter().map(ToString::to_string).collect(), other)
}

/// The wards that stand for those a source named, ascending.
fn named(areas: &Areas, wards: &[String]) -> Vec<WardId> {
    let ids = wards.iter().filter_map(|w| WardId::parse(w));
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
