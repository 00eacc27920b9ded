//! What is decoded is what was written: the bytes choose coefficients, sampling, script and tables of a file, and the
//! planes are compared with the inverse transform's definition. With bits of it flipped, libjpeg is the judge wherever
//! it and this decoder both find the file whole. (zune-jpeg is none: it reads some flipped files in its own way.)

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use scaled_jpeg::{Decoded, Decoder, Scale};
use support::{
    case::Case,
    content::{self, Content},
    dice::Dice,
    encode::{Encoding, Process, encode},
    picture::{Factors, Picture},
    reference, script,
};

#[path = "../../scaled-jpeg/tests/support/libjpeg.rs"]
mod libjpeg;
#[path = "../../scaled-jpeg/tests/support/mod.rs"]
mod support;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let dice = &mut Dice::led(bytes);
    if dice.one_in(4) { flipped(dice) } else { whole(dice) }
});

fn whole(dice: &mut Dice<'_>) -> Corpus {
    let case = Case::any(dice);
    let scales: [Scale; 4] = std::array::from_fn(|_| dice.pick(&Scale::ALL));
    let decoded = match Decoder::new(&case.file.bytes).and_then(|decoder| decoder.decode_planes(scales)) {
        Ok(decoded) => decoded,
        Err(error) => panic!("{error}: {:?}", case.encoding),
    };
    assert_eq!(decoded.damage, None, "{:?}", case.encoding);
    assert_eq!(decoded.planes.len(), case.picture.components.len());
    for (index, (plane, scale)) in decoded.planes.iter().zip(scales).enumerate() {
        let expected = reference::plane(&case.picture, index, scale.numerator() as usize);
        let found = expected.agreement(&plane.samples);
        let most = if expected.exact { 0 } else { 1 };
        assert!(found.worst <= most, "component {index} at {scale:?}: {found}; {:?}", case.encoding);
    }
    Corpus::Keep
}

const FACTORS: [&[Factors]; 4] =
    [&[(1, 1)], &[(1, 1), (1, 1), (1, 1)], &[(2, 1), (1, 1), (1, 1)], &[(2, 2), (1, 1), (1, 1)]];

fn flipped(dice: &mut Dice<'_>) -> Corpus {
    let factors = dice.pick(&FACTORS);
    let mut picture = Picture::grey(1 + dice.below(40), 1 + dice.below(40), factors);
    content::fill(&mut picture, Content::Camera, false, dice);
    // With steps of one the sums of what flipped bits make stay within every decoder's integers.
    picture.quantization = [[1; 64]; 4];
    let mut scans = script::usual(&picture);
    scans.iter_mut().for_each(|scan| scan.restart = dice.below(6) as u16);
    let mut file = encode(&picture, &Encoding::new(Process::Baseline, scans, &picture));
    for _ in 0..=dice.below(4) {
        let at = file.scans[0].start + dice.below(file.scans[0].len() as u32) as usize;
        file.bytes[at] ^= 1 << dice.below(8);
    }
    let decode = |scale| Decoder::new(&file.bytes)?.decode_planes([scale; 4]);
    let (Ok(full), Ok(eighth)) = (decode(Scale::Full), decode(Scale::Eighth)) else { return Corpus::Keep };
    if full.damage.is_some() || eighth.damage.is_some() {
        return Corpus::Keep;
    }
    if let Ok(theirs) = libjpeg::planes(&file.bytes, 8)
        && theirs.warnings == 0
    {
        compare(&full, &eighth, &theirs.planes);
    }
    Corpus::Keep
}

/// Left out are blocks whose mean is no sample's, where sums overflow, and samples that libjpeg's wrap around for.
fn compare(full: &Decoded, eighth: &Decoded, theirs: &[libjpeg::Plane]) {
    for ((full, means), theirs) in full.planes.iter().zip(&eighth.planes).zip(theirs) {
        assert_eq!(full.samples.len(), theirs.samples.len());
        let width = full.width as usize;
        for (at, (ours, theirs)) in full.samples.iter().zip(&theirs.samples).enumerate() {
            let (x, y) = (at % width, at / width);
            let mean = means.samples[y / 8 * means.width as usize + x / 8];
            let close = ours.abs_diff(*theirs) <= 2;
            assert!(
                close || matches!(mean, 0 | 255) || matches!(ours, 0 | 255),
                "{ours} and {theirs} at {x}, {y}"
            );
        }
    }
}
