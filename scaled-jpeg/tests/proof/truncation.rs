//! Files that end too early.

use scaled_jpeg::{Decoder, OnDamage, Options, Plane, Scale};

use crate::{
    check::{agreement, decode, decode_with},
    files,
    support::{dice::Dice, picture::Picture, script},
};

/// Of baseline files, every MCU that lies before the cut is as in the whole file, every one behind it is grey.
#[test]
fn what_lies_before_the_cut_is_whole() {
    let mut dice = Dice::seeded(0x9000);
    for seed in 0..12 {
        let size = (40 + dice.below(120), 40 + dice.below(120));
        let restart = dice.pick(&[0, 0, 3, 5]);
        let (picture, file) = files::usual(size, false, restart, seed);
        let order = picture.order(&[0, 1, 2]);
        for _ in 0..12 {
            let scan = file.scans[0].clone();
            let cut = scan.start + dice.below(scan.len() as u32 - 2) as usize;
            let scales = [dice.pick(&Scale::ALL); 4];
            let whole = decode(&file.bytes, scales).unwrap();
            let exact: Box<[u8]> = file.bytes[..cut].into();
            let decoded = decode(&exact, scales).unwrap();
            let damage = decoded.damage.as_ref().expect("a cut is damage");
            assert!(!damage.what.is_empty());

            // The last bits of an MCU may lie in the byte in which the next begins.
            let before = file.mcus[0].iter().skip(1).take_while(|&&next| next + 2 <= cut).count();
            let share = before as f64 / order.len() as f64;
            assert!(
                damage.decoded >= share - 1e-9 && damage.decoded <= share + 3.0 / order.len() as f64,
                "{} of the blocks are said to be decoded, {share} are",
                damage.decoded
            );
            for (number, mcu) in order.iter().enumerate() {
                for &(component, at) in mcu {
                    let found = tile(&picture, &decoded.planes, component, at, scales[component]);
                    if number < before {
                        let expected = tile(&picture, &whole.planes, component, at, scales[component]);
                        assert_eq!(found, expected, "MCU {number} of {before} before the cut");
                    } else if number > before + 1 {
                        assert!(
                            found.iter().all(|&sample| sample == 128),
                            "MCU {number}, {before} are there"
                        );
                    }
                }
            }
        }
    }
}

/// Of progressive files cut between scans, the planes are those of the scans that are there.
#[test]
fn scans_before_the_cut_are_all_there() {
    for seed in 0..6 {
        let (picture, file) = files::usual((90, 70), true, if seed % 2 == 0 { 0 } else { 4 }, seed);
        let scans = script::common(&picture);
        for (count, scan) in (1..).zip(&file.scans) {
            let known = script::known(&picture, &scans[..count]);
            let decoded = decode(&file.bytes[..scan.end], [Scale::Full; 4]).unwrap();
            for found in agreement(&known, &decoded, [Scale::Full; 4]) {
                assert_eq!(found.different, 0, "after {count} scans: {found}");
            }
            assert!(count == scans.len() || decoded.damage.is_some(), "{count} of {} scans", scans.len());
        }
    }
}

/// Cut within a scan, the scans before it count, and what it says before the cut.
#[test]
fn a_progressive_file_cut_anywhere_is_no_worse_than_the_scans_before() {
    let mut dice = Dice::seeded(0xa000);
    let (picture, file) = files::usual((120, 90), true, 0, 3);
    let scans = script::common(&picture);
    for count in 1..scans.len() {
        let scan = file.scans[count].clone();
        let cut = scan.start + dice.below(scan.len() as u32) as usize;
        let decoded = decode(&file.bytes[..cut], [Scale::Full; 4]).unwrap();
        assert!(decoded.damage.is_some());
        let before = decode(&file.bytes[..file.scans[count - 1].end], [Scale::Full; 4]).unwrap();
        let after = decode(&file.bytes[..scan.end], [Scale::Full; 4]).unwrap();
        let mut neither = 0;
        for ((found, before), after) in decoded.planes.iter().zip(&before.planes).zip(&after.planes) {
            let pairs = before.samples.iter().zip(&after.samples);
            neither += found.samples.iter().zip(pairs).filter(|&(s, (b, a))| s != b && s != a).count();
        }
        // The block in which it ends may be half refined.
        assert!(neither <= 64, "{neither} samples are neither the last scan's nor this one's");
    }
}

#[test]
fn files_without_a_block_are_errors_or_gray_behind_the_first_mcu() {
    let (_, file) = files::usual((33, 17), false, 0, 1);
    for cut in 0..=file.scans[0].start {
        let exact: Box<[u8]> = file.bytes[..cut].into();
        if let Ok(decoded) = decode(&exact, [Scale::Full; 4]) {
            assert!(decoded.damage.is_some_and(|damage| damage.decoded == 0.0), "cut at {cut}");
            // As in libjpeg, the first MCU is decoded as if zeros followed: of each plane, 16 × 16 samples at most.
            for plane in &decoded.planes {
                let gray = |row: &[u8], from: usize| row[from..].iter().all(|&sample| sample == 128);
                let mut rows = plane.samples.chunks(plane.width as usize).enumerate();
                assert!(
                    rows.all(|(y, row)| gray(row, if y < 16 { 16.min(row.len()) } else { 0 })),
                    "cut at {cut}"
                );
            }
        }
    }
}

#[test]
fn a_cut_is_an_error_where_damage_is_one() {
    let (_, file) = files::usual((64, 64), false, 0, 2);
    let cut = &file.bytes[..file.scans[0].start + file.scans[0].len() / 2];
    let options = Options { damage: OnDamage::Fail, ..Options::default() };
    let error = decode_with(cut, [Scale::Half; 4], options.clone()).unwrap_err();
    assert!(matches!(error, scaled_jpeg::Error::Damaged(_)), "{error}");
    assert!(decode_with(&file.bytes, [Scale::Half; 4], options).is_ok());
}

/// The header does not need the picture.
#[test]
fn a_header_is_read_of_a_cut_file() {
    let (_, file) = files::usual((64, 48), true, 0, 2);
    let decoder = Decoder::new(&file.bytes[..file.scans[0].start]).unwrap();
    assert_eq!((decoder.header().width, decoder.header().height), (64, 48));
}

/// The samples of a block, as far as they are within the plane.
pub(crate) fn tile(
    picture: &Picture,
    planes: &[Plane],
    component: usize,
    at: usize,
    scale: Scale,
) -> Vec<u8> {
    let (plane, n) = (&planes[component], scale.numerator() as usize);
    let across = picture.components[component].across;
    let (left, top) = (at % across * n, at / across * n);
    let (width, height) = (plane.width as usize, plane.height as usize);
    let rows = top.min(height)..(top + n).min(height);
    let columns = left.min(width)..(left + n).min(width);
    rows.flat_map(|y| &plane.samples[y * width..][columns.clone()]).copied().collect()
}
