//! Which columns the rows of a file have, beside those that the profile names.

use std::collections::BTreeSet;

use super::identity::Identity;
use crate::import::limits::MAX_COLUMNS;
use crate::import::mapping::{Mapping, columns_of};
use crate::import::place::PlaceColumns;
use crate::import::profile::{NoColumn, Profile};
use crate::import::raw::Raw;

/// Columns that nobody reads are told up to this many.
const TOLD: usize = 12;
/// Columns with a meaning of their own where a collection has areas.
const AREA_COLUMNS: [&str; 3] = ["wards", "circle", "radius_m"];

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
        let mut used: BTreeSet<String> = mapping.columns().map(str::to_lowercase).collect();
        used.extend(profile.only.keys().map(|c| c.to_lowercase()));
        used.extend(AREA_COLUMNS.map(str::to_owned));
        if let Identity::Column(name) = identity {
            used.insert(name.to_lowercase());
        }
        let unread = self.0.iter().filter(|c| !used.contains(&c.to_lowercase()) && !places.uses(c));
        unread.take(TOLD).cloned().collect()
    }

    fn is_absent(&self, name: &str) -> bool {
        let folded = name.to_lowercase();
        !self.0.is_empty() && !self.0.iter().any(|c| c.to_lowercase() == folded)
    }

    fn absent(&self, name: &str) -> NoColumn {
        NoColumn::of(name, self.0.iter().map(String::as_str))
    }
}
