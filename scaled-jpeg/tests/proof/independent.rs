//! Other decoders: they understand the generated files as their coefficients say, and real files as this one does.

use std::collections::BTreeMap;

use scaled_jpeg::{Decoded, Decoder, Scale};

use crate::{
    check::decode,
    files::real,
    libjpeg, others,
    support::{
        case::Case,
        content::Content,
        dice::Dice,
        reference::{self, Agreement},
    },
};

fn generated() -> impl Iterator<Item = Case> {
    (0..800).map(|seed| Case::any(&mut Dice::seeded(0x7000 + seed)))
}

/// The encoder and the oracle are right: libjpeg, without a warning, sees what the coefficients say.
#[test]
fn libjpeg_agrees_with_the_coefficients() {
    let (mut files, mut full, mut eighth) = (0, Agreement::default(), Agreement::default());
    for case in generated() {
        for (numerator, total) in [(8, &mut full), (1, &mut eighth)] {
            let decoded = libjpeg::planes(&case.file.bytes, numerator).unwrap_or_else(|code| {
                panic!("libjpeg's message {code}: {:?} {:?}", case.encoding.process, case.encoding.scans)
            });
            assert_eq!(decoded.warnings, 0, "{:?} {:?}", case.encoding.process, case.encoding.scans);
            for (index, plane) in decoded.planes.iter().enumerate() {
                // Promoted ones are of another size.
                if plane.numerator == numerator {
                    let expected = reference::plane(&case.picture, index, numerator as usize);
                    assert_eq!((plane.width, plane.height), (expected.width, expected.height));
                    if wraps_around(&expected) {
                        continue;
                    }
                    *total = total.plus(expected.agreement(&plane.samples));
                }
            }
        }
        files += 1;
    }
    println!("libjpeg and the coefficients, {files} files: 8/8 {full}; 1/8 {eighth}");
    assert_eq!(full.different, 0);
    assert_eq!((eighth.within_one, eighth.different), (0, 0));
}

/// libjpeg and this decoder, real files and generated ones: the same at 1/8, within one at 3/8, 6/8 and full size.
#[test]
fn libjpeg_agrees_at_the_scales_that_are_alike() {
    let real = real().into_iter().map(|(_, bytes)| (bytes, None));
    let generated = generated().map(|case| (case.file.bytes, Some(case.picture)));
    let mut found: BTreeMap<u32, Compared> = BTreeMap::new();
    let mut overshot = 0;
    for (bytes, picture) in real.chain(generated) {
        for scale in Scale::ALL {
            let (mut file, numerator) = (Agreement::default(), scale.numerator());
            let theirs = libjpeg::planes(&bytes, numerator).unwrap();
            let ours = decode(&bytes, [scale; 4]).unwrap();
            for (index, (ours, theirs)) in ours.planes.iter().zip(&theirs.planes).enumerate() {
                if theirs.numerator != numerator {
                    continue;
                }
                assert_eq!((ours.width as usize, ours.height as usize), (theirs.width, theirs.height));
                let one = Agreement::of(&ours.samples, &theirs.samples);
                let expected =
                    picture.as_ref().map(|picture| reference::plane(picture, index, numerator as usize));
                if matches!(numerator, 3 | 6 | 8) && expected.is_some_and(|plane| wraps_around(&plane)) {
                    overshot += 1;
                    continue;
                }
                file = file.plus(one);
            }
            found.entry(numerator).or_default().add(file);
        }
    }
    for (numerator, compared) in &found {
        println!("libjpeg at {numerator}/8: {compared}");
    }
    println!("{overshot} components were left out above 2/8, for samples that wrap around in libjpeg");
    // Its transforms to 2 and 4 points drop or fold frequencies in another way (jidctred.c); they are only counted.
    assert_eq!(found[&1].samples.worst, 0);
    for numerator in [3, 6, 8] {
        assert!(found[&numerator].samples.worst <= 1, "{numerator}/8: {}", found[&numerator].samples);
    }
}

