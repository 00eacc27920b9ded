//! What making renditions takes up, counted from the header before anything is decoded.
//!
//! Every figure is a bound for what `tests/memory` measured, noise included: encoders' lists and files are
//! longest there. Too little would let a picture end the process; too much would turn away what fits.

use image_header::{ColorModel, Format, JpegInfo, SourceInfo, TiffCoding, TiffColor, TiffInfo};
use scaled_jpeg::Scale;

use crate::decode::shrink;
use crate::decode::tiff::{jpeg_memory, zstandard_window};
use crate::plan::{OutputFormat, RenditionSpec, bases};
use crate::profile;
use crate::scale::{self, Reduced};
use crate::{crew, orient};

/// Tables of colour conversion (2.5 MB for CMYK), codes, and what decoders and encoders hold whatever the size.
const TABLES: u64 = 4 << 20;

/// Bytes that decoding `source` so `reduced` and making `renditions` by so many `workers` hold at most, the file itself
/// not counted.
pub(crate) fn peak(
    source: &SourceInfo,
    renditions: &[RenditionSpec],
    reduced: &Reduced,
    workers: usize,
) -> u64 {
    let rendering = match workers {
        0 | 1 => one_by_one(source, renditions, reduced),
        _ => at_once(source, renditions, reduced, workers),
    };
    decoding(source, reduced).max(rendering).saturating_add(TABLES + of_profile(source))
}

/// Bytes that the codes of a lossless WebP may take beside its pixels: encoders' own take about one a pixel.
pub(crate) fn webp_codes(source: &SourceInfo) -> u64 {
    (8 << 20) + pixels(source) * 4
}

fn pixels(source: &SourceInfo) -> u64 {
    u64::from(source.width) * u64::from(source.height)
}

/// Returns the bytes of a profile, of the tables read from it, and of the grids and curves made of them: a table's
/// bytes become floating point numbers of four each.
fn of_profile(source: &SourceInfo) -> u64 {
    6 * profile::longest(&source.profile)
}

/// Bytes of a decoded pixel that is not subsampled.
fn pixel_bytes(source: &SourceInfo) -> u64 {
    let components = match (source.color, source.alpha) {
        (ColorModel::Grey, false) => 1,
        (ColorModel::Grey, true) => 2,
        (ColorModel::Cmyk { .. } | ColorModel::Ycck { .. }, _) | (_, true) => 4,
        (_, false) => 3,
    };
    components * if source.bits_per_sample == 16 { 2 } else { 1 }
}

/// Bytes of the decoded picture, reduced.
fn decoded(source: &SourceInfo, reduced: &Reduced) -> u64 {
    let Some(jpeg) = &source.jpeg else {
        let (width, height) = shrink::size(source.width, source.height, reduced.shrink);
        return u64::from(width) * u64::from(height) * pixel_bytes(source);
    };
    components(jpeg, &reduced.scales).map(|(factors, scale)| plane(source, jpeg, factors, scale)).sum()
}

/// Sampling factors and scales.
fn components<'a>(
    jpeg: &'a JpegInfo,
    scales: &'a [Scale; 4],
) -> impl Iterator<Item = ((u8, u8), Scale)> + 'a {
    jpeg.sampling.iter().copied().zip(scales.iter().copied())
}

/// Samples of the plane of a component with these sampling factors.
fn plane(source: &SourceInfo, jpeg: &JpegInfo, factors: (u8, u8), scale: Scale) -> u64 {
    let [width, height] = scale::grid(source, jpeg, factors, scale);
    u64::from(width) * u64::from(height)
}

