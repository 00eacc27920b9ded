//! TIFF, by the `tiff` crate: the first page.

use std::io::Cursor;

use image_header::{Limits, Rejection, SourceInfo};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult};

use super::{DecodeError, Decoded, check_size};
use crate::picture::{Components, Interleaved, Picture, Samples};

pub(super) fn decode(source: &[u8], info: &SourceInfo, limits: &Limits) -> Result<Decoded, DecodeError> {
    let damaged = |error: tiff::TiffError| Rejection::damaged(error.to_string());
    let mut bounds = tiff::decoder::Limits::default();
    bounds.decoding_buffer_size = usize::try_from(limits.decoded_bytes).unwrap_or(usize::MAX);
    bounds.intermediate_buffer_size = bounds.decoding_buffer_size;
    bounds.ifd_value_size = usize::try_from(limits.metadata_bytes).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new(Cursor::new(source)).map_err(damaged)?.with_limits(bounds);
    let (width, height) = decoder.dimensions().map_err(damaged)?;
    check_size(info, width, height)?;
    let components = match decoder.colortype().map_err(damaged)? {
        ColorType::Gray(8 | 16) => Components::Grey,
        ColorType::GrayA(8 | 16) => Components::GreyAlpha,
        ColorType::RGB(8 | 16) => Components::Rgb,
        ColorType::RGBA(8 | 16) => Components::Rgba,
        ColorType::CMYK(8 | 16) => Components::Cmyk { inverted: false },
        other => return Err(Rejection::unsupported(format!("a TIFF of {other:?} samples")).into()),
    };
    let samples = match decoder.read_image().map_err(damaged)? {
        DecodingResult::U8(samples) => Samples::Eight(samples),
        DecodingResult::U16(samples) => Samples::Sixteen(samples),
        _ => return Err(Rejection::unsupported("a TIFF of other than 8 or 16 bits a sample").into()),
    };
    let count = match &samples {
        Samples::Eight(samples) => samples.len(),
        Samples::Sixteen(samples) => samples.len(),
    };
    if count != width as usize * height as usize * components.count() {
        return Err(Rejection::damaged("its strips hold another number of samples than its size").into());
    }
    let picture = Picture::Interleaved(Interleaved { width, height, components, samples });
    Ok(Decoded { picture, warnings: Vec::new() })
}
