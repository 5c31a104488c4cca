//! Reads `data/city.toml`: what the city is called, where its map begins, and what its units are.

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::{CodeForm, Lang, Text, UnitKind, UnitScheme};
use crate::geo::{Bbox, LonLat};

const FILE: &str = "data/city.toml";
/// The zooms of a map.
const ZOOMS: std::ops::RangeInclusive<f64> = 0.0..=20.0;

/// What a city is, beside its areas and what people report in it.
#[derive(Clone, Debug)]
pub struct CityFacts {
    /// Tells cities apart: `hcm`.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What is spoken when nobody asked for a language.
    pub lang: Lang,
    /// Words of the map page.
    pub page: PageWords,
    /// Where maps begin.
    pub map: MapView,
    /// How its units are called inside a sentence.
    pub unit: UnitWords,
    /// The kinds of its units and the form of their codes.
    pub units: UnitScheme,
    /// Whether the boundaries of the pack are not the official ones.
    pub approximate: bool,
}

/// Words of the map page that are the city's.
#[derive(Clone, Debug)]
pub struct PageWords {
    /// The name of the service.
    pub name: String,
    /// The title of the page.
    pub title: Text,
    /// A line below the name.
    pub tagline: Text,
}

/// Where maps begin.
#[derive(Clone, Copy, Debug)]
pub struct MapView {
    /// The middle of the first view.
    pub center: LonLat,
    /// How near the page begins on a wide screen.
    pub zoom: f64,
    /// The zoom at which the whole city fills a screen.
    pub overview_zoom: u8,
    /// How far one may wander.
    pub bounds: Bbox,
}

/// Units inside a sentence, in lower case.
#[derive(Clone, Debug)]
pub struct UnitWords {
    /// One of them.
    pub one: Text,
    /// Several.
    pub many: Text,
    /// All kinds that there are now.
    pub all: Text,
}

impl UnitWords {
    /// All kinds as a title: `Phường, xã, đặc khu`.
    pub fn title(&self) -> Text {
        capital(&self.all)
    }

    /// Several as a title: `Phường, xã`.
    pub fn many_title(&self) -> Text {
        capital(&self.many)
    }
}

