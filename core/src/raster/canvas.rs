//! A drawing surface whose coordinates are map pixels, independent of the scale of the picture. Not
//! here: what is drawn.

use std::f32::consts::{FRAC_PI_2, TAU};

use tiny_skia::{
    Color, FillRule, IntRect, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash,
    Transform,
};

use crate::map::Pixel;

/// A colour (`0xrrggbb`) and its opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(pub(super) u32, pub(super) u8);

impl Ink {
    /// An opaque colour, `0xrrggbb`.
    pub(super) const fn solid(rgb: u32) -> Self {
        Self(rgb, 255)
    }

    /// The same colour with another opacity, 0..=255.
    pub(super) const fn with_alpha(self, alpha: u8) -> Self {
        Self(self.0, alpha)
    }

    pub(super) fn bytes(self) -> [u8; 4] {
        let [_, r, g, b] = self.0.to_be_bytes();
        [r, g, b, self.1]
    }

    fn color(self) -> Color {
        let [r, g, b, a] = self.bytes();
        Color::from_rgba8(r, g, b, a)
    }
}

/// How a line is drawn.
#[derive(Clone, Debug)]
pub(super) struct Pen {
    stroke: Stroke,
}

impl Pen {
    /// A line of this width in pixels, with round joins and caps.
    pub(super) fn round(width: f32) -> Self {
        let (line_cap, line_join) = (LineCap::Round, LineJoin::Round);
        Self { stroke: Stroke { width, line_cap, line_join, ..Stroke::default() } }
    }

    /// A line of this width in pixels, with butt caps.
    pub(super) fn flat(width: f32) -> Self {
        Self { stroke: Stroke { width, line_join: LineJoin::Round, ..Stroke::default() } }
    }

    /// Adds dashes and gaps, in multiples of the line's width.
    pub(super) fn dashed(width: f32, lengths: &[f32]) -> Self {
        let dash = StrokeDash::new(lengths.iter().map(|l| l * width).collect(), 0.0);
        let pen = Self::flat(width);
        Self { stroke: Stroke { dash, ..pen.stroke } }
    }
}

/// A path that can be filled or stroked.
#[derive(Default)]
pub(super) struct Outline(PathBuilder);

impl Outline {
    /// A path of closed rings.
    pub(super) fn rings(rings: &[Vec<Pixel>]) -> Option<Path> {
        let mut out = Self::default();
        rings.iter().for_each(|r| out.way(r, true));
        out.finish()
    }

    /// A path of open lines.
    pub(super) fn lines(lines: &[Vec<Pixel>]) -> Option<Path> {
        let mut out = Self::default();
        lines.iter().for_each(|l| out.way(l, false));
        out.finish()
    }

    pub(super) fn circle((x, y): Pixel, radius: f32) -> Option<Path> {
        PathBuilder::from_circle(x, y, radius)
    }

    /// An arc of a circle, clockwise from the top. Start and end are in turns, 0..=1.
    pub(super) fn arc((x, y): Pixel, radius: f32, from: f32, to: f32) -> Option<Path> {
        let steps = ((to - from) * 4.0).ceil().max(1.0);
        let step = (to - from) * TAU / steps;
        let reach = radius * 4.0 / 3.0 * (step / 4.0).tan();
        let spot = |angle: f32| {
            let (sin, cos) = (angle - FRAC_PI_2).sin_cos();
            ((x + radius * cos, y + radius * sin), (-reach * sin, reach * cos))
        };
        let mut out = PathBuilder::new();
        let (mut at, mut way) = spot(from * TAU);
        out.move_to(at.0, at.1);
        for n in 1..=steps as u32 {
            let (end, ahead) = spot(from * TAU + step * n as f32);
            out.cubic_to(at.0 + way.0, at.1 + way.1, end.0 - ahead.0, end.1 - ahead.1, end.0, end.1);
            (at, way) = (end, ahead);
        }
        out.finish()
    }

