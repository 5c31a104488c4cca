//! What a shape must be: bounded, closed, in degrees, without repeats. Readers use the first half on
//! the file's own numbers, `judge` the second on those that are taken for degrees.

use geo::{
    Coord, CoordsIter, Geometry, LineString, MapCoords, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};
use geojson::{GeometryValue, Position};

use crate::import::limits::MAX_VERTICES;
use diaban_core::geo::polygon::{vertices, wind};
use diaban_core::geo::{LonLat, LonLatError};

/// Most vertices of an area whose rings are checked for crossing themselves: the check compares
/// every edge with every other.
const MAX_VALIDATED: usize = 5_000;
/// Deepest nesting of brackets in a WKT: a MULTIPOLYGON in two collections.
const MAX_WKT_DEPTH: usize = 6;

/// A GeoJSON geometry in geo's terms, with unclosed rings refused: geo would close them silently.
pub(in crate::import) fn from_geojson(value: &GeometryValue) -> Result<Geometry<f64>, String> {
    let mut budget = MAX_VERTICES;
    shape(value, &mut budget)
}

fn shape(value: &GeometryValue, budget: &mut usize) -> Result<Geometry<f64>, String> {
    let mut line = |positions: &[Position]| -> Result<LineString<f64>, String> {
        *budget = budget
            .checked_sub(positions.len())
            .ok_or_else(|| format!("has more than {MAX_VERTICES} vertices"))?;
        positions.iter().map(coord).collect()
    };
    Ok(match value {
        GeometryValue::Point { coordinates } => Geometry::Point(Point(coord(coordinates)?)),
        GeometryValue::MultiPoint { coordinates } => {
            Geometry::MultiPoint(MultiPoint(line(coordinates)?.0.into_iter().map(Point).collect()))
        }
        GeometryValue::LineString { coordinates } => Geometry::LineString(line(coordinates)?),
        GeometryValue::MultiLineString { coordinates } => Geometry::MultiLineString(MultiLineString(
            coordinates.iter().map(|l| line(l)).collect::<Result<_, _>>()?,
        )),
        GeometryValue::Polygon { coordinates } => {
            let rings = coordinates.iter().map(|r| line(r)).collect::<Result<Vec<_>, _>>()?;
            Geometry::Polygon(polygon(rings)?)
        }
        GeometryValue::MultiPolygon { coordinates } => {
            let mut parts = Vec::new();
            for rings in coordinates {
                let rings = rings.iter().map(|r| line(r)).collect::<Result<Vec<_>, _>>()?;
                parts.push(polygon(rings)?);
            }
            Geometry::MultiPolygon(MultiPolygon(parts))
        }
        // JSON is read to a depth of 128 only, so this ends.
        GeometryValue::GeometryCollection { geometries } => {
            let parts: Result<_, _> = geometries.iter().map(|g| shape(&g.value, budget)).collect();
            Geometry::GeometryCollection(geo::GeometryCollection(parts?))
        }
    })
}

fn coord(position: &Position) -> Result<Coord<f64>, String> {
    match *position.as_slice() {
        [x, y, ..] => Ok(Coord { x, y }),
        _ => Err("has a position with fewer than two numbers".to_owned()),
    }
}

/// A WKT text in geo's terms; none when the shape is empty.
pub(in crate::import) fn from_wkt(text: &str) -> Result<Option<Geometry<f64>>, String> {
    let text = text.trim();
    // The parser calls itself for every bracket and collects before anything can be counted.
    let mut depth = 0_usize;
    for b in text.bytes() {
        depth = if b == b'(' { depth + 1 } else { depth.saturating_sub(usize::from(b == b')')) };
        if depth > MAX_WKT_DEPTH {
            return Err("is nested too deeply".to_owned());
        }
    }
    if text.bytes().filter(|b| *b == b',').count() > MAX_VERTICES {
        return Err(format!("has more than {MAX_VERTICES} vertices"));
    }
    let parsed: wkt::Wkt<f64> = text.parse().map_err(|e| format!("is no WKT: {e}"))?;
    let line = |l: &wkt::types::LineString<f64>| -> LineString<f64> {
        l.coords().iter().map(|c| Coord { x: c.x, y: c.y }).collect()
    };
    let area = |p: &wkt::types::Polygon<f64>| polygon(p.rings().iter().map(line).collect());
    let shape = match &parsed {
        wkt::Wkt::Polygon(p) if p.rings().is_empty() => None,
        wkt::Wkt::Polygon(p) => Some(Geometry::Polygon(area(p)?)),
        wkt::Wkt::MultiPolygon(all) => {
            let parts: Result<_, _> = all.polygons().iter().map(area).collect();
            Some(Geometry::MultiPolygon(MultiPolygon(parts?)))
        }
        // Only an empty point cannot be one of geo's.
        _ => Geometry::try_from(parsed).ok(),
    };
    Ok(shape.filter(|g| g.coords_iter().next().is_some()))
}

