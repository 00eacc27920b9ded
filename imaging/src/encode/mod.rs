//! Pictures to files: one file a format.

mod jpeg;
mod png;
mod webp;

use crate::Fault;
use crate::color::Upright;
use crate::plan::{OutputFormat, RenditionSpec};
use crate::stop::Stop;

/// Every encoder's revision, for a preset's fingerprint.
pub(crate) const REVISIONS: [u32; 3] = [jpeg::REVISION, webp::REVISION, png::REVISION];

/// Raised whenever an encoder's output deliberately changes, so that renditions get new keys.
pub(crate) fn revision(format: OutputFormat) -> u32 {
    match format {
        OutputFormat::Jpeg => jpeg::REVISION,
        OutputFormat::Webp | OutputFormat::WebpLossless => webp::REVISION,
        OutputFormat::Png => png::REVISION,
    }
}

/// Why there is no file.
#[derive(Debug)]
pub(crate) enum EncodeError {
    Stopped,
    Fault(Fault),
}

impl From<Fault> for EncodeError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<crate::stop::Stopped> for EncodeError {
    fn from(_: crate::stop::Stopped) -> Self {
        Self::Stopped
    }
}

/// `picture` as a file of `spec`'s format. No metadata is written but a profile
/// where colours are kept.
pub(crate) fn encode(picture: &Upright, spec: &RenditionSpec, stop: &Stop) -> Result<Vec<u8>, EncodeError> {
    stop.check()?;
    match spec.format {
        OutputFormat::Jpeg => jpeg::encode(picture, spec, stop),
        OutputFormat::Webp => webp::lossy(picture, spec, stop),
        OutputFormat::WebpLossless => webp::lossless(picture, spec, stop),
        OutputFormat::Png => png::encode(picture, spec.effort, stop),
    }
}
