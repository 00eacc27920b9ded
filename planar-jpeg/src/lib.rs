//! A JPEG encoder that takes planes: what a decoder's planes became after resizing goes in as it is, without
//! a round trip through RGB.
//!
//! Files are what libjpeg would write, made faster: JFIF, its quantisation tables and quality scale, 4:2:0,
//! 4:4:4 or grey. [`Effort`] chooses between bytes and time. All arithmetic is on integers, and a picture's
//! file is the same whatever the processor can do.
//!
//! ```
//! use planar_jpeg::{Effort, Picture, Planes, Settings, encode};
//!
//! let luma: Vec<u8> = (0..64 * 48).map(|at| (at % 64 * 4) as u8).collect();
//! let grey = vec![128; 32 * 24];
//! let planes = Planes::YCbCr420 { luma: &luma, blue: &grey, red: &grey };
//! let settings = Settings { quality: 80, effort: Effort::Balanced, icc: None };
//! let file = encode(&Picture { width: 64, height: 48, planes }, &settings, &|| false)?;
//! assert_eq!(file[..4], [0xFF, 0xD8, 0xFF, 0xE0]);
//! # Ok::<(), planar_jpeg::Error>(())
//! ```
//!
//! # Memory
//!
//! Beside the planes, in bytes a pixel of 4:2:0 at quality 80, the file included: [`Effort::Fast`] takes 0.3,
//! [`Effort::Balanced`] 0.6 (two for every coefficient that is not 0, and for every block four), [`Effort::Small`] 4 (every
//! coefficient, and a scan's symbols). What noise can make of it at quality 100 is 7, 5 and 10. To this come 400
//! bytes for each block in a row of MCUs.
//!
//! # Layout
//!
//! `picture` is what comes in, `rgb` makes planes of RGB. `quantization` holds the tables, `transform` the DCT and
//! the division by them (`transform/avx2` and its scalar twin, equal bit for bit), `frame` the order of
//! blocks. `symbols` is what the Huffman coder will write, in a compact form that can be gone over twice; `huffman`
//! makes codes of symbols' frequencies, `bits` writes them. `baseline` and `progressive` are the two kinds
//! of file, `markers` what stands around their scans.

mod baseline;
mod bits;
mod frame;
mod huffman;
mod markers;
mod picture;
mod progressive;
mod quantization;
mod rgb;
mod symbols;
mod transform;

use thiserror::Error;

pub use picture::{Picture, Planes};
pub use rgb::{Halved, halved};

use frame::{Forward, Frame};
use quantization::Tables;

/// How many bytes are worth how much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Effort {
    /// The standard's Huffman tables, in one pass.
    Fast,
    /// Huffman tables made for the picture.
    #[default]
    Balanced,
    /// Progressive, with Huffman tables made for every scan.
    Small,
}

/// How to encode.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// On libjpeg's scale, 1 to 100; what lies outside counts as the nearest of them.
    pub quality: u8,
    /// Bytes against time.
    pub effort: Effort,
    /// An ICC profile to embed.
    pub icc: Option<&'a [u8]>,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// A side is 0, or beyond the 65 535 that a JPEG file can say.
    #[error("a JPEG cannot be {width}×{height}")]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// A plane does not hold as many samples as its picture's size asks for.
    #[error("a plane holds {found} samples instead of {expected}")]
    Plane {
        /// Samples that the size asks for.
        expected: usize,
        /// Samples in the slice.
        found: usize,
    },
    /// The profile exceeds the 255 segments of 65 519 bytes that it may take.
    #[error("an ICC profile of {0} bytes does not fit into a JPEG")]
    Profile(usize),
    /// `stop` said so.
    #[error("stopped")]
    Stopped,
}

/// `picture` as a JPEG file. `stop` is asked every few rows; once it answers `true`, the work ends.
///
/// # Errors
///
/// [`Error`], before any work but for [`Error::Stopped`].
pub fn encode(picture: &Picture, settings: &Settings, stop: &dyn Fn() -> bool) -> Result<Vec<u8>, Error> {
    let frame = Frame::new(picture)?;
    let tables = Tables::new(settings.quality);
    let mut file = Vec::new();
    markers::start(&mut file, settings.icc)?;
    markers::quantization(&mut file, &tables, frame.is_grey());
    let forward = Forward::new(&frame, &tables);
    match settings.effort {
        Effort::Fast => baseline::fast(&mut file, &frame, forward, stop)?,
        Effort::Balanced => baseline::balanced(&mut file, &frame, forward, stop)?,
        Effort::Small => progressive::encode(&mut file, &frame, forward, stop)?,
    }
    markers::end(&mut file);
    Ok(file)
}
