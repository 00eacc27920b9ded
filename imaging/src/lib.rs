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
//! `preset` is what an operator asks for, `plan` what that means for one source, `scale` how much of a JPEG has to be
//! decoded for it, `memory` what it will take. `decode` (one file a format) yields a `picture`; `jobs` lists what is
//! made of it in which order, and a `crew` of one thread or several does that: `resize` makes it smaller in its own
//! colour space, `color` converts it to sRGB as `profile` found it and turns it upright by `orient`, `encode` (one file
//! a format) writes it. `placeholder` sums it up in a few bytes, `stop` ends work early, `allocator` keeps
//! memory from one picture to the next.

mod allocator;
mod color;
mod convolution;
mod crew;
mod decode;
mod encode;
mod jobs;
mod lanczos;
mod memory;
mod orient;
mod picture;
mod placeholder;
mod plan;
mod preset;
mod profile;
mod resize;
mod scale;
mod stop;
mod transpose;

use std::any::Any;
use std::fmt;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use thiserror::Error;

pub use allocator::keep_memory;
pub use image_header::{Limits, Rejection, SourceInfo, probe};
pub use plan::{OutputFormat, Plan, RenditionSpec, plan};
pub use preset::{Colour, Effort, FormatChoice, Preset, PresetError, Quality};
pub use stop::Stop;

use color::Colors;
use crew::Ended;
use decode::DecodeError;
use jobs::{JobError, Made};

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

/// Time spent a stage, all renditions and threads together; waiting for the receiver of renditions is not counted.
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

impl AddAssign for Timings {
    fn add_assign(&mut self, other: Self) {
        self.decode += other.decode;
        self.resize += other.resize;
        self.color += other.color;
        self.encode += other.encode;
    }
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

impl<E> From<DecodeError> for DeriveError<E> {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Rejected(rejection) => Self::Rejected(rejection),
            DecodeError::Stopped => Self::Stopped,
        }
    }
}

impl<E> From<Ended<JobError, E>> for DeriveError<E> {
    fn from(ended: Ended<JobError, E>) -> Self {
        match ended {
            Ended::Failed(JobError::Stopped) => Self::Stopped,
            Ended::Failed(JobError::Fault(fault)) => fault.into(),
            Ended::Panicked(panic) => panicked(&*panic),
            Ended::Refused(error) => Self::Sink(error),
        }
    }
}

/// A panic is put down to the image, which is not tried again.
fn panicked<E>(panic: &(dyn Any + Send)) -> DeriveError<E> {
    let what = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned());
    DeriveError::Rejected(Rejection::Panicked { what })
}

/// Makes every rendition of `plan` from `source` (the very bytes that were probed for it) and hands each to
/// `each` on the calling thread as soon as it is encoded, largest width first. `each` may block: that holds the work
/// back.
///
/// [`Plan::workers`] threads work at once, the calling one among them; renditions are the same, byte by byte, whatever
/// their number. Work ends at the next row or stage once `stop` says so.
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
    let mut timings = Timings::default();
    let mut warnings = plan.warnings.clone();
    let read = catch_unwind(AssertUnwindSafe(|| {
        // What decoders bound themselves is bounded by what was predicted of this very picture.
        let bounds = Limits { decoded_bytes: plan.predicted_peak, ..plan.limits };
        let decoded = timed(&mut timings.decode, || decode::decode(source, plan, &bounds, stop))?;
        let (space, unread) = profile::space(source, &plan.source, &plan.limits);
        let (colors, unused) = Colors::new(space, &decoded.picture, plan);
        warnings.extend(decoded.warnings.into_iter().chain(unread).chain(unused));
        Ok::<_, DecodeError>((decoded.picture, colors))
    }));
    let (picture, colors) = match read {
        Ok(read) => read?,
        Err(panic) => return Err(panicked(&*panic)),
    };

    let mut summary = None;
    jobs::make(picture, plan, &colors, stop, &mut timings, |made| {
        match made {
            Made::Summary(hash, color) => summary = Some((hash, color)),
            Made::File(number, bytes) => {
                let spec = &plan.renditions[number];
                if bytes.len() as u64 <= plan.limits.output_bytes {
                    return each(Rendition { spec: spec.clone(), bytes });
                }
                warnings.push(format!(
                    "{}×{} as {} was left out: it has more than {} bytes",
                    spec.width,
                    spec.height,
                    spec.format.media_type(),
                    plan.limits.output_bytes
                ));
            }
        }
        Ok(())
    })?;
    let (thumbhash, color) = summary.ok_or_else(|| Fault::new("a plan without renditions"))?;
    let (width, height) = plan.source.displayed();
    Ok(Derived { width, height, thumbhash, color, warnings, timings })
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}
