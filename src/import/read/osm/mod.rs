//! OpenStreetMap's PBF to rows, by the city's rules (`data/osm.toml`): nodes as places, ways as their
//! centre or as lines, multipolygons as a place inside. Three walks through the file, because relations come
//! after the ways that they name, and ways after their nodes. What matches the rules and is not read is
//! counted by its kind. Not here: the rules themselves (domain), closing rings (rings).

mod rings;

use std::collections::{BTreeMap, HashMap};

use geo::{Coord, Geometry, LineString, Point};
use osmpbf::{BlobDecode, BlobReader, Element, RelMemberType, Relation};

use self::rings::Member;
use super::format::FormatError;
use crate::import::limits::{MAX_ROWS, MAX_VERTICES};
use crate::import::place::{inside, to_point};
use crate::import::raw::{PlaceIn, Raw, Rejected, Row};
use diaban_core::domain::OsmRules;
use diaban_core::domain::field::Value;

/// Most elements walked through: a small country's; a file of hostile blobs ends here.
const MAX_ELEMENTS: u64 = 200_000_000;
/// Most nodes remembered for the ways that were chosen.
const MAX_NODES: usize = 10_000_000;
/// Types of relations that are areas.
const AREAS: [&str; 2] = ["multipolygon", "boundary"];

struct Way {
    id: i64,
    nodes: Vec<i64>,
    properties: BTreeMap<String, Value>,
}

struct Area {
    id: i64,
    /// The ways of its rings, with whether they are inner ones.
    ways: Vec<(i64, bool)>,
    properties: BTreeMap<String, Value>,
}

/// What is remembered of a file.
#[derive(Default)]
struct Found {
    ways: Vec<Way>,
    areas: Vec<Area>,
    /// Nodes of the ways of areas.
    members: HashMap<i64, Vec<i64>>,
    places: HashMap<i64, Option<Coord<f64>>>,
    unread: Vec<Row>,
    /// What matches and is not read, by its kind.
    passed: BTreeMap<String, u64>,
}

/// The chosen elements of a file as rows, nodes first, and what is told of the others.
pub(in crate::import) fn rows(
    bytes: &[u8],
    rules: &OsmRules,
) -> Result<(Vec<Row>, Vec<String>), FormatError> {
    let mut found = Found::default();
    walk(bytes, |element| {
        let Element::Relation(relation) = element else { return Ok(()) };
        found.relation(&relation, rules);
        bounded(found.areas.len())
    })?;
    walk(bytes, |element| {
        let Element::Way(way) = element else { return Ok(()) };
        found.way(&way, rules)
    })?;
    let mut rows: Vec<Row> = Vec::new();
    walk(bytes, |element| {
        let (id, x, y, properties) = match &element {
            Element::Node(n) => (n.id(), n.lon(), n.lat(), properties(rules, n.tags())),
            Element::DenseNode(n) => (n.id(), n.lon(), n.lat(), properties(rules, n.tags())),
            _ => return Ok(()),
        };
        if let Some(place) = found.places.get_mut(&id) {
            *place = Some(Coord { x, y });
        }
        if let Some(properties) = properties {
            rows.push(row(format!("n{id}"), Ok(Point::new(x, y).into()), properties));
        }
        bounded(rows.len() + found.ways.len() + found.areas.len())
    })?;
    let Found { ways, areas, members, places, mut unread, passed } = found;
    rows.extend(ways.into_iter().map(|way| shaped(way, &places, rules.lines)));
    rows.extend(areas.into_iter().map(|area| placed(area, &members, &places)));
    rows.append(&mut unread);
    for (row, n) in rows.iter_mut().zip(1..) {
        match row {
            Ok(raw) => raw.row = n,
            Err(unread) => unread.row = n,
        }
    }
    let told = passed.iter().map(|(kind, n)| format!("{n} {kind} match the rules and are not read"));
    Ok((rows, told.collect()))
}

