//! Draws areas, lines and places: wards first, then alerts, borders, roads and places.

use tiny_skia::{FillRule, Path};

use super::canvas::{Canvas, Outline, Pen};
use super::palette::{Hatch, OF_AREAS, Palette, Severity, dash, of_area, of_place, of_way};
use super::{RIM_PX, Scene};
use crate::map::{Figure, Pixel, Subject, Viewport};

/// Opacity of the fill and the hatching of an alert.
const FILL: u8 = 34;
const HATCH: u8 = 90;
/// Distance between two hatching lines, in pixels.
const STEP_PX: f64 = 17.0;
/// Half the width of a place's symbol.
const PLACE_PX: f32 = 4.5;

pub(super) fn draw(canvas: &mut Canvas, scene: &Scene<'_>, palette: &Palette) {
    let zoom = scene.viewport.zoom() as f32;
    let mut borders: Vec<Option<Path>> = Vec::new();
    let mut alerts = Vec::new();
    for figure in &scene.figures {
        let Figure::Area(subject, rings) = figure else { continue };
        let path = Outline::rings(rings);
        match subject {
            Subject::Ward { id, .. } => {
                if !scene.clear {
                    let ink = palette.land[(id % palette.land.len() as u64) as usize];
                    canvas.fill(path.as_ref(), ink, FillRule::EvenOdd);
                    // A stroke in the same colour closes the hairline between two antialiased
                    // edges.
                    canvas.stroke(path.as_ref(), ink, &Pen::round(1.0));
                }
                borders.push(path);
            }
            Subject::Feature(c, f) => alerts.extend(path.map(|p| (of_area(c, f), p))),
        }
    }
    for (severity, path) in &alerts {
        canvas.fill(Some(path), palette.pick(severity.ink).with_alpha(FILL), FillRule::EvenOdd);
    }
    for severity in &OF_AREAS {
        let Some(lines) = Outline::lines(&hatching(severity.hatch, &scene.viewport)) else { continue };
        let areas: Vec<&Path> =
            alerts.iter().filter(|(s, _)| s.hatch == severity.hatch).map(|(_, p)| p).collect();
        let pen = Pen::flat(if severity.hatch == Hatch::Cross { 1.4 } else { 1.2 });
        canvas.stroke_inside(&lines, palette.pick(severity.ink).with_alpha(HATCH), &pen, &areas);
    }
    let pen = Pen::round(between(zoom, &[(8.0, 0.5), (12.0, 1.0), (16.0, 2.0)]));
    let ink = palette.border.with_alpha(between(zoom, &[(8.0, 140.0), (12.0, 230.0)]) as u8);
    for path in &borders {
        canvas.stroke(path.as_ref(), ink, &pen);
    }
    for (severity, path) in &alerts {
        outlined(canvas, path, severity, palette, &Pen::round(severity.width), 2.5);
    }
    roads(canvas, scene, palette, zoom);
    places(canvas, scene, palette, zoom);
}

fn roads(canvas: &mut Canvas, scene: &Scene<'_>, palette: &Palette, zoom: f32) {
    let share = between(zoom, &[(9.0, 0.35), (12.0, 0.6), (15.0, 1.0), (18.0, 1.6)]);
    let mut roads = Vec::new();
    for figure in &scene.figures {
        let Figure::Line(Subject::Feature(c, f), paths) = figure else { continue };
        // Dashes start where a line is clipped, so neighbouring pictures have different dashes.
        roads.extend(Outline::lines(paths).map(|path| (of_way(c, f), dash(c, f), path)));
    }
    // The most severe on top; equal ones keep the order of the features.
    roads.sort_by(|a, b| a.0.width.total_cmp(&b.0.width));
    for (severity, dash, path) in &roads {
        let width = severity.width * share;
        let pen = dash.map_or_else(|| Pen::round(width), |lengths| Pen::dashed(width, lengths));
        canvas.stroke(Some(path), palette.casing, &Pen::round(width + 2.5));
        canvas.stroke(Some(path), palette.pick(severity.ink), &pen);
    }
}

