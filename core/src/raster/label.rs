//! Places labels where there is space: never over a symbol or another label, never cut at the edge.

use tiny_skia::FillRule;

use super::Scene;
use super::canvas::{Canvas, Outline};
use super::land::between;
use super::palette::{Palette, of_area};
use super::text::{Face, LINE, Script};
use crate::domain::Lang;
use crate::map::{Figure, Pixel, Subject};

/// Wards have their full names from this zoom.
const FULL_NAMES: f32 = 13.0;
/// Wards have names from this zoom.
const NAMES: f32 = 9.5;
/// Width limit of a line, in multiples of the font size.
const WIDEST: f32 = 8.0;
/// Most lines of a label.
const LINES: usize = 3;
/// Gap between two labels, in pixels.
const GAP_PX: f32 = 3.0;
/// Longer texts are cut, in characters.
const LONGEST: usize = 80;
const NOTE_PX: f32 = 11.0;

/// The areas that symbols and labels already occupy.
pub(super) struct Labels {
    size: (f32, f32),
    taken: Vec<Extent>,
}

/// Left, top, right, bottom.
#[derive(Clone, Copy, Debug)]
struct Extent([f32; 4]);

impl Extent {
    fn around((x, y): Pixel, half_width: f32, half_height: f32) -> Self {
        Self([x - half_width, y - half_height, x + half_width, y + half_height])
    }

    fn meets(self, o: Self) -> bool {
        self.0[0] < o.0[2] && o.0[0] < self.0[2] && self.0[1] < o.0[3] && o.0[1] < self.0[3]
    }
}

impl Labels {
    pub(super) fn new((width, height): (u32, u32)) -> Self {
        Self { size: (width as f32, height as f32), taken: Vec::new() }
    }

    /// Reserves a disc.
    pub(super) fn keep_free(&mut self, at: Pixel, radius: f32) {
        self.taken.push(Extent::around(at, radius, radius));
    }

    /// Reserves a rectangle if it is free.
    fn take(&mut self, area: Extent) -> bool {
        let [left, top, right, bottom] = area.0;
        let inside = left >= 0.0 && top >= 0.0 && right <= self.size.0 && bottom <= self.size.1;
        let free = inside && !self.taken.iter().any(|t| t.meets(area));
        if free {
            self.taken.push(area);
        }
        free
    }
}

/// Draws the labels. Alerts come first, because they are urgent.
pub(super) fn draw(
    canvas: &mut Canvas,
    labels: &mut Labels,
    scene: &Scene<'_>,
    palette: &Palette,
    face: &Face,
) {
    let zoom = scene.viewport.zoom() as f32;
    let all = || {
        scene.figures.iter().filter_map(|f| if let Figure::Label(s, at) = f { Some((s, *at)) } else { None })
    };
    for (subject, at) in all() {
        let Subject::Feature(c, f) = subject else { continue };
        let translated = |name: &str| {
            let of = |lang: Lang| f.text(c, &format!("{name}_{}", lang.tag()));
            of(scene.lang).or_else(|| of(Lang::Vi)).or_else(|| of(Lang::En))
        };
        let Some(text) = translated("headline").or_else(|| translated("name")) else { continue };
        let script = Script {
            size: between(zoom, &[(10.0, 11.5), (15.0, 14.0)]),
            ink: palette.pick(of_area(c, f).ink),
            halo: Some((palette.halo, 1.8)),
            weight: 0.5,
        };
        write(canvas, labels, text, at, &script, face);
    }
    if zoom < NAMES {
        return;
    }
    let size = between(zoom, &[(10.0, 11.0), (15.0, 16.0)]);
    let script = Script { size, ink: palette.name, halo: Some((palette.halo, 1.6)), weight: 0.4 };
    for (subject, at) in all() {
        let Subject::Ward { name, short_name, .. } = subject else { continue };
        let words = if zoom < FULL_NAMES { short_name } else { name };
        write(canvas, labels, words, at, &script, face);
    }
}

/// Writes a label at a place, or a little below or above it.
fn write(canvas: &mut Canvas, labels: &mut Labels, text: &str, at: Pixel, script: &Script, face: &Face) {
    let text: String = text.chars().take(LONGEST).collect();
    let lines = wrap(&text, face);
    let widest = lines.iter().map(|l| face.width(l)).fold(0.0, f32::max) * script.size;
    let height = lines.len() as f32 * LINE * script.size;
    for away in [0.0, 1.0, -1.0] {
        let middle = (at.0, at.1 + away * (height / 2.0 + 1.6 * script.size));
        let area = Extent::around(middle, widest / 2.0 + GAP_PX, height / 2.0 + GAP_PX);
        if labels.take(area) {
            let first = (middle.0, middle.1 - (lines.len() - 1) as f32 * LINE * script.size / 2.0);
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            face.draw(canvas, &lines, first, script);
            return;
        }
    }
}

/// Breaks a text into lines of similar length, no wider than the limit if the words allow it.
fn wrap(text: &str, face: &Face) -> Vec<String> {
    let count = (face.width(text) / WIDEST).ceil().clamp(1.0, LINES as f32);
    let goal = face.width(text) / count;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = lines.len() == LINES;
        match lines.last_mut() {
            Some(line) if full || face.width(line) + face.width(word) / 2.0 <= goal => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Writes one line in the lower right corner.
pub(super) fn note(canvas: &mut Canvas, text: &str, size: (u32, u32), palette: &Palette, face: &Face) {
    let (width, height) = (size.0 as f32, size.1 as f32);
    let half = face.width(text) * NOTE_PX / 2.0;
    if 2.0 * half + 8.0 > width || height < 2.0 * NOTE_PX {
        return;
    }
    let (left, top) = (width - 2.0 * half - 8.0, height - 16.0);
    let strip = Outline::rings(&[vec![(left, top), (width, top), (width, height), (left, height)]]);
    canvas.fill(strip.as_ref(), palette.halo.with_alpha(190), FillRule::Winding);
    let script = Script { size: NOTE_PX, ink: palette.name, halo: None, weight: 0.0 };
    face.draw(canvas, &[text], (width - half - 4.0, height - 8.0), &script);
}
