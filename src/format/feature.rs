//! The hash that tells whether a feature changed.

use geo::{Coord, Geometry};

use crate::domain::Collection;
use crate::domain::feature::NewFeature;
use crate::domain::field::Value;

/// The hash of what a feature says: its shape in units of 1e-7 degree, its values by name (absent
/// ones left out, so that a new optional property changes nothing) and its wards. Two imports of the
/// same content give the same hash; the source id is not part of it.
pub fn content_hash(collection: &Collection, feature: &NewFeature) -> [u8; 16] {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    if let Some(geometry) = &feature.geometry {
        hash_geometry(geometry, &mut hasher);
    }
    for (property, value) in collection.properties.iter().zip(&feature.values) {
        let text = match value {
            Value::Null => continue,
            Value::Text(t) => t.clone(),
            Value::Integer(i) => i.to_string(),
            Value::Number(n) => n.to_string(),
            Value::Boolean(b) => b.to_string(),
        };
        hasher.update(format!("\n{}={}:{text}", property.name, text.len()).as_bytes());
    }
    for ward in &feature.wards {
        hasher.update(format!("\nward={ward}").as_bytes());
    }
    hasher.digest128().to_be_bytes()
}

fn hash_geometry(geometry: &Geometry<f64>, hasher: &mut xxhash_rust::xxh3::Xxh3) {
    let mut line = |tag: &str, coords: &[Coord<f64>]| {
        hasher.update(format!("{tag}{}:", coords.len()).as_bytes());
        for c in coords {
            hasher.update(&((c.x * 1e7).round() as i64).to_be_bytes());
            hasher.update(&((c.y * 1e7).round() as i64).to_be_bytes());
        }
    };
    let mut area = |p: &geo::Polygon<f64>| {
        line("a", &p.exterior().0);
        p.interiors().iter().for_each(|ring| line("h", &ring.0));
    };
    match geometry {
        Geometry::Point(p) => line("p", &[p.0]),
        Geometry::MultiPoint(points) => points.0.iter().for_each(|p| line("P", &[p.0])),
        Geometry::Line(l) => line("l", &[l.start, l.end]),
        Geometry::LineString(l) => line("l", &l.0),
        Geometry::MultiLineString(lines) => lines.0.iter().for_each(|l| line("L", &l.0)),
        Geometry::Polygon(p) => area(p),
        Geometry::MultiPolygon(parts) => {
            parts.0.iter().for_each(&mut area);
            hasher.update(b"M");
        }
        Geometry::Rect(r) => area(&r.to_polygon()),
        Geometry::Triangle(t) => area(&t.to_polygon()),
        Geometry::GeometryCollection(all) => all.0.iter().for_each(|g| hash_geometry(g, hasher)),
    }
}
