//! Files to pictures: one file a format.

mod bmp;
mod boxes;
mod gif;
mod jpeg;
mod png;
pub(crate) mod shrink;
pub(crate) mod tiff;
mod vp8l;
mod watched;
mod webp;
mod words;

use image_header::{Format, Limits, Rejection, SourceInfo};

use boxes::{Boxes, Sample};

use crate::picture::{Components, Extent, Interleaved, Picture, Samples};
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

/// Decodes `source` as `plan` was made for it; of an animation the first frame, on its canvas. Of what is not a JPEG,
/// `shrink` × `shrink` pixels become one.
pub(crate) fn decode(
    source: &[u8],
    plan: &Plan,
    limits: &Limits,
    stop: &Stop,
) -> Result<Decoded, DecodeError> {
    let info = &plan.source;
    match info.format {
        Format::Jpeg => jpeg::decode(source, plan, limits, stop),
        Format::Png => png::decode(source, info, plan.reduced.shrink, limits, stop),
        Format::WebP => webp::decode(source, info, plan.reduced.shrink, limits, stop),
        Format::Gif => gif::decode(source, info, plan.reduced.shrink, limits, stop),
        Format::Bmp => bmp::decode(source, info, plan.reduced.shrink, limits, stop),
        Format::Tiff => tiff::decode(source, info, plan.reduced.shrink, limits, stop),
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

/// All samples of a picture, shrunk.
fn shrunk(info: &SourceInfo, shrink: u32, components: Components, samples: Samples) -> Picture {
    fn boxed<S: Sample>(info: &SourceInfo, shrink: u32, components: Components, samples: &[S]) -> Picture {
        let mut boxes = Boxes::new((info.width, info.height), components, shrink, S::floor(0.0));
        samples.chunks_exact(info.width as usize * components.count()).for_each(|row| boxes.push(row));
        Picture::Interleaved(boxes.finish())
    }
    match samples {
        samples if shrink == 1 => Picture::Interleaved(Interleaved {
            width: info.width,
            height: info.height,
            extent: Extent::whole(info.width, info.height),
            components,
            samples,
        }),
        Samples::Eight(samples) => boxed(info, shrink, components, &samples),
        Samples::Sixteen(samples) => boxed(info, shrink, components, &samples),
    }
}

/// The same of 8 bits a sample; without alpha where the header says that all pixels are opaque.
fn shrunk_eight(info: &SourceInfo, shrink: u32, components: Components, mut samples: Vec<u8>) -> Picture {
    if components != Components::Rgba || info.alpha {
        return shrunk(info, shrink, components, Samples::Eight(samples));
    }
    // In place: a copy would be as large as the picture.
    let pixels = samples.len() / 4;
    for at in 1..pixels {
        samples.copy_within(at * 4..at * 4 + 3, at * 3);
    }
    samples.truncate(pixels * 3);
    shrunk(info, shrink, Components::Rgb, Samples::Eight(samples))
}
