//! Draws the density of reports as a heat map: weights are blurred, then coloured by a scale that
//! does not depend on the picture, so that tiles drawn separately fit together.

use tiny_skia::PremultipliedColorU8;

use super::Scene;
use super::canvas::Canvas;
use crate::map::{Figure, Pixel};

/// Pixels per step of the grid that holds the weights.
const STEP_PX: f32 = 4.0;
/// Standard deviation of the blur, in steps.
const SPREAD: f32 = 2.5;
/// Radius of the blur, in steps.
const REACH: i32 = 8;
/// Steps around the picture whose weights are still visible in it.
const RIM: i32 = REACH + 2;
/// A zoom, and the number of reports in one place where the colour scale ends at that zoom. The
/// number falls by a factor of four with each zoom, because the same area is four times as many
/// pixels. It is constant from `LAST_ZOOM` on.
const FULL: (f32, f32) = (10.0, 3_000.0);
const LAST_ZOOM: f32 = 15.0;

/// Colours and opacity, from low to high. They grow darker, so that the order is visible without
/// hue.
const SCALE: [[f32; 4]; 6] = [
    [255.0, 230.0, 150.0, 0.0],
    [254.0, 217.0, 118.0, 130.0],
    [253.0, 170.0, 72.0, 180.0],
    [240.0, 100.0, 50.0, 205.0],
    [196.0, 30.0, 60.0, 220.0],
    [110.0, 5.0, 60.0, 230.0],
];

pub(super) fn draw(canvas: &mut Canvas, scene: &Scene<'_>) {
    let cells = || {
        scene.figures.iter().filter_map(|f| if let Figure::Cell(n, at) = f { Some((*n, *at)) } else { None })
    };
    if cells().next().is_none() {
        return;
    }
    let mut grid = Grid::new(scene.viewport.size());
    cells().for_each(|(weight, at)| grid.add(weight as f32, at));
    grid.spread();
    let zoom = (scene.viewport.zoom() as f32).min(LAST_ZOOM);
    let full = (FULL.1 * (2.0 * (FULL.0 - zoom)).exp2()).ln_1p();
    let colours: Vec<[f32; 4]> = (0..=1024).map(|n| colour(n as f32 / 1024.0)).collect();
    let at = canvas.place();
    let pixels = canvas.pixels();
    let width = pixels.width() as usize;
    for (n, pixel) in pixels.pixels_mut().iter_mut().enumerate() {
        let density = grid.at((at(n % width), at(n / width)));
        if density > 0.0 {
            let share = (density.ln_1p() / full).min(1.0);
            *pixel = over(*pixel, colours[(share * 1024.0) as usize]);
        }
    }
}

/// A colour of the scale, at 0..=1.
fn colour(share: f32) -> [f32; 4] {
    let at = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f32;
    let n = (at as usize).min(SCALE.len() - 2);
    std::array::from_fn(|i| SCALE[n][i] + (SCALE[n + 1][i] - SCALE[n][i]) * (at - n as f32))
}

/// Blends a colour over a pixel.
fn over(under: PremultipliedColorU8, [r, g, b, a]: [f32; 4]) -> PremultipliedColorU8 {
    let share = a / 255.0;
    let mix = |over: f32, under: u8| (over * share + f32::from(under) * (1.0 - share)).round();
    let alpha = mix(255.0, under.alpha()) as u8;
    // A premultiplied colour is never brighter than its alpha.
    let part = |over: f32, under: u8| (mix(over, under) as u8).min(alpha);
    PremultipliedColorU8::from_rgba(
        part(r, under.red()),
        part(g, under.green()),
        part(b, under.blue()),
        alpha,
    )
    .unwrap_or(under)
}

/// Weights on a grid of steps, with a rim around the picture.
struct Grid {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Grid {
    fn new((width, height): (u32, u32)) -> Self {
        let steps = |px: u32| (px as f32 / STEP_PX).ceil() as usize + 2 * RIM as usize + 2;
        let (width, height) = (steps(width), steps(height));
        Self { width, height, values: vec![0.0; width * height] }
    }

    /// Distributes a weight over the four nearest steps.
    fn add(&mut self, weight: f32, at: Pixel) {
        for (index, share) in self.corners(at).into_iter().flatten() {
            self.values[index] += weight * share;
        }
    }

    /// Bilinear interpolation between the four nearest steps.
    fn at(&self, at: Pixel) -> f32 {
        self.corners(at).into_iter().flatten().map(|(index, share)| self.values[index] * share).sum()
    }

    /// The four nearest steps and the weight of each; steps outside the rim are left out.
    fn corners(&self, (x, y): Pixel) -> [Option<(usize, f32)>; 4] {
        let (x, y) = (x / STEP_PX + RIM as f32, y / STEP_PX + RIM as f32);
        let (left, top) = (x.floor(), y.floor());
        let (dx, dy) = (x - left, y - top);
        let index = |x: f32, y: f32| {
            let inside = x >= 0.0 && y >= 0.0 && (x as usize) < self.width && (y as usize) < self.height;
            inside.then(|| y as usize * self.width + x as usize)
        };
        [
            index(left, top).map(|i| (i, (1.0 - dx) * (1.0 - dy))),
            index(left + 1.0, top).map(|i| (i, dx * (1.0 - dy))),
            index(left, top + 1.0).map(|i| (i, (1.0 - dx) * dy)),
            index(left + 1.0, top + 1.0).map(|i| (i, dx * dy)),
        ]
    }

    /// Applies a Gaussian blur, scaled so that the peak of a single weight equals that weight.
    fn spread(&mut self) {
        let bell: Vec<f32> =
            (-REACH..=REACH).map(|d| (-(d * d) as f32 / (2.0 * SPREAD * SPREAD)).exp()).collect();
        let (width, height) = (self.width, self.height);
        let pass = |from: &[f32], to: &mut [f32], len: usize, step: usize, start: usize| {
            for i in 0..len {
                let low = i.saturating_sub(REACH as usize);
                let high = (i + REACH as usize).min(len - 1);
                let near = (low..=high).map(|j| from[start + j * step] * bell[j + REACH as usize - i]);
                to[start + i * step] = near.sum();
            }
        };
        let mut across = vec![0.0; self.values.len()];
        (0..height).for_each(|row| pass(&self.values, &mut across, width, 1, row * width));
        (0..width).for_each(|column| pass(&across, &mut self.values, height, width, column));
    }
}
