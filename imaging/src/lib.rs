//! Image bytes in, renditions out. Pure: no async, no network, no file system.
//!
//! [`plan`] decides everything before a pixel is allocated; [`derive`] decodes once and makes every size in
//! every format of that plan, each handed over as soon as it is encoded.
//!
//! ```
//! use imaging::{Limits, Preset, Stop, derive, plan, probe};
//!
//! # let photograph = fixtures::every_kind().remove(0).bytes;
//! let limits = Limits::default();
//! let source = probe(&photograph, &limits)?;
//! let plan = plan(&source, &Preset::default(), &limits)?;
//! let derived = derive(&photograph, &plan, &Stop::new(), |rendition| {
//!     println!("{}-{}: {} bytes", rendition.spec.width, rendition.spec.spec(), rendition.bytes.len());
//!     Ok::<(), std::io::Error>(())
//! })?;
//! assert_eq!((derived.width, derived.height), source.displayed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layout
//!
//! `preset` is what an operator asks for, `plan` what that means for one source, `memory` what it will take. `decode` (one file a format)
//! yields a `picture`, `pyramid` and `resize` make it smaller in its own colour space, `color` converts it to sRGB as
//! `profile` found it and turns it upright by `orient`, `encode` (one file a format) writes it. `placeholder`
//! sums it up in a few bytes, `stop` ends work early.

mod color;
mod decode;
mod encode;
mod memory;
mod orient;
mod picture;
mod placeholder;
mod plan;
mod preset;
mod profile;
mod pyramid;
mod resize;
mod stop;

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use image_header::{ColorModel, Orientation};
use thiserror::Error;

pub use image_header::{Limits, Rejection, SourceInfo, probe};
pub use plan::{OutputFormat, Plan, RenditionSpec, plan};
pub use preset::{FormatChoice, Preset, PresetError, Quality};
pub use stop::Stop;

use color::{ToSrgb, Upright, upright};
use decode::DecodeError;
use encode::EncodeError;
use picture::Picture;
use pyramid::Pyramid;
use resize::{Chroma, ResizeError};

/// One rendition, encoded.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// What it is.
    pub spec: RenditionSpec,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What was learnt of the source on the way.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The source's width in pixels, upright.
    pub width: u32,
    /// The source's height in pixels, upright.
    pub height: u32,
    /// ThumbHash of the picture, about 25 bytes.
    pub thumbhash: Vec<u8>,
    /// Its dominant colour: red, green, blue.
    pub color: [u8; 3],
    /// What went less than well, in words for the manifest.
    pub warnings: Vec<String>,
    /// Where the time went.
    pub timings: Timings,
}

/// Time spent a stage, all renditions together; waiting for the receiver of renditions is not counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// File to samples.
    pub decode: Duration,
    /// All sizes.
    pub resize: Duration,
    /// To sRGB, and upright.
    pub color: Duration,
    /// All files.
    pub encode: Duration,
}

/// Why a derivation ended without having made everything.
#[derive(Debug, Error)]
pub enum DeriveError<E> {
    /// The image's fault.
    #[error(transparent)]
    Rejected(Rejection),
    /// It was asked to stop, or its deadline passed.
    #[error("stopped before all renditions were made")]
    Stopped,
    /// The receiver of renditions failed.
    #[error("a rendition could not be handed over: {0}")]
    Sink(E),
    /// Our fault, never the image's: what passed every check could not be processed.
    #[error("internal fault: {0}")]
    Fault(String),
}

/// Our own fault, in words.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }
}

impl<E> From<Fault> for DeriveError<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault.0)
    }
}

impl<E> From<stop::Stopped> for DeriveError<E> {
    fn from(_: stop::Stopped) -> Self {
        Self::Stopped
    }
}

impl<E> From<DecodeError> for DeriveError<E> {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Rejected(rejection) => Self::Rejected(rejection),
            DecodeError::Stopped => Self::Stopped,
        }
    }
}

impl<E> From<ResizeError> for DeriveError<E> {
    fn from(error: ResizeError) -> Self {
        match error {
            ResizeError::Stopped => Self::Stopped,
            ResizeError::Fault(fault) => fault.into(),
        }
    }
}

impl<E> From<EncodeError> for DeriveError<E> {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Stopped => Self::Stopped,
            EncodeError::Fault(fault) => fault.into(),
        }
    }
}

