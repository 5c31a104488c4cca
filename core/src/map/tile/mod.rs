//! Tiles: symbols, ward shapes and features written as MVT. A tile without content has no bytes.
//! Not here: which symbols there are (cluster), simplifying and clipping (shapes), headers (http).

pub(in crate::map) mod figures;
pub(in crate::map) mod mvt;
pub(in crate::map) mod occupied;
pub(in crate::map) mod tilejson;
pub(in crate::map) mod viewport;

use crate::domain::field::{Field, Shown, TABLE};
use crate::domain::view::MapRow;
use crate::domain::{CodeBook, Instant, Status};
use crate::geo::TileId;
use crate::map::cluster::heat::{Cell, cells};
use crate::map::cluster::{Cluster, Symbol, SymbolKind, symbols};
use crate::map::index::Snapshot;
use crate::map::index::live::View;
use crate::map::layer::{Content, Layer, Source, TOP_LIMIT, VectorLayer};
use crate::map::shape::features::FeatureSets;
use crate::map::shape::features::draw::draw;
use crate::map::shape::ring::frame::{EXTENT_BITS, Frame};
use crate::map::shape::wards::{Ward, WardShapes};
use crate::map::tile::mvt::{LayerWriter, Tags};
use crate::query::{FeatureFilter, Joint};

/// Everything tiles are made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The reports.
    pub snapshot: &'a Snapshot,
    /// The names of their codes; a code without a name is left out of the tags.
    pub codebook: &'a CodeBook,
    /// The shapes of a generation, if one is loaded.
    pub wards: Option<&'a WardShapes>,
    /// The features of the city's collections.
    pub features: &'a FeatureSets,
    /// The moment at which features are valid or not.
    pub now: Instant,
}

impl<'a> Sources<'a> {
    /// All of a view, at a moment.
    pub fn of(view: &'a View, now: Instant) -> Self {
        Self {
            snapshot: &view.snapshot,
            codebook: &view.codebook,
            wards: Some(&view.shapes),
            features: &view.features,
            now,
        }
    }
}

/// One layer's tile; empty outside its zooms. Of the filters it takes its own.
pub fn tile(sources: &Sources<'_>, layer: &Layer, filters: &Joint, id: TileId) -> Vec<u8> {
    if !layer.shows(id.z()) {
        return Vec::new();
    }
    let filters = layer.narrow(filters);
    match &layer.source {
        Source::Reports => {
            let (rows, filter) = (sources.snapshot, &filters.reports);
            let write = |v: &VectorLayer| match v.content {
                Content::Cells => cell_layer(&cells(rows, filter, id), v, id),
                _ => symbol_layer(&symbols(rows, filter, id, layer.top_categories), v, sources.codebook, id),
            };
            layer.vector_layers.iter().map(write).collect::<Vec<_>>().concat()
        }
        Source::Wards => match sources.wards {
            None => Vec::new(),
            Some(w) => {
                let write = |v| ward_layer(w, v, layer.buffer, id);
                layer.vector_layers.iter().map(write).collect::<Vec<_>>().concat()
            }
        },
        Source::Features(name) => match sources.features.get(name) {
            None => Vec::new(),
            Some(set) => {
                let all = FeatureFilter::default();
                draw(set, layer, filters.of(name).unwrap_or(&all), sources.now, id)
            }
        },
    }
}

fn symbol_layer(found: &[Symbol], v: &VectorLayer, codebook: &CodeBook, id: TileId) -> Vec<u8> {
    if found.is_empty() {
        return Vec::new();
    }
    let has = Declared::of(v);
    let mut out = LayerWriter::new(&v.id);
    for s in found {
        let at = id.quantise(s.at, EXTENT_BITS);
        out = match &s.kind {
            SymbolKind::Row(row) => out.point(row.id, at, |t| row_tags(t, &has, row, codebook)),
            SymbolKind::Cluster(c) => out.point(c.id, at, |t| cluster_tags(t, &has, c, codebook)),
        };
    }
    out.finish()
}

fn cell_layer(found: &[Cell], v: &VectorLayer, id: TileId) -> Vec<u8> {
    let names: Vec<&str> = ["weight", "point_count"].into_iter().filter(|n| v.has(n)).collect();
    let mut out = LayerWriter::new(&v.id);
    for c in found {
        out = out.point(c.id, id.quantise(c.at, EXTENT_BITS), |t| {
            names.iter().for_each(|name| t.number(name, c.weight));
        });
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
    updated: bool,
    /// The fields of a report.
    fields: Vec<&'static Field>,
    /// How many of the most frequent categories.
    top: usize,
}

/// Names of the fields of the most frequent categories and of their counts.
const TOP: [(&str, &str); TOP_LIMIT] = [
    ("top_1", "top_1_count"),
    ("top_2", "top_2_count"),
    ("top_3", "top_3_count"),
    ("top_4", "top_4_count"),
    ("top_5", "top_5_count"),
    ("top_6", "top_6_count"),
    ("top_7", "top_7_count"),
    ("top_8", "top_8_count"),
];

impl Declared {
    fn of(v: &VectorLayer) -> Self {
        Self {
            cluster: v.has("cluster"),
            cluster_id: v.has("cluster_id"),
            point_count: v.has("point_count"),
            abbreviated: v.has("point_count_abbreviated"),
            open: v.has("open"),
            closed: v.has("closed"),
            updated: v.has("updated_at"),
            fields: TABLE.iter().filter(|f| f.in_tiles && v.has(f.name)).collect(),
            top: TOP.iter().take_while(|(field, _)| v.has(field)).count(),
        }
    }
}

fn row_tags(t: &mut Tags, has: &Declared, row: &MapRow, codebook: &CodeBook) {
    for field in &has.fields {
        match row.shown(field, codebook) {
            Some(Shown::Text(text)) => t.text(field.name, text),
            Some(Shown::Ward(ward)) => t.shown(field.name, ward),
            Some(Shown::Body(body)) => t.text(field.name, body.as_str()),
            Some(Shown::Integer(n)) => t.number(field.name, n),
            Some(Shown::Instant(at)) => t.shown(field.name, at),
            None => {}
        }
    }
}

fn cluster_tags(t: &mut Tags, has: &Declared, c: &Cluster, codebook: &CodeBook) {
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
    for ((field, count_field), &(category, count)) in TOP[..has.top].iter().zip(&c.top) {
        if let Some(code) = codebook.categories.get(usize::from(category)) {
            t.text(field, code);
            t.number(count_field, count.into());
        }
    }
    if has.updated {
        t.shown("updated_at", c.latest);
    }
}

/// A count as supercluster abbreviates it: 950, 1.2k, 12k.
pub fn abbreviated(n: u64) -> String {
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
        let rings = shapes.rings(w, &Frame::new(id, buffer));
        if !rings.is_empty() {
            out = out.polygon(w.id, &rings, |t| tags(t, w));
        }
    }
    out.finish()
}

#[cfg(test)]
#[path = "tile_tests.rs"]
mod tests;
