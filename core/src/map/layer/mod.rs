//! A layer, declared in one file of `tiles/layers/`: source, zooms, fields, examples. The text is
//! passed in; no file is read here. Not here: checking it (`layer_check`), running its examples
//! (example).

pub(in crate::map) mod example;
pub(in crate::map) mod layer_check;
pub(in crate::map) mod layers;
pub(in crate::map) mod mistake;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::domain::Collection;
use crate::map::layer::layer_check::{problems, row_fields};
use crate::map::layer::mistake::{Mistake, Mistakes, line_at, line_of};
use crate::map::shape::features::appears::Appears;
use crate::query::Joint;

/// Units per side of a tile. Clients see only this extent.
pub const EXTENT: u32 = 4096;
/// Most categories that a cluster may list.
pub(in crate::map) const TOP_LIMIT: usize = 8;

/// One layer as declared.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Its name in URLs.
    pub id: String,
    /// Its title for people.
    pub title: Title,
    /// Where its data comes from.
    pub source: Source,
    /// The first zoom with content.
    pub minzoom: u8,
    /// The last zoom with its own tiles; renderers overzoom beyond it.
    pub maxzoom: u8,
    /// Units per side of a tile, always 4096.
    pub extent: u32,
    /// Units that areas extend beyond the tile, 0..=1024, so that outlines do not show at its edge.
    #[serde(default)]
    pub buffer: u32,
    /// Which features it shows: for each listed property, the accepted codes. All features if
    /// empty.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// From which zoom a feature is shown; from the first zoom if absent.
    pub appears: Option<Appears>,
    /// The minimum distance in pixels between points of features, 0..=64. It applies at every zoom
    /// except the last, which shows all points.
    #[serde(default)]
    pub apart: u32,
    /// How many categories a cluster lists, 0..=8.
    #[serde(default)]
    pub top_categories: usize,
    /// The attribution that maps must show.
    pub attribution: Option<String>,
    /// The licence of the data: an SPDX identifier or an address.
    pub licence: Option<String>,
    /// The layers inside the tile, in this order.
    pub vector_layers: Vec<VectorLayer>,
    /// Rows and the tags expected for them.
    #[serde(default)]
    pub example: Vec<Example>,
    /// The declaration of the features, if the layer shows features.
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

/// Where the data of a layer comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Reports of the live index, clustered.
    Reports,
    /// Wards of a generation.
    Wards,
    /// Features of the collection with this name.
    Features(String),
}

/// What one layer inside the tile contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Clusters and single reports.
    Symbols,
    /// The density of reports.
    Cells,
    /// Polygons.
    Areas,
    /// One point per area.
    Labels,
    /// Lines.
    Lines,
    /// Single points.
    Points,
}

/// The type of a field as `TileJSON` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum FieldType {
    /// A number.
    Number,
    /// A text.
    String,
    /// True or false.
    Boolean,
}

impl FieldType {
    /// Its name in `TileJSON`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "Number",
            Self::String => "String",
            Self::Boolean => "Boolean",
        }
    }
}

/// A layer inside the tile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorLayer {
    /// Its name inside the tile, unique among all layers.
    pub id: String,
    /// What it contains.
    pub content: Content,
    /// Attributes written, with their types.
    pub fields: BTreeMap<String, FieldType>,
}

/// A row, and the tags expected for the only feature of the tile that contains it.
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
    /// Exactly the expected tags, except `cluster_id`, which follows from the position. If absent,
    /// the tile must show nothing.
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
    /// How many such reports are at the point.
    #[serde(default = "one")]
    pub copies: u32,
}

/// A feature of an example; its middle decides the tile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleFeature {
    /// The public id.
    pub id: u64,
    /// A GeoJSON geometry as text.
    pub geometry: String,
    /// The values of its properties.
    pub properties: BTreeMap<String, toml::Value>,
    /// RFC 3339: the instant for which the tile is made, and of the last change.
    pub at: String,
}

fn one() -> u32 {
    1
}