    pub(super) fn way(&mut self, points: &[Pixel], closed: bool) {
        for (n, (x, y)) in points.iter().enumerate() {
            if n == 0 { self.0.move_to(*x, *y) } else { self.0.line_to(*x, *y) }
        }
        if closed {
            self.0.close();
        }
    }

    pub(super) fn builder(&mut self) -> &mut PathBuilder {
        &mut self.0
    }

    pub(super) fn finish(self) -> Option<Path> {
        self.0.finish()
    }
}

/// The drawing surface.
pub(super) struct Canvas {
    pixels: Pixmap,
    scale: u32,
    /// A margin in map pixels, drawn around the picture and cut off at the end.
    rim: u32,
}

impl Canvas {
    /// A transparent canvas. `None` if it has no pixels or needs too much memory. A curve that
    /// leaves the surface is drawn slightly differently, so pictures that must fit together need a
    /// rim as wide as a symbol.
    pub(super) fn new((width, height): (u32, u32), scale: u32, rim: u32) -> Option<Self> {
        let side = |v: u32| (v + 2 * rim) * scale;
        Some(Self { pixels: Pixmap::new(side(width), side(height))?, scale, rim })
    }

    /// Maps an index of the surface to the map coordinate of the pixel's centre.
    pub(super) fn place(&self) -> impl Fn(usize) -> f32 + use<> {
        let (scale, rim) = (self.scale as f32, self.rim as f32);
        move |v| (v as f32 + 0.5) / scale - rim
    }

    pub(super) fn pixels(&mut self) -> &mut Pixmap {
        &mut self.pixels
    }

    /// The picture without its rim; `None` if it has no pixels.
    pub(super) fn finish(self) -> Option<Pixmap> {
        if self.rim == 0 {
            return Some(self.pixels);
        }
        let (edge, off) = ((self.rim * self.scale) as i32, 2 * self.rim * self.scale);
        let (width, height) = (self.pixels.width() - off, self.pixels.height() - off);
        self.pixels.clone_rect(IntRect::from_xywh(edge, edge, width, height)?)
    }

    pub(super) fn fill_all(&mut self, ink: Ink) {
        self.pixels.fill(ink.color());
    }

    /// Fills a path. A degenerate path, such as one with fewer than two points, draws nothing.
    pub(super) fn fill(&mut self, path: Option<&Path>, ink: Ink, rule: FillRule) {
        if let Some(path) = path {
            self.pixels.fill_path(path, &paint(ink), rule, self.transform(), None);
        }
    }

    /// Strokes a path.
    pub(super) fn stroke(&mut self, path: Option<&Path>, ink: Ink, pen: &Pen) {
        if let Some(path) = path {
            self.pixels.stroke_path(path, &paint(ink), &pen.stroke, self.transform(), None);
        }
    }

    /// Strokes a path, clipped to some areas.
    pub(super) fn stroke_inside(&mut self, path: &Path, ink: Ink, pen: &Pen, areas: &[&Path]) {
        if areas.is_empty() {
            return;
        }
        // `None` only for a surface without pixels, which cannot exist.
        let Some(mut mask) = Mask::new(self.pixels.width(), self.pixels.height()) else { return };
        for area in areas {
            mask.fill_path(area, FillRule::EvenOdd, true, self.transform());
        }
        self.pixels.stroke_path(path, &paint(ink), &pen.stroke, self.transform(), Some(&mask));
    }

    pub(super) fn disc(&mut self, at: Pixel, radius: f32, ink: Ink) {
        self.fill(Outline::circle(at, radius).as_ref(), ink, FillRule::Winding);
    }

    fn transform(&self) -> Transform {
        let (scale, edge) = (self.scale as f32, (self.rim * self.scale) as f32);
        Transform::from_scale(scale, scale).post_translate(edge, edge)
    }
}

fn paint(ink: Ink) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(ink.color());
    paint
}
