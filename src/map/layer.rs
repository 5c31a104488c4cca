//! A layer, declared once in a file of `tiles/layers/`: source, zooms, fields, examples.
//! The text is passed in; nothing is read here. The examples run as tests (`tile`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cluster::MAX_ZOOM;

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
    /// How many categories a cluster names, 0..=8.
    #[serde(default)]
    pub top_categories: usize,
    /// What stands in the tile, in this order.
    pub vector_layers: Vec<VectorLayer>,
    /// Rows and what becomes of them.
    #[serde(default)]
    pub example: Vec<Example>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Reports of the live index, clustered.
    Reports,
    /// Wards of a generation.
    Wards,
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
}

/// The type of a field as `TileJSON` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum FieldType {
    /// An integer.
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
    /// The report.
    pub row: ExampleRow,
    /// The zoom of the tile.
    pub zoom: u8,
    /// The layer inside the tile.
    pub layer: String,
    /// Exactly the tags expected, except `cluster_id`, which follows from the place.
    pub tags: toml::Table,
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

/// The attributes the encoders know, per content.
const fn known(content: Content) -> &'static [(&'static str, FieldType)] {
    use FieldType::{Boolean, Number, String};
    match content {
        Content::Symbols => &[
            ("cluster", Boolean),
            ("cluster_id", Number),
            ("point_count", Number),
            ("point_count_abbreviated", String),
            ("open", Number),
            ("closed", Number),
            ("category", String),
            ("status", String),
            ("state", String),
            ("ward", String),
            ("created_at", String),
            ("updated_at", String),
        ],
        Content::Areas | Content::Labels => &[
            ("ward", String),
            ("code", String),
            ("name", String),
            ("generation", String),
            ("approximate", Boolean),
        ],
    }
}

impl VectorLayer {
    /// Whether an attribute is declared, and so written.
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

impl Layer {
    /// Reads one declaration; `file` only names it in errors. The fields that follow from
    /// `top_categories` are added.
    ///
    /// # Errors
    /// When the text is not such a declaration, names the file and what would be right.
    pub fn parse(file: &str, text: &str) -> Result<Self, LayerError> {
        let fail = |problem: String| LayerError { file: file.to_owned(), problem };
        let mut layer: Self = toml::from_str(text).map_err(|e| fail(e.to_string()))?;
        let problems = layer.problems();
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

    /// Whether a zoom has content.
    pub fn shows(&self, zoom: u8) -> bool {
        (self.minzoom..=self.maxzoom).contains(&zoom)
    }

    fn problems(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut need = |ok: bool, problem: String| {
            if !ok {
                out.push(problem);
            }
        };
        let plain = |s: &str| {
            !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        need(
            self.minzoom <= self.maxzoom && self.maxzoom <= MAX_ZOOM,
            format!("zooms {}..={} must ascend within 0..={MAX_ZOOM}", self.minzoom, self.maxzoom),
        );
        need(self.extent == EXTENT, format!("extent is {}, it must be {EXTENT}", self.extent));
        need(self.buffer <= EXTENT / 4, format!("buffer is {}, it may be 0..={}", self.buffer, EXTENT / 4));
        need(
            self.top_categories <= TOP_LIMIT,
            format!("top_categories is {}, it may be 0..={TOP_LIMIT}", self.top_categories),
        );
        need(!self.vector_layers.is_empty(), "vector_layers is empty, name at least one".to_owned());
        need(plain(&self.id), format!("id {:?} must be of a-z, 0-9 and _", self.id));
        for v in &self.vector_layers {
            need(plain(&v.id), format!("vector layer id {:?} must be of a-z, 0-9 and _", v.id));
            let fits = (self.source == Source::Reports) == (v.content == Content::Symbols);
            need(
                fits,
                format!(
                    "{}: source reports holds content \"symbols\", source wards \"areas\" or \"labels\"",
                    v.id
                ),
            );
            for (field, kind) in &v.fields {
                if let Some((_, right)) = known(v.content).iter().find(|(name, _)| name == field) {
                    need(kind == right, format!("{}.{field} must be {:?}", v.id, right.name()));
                } else {
                    let names: Vec<_> = known(v.content).iter().map(|k| k.0).collect();
                    need(false, format!("{}.{field} is unknown, known are {}", v.id, names.join(", ")));
                }
            }
        }
        for e in &self.example {
            let there = self.vector_layers.iter().any(|v| v.id == e.layer);
            need(there, format!("an example expects the layer {:?}, which is not in vector_layers", e.layer));
            need(
                self.shows(e.zoom),
                format!("an example expects zoom {}, outside the layer's zooms", e.zoom),
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCIDENTS: &str = include_str!("../../tiles/layers/incidents.toml");

    #[test]
    fn the_declared_layers_are_right() {
        let l = Layer::parse("incidents.toml", INCIDENTS).unwrap();
        assert!(l.vector_layers[0].has("top_3_count") && !l.vector_layers[0].has("top_4"));
        Layer::parse("wards.toml", include_str!("../../tiles/layers/wards.toml")).unwrap();
    }

    #[test]
    fn errors_name_the_file_and_what_would_be_right() {
        let bad = INCIDENTS
            .replace("maxzoom = 18", "maxzoom = 19")
            .replace("open = \"Number\"", "opened = \"Number\"")
            .replace("ward = \"String\"", "ward = \"Number\"");
        let text = Layer::parse("incidents.toml", &bad).unwrap_err().to_string();
        for part in [
            "incidents.toml: ",
            "within 0..=18",
            "incidents.opened is unknown",
            "incidents.ward must be \"String\"",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let unknown = Layer::parse("x.toml", &format!("colour = 1\n{INCIDENTS}")).unwrap_err().to_string();
        assert!(unknown.contains("colour"), "{unknown}");
    }
}
