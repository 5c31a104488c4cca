//! The city as a process knows it: the pack, which never changes, and the areas, which do.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::action::areas::succession;
use crate::store::{Edition, EditionState, ReportRecord, StoredAreas};
use diaban_core::area::{self, AreaBook, Generation};
use diaban_core::domain::view::PublicReport;
use diaban_core::domain::{BodyId, CodeBook, Text, WardId};
use diaban_core::map::{ShapeError, View, WardShape, WardShapes};
use diaban_core::pack::{Pack, PackError, Successors};

/// How long a request waits for areas that are in force in the store already.
const TURN: Duration = Duration::from_secs(10);

/// The pack and the areas of the moment.
#[derive(Debug)]
pub struct City {
    /// Categories, bodies, routing, calendar.
    pub pack: Pack,
    areas: watch::Sender<Arc<Areas>>,
}

/// The areas of one moment, with the names that go with them.
#[derive(Debug)]
pub struct Areas {
    /// All generations, ready for look-up.
    pub book: AreaBook,
    /// The names behind the codes.
    pub codebook: Arc<CodeBook>,
    /// Which wards have the ground of which former ones.
    pub successors: Successors,
    /// The shapes of generations for tiles, as far as they were asked for, in the order of the book.
    shapes: Vec<OnceLock<Arc<WardShapes>>>,
}

