//! What will be made of a source, decided before a pixel is allocated.

use std::num::NonZeroUsize;

use image_header::{Limits, Rejection, SourceInfo};
use sha2::{Digest, Sha256};

use crate::color;
use crate::decode::shrink;
use crate::encode;
use crate::memory;
use crate::preset::{Colour, Effort, FormatChoice, Preset};
use crate::profile;
use crate::scale::{self, Reduced};

/// A file format that renditions are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// Baseline JPEG, 4:2:0.
    Jpeg,
    /// WebP, lossy (VP8), with alpha where the source has it.
    Webp,
    /// WebP, lossless (VP8L).
    WebpLossless,
    /// PNG, 8 bits a sample.
    Png,
}

impl OutputFormat {
    /// The registered media type, such as `image/webp`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Webp | Self::WebpLossless => "image/webp",
            Self::Png => "image/png",
        }
    }

    /// The file name's extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Webp | Self::WebpLossless => "webp",
            Self::Png => "png",
        }
    }

    /// Returns the most pixels that either side may have.
    fn longest_side(self) -> u32 {
        match self {
            // T.81 allows 65,535, but libjpeg reads no more than this (JPEG_MAX_DIMENSION).
            Self::Jpeg => 65_500,
            // RFC 9649, 2.6 and 3.4: 14 bits.
            Self::Webp | Self::WebpLossless => 16_383,
            Self::Png => u32::MAX >> 1,
        }
    }
}

/// One rendition's resolved parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionSpec {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The file format.
    pub format: OutputFormat,
    /// On the encoder's own scale; `None` for lossless formats.
    pub quality: Option<u8>,
    /// The colour that transparency is flattened on; `None` where it is kept or there is none.
    pub background: Option<[u8; 3]>,
    /// How long the encoder may take.
    pub effort: Effort,
    spec: String,
}

impl RenditionSpec {
    fn new(
        (width, height): (u32, u32),
        format: OutputFormat,
        preset: &Preset,
        alpha: bool,
        colour: &str,
    ) -> Self {
        let quality = match format {
            OutputFormat::Jpeg => Some(preset.quality.jpeg),
            OutputFormat::Webp => Some(preset.quality.webp),
            OutputFormat::WebpLossless | OutputFormat::Png => None,
        };
        let background = (alpha && format == OutputFormat::Jpeg).then_some(preset.background);
        let chroma = match format {
            OutputFormat::Jpeg | OutputFormat::Webp => "420",
            OutputFormat::WebpLossless | OutputFormat::Png => "444",
        };
        let effort = preset.effort;
        let parameters = format!(
            "width={width} height={height} crop=none format={format:?} quality={quality:?} chroma={chroma} \
             background={background:?} color={colour} effort={effort:?} revision={}",
            encode::revision(format),
        );
        let spec = hex::encode(&Sha256::digest(parameters)[..4]);
        Self { width, height, format, quality, background, effort, spec }
    }

    /// First 8 hex digits of a hash over all parameters and the encoder's revision: the `<spec>` of a
    /// rendition's key.
    pub fn spec(&self) -> &str {
        &self.spec
    }
}

/// What will be made of one source. Resolved sizes, formats and the memory it takes.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Largest width first; within a width, in the preset's order of formats.
    pub renditions: Vec<RenditionSpec>,
    /// Bytes that decoding, resizing and encoding will hold at most, the source itself not counted.
    pub predicted_peak: u64,
    /// What went less than well already, in words for the manifest.
    pub warnings: Vec<String>,
    /// Threads that work at once; fewer than the machine has cores where their memory would exceed the limit.
    pub workers: usize,
    /// How much smaller than it is the source is decoded.
    pub(crate) reduced: Reduced,
    /// Whether wide colours are kept.
    pub(crate) colour: Colour,
    pub(crate) source: SourceInfo,
    pub(crate) limits: Limits,
}

impl Plan {
    /// The same with at most `workers` threads (and one at least), as many as the limit of memory lets work at once.
    /// Renditions do not depend on it.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        let peak = |workers| memory::peak(&self.source, &self.renditions, &self.reduced, workers);
        let fits = |workers: &usize| *workers == 1 || peak(*workers) <= self.limits.decoded_bytes;
        self.workers = (1..=workers.clamp(1, MOST_WORKERS)).rev().find(fits).unwrap_or(1);
        self.predicted_peak = peak(self.workers);
        self
    }

    /// Renditions of one size after the other.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = &[RenditionSpec]> {
        self.renditions.chunk_by(|a, b| a.width == b.width)
    }
}