/// Makes every rendition of `plan` from `source` (the very bytes that were probed for it) and hands each to
/// `each` as soon as it is encoded, largest width first. `each` may block: that holds the work back.
///
/// Work ends at the next row or stage once `stop` says so.
///
/// # Errors
///
/// See [`DeriveError`]. A panic in a decoder or an encoder is caught and is a [`Rejection::Panicked`]; one in
/// `each` is passed on.
pub fn derive<E>(
    source: &[u8],
    plan: &Plan,
    stop: &Stop,
    mut each: impl FnMut(Rendition) -> Result<(), E>,
) -> Result<Derived, DeriveError<E>> {
    let handing_over = Cell::new(false);
    let guarded = |rendition| {
        handing_over.set(true);
        let result = each(rendition);
        handing_over.set(false);
        result
    };
    match catch_unwind(AssertUnwindSafe(|| run(source, plan, stop, guarded))) {
        Ok(result) => result,
        Err(panic) if handing_over.get() => resume_unwind(panic),
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "a panic without words".to_owned());
            Err(DeriveError::Rejected(Rejection::Panicked { what }))
        }
    }
}

fn run<E>(
    source: &[u8],
    plan: &Plan,
    stop: &Stop,
    mut each: impl FnMut(Rendition) -> Result<(), E>,
) -> Result<Derived, DeriveError<E>> {
    let mut timings = Timings::default();
    let mut warnings = plan.warnings.clone();
    let orientation = plan.source.orientation;

    // What decoders bound themselves is bounded by what was predicted of this very picture.
    let bounds = Limits { decoded_bytes: plan.predicted_peak, ..plan.limits };
    let decoded =
        timed(&mut timings.decode, || decode::decode(source, &plan.source, plan.shrink, &bounds, stop))?;
    warnings.extend(decoded.warnings);
    let (space, warning) = profile::space(source, &plan.source, &plan.limits);
    warnings.extend(warning);
    let (to_srgb, warning) = ToSrgb::new(space, &decoded.picture);
    warnings.extend(warning);

    // Planes go into the encoders as they are where nothing has to be converted.
    let as_planes =
        to_srgb.is_nothing() && matches!(decoded.picture, Picture::Planar { model: ColorModel::YCbCr, .. });
    let mut pyramid = Pyramid::new(decoded.picture, plan);
    let mut smallest: Option<Upright> = None;
    for (at, specs) in plan.sizes().enumerate() {
        let mut made: Vec<(Chroma, Upright)> = Vec::new();
        for spec in specs {
            let chroma = if as_planes { chroma_of(spec, orientation) } else { Chroma::Full };
            let index = match made.iter().position(|(same, _)| *same == chroma) {
                Some(index) => index,
                None => {
                    let size = orient::turned(orientation, spec.width, spec.height);
                    let resized = timed(&mut timings.resize, || pyramid.resize(at, size, chroma, stop))?;
                    let picture = timed(&mut timings.color, || upright(resized, &to_srgb, orientation))?;
                    made.push((chroma, picture));
                    made.len() - 1
                }
            };
            let bytes = timed(&mut timings.encode, || encode::encode(&made[index].1, spec, stop))?;
            if bytes.len() as u64 > plan.limits.output_bytes {
                warnings.push(format!(
                    "{}×{} as {} was left out: it has more than {} bytes",
                    spec.width,
                    spec.height,
                    spec.format.media_type(),
                    plan.limits.output_bytes
                ));
                continue;
            }
            each(Rendition { spec: spec.clone(), bytes }).map_err(DeriveError::Sink)?;
        }
        pyramid.forget(at);
        smallest = made.pop().map(|(_, picture)| picture);
    }
    let smallest = smallest.ok_or_else(|| Fault::new("a plan without renditions"))?;
    let (thumbhash, color) = placeholder::placeholder(&smallest)?;
    let (width, height) = plan.source.displayed();
    Ok(Derived { width, height, thumbhash, color, warnings, timings })
}

/// How many chroma samples a format gets: half as many either way where it stores no more.
fn chroma_of(spec: &RenditionSpec, orientation: Orientation) -> Chroma {
    let subsampled = matches!(spec.format, OutputFormat::Jpeg | OutputFormat::Webp);
    // One sample has no half.
    if !subsampled || spec.width == 1 || spec.height == 1 {
        return Chroma::Full;
    }
    // A grid sticks out at the right and the bottom of the upright picture: where those come to lie before it is
    // turned, the grid sticks out there.
    use Orientation::{FlipHorizontal, FlipVertical, Rotate90, Rotate180, Rotate270, Transverse};
    let left = matches!(orientation, FlipHorizontal | Rotate180 | Transverse | Rotate270);
    let top = matches!(orientation, FlipVertical | Rotate180 | Transverse | Rotate90);
    Chroma::Halved { left, top }
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}