fn places(canvas: &mut Canvas, scene: &Scene<'_>, palette: &Palette, zoom: f32) {
    let radius = PLACE_PX * between(zoom, &[(10.0, 0.72), (15.0, 1.0)]);
    for figure in &scene.figures {
        let Figure::Point(Subject::Feature(c, f), at) = figure else { continue };
        canvas.disc(*at, radius + 1.5, palette.casing);
        canvas.disc(*at, radius, palette.pick(of_place(c, f)));
    }
}

fn outlined(canvas: &mut Canvas, path: &Path, of: &Severity, palette: &Palette, pen: &Pen, more: f32) {
    canvas.stroke(Some(path), palette.casing.with_alpha(204), &Pen::round(of.width + more));
    canvas.stroke(Some(path), palette.pick(of.ink), pen);
}

/// Diagonal lines over a picture and its rim. They are anchored to the world, so the lines of
/// neighbouring pictures meet.
fn hatching(hatch: Hatch, viewport: &Viewport) -> Vec<Vec<Pixel>> {
    let (step, both) = match hatch {
        Hatch::None => return Vec::new(),
        Hatch::Lines => (STEP_PX, false),
        Hatch::Dense => (STEP_PX / 2.0, false),
        Hatch::Cross => (STEP_PX / 2.0, true),
    };
    let ((width, height), (left, top)) = (viewport.size(), viewport.corner());
    let low = -(RIM_PX as f32);
    let (right, bottom) = (width as f32 - low, height as f32 - low);
    // Start at the first line, counted from the world's origin, inside the picture.
    let every = |from: f32, world: f64| {
        let at = f64::from(from) + world;
        from + ((at / step).ceil() * step - at) as f32
    };
    let lines =
        |from: f32, to: f32| (0..).map(move |n| from + n as f32 * step as f32).take_while(move |v| *v < to);
    let down = lines(every(2.0 * low, left + top), right + bottom)
        .map(|sum| vec![(sum - low, low), (sum - bottom, bottom)]);
    let up = || {
        let off = lines(every(low - bottom, left - top), right - low);
        off.map(|off| vec![(off + low, low), (off + bottom, bottom)])
    };
    if both { down.chain(up()).collect() } else { down.collect() }
}

/// Linear interpolation between ascending stops of zoom; constant before the first and after the
/// last.
pub(super) fn between(zoom: f32, stops: &[(f32, f32)]) -> f32 {
    let mut last = stops[0];
    for &(at, value) in stops {
        if zoom < at {
            let share = if at > last.0 { ((zoom - last.0) / (at - last.0)).max(0.0) } else { 0.0 };
            return last.1 + (value - last.1) * share;
        }
        last = (at, value);
    }
    last.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::TileId;

    #[test]
    fn hatchings_of_pictures_beside_each_other_meet() {
        let of = |x: u32, y: u32, hatch| hatching(hatch, &Viewport::of_tile(TileId::new(15, x, y).unwrap()));
        for hatch in [Hatch::Lines, Hatch::Dense, Hatch::Cross] {
            let here = of(26096, 15403, hatch);
            assert!(here.len() > 20, "{hatch:?}");
            for (x, y, dx, dy) in [(26097, 15403, 256.0, 0.0), (26096, 15404, 0.0, 256.0)] {
                // A line is identified by where it crosses the middle row of the overlap, and by
                // its direction.
                let crossings = |lines: &[Vec<Pixel>], dx: f32, dy: f32| -> Vec<(i32, bool)> {
                    let level = |l: &Vec<Pixel>| {
                        let slant = (l[1].0 - l[0].0).signum();
                        let at = l[0].0 + dx + slant * (200.0 - l[0].1 - dy);
                        ((at * 16.0).round() as i32, slant > 0.0)
                    };
                    let shared = 210 * 16..250 * 16;
                    let mut out: Vec<_> =
                        lines.iter().map(level).filter(|(at, _)| shared.contains(at)).collect();
                    out.sort_unstable();
                    out
                };
                let there = crossings(&of(x, y, hatch), dx, dy);
                assert!(there.len() > 1, "{hatch:?}");
                assert_eq!(crossings(&here, 0.0, 0.0), there, "{hatch:?} {dx} {dy}");
            }
        }
    }
}