/// An area of closed rings.
pub(super) fn polygon(rings: Vec<LineString<f64>>) -> Result<Polygon<f64>, String> {
    for (i, ring) in rings.iter().enumerate() {
        if ring.0.len() < 4 {
            return Err(format!("ring {i} has {} positions; a ring needs at least 4", ring.0.len()));
        }
        let (first, last) = (ring.0[0], ring.0[ring.0.len() - 1]);
        if first != last {
            return Err(format!(
                "ring {i} is not closed: it starts at {},{} and ends at {},{}",
                first.x, first.y, last.x, last.y
            ));
        }
    }
    let mut rings = rings.into_iter();
    let exterior = rings.next().ok_or("has no ring")?;
    Ok(Polygon::new(exterior, rings.collect()))
}

/// A shape with first and second number exchanged.
pub(in crate::import) fn swapped(geometry: &Geometry<f64>) -> Geometry<f64> {
    geometry.map_coords(|c| Coord { x: c.y, y: c.x })
}

/// A shape in degrees, seven decimals, wound as RFC 7946 asks, and how many repeated vertices were
/// dropped from it.
pub(in crate::import) fn tidy(geometry: Geometry<f64>) -> Result<(Geometry<f64>, usize), String> {
    let mut dropped = 0;
    let tidied = match geometry {
        Geometry::Point(p) => Geometry::Point(Point(rounded(p.0)?)),
        Geometry::MultiPoint(points) => {
            let points: Result<Vec<_>, _> = points.0.iter().map(|p| rounded(p.0).map(Point)).collect();
            let points = points?;
            if points.is_empty() {
                return Err("has no position".to_owned());
            }
            Geometry::MultiPoint(MultiPoint(points))
        }
        Geometry::LineString(l) => {
            Geometry::LineString(line(&l, &mut dropped)?.ok_or("is a line without length")?)
        }
        Geometry::MultiLineString(all) => {
            let mut lines = Vec::with_capacity(all.0.len());
            for l in &all.0 {
                lines.extend(line(l, &mut dropped)?);
            }
            if lines.is_empty() {
                return Err("is a line without length".to_owned());
            }
            Geometry::MultiLineString(MultiLineString(lines))
        }
        Geometry::Polygon(p) => Geometry::Polygon(area(&p, &mut dropped)?),
        Geometry::MultiPolygon(all) => {
            let parts: Result<Vec<_>, _> = all.0.iter().map(|p| area(p, &mut dropped)).collect();
            let parts = parts?;
            if parts.is_empty() {
                return Err("has no ring".to_owned());
            }
            Geometry::MultiPolygon(MultiPolygon(parts))
        }
        other => other,
    };
    Ok((tidied, dropped))
}

fn rounded(c: Coord<f64>) -> Result<Coord<f64>, String> {
    let p = LonLat::new(c.x, c.y).map_err(|e: LonLatError| format!("{},{}: {e}", c.x, c.y))?;
    Ok(Coord { x: p.lon(), y: p.lat() })
}

/// A line without repeats; none when nothing of it is left.
fn line(raw: &LineString<f64>, dropped: &mut usize) -> Result<Option<LineString<f64>>, String> {
    let mut out: Vec<Coord<f64>> = Vec::with_capacity(raw.0.len());
    for c in &raw.0 {
        let c = rounded(*c)?;
        if out.last() == Some(&c) { *dropped += 1 } else { out.push(c) }
    }
    Ok((out.len() > 1).then_some(LineString(out)))
}

fn area(raw: &Polygon<f64>, dropped: &mut usize) -> Result<Polygon<f64>, String> {
    let mut ring = |r: &LineString<f64>| {
        line(r, dropped)?.filter(|l| l.0.len() >= 4).ok_or_else(|| "has a ring without area".to_owned())
    };
    let exterior = ring(raw.exterior())?;
    let holes: Result<_, String> = raw.interiors().iter().map(&mut ring).collect();
    let mut out = Polygon::new(exterior, holes?);
    if vertices(&out) <= MAX_VALIDATED {
        geo::Validation::check_validation(&out).map_err(|e| format!("is no valid area: {e}"))?;
    }
    wind(&mut out);
    Ok(out)
}
