//! Which tiles may hold something: found from where the data is, so that whoever wants all tiles need not
//! ask for each of the 4^zoom. Always all that hold something, and some that don't: whether a tile is
//! empty only the tile itself says, because layers leave out far away what they show near.
//!
//! A symbol or a point is in the one tile of some row's place. A line or an area is in tiles whose
//! buffered square meets its bounds, and the square of a tile lies inside that of its parent, so the
//! tree of tiles is descended only where bounds are.

use crate::geo::{Mercator, TileId};
use crate::map::layer::{Content, Layer, Source};
use crate::map::shape::features::draw::filtered;
use crate::map::shape::ring::frame::{Bounds, Frame, Seen};
use crate::map::tile::Sources;
use crate::map::tile::tilejson::Tileset;
use crate::query::Joint;

/// The tiles of a zoom that may hold something of a set, each once, by column and row.
pub fn occupied(sources: &Sources<'_>, set: &Tileset<'_>, filters: &Joint, zoom: u8) -> Vec<TileId> {
    let mut out = Vec::new();
    for layer in set.layers().iter().filter(|l| l.shows(zoom)) {
        of_layer(sources, layer, &layer.narrow(filters), zoom, &mut out);
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn of_layer(sources: &Sources<'_>, layer: &Layer, filters: &Joint, zoom: u8, out: &mut Vec<TileId>) {
    let holding = |p: Mercator| TileId::holding(p, zoom).expect("a layer's zooms are tiles' zooms");
    let (mut places, mut bounds): (Vec<Mercator>, Vec<Bounds>) = (Vec::new(), Vec::new());
    match &layer.source {
        Source::Reports => {
            // A cluster stands in a cell that holds one of its rows.
            out.extend(sources.snapshot.tiles(&filters.reports, zoom));
        }
        Source::Wards => {
            for w in sources.wards.iter().flat_map(|w| w.wards().iter().map(move |ward| (w, ward))) {
                places.push(w.1.label);
                bounds.push(w.0.bounds(w.1));
            }
        }
        Source::Features(name) => {
            let Some(set) = sources.features.get(name) else { return };
            for drawn in filtered(set, filters, sources.now) {
                let at = drawn.points().iter().copied().chain(drawn.label());
                places.extend(at.map(|(x, y)| Mercator { x, y }));
                if drawn.has_extent() {
                    bounds.push(drawn.bounds());
                }
            }
        }
    }
    out.extend(places.into_iter().map(holding));
    if layer.vector_layers.iter().any(|v| matches!(v.content, Content::Areas | Content::Lines)) {
        descend(TileId::new(0, 0, 0).expect("the whole world"), layer.buffer, &bounds, zoom, out);
    }
}

/// Adds the tiles under a tile whose buffered square meets some of these bounds.
fn descend(tile: TileId, buffer: u32, bounds: &[Bounds], zoom: u8, out: &mut Vec<TileId>) {
    let frame = Frame::new(tile, buffer);
    let seen: Vec<Bounds> = bounds.iter().copied().filter(|b| frame.sees(*b) != Seen::Nothing).collect();
    if seen.is_empty() {
        return;
    }
    if tile.z() == zoom {
        out.push(tile);
        return;
    }
    for child in tile.children().into_iter().flatten() {
        descend(child, buffer, &seen, zoom, out);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::{CodeBook, Instant};
    use crate::map::testing::{filter, made, rows, spots};
    use crate::map::tile::tile;
    use crate::map::{FeatureSets, Snapshot, WardShapes, read_layers};

    /// Every tile of the first zooms, and those around each place deeper down.
    fn around(places: &[Mercator]) -> Vec<TileId> {
        let all = (0..=4_u8)
            .flat_map(|z| (0..1_u32 << z).flat_map(move |x| (0..1_u32 << z).map(move |y| (z, x, y))));
        let near = places.iter().flat_map(|p| {
            [7, 11, 16].into_iter().flat_map(move |z| {
                let t = TileId::holding(*p, z).unwrap();
                (-1_i64..=1).flat_map(move |dx| {
                    (-1_i64..=1)
                        .map(move |dy| (z, (i64::from(t.x()) + dx) as u32, (i64::from(t.y()) + dy) as u32))
                })
            })
        });
        let mut out: Vec<TileId> =
            all.chain(near).filter_map(|(z, x, y)| TileId::new(z, x, y).ok()).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    fn shape() -> impl Strategy<Value = geo::Geometry<f64>> {
        let near = |p: crate::geo::LonLat, d: (f64, f64)| geo::coord! { x: (p.lon() + d.0).clamp(-180.0, 180.0), y: (p.lat() + d.1).clamp(-89.0, 89.0) };
        let step = || prop_oneof![(-0.3..0.3_f64, -0.3..0.3_f64), (-0.001..0.001_f64, -0.001..0.001_f64)];
        (spots(), proptest::collection::vec(step(), 3..6), 0..3).prop_map(move |(p, steps, kind)| {
            let line: geo::LineString = steps.iter().map(|d| near(p, *d)).collect();
            match kind {
                0 => geo::Geometry::Point(line.0[0].into()),
                1 => geo::Geometry::LineString(line),
                _ => geo::Geometry::Polygon(geo::Polygon::new(line, Vec::new())),
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_tile_that_shows_something_is_left_out(
            rows in rows(spots(), 30), filter in filter(), shapes in proptest::collection::vec(shape(), 0..4),
        ) {
            let pack = crate::pack::testing::pack();
            let layers = read_layers(pack.layer_files(), &pack.collections).unwrap();
            let mut features = Vec::new();
            for c in &pack.collections {
                for (i, g) in shapes.iter().enumerate().filter(|(_, g)| c.check_shape(g).is_ok()) {
                    let values = vec![crate::domain::field::Value::Null; c.properties.len()];
                    features.push((c.id.clone(), Arc::new(made(c, i as u64 + 1, g.clone(), values))));
                }
            }
            let mut places: Vec<Mercator> = rows.iter().filter_map(|r| r.point).map(Mercator::from_lonlat).collect();
            for (_, f) in &features {
                use geo::CoordsIter;
                places.extend(f.geometry.iter().flat_map(|g| g.coords_iter()).map(|c| Mercator::from_lonlat(crate::geo::LonLat::new(c.x, c.y).unwrap())));
            }
            let (snapshot, features) = (Snapshot::from_rows(rows, 1), FeatureSets::build(&pack.collections, features, Instant::MIN));
            let wards = WardShapes::none();
            let sources = Sources { snapshot: &snapshot, codebook: &CodeBook::default(), wards: Some(&wards), features: &features, now: Instant::from_ms(0) };
            let filters = Joint::from(filter);
            for layer in &layers {
                let set = Tileset::named(&layers, &layer.id).unwrap();
                for id in around(&places) {
                    if !tile(&sources, layer, &filters, id).is_empty() {
                        prop_assert!(occupied(&sources, &set, &filters, id.z()).contains(&id), "{} {id}", layer.id);
                    }
                }
            }
        }
    }
}
