//! The map that all readers share, replaced as a whole: rows, the names of their codes and the ward
//! shapes always match each other.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::{CodeBook, Collection, Instant};
use crate::geo::Mercator;
use crate::map::index::Snapshot;
use crate::map::index::versions::Versions;
use crate::map::shape::features::FeatureSets;
use crate::map::shape::wards::WardShapes;

/// The map at one moment; immutable.
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
    /// Number of views before this one in this process; set by [`Live`].
    pub step: u64,
}

/// What a step of the live map changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Moved {
    /// Everything.
    All,
    /// Only some parts.
    Some {
        /// Old and new positions of the reports that changed.
        reports: Vec<Mercator>,
        /// Whether features changed.
        features: bool,
    },
}

impl View {
    /// An empty map, before anything is loaded.
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

/// The current map.
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

    /// The current view.
    pub fn load(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// When each tile last changed.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Replaces the view. Only one task may derive and store views, otherwise changes are lost.
    pub fn store(&self, view: View) {
        self.advance(view, &Moved::All);
    }

    /// Replaces the view by one derived from it. The same restriction applies.
    pub fn advance(&self, view: View, moved: &Moved) {
        let step = self.view.load().step + 1;
        self.versions.touch(step, moved);
        self.view.store(Arc::new(View { step, ..view }));
    }

    /// Replaces the reports by the same ones in another form. The same restriction applies.
    pub fn store_folded(&self, snapshot: Snapshot) {
        let before = self.view.load();
        self.view.store(Arc::new(View { snapshot: Arc::new(snapshot), ..View::clone(&before) }));
    }
}
