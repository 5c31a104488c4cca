//! Which columns hold the place of a row, and what they say: two columns of degrees or one of WKT. Names of
//! columns are compared without regard to case.

use geo::{Geometry, Point};

use super::shape;
use crate::import::profile::{NoColumn, Profile};
use crate::import::raw::{PlaceIn, Raw};

/// What columns of degrees are called.
const LON: &[&str] = &["lon", "lng", "long", "longitude", "x", "kinh_do", "kinh độ", "kinhdo"];
const LAT: &[&str] = &["lat", "latitude", "y", "vi_do", "vĩ độ", "vido"];
/// What columns of WKT are called.
const WKT: &[&str] = &["wkt", "geom", "geometry", "the_geom"];
/// Words that a WKT begins with.
const SHAPES: &[&str] = &[
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "SRID=",
];

/// Which columns hold the place, in tables and in objects. A table has one set of columns for all rows, so
/// its header decides; each object may have others.
#[derive(Debug)]
pub(in crate::import) struct PlaceColumns<'a> {
    profile: &'a Profile,
    header: Vec<String>,
    table: Option<Names>,
    objects: Names,
    /// Whether an object was seen.
    any_object: bool,
}

/// Names of columns; of each kind the first that a row fills counts.
#[derive(Clone, Debug, Default)]
struct Names {
    lon: Vec<String>,
    lat: Vec<String>,
    wkt: Vec<String>,
}

impl<'a> PlaceColumns<'a> {
    pub(in crate::import) fn new(profile: &'a Profile) -> Self {
        let objects = Names::of_objects(profile);
        Self { profile, header: Vec::new(), table: None, objects, any_object: false }
    }

    /// Takes in the header line of a table.
    pub(in crate::import) fn header(&mut self, names: &[String]) {
        names.clone_into(&mut self.header);
    }

    /// Decides by the header of a table and its first row, unless that was done before.
    ///
    /// # Errors
    /// When the user names a column that the table does not have.
    pub(in crate::import) fn decide(&mut self, first: Option<&Raw>) -> Result<(), NoColumn> {
        self.any_object |= first.is_some_and(|raw| raw.place == PlaceIn::Members);
        if self.table.is_none() && !self.header.is_empty() {
            self.table = Some(Names::of_table(self.profile, &self.header, first)?);
        }
        Ok(())
    }

    /// Reads the place of a row from its columns.
    pub(in crate::import) fn read(&self, raw: &mut Raw) {
        let names = match raw.place {
            PlaceIn::Geometry => return,
            PlaceIn::Cells => self.table.as_ref(),
            PlaceIn::Members => Some(&self.objects),
        };
        if let Some(names) = names {
            raw.geometry = names.read(raw);
            if raw.place == PlaceIn::Cells {
                for name in names.all() {
                    raw.properties.remove(name);
                }
            }
        }
        raw.place = PlaceIn::Geometry;
    }

    /// Whether places of objects are read from a column. Those of tables are no columns any more.
    pub(in crate::import) fn uses(&self, column: &str) -> bool {
        self.any_object && self.objects.all().any(|name| name.to_lowercase() == column.to_lowercase())
    }
}

impl Names {
    fn of_table(profile: &Profile, header: &[String], first: Option<&Raw>) -> Result<Self, NoColumn> {
        let find = |name: &str| header.iter().find(|h| h.to_lowercase() == name.to_lowercase()).cloned();
        let usual = |names: &[&str]| names.iter().find_map(|name| find(name));
        let named = |name: &Option<String>| {
            let found = |name: &String| {
                find(name).ok_or_else(|| NoColumn::of(name, header.iter().map(String::as_str)))
            };
            name.as_ref().map(found).transpose()
        };
        if let Some(wkt) = named(&profile.wkt)? {
            return Ok(Self { wkt: vec![wkt], ..Self::default() });
        }
        let lon = named(&profile.lon)?.or_else(|| usual(LON));
        let lat = named(&profile.lat)?.or_else(|| usual(LAT));
        if let (Some(lon), Some(lat)) = (lon, lat) {
            return Ok(Self { lon: vec![lon], lat: vec![lat], wkt: Vec::new() });
        }
        let holds_wkt = |name: &&String| first.is_some_and(|row| row.text(name).is_some_and(|t| is_wkt(&t)));
        let wkt = usual(WKT).or_else(|| header.iter().find(holds_wkt).cloned());
        Ok(Self { wkt: wkt.into_iter().collect(), ..Self::default() })
    }

    fn of_objects(profile: &Profile) -> Self {
        let or = |named: &Option<String>, usual: &[&str]| match named {
            Some(name) => vec![name.clone()],
            None => usual.iter().map(|name| (*name).to_owned()).collect(),
        };
        match &profile.wkt {
            Some(wkt) => Self { wkt: vec![wkt.clone()], ..Self::default() },
            None => Self { lon: or(&profile.lon, LON), lat: or(&profile.lat, LAT), wkt: Vec::new() },
        }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.lon.iter().chain(&self.lat).chain(&self.wkt)
    }

    fn read(&self, raw: &Raw) -> Result<Option<Geometry<f64>>, String> {
        if let Some((name, text)) = filled(&self.wkt, raw) {
            return shape::from_wkt(&text).map(Some).map_err(|e| format!("{name} {e}"));
        }
        let degrees = |names| filled(names, raw).map(|(name, text)| number(name, &text)).transpose();
        match (degrees(&self.lon)?, degrees(&self.lat)?) {
            (Some(x), Some(y)) => Ok(Some(Geometry::Point(Point::new(x, y)))),
            (None, None) => Ok(None),
            (None, _) => Err("has a latitude and no longitude".to_owned()),
            (_, None) => Err("has a longitude and no latitude".to_owned()),
        }
    }
}

/// The first of these columns in which a row has something.
fn filled<'n>(names: &'n [String], raw: &Raw) -> Option<(&'n str, String)> {
    names.iter().find_map(|name| Some((name.as_str(), raw.text(name)?)))
}

fn is_wkt(text: &str) -> bool {
    let head: String = text.chars().take(20).collect::<String>().to_uppercase();
    SHAPES.iter().any(|s| head.starts_with(s))
}

fn number(name: &str, text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let hint = if text.contains(',') { "; decimals need a point" } else { "" };
        format!("{name} is “{shown}”, no number{hint}")
    })
}
