//! What everybody reads of the map, swapped whole: rows, the names of their codes and the ward
//! shapes always belong together.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::features::FeatureSets;
use super::index::Snapshot;
use super::shapes::WardShapes;
use crate::domain::Vocabulary;

/// The map of one moment; it stays whole for as long as it is held.
#[derive(Clone, Debug)]
pub struct View {
    /// The reports.
    pub snapshot: Arc<Snapshot>,
    /// The features of the city's collections.
    pub features: FeatureSets,
    /// The names of their codes.
    pub words: Arc<Vocabulary>,
    /// The wards in force.
    pub shapes: Arc<WardShapes>,
}

/// The map of this moment.
#[derive(Debug)]
pub struct Live(ArcSwap<View>);

impl Live {
    /// Starts with a view.
    pub fn new(view: View) -> Self {
        Self(ArcSwap::from_pointee(view))
    }

    /// The map of this moment.
    pub fn load(&self) -> Arc<View> {
        self.0.load_full()
    }

    /// Replaces it. Only one task may derive and store views, or changes are lost.
    pub fn store(&self, view: View) {
        self.0.store(Arc::new(view));
    }

    /// Replaces the reports alone; the same holds.
    pub fn store_snapshot(&self, snapshot: Snapshot) {
        let before = self.0.load();
        self.store(View { snapshot: Arc::new(snapshot), ..View::clone(&before) });
    }
}
