//! TIFF: strips and tiles are decompressed, predicted and unpacked row by row.

mod fax;
mod jpeg;
mod pieces;
mod pixels;
mod stored;
mod unpack;

use std::ops::Range;

use image_header::{Limits, Rejection, SourceInfo, TiffInfo};

pub(crate) use self::jpeg::memory as jpeg_memory;
use self::pieces::Band;
use self::pixels::{Depth, Pixels};
pub(crate) use self::stored::zstandard_window;
use super::boxes::Boxes;
use super::{DecodeError, Decoded, UNDECODED, accept_partial};
use crate::picture::{Components, Picture};
use crate::stop::Stop;

pub(super) fn decode(
    source: &[u8],
    info: &SourceInfo,
    shrink: u32,
    _limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let tiff = info.tiff.as_ref().ok_or_else(|| Rejection::damaged("its first directory is missing"))?;
    match info.bits_per_sample {
        16 => rows::<u16>(source, info, tiff, shrink, stop),
        _ => rows::<u8>(source, info, tiff, shrink, stop),
    }
}

fn rows<S: Depth>(
    source: &[u8],
    info: &SourceInfo,
    tiff: &TiffInfo,
    shrink: u32,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let pixels = Pixels::new(source, info, tiff)?;
    let components = pixels.components();
    // Pixels that the file lacks are gray, or transparent if the picture has alpha.
    let missing = if components.has_alpha() { S::of_eight(0) } else { S::of_eight(UNDECODED) };
    let mut boxes = Boxes::new((info.width, info.height), components, shrink, missing);
    let width = info.width as usize;
    let mut samples = vec![0_u16; width * pixels.wanted().len()];
    let mut row = vec![missing; width * components.count()];
    let mut lacking = 0;
    let mut gaps: Vec<Range<usize>> = Vec::new();
    for (index, top) in (0..info.height).step_by(tiff.chunk.1.max(1) as usize).enumerate() {
        stop.check()?;
        let mut band = Band::open(source, info, tiff, pixels.wanted(), index, stop)?;
        for _ in top..info.height.min(top.saturating_add(tiff.chunk.1)) {
            stop.check()?;
            gaps.clear();
            band.next_row(&mut samples, &mut gaps);
            pixels.convert(&samples, &mut row);
            for gap in &gaps {
                row[gap.start * components.count()..gap.end * components.count()].fill(missing);
            }
            lacking += gaps.iter().map(Range::len).sum::<usize>();
            boxes.push(&row);
        }
    }
    let mut warnings = Vec::new();
    if lacking > 0 {
        let pixels = width * info.height as usize;
        warnings.push(accept_partial(
            lacking,
            pixels,
            "the data of a strip or tile ends early or is damaged",
        )?);
    }
    Ok(Decoded { picture: Picture::Interleaved(boxes.finish()), warnings })
}

/// Returns the components of a picture with these colors, with alpha or without.
fn with_alpha(color: Components, alpha: bool) -> Components {
    match (color, alpha) {
        (Components::Grey, true) => Components::GreyAlpha,
        (Components::Rgb, true) => Components::Rgba,
        (other, _) => other,
    }
}
