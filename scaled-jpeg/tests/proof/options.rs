//! Limits, threads, and being stopped.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use scaled_jpeg::{Error, Options, Scale};

use crate::{
    check::{agreement, decode, decode_with},
    files,
    oracle::COMMON,
    support::{
        case::Case,
        content::{self, Content},
        dice::Dice,
        encode::{Encoding, Process, encode},
        picture::Picture,
        script,
    },
};

#[test]
fn any_number_of_threads_gives_the_same() {
    let mut files: Vec<Vec<u8>> = vec![
        files::usual((2_000, 1_500), false, 0, 1).1.bytes,
        files::usual((2_000, 1_500), false, 125, 1).1.bytes,
        files::usual((2_000, 1_500), false, 7, 1).1.bytes,
        files::usual((1_100, 900), true, 0, 1).1.bytes,
        files::usual((1_100, 900), true, 11, 1).1.bytes,
    ];
    files.extend((0..60).map(|seed| Case::any(&mut Dice::seeded(0x11_0000 + seed)).file.bytes));
    for (index, file) in files.iter().enumerate() {
        for scale in [Scale::Eighth, Scale::Half, Scale::Full] {
            let of =
                |threads| decode_with(file, [scale; 4], Options { threads, ..Options::default() }).unwrap();
            let one = of(1);
            for threads in [0, 2, 3, 8] {
                let more = of(threads);
                assert!(one.planes == more.planes, "file {index}, {threads} threads, {scale:?}");
                assert_eq!(one.damage, more.damage, "file {index}, {threads} threads, {scale:?}");
            }
        }
    }
}

/// Scans without restart markers are long enough here that threads may share one.
#[test]
fn any_sampling_is_shared_by_threads() {
    for (seed, factors) in (0..).zip(COMMON) {
        let dice = &mut Dice::seeded(0x13_0000 + seed);
        let blocks =
            factors.iter().map(|&(horizontal, vertical)| u32::from(horizontal) * u32::from(vertical));
        let (across, down) =
            (factors.iter().map(|f| f.0).max().unwrap(), factors.iter().map(|f| f.1).max().unwrap());
        // As many blocks whatever the sampling, and sides that leave remainders.
        let mcus = (80_000.0 / f64::from(blocks.sum::<u32>())).sqrt() as u32;
        let size = (8 * mcus * u32::from(across) - 3, 8 * mcus * u32::from(down) - 5);
        let mut picture = Picture::grey(size.0, size.1, factors);
        content::fill(&mut picture, Content::Camera, false, dice);
        let scans = script::usual(&picture);
        let file = encode(&picture, &Encoding::new(Process::Baseline, scans, &picture)).bytes;
        assert!(file.len() > 400_000, "{} bytes are too few for two threads", file.len());
        for scale in [Scale::Eighth, dice.pick(&Scale::ALL), Scale::Full] {
            let of =
                |threads| decode_with(&file, [scale; 4], Options { threads, ..Options::default() }).unwrap();
            let (one, two) = (of(1), of(2));
            assert!(one == two, "{factors:?} at {scale:?}: {:?} and {:?}", one.damage, two.damage);
            for found in agreement(&picture, &two, [scale; 4]) {
                assert!(found.worst <= 1, "{factors:?} at {scale:?}: {found}");
            }
        }
    }
}

/// Also of damaged files.
#[test]
fn any_number_of_threads_finds_the_same_damage() {
    let mut dice = Dice::seeded(0x12_0000);
    for seed in 0..10 {
        let (_, file) = files::usual((2_000, 1_500), false, dice.pick(&[0, 0, 125]), seed);
        let mut bytes = file.bytes;
        for _ in 0..1 + dice.below(5) {
            let at = file.scans[0].start + dice.below(file.scans[0].len() as u32) as usize;
            bytes[at] ^= 1 << dice.below(8);
        }
        if dice.one_in(2) {
            bytes.truncate(bytes.len() - dice.below(bytes.len() as u32 / 4) as usize);
        }
        let of = |threads| {
            decode_with(&bytes, [Scale::Half; 4], Options { threads, ..Options::default() }).unwrap()
        };
        let (one, two) = (of(1), of(2));
        assert!(one.planes == two.planes, "file {seed}: {:?} and {:?}", one.damage, two.damage);
        assert_eq!(one.damage.is_some(), two.damage.is_some());
    }
}

#[test]
fn what_would_take_more_memory_is_refused_before() {
    for progressive in [false, true] {
        let (_, file) = files::usual((600, 400), progressive, 0, 1);
        for scale in Scale::ALL {
            let with =
                |memory| decode_with(&file.bytes, [scale; 4], Options { memory, ..Options::default() });
            let Err(Error::TooLarge { needed, allowed }) = with(1) else { panic!("one byte is enough") };
            assert_eq!(allowed, 1);
            let planes: usize =
                decode(&file.bytes, [scale; 4]).unwrap().planes.iter().map(|p| p.samples.len()).sum();
            assert!(needed >= planes as u64, "{needed} bytes for {planes} samples");
            assert!(with(needed).is_ok(), "{needed} bytes were said to be enough");
            assert!(matches!(with(needed - 1), Err(Error::TooLarge { .. })));
        }
    }
}

/// A progressive file keeps the coefficients that its scale needs, not all.
#[test]
fn a_small_scale_of_a_progressive_file_takes_little_memory() {
    let (_, file) = files::usual((1_200, 800), true, 0, 1);
    let needed =
        |scale| match decode_with(&file.bytes, [scale; 4], Options { memory: 1, ..Options::default() }) {
            Err(Error::TooLarge { needed, .. }) => needed,
            other => panic!("{:?}", other.map(|decoded| decoded.damage)),
        };
    let needed = Scale::ALL.map(needed);
    println!("1200 × 800, progressive, 4:2:0, by scale: {needed:?} bytes");
    assert!(needed.is_sorted());
    assert!(needed[0] * 8 < needed[5] && needed[3] * 2 < needed[5], "{needed:?}");
}

#[test]
fn a_decoder_can_be_stopped() {
    for progressive in [false, true] {
        let (_, file) = files::usual((800, 600), progressive, 0, 1);
        for scale in Scale::ALL {
            for after in [0, 1] {
                let asked = Arc::new(AtomicU32::new(0));
                let counter = Arc::clone(&asked);
                let cancel = Arc::new(move || counter.fetch_add(1, Relaxed) >= after);
                let options = Options { cancel: Some(cancel), ..Options::default() };
                assert_eq!(decode_with(&file.bytes, [scale; 4], options).err(), Some(Error::Cancelled));
                assert!(asked.load(Relaxed) > after);
            }
        }
    }
}

#[test]
fn a_file_of_thousands_of_scans_is_not_walked_through() {
    let broken = fixtures::broken();
    let file = broken.iter().find(|file| file.name == "thousands-of-scans.jpg").unwrap();
    let options = Options { max_scans: 64, ..Options::default() };
    let decoded = decode_with(&file.bytes, [Scale::Full; 4], options);
    assert!(decoded.is_err() || decoded.is_ok_and(|decoded| decoded.damage.is_some()));
}

#[test]
fn as_many_scans_as_allowed_are_decoded() {
    let (picture, file) = files::usual((64, 64), true, 0, 1);
    let scans = crate::support::script::common(&picture).len() as u32;
    let with =
        |max_scans| decode_with(&file.bytes, [Scale::Full; 4], Options { max_scans, ..Options::default() });
    assert!(with(scans).unwrap().damage.is_none());
    assert!(with(scans - 1).map_or(true, |decoded| decoded.damage.is_some()));
}
