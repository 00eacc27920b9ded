//! Damaged scans: the same samples as libjpeg's.

use scaled_jpeg::{Options, Scale};

use crate::{
    check::{decode, decode_with},
    files, libjpeg,
    support::{dice::Dice, encode::File},
};

type Damaging = fn(&File, &mut Dice<'_>) -> Vec<u8>;

const DAMAGES: [(&str, Damaging); 9] = [
    ("bytes replaced", |file, dice| {
        let mut bytes = file.bytes.clone();
        for _ in 0..1 + dice.below(4) {
            let at = place(file, dice);
            bytes[at] = dice.below(256) as u8;
        }
        bytes
    }),
    ("cut off", |file, dice| file.bytes[..place(file, dice)].to_vec()),
    ("cut off, with an end", |file, dice| [&file.bytes[..place(file, dice)], &[0xff, 0xd9]].concat()),
    ("bytes lost", |file, dice| {
        let (at, mut bytes) = (place(file, dice), file.bytes.clone());
        bytes.drain(at..(at + 1 + dice.below(200) as usize).min(bytes.len()));
        bytes
    }),
    ("garbage inserted", |file, dice| {
        let (at, mut bytes) = (place(file, dice), file.bytes.clone());
        let garbage: Vec<u8> = (0..1 + dice.below(60)).map(|_| dice.below(255) as u8).collect();
        bytes.splice(at..at, garbage);
        bytes
    }),
    ("restart marker inserted", |file, dice| {
        let (at, mut bytes) = (place(file, dice), file.bytes.clone());
        bytes.splice(at..at, [0xff, 0xd0 + dice.below(8) as u8]);
        bytes
    }),
    ("restart marker lost or renamed", |file, dice| {
        let mut bytes = file.bytes.clone();
        let scan = file.scans[0].clone();
        let marker = |&at: &usize| bytes[at] == 0xff && (0xd0..=0xd7).contains(&bytes[at + 1]);
        let markers: Vec<usize> = scan.filter(marker).collect();
        if markers.is_empty() {
            return bytes;
        }
        let at = dice.pick(&markers);
        if dice.one_in(2) {
            bytes.drain(at..at + 2);
        } else {
            bytes[at + 1] = 0xd0 + dice.below(8) as u8;
        }
        bytes
    }),
    ("fill bytes", |file, dice| {
        let (at, mut bytes) = (place(file, dice), file.bytes.clone());
        bytes.splice(at..at, vec![0xff; 1 + dice.below(40) as usize]);
        bytes
    }),
    ("a start of image", |file, dice| {
        let (at, mut bytes) = (place(file, dice), file.bytes.clone());
        bytes.splice(at..at, [0xff, 0xd8]);
        bytes
    }),
];

/// A place within the first scan's data.
fn place(file: &File, dice: &mut Dice<'_>) -> usize {
    let scan = file.scans[0].clone();
    scan.start + dice.below(scan.len() as u32) as usize
}

#[test]
fn damaged_scans_show_what_libjpeg_shows() {
    let (mut compared, mut refused, mut different) = (0, 0, Vec::new());
    for seed in 0..1_500 {
        let dice = &mut Dice::seeded(0x10_0000 + seed);
        let restart = dice.pick(&[0, 1, 3, 7]);
        let (_, file) = files::usual((121, 75), seed % 3 == 0, restart, seed);
        let (name, damaging) = dice.pick(&DAMAGES);
        let bytes = damaging(&file, dice);
        for scale in [Scale::Eighth, Scale::ThreeEighths, Scale::Full] {
            // What libjpeg refuses is decoded here as far as it goes.
            let Ok(theirs) = libjpeg::planes(&bytes, scale.numerator()) else {
                refused += 1;
                continue;
            };
            let ours = decode(&bytes, [scale; 4]).unwrap();
            let two = Options { threads: 2, ..Options::default() };
            assert_eq!(ours, decode_with(&bytes, [scale; 4], two).unwrap());
            let (mut samples, mut wrong) = (0, 0);
            for (ours, theirs) in ours.planes.iter().zip(&theirs.planes) {
                if theirs.numerator != scale.numerator() {
                    continue;
                }
                samples += ours.samples.len();
                // Where wild coefficients overflow, libjpeg without SIMD wraps around and this clamps.
                let alike =
                    |(&ours, &theirs): (&u8, &u8)| ours.abs_diff(theirs) <= 1 || matches!(ours, 0 | 255);
                wrong += ours.samples.iter().zip(&theirs.samples).filter(|&pair| !alike(pair)).count();
            }
            compared += 1;
            // Where bytes changed, libjpeg also warns of data that no MCU needs, which harm nothing.
            if name.starts_with("cut") {
                assert!(theirs.warnings == 0 || ours.damage.is_some(), "{name}, seed {seed}");
            }
            if wrong > 0 {
                different
                    .push(format!("{name}, seed {seed}, restart {restart}, {scale:?}: {wrong} of {samples}"));
            }
        }
    }
    println!("{compared} damaged files compared, {refused} refused by libjpeg, {} differ", different.len());
    for line in different.iter().take(20) {
        println!("  {line}");
    }
    assert!(compared > 4_000 && different.is_empty(), "{compared}: {different:#?}");
}
