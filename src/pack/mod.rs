//! The city pack: `data/` and `tiles/` read into domain values, embedded or from a folder, checked
//! once with errors that name file and key.
//! Not here: what the values mean (domain), boundaries as look-up (area), layers as such (map).

mod areas;
mod calendar;
mod categories;
mod collections;
mod error;
mod osm;
mod routing;
mod source;
mod text;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::domain::{Bodies, Calendar, Categories, Collection, OsmRules, Routing};

pub use areas::{Areas, Successor, Unit};
pub use error::PackError;
use source::Source;

/// Everything that is the city's own.
#[derive(Clone, Debug)]
pub struct Pack {
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
    /// Unit facts, successors, and the boundary files as they are.
    pub areas: Areas,
    layers: Vec<(String, String)>,
    styles: Vec<(String, String)>,
    osm: BTreeMap<String, OsmRules>,
}

impl Pack {
    /// The pack inside the executable.
    ///
    /// # Errors
    /// See [`PackError`]; a test keeps the embedded pack free of them.
    pub fn embedded() -> Result<Self, PackError> {
        Self::read(&Source::default())
    }

    /// The pack of a folder laid out as the repository: `data/` must be complete, nothing is mixed in
    /// from the embedded one; without `tiles/` the embedded layers are used. Without a folder, the
    /// embedded pack. Files of `more_tiles`, a folder laid out as `tiles/`, come beside those layers, or
    /// in the place of one of the same name.
    ///
    /// # Errors
    /// See [`PackError`].
    pub fn open(folder: Option<&Path>, more_tiles: Option<&Path>) -> Result<Self, PackError> {
        if let Some(more) = more_tiles.filter(|m| !m.join("layers").is_dir()) {
            // A typing mistake would go unnoticed.
            return Err(PackError::Missing { file: more.join("layers/").display().to_string() });
        }
        Self::read(&Source { folder: folder.map(Into::into), more_tiles: more_tiles.map(Into::into) })
    }

    fn read(source: &Source) -> Result<Self, PackError> {
        let categories = categories::read(source)?;
        let bodies = routing::read_bodies(source)?;
        let routing = routing::read_routing(source, &categories, &bodies)?;
        let calendar = calendar::read(source)?;
        let collections: Vec<_> = collections::read(source)?.into_iter().map(Arc::new).collect();
        let osm = osm::read(source, &collections)?;
        let areas = areas::read(source)?;
        if let Some(ward) = routing.named_wards().find(|w| areas.unit(w).is_none()) {
            let reason = format!("there is no such unit in {}", areas::UNITS);
            return Err(PackError::value(routing::ROUTING, format!("ward `{ward}`"), reason));
        }
        let layers = texts(source, "tiles/layers/", ".toml")?;
        let styles = texts(source, "tiles/styles/", ".json")?;
        Ok(Self { categories, bodies, routing, collections, calendar, areas, layers, styles, osm })
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
fn texts(source: &Source, folder: &str, extension: &str) -> Result<Vec<(String, String)>, PackError> {
    let files = source.list(folder)?.into_iter().filter(|path| path.ends_with(extension));
    files.map(|path| Ok((source.shown(&path), source.text(&path)?))).collect()
}

/// Reads a TOML file into its wire struct; unknown and missing keys are errors.
fn toml<T: DeserializeOwned>(source: &Source, file: &str) -> Result<T, PackError> {
    let text = source.text(file)?;
    toml::from_str(&text).map_err(|e| PackError::Toml { file: file.into(), source: Box::new(e) })
}

#[cfg(test)]
mod tests;
