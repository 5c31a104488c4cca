//! Tiles: symbols and ward shapes written as MVT. A tile without features has no bytes.
//! Not here: which symbols there are (cluster), simplifying and clipping (shapes), headers (http).

use super::cluster::{Cluster, Symbol, SymbolKind, symbols};
use super::index::Snapshot;
use super::layer::{Content, EXTENT, Layer, Source, TOP_LIMIT, VectorLayer};
use super::mvt::{LayerWriter, Tags};
use super::shapes::{Ward, WardShapes};
use crate::domain::view::MapRow;
use crate::domain::{Status, Vocabulary};
use crate::geo::TileId;
use crate::query::Filter;

/// Bits of the extent.
const EXTENT_BITS: u32 = EXTENT.trailing_zeros();

/// Everything tiles are made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The reports.
    pub snapshot: &'a Snapshot,
    /// The names of their codes; a code without a name is left out of the tags.
    pub words: &'a Vocabulary,
    /// The shapes of a generation, if one is loaded.
    pub wards: Option<&'a WardShapes>,
}

/// One layer's tile; empty outside its zooms. The filter is about reports only.
pub fn tile(sources: &Sources<'_>, layer: &Layer, filter: &Filter, id: TileId) -> Vec<u8> {
    if !layer.shows(id.z()) {
        return Vec::new();
    }
    match layer.source {
        Source::Reports => {
            let found = symbols(sources.snapshot, filter, id, layer.top_categories);
            layer.vector_layers.iter().flat_map(|v| symbol_layer(&found, v, sources.words, id)).collect()
        }
        Source::Wards => match sources.wards {
            None => Vec::new(),
            Some(w) => layer.vector_layers.iter().flat_map(|v| ward_layer(w, v, layer.buffer, id)).collect(),
        },
    }
}

fn symbol_layer(found: &[Symbol], v: &VectorLayer, words: &Vocabulary, id: TileId) -> Vec<u8> {
    if found.is_empty() {
        return Vec::new();
    }
    let has = Declared::of(v);
    let mut out = LayerWriter::new(&v.id);
    for s in found {
        let at = id.quantise(s.at, EXTENT_BITS);
        out = match &s.kind {
            SymbolKind::Row(row) => out.point(row.id, at, |t| row_tags(t, &has, row, words)),
            SymbolKind::Cluster(c) => out.point(c.id, at, |t| cluster_tags(t, &has, c, words)),
        };
    }
    out.finish()
}

/// Which attributes of symbols the layer declares, looked up once a tile.
#[expect(clippy::struct_excessive_bools, reason = "one for each attribute that may be declared")]
struct Declared {
    cluster: bool,
    cluster_id: bool,
    point_count: bool,
    abbreviated: bool,
    open: bool,
    closed: bool,
    category: bool,
    status: bool,
    state: bool,
    ward: bool,
    created: bool,
    updated: bool,
    /// Names of the fields of the most frequent categories and of their counts.
    top: Vec<(String, String)>,
}

impl Declared {
    fn of(v: &VectorLayer) -> Self {
        Self {
            cluster: v.has("cluster"),
            cluster_id: v.has("cluster_id"),
            point_count: v.has("point_count"),
            abbreviated: v.has("point_count_abbreviated"),
            open: v.has("open"),
            closed: v.has("closed"),
            category: v.has("category"),
            status: v.has("status"),
            state: v.has("state"),
            ward: v.has("ward"),
            created: v.has("created_at"),
            updated: v.has("updated_at"),
            top: (1..=TOP_LIMIT)
                .map(|n| (format!("top_{n}"), format!("top_{n}_count")))
                .take_while(|(t, _)| v.has(t))
                .collect(),
        }
    }
}

fn row_tags(t: &mut Tags, has: &Declared, row: &MapRow, words: &Vocabulary) {
    if let Some(code) = words.categories.get(usize::from(row.category)).filter(|_| has.category) {
        t.text("category", code);
    }
    if has.status {
        t.text("status", row.state.status().name());
    }
    if has.state {
        t.text("state", row.state.name());
    }
    if let Some(ward) = words.wards.get(usize::from(row.ward)).filter(|_| has.ward) {
        t.text("ward", &ward.to_string());
    }
    if has.created {
        t.text("created_at", &row.created.to_string());
    }
    if has.updated {
        t.text("updated_at", &row.updated.to_string());
    }
}

fn cluster_tags(t: &mut Tags, has: &Declared, c: &Cluster, words: &Vocabulary) {
    if has.cluster {
        t.flag("cluster", true);
    }
    if has.cluster_id {
        t.number("cluster_id", c.id);
    }
    if has.point_count {
        t.number("point_count", c.count);
    }
    if has.abbreviated {
        t.text("point_count_abbreviated", &abbreviated(c.count));
    }
    if has.open {
        t.number("open", c.with_status(Status::Open).into());
    }
    if has.closed {
        t.number("closed", c.with_status(Status::Closed).into());
    }
    for ((field, count_field), &(category, count)) in has.top.iter().zip(&c.top) {
        if let Some(code) = words.categories.get(usize::from(category)) {
            t.text(field, code);
            t.number(count_field, count.into());
        }
    }
    if has.updated {
        t.text("updated_at", &c.latest.to_string());
    }
}

