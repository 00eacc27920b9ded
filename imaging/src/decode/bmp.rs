//! BMP, by the `image` crate.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, ImageError};
use image_header::{Limits, Rejection, SourceInfo};

use super::{
    DecodeError, Decoded, accept_what_is_there, check_size, from_rgba, image_limits, interleaved, undecoded,
};
use crate::picture::Components;

pub(super) fn decode(source: &[u8], info: &SourceInfo, limits: &Limits) -> Result<Decoded, DecodeError> {
    let damaged = |error: ImageError| Rejection::damaged(error.to_string());
    let mut decoder = BmpDecoder::new(Cursor::new(source)).map_err(damaged)?;
    decoder.set_limits(image_limits(limits)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(info, width, height)?;
    let color = decoder.color_type();
    let mut samples = undecoded(info, usize::from(color.channel_count()));
    let warning = match decoder.read_image(&mut samples) {
        Ok(()) => None,
        Err(error) => Some(accept_what_is_there(&samples, info, &error.to_string())?),
    };
    let picture = match color {
        ColorType::L8 => interleaved(info, Components::Grey, samples),
        ColorType::Rgb8 => interleaved(info, Components::Rgb, samples),
        ColorType::Rgba8 => from_rgba(info, samples),
        other => return Err(Rejection::unsupported(format!("a BMP of {other:?} samples")).into()),
    };
    Ok(Decoded { picture, warnings: warning.into_iter().collect() })
}