impl VectorLayer {
    /// Whether an attribute is declared, and therefore written.
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

impl Layer {
    /// Reads one declaration; `file` only names it in errors, `collections` are those it may show.
    /// Symbols have all fields of reports that tiles carry, and those that follow from `top_categories`: they are
    /// added. The examples are not run.
    ///
    /// # Errors
    /// All mistakes, each with its line, if the text is not a valid declaration.
    pub fn parse(file: &str, text: &str, collections: &[Arc<Collection>]) -> Result<Self, Mistakes> {
        let mistake = |line, what| Mistake { file: file.to_owned(), line, what };
        let mut layer: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| line_at(text, s.start));
            Mistakes(vec![mistake(line, e.message().replace('\n', ", "))])
        })?;
        if let Source::Features(name) = &layer.source {
            layer.collection = collections.iter().find(|c| *c.id == **name).cloned();
            if layer.collection.is_none() {
                let known: Vec<&str> = collections.iter().map(|c| &*c.id).collect();
                let known = known.join(", ");
                let what = format!("there is no collection {name:?}; there are {known}");
                return Err(Mistakes(vec![mistake(line_of(text, "source"), what)]));
            }
        }
        let problems = problems(&layer);
        if !problems.is_empty() {
            let all = problems.into_iter().map(|(path, what)| mistake(line_of(text, &path), what));
            return Err(Mistakes(all.collect()));
        }
        for v in layer.vector_layers.iter_mut().filter(|v| v.content == Content::Symbols) {
            v.fields.extend(row_fields().map(|(name, kind)| (name.to_owned(), kind)));
            for n in 1..=layer.top_categories {
                v.fields.insert(format!("top_{n}"), FieldType::String);
                v.fields.insert(format!("top_{n}_count"), FieldType::Number);
            }
        }
        Ok(layer)
    }

    /// The query restricted to the features that the layer shows.
    pub fn narrow<'a>(&self, asked: &'a Joint) -> Cow<'a, Joint> {
        let Some(c) = self.collection.as_ref().filter(|_| !self.only.is_empty()) else {
            return Cow::Borrowed(asked);
        };
        let mut own = asked.of(&c.id).cloned().unwrap_or_default();
        for (name, codes) in &self.only {
            if let Some(property) = c.position(name) {
                own = own.with_codes(property, codes);
            }
        }
        let mut narrowed = asked.clone();
        narrowed.features.retain(|(other, _)| other.id != c.id);
        narrowed.features.push((c.clone(), own));
        Cow::Owned(narrowed)
    }

    /// The id of the service's collection that it shows; `None` for a layer of aggregates, which
    /// shows no items.
    pub fn collection_id(&self) -> Option<&str> {
        if self.vector_layers.iter().all(|v| v.content == Content::Cells) {
            return None;
        }
        Some(match &self.source {
            Source::Reports => "reports",
            Source::Wards => "wards",
            Source::Features(name) => name,
        })
    }

    /// Whether its features have a beginning and an end in time.
    pub fn is_timed(&self) -> bool {
        self.collection.as_ref().is_some_and(|c| c.validity.is_some())
    }

    /// What it leaves out at which zoom, as a text; `None` if it shows everything.
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

    /// Whether the layer has content at a zoom.
    pub fn shows(&self, zoom: u8) -> bool {
        (self.minzoom..=self.maxzoom).contains(&zoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCIDENTS: &str = include_str!("../../../../tiles/layers/incidents.toml");

    #[test]
    fn the_declared_layers_are_right() {
        let l = Layer::parse("incidents.toml", INCIDENTS, &[]).unwrap();
        assert!(l.vector_layers[0].has("top_3_count") && !l.vector_layers[0].has("top_4"));
        Layer::parse("wards.toml", include_str!("../../../../tiles/layers/wards.toml"), &[]).unwrap();
    }

    #[test]
    fn every_mistake_has_its_line_and_says_what_would_be_right() {
        let bad = INCIDENTS
            .replace("maxzoom = 18", "maxzoom = 19")
            .replace("open = \"Number\"", "opened = \"Number\"")
            .replace("closed = \"Number\"", "closed = \"String\"")
            .replace("zoom = 14\nlayer = \"incidents\"", "zoom = 14\nlayer = \"incident\"");
        let line = |needle: &str| bad.lines().position(|l| l.starts_with(needle)).unwrap() + 1;
        let mistakes = Layer::parse("tiles/layers/x.toml", &bad, &[]).unwrap_err().0;
        let found: Vec<(usize, &str)> = mistakes.iter().map(|m| (m.line, m.what.as_str())).collect();
        let wanted = [
            (line("maxzoom"), "within 0..=18"),
            (line("closed ="), "incidents.closed must be \"Number\""),
            (line("opened"), "incidents.opened is unknown, did you mean open?"),
            (line("layer = \"incident\""), "did you mean incidents?"),
        ];
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        for ((line, what), (right_line, part)) in found.iter().zip(wanted) {
            assert_eq!(*line, right_line, "{what}");
            assert!(what.contains(part), "{what}");
        }
        let text = mistakes[0].to_string();
        assert!(text.starts_with(&format!("tiles/layers/x.toml:{}: ", line("maxzoom"))), "{text}");
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_line_wherever_it_stands() {
        for (bad, line, part) in [
            (format!("colour = 1\n{INCIDENTS}"), 1, "unknown field `colour`, expected one of `id`"),
            (INCIDENTS.replace("copies = 1234", "copy = 1234"), 31, "unknown field `copy`"),
            (
                INCIDENTS.replace("source = \"reports\"", "source = { features = \"trafic\" }"),
                5,
                "no collection",
            ),
            (INCIDENTS.replace("minzoom = 0", "minzoom = 300"), 6, "300"),
            (INCIDENTS.replace("minzoom = 0", "minzoom = "), 6, ""),
        ] {
            let mistakes = Layer::parse("x.toml", &bad, &[]).unwrap_err().0;
            assert_eq!(mistakes.len(), 1);
            assert_eq!(mistakes[0].line, line, "{}", mistakes[0]);
            assert!(mistakes[0].what.contains(part), "{}", mistakes[0]);
        }
    }
}
