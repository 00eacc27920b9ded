//! TIFF, by the `tiff` crate: the first page, strip after strip.

use image_header::{ColorModel, Limits, Rejection, SourceInfo};
use tiff::decoder::{ChunkType, Decoder, DecodingResult};
use tiff::{ColorType, TiffError};

use super::watched::Watched;
use super::{DecodeError, Decoded, UNDECODED, accept_partial, check_size, shrunk};
use crate::picture::{Components, Samples};
use crate::stop::Stop;

type Reader<'a> = Decoder<Watched<'a>>;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    shrink: u32,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let mut bounds = tiff::decoder::Limits::default();
    bounds.decoding_buffer_size = usize::try_from(limits.decoded_bytes).unwrap_or(usize::MAX);
    bounds.intermediate_buffer_size = bounds.decoding_buffer_size;
    bounds.ifd_value_size = usize::try_from(limits.metadata_bytes).unwrap_or(usize::MAX);
    let mut reader = Decoder::new(Watched::new(source, stop)).map_err(damaged)?.with_limits(bounds);
    let (width, height) = reader.dimensions().map_err(damaged)?;
    check_size(info, width, height)?;
    let components = components(reader.colortype().map_err(damaged)?, info)?;

    let expected = width as usize * height as usize * components.count();
    let (mut samples, warning) = match reader.get_chunk_type() {
        ChunkType::Strip => read_strips(&mut reader, info, expected, stop)?,
        ChunkType::Tile => {
            let image = reader.read_image();
            stop.check()?;
            (samples(image.map_err(damaged)?)?, None)
        }
    };
    if length(&samples) != expected {
        return Err(Rejection::damaged("it holds another number of samples than its size says").into());
    }
    if info.premultiplied && components.has_alpha() {
        unpremultiply(&mut samples, components.count());
    }
    let picture = shrunk(info, shrink, components, samples);
    Ok(Decoded { picture, warnings: warning.into_iter().collect() })
}

fn components(color: ColorType, info: &SourceInfo) -> Result<Components, Rejection> {
    Ok(match color {
        ColorType::Gray(8 | 16) => Components::Grey,
        ColorType::GrayA(8 | 16) => Components::GreyAlpha,
        ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2 } if info.color == ColorModel::Grey => {
            Components::GreyAlpha
        }
        ColorType::RGB(8 | 16) => Components::Rgb,
        ColorType::RGBA(8 | 16) => Components::Rgba,
        ColorType::CMYK(8 | 16) => Components::Cmyk { inverted: false },
        other => {
            return Err(Rejection::unsupported(format!(
                "a TIFF of {} bits a sample in this arrangement",
                other.bit_depth()
            )));
        }
    })
}

/// Reads strips until all are there or one is missing; a warning in the latter case.
fn read_strips(
    reader: &mut Reader<'_>,
    info: &SourceInfo,
    expected: usize,
    stop: &Stop,
) -> Result<(Samples, Option<String>), DecodeError> {
    if info.bits_per_sample == 16 {
        let mut samples = vec![u16::from(UNDECODED) * 257; expected];
        let warning = fill(reader, info, bytemuck::cast_slice_mut(&mut samples), stop)?;
        return Ok((Samples::Sixteen(samples), warning));
    }
    let mut samples = vec![UNDECODED; expected];
    let warning = fill(reader, info, &mut samples, stop)?;
    Ok((Samples::Eight(samples), warning))
}

/// Strips, one after the other, into the bytes of all samples.
fn fill(
    reader: &mut Reader<'_>,
    info: &SourceInfo,
    bytes: &mut [u8],
    stop: &Stop,
) -> Result<Option<String>, DecodeError> {
    let row_bytes = bytes.len() / info.height.max(1) as usize;
    let mut at = 0;
    for strip in 0..reader.strip_count().map_err(damaged)? {
        stop.check()?;
        let rows = reader.chunk_data_dimensions(strip).1 as usize;
        let end = (at + rows * row_bytes).min(bytes.len());
        if let Err(error) = reader.read_chunk_bytes(strip, &mut bytes[at..end]) {
            stop.check()?;
            bytes[at..].fill(UNDECODED);
            return Ok(Some(accept_partial(bytes.len() - at, bytes.len(), super::words::in_words(&error))?));
        }
        at = end;
    }
    Ok(None)
}

fn samples(result: DecodingResult) -> Result<Samples, Rejection> {
    match result {
        DecodingResult::U8(samples) => Ok(Samples::Eight(samples)),
        DecodingResult::U16(samples) => Ok(Samples::Sixteen(samples)),
        _ => Err(Rejection::unsupported("a TIFF of other than 8 or 16 bits a sample")),
    }
}

fn length(samples: &Samples) -> usize {
    match samples {
        Samples::Eight(samples) => samples.len(),
        Samples::Sixteen(samples) => samples.len(),
    }
}

/// Colours of TIFF's associated alpha (TIFF 6.0, section 18) divided by it again. The last of `channels` is alpha.
fn unpremultiply(samples: &mut Samples, channels: usize) {
    fn divide(color: u32, alpha: u32, most: u32) -> u32 {
        (color * most + alpha / 2).checked_div(alpha).unwrap_or(0).min(most)
    }
    match samples {
        Samples::Eight(samples) => {
            for pixel in samples.chunks_exact_mut(channels) {
                let (colors, alpha) = pixel.split_at_mut(channels - 1);
                colors.iter_mut().for_each(|c| *c = divide((*c).into(), alpha[0].into(), 255) as u8);
            }
        }
        Samples::Sixteen(samples) => {
            for pixel in samples.chunks_exact_mut(channels) {
                let (colors, alpha) = pixel.split_at_mut(channels - 1);
                colors.iter_mut().for_each(|c| *c = divide((*c).into(), alpha[0].into(), 65_535) as u16);
            }
        }
    }
}

fn damaged(error: TiffError) -> Rejection {
    Rejection::damaged(super::words::in_words(&error))
}
