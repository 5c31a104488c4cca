//! The colours of pictures. They are those of the page (web/src/palette.js and web/look/ground.js);
//! a test compares them. Orange and blue differ for every common kind of colour blindness.
#![expect(clippy::unreadable_literal, reason = "colours are written as six hex digits")]

use super::canvas::Ink;
use crate::domain::{Collection, Feature};

/// One of the two colour schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Style {
    /// All colour schemes.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    const fn pick(self, [light, dark]: Pair) -> Ink {
        match self {
            Self::Light => Ink::solid(light),
            Self::Dark => Ink::solid(dark),
        }
    }

    pub(super) const fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

/// A colour for the light scheme and one for the dark scheme.
pub(super) type Pair = [u32; 2];

/// Colours of everything beside the symbols.
pub(super) struct Palette {
    style: Style,
    pub(super) water: Ink,
    /// Fills of wards; neighbours mostly differ.
    pub(super) land: [Ink; 4],
    pub(super) border: Ink,
    pub(super) name: Ink,
    pub(super) halo: Ink,
    /// Outline of symbols and lines.
    pub(super) casing: Ink,
    /// Signs inside filled symbols.
    pub(super) sign: Ink,
    pub(super) pin: Ink,
}

static LIGHT: Palette = Palette::of(Style::Light);
static DARK: Palette = Palette::of(Style::Dark);

const WATER: Pair = [0xcfdfe4, 0x0f2a37];
const LAND: [Pair; 4] =
    [[0xf6f3ea, 0x1c2527], [0xf1efe2, 0x1f292b], [0xf4f0e6, 0x1a2426], [0xeef0e3, 0x202b2a]];
const BORDER: Pair = [0x8d9c94, 0x62736f];
const INK: Pair = [0x27444b, 0xd5e3e3];
const HALO: Pair = [0xffffff, 0x10191d];
const RIM: Pair = [0xffffff, 0x0d181c];
const SIGN: Pair = [0xffffff, 0x0c1b20];
const PICKED: Pair = [0x0b4a54, 0x7fd6df];

impl Palette {
    const fn of(style: Style) -> Self {
        Self {
            style,
            water: style.pick(WATER),
            land: [style.pick(LAND[0]), style.pick(LAND[1]), style.pick(LAND[2]), style.pick(LAND[3])],
            border: style.pick(BORDER),
            name: style.pick(INK),
            halo: style.pick(HALO),
            casing: style.pick(RIM),
            sign: style.pick(SIGN),
            pin: style.pick(PICKED),
        }
    }

    /// The colour of a pair for this scheme.
    pub(super) const fn pick(&self, pair: Pair) -> Ink {
        self.style.pick(pair)
    }
}

pub(super) const OPEN: Pair = [0xd55e00, 0xff9a4d];
pub(super) const CLOSED: Pair = [0x2b6cb0, 0x6aaef2];

/// The symbol of clusters from a number of members: width, fill, text colour.
pub(super) struct ClusterLook {
    pub(super) from: u64,
    pub(super) size: f32,
    pub(super) fill: Pair,
    pub(super) ink: Pair,
}

const fn look(from: u64, size: f32, fill: Pair, ink: Pair) -> ClusterLook {
    ClusterLook { from, size, fill, ink }
}

pub(super) const CLUSTERS: [ClusterLook; 4] = [
    look(0, 30.0, [0xf2f7f7, 0x1f3036], [0x12343b, 0xeaf4f4]),
    look(10, 38.0, [0xb5d6d8, 0x24555d], [0x12343b, 0xffffff]),
    look(100, 46.0, [0x2a7781, 0x7cc4cb], [0xffffff, 0x0c1b20]),
    look(1000, 52.0, [0x0b4a54, 0xd3f1f3], [0xffffff, 0x0c1b20]),
];

/// The hatching of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hatch {
    None,
    Lines,
    Dense,
    Cross,
}

/// How a severity looks: code, colour, width of lines, hatching of areas.
pub(super) struct Severity {
    code: &'static str,
    pub(super) ink: Pair,
    pub(super) width: f32,
    pub(super) hatch: Hatch,
}

const fn severity(code: &'static str, ink: Pair, width: f32, hatch: Hatch) -> Severity {
    Severity { code, ink, width, hatch }
}

/// Severities of lines and places. The first is for features without a known severity.
static OF_WAYS: [Severity; 5] = [
    severity("", [0x5f6f76, 0x8b9ba1], 3.0, Hatch::None),
    severity("low", [0xb08a00, 0x857534], 3.5, Hatch::None),
    severity("moderate", [0x9f4d06, 0xd4812c], 4.5, Hatch::None),
    severity("high", [0x8f0f1e, 0xffa79c], 5.5, Hatch::None),
    severity("severe", [0x4e0822, 0xffdfeb], 7.0, Hatch::None),
];

