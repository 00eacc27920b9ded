//! Files to pictures: one file a format.

mod bmp;
mod gif;
mod jpeg;
mod png;
mod tiff;
mod vp8l;
mod watched;
mod webp;

use image_header::{Format, Limits, Rejection, SourceInfo};

use crate::picture::{Components, Interleaved, Picture, Samples};
use crate::plan::Plan;
use crate::stop::{Stop, Stopped};

/// Samples that were never decoded have this value: mid grey, as browsers leave them.
const UNDECODED: u8 = 128;

/// A decoded picture and what went less than well.
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    pub(crate) warnings: Vec<String>,
}

/// Why there is no picture.
#[derive(Debug)]
pub(crate) enum DecodeError {
    Rejected(Rejection),
    Stopped,
}

impl From<Rejection> for DecodeError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Stopped> for DecodeError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// Decodes `source` as `plan` was made for it; of an animation the first frame, on its canvas.
pub(crate) fn decode(
    source: &[u8],
    plan: &Plan,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let info = &plan.source;
    match info.format {
        Format::Jpeg => jpeg::decode(source, plan, limits, stop),
        Format::Png => png::decode(source, info, limits, stop),
        Format::WebP => webp::decode(source, info, limits, stop),
        Format::Gif => gif::decode(source, info, limits, stop),
        Format::Bmp => bmp::decode(source, info, limits, stop),
        Format::Tiff => tiff::decode(source, info, limits, stop),
        other => Err(Rejection::unsupported(other.media_type()).into()),
    }
}

/// The header says one size and the decoder another: one of them would be lied to.
fn check_size(info: &SourceInfo, width: u32, height: u32) -> Result<(), Rejection> {
    if (width, height) == (info.width, info.height) {
        return Ok(());
    }
    Err(Rejection::damaged(format!(
        "its header says {}×{} pixels, its data {width}×{height}",
        info.width, info.height
    )))
}

/// What becomes of a picture whose decoding ended early with `error`: at least half of its rows must be
/// there. `missing` of `rows` are not.
fn accept_partial(missing: usize, rows: usize, error: &str) -> Result<String, Rejection> {
    let there = 100 * (rows - missing) / rows.max(1);
    if missing * 2 > rows {
        return Err(Rejection::damaged(format!("only {there} % of the picture can be decoded ({error})")));
    }
    Ok(format!("the file is damaged or cut off; {there} % of the picture was decoded ({error})"))
}

fn interleaved(info: &SourceInfo, components: Components, samples: Vec<u8>) -> Picture {
    Picture::Interleaved(Interleaved {
        width: info.width,
        height: info.height,
        components,
        samples: Samples::Eight(samples),
    })
}

/// RGBA samples as a picture; without their alpha where the header says that all are opaque.
fn from_rgba(info: &SourceInfo, rgba: Vec<u8>) -> Picture {
    if info.alpha {
        return interleaved(info, Components::Rgba, rgba);
    }
    let rgb = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    interleaved(info, Components::Rgb, rgb)
}
