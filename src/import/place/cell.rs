//! A place in one cell, in any of the standard forms: WKT and EWKT, WKB and EWKB in hexadecimal, `GeoJSON`, a pair
//! of degrees. What is none says which forms there are. Not here: which column it is (columns).

use geo::{Geometry, Point};

use super::geojson::Wire;
use super::{degrees, shape, wkb};

/// Words that a WKT begins with.
const SHAPES: &[&str] = &[
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
];
/// What is read.
const FORMS: &str =
    "WKT, WKB in hexadecimal, GeoJSON, “latitude, longitude”, or degrees, minutes and seconds";

/// Whether a cell can only be a place. `likely`: its column is called like one of coordinates.
pub(super) fn is_place(text: &str, likely: bool) -> bool {
    is_wkt(text) || is_geojson(text) || degrees::is_pair(text, likely) || wkb::bytes(text).is_some()
}

fn is_wkt(text: &str) -> bool {
    // Enough of it for the longest word, its dimensions and some blanks.
    let head: String = text.chars().take(60).collect::<String>().to_ascii_uppercase();
    if head.starts_with("SRID=") {
        return head.contains(';');
    }
    SHAPES.iter().any(|word| {
        let rest = head.strip_prefix(word).map(str::trim_start).unwrap_or_default();
        let rest = rest.trim_start_matches(['Z', 'M']).trim_start();
        // A street may be called “Point …”.
        rest.starts_with('(') || rest == "EMPTY"
    })
}

fn is_geojson(text: &str) -> bool {
    text.starts_with('{') && text.contains("\"coordinates\"")
}

/// The shape that a cell holds, none when that is empty, and the coordinate system that it names.
///
/// # Errors
/// Why it is none.
pub(super) fn read(text: &str) -> Result<(Option<Geometry<f64>>, Option<String>), String> {
    let text = text.trim();
    if is_wkt(text) {
        return ewkt(text);
    }
    if let Some(bytes) = wkb::bytes(text) {
        let (shape, srid) = wkb::read(&bytes).map_err(|e| format!("is no WKB: {e}"))?;
        return Ok((shape, srid.and_then(|srid| system(&srid.to_string()))));
    }
    if is_geojson(text) {
        let wire: Wire = serde_json::from_str(text).map_err(|e| format!("is no GeoJSON geometry: {e}"))?;
        let crs = wire.crs();
        return Ok((wire.read()?, crs));
    }
    match degrees::pair(text) {
        Some(pair) => pair.map(|(lon, lat)| (Some(Geometry::Point(Point::new(lon, lat))), None)),
        None => Err(format!("is {}; a place is written as {FORMS}", other(text))),
    }
}

/// A WKT text, with or without `SRID=n;` in front.
fn ewkt(text: &str) -> Result<(Option<Geometry<f64>>, Option<String>), String> {
    let srid = text.get(..5).filter(|p| p.eq_ignore_ascii_case("SRID=")).and(text.get(5..));
    match srid.and_then(|rest| rest.split_once(';')) {
        Some((srid, wkt)) => Ok((shape::from_wkt(wkt)?, system(srid.trim()))),
        None => Ok((shape::from_wkt(text)?, None)),
    }
}

/// The system of a spatial reference. Zero is what databases write for an unknown one; the numbers then say what
/// they are, as they do for degrees on WGS 84.
fn system(srid: &str) -> Option<String> {
    (!["4326", "4979", "0"].contains(&srid))
        .then(|| format!("EPSG:{}", srid.chars().take(10).collect::<String>()))
}

/// What else people write for a place.
fn other(text: &str) -> String {
    let upper = text.to_uppercase();
    let plus = upper.split_whitespace().next().unwrap_or_default();
    let is_plus = plus.split_once('+').is_some_and(|(a, b)| {
        let code = |t: &str| t.bytes().all(|b| b"23456789CFGHJMPQRVWX".contains(&b));
        (4..=8).contains(&a.len()) && (2..=7).contains(&b.len()) && code(a) && code(b)
    });
    let zone = upper.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = upper.len() - zone.len();
    let grid = (1..=2).contains(&digits) && zone.starts_with(|c: char| c.is_ascii_uppercase());
    let numbers = zone.bytes().filter(u8::is_ascii_digit).count();
    let shown: String = text.chars().take(40).collect();
    let what = match () {
        () if upper.starts_with("HTTP") => "a link",
        () if upper.starts_with('<') => "XML (GML, KML)",
        () if upper.starts_with("4750") && upper.len() > 40 => "a GeoPackage blob",
        () if is_plus => "a Plus Code",
        () if grid && numbers >= 4 && numbers % 2 == 0 && !zone.contains(',') => {
            "a grid reference (MGRS, UTM)"
        }
        () => return format!("“{shown}”, no place"),
    };
    format!("“{shown}”: {what}, which is not read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_in_every_standard_form() {
        for text in [
            "POINT(106.7 10.78)",
            "point z (106.7 10.78 5)",
            "SRID=4326;POINT(106.7 10.78)",
            "srid=4326; POINT (106.7 10.78)",
            "0101000000cdccccccccac5a408fc2f5285c8f2540",
            "0101000020E6100000CDCCCCCCCCAC5A408FC2F5285C8F2540",
            "\\x0101000000cdccccccccac5a408fc2f5285c8f2540",
            "000000000101000000CDCCCCCCCCAC5A408FC2F5285C8F2540",
            "0x0000000001405AACCCCCCCCCCD40258F5C28F5C28F",
            "0xE61000000101000000CDCCCCCCCCAC5A408FC2F5285C8F2540",
            "01E9030000CDCCCCCCCCAC5A408FC2F5285C8F25400000000000001440",
            "{\"type\":\"Point\",\"coordinates\":[106.7,10.78]}",
            "10.780, 106.700",
            "10°46'48\"N 106°42'00\"E",
        ] {
            let Ok((Some(Geometry::Point(p)), None)) = read(text) else { panic!("{text}: {:?}", read(text)) };
            assert!((p.x() - 106.7).abs() < 1e-9 && (p.y() - 10.78).abs() < 1e-9, "{text}: {p:?}");
            assert!(is_place(text, true), "{text}");
        }
        for empty in ["POINT EMPTY", "LINESTRING EMPTY", "0101000000000000000000F87F000000000000F87F"] {
            assert_eq!(read(empty), Ok((None, None)), "{empty}");
        }
    }

    #[test]
    fn a_spatial_reference_is_told() {
        for text in
            ["SRID=3405;POINT(685502.392 1191450.938)", "01010000204D0D0000CDCCCCCCCCAC5A408FC2F5285C8F2540"]
        {
            assert_eq!(read(text).unwrap().1.as_deref(), Some("EPSG:3405"), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_names_its_form_and_the_way_out() {
        for (text, word) in [
            ("7P28QPG5+XQ", "a Plus Code, which is not read; a place is written as WKT"),
            ("48PXS8550291450", "a grid reference"),
            ("https://maps.app.goo.gl/abc", "a link"),
            ("<Point><coordinates>106.7,10.78</coordinates></Point>", "XML"),
            ("Ngã tư Hàng Xanh", "“Ngã tư Hàng Xanh”, no place"),
            ("POINT(106.7)", "is no WKT"),
            ("0101000000CDCC", "no place"),
            ("0102000000FFFFFFFFCDCCCCCCCCAC5A408FC2F5285C8F2540", "breaks off"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(word), "{text}: {said}");
        }
        for text in ["Point Break, 12 (cũ)", "Lê Lợi", "2026-12-31", "0908123456", "POLYGON"] {
            assert!(!is_place(text, true), "{text}");
        }
    }
}