/// Bytes at the height of decoding: the picture and what its decoder holds beside it.
fn decoding(source: &SourceInfo, reduced: &Reduced) -> u64 {
    let (decoded, pixels) = (decoded(source, reduced), pixels(source));
    let shrunk = reduced.shrink > 1;
    // What is decoded as a whole before it is shrunk.
    let whole = if shrunk { pixels * pixel_bytes(source) } else { 0 };
    let rows = u64::from(source.width) * pixel_bytes(source) * 16;
    match source.format {
        Format::Jpeg => decoded + source.jpeg.as_ref().map_or(0, |jpeg| coefficients(source, jpeg, reduced)),
        Format::WebP => webp(source) + if shrunk { decoded } else { 0 },
        // The canvas, and what of it is left.
        Format::Gif => pixels * 4 + if shrunk { decoded } else { 0 } + rows + source.metadata * 3,
        // A chunk as it is read, grown, and kept.
        Format::Png if source.interlaced => whole + decoded + rows + source.metadata * 4,
        Format::Png => decoded + rows + source.metadata * 4,
        Format::Tiff => decoded + rows + source.tiff.as_ref().map_or(0, |tiff| strips(source, tiff)),
        _ => whole + decoded + rows,
    }
}

/// What a WebP's decoder holds: macroblocks of 16 × 16, the file's chunks once more, a lossless stream's codes.
fn webp(source: &SourceInfo) -> u64 {
    /// Room for a part of a lossy stream is made by the 24 bits that announce its size, be it there or not.
    const PARTITION: u64 = 1 << 24;
    let [width, height] = [source.width, source.height].map(|side| u64::from(side).next_multiple_of(16));
    // Of an animation, only the first frame could tell which of both it is.
    let (lossy, animated) = (source.color == ColorModel::YCbCr, source.frames > 1);
    let bytes_a_pixel = match (lossy, source.alpha) {
        // A canvas, a frame and the picture; or YUV planes, alpha and the picture.
        _ if animated => 12,
        (true, true) => 12,
        (true, false) => 5,
        (false, _) => 8,
    };
    let codes = if lossy && !source.alpha && !animated { 0 } else { webp_codes(source) };
    let partition = if lossy || animated { PARTITION } else { 0 };
    // An animation may be copied to correct its header.
    let copies = if animated { 2 } else { 1 };
    width * height * bytes_a_pixel + source.bytes * copies + codes + partition
}

/// Returns the bytes of the strips or tiles of a TIFF that are decompressed at once, and of their decompressors.
fn strips(source: &SourceInfo, tiff: &TiffInfo) -> u64 {
    let alpha = u16::from(tiff.alpha.is_some());
    let planes = u64::from(if tiff.planar { tiff.color.count() + alpha } else { 1 });
    let pieces = planes * u64::from(tiff.across(source.width));
    let chunk = tiff.chunk_bytes(tiff.chunk.1);
    // Of uncompressed tiles nothing is held. Strips are read row by row unless they are JPEG files.
    let held = match tiff.coding {
        TiffCoding::None => 0,
        _ if tiff.tiled || tiff.is_jpeg() => pieces * chunk,
        _ => 0,
    };
    let decompressor = match tiff.coding {
        // Tables of codes, a window, buffers.
        TiffCoding::None | TiffCoding::Fax(_) | TiffCoding::PackBits => 1 << 12,
        TiffCoding::Lzw | TiffCoding::Deflate => 1 << 18,
        // The buffer doubles to a power of two as it fills, and is copied then.
        TiffCoding::Zstandard => 3 * zstandard_window(chunk) + (2 << 20),
        TiffCoding::Jpeg(_) | TiffCoding::OldJpeg(_) => jpeg_memory(chunk) + source.bytes,
    };
    let decompressors = if tiff.tiled || tiff.is_jpeg() { 1 } else { planes };
    // Lines, samples, and where the colors of fax rows change.
    let lines = pieces * (tiff.chunk_bytes(1) + 256) + u64::from(source.width) * 64;
    let palette = match &tiff.color {
        TiffColor::Palette(range) => range.len() as u64,
        _ => 0,
    };
    held + decompressor * decompressors + lines + palette
}

/// What a JPEG's decoder holds beside the planes: of progressive files, of each block the coefficients that its
/// scale needs, 16 bits each, and which of them are there.
fn coefficients(source: &SourceInfo, jpeg: &JpegInfo, reduced: &Reduced) -> u64 {
    if !jpeg.progressive {
        return 0;
    }
    let of_component = |(factors, scale): ((u8, u8), Scale)| {
        let [across, down] = scale::grid(source, jpeg, factors, Scale::Eighth).map(u64::from);
        across
            * down
            * match scale {
                Scale::Eighth => 2,
                Scale::Quarter => 2 * 4 + 8,
                Scale::ThreeEighths | Scale::Half => 2 * 16 + 8,
                Scale::ThreeQuarters | Scale::Full => 2 * 64 + 8,
            }
    };
    components(jpeg, &reduced.scales).map(of_component).sum()
}