/// What other files of the pack are read with.
pub(super) struct Rest {
    pub(super) time_zone: TimeZone,
    pub(super) calendar: String,
    pub(super) sea: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    id: String,
    name: TextWire,
    language: String,
    time_zone: String,
    calendar: String,
    page: PageWire,
    map: MapWire,
    areas: AreasWire,
    unit: UnitWire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageWire {
    name: String,
    title: TextWire,
    tagline: TextWire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapWire {
    center: [f64; 2],
    zoom: f64,
    overview_zoom: u8,
    bounds: [f64; 4],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AreasWire {
    approximate: bool,
    sea: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitWire {
    one: TextWire,
    many: TextWire,
    all: TextWire,
    code: String,
    kind: Vec<KindWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindWire {
    code: String,
    name: TextWire,
    prefix: Option<PrefixWire>,
    #[serde(default = "usual_weight")]
    weight: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PrefixWire {
    Always,
    Near,
}

fn usual_weight() -> f64 {
    1.0
}

pub(super) fn read(source: Source<'_>) -> Result<(CityFacts, Rest), PackError> {
    let wire: FileWire = toml(source, FILE)?;
    let wrong = |key: &str, reason: String| PackError::value(FILE, key, reason);
    let lang = [Lang::Vi, Lang::En].into_iter().find(|l| l.tag() == wire.language);
    let lang = lang.ok_or_else(|| wrong("language", format!("`{}` is neither vi nor en", wire.language)))?;
    let time_zone = TimeZone::get(&wire.time_zone).map_err(|e| wrong("time_zone", e.to_string()))?;
    for (key, name) in [("id", &wire.id), ("calendar", &wire.calendar)] {
        plain_name(name).map_err(|reason| wrong(key, reason))?;
    }
    let form = CodeForm::parse(&wire.unit.code);
    let form = form.ok_or_else(|| wrong("unit.code", "must be one to ten of the signs 9 and A".into()))?;
    let kinds = wire.unit.kind.into_iter().map(|k| kind(k, lang)).collect::<Result<Vec<_>, _>>()?;
    let units = UnitScheme::new(kinds, form).map_err(|(code, name)| {
        wrong(&format!("unit.kind `{code}`"), format!("another kind is called `{name}` too"))
    })?;
    let facts = CityFacts {
        id: wire.id,
        name: wire.name.into(),
        lang,
        page: PageWords {
            name: wire.page.name,
            title: wire.page.title.into(),
            tagline: wire.page.tagline.into(),
        },
        map: map(&wire.map)?,
        unit: UnitWords { one: wire.unit.one.into(), many: wire.unit.many.into(), all: wire.unit.all.into() },
        units,
        approximate: wire.areas.approximate,
    };
    Ok((facts, Rest { time_zone, calendar: wire.calendar, sea: wire.areas.sea }))
}

fn map(wire: &MapWire) -> Result<MapView, PackError> {
    let wrong = |key: &str, reason: String| PackError::value(FILE, key, reason);
    let [lon, lat] = wire.center;
    let center = LonLat::new(lon, lat).map_err(|e| wrong("map.center", e.to_string()))?;
    let [west, south, east, north] = wire.bounds;
    let bounds = Bbox::new(west, south, east, north).map_err(|e| wrong("map.bounds", e.to_string()))?;
    let across = bounds.crosses_antimeridian();
    let outside = if across { lon < west && lon > east } else { lon < west || lon > east };
    if outside || lat < south || lat > north {
        return Err(wrong("map.center", "lies outside map.bounds".into()));
    }
    for (key, zoom) in [("map.zoom", wire.zoom), ("map.overview_zoom", f64::from(wire.overview_zoom))] {
        if !ZOOMS.contains(&zoom) {
            return Err(wrong(key, format!("must be from {} to {}", ZOOMS.start(), ZOOMS.end())));
        }
    }
    Ok(MapView { center, zoom: wire.zoom, overview_zoom: wire.overview_zoom, bounds })
}

fn kind(wire: KindWire, lang: Lang) -> Result<UnitKind, PackError> {
    let wrong = |key: &str, reason: String| {
        PackError::value(FILE, format!("unit.kind `{}`, {key}", wire.code), reason)
    };
    plain_name(&wire.code).map_err(|reason| wrong("code", reason))?;
    if !wire.weight.is_finite() || wire.weight <= 0.0 {
        return Err(wrong("weight", "must be above 0".into()));
    }
    let name = Text::from(wire.name);
    Ok(UnitKind {
        prefix: wire.prefix.map(|_| name.get(lang).to_owned()),
        short: wire.prefix == Some(PrefixWire::Near),
        name,
        weight: wire.weight,
        code: wire.code,
    })
}

/// Names that stand in paths and answers.
fn plain_name(name: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let right = !name.is_empty() && name.bytes().all(plain);
    if right { Ok(()) } else { Err(format!("`{name}` must be of a-z, 0-9 and _")) }
}

fn capital(text: &Text) -> Text {
    let first = |words: &str| {
        let mut chars = words.chars();
        chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
    };
    Text { vi: first(&text.vi), en: first(&text.en) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::testing::{Folder, root};

    #[test]
    fn the_city_of_the_repository() {
        let (city, rest) = read(Source(&Folder(root().to_owned()))).unwrap();
        assert_eq!(city.name.both(), "TP. Hồ Chí Minh / Ho Chi Minh City");
        assert_eq!(
            (city.unit.title().vi, city.unit.title().en),
            ("Phường, xã, đặc khu".into(), "Wards".into())
        );
        assert_eq!(city.units.kind("xã").unwrap().prefix.as_deref(), Some("Xã"));
        assert_eq!(rest.time_zone.iana_name(), Some("Asia/Ho_Chi_Minh"));
    }
}
