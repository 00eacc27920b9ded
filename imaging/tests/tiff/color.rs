//! Palettes, inks, YCbCr and CIE L*a*b*.

use crate::build::{CODINGS, Chunk, Coding, Entry, Tiff};
use crate::common::close;
use crate::{CHUNKS, SIZE, check, decode, pattern};

/// A palette's colors, in 16 bits.
fn palette(bits: u32, factor: u64) -> (Entry, impl Fn(u64) -> [u8; 3]) {
    let colors = 1_u64 << bits;
    let color = move |index: u64| [index * 37 % 256, 255 - index * 11 % 256, index * 101 % 256];
    let list = (0..3).flat_map(|part| (0..colors).map(move |index| color(index)[part] * factor)).collect();
    ((320, 3, list), move |index| color(index).map(|part| part as u8))
}

#[test]
fn palettes() {
    for bits in [1, 2, 4, 8] {
        // Some writers store 8 bits where 16 belong.
        for factor in [257, 256, 1] {
            for coding in CODINGS {
                for chunk in CHUNKS {
                    let (map, color) = palette(bits, factor);
                    let plain = Tiff::new(SIZE, 3, bits, 1);
                    let tiff = Tiff { coding, chunk, entries: vec![map], big_endian: factor == 256, ..plain };
                    let index = |x, y| pattern(x, y, 0, bits);
                    let file = tiff.encode(|x, y, _| index(x, y));
                    check(&format!("{bits} {factor} {coding:?} {chunk:?}"), &file, |x, y| color(index(x, y)));
                }
            }
        }
    }
}

#[test]
fn inks_with_and_without_further_channels() {
    let plain = Tiff::new(SIZE, 5, 8, 4);
    let sample = |x: u32, y: u32, index: u32| if index < 4 { pattern(x, y, index, 8) / 2 } else { 200 };
    let (expected, _) = decode(&plain.encode(sample));
    for (meanings, planar, coding) in [
        (vec![], true, Coding::Lzw),
        (vec![2_u64], false, Coding::None),
        (vec![1], true, Coding::Deflate),
        (vec![0, 0], false, Coding::PackBits),
    ] {
        let samples = 4 + meanings.len() as u32;
        let entries = if meanings.is_empty() { vec![] } else { vec![(338, 3, meanings)] };
        let tiff = Tiff { planar, coding, entries, samples, ..plain.clone() };
        let (picture, _) = decode(&tiff.encode(sample));
        assert_eq!((picture.channels, picture.samples == expected.samples), (3, true), "{tiff:?}");
    }
    for (inks, color) in [([0; 4], [255; 3]), ([0, 0, 0, 255], [0; 3])] {
        let (picture, _) = decode(&plain.encode(|_, _, index| inks[index as usize]));
        assert!(close(picture.rgb(5, 5), color, 40), "{:?} for {inks:?}", picture.rgb(5, 5));
    }
    let deep = Tiff { bits: 16, ..plain };
    let (picture, _) = decode(&deep.encode(|x, y, index| sample(x, y, index) * 257));
    assert!(picture.distance(&expected) < 1.0);
}

/// Red, green and blue become Y, Cb and Cr of ITU-R BT.601 in the full range.
fn ycbcr([r, g, b]: [f64; 3]) -> [u64; 3] {
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    [y, (b - y) / 1.772 + 128.0, (r - y) / 1.402 + 128.0].map(|code| code.round() as u64)
}

fn blocks(x: u32, y: u32) -> [u8; 3] {
    // Blocks of 4 × 4, so that subsampled colors are exact.
    let (x, y) = (x / 4, y / 4);
    [(x * 31 + y * 57) % 256, (255 - x * 19 % 256), (y * 41 + 30) % 256].map(|part| part as u8)
}

#[test]
fn ycbcr_of_every_subsampling() {
    for (across, down) in [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (1, 2)] {
        for coding in CODINGS {
            for chunk in [Chunk::Strips(29), Chunk::Strips(8), Chunk::Tiles(16, 16), Chunk::Tiles(32, 48)] {
                let entries = vec![(530, 3, vec![u64::from(across), u64::from(down)])];
                let tiff = Tiff { coding, chunk, entries, ..Tiff::new(SIZE, 6, 8, 3) };
                let file = subsampled(&tiff, across, down);
                let name = format!("{across} {down} {coding:?} {chunk:?}");
                let (picture, warnings) = decode(&file);
                assert_eq!(warnings, Vec::<String>::new(), "{name}");
                for (x, y) in (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y))) {
                    let (got, expected) = (picture.rgb(x, y), blocks(x, y));
                    assert!(close(got, expected, 2), "{name} at {x}, {y}: {got:?}, not {expected:?}");
                }
            }
        }
    }
}

