//! PNG, row after row: most by a way of our own, the rest by the `png` crate.

mod plain;
mod scanlines;
mod unfilter;

use std::io::Cursor;

use image_header::{Limits, Rejection, SourceInfo};
use png::{BitDepth, ColorType, Decoder, InterlaceInfo, Reader, Transformations};

use self::plain::Plain;
use super::boxes::Boxes;
use super::{DecodeError, Decoded, UNDECODED, accept_partial, check_size, shrunk, words};
use crate::picture::{Components, Picture, Samples};
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    shrink: u32,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    if let Some(plain) = Plain::of(source, info) {
        let (picture, warning) = plain.decode(source, info, shrink, stop)?;
        let picture = Picture::Interleaved(picture);
        return Ok(Decoded { picture, warnings: warning.into_iter().collect() });
    }
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
    // What a cut-off file leaves out is grey, or transparent where the picture can be.
    let missing = if components.has_alpha() { 0 } else { UNDECODED };
    let deep = depth == BitDepth::Sixteen;
    let (picture, warning) = if reader.info().interlaced {
        let size = reader.output_buffer_size().ok_or_else(|| Rejection::damaged("its size overflows"))?;
        let (samples, warning) = if deep {
            let mut samples = vec![u16::from(missing) * 257; size / 2];
            let warning = read_passes(&mut reader, bytemuck::cast_slice_mut(&mut samples), height, stop)?;
            samples.iter_mut().for_each(|sample| *sample = u16::from_be(*sample));
            (Samples::Sixteen(samples), warning)
        } else {
            let mut samples = vec![missing; size];
            let warning = read_passes(&mut reader, &mut samples, height, stop)?;
            (Samples::Eight(samples), warning)
        };
        (shrunk(info, shrink, components, samples), warning)
    } else if deep {
        let mut boxes = Boxes::new((width, height), components, shrink, u16::from(missing) * 257);
        let mut samples = Vec::new();
        let warning = read_rows(&mut reader, height, stop, |row| {
            samples.clear();
            samples.extend(row.as_chunks().0.iter().copied().map(u16::from_be_bytes));
            boxes.push(&samples);
        })?;
        (Picture::Interleaved(boxes.finish()), warning)
    } else {
        let mut boxes = Boxes::new((width, height), components, shrink, missing);
        let warning = read_rows(&mut reader, height, stop, |row| boxes.push(row))?;
        (Picture::Interleaved(boxes.finish()), warning)
    };
    Ok(Decoded { picture, warnings: warning.into_iter().collect() })
}

/// Hands every row to `each`; a warning where the file ends early.
fn read_rows(
    reader: &mut Reader<Cursor<&[u8]>>,
    height: u32,
    stop: &Stop,
    mut each: impl FnMut(&[u8]),
) -> Result<Option<String>, DecodeError> {
    let rows = height as usize;
    for decoded in 0..rows {
        stop.check()?;
        match reader.next_row() {
            Ok(Some(row)) => each(row.data()),
            Ok(None) => break,
            Err(error) => return Ok(Some(accept_partial(rows - decoded, rows, words::in_words(&error))?)),
        }
    }
    match reader.next_row() {
        // What lies behind the last row.
        Err(error) => Ok(Some(accept_partial(0, rows, words::in_words(&error))?)),
        Ok(_) => Ok(None),
    }
}

/// Reads all rows of all passes; a warning where the file ends early.
fn read_passes(
    reader: &mut Reader<Cursor<&[u8]>>,
    bytes: &mut [u8],
    height: u32,
    stop: &Stop,
) -> Result<Option<String>, DecodeError> {
    let row_bytes = bytes.len() / height.max(1) as usize;
    let (color, depth) = reader.output_color_type();
    let bits_per_pixel = color.samples() as u8 * depth as u8;
    let mut decoded = 0;
    loop {
        stop.check()?;
        match reader.next_interlaced_row() {
            Ok(None) => return Ok(None),
            Ok(Some(row)) => {
                if let InterlaceInfo::Adam7(pass) = row.interlace() {
                    // Earlier passes fill in for later ones, should those be missing.
                    png::splat_interlaced_row(bytes, row_bytes, row.data(), pass, bits_per_pixel);
                }
                decoded += row.data().len();
            }
            Err(error) => {
                let missing = bytes.len().saturating_sub(decoded);
                return Ok(Some(accept_partial(missing, bytes.len(), words::in_words(&error))?));
            }
        }
    }
}

fn damaged(error: png::DecodingError) -> Rejection {
    match error {
        png::DecodingError::LimitsExceeded => {
            Rejection::unsupported("a PNG that needs more memory than is allowed")
        }
        error => Rejection::damaged(words::in_words(&error)),
    }
}
