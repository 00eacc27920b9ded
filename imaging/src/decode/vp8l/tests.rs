#![allow(clippy::unwrap_used)]

use fixtures::{Raster, pixels, webp};
use proptest::prelude::*;
use webpx::{Encoder, Unstoppable};

use super::writer::{Bomb, Writer};
use super::*;

/// 4 KiB a table and the rest, five to a group.
const TEN_BITS: u64 = 5 * (4096 + 64) + GROUP_BYTES;

#[test]
fn groups_that_no_pixel_uses_are_counted() {
    for groups in [1, 2, 256, 257, 4096, 65_536] {
        let bomb = Bomb { groups, longest: 10, cache: 0 };
        let survey = Survey::of_chunk(&bomb.chunk(), 0).unwrap();
        let small = ENTROPY_PIXEL_BYTES + GROUP_BYTES;
        assert_eq!(survey, Survey { groups: u64::from(groups), bytes: u64::from(groups) * TEN_BITS + small });
    }
}

#[test]
fn bombs_are_refused_and_modest_streams_are_not() {
    let bomb = Bomb { groups: 65_536, longest: 10, cache: 0 };
    let limit = |result| matches!(result, Err(Rejection::LimitExceeded { .. }));
    assert!(limit(check(&bomb.chunk(), 1 << 30)));
    assert!(limit(check_alpha(&bomb.alpha(), 4, 4, 1 << 30)));
    assert_eq!(check(&bomb.chunk(), 2 << 30), Ok(()));
    assert_eq!(check(&Bomb { groups: 1000, ..bomb }.chunk(), 1 << 30), Ok(()));
}

#[test]
fn the_most_is_never_less_than_what_is_there() {
    for (longest, cache) in [(8, 0), (10, 0), (13, 6), (15, 11)] {
        let chunk = Bomb { groups: 3, longest, cache }.chunk();
        let most = Survey::of_chunk(&chunk, u64::MAX).unwrap();
        let exactly = Survey::of_chunk(&chunk, 0).unwrap();
        assert_eq!(most.groups, exactly.groups);
        assert!(exactly.bytes <= most.bytes, "{exactly:?} {most:?}");
    }
}

#[test]
fn what_breaks_off_or_is_none_is_damaged() {
    let chunk = Bomb { groups: 3, longest: 12, cache: 4 }.chunk();
    for len in 0..chunk.len() {
        assert!(matches!(check(&chunk[..len], 0), Err(Rejection::Damaged { .. })), "{len} bytes");
    }
    let twice = Writer::default().put(0b101, 3).put(0b101, 3).put(0, 32).finish();
    assert!(matches!(check_alpha(&twice, 4, 4, u64::MAX), Err(Rejection::Damaged { .. })));
}

/// The payloads of the chunks that hold lossless streams; of alpha without its first byte.
fn streams(file: &[u8]) -> Vec<(bool, &[u8])> {
    let mut found = Vec::new();
    let mut at = 12;
    while let Some(header) = file.get(at..at + 8) {
        let len = u32::from_le_bytes(header[4..].try_into().unwrap()) as usize;
        let data = &file[at + 8..at + 8 + len];
        match &header[..4] {
            b"VP8L" => found.push((false, data)),
            b"ALPH" if data[0] & 3 == 1 => found.push((true, &data[1..])),
            // A frame's chunks follow its header.
            b"ANMF" => {
                at += 8 + 16;
                continue;
            }
            _ => {}
        }
        at += 8 + len.next_multiple_of(2);
    }
    found
}

fn survey(raster: &Raster<u8>, stream: (bool, &[u8]), budget: u64) -> Survey {
    match stream {
        (true, data) => Survey::of_stream(Bits::new(data), raster.width, raster.height, budget),
        (false, data) => Survey::of_chunk(data, budget),
    }
    .unwrap()
}

fn faded(raster: &Raster<u8>) -> Raster<u8> {
    raster.with_alpha(|x, y| ((x * 7) ^ (y * 3)) as f32 / 2048.0)
}

#[test]
fn what_libwebp_writes_is_modest() {
    let pictures = [
        pixels::camera_like(640, 480, 3),
        faded(&pixels::camera_like(200, 150, 4)),
        pixels::color_patches(333, 217),
        faded(&pixels::color_patches(90, 61)),
        pixels::quadrants(50, 50),
        pixels::solid(1, 1, &[1, 2, 3]),
    ];
    let mut most_groups = 0;
    for raster in &pictures {
        for (method, quality, lossless) in
            [(0, 0.0, true), (3, 50.0, true), (4, 75.0, true), (6, 90.0, true), (4, 75.0, false)]
        {
            let encoder = match raster.channels {
                3 => Encoder::new_rgb(&raster.samples, raster.width, raster.height),
                _ => Encoder::new_rgba(&raster.samples, raster.width, raster.height),
            };
            let encoder = encoder.method(method).quality(quality).lossless(lossless);
            let file = encoder.encode(Unstoppable).unwrap();
            let found = streams(&file);
            assert_eq!(found.len(), usize::from(lossless || raster.channels == 4));
            for stream in found {
                // The exact count reads all codes: each must be one.
                let (most, exactly) = (survey(raster, stream, u64::MAX), survey(raster, stream, 0));
                assert!(exactly.bytes <= most.bytes, "{exactly:?} {most:?}");
                assert!(most.groups < 2600 && exactly.bytes < 48 << 20, "{exactly:?} {most:?}");
                most_groups = most_groups.max(most.groups);
            }
        }
    }
    assert!(most_groups > 4, "no picture here has an entropy image");
}

#[test]
fn lossless_fixtures_pass() {
    let mut passed = 0;
    for kind in fixtures::every_kind().iter().filter(|kind| kind.name.starts_with("webp")) {
        for (alpha, data) in streams(&kind.bytes) {
            let result = match alpha {
                true => check_alpha(data, kind.width, kind.height, 1 << 20),
                false => check(data, 1 << 20),
            };
            assert_eq!(result, Ok(()), "{}", kind.name);
            passed += 1;
        }
    }
    assert!(passed >= 8, "{passed} streams");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_survived(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        early in 5_usize..400,
        keep in 0.1_f64..1.0,
        budget in prop::sample::select(vec![0, 1 << 20, u64::MAX]),
    ) {
        static FILE: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| webp::lossless(&pixels::camera_like(160, 120, 1)));
        let mut chunk = streams(&FILE)[0].1.to_vec();
        chunk.truncate((chunk.len() as f64 * keep) as usize);
        for (at, value) in &flips {
            // Most of what is read lies at the front.
            let at = at.index(chunk.len().min(early));
            chunk[at] = *value;
        }
        // Any result will do, as long as there is one.
        let _ = check(&chunk, budget);
        let _ = check_alpha(&chunk, 9000, 7000, budget);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = check_alpha(&bytes, 16_384, 16_384, 0);
    }
}
