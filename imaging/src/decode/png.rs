//! PNG, by the `png` crate, row after row.

use std::io::Cursor;

use image_header::{Limits, Rejection, SourceInfo};
use png::{BitDepth, ColorType, Decoder, InterlaceInfo, Reader, Transformations};

use super::{DecodeError, Decoded, UNDECODED, accept_partial, check_size};
use crate::picture::{Components, Interleaved, Picture, Samples};
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let bytes = usize::try_from(limits.decoded_bytes).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new_with_limits(Cursor::new(source), png::Limits { bytes });
    // The profile is read from the header; text is never looked at.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Palettes, fewer than 8 bits and transparent colours become plain 8-bit samples; 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width, reader.info().height);
    check_size(info, width, height)?;

    let (color, depth) = reader.output_color_type();
    let components = match color {
        ColorType::Grayscale => Components::Grey,
        ColorType::GrayscaleAlpha => Components::GreyAlpha,
        ColorType::Rgb => Components::Rgb,
        ColorType::Rgba => Components::Rgba,
        ColorType::Indexed => return Err(Rejection::damaged("its palette is missing").into()),
    };
    let size = reader.output_buffer_size().ok_or_else(|| Rejection::damaged("its size overflows"))?;
    // What a cut-off file leaves out is grey, or transparent where the picture can be.
    let missing = if components.has_alpha() { 0 } else { UNDECODED };
    let (samples, warning) = if depth == BitDepth::Sixteen {
        let mut samples = vec![u16::from(missing) * 257; size / 2];
        let warning = read_rows(&mut reader, bytemuck::cast_slice_mut(&mut samples), height, stop)?;
        samples.iter_mut().for_each(|sample| *sample = u16::from_be(*sample));
        (Samples::Sixteen(samples), warning)
    } else {
        let mut samples = vec![missing; size];
        let warning = read_rows(&mut reader, &mut samples, height, stop)?;
        (Samples::Eight(samples), warning)
    };
    let picture = Picture::Interleaved(Interleaved { width, height, components, samples });
    Ok(Decoded { picture, warnings: warning.into_iter().collect() })
}

/// Reads all rows, of all passes if the file is interlaced; a warning where it ends early.
fn read_rows(
    reader: &mut Reader<Cursor<&[u8]>>,
    bytes: &mut [u8],
    height: u32,
    stop: &Stop,
) -> Result<Option<String>, DecodeError> {
    let row_bytes = bytes.len() / height.max(1) as usize;
    let bits_per_pixel = (reader.output_color_type().0.samples() * 8) as u8
        * if reader.output_color_type().1 == BitDepth::Sixteen { 2 } else { 1 };
    let mut decoded = 0;
    loop {
        stop.check()?;
        match reader.next_interlaced_row() {
            Ok(None) => return Ok(None),
            Ok(Some(row)) => match row.interlace() {
                InterlaceInfo::Null(_) => {
                    if let Some(target) = bytes.get_mut(decoded..decoded + row_bytes) {
                        target.copy_from_slice(row.data());
                    }
                    decoded += row.data().len();
                }
                InterlaceInfo::Adam7(pass) => {
                    // Earlier passes fill in for later ones, should those be missing.
                    png::splat_interlaced_row(bytes, row_bytes, row.data(), pass, bits_per_pixel);
                    decoded += row.data().len();
                }
            },
            Err(error) => {
                let missing = bytes.len().saturating_sub(decoded);
                return Ok(Some(accept_partial(missing, bytes.len(), &error.to_string())?));
            }
        }
    }
}

fn damaged(error: png::DecodingError) -> Rejection {
    match error {
        png::DecodingError::LimitsExceeded => {
            Rejection::unsupported("a PNG that needs more memory than is allowed")
        }
        error => Rejection::damaged(error.to_string()),
    }
}
