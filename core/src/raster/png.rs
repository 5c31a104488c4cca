//! Encodes pixels as a PNG (ISO/IEC 15948).

use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use tiny_skia::Pixmap;

/// Why a picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// No pixels, or too many.
    #[error("a picture must have pixels and fit in memory")]
    Size,
    /// The encoder failed.
    #[error(transparent)]
    Encode(#[from] png::EncodingError),
}

/// Encodes a picture, without an alpha channel if it is `opaque`.
pub(super) fn encode(pixels: &Pixmap, opaque: bool) -> Result<Vec<u8>, PngError> {
    let mut data = Vec::with_capacity(pixels.data().len());
    for p in pixels.pixels() {
        if opaque {
            data.extend([p.red(), p.green(), p.blue()]);
        } else {
            let c = p.demultiply();
            data.extend([c.red(), c.green(), c.blue(), c.alpha()]);
        }
    }
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, pixels.width(), pixels.height());
    encoder.set_color(if opaque { ColorType::Rgb } else { ColorType::Rgba });
    encoder.set_depth(BitDepth::Eight);
    // Most tiles of an overlay are empty, and the best compression of those is cheap.
    let clear = data.iter().all(|b| *b == 0);
    encoder.set_compression(if clear { Compression::High } else { Compression::Fast });
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(out)
}
