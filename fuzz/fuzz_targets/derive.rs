//! Any file by any preset: what is made is what was planned, in the memory that was predicted.
//!
//! The first five bytes are the preset: formats (a bit each), quality, three widths (small ones, as encoders take most
//! of the time). The rest is the file.

#![no_main]

use fuzz::{LIMITS, derive};
use imaging::{FormatChoice, Preset, Quality, probe};
use libfuzzer_sys::fuzz_target;

const FORMATS: [FormatChoice; 5] = [
    FormatChoice::Webp,
    FormatChoice::Auto,
    FormatChoice::Jpeg,
    FormatChoice::Png,
    FormatChoice::WebpLossless,
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&[formats, quality, widths @ ..], file)) = bytes.split_first_chunk::<5>() else { return };
    let Ok(source) = probe(file, &LIMITS) else { return };
    let chosen = FORMATS.into_iter().enumerate().filter(|(bit, _)| formats >> bit & 1 == 1);
    let preset = Preset {
        widths: widths.map(|width| u32::from(width % 96) + 1).to_vec(),
        formats: chosen.map(|(_, format)| format).collect(),
        quality: Quality::all(quality % 100 + 1),
        background: [quality, formats, widths[0]],
    };
    if preset.check().is_ok() {
        derive(file, &source, &preset);
    }
});