/// Also at full size, wherever zune-jpeg reads what libjpeg reads.
#[test]
fn zune_jpeg_agrees_at_full_size() {
    let real = real().into_iter().map(|(_, bytes)| (bytes, true));
    let generated = generated().filter(|case| case.finished).map(|case| (case.file.bytes, false));
    let (mut compared, mut refused) = (Compared::default(), BTreeMap::<String, u32>::new());
    let mut alone = 0;
    for (bytes, is_real) in real.chain(generated) {
        let theirs = match others::zune(&bytes) {
            Ok(theirs) => theirs,
            Err(why) => {
                *refused.entry(why).or_default() += 1;
                continue;
            }
        };
        let (mut file, ours) = (Agreement::default(), decode(&bytes, [Scale::Full; 4]).unwrap());
        assert_eq!(ours.planes.len(), theirs.len());
        for (ours, (width, samples)) in ours.planes.iter().zip(&theirs) {
            assert_eq!(ours.width as usize, *width);
            file = file.plus(Agreement::of(&ours.samples, samples));
        }
        // It loses its place where scans hold some of the components of odd samplings.
        if file.worst > 2 && !is_real {
            libjpeg_is_on_our_side(&bytes, &ours);
            alone += 1;
            continue;
        }
        assert!(file.worst <= 2, "{file}");
        compared.add(file);
    }
    println!(
        "zune-jpeg at 8/8: {compared}; alone against libjpeg and the coefficients: {alone}; refused: {refused:#?}"
    );
    assert!(compared.files > 100, "{} files are no proof", compared.files);
}

/// Where nothing is subsampled, jpeg-decoder's interleaved samples are planes too.
#[test]
fn jpeg_decoder_agrees_where_nothing_is_subsampled() {
    let mut dice = Dice::seeded(0x8000);
    let generated = (0..200).map(|_| {
        let count = dice.pick(&[1, 3]);
        let size = (1 + dice.below(40), 1 + dice.below(40));
        Case::new(size, &vec![(1, 1); count], Content::Camera, &mut dice)
    });
    let mut found: BTreeMap<u32, Compared> = BTreeMap::new();
    let (mut refused, mut alone) = (BTreeMap::<String, u32>::new(), 0);
    for case in generated.filter(|case| case.finished) {
        let bytes = &case.file.bytes;
        let count = Decoder::new(bytes).unwrap().header().components.len();
        for scale in [Scale::Eighth, Scale::Quarter, Scale::Half, Scale::Full] {
            let ours = decode(bytes, [scale; 4]).unwrap();
            let size = (ours.planes[0].width as u16, ours.planes[0].height as u16);
            let theirs = match others::jpeg_decoder(bytes, Some(size)) {
                Ok(theirs) => theirs,
                Err(why) => {
                    *refused.entry(why).or_default() += 1;
                    continue;
                }
            };
            if theirs.len() != count * ours.planes[0].samples.len() {
                *refused.entry("another size".to_owned()).or_default() += 1;
                continue;
            }
            let mut file = Agreement::default();
            for (index, plane) in ours.planes.iter().enumerate() {
                let samples: Vec<u8> = theirs.iter().skip(index).step_by(count).copied().collect();
                file = file.plus(Agreement::of(&plane.samples, &samples));
            }
            // Its samples too wrap around where they overshoot by much.
            if file.worst > 2 && scale == Scale::Full {
                libjpeg_is_on_our_side(bytes, &ours);
                alone += 1;
                continue;
            }
            found.entry(scale.numerator()).or_default().add(file);
        }
    }
    for (numerator, compared) in &found {
        println!("jpeg-decoder at {numerator}/8: {compared}");
    }
    println!("alone at 8/8 against libjpeg: {alone}; left out: {refused:#?}");
    assert!(found[&8].files > 100, "{} files are no proof", found[&8].files);
    for (numerator, compared) in found {
        assert!(compared.samples.worst <= 2, "{numerator}/8: {compared}");
    }
}

/// Whether libjpeg without SIMD wraps samples around instead of clamping them: beyond −384 and 639 (`RANGE_MASK`).
fn wraps_around(plane: &reference::Expected) -> bool {
    plane.overshoots(-384.0, 639.0)
}

/// Where another decoder differs, the one that everybody uses is the judge.
fn libjpeg_is_on_our_side(file: &[u8], ours: &Decoded) {
    let judge = libjpeg::planes(file, 8).unwrap();
    assert_eq!(judge.warnings, 0);
    for (ours, judge) in ours.planes.iter().zip(&judge.planes) {
        // What wraps around in libjpeg is black or white here.
        let alike = |(&ours, &judge): (&u8, &u8)| ours.abs_diff(judge) <= 1 || matches!(ours, 0 | 255);
        assert!(ours.samples.iter().zip(&judge.samples).all(alike));
    }
}

/// Files counted by their worst sample.
#[derive(Default)]
struct Compared {
    files: u32,
    identical: u32,
    within_one: u32,
    samples: Agreement,
}

impl Compared {
    fn add(&mut self, file: Agreement) {
        self.files += 1;
        self.identical += u32::from(file.worst == 0);
        self.within_one += u32::from(file.worst == 1);
        self.samples = self.samples.plus(file);
    }
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { files, identical, within_one, samples } = self;
        let different = files - identical - within_one;
        write!(
            f,
            "{files} files: {identical} identical, {within_one} within ±1, {different} different; samples: {samples}"
        )
    }
}
