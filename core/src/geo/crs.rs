//! The coordinate systems that files of this country are in, one row each: EPSG code, name, datum,
//! projection; and the many ways in which files name them.
//! Not here: which system a file without a name is in (import).

use super::{Projection, vn2000};

/// What longitudes and latitudes are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// WGS 84.
    Wgs84,
    /// VN-2000, about 200 m beside it.
    Vn2000,
}

/// A coordinate system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crs {
    /// Its EPSG code.
    pub code: u32,
    /// Its name in the EPSG register.
    pub name: &'static str,
    /// Its datum.
    pub datum: Datum,
    /// Its projection.
    pub projection: Projection,
}

/// Longitude and latitude on WGS 84: what everything here is stored in.
pub const WGS84: Crs =
    Crs { code: 4326, name: "WGS 84", datum: Datum::Wgs84, projection: Projection::Degrees };

/// All that are known.
pub const KNOWN: [Crs; 25] = [
    WGS84,
    Crs { code: 4756, name: "VN-2000", datum: Datum::Vn2000, projection: Projection::Degrees },
    Crs { code: 3857, name: "WGS 84 / Pseudo-Mercator", datum: Datum::Wgs84, projection: Projection::Web },
    utm(32648, "WGS 84 / UTM zone 48N", Datum::Wgs84, 105.0),
    utm(32649, "WGS 84 / UTM zone 49N", Datum::Wgs84, 111.0),
    utm(3405, "VN-2000 / UTM zone 48N", Datum::Vn2000, 105.0),
    utm(3406, "VN-2000 / UTM zone 49N", Datum::Vn2000, 111.0),
    tm3(5896, "VN-2000 / TM-3 zone 481", 102.0),
    tm3(5897, "VN-2000 / TM-3 zone 482", 105.0),
    tm3(5898, "VN-2000 / TM-3 zone 491", 108.0),
    tm3(5899, "VN-2000 / TM-3 107-45", 107.75),
    tm3(9205, "VN-2000 / TM-3 103-00", 103.0),
    tm3(9206, "VN-2000 / TM-3 104-00", 104.0),
    tm3(9207, "VN-2000 / TM-3 104-30", 104.5),
    tm3(9208, "VN-2000 / TM-3 104-45", 104.75),
    tm3(9209, "VN-2000 / TM-3 105-30", 105.5),
    tm3(9210, "VN-2000 / TM-3 105-45", 105.75),
    tm3(9211, "VN-2000 / TM-3 106-00", 106.0),
    tm3(9212, "VN-2000 / TM-3 106-15", 106.25),
    tm3(9213, "VN-2000 / TM-3 106-30", 106.5),
    tm3(9214, "VN-2000 / TM-3 107-00", 107.0),
    tm3(9215, "VN-2000 / TM-3 107-15", 107.25),
    tm3(9216, "VN-2000 / TM-3 107-30", 107.5),
    tm3(9217, "VN-2000 / TM-3 108-15", 108.25),
    tm3(9218, "VN-2000 / TM-3 108-30", 108.5),
];

const fn utm(code: u32, name: &'static str, datum: Datum, meridian: f64) -> Crs {
    Crs { code, name, datum, projection: Projection::Transverse { meridian, scale: 0.9996 } }
}

const fn tm3(code: u32, name: &'static str, meridian: f64) -> Crs {
    let projection = Projection::Transverse { meridian, scale: 0.9999 };
    Crs { code, name, datum: Datum::Vn2000, projection }
}

/// Codes that mean longitude and latitude on WGS 84 as well: with a height.
const ALSO_WGS84: [u32; 2] = [4979, 4329];
/// Codes that mean Web Mercator as well.
const ALSO_WEB: [u32; 4] = [900_913, 102_100, 102_113, 3785];

impl Crs {
    /// The system of an EPSG code.
    pub fn of_code(code: u32) -> Option<Self> {
        let code = match code {
            code if ALSO_WGS84.contains(&code) => WGS84.code,
            code if ALSO_WEB.contains(&code) => 3857,
            code => code,
        };
        KNOWN.into_iter().find(|crs| crs.code == code)
    }

    /// The system of a name: `EPSG:9210`, a URN or an address of OGC with or without a version, `CRS84`,
    /// `WGS 84`, a WKT that ends with its code, a bare code. `None` for any other.
    pub fn named(name: &str) -> Option<Self> {
        let folded = name.trim().to_lowercase();
        if let Some(code) = code(&folded) {
            return Self::of_code(code);
        }
        let bare: String = folded.chars().filter(char::is_ascii_alphanumeric).collect();
        if bare.ends_with("crs84") || bare.ends_with("crs84h") {
            return Some(WGS84);
        }
        let same = |crs: &Crs| bare == crs.name.to_lowercase().replace([' ', '-', '/'], "");
        match &*bare {
            "wgs84"
            | "wgs1984"
            | "gcswgs1984"
            | "epsgwgs84"
            | "worldgeodeticsystem1984"
            | "projlonglatdatumwgs84nodefs"
            | "projlonglatellpswgs84datumwgs84nodefs" => Some(WGS84),
            // The datum alone does not say which of its systems.
            "vn2000" => None,
            _ => KNOWN.into_iter().find(same),
        }
    }

