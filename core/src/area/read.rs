//! Reads units from a `GeoJSON` file of wards, plain or gzipped. An error names the feature and the
//! ring; nothing is guessed or repaired.
//!
//! Properties read: `code`; `kind` (one of the city's own); `full_name`, or `name` which gets the prefix of
//! its kind. Rings may be wound either way.
//!
//! Not here: where the bytes come from, coordinate systems (geo), whether the wards fit together (check).

use std::collections::HashSet;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use geo::{Coord, LineString, MultiPolygon, Polygon};
use geojson::{Feature, GeoJson, GeometryValue, JsonObject, JsonValue, Position};

use super::crs_name::crs_name;
use super::unit::{Unit, UnitError, checked};
use crate::domain::{CodeForm, UnitScheme};
use crate::geo::Crs;
use crate::geo::crs::WGS84;
use crate::geo::polygon::check_ring;

/// Most bytes after decompression.
const MAX_BYTES: u64 = 256 << 20;
/// Most vertices in a file.
const MAX_VERTICES: usize = 5_000_000;

/// Why a file is not a set of wards.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The gzip data ends too early or is damaged.
    #[error("the gzip data is truncated or damaged: {0}")]
    Gzip(io::Error),
    /// More than 256 MiB of JSON.
    #[error("the file is larger than 256 MiB when unpacked")]
    TooLarge,
    /// More than five million vertices.
    #[error("the file has more than 5,000,000 vertices")]
    TooManyVertices,
    /// Not JSON, or not `GeoJSON`.
    #[error("the file is not GeoJSON: {0}")]
    Json(String),
    /// A `GeoJSON` object that is not a `FeatureCollection`.
    #[error("the file must hold a FeatureCollection of wards")]
    NotACollection,
    /// A `crs` member that names a system that is not known here.
    #[error(
        "the file says its coordinates are in {0}, which is not known here; convert it to longitude and \
         latitude (EPSG:4326) first"
    )]
    Crs(String),
    /// A feature without a code.
    #[error("feature {0} has no property \"code\"")]
    NoCode(usize),
    /// Two features with the same code.
    #[error("feature {feature}: the code {code} was already given to another feature")]
    Duplicate {
        /// Index of the feature, from 0.
        feature: usize,
        /// The code.
        code: String,
    },
    /// A property that is missing or unknown.
    #[error("feature {feature} (code {code}): property {property:?} {what}")]
    Property {
        /// Index of the feature, from 0.
        feature: usize,
        /// Its code.
        code: String,
        /// The property's name.
        property: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// A geometry that is not a polygon.
    #[error("feature {feature} (code {code}): the geometry must be a Polygon or MultiPolygon")]
    NotAPolygon {
        /// Index of the feature, from 0.
        feature: usize,
        /// Its code.
        code: String,
    },
    /// A coordinate outside the system that the file names.
    #[error("feature {feature} (code {code}): {x},{y} lies outside {crs}, the system that the file names")]
    Unprojectable {
        /// Index of the feature, from 0.
        feature: usize,
        /// Its code.
        code: String,
        /// First number.
        x: f64,
        /// Second number.
        y: f64,
        /// The system.
        crs: Crs,
    },
    /// An invalid ring or shape.
    #[error("feature {feature} (code {code}): {error}")]
    Shape {
        /// Index of the feature, from 0.
        feature: usize,
        /// Its code.
        code: String,
        /// What is wrong.
        error: UnitError,
    },
}

/// Reads wards of a city in longitude and latitude (WGS 84), converted from the system that the `crs`
/// member of the file names, if it names another.
///
/// # Errors
/// See [`ReadError`].
pub fn read_units(bytes: &[u8], scheme: &UnitScheme) -> Result<Vec<Unit>, ReadError> {
    let (features, crs) = features(bytes)?;
    let mut seen = HashSet::new();
    let mut vertices = 0;
    let mut units = Vec::with_capacity(features.len());
    for (feature, f) in features.into_iter().enumerate() {
        let empty = JsonObject::new();
        let properties = f.properties.as_ref().unwrap_or(&empty);
        let code = code(properties, scheme.code()).ok_or(ReadError::NoCode(feature))?;
        if !seen.insert(code.clone()) {
            return Err(ReadError::Duplicate { feature, code });
        }
        let fail = |property, what| ReadError::Property { feature, code: code.clone(), property, what };
        let text = |key| properties.get(key).and_then(JsonValue::as_str).filter(|t| !t.trim().is_empty());
        let kind_text = text("kind").ok_or_else(|| fail("kind", "is missing".to_owned()))?;
        let kind = scheme.kind(kind_text).cloned();
        let kind =
            kind.ok_or_else(|| fail("kind", format!("is {kind_text:?}; known are {}", scheme.known())))?;
        let name = text("full_name")
            .or_else(|| text("name"))
            .ok_or_else(|| fail("name", "is missing".to_owned()))?
            .to_owned();
        let shape = shape(f, &mut vertices, crs).map_err(|e| match e {
            ShapeError::NotAPolygon => ReadError::NotAPolygon { feature, code: code.clone() },
            ShapeError::TooManyVertices => ReadError::TooManyVertices,
            ShapeError::Unprojectable(x, y) => {
                ReadError::Unprojectable { feature, code: code.clone(), x, y, crs }
            }
            ShapeError::Unit(error) => ReadError::Shape { feature, code: code.clone(), error },
        })?;
        let unit = Unit::new(&code, kind, &name, shape).map_err(|error| ReadError::Shape {
            feature,
            code: code.clone(),
            error,
        })?;
        units.push(unit);
    }
    Ok(units)
}