/// Returns a file of units of `across` × `down` pixels (TIFF 6.0, section 21).
fn subsampled(tiff: &Tiff, across: u32, down: u32) -> Vec<u8> {
    // Every unit becomes one "pixel" of the layout's builder, compressed the same way.
    let mut chunks = Vec::new();
    for (columns, rows) in tiff.areas() {
        let mut bytes = Vec::new();
        for top in rows.clone().step_by(down as usize) {
            for left in columns.clone().step_by(across as usize) {
                let at = |x: u32, y: u32| ycbcr(blocks(x, y).map(f64::from));
                for (x, y) in (top..top + down).flat_map(|y| (left..left + across).map(move |x| (x, y))) {
                    bytes.push(at(x, y)[0]);
                }
                bytes.extend(&at(left, top)[1..]);
            }
        }
        let line = Tiff::new((bytes.len() as u32, 1), 1, 8, 1);
        let line = Tiff { coding: tiff.coding, ..line };
        chunks.push(line.chunk(|x, _, _| bytes[x as usize]));
    }
    tiff.file(tiff.coding as u16, chunks)
}

#[test]
fn ycbcr_of_the_studio_range_and_of_other_coefficients() {
    // BT.709's shares, codes from 16 to 235 and 240.
    let shares = [2_126, 10_000, 7_152, 10_000, 722, 10_000];
    let range = [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1];
    let entries: Vec<Entry> = vec![(529, 5, shares.to_vec()), (530, 3, vec![1, 1]), (532, 5, range.to_vec())];
    let tiff = Tiff { entries, ..Tiff::new(SIZE, 6, 8, 3) };
    for color in [[200, 40, 90], [255, 255, 255], [0, 0, 0], [10, 220, 130]] {
        let [r, g, b] = color.map(f64::from);
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let codes = [
            16.0 + y * 219.0 / 255.0,
            128.0 + (b - y) / (2.0 * (1.0 - 0.0722)) * 112.0 / 127.0,
            128.0 + (r - y) / (2.0 * (1.0 - 0.2126)) * 112.0 / 127.0,
        ];
        let (picture, _) = decode(&tiff.encode(|_, _, index| codes[index as usize].round() as u64));
        assert!(close(picture.rgb(3, 3), color, 2), "{:?}, not {color:?}", picture.rgb(3, 3));
    }
}

#[test]
fn lab_of_both_encodings() {
    for (lab, color) in [
        ([100.0, 0.0, 0.0], [255, 255, 255]),
        ([53.585, 0.0, 0.0], [128, 128, 128]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
        // sRGB's primaries under D50.
        ([54.29, 80.81, 69.89], [255, 0, 0]),
        ([87.82, -79.28, 80.99], [0, 255, 0]),
        ([29.57, 68.29, -112.03], [0, 0, 255]),
    ] {
        for (photometric, bits) in [(8, 8), (8, 16), (9, 8), (9, 16)] {
            for planar in [false, true] {
                let tiff = Tiff { planar, ..Tiff::new(SIZE, photometric, bits, 3) };
                let [l, a, b]: [f64; 3] = lab;
                let codes = match (photometric, bits) {
                    (8, 8) => [l * 2.55, a, b],
                    (8, _) => [l * 655.35, a * 256.0, b * 256.0],
                    (_, 8) => [l * 2.55, a + 128.0, b + 128.0],
                    _ => [l * 652.8, (a + 128.0) * 256.0, (b + 128.0) * 256.0],
                };
                let mask = u64::MAX >> (64 - bits);
                let file = tiff.encode(|_, _, index| codes[index as usize].round() as i64 as u64 & mask);
                let (picture, _) = decode(&file);
                let got = picture.rgb(7, 7);
                // A step of 8 bits is large in dark colors.
                let tolerance = if bits == 8 { 10 } else { 2 };
                assert!(close(got, color, tolerance), "{photometric} {bits}: {got:?}, not {color:?}");
            }
        }
    }
}
