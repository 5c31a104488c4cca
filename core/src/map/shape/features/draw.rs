//! Writes the features of a collection into a tile. A feature is shown if it is valid at the given
//! instant, unless the filter itself has a condition on time (`active`, `datetime`). Not here:
//! reports and wards (tile), points that are too close together (thin).

use std::collections::HashSet;

use crate::domain::field::Value;
use crate::domain::{Collection, Feature, Instant};
use crate::geo::{Bbox, Mercator, TileId};
use crate::map::layer::layer_check::OF_FEATURES;
use crate::map::layer::{Content, Layer, VectorLayer};
use crate::map::shape::features::FeatureSet;
use crate::map::shape::features::appears::Bound;
use crate::map::shape::features::drawn::Drawn;
use crate::map::shape::features::thin::{Spot, reach, thin};
use crate::map::shape::ring::frame::{Bounds, Frame, Point};
use crate::map::tile::mvt::{LayerWriter, Tags};
use crate::query::{FeatureFilter, Joint};

/// Number of bits of a tile's width in pixels.
const PIXEL_BITS: u32 = 9;

/// Encodes one layer of features, one vector layer after the other.
pub(in crate::map) fn draw(
    set: &FeatureSet,
    layer: &Layer,
    filter: &FeatureFilter,
    now: Instant,
    id: TileId,
) -> Vec<u8> {
    let shown = Shown::new(set, layer, filter, now, id.z());
    layer.vector_layers.iter().map(|v| shown.write(v, id)).collect::<Vec<_>>().concat()
}

/// The shapes of the features that match the filter, at any zoom.
pub(in crate::map) fn filtered<'a>(
    set: &'a FeatureSet,
    filters: &Joint,
    now: Instant,
) -> impl Iterator<Item = &'a Drawn> {
    let filter = filters.of(&set.collection().id).cloned().unwrap_or_default();
    let as_of = set.as_of(now);
    let rows = set.rows().iter().enumerate().filter(move |(_, f)| filter.shows(f, as_of));
    rows.map(|(row, _)| set.drawn(row))
}

/// The features of a layer that are shown at a zoom and an instant.
pub(in crate::map) struct Shown<'a, 'q> {
    set: &'a FeatureSet,
    layer: &'q Layer,
    appears: Option<Bound<'q>>,
    filter: &'q FeatureFilter,
    as_of: Instant,
    zoom: u8,
}

impl<'a, 'q> Shown<'a, 'q> {
    pub(in crate::map) fn new(
        set: &'a FeatureSet,
        layer: &'q Layer,
        filter: &'q FeatureFilter,
        now: Instant,
        zoom: u8,
    ) -> Self {
        let appears = layer.appears.as_ref().map(|a| a.bind(set.collection()));
        Self { set, layer, appears, filter, as_of: set.as_of(now), zoom }
    }

    fn write(&self, v: &VectorLayer, id: TileId) -> Vec<u8> {
        let writer = Attributes::of(v, self.set.collection());
        let frame = Frame::new(id, self.layer.buffer);
        let mut out = LayerWriter::new(&v.id);
        if v.content == Content::Points {
            for (f, places) in self.points(id) {
                let mut seen = HashSet::new();
                let mut points: Vec<(i32, i32)> = places.into_iter().map(|p| frame.at(p)).collect();
                points.retain(|p| seen.insert(*p));
                out = out.points(f.id, &points, |t| writer.write(t, f));
            }
            return out.finish();
        }
        for (row, drawn) in self.shapes(&frame) {
            let f = &self.set.rows()[row];
            let tags = |t: &mut Tags| writer.write(t, f);
            match v.content {
                Content::Lines => {
                    let paths = drawn.paths(&frame);
                    out = if paths.is_empty() { out } else { out.lines(f.id, &paths, tags) };
                }
                Content::Areas => {
                    let rings = self.set.rings(row, &frame);
                    out = if rings.is_empty() { out } else { out.polygon(f.id, &rings, tags) };
                }
                Content::Labels => {
                    if let Some(at) = drawn.label().filter(|p| holds(id, *p)) {
                        out = out.point(f.id, frame.at(at), tags);
                    }
                }
                Content::Symbols | Content::Cells | Content::Points => {}
            }
        }
        out.finish()
    }

