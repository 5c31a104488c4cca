//! Figures of the map as pixels: a PNG for e-mail, previews, viewers of picture tiles and browsers
//! without WebGL2. A picture is a pure function of its scene: the same scene gives the same bytes.
//! Not here: what stands where (map), who asks for it (http).

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

/// A symbol that reaches into a picture is never wider.
const RIM_PX: u32 = 52;

/// What a picture shows.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// Of which piece of ground.
    pub viewport: Viewport,
    /// Pixels of the picture to each of the ground's, 1 or 2.
    pub scale: u32,
    /// In which colours.
    pub style: Style,
    /// In which language.
    pub lang: Lang,
    /// What stands on it.
    pub figures: Vec<Figure<'a>>,
    /// Places with a pin.
    pub markers: Vec<LonLat>,
    /// Whether the ground is see-through, as that of a tile to be laid over another map.
    pub clear: bool,
    /// A line in the corner.
    pub note: Option<String>,
}

/// Draws a scene and encodes it.
///
/// # Errors
/// When the picture has no pixels, or more than memory holds.
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