/// Why a city cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// A boundary file that cannot be read.
    #[error("boundaries of {generation}: {source}")]
    Read {
        /// The generation.
        generation: String,
        /// What is wrong.
        source: area::ReadError,
    },
    /// Boundaries that cannot be made ready for look-up.
    #[error("boundaries of {generation}: {source}")]
    Build {
        /// The generation.
        generation: String,
        /// What is wrong.
        source: area::BuildError,
    },
    /// Generations that do not go together.
    #[error(transparent)]
    Book(#[from] area::BookError),
    /// The pack itself.
    #[error(transparent)]
    Pack(#[from] PackError),
}

impl City {
    /// The pack with the boundaries that the store says.
    ///
    /// # Errors
    /// When boundaries cannot be read or built.
    pub fn new(pack: Pack, stored: &StoredAreas) -> Result<Self, CityError> {
        let areas = Areas::build(&pack, stored, stored.in_force())?;
        Ok(Self { pack, areas: watch::Sender::new(Arc::new(areas)) })
    }

    /// The pack alone, with its newest boundaries.
    ///
    /// # Errors
    /// When boundaries cannot be read or built.
    pub fn of_pack(pack: Pack) -> Result<Self, CityError> {
        Self::new(pack, &StoredAreas::default())
    }

    /// The areas of this moment.
    pub fn areas(&self) -> Arc<Areas> {
        self.areas.borrow().clone()
    }

    /// The areas once they are another edition's than this one; none if that takes too long.
    pub async fn areas_after(&self, edition: i64) -> Option<Arc<Areas>> {
        let mut areas = self.areas.subscribe();
        let others = areas.wait_for(|areas| areas.codebook.edition != edition);
        let others = tokio::time::timeout(TURN, others).await.ok()?.ok()?;
        Some(others.clone())
    }

    /// Takes other areas into use.
    pub fn turn(&self, areas: Arc<Areas>) {
        self.areas.send_replace(areas);
    }

    /// Takes the areas that the store says.
    ///
    /// # Errors
    /// When boundaries cannot be read or built; the former areas stay then.
    pub fn reload(&self, stored: &StoredAreas) -> Result<(), CityError> {
        self.turn(Arc::new(Areas::build(&self.pack, stored, stored.in_force())?));
        Ok(())
    }

    /// The public view of a stored report, with the names that people read.
    pub fn view(&self, record: ReportRecord) -> PublicReport {
        let areas = self.areas();
        let ward = record.facts.ward.as_ref();
        let generation = ward.and_then(|w| areas.book.generation(&w.generation));
        PublicReport {
            ward_name: ward.and_then(|w| areas.book.unit(w)).map(|u| u.name.clone()),
            body_name: self
                .body_name(&areas, &BodyId::new(&record.facts.body))
                .get(self.pack.city.lang)
                .to_owned(),
            approximate: generation.is_some_and(|g| g.approximate()),
            seq: record.seq,
            id: record.id,
            facts: record.facts,
        }
    }

    /// How people call a body.
    pub fn body_name(&self, areas: &Areas, id: &BodyId) -> Text {
        if let Some(body) = self.pack.bodies.get(id) {
            return body.name.clone();
        }
        let of_ward = id.ward().and_then(|w| {
            let unit = areas.book.unit(&w)?;
            self.pack.bodies.name_in(id, &unit.name, &unit.kind)
        });
        of_ward.unwrap_or_else(|| Text { vi: id.to_string(), en: id.to_string() })
    }
}

impl Areas {
    /// The areas as they are when this edition is in force.
    ///
    /// # Errors
    /// When boundaries cannot be read or built.
    pub fn build(pack: &Pack, stored: &StoredAreas, edition: i64) -> Result<Self, CityError> {
        let target = stored.edition(edition);
        let mut used: BTreeMap<&str, Option<&Edition>> =
            pack.areas.generations().map(|id| (id, None)).collect();
        // The newest of the pack is in force until the store says otherwise; what the pack has beyond that is not yet.
        if let Some(target) = target {
            used.retain(|id, _| *id <= &*target.generation);
        }
        let turned = stored.turns.iter().filter_map(|turn| stored.edition(turn.edition));
        // Storage that cannot be written may have no turn on record.
        let of_before =
            stored.editions.iter().filter(|e| stored.turns.is_empty() && e.state == EditionState::Used);
        for edition in of_before.chain(turned).chain(target) {
            used.insert(&edition.generation, Some(edition));
        }
        let mut generations = Vec::new();
        for (id, edition) in &used {
            let imported = edition.and_then(|e| e.boundaries.as_deref());
            let bytes = imported.or_else(|| pack.areas.area_file(id)).unwrap_or_default();
            let approximate = imported.is_none() && pack.city.approximate;
            generations.push(Arc::new(generation(pack, id, approximate, bytes)?));
        }
        let newest = used.keys().last().copied().unwrap_or_default();
        let active = target.map_or(newest, |t| &*t.generation);
        let book = AreaBook::new(generations, active)?;
        let codebook = CodeBook {
            categories: pack.categories.iter().map(|c| c.code.clone()).collect(),
            wards: book.wards().to_vec(),
            active: book.active().id().clone(),
            edition,
            bodies: (&pack.bodies).into_iter().map(|b| b.id.clone()).collect(),
            ward_bodies: pack.bodies.kinds().cloned().collect(),
            clocks: Some(pack.clocks.clone()),
        };
        let mut successors = pack.areas.successors().to_vec();
        for edition in used.values().flatten() {
            successors.extend(edition.successors.as_deref().map(succession::read).unwrap_or_default());
        }
        let shapes = book.generations().iter().map(|_| OnceLock::new()).collect();
        Ok(Self { book, codebook: Arc::new(codebook), successors: Successors::new(successors), shapes })
    }

    /// The generation in force.
    pub fn active(&self) -> &Arc<Generation> {
        self.book.active()
    }

    /// The shapes of a generation's wards, for tiles; empty for one that is not known.
    ///
    /// # Errors
    /// See [`ShapeError`].
    pub fn shapes(&self, generation: &str) -> Result<Arc<WardShapes>, ShapeError> {
        let known = self.book.generations().iter().zip(&self.shapes).find(|(g, _)| **g.id() == *generation);
        let Some((generation, made)) = known else {
            return WardShapes::build(generation, true, &[]).map(Arc::new);
        };
        if let Some(made) = made.get() {
            return Ok(made.clone());
        }
        let shape = |u: &area::Unit| WardShape {
            code: u.code.to_string(),
            name: u.name.clone(),
            short_name: u.short_name().to_owned(),
            ward: format!("{}.{}", generation.id(), u.code),
            label: u.label,
            area: u.shape.clone(),
        };
        let shapes: Vec<WardShape> = generation.units().iter().map(shape).collect();
        let shapes = WardShapes::build(generation.id(), generation.approximate(), &shapes)?;
        Ok(made.get_or_init(|| Arc::new(shapes)).clone())
    }

    /// The map with the wards of the generation that is asked for, or as it is.
    ///
    /// # Errors
    /// See [`ShapeError`].
    pub fn view_at(&self, view: Arc<View>, generation: Option<&str>) -> Result<Arc<View>, ShapeError> {
        match generation {
            Some(day) if *day != *view.codebook.active => {
                Ok(Arc::new(View { shapes: self.shapes(day)?, ..View::clone(&view) }))
            }
            _ => Ok(view),
        }
    }

    /// West, south, east and north of the city in force, in degrees.
    pub fn bounds(&self) -> [f64; 4] {
        use geo::BoundingRect;
        let rects = self.active().units().iter().filter_map(|u| u.shape.bounding_rect());
        rects.fold([180.0, 90.0, -180.0, -90.0], |[w, s, e, n], r| {
            [w.min(r.min().x), s.min(r.min().y), e.max(r.max().x), n.max(r.max().y)]
        })
    }

    /// Whether a ward is in force.
    pub fn is_in_force(&self, ward: &WardId) -> bool {
        ward.generation == self.codebook.active && self.book.unit(ward).is_some()
    }

    /// The wards in force that stand for one: itself, its successors, or, where boundaries went back to former ones,
    /// those whose ground it has. A ward of which nothing is known stands for itself.
    pub fn standing_for(&self, ward: &WardId) -> Vec<WardId> {
        if ward.generation > self.codebook.active {
            let before = self.successors.predecessors(ward, &self.codebook.active);
            return if before.is_empty() { vec![ward.clone()] } else { before };
        }
        self.successors.standing_for(ward, |w| self.is_in_force(w))
    }

    /// What whoever follows these wards is told of besides: the wards, on their ground, of boundaries that came later and
    /// were taken back.
    pub fn taken_back_on(&self, codebook: &CodeBook, wards: &[u16]) -> Vec<u16> {
        let followed = |w: &WardId| codebook.ward_index(w).is_some_and(|i| wards.contains(&i));
        let later = (0..).zip(&codebook.wards).filter(|(_, w)| w.generation > codebook.active);
        later.filter(|(_, w)| self.standing_for(w).iter().any(followed)).map(|(i, _)| i).collect()
    }

    /// What whoever follows a bare code is told of: all that it meant and means, and [`Areas::taken_back_on`] it.
    pub fn followed(&self, codebook: &CodeBook, code: &str) -> Vec<u16> {
        let mut all: Vec<u16> = codebook.lineage(code).collect();
        all.extend(self.taken_back_on(codebook, &all));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The id of a unit of the generation in force.
    pub fn ward_id(&self, unit: usize) -> WardId {
        self.active().ward_id(unit)
    }
}

/// Reads boundaries and makes them ready for look-up.
pub(super) fn generation(
    pack: &Pack,
    id: &str,
    approximate: bool,
    bytes: &[u8],
) -> Result<Generation, CityError> {
    let read = |source| CityError::Read { generation: id.to_owned(), source };
    let units = area::read_units(bytes, &pack.city.units).map_err(read)?;
    let sea = pack.areas.sea().map(area::read_sea).transpose().map_err(read)?;
    Generation::build(id, approximate, units, sea)
        .map_err(|source| CityError::Build { generation: id.to_owned(), source })
}
