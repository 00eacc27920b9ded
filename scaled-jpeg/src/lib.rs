//! A JPEG decoder (ITU-T T.81) that decodes at the size that is wanted.

mod bits;
mod block;
mod decoder;
mod error;
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
mod tables;
mod window;

pub use decoder::{Decoded, Decoder, OnDamage, Options};
pub use error::{Damage, Error};
pub use header::{Color, Component, Header, Process};
pub use plane::Plane;
pub use scale::Scale;
