//! The colours of pictures: those of the page (web/src/palette.js and style.js; a test compares), and
//! the same for a dark ground. Orange and blue stay apart for every common kind of colour blindness.
#![expect(clippy::unreadable_literal, reason = "colours are read as six digits")]

use super::canvas::Ink;
use crate::domain::{Collection, Feature};

/// Which of the two sets of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Style {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) const fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

/// What lies under and around the symbols.
pub(super) struct Palette {
    pub(super) water: Ink,
    /// Neighbours mostly differ.
    pub(super) land: [Ink; 4],
    pub(super) border: Ink,
    pub(super) name: Ink,
    pub(super) halo: Ink,
    /// Around symbols and lines.
    pub(super) casing: Ink,
    pub(super) pin: Ink,
    /// Added to the colours of severity, towards white, of 255.
    lighter: u8,
}

static LIGHT: Palette = Palette {
    water: Ink::solid(0xcfdfe4),
    land: [Ink::solid(0xf6f3ea), Ink::solid(0xf1efe2), Ink::solid(0xf4f0e6), Ink::solid(0xeef0e3)],
    border: Ink::solid(0x8d9c94),
    name: Ink::solid(0x4d5f5c),
    halo: Ink::solid(0xf7f5ee),
    casing: Ink::solid(0xffffff),
    pin: Ink::solid(0x0b4a54),
    lighter: 0,
};

static DARK: Palette = Palette {
    water: Ink::solid(0x0e1a20),
    land: [Ink::solid(0x1d2a2f), Ink::solid(0x202e31), Ink::solid(0x1e2c33), Ink::solid(0x222f2f)],
    border: Ink::solid(0x5b7075),
    name: Ink::solid(0xb7c7c8),
    halo: Ink::solid(0x16232a),
    casing: Ink::solid(0x101c22),
    pin: Ink::solid(0x6fc3cd),
    lighter: 90,
};

impl Palette {
    /// A colour made for a light ground as it is on this one.
    pub(super) fn on_ground(&self, ink: Ink) -> Ink {
        let [r, g, b, a] = ink.bytes().map(u32::from);
        let by = u32::from(self.lighter);
        let mix = |v: u32| v + (255 - v) * by / 255;
        Ink(mix(r) << 16 | mix(g) << 8 | mix(b), a as u8)
    }
}

pub(super) const OPEN: Ink = Ink::solid(0xd55e00);
pub(super) const CLOSED: Ink = Ink::solid(0x2b6cb0);

/// Clusters by count: at least so many members, so wide, this fill, this ink.
pub(super) struct ClusterLook {
    pub(super) from: u64,
    pub(super) size: f32,
    pub(super) fill: Ink,
    pub(super) ink: Ink,
}

const fn look(from: u64, size: f32, fill: u32, ink: u32) -> ClusterLook {
    ClusterLook { from, size, fill: Ink::solid(fill), ink: Ink::solid(ink) }
}

pub(super) const CLUSTERS: [ClusterLook; 4] = [
    look(0, 30.0, 0xf2f7f7, 0x12343b),
    look(10, 38.0, 0xb5d6d8, 0x12343b),
    look(100, 46.0, 0x2a7781, 0xffffff),
    look(1000, 52.0, 0x0b4a54, 0xffffff),
];

/// What an area is filled with beside its colour.
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
    pub(super) ink: Ink,
    pub(super) width: f32,
    pub(super) hatch: Hatch,
}

const fn severity(code: &'static str, ink: u32, width: f32, hatch: Hatch) -> Severity {
    Severity { code, ink: Ink::solid(ink), width, hatch }
}

/// Of ways and places; the first is for what has none that is known.
static OF_WAYS: [Severity; 5] = [
    severity("", 0x5f6f76, 3.0, Hatch::None),
    severity("low", 0xb08a00, 3.5, Hatch::None),
    severity("moderate", 0xb5651d, 4.5, Hatch::None),
    severity("high", 0xa8121f, 5.5, Hatch::None),
    severity("severe", 0x6b0f2e, 7.0, Hatch::None),
];

/// Of areas; no two have the same hatching but none.
pub(super) static OF_AREAS: [Severity; 5] = [
    severity("unknown", 0x56666c, 1.5, Hatch::None),
    severity("minor", 0x8a6a00, 1.5, Hatch::None),
    severity("moderate", 0xb85300, 2.0, Hatch::Lines),
    severity("severe", 0xb01030, 2.5, Hatch::Dense),
    severity("extreme", 0x5b1478, 3.5, Hatch::Cross),
];

/// What ways are drawn as: dashes and gaps in widths of the line, by their kind.
const DASHES: [(&str, &[f32]); 4] = [
    ("roadworks", &[2.0, 1.0]),
    ("closure", &[0.7, 0.7]),
    ("event", &[3.0, 1.0, 0.6, 1.0]),
    ("flood", &[1.2, 0.5]),
];

/// Places by their kind; what has no severity and no kind that is known is drawn as the first.
const PLACES: [(&str, u32); 16] = [
    ("other", 0x42525a),
    ("hospital", 0xa3123f),
    ("clinic", 0xa3123f),
    ("pharmacy", 0xa3123f),
    ("police", 0x24489a),
    ("fire", 0xa8320a),
    ("public_office", 0x24489a),
    ("school", 0x6a3d9a),
    ("bus_stop", 0x00656f),
    ("metro", 0x00656f),
    ("parking", 0x00656f),
    ("bank", 0x725100),
    ("market", 0x725100),
    ("park", 0x2c6a34),
    ("toilet", 0x42525a),
    ("camera", 0x42525a),
];

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

/// The colour of a place: of its severity, if its collection knows one, or of its kind.
pub(super) fn of_place(c: &Collection, f: &Feature) -> Ink {
    if c.position("severity").is_some() {
        return of_way(c, f).ink;
    }
    let kind = text(c, f, "kind");
    let found = PLACES.iter().find(|(k, _)| *k == kind).unwrap_or(&PLACES[0]);
    Ink::solid(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(ink: Ink) -> String {
        format!("'#{:06x}'", ink.0)
    }

    /// A colour that changes on the page must change here.
    #[test]
    fn the_page_has_the_same_colours() {
        let page = include_str!("../../web/src/palette.js");
        let style = include_str!("../../web/src/style.js");
        let has = |part: String| assert!(page.contains(&part), "palette.js has no {part}");
        has(format!("OPEN = {}", hex(OPEN)));
        has(format!("CLOSED = {}", hex(CLOSED)));
        for c in CLUSTERS {
            let (fill, ink) = (hex(c.fill), hex(c.ink));
            has(format!("{{ from: {}, size: {}, fill: {fill}, ink: {ink} }}", c.from, c.size));
        }
        for s in &OF_WAYS {
            has(format!("{{ code: '{}', colour: {}, width: {} }}", s.code, hex(s.ink), s.width));
        }
        for s in &OF_AREAS {
            has(format!("{{ code: '{}', colour: {}, pattern: ", s.code, hex(s.ink)));
        }
        for (kind, lengths) in DASHES {
            let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
            has(format!("{kind}: [{}]", lengths.join(", ")));
        }
        for ink in LIGHT.land.into_iter().chain([LIGHT.water, LIGHT.border, LIGHT.name, LIGHT.halo]) {
            assert!(style.contains(&hex(ink)), "style.js has no {}", hex(ink));
        }
    }
}
