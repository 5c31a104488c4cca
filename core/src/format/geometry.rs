//! Shapes as GeoJSON geometries (RFC 7946): seven decimals, rings closed and wound by the right-hand
//! rule. Not here: whether a shape makes sense (import, `geo::polygon`).

use ::geojson::GeometryValue;
use geo::orient::{Direction, Orient};
use geo::{Coord, Geometry, LineString, Polygon};
use serde_json::{Value as Json, json};

/// The GeoJSON geometry; null for none.
pub fn to_json(geometry: Option<&Geometry<f64>>) -> Json {
    match geometry {
        None => Json::Null,
        Some(Geometry::Point(p)) => json!({ "type": "Point", "coordinates": position(p.0) }),
        Some(Geometry::MultiPoint(m)) => {
            let points: Vec<Json> = m.0.iter().map(|p| position(p.0)).collect();
            json!({ "type": "MultiPoint", "coordinates": points })
        }
        Some(Geometry::LineString(l)) => json!({ "type": "LineString", "coordinates": line(l) }),
        Some(Geometry::MultiLineString(m)) => {
            let lines: Vec<Json> = m.0.iter().map(line).collect();
            json!({ "type": "MultiLineString", "coordinates": lines })
        }
        Some(Geometry::Polygon(p)) => json!({ "type": "Polygon", "coordinates": polygon(p) }),
        Some(Geometry::MultiPolygon(m)) => {
            let polygons: Vec<Json> = m.0.iter().map(polygon).collect();
            json!({ "type": "MultiPolygon", "coordinates": polygons })
        }
        Some(Geometry::Line(l)) => {
            json!({ "type": "LineString", "coordinates": [position(l.start), position(l.end)] })
        }
        Some(Geometry::Rect(r)) => json!({ "type": "Polygon", "coordinates": polygon(&r.to_polygon()) }),
        Some(Geometry::Triangle(t)) => json!({ "type": "Polygon", "coordinates": polygon(&t.to_polygon()) }),
        Some(Geometry::GeometryCollection(c)) => {
            let parts: Vec<Json> = c.0.iter().map(|g| to_json(Some(g))).collect();
            json!({ "type": "GeometryCollection", "geometries": parts })
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

fn position(c: Coord<f64>) -> Json {
    json!([seven(c.x), seven(c.y)])
}

fn line(l: &LineString<f64>) -> Json {
    l.0.iter().map(|c| position(*c)).collect::<Vec<_>>().into()
}

fn polygon(p: &Polygon<f64>) -> Json {
    let p = p.orient(Direction::Default);
    std::iter::once(p.exterior()).chain(p.interiors()).map(line).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
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
