//! Whatever the bytes: an answer, no panic, and no range beyond the file.

use image_header::{Limits, Profile, Rejection, SourceInfo};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::build::tiff::{Entry, Order, with};
use crate::build::{jpeg, png, webp};
use crate::probe;

/// Valid files that between them reach every parser's every part.
fn seeds() -> Vec<Vec<u8>> {
    let little = Order::Little.exif(6, 2, b"R03\0");
    let big = Order::Big.exif(8, 4, b"R98\0");
    let tiff = |order: Order| {
        let entries = with(order.picture(2, &[8; 4]), order.short(338, 2));
        order.file(&with(with(entries, Entry(34675, 7, 7, b"profile".to_vec())), order.long(0x8825, 8)))
    };
    vec![
        jpeg::plain(),
        jpeg::file(&[
            jpeg::exif(&little),
            jpeg::icc(2, 2, b"second"),
            jpeg::icc(1, 2, b"first"),
            jpeg::adobe(2),
            jpeg::frame(0xC2, 8, 9, 9, &[(1, 0x22), (2, 0x11), (3, 0x11), (4, 0x22)]),
            jpeg::scan(),
        ]),
        png::file(
            png::ihdr(9, 7, 8, 3, 1),
            &[
                png::chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
                png::chunk(b"cHRM", &[1; 32]),
                png::chunk(b"iCCP", b"name\0\0stream"),
                png::chunk(b"PLTE", &[3; 6]),
                png::chunk(b"tRNS", &[0]),
                png::chunk(b"eXIf", &big),
            ],
        ),
        webp::file(&[webp::vp8l(9, 7, true)]),
        webp::file(&[
            webp::vp8x(0x2E, 9, 7),
            webp::chunk(b"ICCP", b"profile"),
            webp::anmf(2, 2, 4, 4, &[webp::chunk(b"ALPH", b"a"), webp::vp8(4, 4)]),
            webp::anmf(0, 0, 9, 7, &[webp::vp8l(9, 7, false)]),
            webp::chunk(b"EXIF", &little),
        ]),
        b"GIF89a\x0A\0\x06\0\x80\0\0\0\0\0\xFF\xFF\xFF\x21\xF9\x04\x01\0\0\0\0\x2C\0\0\0\0\x0A\0\x06\0\x80\x01\x02\x03\x04\x05\x06\x02\x02\x01\x02\0\x3B".to_vec(),
        tiff(Order::Little),
        tiff(Order::Big),
    ]
}

fn assert_within(bytes: &[u8], answer: &Result<SourceInfo, Rejection>) -> Result<(), TestCaseError> {
    let Ok(info) = answer else { return Ok(()) };
    let ranges = match &info.profile {
        Profile::None => Vec::new(),
        Profile::Ranges(ranges) => ranges.clone(),
        Profile::Deflated(range) => vec![range.clone()],
    };
    for range in ranges {
        prop_assert!(!range.is_empty() && bytes.get(range).is_some());
    }
    let limits = Limits::default();
    prop_assert!(info.width > 0 && info.height > 0 && info.frames > 0);
    prop_assert!(u64::from(info.width) * u64::from(info.height) <= limits.pixels);
    prop_assert!(matches!(info.bits_per_sample, 1 | 2 | 4 | 8 | 16));
    prop_assert!(info.notes.len() < 8);
    Ok(())
}

#[test]
fn the_seeds_are_accepted() {
    for seed in seeds() {
        probe(&seed).unwrap();
    }
}

#[test]
fn every_truncation_and_every_changed_byte_is_answered() {
    for seed in seeds() {
        for len in 0..seed.len() {
            assert_within(&seed[..len], &probe(&seed[..len])).unwrap();
        }
        let mut bytes = seed.clone();
        for at in 0..seed.len() {
            for value in [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF] {
                bytes[at] = value;
                assert_within(&bytes, &probe(&bytes)).unwrap();
            }
            bytes[at] = seed[at];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, rng_seed: RngSeed::Fixed(9649), ..ProptestConfig::default() })]

    #[test]
    fn mutations_are_answered_and_alike_each_time(
        seed in prop::sample::select(seeds()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), Just(0), Just(0xFF)]), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        tail in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = seed;
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(tail);
        let answer = probe(&bytes);
        assert_within(&bytes, &answer)?;
        prop_assert_eq!(probe(&bytes), answer);
    }

    #[test]
    fn noise_behind_a_magic_number_is_answered(
        seed in prop::sample::select(seeds()),
        kept in 2_usize..40,
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let bytes = [&seed[..kept.min(seed.len())], &noise].concat();
        assert_within(&bytes, &probe(&bytes))?;
    }

    #[test]
    fn noise_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        assert_within(&bytes, &probe(&bytes))?;
    }
}