/// Resolves `preset` for `source`: which sizes, which formats, how much memory.
///
/// As many threads are planned as the machine has cores; see [`Plan::with_workers`]. Widths above the source's own are replaced by it, once; heights follow the aspect ratio, rounded. A
/// candidate that its format cannot hold is dropped with a warning.
///
/// # Errors
///
/// A [`Rejection`] when decoding would exceed `limits`, or no candidate is left.
pub fn plan(source: &SourceInfo, preset: &Preset, limits: &Limits) -> Result<Plan, Rejection> {
    let (width, height) = source.displayed();
    let mut widths: Vec<u32> = preset.widths.iter().map(|&wanted| wanted.min(width)).collect();
    widths.sort_unstable_by(|a, b| b.cmp(a));
    widths.dedup();

    // Renditions of a source of which nothing can be kept are the same either way.
    let (colour, colours) = match (profile::may_be_wide(source), preset.colour) {
        // Greys of any space are greys of sRGB as well.
        (false, _) if profile::may_be_other_grey(source) => {
            (Colour::Srgb, format!("srgb:{}", color::REVISION))
        }
        (false, _) => (Colour::Srgb, "srgb".to_owned()),
        (true, Colour::Srgb) => (Colour::Srgb, format!("srgb:{}", color::REVISION)),
        // Which space that is, only the source says, and its hash is in the key already.
        (true, Colour::Keep) => (Colour::Keep, format!("keep:{}:{}", profile::REVISION, color::REVISION)),
    };
    let mut renditions = Vec::new();
    let mut warnings = source.notes.clone();
    if source.frames > 1 {
        warnings.push(format!(
            "the picture is an animation of {} frames; only a still picture was made of it",
            source.frames
        ));
    }
    for target in widths {
        let target_height = scaled_height(target, width, height);
        let mut formats: Vec<OutputFormat> = Vec::new();
        for &choice in &preset.formats {
            let format = resolve(choice, source.alpha);
            if formats.contains(&format) {
                continue;
            }
            formats.push(format);
            if target.max(target_height) > format.longest_side() {
                warnings.push(format!(
                    "{target}×{target_height} was left out: {} holds at most {} pixels a side",
                    format.media_type(),
                    format.longest_side()
                ));
                continue;
            }
            let size = (target, target_height);
            renditions.push(RenditionSpec::new(size, format, preset, source.alpha, &colours));
        }
    }
    if renditions.is_empty() {
        return Err(Rejection::unsupported(too_long((width, height), preset, source.alpha)));
    }

    let reduced =
        Reduced { scales: scale::scales(source, &renditions), shrink: shrink::factor(source, &renditions) };
    let predicted_peak = memory::peak(source, &renditions, &reduced, 1);
    Rejection::check("the memory for decoding in bytes", predicted_peak, limits.decoded_bytes)?;
    let plan = Plan {
        renditions,
        predicted_peak,
        warnings,
        workers: 1,
        reduced,
        colour,
        source: source.clone(),
        limits: *limits,
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(plan.with_workers(cores))
}

/// Describes a picture of which no rendition can be made.
fn too_long((width, height): (u32, u32), preset: &Preset, alpha: bool) -> String {
    let mut formats: Vec<OutputFormat> = Vec::new();
    for format in preset.formats.iter().map(|&choice| resolve(choice, alpha)) {
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let limit = |format: &OutputFormat| {
        format!("{} holds at most {} pixels a side", format.media_type(), format.longest_side())
    };
    let limits: Vec<String> = formats.iter().map(limit).collect();
    format!("a picture of {width}×{height} pixels in the wanted formats ({})", limits.join(", "))
}

/// More would wait for each other.
const MOST_WORKERS: usize = 16;

fn resolve(choice: FormatChoice, alpha: bool) -> OutputFormat {
    match choice {
        FormatChoice::Webp => OutputFormat::Webp,
        FormatChoice::WebpLossless => OutputFormat::WebpLossless,
        FormatChoice::Jpeg => OutputFormat::Jpeg,
        FormatChoice::Png => OutputFormat::Png,
        FormatChoice::Auto if alpha => OutputFormat::Png,
        FormatChoice::Auto => OutputFormat::Jpeg,
    }
}

fn scaled_height(target: u32, width: u32, height: u32) -> u32 {
    let (target, width, height) = (u64::from(target), u64::from(width), u64::from(height));
    let rounded = (target * height + width / 2) / width.max(1);
    u32::try_from(rounded.max(1)).unwrap_or(u32::MAX)
}

/// Which picture each of `widths` (largest first) is made from: 0 is the decoded picture, n the nth of `widths`.
/// The smallest larger one that is at least [`PYRAMID_RATIO`] times as wide: nearer ones would lose sharpness twice.
pub(crate) fn bases(widths: &[u32]) -> Vec<usize> {
    let large_enough = |above: u32, below: u32| f64::from(above) >= PYRAMID_RATIO * f64::from(below);
    (0..widths.len())
        .map(|at| {
            (0..at).rev().find(|&above| large_enough(widths[above], widths[at])).map_or(0, |above| above + 1)
        })
        .collect()
}

const PYRAMID_RATIO: f64 = 1.9;
