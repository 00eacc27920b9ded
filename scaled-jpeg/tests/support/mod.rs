//! A JPEG encoder that begins at the coefficients, written from ITU-T T.81 and from nothing else.
//!
//! Ordinary encoders begin at samples and write what their authors like: interleaved scans, one script, tables of a
//! kind. This one writes whatever the standard allows, and because the coefficients are chosen, not found, what a
//! decoder has to answer is known exactly at every scale ([`reference`]).
//!
//! - [`picture`]: coefficients by component; [`script`]: in which scans they are written
//! - [`encode`]: picture and script in, file out; [`sequential`], [`progressive`], [`huffman`], [`bits`]: its parts
//! - [`dice`], [`content`], [`case`]: pictures and scripts by chance, or led by a fuzzer's bytes

// Tests, benches and fuzz targets each take a part of it.
#![allow(dead_code)]

pub(crate) mod bits;
pub(crate) mod case;
pub(crate) mod content;
pub(crate) mod dice;
pub(crate) mod encode;
pub(crate) mod huffman;
pub(crate) mod picture;
pub(crate) mod progressive;
pub(crate) mod reference;
pub(crate) mod script;
pub(crate) mod sequential;
pub(crate) mod token;
