//! Whether a file's numbers are longitudes and latitudes of this city, and how they are read when they are
//! not: by the coordinate system that the file or the user names, or by the one that fits the wards by a
//! clear margin. A file of which nobody can tell is refused as a whole and says what it looks like.

use geo::{Coord, CoordsIter, Geometry, MapCoords};

use super::fit::{Fits, Sample};
use diaban_core::area::Generation;
use diaban_core::geo::crs::WGS84;
use diaban_core::geo::{Crs, LonLat};

/// Positions kept to try coordinate systems on.
const SAMPLE: usize = 1_000;

/// Why a whole file is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Wrong {
    /// The file names a system that is not known here.
    #[error(
        "the file's crs member says its coordinates are in {0}, which is not known here; if it is misnamed, \
         --crs decides; else convert it with: ogr2ogr -s_srs {1} -t_srs EPSG:4326 out.geojson IN"
    )]
    Crs(String, String),
    /// Numbers that cannot be in the system that is named.
    #[error(
        "the coordinates should be in {crs}, but {count} of {of} features have numbers like {x},{y}, which \
         are not; --crs decides"
    )]
    Misnamed {
        /// The system.
        crs: Crs,
        /// Features with such numbers.
        count: u64,
        /// Features with a place.
        of: u64,
        /// The first of them.
        x: f64,
        /// Its second number.
        y: f64,
    },
    /// Metres or feet.
    #[error(
        "the coordinates are projected: {count} of {of} features have numbers like {x},{y}, which are no degrees{looks}"
    )]
    Projected {
        /// Features with such numbers.
        count: u64,
        /// Features with a place.
        of: u64,
        /// The first of them.
        x: f64,
        /// Its second number.
        y: f64,
        /// What they look like, and how to decide.
        looks: String,
    },
    /// Degrees that fit the wards clearly better when they are those of VN-2000.
    #[error(
        "the degrees fit the wards better as VN-2000 than as WGS 84{0}; --crs EPSG:4756 or --crs EPSG:4326 decides"
    )]
    Shifted(String),
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

/// How the numbers of a file become longitude and latitude on WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::import) struct Reading {
    pub(in crate::import) crs: Crs,
    /// Whether the first number is the north one.
    pub(in crate::import) north_first: bool,
}

impl Reading {
    /// As they are.
    pub(in crate::import) const PLAIN: Self = Self { crs: WGS84, north_first: false };

    /// A shape on WGS 84.
    ///
    /// # Errors
    /// When a position lies outside the system.
    pub(in crate::import) fn apply(self, geometry: &Geometry<f64>) -> Result<Geometry<f64>, String> {
        geometry.try_map_coords(|c| {
            let c = if self.north_first { Coord { x: c.y, y: c.x } } else { c };
            if self.crs.is_wgs84() {
                return Ok(c);
            }
            let (x, y) = self
                .crs
                .to_wgs84(c.x, c.y)
                .ok_or_else(|| format!("{},{} lies outside {}", c.x, c.y, self.crs))?;
            Ok(Coord { x, y })
        })
    }
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

/// What names the coordinate system of a file.
#[derive(Clone, Copy, Debug)]
pub(in crate::import) struct Named<'a> {
    /// The user, who decides.
    pub(in crate::import) user: Option<Crs>,
    /// The file's `crs` member.
    pub(in crate::import) file: Option<&'a str>,
    /// Whether the user says that the second number is the east one.
    pub(in crate::import) swap: bool,
}

/// What the positions of a file look like.
#[derive(Debug, Default)]
pub(in crate::import) struct Survey {
    placed: u64,
    swapped: u64,
    projected: u64,
    first_swapped: Option<Coord<f64>>,
    first_projected: Option<Coord<f64>>,
    sample: Vec<Sample>,
}

