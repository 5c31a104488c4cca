//! Several layers as one tile set, and the documents that describe it: `TileJSON` 3.0.0 and the
//! `metadata.json` that tile archives carry.
//! Not here: addresses (passed in), HTTP (http).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::{CodeBook, Collection, Instant, Violation};
use crate::geo::{Bbox, LonLat, TileId};
use crate::map::layer::{Layer, Source, VectorLayer};
use crate::map::shape::features::FeatureSets;
use crate::map::tile::{Sources, tile};
use crate::query::{AT, Joint};

/// Layers that are asked for together; never empty.
#[derive(Clone, Debug)]
pub struct Tileset<'a> {
    layers: Vec<&'a Layer>,
}

/// Why a list of layers is no tile set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TilesetError {
    /// No layer of that name.
    #[error("there is no layer {name:?}; there are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A layer named twice.
    #[error("layer {0:?} is named twice")]
    Twice(String),
}

impl<'a> Tileset<'a> {
    /// The layers of a comma list, in the order given.
    ///
    /// # Errors
    /// When a name is unknown or comes twice; an empty name is unknown.
    pub fn named(all: &'a [Layer], list: &str) -> Result<Self, TilesetError> {
        let mut layers: Vec<&Layer> = Vec::new();
        for name in list.split(',') {
            let found = all.iter().find(|l| l.id == name).ok_or_else(|| TilesetError::Unknown {
                name: name.to_owned(),
                known: all.iter().map(|l| l.id.as_str()).collect::<Vec<_>>().join(", "),
            })?;
            if layers.iter().any(|l| l.id == found.id) {
                return Err(TilesetError::Twice(name.to_owned()));
            }
            layers.push(found);
        }
        Ok(Self { layers })
    }

    /// The layers in the order given.
    pub fn layers(&self) -> &[&'a Layer] {
        &self.layers
    }

