//! Whether a file's numbers are longitudes and latitudes of this city at all. A file that swaps them
//! or is projected is refused as a whole and says what it looks like; nothing is exchanged or
//! converted unasked.

use geo::{Coord, CoordsIter, Geometry};

use diaban_core::area::Generation;
use diaban_core::geo::{LonLat, Projection};

/// Positions tried against each projection.
const SAMPLE: usize = 200;
/// Metres in a foot; feet are tried when metres fit nothing.
const FOOT: f64 = 0.3048;

/// Why a whole file is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Wrong {
    /// The `crs` member names something else than longitude and latitude.
    #[error("the file's crs member says its coordinates are in {name}, not in longitude and latitude{looks}; {}", convert(.code))]
    Crs {
        /// As it is written.
        name: String,
        /// What the numbers say.
        looks: String,
        /// EPSG code for the conversion.
        code: String,
    },
    /// Metres or feet.
    #[error("the coordinates are projected: {count} of {of} features have numbers like {x},{y}, which are no degrees{looks}; {}", convert(.code))]
    Projected {
        /// Features with such numbers.
        count: u64,
        /// Features with a place.
        of: u64,
        /// The first of them.
        x: f64,
        /// Its second number.
        y: f64,
        /// What they look like.
        looks: String,
        /// EPSG code for the conversion.
        code: String,
    },
    /// Latitude first.
    #[error(
        "{count} of {of} features have latitude before longitude: the first begins with {x},{y}{place}; the order must be longitude, latitude. --swap-axes exchanges them"
    )]
    Swapped {
        /// Features that do.
        count: u64,
        /// Features with a place.
        of: u64,
        /// The first number of the first of them.
        x: f64,
        /// Its second number.
        y: f64,
        /// Where that lies when exchanged.
        place: String,
    },
}

fn convert(code: &str) -> String {
    let code = if code.is_empty() { "EPSG:…" } else { code };
    format!("convert it with: ogr2ogr -s_srs {code} -t_srs EPSG:4326 out.geojson IN")
}

/// Projections that files of this country and of the web are in. VN-2000 and WGS 84 differ by about
/// 200 m, which numbers alone do not tell apart.
const KNOWN: &[(&str, &str, Projection)] = &[
    ("EPSG:32648", "WGS 84 / UTM zone 48N, or EPSG:3405 of VN-2000 within 250 m of it", utm(105.0)),
    ("EPSG:32649", "WGS 84 / UTM zone 49N, or EPSG:3406 of VN-2000 within 250 m of it", utm(111.0)),
    ("EPSG:9210", "VN-2000 / TM-3 105-45", tm3(105.75)),
    ("EPSG:5899", "VN-2000 / TM-3 107-45", tm3(107.75)),
    ("EPSG:3857", "web Mercator", Projection::Web),
];

const fn utm(meridian: f64) -> Projection {
    Projection::Transverse { meridian, scale: 0.9996 }
}

const fn tm3(meridian: f64) -> Projection {
    Projection::Transverse { meridian, scale: 0.9999 }
}

/// How one position looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Fine,
    Swapped,
    Projected,
}

fn look(c: Coord<f64>, areas: &Generation) -> Look {
    let degrees = |x: f64, y: f64| x.abs() <= 180.0 && y.abs() <= 90.0;
    if !degrees(c.x, c.y) {
        // Numbers that are not finite are neither; the row says so later.
        return if degrees(c.y, c.x) { Look::Swapped } else { Look::Projected };
    }
    if areas.is_swapped(c.x, c.y) { Look::Swapped } else { Look::Fine }
}

/// Says of one position that it is swapped, when it is.
pub(in crate::import) fn is_swapped(c: Coord<f64>, areas: &Generation) -> Option<String> {
    (look(c, areas) == Look::Swapped)
        .then(|| format!("has latitude before longitude: {},{}{}", c.x, c.y, place(c, areas)))
}