impl Survey {
    /// Takes in the first position of a feature, its numbers exchanged when that is asked for; `wards` are
    /// those that its text names.
    pub(in crate::import) fn see(
        &mut self,
        geometry: &Geometry<f64>,
        swap: bool,
        areas: &Generation,
        wards: impl FnOnce() -> Vec<u16>,
    ) {
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
                self.first_projected.get_or_insert(c);
            }
        }
        if self.sample.len() < SAMPLE {
            self.sample.push(Sample { at: c, wards: wards() });
        }
    }

    /// Takes in a feature that names its own system.
    pub(in crate::import) fn see_own(&mut self) {
        self.placed += 1;
    }

    /// How the file is read, and what is told of that.
    ///
    /// # Errors
    /// When it cannot be told, with what it looks like.
    pub(in crate::import) fn verdict(
        &self,
        named: Named<'_>,
        areas: &Generation,
    ) -> Result<(Reading, Vec<String>), Wrong> {
        let plain = |crs| (Reading { crs, north_first: named.swap }, Vec::new());
        let by_file = named.file.map(|name| Crs::named(name).ok_or_else(|| unknown(name)));
        let crs = match (named.user, by_file) {
            (Some(crs), _) => Some(crs),
            (None, Some(known)) => Some(known?),
            (None, None) => None,
        };
        match crs {
            Some(crs) if crs.is_wgs84() => self.degrees(areas).map(|()| plain(crs)),
            Some(crs) => self.in_system(crs, named.swap, areas),
            None if self.most(self.projected) => self.guess(named.swap, areas),
            None => {
                self.degrees(areas)?;
                let fits = Fits::of_degrees(&self.sample, areas);
                match fits.winner() {
                    Some(best) if !best.crs.is_wgs84() => Err(Wrong::Shifted(fits.in_words())),
                    _ => Ok(plain(WGS84)),
                }
            }
        }
    }

    fn most(&self, count: u64) -> bool {
        count * 2 > self.placed
    }

    /// Degrees of WGS 84 in the right order.
    fn degrees(&self, areas: &Generation) -> Result<(), Wrong> {
        let of = self.placed;
        if let Some(c) = self.first_projected.filter(|_| self.most(self.projected)) {
            let looks = Fits::of_metres(&self.sample, areas).looks();
            return Err(Wrong::Projected { count: self.projected, of, x: c.x, y: c.y, looks });
        }
        if let Some(c) = self.first_swapped.filter(|_| self.most(self.swapped)) {
            let (count, place) = (self.swapped, place(c, areas));
            return Err(Wrong::Swapped { count, of, x: c.x, y: c.y, place });
        }
        Ok(())
    }

    /// Numbers of a system that is named. Of metres their size says which is the north one.
    fn in_system(&self, crs: Crs, swap: bool, areas: &Generation) -> Result<(Reading, Vec<String>), Wrong> {
        let metres = crs.projection != diaban_core::geo::Projection::Degrees;
        let first = self.sample.first().map(|s| s.at);
        if let Some(c) = first.filter(|_| metres != self.most(self.projected) && self.placed > 0) {
            let count = if metres { self.placed - self.projected } else { self.projected };
            return Err(Wrong::Misnamed { crs, count, of: self.placed, x: c.x, y: c.y });
        }
        if !metres {
            self.degrees(areas)?;
            return Ok((Reading { crs, north_first: swap }, Vec::new()));
        }
        let [east_first, north_first] =
            [false, true].map(|north| Fits::hits(&self.sample, crs, north, areas));
        let exchanged = north_first > east_first;
        let told = format!(
            "the first number of each position is the north one, by the fit to the wards: {north_first} to {east_first}"
        );
        let told = if exchanged { vec![told] } else { Vec::new() };
        Ok((Reading { crs, north_first: exchanged != swap }, told))
    }

    /// The system that fits the wards by a clear margin.
    fn guess(&self, swap: bool, areas: &Generation) -> Result<(Reading, Vec<String>), Wrong> {
        let fits = Fits::of_metres(&self.sample, areas);
        if let Some(best) = fits.winner() {
            let mut told = vec![format!(
                "no crs is named; the coordinates are read as {best}, by the fit to the wards:"
            )];
            told.extend(fits.table());
            return Ok((Reading { crs: best.crs, north_first: best.north_first != swap }, told));
        }
        let c = self.first_projected.unwrap_or_default();
        let looks = fits.looks();
        Err(Wrong::Projected { count: self.projected, of: self.placed, x: c.x, y: c.y, looks })
    }
}

/// A name that is not known here, with a code for its conversion.
pub(in crate::import) fn unknown(name: &str) -> Wrong {
    let digits = name.rsplit(':').next().filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let code = digits.filter(|_| name.to_uppercase().contains("EPSG"));
    let code = code.map_or_else(|| "EPSG:…".to_owned(), |d| format!("EPSG:{d}"));
    Wrong::Crs(name.chars().take(80).collect(), code)
}
