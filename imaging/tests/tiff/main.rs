//! TIFFs of every kind that is decoded: layouts, depths, colors, compressions, damage.
#![allow(clippy::unwrap_used, missing_docs)]

mod build;
mod color;
#[path = "../common/mod.rs"]
mod common;
mod damage;
mod fax;
mod jpeg;

use build::{CODINGS, Chunk, Coding, Tiff};
use common::{Decoded, close, derive_all, preset};
use imaging::FormatChoice::Png;

const SIZE: (u32, u32) = (37, 29);
const CHUNKS: [Chunk; 4] = [Chunk::Strips(29), Chunk::Strips(7), Chunk::Tiles(16, 16), Chunk::Tiles(48, 32)];

/// Returns the picture at its own size, and the warnings.
fn decode(file: &[u8]) -> (Decoded, Vec<String>) {
    let (derived, renditions) = derive_all(file, &preset(&[4000], &[Png]));
    (Decoded::of(&renditions[0]), derived.warnings)
}

/// Returns the sample `index` at (x, y): a pattern without symmetry that uses all of `bits`.
fn pattern(x: u32, y: u32, index: u32, bits: u32) -> u64 {
    let value = u64::from((x * 7 + y * 13 + index * 85 + x * y / 5) % 256);
    let wide = value * 0x0101_0101_0101_0101;
    wide >> (64 - bits)
}

/// Returns what `pattern` is in 8 bits.
fn level(x: u32, y: u32, index: u32, bits: u32) -> u8 {
    let most = u64::MAX >> (64 - bits);
    (pattern(x, y, index, bits) as f64 * 255.0 / most as f64).round() as u8
}

/// Compares all pixels with `expected`, except for rounding.
fn check(name: &str, file: &[u8], expected: impl Fn(u32, u32) -> [u8; 3]) {
    let (picture, warnings) = decode(file);
    assert_eq!(warnings, Vec::<String>::new(), "{name}");
    compare(name, &picture, 0..picture.height, expected);
}

fn compare(
    name: &str,
    picture: &Decoded,
    rows: std::ops::Range<u32>,
    expected: impl Fn(u32, u32) -> [u8; 3],
) {
    for (x, y) in rows.flat_map(|y| (0..picture.width).map(move |x| (x, y))) {
        let (got, expected) = (picture.rgb(x, y), expected(x, y));
        assert!(close(got, expected, 1), "{name} at {x}, {y}: {got:?}, not {expected:?}");
    }
}

#[test]
fn grey_of_every_depth() {
    for bits in [1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 24, 32] {
        for (index, coding) in CODINGS.into_iter().enumerate() {
            for (chunk, big_endian) in CHUNKS.into_iter().flat_map(|chunk| [(chunk, false), (chunk, true)]) {
                let white_is_zero = index % 2 == 1;
                let photometric = u16::from(!white_is_zero);
                let tiff = Tiff { coding, chunk, big_endian, ..Tiff::new(SIZE, photometric, bits, 1) };
                let file = tiff.encode(|x, y, index| pattern(x, y, index, bits));
                check(&format!("{tiff:?}"), &file, |x, y| {
                    let level = level(x, y, 0, bits);
                    [if white_is_zero { 255 - level } else { level }; 3]
                });
            }
        }
    }
}

