//! What making renditions takes up, counted from the header before anything is decoded.
//!
//! Every figure is a bound for what `tests/memory` measured, noise included: encoders' lists and files are
//! longest there. Too little would let a picture end the process; too much would turn away what fits.

use image_header::{ColorModel, Format, JpegInfo, SourceInfo};

use crate::decode::shrink;
use crate::orient;
use crate::plan::{OutputFormat, RenditionSpec, bases};

/// Tables of colour conversion (2.5 MB for CMYK), codes, and what decoders and encoders hold whatever the size.
const TABLES: u64 = 4 << 20;

/// Bytes that decoding `source` and making `renditions` hold at most, the file itself not counted.
/// `shrink` × `shrink` pixels become one while it is decoded.
pub(crate) fn peak(source: &SourceInfo, shrink: u32, renditions: &[RenditionSpec]) -> u64 {
    decoding(source, shrink)
        .max(rendering(source, shrink, renditions))
        .saturating_add(TABLES + profile(source))
}

/// Bytes that the codes of a lossless WebP may take beside its pixels: encoders' own take about one a pixel.
pub(crate) fn webp_codes(source: &SourceInfo) -> u64 {
    (8 << 20) + pixels(source) * 4
}

fn pixels(source: &SourceInfo) -> u64 {
    u64::from(source.width) * u64::from(source.height)
}