/// A count as supercluster abbreviates it: 950, 1.2k, 12k.
fn abbreviated(n: u64) -> String {
    match n {
        0..1000 => n.to_string(),
        1000..10_000 => {
            let tenths = (n + 50) / 100;
            if tenths.is_multiple_of(10) {
                format!("{}k", tenths / 10)
            } else {
                format!("{}.{}k", tenths / 10, tenths % 10)
            }
        }
        _ => format!("{}k", (n + 500) / 1000),
    }
}

fn ward_layer(shapes: &WardShapes, v: &VectorLayer, buffer: u32, id: TileId) -> Vec<u8> {
    let mut out = LayerWriter::new(&v.id);
    let tags = |t: &mut Tags, w: &Ward| {
        for (field, text) in [("ward", &w.canonical), ("code", &w.code), ("name", &w.name)] {
            if v.has(field) {
                t.text(field, text);
            }
        }
        if v.has("generation") {
            t.text("generation", shapes.generation());
        }
        if v.has("approximate") {
            t.flag("approximate", shapes.approximate());
        }
    };
    for w in shapes.wards() {
        if v.content == Content::Labels {
            if TileId::holding(w.label, id.z()) == Ok(id) {
                out = out.point(w.id, id.quantise(w.label, EXTENT_BITS), |t| tags(t, w));
            }
            continue;
        }
        let rings = shapes.rings(w, id, buffer);
        if !rings.is_empty() {
            out = out.polygon(w.id, &rings, |t| tags(t, w));
        }
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::view::NO_WARD;
    use crate::domain::{Instant, State, WardId};
    use crate::geo::{LonLat, Mercator};
    use crate::map::mvt::{Value, decode};

    fn run_examples(file: &str, text: &str) -> usize {
        let layer = Layer::parse(file, text).unwrap();
        for e in &layer.example {
            let point = LonLat::new(e.row.point[0], e.row.point[1]).unwrap();
            let row = MapRow {
                seq: 0,
                id: e.row.id,
                point: Some(point),
                category: 0,
                state: State::from_name(&e.row.state).unwrap(),
                ward: if e.row.ward.is_some() { 0 } else { NO_WARD },
                created: Instant::parse(&e.row.created_at).unwrap(),
                updated: Instant::parse(&e.row.updated_at).unwrap(),
            };
            let rows =
                (0..e.row.copies).map(|i| MapRow { seq: i, id: row.id + u64::from(i), ..row }).collect();
            let snapshot = Snapshot::from_rows(rows, 0);
            let ward = e.row.ward.as_deref().and_then(|w| w.split_once('.'));
            let words = Vocabulary {
                categories: vec![e.row.category.as_str().into()],
                wards: ward.iter().map(|(generation, code)| WardId::new(generation, code)).collect(),
                active: "2025-07-01".into(),
            };
            let id = TileId::holding(Mercator::from_lonlat(point), e.zoom).unwrap();
            let bytes = tile(
                &Sources { snapshot: &snapshot, words: &words, wards: None },
                &layer,
                &Filter::default(),
                id,
            );
            let decoded = decode(&bytes).unwrap();
            let found = decoded.iter().find(|l| l.name == e.layer).unwrap();
            assert_eq!((found.version, found.extent), (2, 4096));
            let [feature] = &found.features[..] else { panic!("{found:?}") };
            let mut tags = feature.tags.clone();
            assert_eq!(
                tags.remove("cluster_id").unwrap_or(Value::Number(row.id as f64)),
                Value::Number(feature.id as f64)
            );
            let want: BTreeMap<String, Value> = e
                .tags
                .iter()
                .map(|(k, v)| {
                    let value = match v {
                        toml::Value::String(s) => Value::Text(s.clone()),
                        toml::Value::Integer(i) => Value::Number(*i as f64),
                        toml::Value::Boolean(b) => Value::Flag(*b),
                        other => panic!("no tag has the type of {other}"),
                    };
                    (k.clone(), value)
                })
                .collect();
            assert_eq!(tags, want, "{file} at zoom {}", e.zoom);
            let declared = &layer.vector_layers.iter().find(|v| v.id == e.layer).unwrap().fields;
            assert!(feature.tags.keys().all(|k| declared.contains_key(k)));
        }
        layer.example.len()
    }

    #[test]
    fn the_examples_of_the_layers_hold() {
        assert_eq!(run_examples("incidents.toml", include_str!("../../tiles/layers/incidents.toml")), 2);
    }

    #[test]
    fn counts_are_abbreviated_as_supercluster_does() {
        for (n, text) in [
            (2, "2"),
            (999, "999"),
            (1000, "1k"),
            (1249, "1.2k"),
            (9960, "10k"),
            (9940, "9.9k"),
            (12_500, "13k"),
        ] {
            assert_eq!(abbreviated(n), text);
        }
    }

    #[test]
    fn a_tile_without_rows_has_no_bytes() {
        let layer =
            Layer::parse("incidents.toml", include_str!("../../tiles/layers/incidents.toml")).unwrap();
        let snapshot = Snapshot::from_rows(Vec::new(), 0);
        let sources = Sources { snapshot: &snapshot, words: &Vocabulary::default(), wards: None };
        assert!(tile(&sources, &layer, &Filter::default(), TileId::new(3, 1, 1).unwrap()).is_empty());
    }
}