/// Bytes at the height of making renditions one after the other: what is held from size to size, and what the one in
/// work takes.
fn one_by_one(source: &SourceInfo, renditions: &[RenditionSpec], reduced: &Reduced) -> u64 {
    let sizes = Sizes::of(source, renditions, reduced);
    let (mut peak, mut working) = (0, 0);
    for (at, specs) in sizes.specs.iter().enumerate() {
        let still_needed = |level: &usize| sizes.bases[at..].contains(level);
        let kept: u64 = (1..=at + 1)
            .filter(still_needed)
            .map(|level| area(&sizes.specs[level - 1][0]) * pixel_bytes(source))
            .sum();
        let decoded = if still_needed(&0) { decoded(source, reduced) } else { 0 };
        // The resizer keeps its buffers for the next size.
        working = sizes.resizing(at).max(working);
        peak = peak.max(decoded + kept + working + making(source, specs));
    }
    peak.max(working + summing_up(source, &sizes))
}

/// The same where `workers` make several at once: all that is resized may still be there, and the largest may
/// be in work together.
fn at_once(source: &SourceInfo, renditions: &[RenditionSpec], reduced: &Reduced, workers: usize) -> u64 {
    let sizes = Sizes::of(source, renditions, reduced);
    let there = |specs: &&[RenditionSpec]| {
        area(&specs[0]) * (pixel_bytes(source) + both_chromas(source, specs) + upright_bytes(source))
    };
    let kept: u64 = sizes.specs.iter().map(there).sum();
    let working = (0..sizes.specs.len()).map(|at| sizes.resizing(at)).max().unwrap_or(0);
    let mut in_work: Vec<u64> = renditions
        .iter()
        .map(|spec| area(spec) * encoder_bytes(source, spec).max(3 * upright_bytes(source)))
        .collect();
    in_work.push(summing_up(source, &sizes));
    in_work.sort_unstable_by(|a, b| b.cmp(a));
    let in_work: u64 = in_work.iter().take(workers).sum();
    decoded(source, reduced) + kept + working * workers as u64 + in_work + crew::WAITING
}

/// The sizes of a plan, and what each is made from.
struct Sizes<'a> {
    source: &'a SourceInfo,
    reduced: &'a Reduced,
    specs: Vec<&'a [RenditionSpec]>,
    bases: Vec<usize>,
}

impl<'a> Sizes<'a> {
    fn of(source: &'a SourceInfo, renditions: &'a [RenditionSpec], reduced: &'a Reduced) -> Self {
        let specs: Vec<&[RenditionSpec]> = renditions.chunk_by(|a, b| a.width == b.width).collect();
        let bases = bases(&specs.iter().map(|specs| specs[0].width).collect::<Vec<_>>());
        Self { source, reduced, specs, bases }
    }

    /// Bytes beside both pictures while that size is made.
    fn resizing(&self, at: usize) -> u64 {
        let Self { source, reduced, .. } = self;
        let base = match self.bases[at] {
            0 => match &source.jpeg {
                Some(jpeg) => {
                    let [width, height] = scale::grid(source, jpeg, most_factors(jpeg), reduced.scales[0]);
                    (width, height)
                }
                None => shrink::size(source.width, source.height, reduced.shrink),
            },
            level => stored(source, &self.specs[level - 1][0]),
        };
        resizing(source, reduced, base, stored(source, &self.specs[at][0]))
    }
}

fn most_factors(jpeg: &JpegInfo) -> (u8, u8) {
    let most = |factor: fn(&(u8, u8)) -> u8| jpeg.sampling.iter().map(factor).max().unwrap_or(1).max(1);
    (most(|factors| factors.0), most(|factors| factors.1))
}

/// The last is turned into RGBA, and that premultiplied, for the placeholder.
fn summing_up(source: &SourceInfo, sizes: &Sizes<'_>) -> u64 {
    sizes.specs.last().map_or(0, |specs| area(&specs[0]) * (upright_bytes(source) + 8))
}

