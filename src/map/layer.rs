//! A layer, declared once in a file of `tiles/layers/`: source, zooms, fields, examples.
//! The text is passed in; nothing is read here. The examples run as tests (`tile`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::appears::Appears;
use super::layer_check::problems;
use crate::domain::Collection;

/// Units along a tile's side: the one extent clients are told.
pub const EXTENT: u32 = 4096;
/// Most categories a cluster may name.
pub(super) const TOP_LIMIT: usize = 8;

/// One layer as declared.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Its name in addresses.
    pub id: String,
    /// Its name for people.
    pub title: Title,
    /// Where its rows come from.
    pub source: Source,
    /// The first zoom with content.
    pub minzoom: u8,
    /// The last zoom with tiles of its own; renderers show it enlarged beyond.
    pub maxzoom: u8,
    /// Units along a tile's side, always 4096.
    pub extent: u32,
    /// Units that areas reach beyond the tile, 0..=1024, so that outlines do not show at its edge.
    #[serde(default)]
    pub buffer: u32,
    /// From which zoom on a feature is shown; from the first without it.
    pub appears: Option<Appears>,
    /// The least distance in pixels between the points of features, at every zoom but the last,
    /// where all are shown; 0..=64.
    #[serde(default)]
    pub apart: u32,
    /// How many categories a cluster names, 0..=8.
    #[serde(default)]
    pub top_categories: usize,
    /// What stands in the tile, in this order.
    pub vector_layers: Vec<VectorLayer>,
    /// Rows and what becomes of them.
    #[serde(default)]
    pub example: Vec<Example>,
    /// The declaration that the features follow, if the layer shows features.
    #[serde(skip)]
    pub collection: Option<Arc<Collection>>,
}

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Reports of the live index, clustered.
    Reports,
    /// Wards of a generation.
    Wards,
    /// Features of the collection of this name.
    Features(String),
}

/// What one layer inside the tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Clusters and single reports.
    Symbols,
    /// Polygons.
    Areas,
    /// One point per area.
    Labels,
    /// Ways.
    Lines,
    /// Places, each by itself.
    Points,
}

/// The type of a field as `TileJSON` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum FieldType {
    /// A number.
    Number,
    /// A text.
    String,
    /// Yes or no.
    Boolean,
}

impl FieldType {
    /// The name `TileJSON` gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "Number",
            Self::String => "String",
            Self::Boolean => "Boolean",
        }
    }
}

/// One layer inside the tile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorLayer {
    /// Its name inside the tile, unique among all layers.
    pub id: String,
    /// What it holds.
    pub content: Content,
    /// Attributes written, with their types.
    pub fields: BTreeMap<String, FieldType>,
}

/// A row and the tags of the only feature of the tile that holds it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The report, in a layer of reports.
    pub row: Option<ExampleRow>,
    /// The feature, in a layer of features.
    pub feature: Option<ExampleFeature>,
    /// The zoom of the tile.
    pub zoom: u8,
    /// The layer inside the tile.
    pub layer: String,
    /// Exactly the tags expected, except `cluster_id`, which follows from the place; without them
    /// nothing is expected to be shown.
    pub tags: Option<toml::Table>,
}

/// A report of an example.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleRow {
    /// The public id.
    pub id: u64,
    /// The category's code.
    pub category: String,
    /// The state's name.
    pub state: String,
    /// The ward's canonical id.
    pub ward: Option<String>,
    /// Longitude and latitude in degrees.
    pub point: [f64; 2],
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// How many such reports stand on the spot.
    #[serde(default = "one")]
    pub copies: u32,
}

/// A feature of an example; its middle is in the tile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleFeature {
    /// The public id.
    pub id: u64,
    /// A GeoJSON geometry as text.
    pub geometry: String,
    /// What it holds.
    pub properties: BTreeMap<String, toml::Value>,
    /// RFC 3339: the moment at which the tile is made, and of the last change.
    pub at: String,
}

fn one() -> u32 {
    1
}

/// Why a file is no layer: names the file and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct LayerError {
    /// The file.
    pub file: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl VectorLayer {
    /// Whether an attribute is declared, and so written.
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

impl Layer {
    /// Reads one declaration; `file` only names it in errors, `collections` are those it may show.
    /// The fields that follow from `top_categories` are added.
    ///
    /// # Errors
    /// When the text is not such a declaration, names the file and what would be right.
    pub fn parse(file: &str, text: &str, collections: &[Arc<Collection>]) -> Result<Self, LayerError> {
        let fail = |problem: String| LayerError { file: file.to_owned(), problem };
        let mut layer: Self = toml::from_str(text).map_err(|e| fail(e.to_string()))?;
        if let Source::Features(name) = &layer.source {
            layer.collection = collections.iter().find(|c| *c.id == **name).cloned();
            if layer.collection.is_none() {
                let known: Vec<&str> = collections.iter().map(|c| &*c.id).collect();
                let known = known.join(", ");
                return Err(fail(format!("there is no collection {name:?}; there are {known}")));
            }
        }
        let problems = problems(&layer);
        if !problems.is_empty() {
            return Err(fail(problems.join("; ")));
        }
        for v in layer.vector_layers.iter_mut().filter(|v| v.content == Content::Symbols) {
            for n in 1..=layer.top_categories {
                v.fields.insert(format!("top_{n}"), FieldType::String);
                v.fields.insert(format!("top_{n}_count"), FieldType::Number);
            }
        }
        Ok(layer)
    }

    /// The name of what it shows among the collections of the service.
    pub fn collection_id(&self) -> &str {
        match &self.source {
            Source::Reports => "reports",
            Source::Wards => "wards",
            Source::Features(name) => name,
        }
    }

    /// Whether what it shows begins and ends with time.
    pub fn is_timed(&self) -> bool {
        self.collection.as_ref().is_some_and(|c| c.validity.is_some())
    }

    /// What it leaves out at which zoom, for people; nothing when it shows all.
    pub fn thinning(&self) -> Option<String> {
        let rule = self.appears.as_ref().map(Appears::to_string);
        let apart = (self.apart > 0).then(|| {
            format!(
                "points at least {} px apart below zoom {}, where all are shown",
                self.apart, self.maxzoom
            )
        });
        let all: Vec<String> = rule.into_iter().chain(apart).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Whether a zoom has content.
    pub fn shows(&self, zoom: u8) -> bool {
        (self.minzoom..=self.maxzoom).contains(&zoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCIDENTS: &str = include_str!("../../tiles/layers/incidents.toml");

    #[test]
    fn the_declared_layers_are_right() {
        let l = Layer::parse("incidents.toml", INCIDENTS, &[]).unwrap();
        assert!(l.vector_layers[0].has("top_3_count") && !l.vector_layers[0].has("top_4"));
        Layer::parse("wards.toml", include_str!("../../tiles/layers/wards.toml"), &[]).unwrap();
    }

    #[test]
    fn errors_name_the_file_and_what_would_be_right() {
        let bad = INCIDENTS
            .replace("maxzoom = 18", "maxzoom = 19")
            .replace("open = \"Number\"", "opened = \"Number\"")
            .replace("ward = \"String\"", "ward = \"Number\"");
        let text = Layer::parse("incidents.toml", &bad, &[]).unwrap_err().to_string();
        for part in [
            "incidents.toml: ",
            "within 0..=18",
            "incidents.opened is unknown",
            "incidents.ward must be \"String\"",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let unknown =
            Layer::parse("x.toml", &format!("colour = 1\n{INCIDENTS}"), &[]).unwrap_err().to_string();
        assert!(unknown.contains("colour"), "{unknown}");
    }
}