/// Severities of areas. Each hatching is used once.
pub(super) static OF_AREAS: [Severity; 5] = [
    severity("unknown", [0x56666c, 0x93a5ab], 1.5, Hatch::None),
    severity("minor", [0x907300, 0x94802f], 1.5, Hatch::None),
    severity("moderate", [0x923e00, 0xea9238], 2.0, Hatch::Lines),
    severity("severe", [0x6c0a2c, 0xffb3bb], 2.5, Hatch::Dense),
    severity("extreme", [0x2a1272, 0xf3dfff], 3.5, Hatch::Cross),
];

/// Dashes and gaps of lines by kind, in multiples of the line's width.
const DASHES: [(&str, &[f32]); 4] = [
    ("roadworks", &[2.0, 1.0]),
    ("closure", &[0.7, 0.7]),
    ("event", &[3.0, 1.0, 0.6, 1.0]),
    ("flood", &[1.2, 0.5]),
];

const HEALTH: Pair = [0xa3123f, 0xff93a9];
const SAFETY: Pair = [0x24489a, 0x9db8ff];
const MOVING: Pair = [0x00656f, 0x5cc8d2];
const MONEY: Pair = [0x725100, 0xdbb75f];
const GREEN: Pair = [0x2c6a34, 0x86d191];
const PLAIN: Pair = [0x42525a, 0xa9bac0];
const FIRE: Pair = [0xa8320a, 0xff9d76];
const SCHOOL: Pair = [0x6a3d9a, 0xcba8f2];

/// The colour of a place by its kind. An unknown kind has the plain colour.
fn of_kind(kind: &str) -> Pair {
    match kind {
        "hospital" | "clinic" | "health_station" | "pharmacy" => HEALTH,
        "police" | "public_office" | "service_centre" | "shelter" => SAFETY,
        "fire" => FIRE,
        "school" => SCHOOL,
        "bus_stop" | "bus_station" | "ferry" | "metro" | "parking" | "fuel" | "ev_charging" => MOVING,
        "bank" | "market" => MONEY,
        "park" => GREEN,
        _ => PLAIN,
    }
}

fn text<'a>(c: &Collection, f: &'a Feature, name: &str) -> &'a str {
    f.text(c, name).unwrap_or_default()
}

fn by_severity(scale: &'static [Severity], c: &Collection, f: &Feature) -> &'static Severity {
    let code = text(c, f, "severity");
    scale.iter().find(|s| s.code == code).unwrap_or(&scale[0])
}

pub(super) fn of_way(c: &Collection, f: &Feature) -> &'static Severity {
    by_severity(&OF_WAYS, c, f)
}

pub(super) fn of_area(c: &Collection, f: &Feature) -> &'static Severity {
    by_severity(&OF_AREAS, c, f)
}

pub(super) fn dash(c: &Collection, f: &Feature) -> Option<&'static [f32]> {
    let kind = text(c, f, "kind");
    DASHES.iter().find(|(k, _)| *k == kind).map(|(_, lengths)| *lengths)
}

/// The colour of a place: by severity if its collection has that property, otherwise by kind.
pub(super) fn of_place(c: &Collection, f: &Feature) -> Pair {
    if c.position("severity").is_some() { of_way(c, f).ink } else { of_kind(text(c, f, "kind")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair([light, dark]: Pair) -> String {
        format!("['#{light:06x}', '#{dark:06x}']")
    }

    /// A colour changed on the page must be changed here too.
    #[test]
    fn the_page_has_the_same_colours() {
        let page = include_str!("../../../web/src/palette.js");
        let ground = include_str!("../../../web/look/ground.js");
        let has = |part: String| assert!(page.contains(&part), "palette.js has no {part}");
        for (name, ink) in [
            ("OPEN", OPEN),
            ("CLOSED", CLOSED),
            ("RIM", RIM),
            ("SIGN", SIGN),
            ("INK", INK),
            ("HALO", HALO),
            ("BORDER", BORDER),
            ("PICKED", PICKED),
            ("HEALTH", HEALTH),
            ("SAFETY", SAFETY),
            ("MOVING", MOVING),
            ("MONEY", MONEY),
            ("GREEN", GREEN),
            ("PLAIN", PLAIN),
        ] {
            has(format!("const {name} = {};", pair(ink)));
        }
        has(format!("fire: {}", pair(FIRE)));
        has(format!("school: {}", pair(SCHOOL)));
        for c in CLUSTERS {
            has(format!(
                "{{ from: {}, size: {}, fill: {}, ink: {} }}",
                c.from,
                c.size,
                pair(c.fill),
                pair(c.ink)
            ));
        }
        for s in &OF_WAYS {
            has(format!("{{ code: '{}', colour: {}, width: {} }}", s.code, pair(s.ink), s.width));
        }
        for s in &OF_AREAS {
            has(format!("{{ code: '{}', colour: {}, pattern: ", s.code, pair(s.ink)));
        }
        for (kind, lengths) in DASHES {
            let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
            has(format!("{kind}: [{}]", lengths.join(", ")));
        }
        assert!(ground.contains(&format!("const WATER = {};", pair(WATER))));
        let land: Vec<String> = LAND.into_iter().map(pair).collect();
        assert!(ground.contains(&format!("const LAND = [{}];", land.join(", "))));
    }
}