impl Found {
    fn relation(&mut self, relation: &Relation<'_>, rules: &OsmRules) {
        let Some(properties) = properties(rules, relation.tags()) else { return };
        let kind = relation.tags().find(|(k, _)| *k == "type").map_or("none", |(_, v)| v);
        if rules.lines || !AREAS.contains(&kind) {
            let shown: String = kind.chars().take(40).collect();
            *self.passed.entry(format!("relations of type {shown}")).or_default() += 1;
            return;
        }
        let ways: Vec<(i64, bool)> = relation
            .members()
            .filter(|m| matches!(m.member_type, RelMemberType::Way))
            .map(|m| (m.member_id, m.role().is_ok_and(|role| role == "inner")))
            .take(MAX_VERTICES)
            .collect();
        self.members.extend(ways.iter().map(|(way, _)| (*way, Vec::new())));
        self.areas.push(Area { id: relation.id(), ways, properties });
    }

    fn way(&mut self, way: &osmpbf::Way<'_>, rules: &OsmRules) -> Result<(), String> {
        let chosen = properties(rules, way.tags());
        let member = self.members.contains_key(&way.id());
        if chosen.is_none() && !member {
            return Ok(());
        }
        let nodes: Vec<i64> = way.refs().take(MAX_VERTICES + 1).collect();
        if nodes.len() > MAX_VERTICES {
            if chosen.is_some() {
                let reason = format!("has more than {MAX_VERTICES} nodes");
                let id = Some(format!("w{}", way.id()));
                self.unread.push(Err(Rejected { row: 0, source_id: id, reason }));
            }
            return Ok(());
        }
        nodes.iter().for_each(|n| _ = self.places.entry(*n).or_insert(None));
        // Some files write positions on the ways and leave out their nodes.
        for (node, at) in nodes.iter().zip(way.node_locations()) {
            if at.lon().abs() <= 180.0 && at.lat().abs() <= 90.0 {
                self.places.insert(*node, Some(Coord { x: at.lon(), y: at.lat() }));
            }
        }
        if let Some(properties) = chosen {
            self.ways.push(Way { id: way.id(), nodes: nodes.clone(), properties });
        }
        if member {
            self.members.insert(way.id(), nodes);
        }
        if self.places.len() > MAX_NODES {
            return Err(format!("more than {MAX_NODES} nodes in chosen ways"));
        }
        bounded(self.ways.len())
    }
}

fn row(id: String, geometry: Result<Geometry<f64>, String>, properties: BTreeMap<String, Value>) -> Row {
    match geometry {
        Ok(geometry) => Ok(Raw {
            row: 0,
            id: Some(id),
            place: PlaceIn::Geometry,
            crs: None,
            geometry: Ok(Some(geometry)),
            properties,
        }),
        Err(reason) => Err(Rejected { row: 0, source_id: Some(id), reason }),
    }
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
    let at: Vec<Coord<f64>> = way.nodes.iter().filter_map(|n| places.get(n).copied().flatten()).collect();
    let missing = way.nodes.len() - at.len();
    let geometry = if at.is_empty() || missing > 0 {
        // The centre of what is left would be somewhere else.
        Err(format!("{missing} of its {} nodes are not in the file", way.nodes.len()))
    } else if lines {
        Ok(LineString(at).into())
    } else {
        Ok(centre(at).into())
    };
    row(format!("w{}", way.id), geometry, way.properties)
}

/// A place inside an area of ways.
fn placed(area: Area, members: &HashMap<i64, Vec<i64>>, places: &HashMap<i64, Option<Coord<f64>>>) -> Row {
    let ways: Vec<Member<'_>> = area
        .ways
        .iter()
        .map(|(way, inner)| Member { nodes: members.get(way).map_or(&[], Vec::as_slice), inner: *inner })
        .collect();
    let missing = ways.iter().filter(|w| w.nodes.is_empty()).count();
    let geometry = if missing > 0 {
        Err(format!("{missing} of its {} ways are not in the file", ways.len()))
    } else {
        rings::area(&ways, places).and_then(|shape| {
            let place = to_point(&shape.into()).map(|(p, _)| p.into());
            place.ok_or_else(|| "is an area without an inside".to_owned())
        })
    };
    row(format!("r{}", area.id), geometry, area.properties)
}

/// A point for a way: inside it when it is closed, else in the middle of its box.
fn centre(at: Vec<Coord<f64>>) -> Point<f64> {
    use geo::{BoundingRect, Polygon};
    let first = Point(at[0]);
    let line = LineString(at);
    let middle = line.bounding_rect().map_or(first, |r| Point(r.center()));
    if !line.is_closed() || line.0.len() < 4 {
        return middle;
    }
    inside(&Polygon::new(line, vec![])).unwrap_or(middle)
}
