//! WebP, by the `image-webp` crate; of an animation the first frame on its canvas.

use std::io::Cursor;

use image_header::{Limits, Rejection, SourceInfo};
use image_webp::WebPDecoder;

use super::{DecodeError, Decoded, check_size, interleaved};
use crate::picture::Components;

pub(super) fn decode(source: &[u8], info: &SourceInfo, limits: &Limits) -> Result<Decoded, DecodeError> {
    let damaged = |error: image_webp::DecodingError| Rejection::damaged(error.to_string());
    let mut decoder = WebPDecoder::new(Cursor::new(source)).map_err(damaged)?;
    decoder.set_memory_limit(usize::try_from(limits.decoded_bytes).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    check_size(info, width, height)?;
    let size = decoder.output_buffer_size().ok_or_else(|| Rejection::damaged("its size overflows"))?;
    let mut samples = vec![0; size];
    decoder.read_image(&mut samples).map_err(damaged)?;
    let has_alpha = decoder.has_alpha();
    let picture = match (has_alpha, info.alpha) {
        (true, true) => interleaved(info, Components::Rgba, samples),
        (true, false) => super::from_rgba(info, samples),
        (false, _) => interleaved(info, Components::Rgb, samples),
    };
    Ok(Decoded { picture, warnings: Vec::new() })
}
