//! A JPEG decoder (ITU-T T.81) that decodes at the size that is wanted.
//!
//! Every component can be decoded at a [`Scale`] of its own, into a plane at its own sampling: nothing is upsampled
//! or converted on the way. What a scale does not need is skipped several symbols at a time, scans of progressive
//! files that add nothing are not read, and inverse DCTs are as small as the blocks that they yield. Baseline,
//! extended sequential (8 bits) and progressive files are decoded, in safe Rust, with AVX2 where there is some.
//!
//! ```
//! use scaled_jpeg::{Decoder, Scale};
//!
//! # let file = fixtures::bench::jpeg(1_001, 750, false, fixtures::bench::Tag::None);
//! let decoder = Decoder::new(&file)?;
//! // Luma of 4:2:0 at a quarter, and chroma, which has half as many samples either way, at a half.
//! let decoded = decoder.decode_planes([Scale::Quarter, Scale::Half, Scale::Half, Scale::Full])?;
//! let luma = &decoded.planes[0];
//! assert_eq!((luma.width, luma.height), (251, 188));
//! assert!(decoded.damage.is_none());
//! # Ok::<(), scaled_jpeg::Error>(())
//! ```
//!
//! # Layout
//!
//! `marker`, `header`, `tables`, `standard` and `scan` read what a file says of itself. `window` takes the stuffing out of a scan's
//! data, `bits` and `huffman` decode it, `segments` goes from restart marker to restart marker. `sequential` decodes
//! block after block, `halves` and `ahead` do so on two threads, `progressive` collects coefficients; `block` and `idct` make samples of them, `plane` holds those.

mod ahead;
mod bits;
mod block;
mod decoder;
mod error;
mod halves;
mod header;
mod huffman;
mod idct;
mod layout;
mod marker;
mod plane;
mod progressive;
mod scale;
mod scan;
mod segments;
mod sequential;
mod standard;
mod tables;
mod window;

pub use decoder::{Decoded, Decoder, OnDamage, Options};
pub use error::{Damage, Error};
pub use header::{Color, Component, Header, Process};
pub use plane::Plane;
pub use scale::Scale;
