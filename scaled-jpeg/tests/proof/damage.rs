//! A thousand damaged files: planes of the announced size or an error, never a panic.

use std::collections::BTreeMap;

use scaled_jpeg::{Decoder, Error, OnDamage, Options, Scale};

use crate::{
    check::{decode, decode_with},
    files,
    support::{
        case::Case,
        content::Content,
        dice::Dice,
        encode::{Encoding, Process, encode},
        script,
    },
};

const FILES: u64 = 1_000;

#[test]
fn a_thousand_damaged_files_are_survived() {
    let mut real = files::real();
    real.retain(|(_, bytes)| bytes.len() < 60_000);
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for seed in 0..FILES {
        let dice = &mut Dice::seeded(0xf_0000 + seed);
        let bytes = match seed % 4 {
            0 => real[seed as usize / 4 % real.len()].1.clone(),
            1 => files::usual((100, 80), true, dice.pick(&[0, 5]), seed).1.bytes,
            2 => files::usual((100, 80), false, dice.pick(&[0, 5]), seed).1.bytes,
            _ => Case::any(dice).file.bytes,
        };
        let kind = dice.pick(&DAMAGES);
        // Boxed, so that the slice ends where the allocation does.
        let damaged = kind.1(bytes, dice).into_boxed_slice();
        let scales = std::array::from_fn(|_| dice.pick(&Scale::ALL));
        *counts.entry((kind.0, outcome(&damaged, scales))).or_default() += 1;
    }
    println!("{FILES} damaged files: {counts:#?}");
    assert_eq!(counts.values().sum::<u32>(), FILES as u32);
}

/// Rows of MCUs in which data were no code do not count, the others do.
#[test]
fn the_share_tells_a_wrong_byte_from_noise() {
    let mut shares = Vec::new();
    for seed in 0..12 {
        let dice = &mut Dice::seeded(0x11_0000 + seed);
        let (_, file) = files::usual((400, 320), false, 0, seed);
        let scan = file.scans[0].clone();
        let mut wrong = file.bytes.clone();
        // Five codes of ones, which no table has.
        wrong[scan.start + scan.len() / 4..][..10].copy_from_slice(&[0xff, 0].repeat(5));
        let wrong = decode(&wrong, [Scale::Eighth; 4]).unwrap().damage.unwrap();
        let mut noise = file.bytes.clone();
        for byte in &mut noise[scan.start + scan.len() / 8..scan.end] {
            *byte = dice.below(255) as u8;
        }
        let noise = decode(&noise, [Scale::Eighth; 4]).unwrap().damage.unwrap();
        shares.push((wrong.decoded, noise.decoded));
    }
    assert!(shares.iter().all(|&(wrong, noise)| wrong > 0.7 && noise < 0.5 && wrong < 1.0), "{shares:?}");
}

/// Decodes a file both ways, checks that they agree, and says what came of it.
fn outcome(file: &[u8], scales: [Scale; 4]) -> &'static str {
    let strict = Options { damage: OnDamage::Fail, ..Options::default() };
    let strict = decode_with(file, scales, strict);
    match decode(file, scales) {
        Ok(decoded) => {
            let header = Decoder::new(file).unwrap().header().clone();
            assert_eq!(decoded.planes.len(), header.components.len());
            for ((plane, component), scale) in decoded.planes.iter().zip(&header.components).zip(scales) {
                let size = (scale.of(component.width), scale.of(component.height));
                assert_eq!((plane.width, plane.height), size);
                assert_eq!(plane.samples.len(), plane.width as usize * plane.height as usize);
            }
            match decoded.damage {
                Some(damage) => {
                    assert!((0.0..=1.0).contains(&damage.decoded), "{}", damage.decoded);
                    assert!(
                        !damage.what.is_empty() && !damage.what.contains("is damaged"),
                        "{}",
                        damage.what
                    );
                    assert!(matches!(strict, Err(Error::Damaged(_))), "{strict:?} but {damage:?}");
                    "kept, flagged"
                }
                None => {
                    assert!(strict.is_ok_and(|strict| strict.planes == decoded.planes));
                    "not noticed"
                }
            }
        }
        Err(error) => {
            assert_eq!(strict.unwrap_err(), error);
            assert!(!error.to_string().is_empty());
            match error {
                Error::Damaged(_) => "refused as damaged",
                Error::Unsupported(_) => "refused as unsupported",
                Error::TooLarge { .. } => "refused as too large",
                Error::Cancelled => panic!("nobody cancelled"),
            }
        }
    }
}