    /// The rows of the features that may be visible in a frame, newest first.
    pub(in crate::map) fn shapes(&self, frame: &Frame) -> impl Iterator<Item = (usize, &'a Drawn)> {
        let rows = self.candidates(frame.bounds()).into_iter().map(|row| (row, self.set.drawn(row)));
        let shown = |row: usize| self.first_zoom(&self.set.rows()[row]).is_some();
        rows.filter(move |(row, drawn)| drawn.in_frame(frame) && shown(*row))
    }

    /// The zoom from which a feature is shown, if it matches the filter and is shown at this zoom.
    fn first_zoom(&self, f: &Feature) -> Option<u8> {
        let first = self.appears.as_ref().map_or(0, |a| a.zoom(f));
        (first <= self.zoom && self.filter.shows(f, self.as_of)).then_some(first)
    }

    /// The features with points in a tile of this zoom, and those points, newest first.
    pub(in crate::map) fn points(&self, id: TileId) -> Vec<(&'a Feature, Vec<Point>)> {
        let z = self.zoom;
        let apart =
            if z < self.layer.maxzoom { self.layer.apart << (32 - PIXEL_BITS - u32::from(z)) } else { 0 };
        let levels = self.layer.appears.as_ref().map_or(1, |a| a.levels(z));
        let halo = reach(levels, apart);
        let (mut spots, mut rows) = (Vec::new(), Vec::new());
        for row in self.candidates(Bounds::of_tile(id, halo)) {
            let f = &self.set.rows()[row];
            let Some(level) = self.first_zoom(f) else { continue };
            for at in self.set.drawn(row).points() {
                spots.push(Spot { level, id: f.id, at: *at });
                rows.push(row);
            }
        }
        let shown = if apart == 0 { vec![true; spots.len()] } else { thin(&spots, apart) };
        let mut out: Vec<(usize, Vec<Point>)> = Vec::new();
        for ((spot, row), _) in
            spots.iter().zip(rows).zip(shown).filter(|((s, _), shown)| *shown && holds(id, s.at))
        {
            match out.last_mut() {
                Some((last, points)) if *last == row => points.push(spot.at),
                _ => out.push((row, vec![spot.at])),
            }
        }
        out.into_iter().map(|(row, points)| (&*self.set.rows()[row], points)).collect()
    }

    /// Positions of the rows whose envelope is near a box, ascending.
    fn candidates(&self, b: Bounds) -> Vec<usize> {
        let (north_west, south_east) = (mercator(b.min).lonlat(), mercator(b.max).lonlat());
        // A margin, because envelopes have seven decimals and positions beyond the square are
        // clamped to its edge.
        let more = 1e-6;
        let bbox = Bbox {
            west: (north_west.lon() - more).max(-180.0),
            south: if b.max.1 == u32::MAX { -90.0 } else { south_east.lat() - more },
            east: (south_east.lon() + more).min(180.0),
            north: if b.min.1 == 0 { 90.0 } else { north_west.lat() + more },
        };
        let mut rows = self.set.candidates(&bbox);
        rows.sort_unstable();
        rows
    }
}

/// Whether a tile is the one that contains a position.
fn holds(id: TileId, p: Point) -> bool {
    TileId::holding(mercator(p), id.z()) == Ok(id)
}

fn mercator((x, y): Point) -> Mercator {
    Mercator { x, y }
}

/// The attributes of a vector layer, resolved once per tile.
struct Attributes<'a>(Vec<(&'a str, From)>);

/// The source of an attribute's value.
#[derive(Clone, Copy)]
enum From {
    Property(usize),
    Revision,
    Updated,
    Source,
}

impl<'a> Attributes<'a> {
    fn of(v: &'a VectorLayer, c: &Collection) -> Self {
        let [(revision, _), (updated, _), _] = OF_FEATURES;
        let from = |name: &str| match name {
            n if n == revision => From::Revision,
            n if n == updated => From::Updated,
            _ => c.position(name).map_or(From::Source, From::Property),
        };
        Self(v.fields.keys().map(|k| (k.as_str(), from(k))).collect())
    }

    fn write(&self, t: &mut Tags, f: &Feature) {
        for (key, from) in &self.0 {
            match from {
                From::Revision => t.number(key, f.revision.into()),
                From::Updated => t.text(key, &f.updated.to_string()),
                From::Source => t.text(key, &f.source),
                From::Property(at) => match f.values.get(*at) {
                    Some(Value::Text(v)) => t.text(key, v),
                    Some(Value::Integer(v)) => t.integer(key, *v),
                    Some(Value::Number(v)) => t.real(key, *v),
                    Some(Value::Boolean(v)) => t.flag(key, *v),
                    Some(Value::Null) | None => {}
                },
            }
        }
    }
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
