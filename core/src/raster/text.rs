//! A typeface, and text drawn with it as shapes. Not here: where text goes (label, symbol).

use ab_glyph::{Font, FontRef, OutlineCurve, Point};
use tiny_skia::{FillRule, PathBuilder};

use super::canvas::{Canvas, Ink, Outline, Pen};
use crate::map::Pixel;

/// A typeface with Vietnamese letters.
#[derive(Debug)]
pub struct Face {
    font: FontRef<'static>,
    units_per_em: f32,
}

/// Why bytes are not a typeface.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// Neither TrueType nor OpenType.
    #[error("not a TrueType or OpenType font")]
    Broken,
    /// The font does not state its units per em.
    #[error("the font does not state its units per em")]
    Unmeasured,
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    /// Font size in pixels.
    pub(super) size: f32,
    pub(super) ink: Ink,
    /// Colour and width of the outline around the letters.
    pub(super) halo: Option<(Ink, f32)>,
    /// Extra stroke width of the letters, in pixels.
    pub(super) weight: f32,
}

/// Height of the middle of the capitals above the baseline, in multiples of the font size.
const CAPITAL: f32 = 0.35;
/// Distance between two lines, in multiples of the font size.
pub(super) const LINE: f32 = 1.2;

impl Face {
    /// Parses a font.
    ///
    /// # Errors
    /// When the bytes are not a font.
    pub fn parse(bytes: &'static [u8]) -> Result<Self, FaceError> {
        let font = FontRef::try_from_slice(bytes).map_err(|_| FaceError::Broken)?;
        let units_per_em = font.units_per_em().filter(|u| *u > 0.0).ok_or(FaceError::Unmeasured)?;
        Ok(Self { font, units_per_em })
    }

    /// Width of a line, in multiples of the font size.
    pub(super) fn width(&self, line: &str) -> f32 {
        self.set(line, |_, _| {}) / self.units_per_em
    }

    /// Calls `f` with each glyph of a line and its start, and returns the end of the line, all in
    /// font units.
    fn set(&self, line: &str, mut f: impl FnMut(ab_glyph::GlyphId, f32)) -> f32 {
        let (mut pen, mut last) = (0.0, None);
        for c in line.chars() {
            let glyph = self.font.glyph_id(c);
            if let Some(last) = last {
                pen += self.font.kern_unscaled(last, glyph);
            }
            f(glyph, pen);
            pen += self.font.h_advance_unscaled(glyph);
            last = Some(glyph);
        }
        pen
    }

    /// Draws lines one below the other, each centred. `at` is the middle of the first line.
    pub(super) fn draw(&self, canvas: &mut Canvas, lines: &[&str], at: Pixel, script: &Script) {
        let k = script.size / self.units_per_em;
        let mut shape = Outline::default();
        for (n, line) in lines.iter().enumerate() {
            let left = at.0 - self.width(line) * script.size / 2.0;
            let base = at.1 + script.size * (CAPITAL + LINE * n as f32);
            self.set(line, |glyph, pen| {
                if let Some(outline) = self.font.outline(glyph) {
                    let place = |p: Point| (left + (pen + p.x) * k, base - p.y * k);
                    trace(shape.builder(), &outline.curves, place);
                }
            });
        }
        let shape = shape.finish();
        if let Some((ink, width)) = script.halo {
            canvas.stroke(shape.as_ref(), ink, &Pen::round(2.0 * width + script.weight));
        }
        if script.weight > 0.0 {
            canvas.stroke(shape.as_ref(), script.ink, &Pen::round(script.weight));
        }
        canvas.fill(shape.as_ref(), script.ink, FillRule::Winding);
    }
}

/// Adds the contours of a glyph.
fn trace(out: &mut PathBuilder, curves: &[OutlineCurve], place: impl Fn(Point) -> Pixel) {
    let mut pen = None;
    for curve in curves {
        let (from, to) = match curve {
            OutlineCurve::Line(a, b) => (*a, *b),
            OutlineCurve::Quad(a, _, c) => (*a, *c),
            OutlineCurve::Cubic(a, _, _, d) => (*a, *d),
        };
        if pen != Some(from) {
            if pen.is_some() {
                out.close();
            }
            let (x, y) = place(from);
            out.move_to(x, y);
        }
        let (x, y) = place(to);
        match curve {
            OutlineCurve::Line(..) => out.line_to(x, y),
            OutlineCurve::Quad(_, b, _) => {
                let b = place(*b);
                out.quad_to(b.0, b.1, x, y);
            }
            OutlineCurve::Cubic(_, b, c, _) => {
                let (b, c) = (place(*b), place(*c));
                out.cubic_to(b.0, b.1, c.0, c.1, x, y);
            }
        }
        pen = Some(to);
    }
    if pen.is_some() {
        out.close();
    }
}
