//! Which columns hold the place of a row: two of degrees, or one with the place in a standard form. Names of
//! columns are compared composed and without regard to case. Not here: the forms (cell, degrees).

use geo::{Geometry, Point};

use super::{cell, degrees};
use crate::import::clean::folded;
use crate::import::profile::{NoColumn, Profile};
use crate::import::raw::{PlaceIn, Raw};
use diaban_core::domain::field::Value;

/// What columns of degrees are called.
const LON: &[&str] = &["lon", "lng", "long", "longitude", "x", "kinh_do", "kinh độ", "kinhdo", "kinh do"];
const LAT: &[&str] = &["lat", "latitude", "y", "vi_do", "vĩ độ", "vido", "vi do"];
/// What columns are called that hold the place in one cell.
const IN_CELL: &[&str] = &["wkt", "geom", "geometry", "the_geom", "wkb", "ewkt"];
/// What columns are called that may hold a pair of degrees, or else words.
const PAIR: &[&str] = &[
    "tọa độ",
    "toạ độ",
    "toa do",
    "toa_do",
    "vị trí",
    "vi tri",
    "vi_tri",
    "location",
    "coordinates",
    "coordinate",
    "coords",
    "latlng",
    "lat_lng",
    "latlon",
    "lat_lon",
    "lat,lon",
    "lat, lon",
    "gps",
    "point",
    "position",
];

/// Which columns hold the place, in tables and in objects. A table has one set of columns for all rows, so
/// its header decides, or else the first cell that can only be a place; each object may have others.
#[derive(Debug)]
pub(in crate::import) struct PlaceColumns<'a> {
    profile: &'a Profile,
    header: Vec<String>,
    table: Option<Names>,
    objects: Names,
    /// Whether an object was seen.
    any_object: bool,
    /// Whether what cells hold decided.
    by_content: bool,
}

/// Names of columns; of each kind the first that a row fills counts.
#[derive(Clone, Debug, Default)]
struct Names {
    lon: Vec<String>,
    lat: Vec<String>,
    cell: Vec<String>,
}

impl<'a> PlaceColumns<'a> {
    /// Names of columns that hold a place.
    pub(in crate::import) const USUAL: [&'static [&'static str]; 3] = [LON, LAT, IN_CELL];

    pub(in crate::import) fn new(profile: &'a Profile) -> Self {
        let objects = Names::of_objects(profile);
        Self { profile, header: Vec::new(), table: None, objects, any_object: false, by_content: false }
    }

    /// Takes in the header line of a table.
    pub(in crate::import) fn header(&mut self, names: &[String]) {
        names.clone_into(&mut self.header);
    }

    /// Decides by the header of a table, else by a row in which a place is written, unless that was done
    /// before.
    ///
    /// # Errors
    /// When the user names a column that the table does not have.
    pub(in crate::import) fn decide(&mut self, row: Option<&Raw>) -> Result<(), NoColumn> {
        self.any_object |= row.is_some_and(|raw| raw.place == PlaceIn::Members);
        if self.table.is_none() && !self.header.is_empty() {
            self.table = Names::of_header(self.profile, &self.header)?;
            let holds_place = |name: &&String| {
                row.is_some_and(
                    |raw| matches!(raw.properties.get(*name), Some(Value::Text(t)) if cell::is_place(t, PAIR.contains(&&*folded(name)))),
                )
            };
            if self.table.is_none()
                && let Some(name) = self.header.iter().find(holds_place)
            {
                self.table = Some(Names { cell: vec![name.clone()], ..Names::default() });
                self.by_content = true;
            }
        }
        Ok(())
    }

    /// How the place was found, where no name told.
    pub(in crate::import) fn found(&self) -> Option<String> {
        let name = self.table.as_ref().filter(|_| self.by_content)?.cell.first()?;
        Some(format!("the place is read from the column {name:?}, by what it holds"))
    }

    /// Reads the place of a row from its columns. As long as no column of a table is known to hold it, no row
    /// has one.
    pub(in crate::import) fn read(&self, raw: &mut Raw) {
        let names = match raw.place {
            PlaceIn::Geometry => return,
            PlaceIn::Cells => self.table.as_ref(),
            PlaceIn::Members => Some(&self.objects),
        };
        let Some(names) = names else { return };
        (raw.geometry, raw.crs) = match names.read(raw) {
            Ok((geometry, crs)) => (Ok(geometry), crs),
            Err(reason) => (Err(reason), None),
        };
        if raw.place == PlaceIn::Cells {
            for name in names.all() {
                raw.properties.remove(name);
            }
        }
        raw.place = PlaceIn::Geometry;
    }

    /// Whether places of objects are read from a column. Those of tables are no columns any more.
    pub(in crate::import) fn uses(&self, column: &str) -> bool {
        let column = folded(column);
        self.any_object && self.objects.all().any(|name| folded(name) == column)
    }

    /// Whether the places of a table are read from a column of this name.
    pub(in crate::import) fn needs(&self, column: &str) -> bool {
        let column = folded(column);
        self.table.iter().flat_map(Names::all).any(|name| folded(name) == column)
    }
}

