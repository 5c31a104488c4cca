//! Systems of coordinates of answers and boxes: degrees on WGS 84, in either order.

use crate::domain::Violation;
use crate::query::cql;

/// A system of coordinates: both are degrees on WGS 84, in this order or the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crs {
    /// Longitude before latitude.
    #[default]
    Crs84,
    /// Latitude before longitude.
    Epsg4326,
}

impl Crs {
    /// Both, in the order in which collections name them.
    pub const ALL: [Self; 2] = [Self::Crs84, Self::Epsg4326];

    /// Its URI.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Crs84 => cql::CRS84,
            Self::Epsg4326 => "http://www.opengis.net/def/crs/EPSG/0/4326",
        }
    }

    /// Reads a URI or one of the short forms.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plain = text.trim().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let plain = plain.strip_prefix("https:").map_or_else(|| plain.clone(), |rest| format!("http:{rest}"));
        let ends = |end: &str| plain == end || plain == format!("urn:ogc:def:crs:{end}");
        if plain == Self::Crs84.uri().to_ascii_lowercase()
            || ["crs84", "ogc:crs84", "ogc:1.3:crs84", "ogc::crs84"].into_iter().any(ends)
        {
            return Ok(Self::Crs84);
        }
        if plain == Self::Epsg4326.uri().to_ascii_lowercase()
            || ["epsg:4326", "epsg::4326", "epsg:0:4326"].into_iter().any(ends)
        {
            return Ok(Self::Epsg4326);
        }
        Err(format!("must be {} or {}", Self::Crs84.uri(), Self::Epsg4326.uri()))
    }
}

/// Takes `bbox-crs` out of the parameters and turns `bbox` to longitude before latitude.
///
/// # Errors
/// A system that is not known here.
pub fn turn_bbox(pairs: &mut Vec<(String, String)>) -> Result<(), Violation> {
    const NAME: &str = "bbox-crs";
    let Some(at) = pairs.iter().position(|(name, _)| name == NAME) else { return Ok(()) };
    let crs = Crs::parse(&pairs.remove(at).1).map_err(|detail| Violation::new(NAME, detail))?;
    for (_, value) in pairs.iter_mut().filter(|(name, _)| crs == Crs::Epsg4326 && name == "bbox") {
        let mut parts: Vec<&str> = value.split(',').collect();
        match parts.len() {
            4 => [(0, 1), (2, 3)].into_iter().for_each(|(a, b)| parts.swap(a, b)),
            6 => [(0, 1), (3, 4)].into_iter().for_each(|(a, b)| parts.swap(a, b)),
            // Its own fault, which is said where boxes are read.
            _ => {}
        }
        *value = parts.join(",");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_of_axes_are_read() {
        for (text, crs) in [
            ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", Some(Crs::Crs84)),
            ("https://www.opengis.net/def/crs/EPSG/0/4326", Some(Crs::Epsg4326)),
            ("[EPSG:4326]", Some(Crs::Epsg4326)),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", Some(Crs::Crs84)),
            ("http://www.opengis.net/def/crs/EPSG/0/3857", None),
            ("", None),
        ] {
            assert_eq!(Crs::parse(text).ok(), crs, "{text}");
        }
        let turned = |bbox: &str, crs: &str| {
            let mut pairs =
                vec![("bbox".to_owned(), bbox.to_owned()), ("bbox-crs".to_owned(), crs.to_owned())];
            turn_bbox(&mut pairs).map(|()| pairs[0].1.clone()).map_err(|v| v.field)
        };
        assert_eq!(turned("10,106,11,107", "EPSG:4326").as_deref(), Ok("106,10,107,11"));
        assert_eq!(turned("10,106,0,11,107,9", "EPSG:4326").as_deref(), Ok("106,10,0,107,11,9"));
        assert_eq!(turned("106,10,107,11", "CRS84").as_deref(), Ok("106,10,107,11"));
        assert_eq!(turned("1,2,3,4", "EPSG:9210").unwrap_err(), "bbox-crs");
    }
}
