//! Shapes as GeoJSON geometries (RFC 7946): seven decimals, rings closed and wound by the right-hand
//! rule. Not here: whether a shape makes sense (import, `geo::polygon`).

use ::geojson::GeometryValue;
use geo::orient::{Direction, Orient};
use geo::{Coord, Geometry, LineString, Point, Polygon};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// The GeoJSON geometry; null for none.
pub fn to_json(geometry: Option<&Geometry<f64>>) -> Json {
    serde_json::to_value(geometry.map(GeoJson)).expect("coordinates are numbers")
}

/// A shape that serializes as its GeoJSON geometry.
#[derive(Clone, Copy, Debug)]
pub struct GeoJson<'a>(pub &'a Geometry<f64>);

/// The coordinates of a geometry.
enum Coordinates<'a> {
    Position(Coord<f64>),
    Points(&'a [Point<f64>]),
    Line(&'a [Coord<f64>]),
    Lines(&'a [LineString<f64>]),
    Polygon(&'a Polygon<f64>),
    Polygons(&'a [Polygon<f64>]),
}

impl Serialize for GeoJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use Coordinates as At;
        let mut geometry = serializer.serialize_map(Some(2))?;
        let kind = {
            let mut coordinates = |at: At<'_>| geometry.serialize_entry("coordinates", &at);
            match self.0 {
                Geometry::Point(p) => coordinates(At::Position(p.0)).map(|()| "Point"),
                Geometry::MultiPoint(m) => coordinates(At::Points(&m.0)).map(|()| "MultiPoint"),
                Geometry::LineString(l) => coordinates(At::Line(&l.0)).map(|()| "LineString"),
                Geometry::Line(l) => coordinates(At::Line(&[l.start, l.end])).map(|()| "LineString"),
                Geometry::MultiLineString(m) => coordinates(At::Lines(&m.0)).map(|()| "MultiLineString"),
                Geometry::Polygon(p) => coordinates(At::Polygon(p)).map(|()| "Polygon"),
                Geometry::Rect(r) => coordinates(At::Polygon(&r.to_polygon())).map(|()| "Polygon"),
                Geometry::Triangle(t) => coordinates(At::Polygon(&t.to_polygon())).map(|()| "Polygon"),
                Geometry::MultiPolygon(m) => coordinates(At::Polygons(&m.0)).map(|()| "MultiPolygon"),
                Geometry::GeometryCollection(c) => {
                    let parts: Vec<_> = c.iter().map(GeoJson).collect();
                    geometry.serialize_entry("geometries", &parts).map(|()| "GeometryCollection")
                }
            }
        }?;
        geometry.serialize_entry("type", kind)?;
        geometry.end()
    }
}

impl Serialize for Coordinates<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Position(c) => [seven(c.x), seven(c.y)].serialize(serializer),
            Self::Points(points) => serializer.collect_seq(points.iter().map(|p| Self::Position(p.0))),
            Self::Line(line) => serializer.collect_seq(line.iter().map(|c| Self::Position(*c))),
            Self::Lines(lines) => serializer.collect_seq(lines.iter().map(|l| Coordinates::Line(&l.0))),
            Self::Polygon(p) => {
                let p = p.orient(Direction::Default);
                let rings = std::iter::once(p.exterior()).chain(p.interiors());
                serializer.collect_seq(rings.map(|ring| Coordinates::Line(&ring.0)))
            }
            Self::Polygons(all) => serializer.collect_seq(all.iter().map(Coordinates::Polygon)),
        }
    }
}

/// Reads a GeoJSON geometry as it is, without checks; null is none.
///
/// # Errors
/// When the value is no GeoJSON geometry.
pub fn from_json(value: &Json) -> Result<Option<Geometry<f64>>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let read: ::geojson::Geometry = serde_json::from_value(value.clone()).map_err(|e| e.to_string())?;
    let value: GeometryValue = read.value;
    Geometry::try_from(value).map(Some).map_err(|e| e.to_string())
}

/// The shape as well-known text (OGC 06-103r4 section 7), for tables.
pub fn to_wkt(geometry: &Geometry<f64>) -> String {
    let at = |c: &Coord<f64>| format!("{} {}", seven(c.x), seven(c.y));
    let join = |parts: Vec<String>| format!("({})", parts.join(","));
    let ring = |l: &LineString<f64>| join(l.0.iter().map(at).collect());
    let area = |p: &Polygon<f64>| {
        let p = p.orient(Direction::Default);
        join(std::iter::once(p.exterior()).chain(p.interiors()).map(ring).collect())
    };
    match geometry {
        Geometry::Point(p) => format!("POINT({})", at(&p.0)),
        Geometry::MultiPoint(m) => {
            format!("MULTIPOINT{}", join(m.0.iter().map(|p| format!("({})", at(&p.0))).collect()))
        }
        Geometry::LineString(l) => format!("LINESTRING{}", ring(l)),
        Geometry::MultiLineString(m) => format!("MULTILINESTRING{}", join(m.0.iter().map(ring).collect())),
        Geometry::Polygon(p) => format!("POLYGON{}", area(p)),
        Geometry::MultiPolygon(m) => format!("MULTIPOLYGON{}", join(m.0.iter().map(area).collect())),
        Geometry::Line(l) => format!("LINESTRING({},{})", at(&l.start), at(&l.end)),
        Geometry::Rect(r) => format!("POLYGON{}", area(&r.to_polygon())),
        Geometry::Triangle(t) => format!("POLYGON{}", area(&t.to_polygon())),
        Geometry::GeometryCollection(c) => {
            format!("GEOMETRYCOLLECTION{}", join(c.0.iter().map(to_wkt).collect()))
        }
    }
}

fn seven(v: f64) -> f64 {
    // `+ 0.0` turns a negative zero into a plain one.
    (v * 1e7).round() / 1e7 + 0.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            r#"{"type":"Point","coordinates":[106.7,10.77]}"#,
            r#"{"type":"MultiLineString","coordinates":[[[106.7,10.77],[106.8,10.78]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0.0,0.0],[4.0,0.0],[4.0,4.0],[0.0,0.0]],[[1.0,0.5],[2.0,1.0],[2.0,0.5],[1.0,0.5]]]}"#,
        ] {
            let value: Json = serde_json::from_str(text).unwrap();
            let shape = from_json(&value).unwrap().unwrap();
            let again = to_json(Some(&shape));
            assert_eq!(
                from_json(&again).unwrap().unwrap(),
                from_json(&to_json(from_json(&again).unwrap().as_ref())).unwrap().unwrap()
            );
            if !text.contains("Polygon") {
                assert_eq!(again, value);
            }
        }
        assert!(from_json(&json!({ "type": "Circle" })).is_err());
        assert_eq!(from_json(&Json::Null), Ok(None));
    }

    #[test]
    fn rings_are_wound_by_the_right_hand_rule() {
        let clockwise =
            json!({ "type": "Polygon", "coordinates": [[[0.0, 0.0], [0.0, 4.0], [4.0, 4.0], [0.0, 0.0]]] });
        let shape = from_json(&clockwise).unwrap().unwrap();
        assert_eq!(to_json(Some(&shape))["coordinates"][0][1], json!([4.0, 4.0]));
        assert_eq!(to_wkt(&shape), "POLYGON((0 0,4 4,0 4,0 0))");
    }
}