/// Reads the sea polygons of a city: every Polygon or `MultiPolygon` of a `FeatureCollection`, joined.
///
/// # Errors
/// See [`ReadError`]; features are called by their index with the code `sea`.
pub fn read_sea(bytes: &[u8]) -> Result<MultiPolygon<f64>, ReadError> {
    let mut vertices = 0;
    let mut parts = Vec::new();
    let (features, crs) = features(bytes)?;
    for (feature, f) in features.into_iter().enumerate() {
        let code = || "sea".to_owned();
        let shape = shape(f, &mut vertices, crs).map_err(|e| match e {
            ShapeError::TooManyVertices => ReadError::TooManyVertices,
            ShapeError::Unit(error) => ReadError::Shape { feature, code: code(), error },
            _ => ReadError::NotAPolygon { feature, code: code() },
        })?;
        let shape = checked(shape).map_err(|error| ReadError::Shape { feature, code: code(), error })?;
        parts.extend(shape);
    }
    Ok(MultiPolygon(parts))
}

/// The features of a file and the system that they are in.
fn features(bytes: &[u8]) -> Result<(Vec<Feature>, Crs), ReadError> {
    let bytes = unpack(bytes)?;
    // Some editors begin a file with a byte order mark.
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let value: GeoJson = serde_json::from_slice(json).map_err(|e| ReadError::Json(e.to_string()))?;
    let GeoJson::FeatureCollection(collection) = value else { return Err(ReadError::NotACollection) };
    let member = collection.foreign_members.as_ref().and_then(|m| m.get("crs"));
    let crs = match member.and_then(crs_name) {
        None => WGS84,
        Some(name) => Crs::named(&name).ok_or_else(|| ReadError::Crs(name.chars().take(80).collect()))?,
    };
    Ok((collection.features, crs))
}

fn unpack(bytes: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, ReadError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let fits = bytes.len() as u64 <= MAX_BYTES;
        return if fits { Ok(bytes.into()) } else { Err(ReadError::TooLarge) };
    }
    let mut out = Vec::new();
    MultiGzDecoder::new(bytes).take(MAX_BYTES + 1).read_to_end(&mut out).map_err(ReadError::Gzip)?;
    if out.len() as u64 > MAX_BYTES { Err(ReadError::TooLarge) } else { Ok(out.into()) }
}

fn code(properties: &JsonObject, form: &CodeForm) -> Option<String> {
    match properties.get("code")? {
        JsonValue::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
        // Spreadsheets turn codes into numbers.
        JsonValue::Number(n) => n.as_u64().map(|n| form.restore(n)),
        _ => None,
    }
}

enum ShapeError {
    NotAPolygon,
    TooManyVertices,
    Unprojectable(f64, f64),
    Unit(UnitError),
}

fn shape(f: Feature, vertices: &mut usize, crs: Crs) -> Result<MultiPolygon<f64>, ShapeError> {
    let polygons = match f.geometry.map(|g| g.value) {
        Some(GeometryValue::Polygon { coordinates }) => vec![coordinates],
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates,
        _ => return Err(ShapeError::NotAPolygon),
    };
    let mut parts = Vec::with_capacity(polygons.len());
    for (part, rings) in polygons.into_iter().enumerate() {
        let mut lines = Vec::with_capacity(rings.len());
        for (ring, positions) in rings.into_iter().enumerate() {
            *vertices += positions.len();
            if *vertices > MAX_VERTICES {
                return Err(ShapeError::TooManyVertices);
            }
            let line = line(&positions, crs)?;
            // Checked here and not only in the unit, because geo's polygon silently closes open
            // rings.
            check_ring(&line.0).map_err(|error| ShapeError::Unit(UnitError::Ring { part, ring, error }))?;
            lines.push(line);
        }
        let mut lines = lines.into_iter();
        let exterior = lines.next().ok_or(ShapeError::Unit(UnitError::Empty))?;
        parts.push(Polygon::new(exterior, lines.collect()));
    }
    Ok(MultiPolygon(parts))
}