impl Names {
    /// Those that a header tells by their names.
    fn of_header(profile: &Profile, header: &[String]) -> Result<Option<Self>, NoColumn> {
        let find = |name: &str| {
            let name = folded(name);
            header.iter().find(|h| folded(h) == name).cloned()
        };
        let usual = |names: &[&str]| names.iter().find_map(|name| find(name));
        let named = |name: &Option<String>| {
            let found = |name: &String| {
                find(name).ok_or_else(|| NoColumn::of(name, header.iter().map(String::as_str)))
            };
            name.as_ref().map(found).transpose()
        };
        let in_cell = |name| Some(Self { cell: vec![name], ..Self::default() });
        if let Some(wkt) = named(&profile.wkt)? {
            return Ok(in_cell(wkt));
        }
        let lon = named(&profile.lon)?.or_else(|| usual(LON));
        let lat = named(&profile.lat)?.or_else(|| usual(LAT));
        if let (Some(lon), Some(lat)) = (lon, lat) {
            return Ok(Some(Self { lon: vec![lon], lat: vec![lat], cell: Vec::new() }));
        }
        Ok(usual(IN_CELL).and_then(in_cell))
    }

    fn of_objects(profile: &Profile) -> Self {
        let or = |named: &Option<String>, usual: &[&str]| match named {
            Some(name) => vec![name.clone()],
            None => usual.iter().map(|name| (*name).to_owned()).collect(),
        };
        match &profile.wkt {
            Some(wkt) => Self { cell: vec![wkt.clone()], ..Self::default() },
            None => Self { lon: or(&profile.lon, LON), lat: or(&profile.lat, LAT), cell: Vec::new() },
        }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.lon.iter().chain(&self.lat).chain(&self.cell)
    }

    fn read(&self, raw: &Raw) -> Result<(Option<Geometry<f64>>, Option<String>), String> {
        if let Some((name, text)) = filled(&self.cell, raw) {
            return cell::read(&text).map_err(|e| format!("{name} {e}"));
        }
        let angle = |names, is_lon| {
            let one =
                |(name, text): (&str, String)| degrees::one(&text, is_lon).map_err(|e| format!("{name} {e}"));
            filled(names, raw).map(one).transpose()
        };
        match (angle(&self.lon, true)?, angle(&self.lat, false)?) {
            (Some(x), Some(y)) => Ok((Some(Geometry::Point(Point::new(x, y))), None)),
            (None, None) => Ok((None, None)),
            (None, _) => Err("has a latitude and no longitude".to_owned()),
            (_, None) => Err("has a longitude and no latitude".to_owned()),
        }
    }
}

/// The first of these columns in which a row has something.
fn filled<'n>(names: &'n [String], raw: &Raw) -> Option<(&'n str, String)> {
    names.iter().find_map(|name| Some((name.as_str(), raw.text(name)?)))
}