#[test]
fn rgb_of_every_layout() {
    for bits in [2, 4, 8, 12, 16, 32] {
        for coding in CODINGS {
            for chunk in CHUNKS {
                for (planar, predictor, big) in
                    [(false, false, false), (true, false, true), (false, true, true), (true, true, false)]
                {
                    if predictor
                        && (![8, 16, 32].contains(&bits) || matches!(coding, Coding::None | Coding::PackBits))
                    {
                        continue;
                    }
                    for big_endian in [false, true] {
                        let plain = Tiff::new(SIZE, 2, bits, 3);
                        let tiff = Tiff { coding, chunk, planar, predictor, big, big_endian, ..plain };
                        let file = tiff.encode(|x, y, index| pattern(x, y, index, bits));
                        check(&format!("{tiff:?}"), &file, |x, y| {
                            [0, 1, 2].map(|index| level(x, y, index, bits))
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn bits_of_a_byte_in_reverse_order() {
    for (bits, samples) in [(1, 1), (4, 1), (8, 3), (16, 3)] {
        for coding in CODINGS {
            let photometric = if samples == 1 { 1 } else { 2 };
            let plain = Tiff::new(SIZE, photometric, bits, samples);
            let tiff = Tiff { coding, reversed: true, chunk: Chunk::Strips(7), ..plain };
            let file = tiff.encode(|x, y, index| pattern(x, y, index, bits));
            check(&format!("{tiff:?}"), &file, |x, y| {
                [0, 1, 2].map(|index| level(x, y, index % samples, bits))
            });
        }
    }
}

#[test]
fn entries_that_writers_leave_out_or_overstate() {
    let plain = Tiff { chunk: Chunk::Strips(SIZE.1), ..Tiff::new(SIZE, 2, 8, 3) };
    let expected = |x, y| [0, 1, 2].map(|index| level(x, y, index, 8));
    let without = |tags: &[u16]| Tiff { without: tags.to_vec(), ..plain.clone() };
    let rows = |rows: u64| Tiff { entries: vec![(278, 4, vec![rows])], without: vec![], ..plain.clone() };
    for tiff in [
        without(&[279]),
        without(&[278]),
        without(&[278, 279]),
        without(&[262]),
        // The second RowsPerStrip does not count, so the first is left out.
        Tiff { chunk: Chunk::Strips(u32::MAX - 40), ..plain.clone() },
        rows(29),
    ] {
        let file = tiff.encode(|x, y, index| pattern(x, y, index, 8));
        check(&format!("{tiff:?}"), &file, expected);
    }
    // RowsPerStrip 2^32 - 1 and 0 mean one strip, compressed or not, tiles' strips aside.
    for coding in CODINGS {
        for rows in [u64::from(u32::MAX), 0] {
            let tiff = Tiff { coding, ..plain.clone() };
            let mut file = tiff.encode(|x, y, index| pattern(x, y, index, 8));
            let entry = (0..).map(|index| 10 + 12 * index).find(|&at| file[at..at + 2] == [22, 1]).unwrap();
            file[entry + 8..entry + 12].copy_from_slice(&(rows as u32).to_le_bytes());
            check(&format!("{rows} {coding:?}"), &file, expected);
            let without = Tiff { coding, without: vec![278, 279], ..plain.clone() };
            check(&format!("{coding:?}"), &without.encode(|x, y, index| pattern(x, y, index, 8)), expected);
        }
    }
}

#[test]
fn spare_channels_are_left_out() {
    for (coding, predictor) in [(Coding::None, false), (Coding::Deflate, true), (Coding::Lzw, true)] {
        for planar in [false, true] {
            for (photometric, colors, spare) in [(1, 1, 1), (1, 1, 4), (2, 3, 1), (2, 3, 3)] {
                for bits in [8, 16] {
                    let samples = colors + spare;
                    let entries = vec![(338, 3, vec![0; spare as usize])];
                    let plain = Tiff::new(SIZE, photometric, bits, samples);
                    let tiff = Tiff { coding, predictor, planar, entries, ..plain };
                    let file = tiff.encode(|x, y, index| pattern(x, y, index, bits));
                    check(&format!("{tiff:?}"), &file, |x, y| {
                        [0, 1, 2].map(|index| level(x, y, index.min(colors - 1), bits))
                    });
                }
            }
        }
    }
}

#[test]
fn alpha_at_any_place() {
    // Alpha 3/5 of the range; colors are stored as they are or multiplied by it.
    let alpha = |bits: u32| (u64::MAX >> (64 - bits)) * 3 / 5;
    for (photometric, colors) in [(0, 1), (1, 1), (2, 3)] {
        for bits in [8, 16] {
            for (meanings, planar) in
                [(vec![2_u64], false), (vec![1], true), (vec![0, 2], true), (vec![0, 1, 0], false)]
            {
                let associated = meanings.contains(&1);
                let place = colors + meanings.iter().position(|&meaning| meaning != 0).unwrap() as u32;
                let samples = colors + meanings.len() as u32;
                let entries = vec![(338, 3, meanings)];
                let tiff = Tiff { planar, entries, ..Tiff::new(SIZE, photometric, bits, samples) };
                let file = tiff.encode(|x, y, index| match index {
                    _ if index == place => alpha(bits),
                    _ if index < colors && associated && photometric != 0 => {
                        pattern(x, y, index, bits) * 3 / 5
                    }
                    _ => pattern(x, y, index, bits),
                });
                let (picture, warnings) = decode(&file);
                assert_eq!(warnings, Vec::<String>::new());
                if associated && photometric == 0 {
                    continue;
                }
                for (x, y) in [(0, 0), (11, 7), (36, 28), (20, 20)] {
                    let pixel = picture.pixel(x, y);
                    assert_eq!(pixel[picture.channels - 1], 153, "{tiff:?}");
                    let expected = [0, 1, 2].map(|index| {
                        let level = level(x, y, index.min(colors - 1), bits);
                        if photometric == 0 { 255 - level } else { level }
                    });
                    let got = if picture.channels < 3 { [pixel[0]; 3] } else { picture.rgb(x, y) };
                    assert!(close(got, expected, 2), "{tiff:?} at {x}, {y}: {got:?}, not {expected:?}");
                }
            }
        }
    }
}

#[test]
fn zstandard_frames_of_every_header() {
    let tiff = Tiff::new(SIZE, 2, 8, 3);
    let pixels = tiff.chunk(|x, y, index| pattern(x, y, index, 8));
    let length = pixels.len() as u32;
    // A window of 8 KiB, of 1 GiB, and the largest; the content's size in 2, 4 and 8 bytes, without a window and with.
    let headers = [
        vec![0, 0x18],
        vec![0, 0xA0],
        vec![0, 0xFF],
        [&[0x60][..], &(length as u16 - 256).to_le_bytes()].concat(),
        [&[0xA0][..], &length.to_le_bytes()].concat(),
        [&[0xE0][..], &u64::from(length).to_le_bytes()].concat(),
        [&[0x80, 0x78][..], &length.to_le_bytes()].concat(),
    ];
    for header in headers {
        // One block that is not compressed (RFC 8878, 3.1.1).
        let block = (length << 3 | 1).to_le_bytes();
        let frame = [&[0x28, 0xB5, 0x2F, 0xFD][..], &header, &block[..3], &pixels].concat();
        let expected = |x, y| [0, 1, 2].map(|index| level(x, y, index, 8));
        check(&format!("{header:x?}"), &tiff.file(50_000, vec![frame]), expected);
    }
}