fn place(c: Coord<f64>, areas: &Generation) -> String {
    let unit = LonLat::new(c.y, c.x).ok().and_then(|p| areas.owner(p));
    unit.map_or_else(String::new, |u| {
        format!(", which exchanged lies in {}", areas.units()[usize::from(u)].name)
    })
}

/// What the positions of a file look like.
#[derive(Debug, Default)]
pub(in crate::import) struct Survey {
    placed: u64,
    swapped: u64,
    projected: u64,
    first_swapped: Option<Coord<f64>>,
    sample: Vec<Coord<f64>>,
}

impl Survey {
    /// Takes in the first position of a feature, its numbers exchanged when that is asked for.
    pub(in crate::import) fn see(&mut self, geometry: &Geometry<f64>, swap: bool, areas: &Generation) {
        let Some(c) = geometry.coords_iter().next() else { return };
        let c = if swap { Coord { x: c.y, y: c.x } } else { c };
        self.placed += 1;
        match look(c, areas) {
            Look::Fine => {}
            Look::Swapped => {
                self.swapped += 1;
                self.first_swapped.get_or_insert(c);
            }
            Look::Projected => {
                self.projected += 1;
                if self.sample.len() < SAMPLE {
                    self.sample.push(c);
                }
            }
        }
    }

    /// The verdict on the file; `crs` is the name in its `crs` member.
    pub(in crate::import) fn verdict(&self, crs: Option<&str>, areas: &Generation) -> Result<(), Wrong> {
        let (looks, code) = self.looks(areas);
        if let Some(name) = crs.filter(|n| !is_degrees(n)) {
            let code = epsg(name).unwrap_or(code);
            return Err(Wrong::Crs { name: name.to_owned(), looks, code });
        }
        let most = |count: u64| count * 2 > self.placed;
        if let Some(c) = self.sample.first().filter(|_| most(self.projected)) {
            let (count, of) = (self.projected, self.placed);
            return Err(Wrong::Projected { count, of, x: c.x, y: c.y, looks, code });
        }
        if let Some(c) = self.first_swapped.filter(|_| most(self.swapped)) {
            let (count, of) = (self.swapped, self.placed);
            return Err(Wrong::Swapped { count, of, x: c.x, y: c.y, place: place(c, areas) });
        }
        Ok(())
    }

    /// The known projection that brings most of the sample into the city, with its code.
    fn looks(&self, areas: &Generation) -> (String, String) {
        let hits = |projection: Projection, unit: f64| {
            let inside = |c: &&Coord<f64>| {
                let degrees = projection.to_degrees(c.x * unit, c.y * unit);
                degrees
                    .and_then(|(lon, lat)| LonLat::new(lon, lat).ok())
                    .is_some_and(|p| areas.owner(p).is_some())
            };
            self.sample.iter().filter(inside).count()
        };
        let tried = [(1.0, ""), (FOOT, " in feet")].into_iter().flat_map(|(unit, words)| {
            KNOWN.iter().map(move |(code, name, p)| (hits(*p, unit), code, name, words))
        });
        // The first of equals, so the common one.
        let best = tried.reduce(|best, next| if next.0 > best.0 { next } else { best });
        match best {
            Some((hits, code, name, words)) if hits > 0 => {
                let of = self.sample.len();
                let looks = format!(
                    "; it looks like {code} ({name}){words}: {hits} of the first {of} would lie in the city"
                );
                (looks, (*code).to_owned())
            }
            _ if self.sample.is_empty() => (String::new(), String::new()),
            _ => ("; in no projection known here would they lie in the city".to_owned(), String::new()),
        }
    }
}

fn is_degrees(crs: &str) -> bool {
    ["CRS84", "EPSG::4326", "EPSG:4326"].iter().any(|end| crs.ends_with(end))
}

/// `EPSG:32648` of `urn:ogc:def:crs:EPSG::32648`.
fn epsg(name: &str) -> Option<String> {
    let digits = name.rsplit(':').next().filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    digits.filter(|_| name.contains("EPSG")).map(|d| format!("EPSG:{d}"))
}