fn area(spec: &RenditionSpec) -> u64 {
    u64::from(spec.width) * u64::from(spec.height)
}

/// A rendition's size before it is turned upright.
fn stored(source: &SourceInfo, spec: &RenditionSpec) -> (u32, u32) {
    orient::turned(source.orientation, spec.width, spec.height)
}

/// Bytes beside both pictures while one is made from the other: one side done, coefficients, a picture with alpha
/// premultiplied, and of JPEG a plane with its edges repeated or turned over.
fn resizing(
    source: &SourceInfo,
    reduced: &Reduced,
    (width, height): (u32, u32),
    (to_width, to_height): (u32, u32),
) -> u64 {
    let (width, height) = (u64::from(width), u64::from(height));
    let coefficients = (width + height) * 64;
    if let Some(jpeg) = &source.jpeg {
        // Only of chroma are edges repeated, or of what has fewer samples than the picture has pixels.
        let whole = most_factors(jpeg);
        let planes = components(jpeg, &reduced.scales).enumerate();
        let padded = planes.filter(|(index, (factors, _))| *index > 0 || *factors != whole);
        let padded =
            padded.map(|(_, (factors, scale))| plane(source, jpeg, factors, scale)).max().unwrap_or(0);
        // What is resized in one direction, and that turned over; or that, and both ways.
        let (to_width, to_height) = (u64::from(to_width), u64::from(to_height));
        return (width * to_height).max(to_width * to_height) + width * to_height + padded + coefficients;
    }
    if (width, height) == (to_width.into(), to_height.into()) {
        return 0;
    }
    // 8 bits are resized vertically first, 16 horizontally.
    let half_done = match source.bits_per_sample {
        16 => u64::from(to_width) * height,
        _ => width * u64::from(to_height),
    };
    let premultiplied = if source.alpha { width * height } else { 0 };
    (half_done + premultiplied) * pixel_bytes(source) + coefficients
}

/// Bytes of an upright pixel.
fn upright_bytes(source: &SourceInfo) -> u64 {
    if source.alpha { 4 } else { 3 }
}

/// Bytes of one size's pictures and of the encoder that holds most.
fn making(source: &SourceInfo, specs: &[RenditionSpec]) -> u64 {
    let upright = upright_bytes(source);
    // As resized, in one piece, converted, and turned.
    let converting = pixel_bytes(source) + 3 * upright;
    let encoding = specs.iter().map(|spec| encoder_bytes(source, spec)).max().unwrap_or(0);
    area(&specs[0]) * (both_chromas(source, specs) + converting.max(upright + encoding))
}

/// Bytes a pixel where chroma is made as formats that halve it want it, and as others do.
fn both_chromas(source: &SourceInfo, specs: &[RenditionSpec]) -> u64 {
    let halved = |spec: &RenditionSpec| matches!(spec.format, OutputFormat::Jpeg | OutputFormat::Webp);
    let both = source.jpeg.is_some() && specs.iter().any(halved) && !specs.iter().all(halved);
    if both { 2 } else { 0 }
}

/// Bytes a pixel that an encoder holds beside the picture. A file counts three times: it grows by doubling, and is
/// copied then.
fn encoder_bytes(source: &SourceInfo, spec: &RenditionSpec) -> u64 {
    let rgb = if source.alpha { 0 } else { 3 };
    match (spec.format, source.alpha) {
        (OutputFormat::Jpeg, alpha) => {
            let flattened = if alpha { 3 } else { 0 };
            flattened + if spec.quality > Some(90) { 7 } else { 4 }
        }
        (OutputFormat::Png, _) => rgb + 3 * upright_bytes(source),
        // YUV, and lists of the coefficients' bits; alpha goes through the lossless encoder.
        (OutputFormat::Webp, true) => 46,
        (OutputFormat::Webp, false) => {
            22 + u64::from(spec.quality.unwrap_or(100).saturating_sub(80)) * 12 / 20
        }
        // ARGB twice, chains of repetitions, and three or four lists of what is repeated.
        (OutputFormat::WebpLossless, true) => 48,
        (OutputFormat::WebpLossless, false) => rgb + 40,
    }
}
