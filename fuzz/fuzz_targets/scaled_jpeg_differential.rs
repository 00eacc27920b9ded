//! What is decoded is what was written: the bytes choose coefficients, sampling, script and tables of a file, and the
//! planes are compared with the inverse transform's definition. With bits of it flipped, zune-jpeg is the judge
//! wherever it and this decoder both find the file whole.

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
use zune_core::{bytestream::ZCursor, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

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

/// Samplings that zune-jpeg reads.
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
    if let Some(theirs) = zune(&file.bytes) {
        compare(&full, &eighth, &theirs);
    }
    Corpus::Keep
}

/// Planes at full size, if the file is whole.
fn zune(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let options = DecoderOptions::default().set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().ok()?;
    let mut session = decoder.raw_output();
    let layout = session.layout()?;
    let layout = &layout[..session.num_components()?];
    let mut planes: Vec<Vec<u8>> = layout.iter().map(|plane| vec![0; plane.width * plane.height]).collect();
    let strides: Vec<usize> = layout.iter().map(|plane| plane.width).collect();
    let mut slices: Vec<&mut [u8]> = planes.iter_mut().map(Vec::as_mut_slice).collect();
    session.decode_into_planes_strided(&mut slices, &strides).ok()?;
    Some(planes)
}

/// Blocks whose mean is no sample's are left out: their sums overflow.
fn compare(full: &Decoded, eighth: &Decoded, theirs: &[Vec<u8>]) {
    for ((full, means), theirs) in full.planes.iter().zip(&eighth.planes).zip(theirs) {
        assert_eq!(full.samples.len(), theirs.len());
        let width = full.width as usize;
        for (at, (ours, theirs)) in full.samples.iter().zip(theirs).enumerate() {
            let (x, y) = (at % width, at / width);
            let mean = means.samples[y / 8 * means.width as usize + x / 8];
            let close = ours.abs_diff(*theirs) <= 2;
            assert!(close || matches!(mean, 0 | 255), "{ours} and {theirs} at {x}, {y}");
        }
    }
}
