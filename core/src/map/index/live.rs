//! What everybody reads of the map, swapped whole: rows, the names of their codes and the ward
//! shapes always belong together.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::{CodeBook, Collection, Instant};
use crate::geo::Mercator;
use crate::map::index::Snapshot;
use crate::map::index::versions::Versions;
use crate::map::shape::WardShapes;
use crate::map::shape::features::FeatureSets;

/// The map of one moment; it stays whole for as long as it is held.
#[derive(Clone, Debug)]
pub struct View {
    /// The reports.
    pub snapshot: Arc<Snapshot>,
    /// The features of the city's collections.
    pub features: FeatureSets,
    /// The names of their codes.
    pub codebook: Arc<CodeBook>,
    /// The wards in force.
    pub shapes: Arc<WardShapes>,
    /// How many views came before it in this process; [`Live`] counts.
    pub step: u64,
}

/// What was replaced in a step of the live map.
#[derive(Clone, Debug, PartialEq)]
pub enum Moved {
    /// Everything.
    All,
    /// What is here.
    Some {
        /// Places at which reports stood or stand that changed.
        reports: Vec<Mercator>,
        /// Whether features changed.
        features: bool,
    },
}

impl View {
    /// Before anything is loaded.
    pub fn empty(collections: &[Arc<Collection>], codebook: Arc<CodeBook>) -> Self {
        Self {
            snapshot: Arc::new(Snapshot::from_rows(Vec::new(), 0)),
            features: FeatureSets::build(collections, Vec::new(), Instant::MIN),
            codebook,
            shapes: Arc::new(WardShapes::none()),
            step: 0,
        }
    }
}

/// The map of this moment.
#[derive(Debug)]
pub struct Live {
    view: ArcSwap<View>,
    versions: Versions,
}

impl Live {
    /// Starts with a view.
    pub fn new(view: View) -> Self {
        Self { view: ArcSwap::from_pointee(view), versions: Versions::default() }
    }

    /// The map of this moment.
    pub fn load(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// When each tile last changed.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Replaces it by another one. Only one task may derive and store views, or changes are lost.
    pub fn store(&self, view: View) {
        self.advance(view, &Moved::All);
    }

    /// Replaces it by what followed from it; the same holds.
    pub fn advance(&self, view: View, moved: &Moved) {
        let step = self.view.load().step + 1;
        self.versions.touch(step, moved);
        self.view.store(Arc::new(View { step, ..view }));
    }

    /// Replaces the reports by the same ones in another form; the same holds.
    pub fn store_folded(&self, snapshot: Snapshot) {
        let before = self.view.load();
        self.view.store(Arc::new(View { snapshot: Arc::new(snapshot), ..View::clone(&before) }));
    }
}
