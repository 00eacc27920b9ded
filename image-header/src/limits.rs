//! How much a source may ask for.

use crate::{Profile, Rejection};

/// Bounds on a source and on what decoding it may take, checked from the header before anything large is
/// allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the source file.
    pub source_bytes: u64,
    /// Pixels of one frame (stored width × height).
    pub pixels: u64,
    /// Pixels along either side.
    pub side: u32,
    /// Bytes that decoding and resizing may hold at once.
    pub decoded_bytes: u64,
    /// Frames of an animation that are looked at; more are a rejection.
    pub frames: u32,
    /// Scans of a JPEG. Each scan of a progressive file costs a pass over all coefficients.
    pub jpeg_scans: u32,
    /// Bytes of metadata (profile, Exif, XMP), each kind by itself, after decompression.
    pub metadata_bytes: u64,
    /// Bytes of one encoded rendition.
    pub output_bytes: u64,
}

impl Limits {
    /// Errs when a picture of `width` × `height` pixels is beyond `side` or `pixels`, or has none.
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), Rejection> {
        if width == 0 || height == 0 {
            return Err(Rejection::damaged(format!("its header says {width} × {height} pixels")));
        }
        let longer = u64::from(width.max(height));
        Rejection::check("the longer side in pixels", longer, u64::from(self.side))?;
        let pixels = u64::from(width) * u64::from(height);
        Rejection::check("the number of pixels", pixels, self.pixels)
    }

    /// Errs when metadata of `len` bytes is beyond `metadata_bytes`.
    pub(crate) fn check_metadata(&self, what: &'static str, len: usize) -> Result<(), Rejection> {
        Rejection::check(what, len as u64, self.metadata_bytes)
    }

    /// Errs when a profile's stored bytes are beyond `metadata_bytes`.
    pub(crate) fn check_profile(&self, profile: &Profile) -> Result<(), Rejection> {
        let bytes = match profile {
            Profile::None => 0,
            Profile::Ranges(ranges) => ranges.iter().map(|range| range.len()).sum(),
            Profile::Deflated(range) => range.len(),
        };
        self.check_metadata("the colour profile's size in bytes", bytes)
    }

    /// Errs when an animation of at least `frames` is beyond `frames`.
    pub(crate) fn check_frames(&self, frames: u32) -> Result<(), Rejection> {
        Rejection::check("the number of frames", u64::from(frames), u64::from(self.frames))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // The largest camera JPEGs and 16-bit TIFFs of 50 MP stay below it.
            source_bytes: 512 << 20,
            // 200 MP phone sensors, with room to spare; a 30000 × 30000 bomb is far beyond.
            pixels: 250_000_000,
            // JPEG's own bound; PNG and TIFF could say 2^31.
            side: 65_535,
            // Fits a Lambda of 1,769 MB (one whole vCPU) beside the source and the encoders.
            decoded_bytes: 1 << 30,
            // Only the first is used today; counting them costs time in proportion.
            frames: 10_000,
            // Encoders write about ten; hostile files hold thousands in a few kilobytes.
            jpeg_scans: 64,
            // Press CMYK profiles are 0.5 to 3 MB.
            metadata_bytes: 16 << 20,
            // A lossless 16-bit rendition of 4,096 pixels squared.
            output_bytes: 128 << 20,
        }
    }
}
