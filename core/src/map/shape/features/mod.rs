//! The features of one collection for the map and the lists: newest first, with an R-tree over
//! their shapes. A set is immutable; a change makes a new one. `drawn` prepares a shape, `draw` writes those of a
//! tile, `appears` and `thin` say which are left out.

pub(in crate::map) mod appears;
pub(in crate::map) mod draw;
pub(in crate::map) mod drawn;
pub(in crate::map) mod thin;

use std::collections::HashMap;
use std::sync::Arc;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::domain::{Collection, Feature, Instant};
use crate::geo::Bbox;
use crate::map::index::select::Go;
use crate::map::shape::features::drawn::{Drawn, rings_or_speck};
use crate::map::shape::ring::frame::{Frame, Path};
use crate::map::shape::ring::mesh::Mesh;
use crate::query::FeatureFilter;

pub(in crate::map) type Entry = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// One collection's features after one change.
#[derive(Debug)]
pub struct FeatureSet {
    collection: Arc<Collection>,
    /// By internal sequence, newest first: the order of lists.
    rows: Vec<Arc<Feature>>,
    /// The shapes of the rows, for tiles.
    drawn: Vec<Arc<Drawn>>,
    /// The areas, in the order of the rows, with their shared borders.
    mesh: Arc<Mesh>,
    /// For each row, the index of its area in the mesh.
    areas: Vec<Option<usize>>,
    by_id: HashMap<u64, usize>,
    /// Envelopes in degrees, each with the index of its row.
    tree: RTree<Entry>,
    /// All onsets and expiries, distinct and ascending.
    turns: Vec<Instant>,
}

/// All collections of the city, by id.
#[derive(Clone, Debug)]
pub struct FeatureSets {
    sets: Vec<Arc<FeatureSet>>,
    changed: Instant,
}

impl Default for FeatureSets {
    fn default() -> Self {
        Self { sets: Vec::new(), changed: Instant::MIN }
    }
}

/// A change of a feature.
#[derive(Clone, Debug)]
pub enum FeatureChange {
    /// The feature was added or changed.
    Upsert {
        /// The collection it belongs to.
        collection: Arc<str>,
        /// The complete feature.
        feature: Arc<Feature>,
    },
    /// The feature was removed, whichever collection it was in.
    Remove {
        /// Its internal sequence.
        seq: i64,
    },
}

impl FeatureSet {
    /// Builds a set; the order of the rows does not matter.
    pub fn build(collection: Arc<Collection>, rows: Vec<Arc<Feature>>) -> Self {
        let draw = |f: Arc<Feature>| (Arc::new(Drawn::of(f.geometry.as_ref())), f);
        Self::join(collection, rows.into_iter().map(draw).collect(), None)
    }

    /// Joins rows in any order. `before` is the set that they come from.
    fn join(
        collection: Arc<Collection>,
        mut rows: Vec<(Arc<Drawn>, Arc<Feature>)>,
        before: Option<&Self>,
    ) -> Self {
        rows.sort_by_key(|(_, f)| std::cmp::Reverse(f.seq));
        let (drawn, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let by_id = rows.iter().enumerate().map(|(i, f)| (f.id, i)).collect();
        let boxes = rows.iter().enumerate().filter_map(|(i, f)| {
            let e = f.envelope()?;
            let corners = Rectangle::from_corners([e.min().x, e.min().y], [e.max().x, e.max().y]);
            Some(GeomWithData::new(corners, i))
        });
        let tree = RTree::bulk_load(boxes.collect());
        let mut turns: Vec<Instant> = rows
            .iter()
            .flat_map(|f| [f.valid.from, f.valid.to])
            .filter(|t| *t > Instant::MIN && *t < Instant::MAX)
            .collect();
        turns.sort_unstable();
        turns.dedup();
        let mut count = 0;
        let mut next = |d: &Arc<Drawn>| {
            (!d.area().is_empty()).then(|| {
                count += 1;
                count - 1
            })
        };
        let areas = drawn.iter().map(&mut next).collect();
        // The borders change only if an area is added or removed.
        let same = |b: &&Self| with_area(&b.drawn).map(Arc::as_ptr).eq(with_area(&drawn).map(Arc::as_ptr));
        let mesh = match before.filter(same) {
            Some(b) => b.mesh.clone(),
            None => Arc::new(Mesh::build(with_area(&drawn).map(|d| d.area()))),
        };
        Self { collection, rows, drawn, mesh, areas, by_id, tree, turns }
    }

    /// The rings of a row's area in a tile; see [`rings_or_speck`].
    pub(in crate::map) fn rings(&self, row: usize, frame: &Frame) -> Vec<Path> {
        self.areas[row].map_or_else(Vec::new, |area| rings_or_speck(&self.mesh, area, frame))
    }

    /// The declaration of the collection.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// All features, newest first.
    pub fn rows(&self) -> &[Arc<Feature>] {
        &self.rows
    }

    /// The shape of a row, by its position.
    pub(in crate::map) fn drawn(&self, row: usize) -> &Drawn {
        &self.drawn[row]
    }

    /// The envelopes in degrees, each with the index of its row.
    pub(in crate::map) fn tree(&self) -> &RTree<Entry> {
        &self.tree
    }

    /// The feature with this public id.
    pub fn get(&self, id: u64) -> Option<&Arc<Feature>> {
        self.by_id.get(&id).map(|i| &self.rows[*i])
    }

    /// The latest onset or expiry not after now. Everything that depends on time changes only with
    /// it.
    pub fn as_of(&self, now: Instant) -> Instant {
        let after = self.turns.partition_point(|t| *t <= now);
        after.checked_sub(1).map_or(Instant::MIN, |i| self.turns[i])
    }

    /// The first onset and the last expiry; `None` where a feature has no such bound.
    pub fn times(&self) -> [Option<Instant>; 2] {
        let first = self.rows.iter().map(|f| f.valid.from).min().filter(|t| *t > Instant::MIN);
        [first, self.rows.iter().map(|f| f.valid.to).max().filter(|t| *t < Instant::MAX)]
    }

    /// The features that match, newest first.
    pub fn find<'a>(&'a self, filter: &'a FeatureFilter, now: Instant) -> Vec<&'a Arc<Feature>> {
        self.find_while(filter, now, &|| true).unwrap_or_default()
    }

    /// The same; none if `go` says to stop before all are found.
    pub fn find_while<'a>(
        &'a self,
        filter: &'a FeatureFilter,
        now: Instant,
        go: &Go<'_>,
    ) -> Option<Vec<&'a Arc<Feature>>> {
        let mut at: Vec<usize> = match filter.bbox() {
            None => (0..self.rows.len()).collect(),
            Some(b) => self.candidates(&b),
        };
        at.sort_unstable();
        let mut found = Vec::new();
        for i in at {
            if !go() {
                return None;
            }
            let feature = &self.rows[i];
            if filter.matches(feature, now) {
                found.push(feature);
            }
        }
        Some(found)
    }

    /// Indexes of the rows whose envelope meets a box, in no order.
    pub fn candidates(&self, b: &Bbox) -> Vec<usize> {
        let within = |west: f64, east: f64| {
            let envelope = AABB::from_corners([west, b.south], [east, b.north]);
            self.tree.locate_in_envelope_intersecting(&envelope).map(|e| e.data).collect::<Vec<_>>()
        };
        if b.crosses_antimeridian() {
            let mut both = within(b.west, 180.0);
            both.extend(within(-180.0, b.east));
            both.sort_unstable();
            both.dedup();
            both
        } else {
            within(b.west, b.east)
        }
    }
}