type Damaging = fn(Vec<u8>, &mut Dice<'_>) -> Vec<u8>;

const DAMAGES: [(&str, Damaging); 8] = [
    ("cut off", |bytes, dice| bytes[..dice.below(bytes.len() as u32) as usize].to_vec()),
    ("one bit flipped", |bytes, dice| flipped(bytes, 1, dice)),
    ("bits flipped", |bytes, dice| flipped(bytes, 40, dice)),
    ("marker inserted", |mut bytes, dice| {
        let at = dice.below(bytes.len() as u32) as usize;
        bytes.splice(at..at, [0xff, 0xc0 + dice.below(64) as u8]);
        bytes
    }),
    ("bytes lost", |mut bytes, dice| {
        let at = dice.below(bytes.len() as u32) as usize;
        let end = (at + 1 + dice.below(300) as usize).min(bytes.len());
        bytes.drain(at..end);
        bytes
    }),
    ("bytes doubled", |mut bytes, dice| {
        let at = dice.below(bytes.len() as u32) as usize;
        let end = (at + 1 + dice.below(300) as usize).min(bytes.len());
        bytes.splice(at..at, bytes[at..end].to_vec());
        bytes
    }),
    ("zeros", |mut bytes, dice| {
        let at = dice.below(bytes.len() as u32) as usize;
        let end = (at + 1 + dice.below(300) as usize).min(bytes.len());
        bytes[at..end].fill(0);
        bytes
    }),
    ("two files spliced", |mut bytes, dice| {
        let other = Case::new((30, 20), &[(2, 1), (1, 1), (1, 1)], Content::Camera, dice).file.bytes;
        bytes.truncate(dice.below(bytes.len() as u32) as usize);
        bytes.extend_from_slice(&other[dice.below(other.len() as u32) as usize..]);
        bytes
    }),
];

fn flipped(mut bytes: Vec<u8>, times: usize, dice: &mut Dice<'_>) -> Vec<u8> {
    for _ in 0..times {
        let at = dice.below(bytes.len() as u32) as usize;
        bytes[at] ^= 1 << dice.below(8);
    }
    bytes
}

/// What the fixtures call broken, which is of the kinds that are met in the wild.
#[test]
fn broken_fixtures_are_survived() {
    for file in fixtures::broken() {
        for scale in Scale::ALL {
            // Those that claim to be huge are refused for it.
            let options = Options { memory: 64 << 20, ..Options::default() };
            let decoded = decode_with(&file.bytes, [scale; 4], options);
            if file.name.starts_with("progressive-truncated") || file.name.starts_with("truncated-last") {
                let damage = decoded.unwrap().damage;
                assert!(scale == Scale::Eighth || damage.is_some(), "{} at {scale:?}", file.name);
            }
        }
    }
}

/// What the first scan showed is kept where a later one lacks its table.
#[test]
fn a_later_scan_without_its_table_is_damage() {
    let (picture, _) = files::usual((40, 24), true, 0, 1);
    // Each component's first scan by a table of its own, the last of which is then taken out.
    let mut scans = script::common(&picture);
    scans.truncate(1);
    scans[0].components = vec![0];
    for component in 1..3 {
        scans.push(script::Scan { components: vec![component], ..scans[0].clone() });
    }
    let mut encoding = Encoding::new(Process::Progressive, scans, &picture);
    encoding.slots = vec![(0, 0), (1, 1), (2, 2)];
    let file = encode(&picture, &encoding);
    let whole = decode(&file.bytes, [Scale::Eighth; 4]).unwrap();
    assert_eq!(whole.damage, None);
    let mut bytes = file.bytes;
    let table = bytes.windows(5).rposition(|bytes| bytes[..2] == [0xff, 0xc4] && bytes[4] == 2).unwrap();
    // An application's segment instead.
    bytes[table + 1] = 0xef;
    let decoded = decode(&bytes, [Scale::Eighth; 4]).unwrap();
    assert_eq!(decoded.planes[..2], whole.planes[..2]);
    assert!(decoded.planes[2].samples.iter().all(|&sample| sample == 128));
    let damage = decoded.damage.unwrap();
    assert!(damage.decoded > 0.5 && damage.decoded < 1.0, "{damage:?}");
}
