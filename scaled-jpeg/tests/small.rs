//! A few small files, whole and damaged, without C or a file system: what Miri can run.
//!
//! `cargo +nightly miri test -p scaled-jpeg --lib --test small`; with `RUSTFLAGS="-Ctarget-feature=+avx2"` the SIMD code.

#![allow(clippy::unwrap_used)]

#[path = "support/mod.rs"]
mod support;

use scaled_jpeg::{Decoder, Options, Scale};
use support::{
    case::Case,
    content::Content,
    dice::Dice,
    reference::{self, Agreement},
};

/// Miri is some hundred times slower.
const FILES: u64 = if cfg!(miri) { 2 } else { 12 };

fn case(seed: u64) -> Case {
    let dice = &mut Dice::seeded(seed);
    let size = (1 + dice.below(20), 1 + dice.below(20));
    let factors = dice.pick(&[[(1, 1), (1, 1), (1, 1)], [(2, 2), (1, 1), (1, 1)], [(3, 1), (1, 2), (1, 1)]]);
    Case::new(size, &factors, Content::Camera, dice)
}

#[test]
fn small_files_are_decoded_at_every_scale() {
    for seed in 0..FILES {
        let case = case(seed);
        for scale in Scale::ALL {
            let decoder = Decoder::new(&case.file.bytes).unwrap();
            let options = Options { threads: 2, ..Options::default() };
            let decoded = decoder.with_options(options).decode_planes([scale; 4]).unwrap();
            assert_eq!(decoded.damage, None);
            let mut found = Agreement::default();
            for (index, plane) in decoded.planes.iter().enumerate() {
                let expected = reference::plane(&case.picture, index, scale.numerator() as usize);
                found = found.plus(expected.agreement(&plane.samples));
            }
            assert!(found.worst <= u8::from(scale != Scale::Eighth), "{seed} at {scale:?}: {found}");
        }
    }
}

#[test]
fn damaged_files_are_survived() {
    for seed in 0..FILES {
        let (case, dice) = (case(seed), &mut Dice::seeded(seed));
        let mut bytes = case.file.bytes;
        for _ in 0..3 {
            let at = dice.below(bytes.len() as u32) as usize;
            bytes[at] ^= 1 << dice.below(8);
        }
        bytes.truncate(bytes.len() - dice.below(bytes.len() as u32 / 3) as usize);
        let exact = bytes.into_boxed_slice();
        let Ok(decoder) = Decoder::new(&exact) else { continue };
        let scales = std::array::from_fn(|_| dice.pick(&Scale::ALL));
        if let Ok(decoded) = decoder.decode_planes(scales) {
            assert_eq!(decoded.planes.len(), decoder.header().components.len());
        }
    }
}