fn line(ring: &[Position], crs: Crs) -> Result<LineString<f64>, ShapeError> {
    ring.iter()
        .map(|p| {
            let [x, y, ..] = *p.as_slice() else { return Err(ShapeError::NotAPolygon) };
            // Numbers of WGS 84 are kept as they are; whether they are degrees the ring says.
            let converted = if crs.is_wgs84() { Some((x, y)) } else { crs.to_wgs84(x, y) };
            let (x, y) = converted.ok_or(ShapeError::Unprojectable(x, y))?;
            Ok(Coord { x, y })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const RING: &str = "[[106.6,10.8],[106.7,10.8],[106.7,10.9],[106.6,10.8]]";

    fn feature(properties: &str, ring: &str) -> String {
        format!(
            r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
        )
    }

    fn file(features: &[String], more: &str) -> Vec<u8> {
        format!(r#"{{"type":"FeatureCollection"{more},"features":[{}]}}"#, features.join(",")).into_bytes()
    }

    fn good() -> String {
        feature(r#"{"code":"26740","name":"Sa\u0300i Go\u0300n","kind":"Phường"}"#, RING)
    }

    fn error(bytes: &[u8]) -> String {
        read_units(bytes, &UnitScheme::vietnamese()).expect_err("this file must be refused").to_string()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        w.write_all(bytes).unwrap();
        w.finish().unwrap()
    }

    #[test]
    fn plain_and_gzipped_files_give_the_same_unit() {
        let plain = file(&[good()], "");
        for bytes in [plain.clone(), gzip(&plain)] {
            let units = read_units(&bytes, &UnitScheme::vietnamese()).unwrap();
            assert_eq!((&*units[0].code, &*units[0].name), ("26740", "Phường Sài Gòn"));
        }
    }

    #[test]
    fn damaged_files_are_named() {
        let packed = gzip(&file(&[good()], ""));
        assert!(error(&packed[..packed.len() - 9]).contains("gzip data is truncated"));
        assert!(error(b"code,name\n1,An").contains("not GeoJSON"));
        assert!(error(good().as_bytes()).contains("FeatureCollection"));
    }

    #[test]
    fn coordinates_of_another_kind_are_named_never_guessed() {
        let crs = r#","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3405"}}"#;
        assert!(error(&file(&[good()], crs)).contains("lies outside EPSG:3405 (VN-2000 / UTM zone 48N)"));
        let unknown = crs.replace("3405", "2056");
        assert!(error(&file(&[good()], &unknown)).contains("EPSG::2056, which is not known here"));
        let same = r#","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}"#;
        assert!(read_units(&file(&[good()], same), &UnitScheme::vietnamese()).is_ok());

        let properties = r#"{"code":"1","name":"An","kind":"Xã"}"#;
        let swapped = "[[10.8,106.6],[10.8,106.7],[10.9,106.7],[10.8,106.6]]";
        assert!(error(&file(&[feature(properties, swapped)], "")).contains("latitude before longitude"));
        let metres = "[[603000,1190000],[604000,1190000],[604000,1191000],[603000,1190000]]";
        let bytes = file(&[feature(properties, metres)], "");
        assert!(error(&bytes).contains("projected"));
        // The same numbers with their system.
        let crs = r#","crs":{"type":"name","properties":{"name":"EPSG:9210"}}"#;
        let units =
            read_units(&file(&[feature(properties, metres)], crs), &UnitScheme::vietnamese()).unwrap();
        let first = units[0].shape.0[0].exterior().0[0];
        let (x, y) = Crs::of_code(9210).unwrap().of_wgs84(first.x, first.y).unwrap();
        assert!((x - 603_000.0).hypot(y - 1_190_000.0) < 1e-4, "{x} {y}");
    }

    #[test]
    fn the_feature_and_ring_at_fault_are_named() {
        let open = "[[106.6,10.8],[106.7,10.8],[106.7,10.9],[106.6,10.9]]";
        let e = error(&file(&[good(), feature(r#"{"code":"2","name":"An","kind":"Xã"}"#, open)], ""));
        assert!(e.starts_with("feature 1 (code 2): part 0, ring 0: is not closed"), "{e}");
        assert!(error(&file(&[good(), good()], "")).contains("feature 1: the code 26740"));
        assert!(error(&file(&[feature("{}", RING)], "")).contains("feature 0 has no property \"code\""));
        assert!(error(&file(&[feature("null", RING)], "")).contains("feature 0 has no property \"code\""));
        let kind = feature(r#"{"code":"3","name":"An","kind":"Quận"}"#, RING);
        assert!(error(&file(&[kind], "")).contains("known are Phường, Xã"));
        let point = r#"{"type":"Feature","properties":{"code":"4","name":"An","kind":"Xã"},
            "geometry":{"type":"Point","coordinates":[106.6,10.8]}}"#;
        assert!(error(&file(&[point.to_owned()], "")).contains("must be a Polygon"));
    }
}