    /// Whether its numbers are longitude and latitude on WGS 84.
    pub fn is_wgs84(self) -> bool {
        self.code == WGS84.code
    }

    /// Longitude and latitude on WGS 84 in degrees, of its own numbers with the east one first. `None`
    /// outside its valid area; of metres, numbers that can only be degrees are outside.
    pub fn to_wgs84(self, x: f64, y: f64) -> Option<(f64, f64)> {
        let transverse = matches!(self.projection, Projection::Transverse { .. });
        if transverse && x.abs() <= 180.0 && y.abs() <= 180.0 {
            return None;
        }
        let (lon, lat) = self.projection.to_degrees(x, y)?;
        Some(match self.datum {
            Datum::Wgs84 => (lon, lat),
            Datum::Vn2000 => vn2000::to_wgs84(lon, lat),
        })
    }

    /// Its own numbers, the east one first, of longitude and latitude on WGS 84 in degrees. `None`
    /// outside its valid area.
    pub fn of_wgs84(self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (lon, lat) = match self.datum {
            Datum::Wgs84 => (lon, lat),
            Datum::Vn2000 => vn2000::from_wgs84(lon, lat),
        };
        self.projection.of_degrees(lon, lat)
    }
}

impl std::fmt::Display for Crs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EPSG:{} ({})", self.code, self.name)
    }
}

/// The code in a folded name: its last number of four digits or more, where it names the register or is
/// nothing else. Versions of the register have fewer digits.
fn code(folded: &str) -> Option<u32> {
    let rest = match folded.rfind("epsg") {
        Some(at) => &folded[at..],
        None if folded.bytes().all(|b| b.is_ascii_digit()) => folded,
        None if folded.contains("wkid") || folded.contains("esri") => folded,
        None => return None,
    };
    let mut numbers = rest.rsplit(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= 4);
    numbers.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meridian, scale, place, metres by PROJ 9.1: `+proj=tmerc +ellps=WGS84 +x_0=500000`.
    const REFERENCE: [(f64, f64, f64, f64, f64, f64); 4] = [
        (105.75, 0.9999, 106.7, 10.8, 603_886.607_960, 1_194_385.180_863),
        (107.75, 0.9999, 106.2, 11.4, 330_834.546_318, 1_261_038.779_718),
        (105.0, 0.9996, 109.5, 8.6, 995_634.560_261, 953_544.747_749),
        (105.0, 0.9996, 102.1, 22.3, 201_201.773_739, 2_468_904.404_530),
    ];

    #[test]
    fn every_spelling_of_wgs_84_is_known() {
        for name in [
            "EPSG:4326",
            "epsg:4326",
            "4326",
            "EPSG:4979",
            "urn:ogc:def:crs:EPSG::4326",
            "urn:ogc:def:crs:EPSG:6.18:4326",
            "urn:ogc:def:crs:EPSG:6.18.3:4326",
            "urn:x-ogc:def:crs:EPSG:4326",
            "http://www.opengis.net/def/crs/EPSG/0/4326",
            "https://www.opengis.net/def/crs/EPSG/9.9.1/4326",
            "http://www.opengis.net/gml/srs/epsg.xml#4326",
            "http://spatialreference.org/ref/epsg/4326/proj4/",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "urn:ogc:def:crs:OGC::CRS84",
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "http://www.opengis.net/def/crs/OGC/0/CRS84h",
            "OGC:CRS84",
            "CRS84",
            "WGS84",
            "WGS 84",
            "GCS_WGS_1984",
            "+proj=longlat +datum=WGS84 +no_defs",
            r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]]],AUTHORITY["EPSG","4326"]]"#,
        ] {
            assert_eq!(Crs::named(name).map(|c| c.code), Some(4326), "{name}");
        }
    }

    #[test]
    fn other_systems_are_known_or_not() {
        for (name, code) in [
            ("urn:ogc:def:crs:EPSG::9210", Some(9210)),
            ("VN-2000 / TM-3 105-45", Some(9210)),
            ("EPSG:4756", Some(4756)),
            ("http://www.opengis.net/def/crs/EPSG/0/3405", Some(3405)),
            ("EPSG:900913", Some(3857)),
            ("esri:102100", Some(3857)),
            ("EPSG:2056", None),
            ("VN-2000", None),
            ("NAD27", None),
            ("EPSG", None),
            ("", None),
        ] {
            assert_eq!(Crs::named(name).map(|c| c.code), code, "{name}");
        }
    }

    #[test]
    fn projections_agree_with_proj() {
        for (meridian, scale, lon, lat, east, north) in REFERENCE {
            let (x, y) = Projection::Transverse { meridian, scale }.of_degrees(lon, lat).unwrap();
            assert!((x - east).hypot(y - north) < 1e-6, "{lon} {lat}: {x} {y}");
        }
    }
}
