//! The city pack: `data/` and `tiles/` read into domain values, checked once with errors that name file
//! and key.
//! Not here: what the values mean (domain), boundaries as look-up (area), layers as such (map).

mod areas;
mod calendar;
mod categories;
mod city;
mod clocks;
mod collections;
mod error;
mod osm;
mod ratings;
mod routing;
mod source;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::domain::clocks::Clocks;
use crate::domain::{Bodies, Calendar, Categories, Collection, OsmRules, Ratings, Routing};

pub use areas::{Areas, Successors};
pub use city::{CityFacts, MapView, PageWords, UnitWords};
pub use error::PackError;
pub use source::Files;
use source::Source;

/// Everything that is the city's own.
#[derive(Clone, Debug)]
pub struct Pack {
    /// What the city is called, where its map begins, what its units are.
    pub city: CityFacts,
    /// What a report can be about; a position is the code in the live map.
    pub categories: Categories,
    /// Who answers.
    pub bodies: Bodies,
    /// Which of them for what and where.
    pub routing: Routing,
    /// What the city shows beside its reports, by id.
    pub collections: Vec<Arc<Collection>>,
    /// Working days, with the city's time zone.
    pub calendar: Calendar,
    /// What the city promises.
    pub clocks: Arc<Clocks>,
    /// What can be said of how a report was closed.
    pub ratings: Ratings,
    /// Unit facts, successors, and the boundary files as they are.
    pub areas: Areas,
    layers: Vec<(String, String)>,
    styles: Vec<(String, String)>,
    osm: BTreeMap<String, OsmRules>,
}

impl Pack {
    /// Reads a pack and checks it.
    ///
    /// # Errors
    /// See [`PackError`].
    pub fn read(files: &dyn Files) -> Result<Self, PackError> {
        let source = Source(files);
        let (city, rest) = city::read(source)?;
        let categories = categories::read(source)?;
        let bodies = routing::read_bodies(source)?;
        let routing = routing::read_routing(source, &categories, &bodies)?;
        let calendar = calendar::read(source, &rest.calendar, rest.time_zone)?;
        let clocks = Arc::new(clocks::read(source, &categories, &calendar)?);
        let ratings = ratings::read(source, &clocks.office)?;
        let collections: Vec<_> = collections::read(source)?.into_iter().map(Arc::new).collect();
        let osm = osm::read(source, &collections)?;
        let areas = areas::read(source, &city.units, rest.sea.as_deref())?;
        if let Some(ward) = routing.named_wards().find(|w| areas.unit(w).is_none()) {
            let reason = format!("there is no such unit in {}", areas::UNITS);
            return Err(PackError::value(routing::ROUTING, format!("ward `{ward}`"), reason));
        }
        let layers = texts(source, "tiles/layers/", ".toml")?;
        let styles = texts(source, "tiles/styles/", ".json")?;
        Ok(Self {
            city,
            categories,
            bodies,
            routing,
            collections,
            calendar,
            clocks,
            ratings,
            areas,
            layers,
            styles,
            osm,
        })
    }

    /// The collection of that id.
    pub fn collection(&self, id: &str) -> Option<&Arc<Collection>> {
        self.collections.iter().find(|c| *c.id == *id)
    }

    /// Which OpenStreetMap elements become features of a collection.
    pub fn osm(&self, collection: &str) -> Option<&OsmRules> {
        self.osm.get(collection)
    }

    /// The city's time zone.
    pub fn time_zone(&self) -> &jiff::tz::TimeZone {
        self.calendar.time_zone()
    }

    /// Path and TOML text of each file in `tiles/layers/`, by name.
    pub fn layer_files(&self) -> &[(String, String)] {
        &self.layers
    }

    /// Path and JSON text of each file in `tiles/styles/`, by name: the city's own, beside those of the page.
    pub fn style_files(&self) -> &[(String, String)] {
        &self.styles
    }
}

/// Path, as it is shown, and text of each file of a folder with that extension.
fn texts(source: Source<'_>, folder: &str, extension: &str) -> Result<Vec<(String, String)>, PackError> {
    let files = source.list(folder)?.into_iter().filter(|path| path.ends_with(extension));
    files.map(|path| Ok((source.shown(&path), source.text(&path)?))).collect()
}

/// Reads a TOML file into its wire struct; unknown and missing keys are errors.
fn toml<T: DeserializeOwned>(source: Source<'_>, file: &str) -> Result<T, PackError> {
    let text = source.text(file)?;
    toml::from_str(&text).map_err(|e| PackError::Toml { file: file.into(), source: Box::new(e) })
}

#[cfg(test)]
mod tests;
