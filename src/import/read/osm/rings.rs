//! The ways of a multipolygon closed to rings, the rings put together to areas.

use std::collections::HashMap;

use geo::{Area, Contains, Coord, LineString, MultiPolygon, Point, Polygon};

/// A way of a multipolygon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub(super) nodes: &'a [i64],
    pub(super) inner: bool,
}

/// The area of some ways.
///
/// # Errors
/// When a ring does not close, or a node is missing.
pub(super) fn area(
    ways: &[Member<'_>],
    places: &HashMap<i64, Option<Coord<f64>>>,
) -> Result<MultiPolygon<f64>, String> {
    let side =
        |inner: bool| -> Vec<&[i64]> { ways.iter().filter(|w| w.inner == inner).map(|w| w.nodes).collect() };
    let shape = |ring: Vec<i64>| -> Result<LineString<f64>, String> {
        let at: Vec<_> = ring.iter().filter_map(|n| places.get(n).copied().flatten()).collect();
        let missing = ring.len() - at.len();
        if missing > 0 {
            return Err(format!("{missing} of the {} nodes of a ring are not in the file", ring.len()));
        }
        Ok(LineString(at))
    };
    let rings = |inner| -> Result<Vec<LineString<f64>>, String> {
        closed(&side(inner))?.into_iter().map(shape).collect()
    };
    let mut parts: Vec<Polygon<f64>> =
        rings(false)?.into_iter().map(|r| Polygon::new(r, Vec::new())).collect();
    if parts.is_empty() {
        return Err("has no outer way".to_owned());
    }
    parts.sort_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()));
    for hole in rings(true)? {
        // The smallest area around it; a hole in none takes nothing away.
        let around = |p: &&mut Polygon<f64>| {
            let outline = Polygon::new(p.exterior().clone(), Vec::new());
            hole.0.iter().any(|c| outline.contains(&Point(*c)))
        };
        if let Some(part) = parts.iter_mut().find(around) {
            part.interiors_push(hole);
        }
    }
    Ok(MultiPolygon(parts))
}

/// Joins ways at their ends until each ring is closed.
fn closed(ways: &[&[i64]]) -> Result<Vec<Vec<i64>>, String> {
    let mut at: HashMap<i64, Vec<usize>> = HashMap::new();
    for (i, way) in ways.iter().enumerate() {
        if let (Some(first), Some(last)) = (way.first(), way.last()) {
            at.entry(*first).or_default().push(i);
            at.entry(*last).or_default().push(i);
        }
    }
    let mut used = vec![false; ways.len()];
    let mut rings = Vec::new();
    for start in 0..ways.len() {
        if std::mem::replace(&mut used[start], true) {
            continue;
        }
        let mut ring = ways[start].to_vec();
        while ring.first() != ring.last() {
            let end = ring.last().copied().unwrap_or_default();
            let open = at.get_mut(&end).and_then(|ways| {
                ways.retain(|i| !used[*i]);
                ways.pop()
            });
            let Some(next) = open else {
                return Err("has a ring that is not closed: some of its ways are not in the file".to_owned());
            };
            used[next] = true;
            let way = ways[next];
            if way.first() == Some(&end) {
                ring.extend(&way[1..]);
            } else {
                ring.extend(way.iter().rev().skip(1));
            }
        }
        if ring.len() < 4 {
            return Err("has a ring of fewer than three nodes".to_owned());
        }
        rings.push(ring);
    }
    Ok(rings)
}
