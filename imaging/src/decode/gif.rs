//! GIF, by the `image` crate: the first frame, composed on its canvas.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::{ImageDecoder, ImageError};
use image_header::{Limits, Rejection, SourceInfo};

use super::{DecodeError, Decoded, accept_what_is_there, check_size, from_rgba, image_limits, undecoded};

pub(super) fn decode(source: &[u8], info: &SourceInfo, limits: &Limits) -> Result<Decoded, DecodeError> {
    let damaged = |error: ImageError| Rejection::damaged(error.to_string());
    let mut decoder = GifDecoder::new(Cursor::new(source)).map_err(damaged)?;
    decoder.set_limits(image_limits(limits)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(info, width, height)?;
    let mut rgba = undecoded(info, 4);
    let warning = match decoder.read_image(&mut rgba) {
        Ok(()) => None,
        Err(error) => Some(accept_what_is_there(&rgba, info, &error.to_string())?),
    };
    Ok(Decoded { picture: from_rgba(info, rgba), warnings: warning.into_iter().collect() })
}
