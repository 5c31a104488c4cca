//! What a shape must be: bounded, closed, in degrees, without repeats. Readers use the first half on
//! the file's own numbers, `judge` the second on those that are taken for degrees.

use geo::{
    Area, Centroid, Contains, Coord, CoordsIter, Euclidean, GeodesicArea, Geometry, InteriorPoint,
    InterpolateLine, Length, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};

use crate::import::limits::MAX_VERTICES;
use diaban_core::geo::polygon::wind;
use diaban_core::geo::validity::{self, mend};
use diaban_core::geo::{LonLat, LonLatError};

/// Deepest nesting of brackets in a WKT: a MULTIPOLYGON in two collections.
const MAX_WKT_DEPTH: usize = 6;

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

/// An area of rings, with unclosed ones refused: geo would close them silently.
pub(in crate::import) fn polygon(rings: Vec<LineString<f64>>) -> Result<Polygon<f64>, String> {
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

/// A shape in its simplest form: a collection of one is that one, of several of a kind several of the kind.
/// None when there is no position in it.
pub(in crate::import) fn simplest(geometry: Geometry<f64>) -> Option<Geometry<f64>> {
    let Geometry::GeometryCollection(all) = geometry else {
        return (geometry.coords_count() > 0).then_some(geometry);
    };
    let mut members: Vec<Geometry<f64>> = all.0.into_iter().filter_map(simplest).collect();
    if members.len() < 2 {
        return members.pop();
    }
    let (mut points, mut lines, mut areas) = (Vec::new(), Vec::new(), Vec::new());
    for member in &members {
        match member {
            Geometry::Point(p) => points.push(*p),
            Geometry::MultiPoint(all) => points.extend(all.0.iter().copied()),
            Geometry::LineString(l) => lines.push(l.clone()),
            Geometry::MultiLineString(all) => lines.extend(all.0.iter().cloned()),
            Geometry::Polygon(p) => areas.push(p.clone()),
            Geometry::MultiPolygon(all) => areas.extend(all.0.iter().cloned()),
            _ => return Some(Geometry::GeometryCollection(geo::GeometryCollection(members))),
        }
    }
    Some(match (points.is_empty(), lines.is_empty(), areas.is_empty()) {
        (false, true, true) => MultiPoint(points).into(),
        (true, false, true) => MultiLineString(lines).into(),
        (true, true, false) => MultiPolygon(areas).into(),
        _ => Geometry::GeometryCollection(geo::GeometryCollection(members)),
    })
}

/// One position for a shape, and the rule by which it was found: of several points the only one, of a line
/// its middle along the way, of an area its centroid, or a point inside where that lies outside.
pub(in crate::import) fn to_point(geometry: &Geometry<f64>) -> Option<(Point<f64>, &'static str)> {
    let (longest, largest);
    match geometry {
        Geometry::Point(p) => Some((*p, "")),
        Geometry::MultiPoint(points) => {
            let first = *points.0.first()?;
            points.0.iter().all(|p| *p == first).then_some((first, ""))
        }
        Geometry::LineString(l) => Some((middle(l)?, "lines became points: the middle of the way")),
        Geometry::MultiLineString(all) => {
            let length = |l: &&LineString<f64>| Euclidean.length(*l);
            longest = all.0.iter().max_by(|a, b| length(a).total_cmp(&length(b)))?;
            Some((middle(longest)?, "lines of several parts became points: the middle of the longest part"))
        }
        Geometry::Polygon(p) => Some((inside(p)?, "areas became points: the centroid, or a point inside")),
        Geometry::MultiPolygon(all) => {
            largest = all.0.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
            Some((inside(largest)?, "areas of several parts became points: inside the largest part"))
        }
        _ => None,
    }
}

fn middle(line: &LineString<f64>) -> Option<Point<f64>> {
    Euclidean.point_at_ratio_from_start(line, 0.5)
}

/// A point inside an area.
pub(in crate::import) fn inside(area: &Polygon<f64>) -> Option<Point<f64>> {
    let centroid = area.centroid().filter(|c| area.contains(c));
    centroid.or_else(|| area.interior_point())
}

/// A shape as it is stored.
#[derive(Debug)]
pub(in crate::import) struct Tidied {
    /// It, in degrees with seven decimals, wound as RFC 7946 asks.
    pub(in crate::import) shape: Geometry<f64>,
    /// Repeated vertices that were dropped.
    pub(in crate::import) repeated: usize,
    /// Whether an area had corners set where rounding alone would have let its edges meet.
    pub(in crate::import) rounded: bool,
    /// Of an area that was made valid, square metres before (of the rings as they were) and after.
    pub(in crate::import) made_valid: Option<(f64, f64)>,
}

impl Tidied {
    fn of(shape: Geometry<f64>, repeated: usize) -> Self {
        Self { shape, repeated, rounded: false, made_valid: None }
    }
}

/// Checks a shape and brings it to the form that is stored. An area is judged as it came, before it is
/// rounded; one that is not valid is refused, or made valid when that is asked for.
pub(in crate::import) fn tidy(geometry: Geometry<f64>, make_valid: bool) -> Result<Tidied, String> {
    let mut repeated = 0;
    let shape = match geometry {
        Geometry::Point(p) => Geometry::Point(Point(rounded(p.0)?)),
        Geometry::MultiPoint(points) => {
            let points: Result<Vec<_>, _> = points.0.iter().map(|p| rounded(p.0).map(Point)).collect();
            Geometry::MultiPoint(MultiPoint(points?))
        }
        Geometry::LineString(l) => {
            Geometry::LineString(line(&l, &mut repeated)?.ok_or("is a line without length")?)
        }
        Geometry::MultiLineString(all) => {
            let mut lines = Vec::with_capacity(all.0.len());
            for l in &all.0 {
                lines.extend(line(l, &mut repeated)?);
            }
            if lines.is_empty() {
                return Err("is a line without length".to_owned());
            }
            Geometry::MultiLineString(MultiLineString(lines))
        }
        Geometry::Polygon(p) => {
            let mut tidied = area(MultiPolygon(vec![p]), make_valid)?;
            if let Geometry::MultiPolygon(all) = &mut tidied.shape
                && all.0.len() == 1
                && let Some(only) = all.0.pop()
            {
                tidied.shape = only.into();
            }
            return Ok(tidied);
        }
        Geometry::MultiPolygon(all) => return area(all, make_valid),
        other => other,
    };
    Ok(Tidied::of(shape, repeated))
}

fn rounded(c: Coord<f64>) -> Result<Coord<f64>, String> {
    let p = LonLat::new(c.x, c.y).map_err(|e: LonLatError| format!("{},{}: {e}", c.x, c.y))?;
    Ok(Coord { x: p.lon(), y: p.lat() })
}

/// A line without repeats; none when nothing of it is left.
fn line(raw: &LineString<f64>, repeated: &mut usize) -> Result<Option<LineString<f64>>, String> {
    let mut out: Vec<Coord<f64>> = Vec::with_capacity(raw.0.len());
    for c in &raw.0 {
        let c = rounded(*c)?;
        if out.last() == Some(&c) { *repeated += 1 } else { out.push(c) }
    }
    Ok((out.len() > 1).then_some(LineString(out)))
}

fn area(mut raw: MultiPolygon<f64>, make_valid: bool) -> Result<Tidied, String> {
    for c in raw.coords_iter() {
        rounded(c)?;
    }
    let (mut before, mut made) = (None, false);
    if let Err(fault) = validity::check(&raw) {
        if !make_valid {
            return Err(format!("is no valid area: {fault} (--make-valid mends it)"));
        }
        before = Some(raw.0.iter().map(GeodesicArea::geodesic_area_unsigned).sum::<f64>());
        raw = mend::make_valid(&raw)
            .ok_or_else(|| format!("is no valid area: {fault}; nothing of it can be made valid"))?;
        made = true;
    }
    raw.0.iter_mut().for_each(wind);
    let found = mend::round(&raw).ok_or("is an area of less than a step of the seventh decimal")?;
    let mut shape = found.shape;
    shape.0.iter_mut().for_each(wind);
    let made_valid = before.map(|m2| (m2, shape.geodesic_area_unsigned()));
    Ok(Tidied { shape: shape.into(), repeated: found.repeated, rounded: found.mended && !made, made_valid })
}
