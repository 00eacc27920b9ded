//! Any file by any preset: what is made is what was planned, in the memory that was predicted.
//!
//! The first five bytes are the preset: formats (a bit each) with effort and colour, quality, three widths (small ones,
//! as encoders take most of the time). The rest is the file.

#![no_main]

use fuzz::{LIMITS, derive};
use imaging::{Colour, Effort, FormatChoice, Preset, Quality, probe};
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
        effort: [Effort::Fast, Effort::Balanced, Effort::Small][usize::from(formats >> 5 & 3).min(2)],
        colour: if formats >> 7 == 1 { Colour::Keep } else { Colour::Srgb },
        background: [quality, formats, widths[0]],
    };
    if preset.check().is_ok() {
        derive(file, &source, &preset);
    }
});
