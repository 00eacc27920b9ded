//! Other decoders: they understand the generated files as their coefficients say, and real files as this one does.

use std::collections::BTreeMap;

use scaled_jpeg::{Decoder, Scale};

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
        // Seven times 4,3 samples an MCU are beyond its limits of no standard (`D_MAX_BLOCKS_IN_MCU` is one).
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

/// libjpeg and this decoder, real files and generated ones: the same at 1/8, within one at full size.
#[test]
fn libjpeg_agrees_at_the_scales_that_are_alike() {
    let real = real().into_iter().map(|(_, bytes)| bytes);
    let generated = generated().filter(|case| case.finished).map(|case| case.file.bytes);
    let mut found: BTreeMap<u32, Compared> = BTreeMap::new();
    for bytes in real.chain(generated) {
        for scale in Scale::ALL {
            let (mut file, numerator) = (Agreement::default(), scale.numerator());
            let theirs = libjpeg::planes(&bytes, numerator).unwrap();
            let ours = decode(&bytes, [scale; 4]).unwrap();
            for (ours, theirs) in ours.planes.iter().zip(&theirs.planes) {
                if theirs.numerator == numerator {
                    assert_eq!((ours.width as usize, ours.height as usize), (theirs.width, theirs.height));
                    file = file.plus(Agreement::of(&ours.samples, &theirs.samples));
                }
            }
            found.entry(numerator).or_default().add(file);
        }
    }
    for (numerator, compared) in &found {
        println!("libjpeg at {numerator}/8: {compared}");
    }
    // Its transforms to 2 and 4 points drop or fold frequencies in another way (jidctred.c); they are only counted.
    assert_eq!(found[&1].samples.worst, 0);
    for numerator in [3, 6, 8] {
        assert!(found[&numerator].samples.worst <= 1, "{numerator}/8: {}", found[&numerator].samples.worst);
    }
}

#[test]
fn zune_jpeg_agrees_at_full_size() {
    let real = real().into_iter().map(|(_, bytes)| bytes);
    let generated = generated().filter(|case| case.finished).map(|case| case.file.bytes);
    let (mut compared, mut refused) = (Compared::default(), BTreeMap::<String, u32>::new());
    for bytes in real.chain(generated) {
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
        compared.add(file);
    }
    println!("zune-jpeg at 8/8: {compared}; refused: {refused:#?}");
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
    let mut refused = BTreeMap::<String, u32>::new();
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
            let mut file = Agreement::default();
            for (index, plane) in ours.planes.iter().enumerate() {
                let samples: Vec<u8> = theirs.iter().skip(index).step_by(count).copied().collect();
                file = file.plus(Agreement::of(&plane.samples, &samples));
            }
            found.entry(scale.numerator()).or_default().add(file);
        }
    }
    for (numerator, compared) in &found {
        println!("jpeg-decoder at {numerator}/8: {compared}");
    }
    println!("refused: {refused:#?}");
    assert!(found[&8].files > 100, "{} files are no proof", found[&8].files);
    assert!(found[&8].samples.worst <= 2);
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
