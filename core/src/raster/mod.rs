//! Draws a map as a PNG for e-mail, previews, raster tile clients and browsers without WebGL2. A
//! picture is a pure function of its scene: the same scene gives the same bytes. Not here: what
//! stands where (map), requests (http).

mod canvas;
mod density;
mod label;
mod land;
mod palette;
mod png;
mod symbol;
mod text;

#[cfg(test)]
mod tests;

use crate::domain::Lang;
use crate::geo::{LonLat, Mercator};
use crate::map::{Figure, Viewport};

use canvas::Canvas;
use label::Labels;

pub use palette::Style;
pub use png::PngError;
pub use text::{Face, FaceError};

/// No symbol at the edge of a picture is wider than this, in pixels.
const RIM_PX: u32 = 52;

/// What a picture shows.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// The part of the map.
    pub viewport: Viewport,
    /// Device pixels per map pixel, 1 or 2.
    pub scale: u32,
    /// The colour scheme.
    pub style: Style,
    /// The language of the labels.
    pub lang: Lang,
    /// The figures to draw.
    pub figures: Vec<Figure<'a>>,
    /// Positions of pins.
    pub markers: Vec<LonLat>,
    /// Whether the background is transparent, as in a tile laid over another map.
    pub clear: bool,
    /// A line of text in the corner.
    pub note: Option<String>,
}

/// Draws a scene and encodes it.
///
/// # Errors
/// When the picture has no pixels or needs too much memory.
pub fn draw(scene: &Scene<'_>, face: &Face) -> Result<Vec<u8>, PngError> {
    let palette = scene.style.palette();
    let curves = scene.figures.iter().any(|f| !matches!(f, Figure::Cell(..)));
    let rim = if scene.clear && curves { RIM_PX } else { 0 };
    let mut canvas = Canvas::new(scene.viewport.size(), scene.scale, rim).ok_or(PngError::Size)?;
    if !scene.clear {
        canvas.fill_all(palette.water);
    }
    land::draw(&mut canvas, scene, palette);
    density::draw(&mut canvas, scene);
    let mut labels = Labels::new(scene.viewport.size());
    symbol::keep_free(&mut labels, scene);
    label::draw(&mut canvas, &mut labels, scene, palette, face);
    symbol::draw(&mut canvas, scene, palette, face);
    for marker in &scene.markers {
        symbol::pin(&mut canvas, scene.viewport.pixel(Mercator::from_lonlat(*marker)), palette);
    }
    if let Some(note) = &scene.note {
        label::note(&mut canvas, note, scene.viewport.size(), palette, face);
    }
    png::encode(&canvas.finish().ok_or(PngError::Size)?, !scene.clear)
}
