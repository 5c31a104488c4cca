//! Which columns the rows of a file have, beside those that the profile names.

use std::collections::BTreeSet;

use super::identity::Identity;
use crate::import::clean::folded;
use crate::import::limits::MAX_COLUMNS;
use crate::import::place::PlaceColumns;
use crate::import::profile::mapping::{Mapping, columns_of};
use crate::import::profile::{NoColumn, Profile};
use crate::import::raw::Raw;

/// Columns that nobody reads are told up to this many.
const TOLD: usize = 12;
/// Columns with a meaning of their own where a collection has areas.
const AREA_COLUMNS: [&str; 3] = ["wards", "circle", "radius_m"];

/// Columns that together only our own exports have.
const OWN_FEATURES: [&str; 5] = ["wards", "source", "source_id", "revision", "updated_at"];
const OWN_REPORTS: [&str; 5] = ["category", "state", "ward_generation", "created_at", "updated_at"];

/// The columns that were seen.
#[derive(Debug, Default)]
pub(super) struct Columns(BTreeSet<String>);

impl Columns {
    /// Takes in the columns of a row.
    pub(super) fn see(&mut self, raw: &Raw) {
        for name in raw.properties.keys() {
            if self.0.len() < MAX_COLUMNS && !self.0.contains(name) {
                self.0.insert(name.clone());
            }
        }
    }

    /// Without its ids or its filter a file would come in as something else than what was meant.
    pub(super) fn needed(&self, profile: &Profile) -> Result<(), NoColumn> {
        match profile.id.iter().chain(profile.only.keys()).find(|c| self.is_absent(c)) {
            Some(name) => Err(self.absent(name)),
            None => Ok(()),
        }
    }

    /// Columns that the profile names and no row has, with the nearest one.
    pub(super) fn missing(&self, profile: &Profile) -> Vec<String> {
        let named = profile.fields.values().flat_map(|f| columns_of(f)).filter(|c| self.is_absent(c));
        named.map(|c| format!("{c}{}", self.absent(&c).hint)).collect()
    }

    /// Some columns that nothing is read from.
    pub(super) fn unread(
        &self,
        mapping: &Mapping,
        identity: &Identity,
        profile: &Profile,
        places: &PlaceColumns<'_>,
    ) -> Vec<String> {
        let mut used: BTreeSet<String> = mapping.columns().map(folded).collect();
        used.extend(profile.only.keys().map(|c| folded(c)));
        used.extend(AREA_COLUMNS.map(str::to_owned));
        if let Identity::Column(name) = identity {
            used.insert(folded(name));
        }
        let unread =
            self.0.iter().filter(|c| !used.contains(&folded(c)) && !places.uses(c) && !places.needs(c));
        unread.take(TOLD).cloned().collect()
    }

    /// Whether this is a table that this service exported, in which texts are guarded.
    pub(super) fn are_ours(&self) -> bool {
        let has = |names: &[&str]| names.iter().all(|name| self.0.contains(*name));
        has(&OWN_FEATURES) || has(&OWN_REPORTS)
    }

    /// Whether these are features that this service exported: the source's own ids are in their column.
    pub(super) fn are_our_features(&self) -> bool {
        OWN_FEATURES.iter().all(|name| self.0.contains(*name))
    }

    fn is_absent(&self, name: &str) -> bool {
        let name = folded(name);
        !self.0.is_empty() && !self.0.iter().any(|c| folded(c) == name)
    }

    fn absent(&self, name: &str) -> NoColumn {
        NoColumn::of(name, self.0.iter().map(String::as_str))
    }
}
