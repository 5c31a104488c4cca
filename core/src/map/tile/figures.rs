//! What the layers of a map show on a piece of ground, as figures in pixels: the same shapes, names
//! and symbols as in tiles, cut once for the whole picture instead of tile by tile.
//! Not here: how they look (raster).

use crate::domain::{Collection, Feature};
use crate::geo::Mercator;
use crate::map::cluster::heat::cells;
use crate::map::cluster::{SymbolKind, symbols};
use crate::map::layer::{Content, Layer, Source};
use crate::map::shape::features::FeatureSet;
use crate::map::shape::features::draw::Shown;
use crate::map::shape::wards::WardShapes;
use crate::map::tile::Sources;
use crate::map::tile::viewport::{Pixel, Viewport};
use crate::query::{FeatureFilter, Joint};

/// How far outside the picture a figure may stand of which it still shows something.
const MARGIN_PX: f32 = 40.0;

/// A path or an open ring.
pub type Path = Vec<Pixel>;

/// What a figure is drawn of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Subject<'a> {
    /// A ward.
    Ward {
        /// Its number.
        id: u64,
        /// Its name.
        name: &'a str,
        /// Its name where wards are small.
        short_name: &'a str,
    },
    /// A feature of a collection.
    Feature(&'a Collection, &'a Feature),
}

/// Something to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure<'a> {
    /// An area; what an odd number of its rings goes around is inside.
    Area(Subject<'a>, Vec<Path>),
    /// A way.
    Line(Subject<'a>, Vec<Path>),
    /// The place of an area's name.
    Label(Subject<'a>, Pixel),
    /// A place.
    Point(Subject<'a>, Pixel),
    /// A report or a cluster.
    Symbol(SymbolKind, Pixel),
    /// So many reports near a place.
    Cell(u64, Pixel),
}

/// The figures of one layer; `scale` is the number of pixels of the screen to one of the viewport.
/// Nearer than the layer's last zoom that one is shown, farther than its first nothing is.
pub fn figures<'a>(
    sources: &Sources<'a>,
    layer: &Layer,
    filters: &Joint,
    viewport: &Viewport,
    scale: u32,
) -> Vec<Figure<'a>> {
    let zoom = viewport.tile_zoom().min(layer.maxzoom);
    if !layer.shows(zoom) {
        return Vec::new();
    }
    let filters = &*layer.narrow(filters);
    let kinds = layer.vector_layers.iter().map(|v| v.content);
    match &layer.source {
        Source::Reports => kinds.flat_map(|kind| reports(sources, kind, zoom, filters, viewport)).collect(),
        Source::Wards => match sources.wards {
            None => Vec::new(),
            Some(wards) => kinds.flat_map(|kind| of_wards(wards, kind, viewport, scale)).collect(),
        },
        Source::Features(name) => match sources.features.get(name) {
            None => Vec::new(),
            Some(set) => {
                let all = FeatureFilter::default();
                let shown = Shown::new(set, layer, filters.of(name).unwrap_or(&all), sources.now, zoom);
                kinds.flat_map(|kind| of_features(set, &shown, kind, zoom, viewport, scale)).collect()
            }
        },
    }
}

fn reports<'a>(
    sources: &Sources<'_>,
    kind: Content,
    zoom: u8,
    filters: &Joint,
    viewport: &Viewport,
) -> Vec<Figure<'a>> {
    let filter = &filters.reports;
    let mut out = Vec::new();
    for tile in viewport.tiles(zoom, f64::from(MARGIN_PX)) {
        let near = |at: Mercator| Some(viewport.pixel(at)).filter(|p| viewport.holds(*p, MARGIN_PX));
        if kind == Content::Cells {
            let found = cells(sources.snapshot, filter, tile);
            out.extend(found.iter().filter_map(|c| Some(Figure::Cell(c.weight, near(c.at)?))));
        } else {
            let found = symbols(sources.snapshot, filter, tile, 0).into_iter();
            out.extend(found.filter_map(|s| Some(Figure::Symbol(s.kind, near(s.at)?))));
        }
    }
    out
}

fn of_wards<'a>(wards: &'a WardShapes, kind: Content, viewport: &Viewport, scale: u32) -> Vec<Figure<'a>> {
    let (frame, place) = viewport.frame(scale, f64::from(MARGIN_PX));
    let mut out = Vec::new();
    for w in wards.wards() {
        let subject = Subject::Ward { id: w.id, name: &w.name, short_name: &w.short_name };
        if kind == Content::Labels {
            let at = viewport.pixel(w.label);
            out.extend(viewport.holds(at, 0.0).then_some(Figure::Label(subject, at)));
        } else {
            let rings = wards.rings(w, &frame);
            out.extend((!rings.is_empty()).then(|| Figure::Area(subject, placed(&rings, &place))));
        }
    }
    out
}

fn of_features<'a>(
    set: &'a FeatureSet,
    shown: &Shown<'a, '_>,
    kind: Content,
    zoom: u8,
    viewport: &Viewport,
    scale: u32,
) -> Vec<Figure<'a>> {
    let subject = |f: &'a Feature| Subject::Feature(set.collection(), f);
    let pixel = |(x, y): (u32, u32)| viewport.pixel(Mercator { x, y });
    let mut out = Vec::new();
    if kind == Content::Points {
        for tile in viewport.tiles(zoom, f64::from(MARGIN_PX)) {
            for (f, points) in shown.points(tile) {
                let near = points.into_iter().map(pixel).filter(|p| viewport.holds(*p, MARGIN_PX));
                out.extend(near.map(|at| Figure::Point(subject(f), at)));
            }
        }
        return out;
    }
    let (frame, place) = viewport.frame(scale, f64::from(MARGIN_PX));
    for (row, drawn) in shown.shapes(&frame) {
        let f: &Feature = &set.rows()[row];
        if kind == Content::Labels {
            let at = drawn.label().map(pixel).filter(|p| viewport.holds(*p, 0.0));
            out.extend(at.map(|at| Figure::Label(subject(f), at)));
            continue;
        }
        let (paths, figure): (_, fn(_, _) -> _) = match kind {
            Content::Lines => (drawn.paths(&frame), Figure::Line),
            _ => (set.rings(row, &frame), Figure::Area),
        };
        out.extend((!paths.is_empty()).then(|| figure(subject(f), placed(&paths, &place))));
    }
    out
}

fn placed(paths: &[Vec<(i32, i32)>], place: impl Fn((i32, i32)) -> Pixel) -> Vec<Path> {
    paths.iter().map(|path| path.iter().map(|p| place(*p)).collect()).collect()
}