/// A profile's bytes, and as much again for the curves and grids that are read from it. One of PNG is deflated,
/// rarely to less than a sixteenth.
fn profile(source: &SourceInfo) -> u64 {
    use image_header::Profile::{Deflated, None, Ranges};
    8 * match &source.profile {
        None => 0,
        Ranges(ranges) => ranges.iter().map(|range| range.len() as u64).sum(),
        Deflated(range) => range.len() as u64 * 16,
    }
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

/// Bytes of the decoded picture, shrunk.
fn decoded(source: &SourceInfo, shrink: u32) -> u64 {
    let Some(jpeg) = &source.jpeg else {
        let (width, height) = shrink::size(source.width, source.height, shrink);
        return u64::from(width) * u64::from(height) * pixel_bytes(source);
    };
    jpeg.sampling.iter().map(|&factors| plane(source, jpeg, factors)).sum()
}

/// Samples of the plane of a component with these sampling factors.
fn plane(source: &SourceInfo, jpeg: &JpegInfo, (horizontal, vertical): (u8, u8)) -> u64 {
    let (across, down) = largest_factors(jpeg);
    let part = |side: u32, factor: u8, most: u64| (u64::from(side) * u64::from(factor)).div_ceil(most);
    part(source.width, horizontal, across) * part(source.height, vertical, down)
}

fn largest_factors(jpeg: &JpegInfo) -> (u64, u64) {
    let most = |factor: fn(&(u8, u8)) -> u8| u64::from(jpeg.sampling.iter().map(factor).max().unwrap_or(1));
    (most(|factors| factors.0).max(1), most(|factors| factors.1).max(1))
}

/// Bytes at the height of decoding: the picture and what its decoder holds beside it.
fn decoding(source: &SourceInfo, shrink: u32) -> u64 {
    let (decoded, pixels) = (decoded(source, shrink), pixels(source));
    // What is decoded as a whole before it is shrunk.
    let whole = if shrink > 1 { pixels * pixel_bytes(source) } else { 0 };
    let rows = u64::from(source.width) * pixel_bytes(source) * 16;
    match source.format {
        Format::Jpeg => decoded + source.jpeg.as_ref().map_or(0, |jpeg| beside_planes(source, jpeg)),
        Format::WebP => webp(source) + if shrink > 1 { decoded } else { 0 },
        // The canvas, and what of it is left.
        Format::Gif => pixels * 4 + if shrink > 1 { decoded } else { 0 } + rows + source.metadata * 3,
        // A chunk as it is read, grown, and kept.
        Format::Png if source.interlaced => whole + decoded + rows + source.metadata * 4,
        Format::Png => decoded + rows + source.metadata * 4,
        // Each number of a list of strips becomes a value of its own.
        Format::Tiff => whole + decoded + rows + source.metadata * 16,
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
    width * height * bytes_a_pixel + source.bytes + codes + partition
}

/// What a JPEG's decoder holds beside the planes: of several scans all coefficients, 16 bits each, and of
/// progressive ones a copy that is yet to be written out.
fn beside_planes(source: &SourceInfo, jpeg: &JpegInfo) -> u64 {
    let (across, down) = largest_factors(jpeg);
    let blocks: u64 = jpeg.sampling.iter().map(|&(across, down)| u64::from(across) * u64::from(down)).sum();
    let row = u64::from(source.width).div_ceil(8 * across) * blocks * 64;
    let coefficients = row * u64::from(source.height).div_ceil(8 * down);
    let buffered = match (jpeg.progressive, jpeg.scans) {
        (true, _) => coefficients * 4,
        (false, 2..) => coefficients * 2,
        (false, _) => 0,
    };
    // A file that is cut off, or whose Adobe marker says nothing, is copied.
    let copied = !source.complete || jpeg.adobe_transform.is_some_and(|transform| transform > 2);
    buffered + row * 16 + source.metadata * 2 + if copied { source.bytes } else { 0 }
}

/// Bytes at the height of making renditions: what is held from size to size, and what the one in work takes.
fn rendering(source: &SourceInfo, shrink: u32, renditions: &[RenditionSpec]) -> u64 {
    let sizes: Vec<&[RenditionSpec]> = renditions.chunk_by(|a, b| a.width == b.width).collect();
    let bases = bases(&sizes.iter().map(|specs| specs[0].width).collect::<Vec<_>>());
    let resized = |size: usize| area(&sizes[size][0]) * pixel_bytes(source);
    let (mut peak, mut working) = (0, 0);
    for (at, specs) in sizes.iter().enumerate() {
        let still_needed = |level: &usize| bases[at..].contains(level);
        let kept: u64 = (1..=at + 1).filter(still_needed).map(|level| resized(level - 1)).sum();
        let decoded = if still_needed(&0) { decoded(source, shrink) } else { 0 };
        let base = match bases[at] {
            0 => shrink::size(source.width, source.height, shrink),
            level => stored(source, &sizes[level - 1][0]),
        };
        // The resizer keeps its buffers for the next size.
        working = resizing(source, base, stored(source, &specs[0])).max(working);
        peak = peak.max(decoded + kept + working + making(source, specs));
    }
    // The last is turned into RGBA, and that premultiplied, for the placeholder.
    let smallest = sizes.last().map_or(0, |specs| area(&specs[0]) * (upright_bytes(source) + 8));
    peak.max(working + smallest)
}

fn area(spec: &RenditionSpec) -> u64 {
    u64::from(spec.width) * u64::from(spec.height)
}

/// A rendition's size before it is turned upright.
fn stored(source: &SourceInfo, spec: &RenditionSpec) -> (u32, u32) {
    orient::turned(source.orientation, spec.width, spec.height)
}

/// Bytes beside both pictures while one is made from the other: one side done, coefficients, a picture with alpha
/// premultiplied, and of JPEG a plane with its edges repeated.
fn resizing(source: &SourceInfo, (width, height): (u32, u32), (to_width, to_height): (u32, u32)) -> u64 {
    let (width, height) = (u64::from(width), u64::from(height));
    let coefficients = (width + height) * 64;
    if let Some(jpeg) = &source.jpeg {
        // Only of chroma are edges repeated, or of what has fewer samples than the picture has pixels.
        let (across, down) = largest_factors(jpeg);
        let whole = |factors: &(u8, u8)| (u64::from(factors.0), u64::from(factors.1)) == (across, down);
        let padded =
            jpeg.sampling.iter().enumerate().filter(|(index, factors)| *index > 0 || !whole(factors));
        let padded = padded.map(|(_, &factors)| plane(source, jpeg, factors)).max().unwrap_or(0);
        return width * u64::from(to_height) + padded + coefficients;
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
    let halved = |spec: &RenditionSpec| matches!(spec.format, OutputFormat::Jpeg | OutputFormat::Webp);
    // With chroma as formats that halve it want it, and as others do.
    let both = source.jpeg.is_some() && specs.iter().any(halved) && !specs.iter().all(halved);
    let also = if both { 2 } else { 0 };
    // As resized, in one piece, converted, and turned.
    let converting = pixel_bytes(source) + 3 * upright;
    let encoding = specs.iter().map(|spec| encoder_bytes(source, spec)).max().unwrap_or(0);
    area(&specs[0]) * (also + converting.max(upright + encoding))
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
