//! The city as a process knows it: the pack, which never changes, and the areas, which do.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::store::{ReportRecord, StoredGeneration};
use diaban_core::area::{self, AreaBook, Generation};
use diaban_core::domain::view::PublicReport;
use diaban_core::domain::{BodyId, CodeBook, Text, WardId};
use diaban_core::pack::{Pack, PackError};

/// The pack and the areas of the moment.
#[derive(Debug)]
pub struct City {
    /// Categories, bodies, routing, calendar.
    pub pack: Pack,
    areas: ArcSwap<Areas>,
}

/// The areas of one moment, with the names that go with them.
#[derive(Debug)]
pub struct Areas {
    /// All generations, ready for look-up.
    pub book: AreaBook,
    /// The names behind the codes.
    pub codebook: Arc<CodeBook>,
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
    /// The pack's own generations, each replaced by an imported one of the same id.
    ///
    /// # Errors
    /// When boundaries cannot be read or built.
    pub fn new(pack: Pack, imported: &[StoredGeneration]) -> Result<Self, CityError> {
        let areas = Areas::build(&pack, imported)?;
        Ok(Self { pack, areas: ArcSwap::from_pointee(areas) })
    }

    /// The areas of this moment.
    pub fn areas(&self) -> Arc<Areas> {
        self.areas.load_full()
    }

    /// Takes the imported generations as they are now.
    ///
    /// # Errors
    /// When boundaries cannot be read or built; the former areas stay then.
    pub fn reload(&self, imported: &[StoredGeneration]) -> Result<(), CityError> {
        self.areas.store(Arc::new(Areas::build(&self.pack, imported)?));
        Ok(())
    }

    /// The public view of a stored report, with the names that people read.
    pub fn view(&self, record: ReportRecord) -> PublicReport {
        let areas = self.areas.load();
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
        let office = id.ward().and_then(|w| {
            let unit = areas.book.unit(&w)?;
            Some(self.pack.bodies.ward_office(&w, &unit.name).name)
        });
        office.unwrap_or_else(|| Text { vi: id.to_string(), en: id.to_string() })
    }
}

impl Areas {
    fn build(pack: &Pack, imported: &[StoredGeneration]) -> Result<Self, CityError> {
        let mut generations = Vec::new();
        for g in imported {
            generations.push(Arc::new(generation(pack, &g.id, false, &g.boundaries)?));
        }
        for id in pack.areas.generations().filter(|id| imported.iter().all(|g| g.id != *id)) {
            let bytes = pack.areas.area_file(id).unwrap_or_default();
            generations.push(Arc::new(generation(pack, id, pack.city.approximate, bytes)?));
        }
        // The newest is in force: a generation is imported when it is, not before.
        let newest = generations.iter().map(|g| g.id().to_string()).max().unwrap_or_default();
        let book = AreaBook::new(generations, &newest)?;
        let codebook = CodeBook {
            categories: pack.categories.iter().map(|c| c.code.clone()).collect(),
            wards: book.wards().to_vec(),
            active: book.active().id().clone(),
            bodies: (&pack.bodies).into_iter().map(|b| b.id.clone()).collect(),
        };
        Ok(Self { book, codebook: Arc::new(codebook) })
    }

    /// The generation in force.
    pub fn active(&self) -> &Arc<Generation> {
        self.book.active()
    }

    /// West, south, east and north of the city in force, in degrees.
    pub fn bounds(&self) -> [f64; 4] {
        use geo::BoundingRect;
        let rects = self.active().units().iter().filter_map(|u| u.shape.bounding_rect());
        rects.fold([180.0, 90.0, -180.0, -90.0], |[w, s, e, n], r| {
            [w.min(r.min().x), s.min(r.min().y), e.max(r.max().x), n.max(r.max().y)]
        })
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