fn with_area(drawn: &[Arc<Drawn>]) -> impl Iterator<Item = &Arc<Drawn>> + Clone {
    drawn.iter().filter(|d| !d.area().is_empty())
}

impl FeatureSets {
    /// The sets of these collections, built from all their features. `changed` is the instant of
    /// the last change.
    pub fn build(
        collections: &[Arc<Collection>],
        rows: Vec<(Arc<str>, Arc<Feature>)>,
        changed: Instant,
    ) -> Self {
        let mut by: HashMap<Arc<str>, Vec<Arc<Feature>>> = HashMap::new();
        for (collection, feature) in rows {
            by.entry(collection).or_default().push(feature);
        }
        let set = |c: &Arc<Collection>| {
            Arc::new(FeatureSet::build(c.clone(), by.remove(&c.id).unwrap_or_default()))
        };
        Self { sets: collections.iter().map(set).collect(), changed }
    }

    /// The set of a collection.
    pub fn get(&self, collection: &str) -> Option<&Arc<FeatureSet>> {
        self.sets.iter().find(|s| *s.collection.id == *collection)
    }

    /// All sets.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<FeatureSet>> {
        self.sets.iter()
    }

    /// When a feature of any collection last changed, was added or removed; `Instant::MIN` for
    /// never. It is one instant for all collections, so that it does not depend on which changes a
    /// process followed and which it loaded.
    pub fn changed(&self) -> Instant {
        self.changed
    }

    /// The sets after these changes; `at` is the instant of the last one. Only the sets that
    /// changed are rebuilt.
    #[must_use]
    pub fn apply(&self, changes: &[FeatureChange], at: Instant) -> Self {
        let next = |set: &Arc<FeatureSet>| {
            let mut rows: HashMap<i64, Arc<Feature>> = HashMap::new();
            let mut gone = std::collections::HashSet::new();
            for change in changes {
                match change {
                    FeatureChange::Upsert { collection, feature } if **collection == *set.collection.id => {
                        rows.insert(feature.seq, feature.clone());
                    }
                    FeatureChange::Upsert { .. } => {}
                    FeatureChange::Remove { seq } => {
                        rows.remove(seq);
                        gone.insert(*seq);
                    }
                }
            }
            let kept = |f: &Arc<Feature>| !gone.contains(&f.seq) && !rows.contains_key(&f.seq);
            let before = set.drawn.iter().cloned().zip(set.rows.iter().cloned());
            let before: Vec<_> = before.filter(|(_, f)| kept(f)).collect();
            if before.len() == set.rows.len() && rows.is_empty() {
                return set.clone();
            }
            let new = rows.into_values().map(|f| (Arc::new(Drawn::of(f.geometry.as_ref())), f));
            // Unchanged rows reuse their prepared shape.
            Arc::new(FeatureSet::join(
                set.collection.clone(),
                before.into_iter().chain(new).collect(),
                Some(set),
            ))
        };
        Self { sets: self.sets.iter().map(next).collect(), changed: self.changed.max(at) }
    }
}
