//! OpenStreetMap's PBF to rows, by the city's rules (`data/osm.toml`): nodes as places, ways as their
//! centre or as lines. Two walks through the file, because ways come after the nodes that they name.
//! Relations are not read. Not here: the rules themselves (domain).

use std::collections::{BTreeMap, HashMap};

use geo::{Coord, Geometry, LineString, Point};
use osmpbf::{BlobDecode, BlobReader, Element};

use super::format::FormatError;
use crate::import::limits::{MAX_ROWS, MAX_VERTICES};
use crate::import::raw::{PlaceIn, Raw, Rejected, Row};
use diaban_core::domain::OsmRules;
use diaban_core::domain::field::Value;

/// Most elements walked through: a small country's; a file of hostile blobs ends here.
const MAX_ELEMENTS: u64 = 200_000_000;
/// Most nodes remembered for the ways that were chosen.
const MAX_NODES: usize = 10_000_000;

struct Way {
    id: i64,
    nodes: Vec<i64>,
    properties: BTreeMap<String, Value>,
}

/// The chosen elements of a file as rows, nodes first.
pub(in crate::import) fn rows(bytes: &[u8], rules: &OsmRules) -> Result<Vec<Row>, FormatError> {
    let mut ways = Vec::new();
    let mut unread = Vec::new();
    let mut places: HashMap<i64, Option<Coord<f64>>> = HashMap::new();
    walk(bytes, |element| {
        let Element::Way(way) = element else { return Ok(()) };
        let Some(properties) = properties(rules, way.tags()) else { return Ok(()) };
        let nodes: Vec<i64> = way.refs().take(MAX_VERTICES + 1).collect();
        if nodes.len() > MAX_VERTICES {
            let reason = format!("has more than {MAX_VERTICES} nodes");
            unread.push(Err(Rejected { row: 0, source_id: Some(format!("w{}", way.id())), reason }));
            return Ok(());
        }
        places.extend(nodes.iter().map(|n| (*n, None)));
        ways.push(Way { id: way.id(), nodes, properties });
        if places.len() > MAX_NODES {
            Err(format!("more than {MAX_NODES} nodes in chosen ways"))
        } else {
            bounded(ways.len())
        }
    })?;
    let mut rows: Vec<Row> = Vec::new();
    walk(bytes, |element| {
        let (id, x, y, properties) = match &element {
            Element::Node(n) => (n.id(), n.lon(), n.lat(), properties(rules, n.tags())),
            Element::DenseNode(n) => (n.id(), n.lon(), n.lat(), properties(rules, n.tags())),
            _ => return Ok(()),
        };
        if let Some(place) = places.get_mut(&id) {
            *place = Some(Coord { x, y });
        }
        if let Some(properties) = properties {
            let geometry = Ok(Some(Geometry::Point(Point::new(x, y))));
            rows.push(Ok(Raw {
                row: 0,
                id: Some(format!("n{id}")),
                place: PlaceIn::Geometry,
                geometry,
                properties,
            }));
        }
        bounded(rows.len() + ways.len())
    })?;
    rows.extend(ways.into_iter().map(|way| shaped(way, &places, rules.lines)));
    rows.append(&mut unread);
    for (row, n) in rows.iter_mut().zip(1..) {
        match row {
            Ok(raw) => raw.row = n,
            Err(unread) => unread.row = n,
        }
    }
    Ok(rows)
}

fn bounded(rows: usize) -> Result<(), String> {
    if rows > MAX_ROWS { Err(format!("more than {MAX_ROWS} elements match the rules")) } else { Ok(()) }
}

/// Required features that are understood; others change what the elements mean.
const UNDERSTOOD: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

fn walk(bytes: &[u8], mut each: impl FnMut(Element<'_>) -> Result<(), String>) -> Result<(), FormatError> {
    let broken = |e: String| FormatError::Broken(format!("the OSM PBF: {e}"));
    let mut left = MAX_ELEMENTS;
    let mut headed = false;
    for blob in BlobReader::new(bytes) {
        let blob = blob.map_err(|e| broken(e.to_string()))?;
        match blob.decode().map_err(|e| broken(e.to_string()))? {
            BlobDecode::OsmHeader(header) => {
                headed = true;
                let mut required = header.required_features().iter();
                if let Some(feature) = required.find(|f| !UNDERSTOOD.contains(&f.as_str())) {
                    return Err(broken(format!("needs {feature:?}, which is not read")));
                }
            }
            BlobDecode::OsmData(block) => {
                // The library's walk cannot be left early.
                let mut outcome = Ok(());
                block.for_each_element(|element| {
                    if outcome.is_ok() && left == 0 {
                        let advice = "cut it with osmium extract";
                        outcome = Err(format!("more than {MAX_ELEMENTS} elements; {advice}"));
                    } else if outcome.is_ok() {
                        left -= 1;
                        outcome = each(element);
                    }
                });
                outcome.map_err(broken)?;
            }
            BlobDecode::Unknown(_) => {}
        }
    }
    if headed { Ok(()) } else { Err(broken("has no header".to_owned())) }
}

/// What the rules make of an element's tags; of a key that is there twice the first counts.
fn properties<'a>(
    rules: &OsmRules,
    tags: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<BTreeMap<String, Value>> {
    let tags: Vec<(&str, &str)> = tags.collect();
    if tags.is_empty() {
        return None;
    }
    let read = rules.read(|key| tags.iter().find(|(k, _)| *k == key).map(|(_, v)| *v))?;
    Some(read.into_iter().map(|(k, v)| (k, Value::Text(v))).collect())
}

fn shaped(way: Way, places: &HashMap<i64, Option<Coord<f64>>>, lines: bool) -> Row {
    let id = Some(format!("w{}", way.id));
    let at: Vec<Coord<f64>> = way.nodes.iter().filter_map(|n| places.get(n).copied().flatten()).collect();
    let missing = way.nodes.len() - at.len();
    if at.is_empty() || (lines && missing > 0) {
        let reason = format!("{missing} of its {} nodes are not in the file", way.nodes.len());
        return Err(Rejected { row: 0, source_id: id, reason });
    }
    let geometry = if lines { Geometry::LineString(LineString(at)) } else { Geometry::Point(centre(at)) };
    let (place, geometry) = (PlaceIn::Geometry, Ok(Some(geometry)));
    Ok(Raw { row: 0, id, place, geometry, properties: way.properties })
}

/// A point for a way: inside it when it is closed, else in the middle of its box.
fn centre(at: Vec<Coord<f64>>) -> Point<f64> {
    use geo::{BoundingRect, Centroid, InteriorPoint, Intersects, Polygon};
    let first = Point(at[0]);
    let line = LineString(at);
    let middle = line.bounding_rect().map_or(first, |r| Point(r.center()));
    if !line.is_closed() || line.0.len() < 4 {
        return middle;
    }
    let area = Polygon::new(line, vec![]);
    let centroid = area.centroid().filter(|c| area.intersects(c));
    centroid.or_else(|| area.interior_point()).unwrap_or(middle)
}