    /// The canonical comma list.
    pub fn id(&self) -> String {
        self.layers.iter().map(|l| l.id.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The smallest of the layers' first zooms.
    pub fn minzoom(&self) -> u8 {
        self.layers.iter().map(|l| l.minzoom).min().unwrap_or(0)
    }

    /// The largest of the layers' last zooms; a tile beyond it does not exist.
    pub fn maxzoom(&self) -> u8 {
        self.layers.iter().map(|l| l.maxzoom).max().unwrap_or(0)
    }

    /// The tile of all layers, one after the other; no bytes if all are empty.
    pub fn tile(&self, sources: &Sources<'_>, filters: &Joint, id: TileId) -> Vec<u8> {
        self.layers.iter().map(|l| tile(sources, l, filters, id)).collect::<Vec<_>>().concat()
    }

    /// The `TileJSON` document. `template` is the absolute address with `{z}`, `{x}` and `{y}`;
    /// `center` must lie in `bounds`; `zoom` is clamped into the set's zooms.
    pub fn tilejson(&self, template: &str, bounds: Bbox, center: LonLat, zoom: u8) -> Value {
        let mut doc = json!({
            "tilejson": "3.0.0",
            "name": self.title(),
            "tiles": [template],
            "scheme": "xyz",
            "minzoom": self.minzoom(),
            "maxzoom": self.maxzoom(),
            "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
            "center": [center.lon(), center.lat(), zoom.clamp(self.minzoom(), self.maxzoom())],
            "vector_layers": self.vector_layers(),
        });
        if let Some(attribution) = self.attribution() {
            doc["attribution"] = attribution.into();
        }
        doc
    }

    /// What is asked of each layer, read from the parameters of a query.
    ///
    /// # Errors
    /// All faults, each with its parameter's name.
    pub fn filters(
        &self,
        pairs: &[(String, String)],
        codebook: &CodeBook,
        now: Instant,
    ) -> Result<Joint, Vec<Violation>> {
        let reports = self.layers.iter().any(|l| l.source == Source::Reports);
        let mut collections: Vec<Arc<Collection>> = Vec::new();
        for c in self.layers.iter().filter_map(|l| l.collection.as_ref()) {
            if collections.iter().all(|known| known.id != c.id) {
                collections.push(c.clone());
            }
        }
        if self.layers.iter().all(|l| l.source != Source::Wards) {
            return Joint::parse(pairs, reports, &collections, codebook, now);
        }
        let (at, others): (Vec<_>, Vec<_>) = pairs.iter().cloned().partition(|(name, _)| name == AT);
        let joint = Joint::parse(&others, reports, &collections, codebook, now);
        let generation = match &at[..] {
            [] => Ok(None),
            [(_, day)] => codebook.generation_at(day).map(Some),
            _ => Err("must come once".to_owned()),
        };
        match (joint, generation) {
            (Ok(mut joint), Ok(generation)) => {
                joint.generation = generation;
                Ok(joint)
            }
            (joint, generation) => {
                let fault = generation.err().map(|detail| Violation::new(AT, detail));
                Err(joint.err().into_iter().flatten().chain(fault).collect())
            }
        }
    }

    /// Whose data it is, each said once; nothing where no layer says so.
    pub fn attribution(&self) -> Option<String> {
        said_once(self.layers.iter().filter_map(|l| l.attribution.as_deref()))
    }

    /// Under which licences it may be used, each said once; nothing where no layer says so.
    pub fn licence(&self) -> Option<String> {
        said_once(self.layers.iter().filter_map(|l| l.licence.as_deref()))
    }

    /// The moment on which its tiles depend: the latest onset or expiry not after now, of layers that
    /// begin and end with time; nothing for others.
    pub fn as_of(&self, features: &FeatureSets, now: Instant) -> Option<Instant> {
        self.layers.iter().filter_map(|l| features.get(l.collection_id()?)).map(|set| set.as_of(now)).max()
    }

    /// The `metadata.json` document, with texts where tile archives have texts.
    pub fn metadata(&self, bounds: Bbox, center: LonLat, zoom: u8) -> Value {
        let zoom = zoom.clamp(self.minzoom(), self.maxzoom());
        json!({
            "name": self.title(),
            "format": "pbf",
            "type": "overlay",
            "minzoom": self.minzoom(),
            "maxzoom": self.maxzoom(),
            "bounds": format!("{},{},{},{}", bounds.west, bounds.south, bounds.east, bounds.north),
            "center": format!("{center},{zoom}"),
            "json": json!({ "vector_layers": self.vector_layers() }).to_string(),
        })
    }

    /// Its name for people, Vietnamese.
    pub fn title(&self) -> String {
        self.layers.iter().map(|l| l.title.vi.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What stands in its tiles, as `TileJSON` 3.0 lists it.
    pub fn vector_layers(&self) -> Vec<Value> {
        let describe = |l: &Layer, v: &VectorLayer| {
            let fields: serde_json::Map<String, Value> =
                v.fields.iter().map(|(name, kind)| (name.clone(), kind.name().into())).collect();
            let mut description = format!("{} / {}", l.title.vi, l.title.en);
            if let Some(rule) = l.thinning() {
                description = format!("{description} ({rule})");
            }
            json!({
                "id": v.id,
                "description": description,
                "minzoom": l.minzoom,
                "maxzoom": l.maxzoom,
                "fields": fields,
            })
        };
        self.layers.iter().flat_map(|l| l.vector_layers.iter().map(|v| describe(l, v))).collect()
    }
}

fn said_once<'t>(texts: impl Iterator<Item = &'t str>) -> Option<String> {
    let mut all: Vec<&str> = Vec::new();
    for t in texts {
        if !all.contains(&t) {
            all.push(t);
        }
    }
    (!all.is_empty()).then(|| all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::view::MapRow;
    use crate::geo::Mercator;
    use crate::map::Snapshot;
    use crate::map::testing::layers;
    use crate::map::tile::mvt::decode;

    #[test]
    fn documents_name_every_vector_layer_once() {
        let all = layers();
        let set = Tileset::named(&all, "incidents,wards").unwrap();
        let bounds = Bbox::new(106.3, 10.3, 107.6, 11.5).unwrap();
        let center = LonLat::new(106.7, 10.8).unwrap();
        let doc = set.tilejson("https://x.vn/tiles/incidents,wards/{z}/{x}/{y}.mvt", bounds, center, 40);
        let ids: Vec<_> = doc["vector_layers"].as_array().unwrap().iter().map(|l| l["id"].clone()).collect();
        assert_eq!(ids, ["incidents", "wards", "ward_labels"]);
        assert_eq!(
            (&doc["minzoom"], &doc["maxzoom"], &doc["center"][2]),
            (&json!(0), &json!(18), &json!(18))
        );
        assert_eq!(doc["vector_layers"][0]["fields"]["top_2_count"], "Number");
        let meta = set.metadata(bounds, center, 10);
        let inner: Value = serde_json::from_str(meta["json"].as_str().unwrap()).unwrap();
        assert_eq!(inner["vector_layers"], doc["vector_layers"]);
    }

    #[test]
    fn wrong_lists_say_what_there_is() {
        let all = layers();
        let text = |list: &str| Tileset::named(&all, list).unwrap_err().to_string();
        assert_eq!(text("incidents,ward"), "there is no layer \"ward\"; there are incidents, wards");
        assert_eq!(text("wards,wards"), "layer \"wards\" is named twice");
        assert!(Tileset::named(&all, "").is_err());
    }

    #[test]
    fn layers_of_a_set_stand_one_after_the_other() {
        let all = layers();
        let point = LonLat::new(106.7, 10.77).unwrap();
        let now = Instant::from_ms(0);
        let row = MapRow::new(1, 9, Some(point));
        let s = Snapshot::from_rows(vec![row], 0);
        let id = TileId::holding(Mercator::from_lonlat(point), 12).unwrap();
        let set = Tileset::named(&all, "wards,incidents").unwrap();
        let decoded = decode(&set.tile(
            &Sources {
                snapshot: &s,
                codebook: &CodeBook::default(),
                wards: None,
                features: &FeatureSets::default(),
                now,
            },
            &Joint::default(),
            id,
        ))
        .unwrap();
        assert_eq!(decoded.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["incidents"]);
    }
}
