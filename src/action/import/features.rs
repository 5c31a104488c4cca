//! City features of one source: read and checked, compared with what is stored, written.

use std::collections::HashSet;
use std::sync::Arc;

use crate::action::City;
use crate::action::patience::patiently;
use crate::clock::Clock;
use crate::import::{self, Diff, Format, Input, Outside, Profile, Read};
use crate::store::{FeatureWrite, Store, StoreError};
use diaban_core::domain::Collection;
use diaban_core::domain::feature::NewFeature;
use diaban_core::format::feature::content_hash;

/// Features written in one transaction when nothing must go at the same moment.
const BATCH: usize = 2_000;
/// Up to so many features a replacement is one transaction.
const ONE_GO: usize = 50_000;

/// What is to be imported, and how.
#[derive(Clone, Debug)]
pub struct FeatureImport {
    /// Where the features go.
    pub collection: Arc<Collection>,
    /// The name of their source: only its features are compared and replaced.
    pub source: String,
    /// How columns become properties.
    pub profile: Profile,
    /// The format, when the user says so.
    pub format: Option<Format>,
    /// What becomes of features outside the city.
    pub outside: Outside,
    /// Whether what does not come any more is taken away.
    pub replace: bool,
    /// Whether it is taken away even when that is most of it.
    pub force: bool,
    /// The edition of boundaries under which wards are found.
    pub edition: i64,
}

/// Why features were not imported.
#[derive(Debug, thiserror::Error)]
pub enum FeatureImportError {
    /// The file or the profile.
    #[error(transparent)]
    Import(#[from] import::ImportError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More than half of the source would go.
    #[error(
        "{gone} of {stored} features of this source would be taken away, more than half; nothing was \
         changed (--force does it all the same)"
    )]
    MassRemoval {
        /// How many.
        gone: usize,
        /// Of how many.
        stored: usize,
    },
}

/// Reads and checks a file; nothing is stored. Not on an async thread.
///
/// # Errors
/// When the file as a whole cannot be taken.
pub fn read_features(
    city: &City,
    import: &FeatureImport,
    bytes: Vec<u8>,
) -> Result<Read, FeatureImportError> {
    let areas = city.areas();
    let input = Input {
        format: import.format,
        collection: &import.collection,
        profile: &import.profile,
        osm: city.pack.osm(&import.collection.id),
        zone: city.pack.time_zone(),
        areas: areas.active(),
        outside: import.outside,
    };
    Ok(import::read(bytes, input)?)
}

/// Compares what was read with what is stored of the same source.
///
/// # Errors
/// When the store fails.
pub async fn compare_features(
    store: &Store,
    import: &FeatureImport,
    read: &Read,
) -> Result<Diff, StoreError> {
    let stored = store.feature_contents(&import.collection.id, &import.source).await?;
    let stored: Vec<_> = stored.into_iter().map(|s| (s.source_id, s.hash)).collect();
    let hash = |f: &NewFeature| (f.source_id.clone(), content_hash(&import.collection, f));
    let incoming: Vec<_> = read.features.iter().map(hash).collect();
    let refused: HashSet<&str> = read.rejected.iter().filter_map(|r| r.source_id.as_deref()).collect();
    Ok(Diff::of(&stored, &incoming, &refused))
}

/// Writes what was added or changed; a replacing import also takes away what is gone.
///
/// # Errors
/// When most of the source would go and that is not forced, or the store fails. A replacement of at
/// most 50,000 features is done whole or not at all; of anything else the batches before the failure
/// stay, and a repeat does the rest.
pub async fn write_features(
    store: &Store,
    clock: &dyn Clock,
    import: &FeatureImport,
    read: Read,
    diff: Diff,
) -> Result<(), FeatureImportError> {
    if import.replace && diff.is_mass_removal() && !import.force {
        return Err(FeatureImportError::MassRemoval { gone: diff.gone.len(), stored: diff.stored });
    }
    let gone = if import.replace { diff.gone } else { Vec::new() };
    let wanted: HashSet<usize> = diff.added.into_iter().chain(diff.changed).collect();
    let features = read.features.into_iter().enumerate().filter(|(i, _)| wanted.contains(i));
    let mut features = features.map(|(_, f)| f).peekable();
    let at = clock.now();
    let batch = if import.replace && wanted.len() + gone.len() <= ONE_GO { ONE_GO } else { BATCH };
    let one_go = batch == ONE_GO;
    let mut gone = Some(gone);
    let write = |upserts, gone| FeatureWrite {
        collection: import.collection.clone(),
        source: import.source.clone(),
        upserts,
        gone,
        edition: import.edition,
    };
    while features.peek().is_some() {
        let upserts: Vec<NewFeature> = features.by_ref().take(batch).collect();
        let gone = if one_go { gone.take().unwrap_or_default() } else { Vec::new() };
        let one = write(upserts, gone);
        patiently(|| store.write_features(one.clone(), at)).await?;
    }
    // What goes, goes last: a failure before leaves too much rather than too little.
    if let Some(gone) = gone.filter(|g| !g.is_empty()) {
        let last = write(Vec::new(), gone);
        patiently(|| store.write_features(last.clone(), at)).await?;
    }
    Ok(())
}
