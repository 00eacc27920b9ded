//! Files that lack a part of their picture.

use imaging::FormatChoice::Png;
use imaging::Rejection;

use crate::build::{CODINGS, Chunk, Coding, Tiff};
use crate::common::{preset, try_derive};
use crate::{SIZE, compare, decode, level, pattern};

fn file(coding: Coding, chunk: Chunk) -> Vec<u8> {
    let tiff = Tiff { coding, chunk, ..Tiff::new(SIZE, 2, 8, 3) };
    tiff.encode(|x, y, index| pattern(x, y, index, 8))
}

#[test]
fn four_fifths_of_a_file_are_shown() {
    for coding in CODINGS {
        for chunk in [Chunk::Strips(SIZE.1), Chunk::Strips(4), Chunk::Tiles(16, 16), Chunk::Tiles(48, 32)] {
            // Nothing of a Zstandard block can be decoded before its end.
            if coding == Coding::Zstandard && matches!(chunk, Chunk::Strips(29) | Chunk::Tiles(48, 32)) {
                continue;
            }
            let whole = file(coding, chunk);
            let cut = &whole[..whole.len() * 4 / 5];
            let name = format!("{coding:?} {chunk:?}");
            let (picture, warnings) = decode(cut);
            assert_eq!(warnings.len(), 1, "{name}: {warnings:?}");
            // Tiles of the last row lack their lower part or the right of it.
            let rows = match chunk {
                Chunk::Tiles(48, _) | Chunk::Strips(_) => SIZE.1 * 7 / 10,
                Chunk::Tiles(..) => 16,
            };
            compare(&name, &picture, 0..rows, |x, y| [0, 1, 2].map(|index| level(x, y, index, 8)));
            assert_eq!(picture.rgb(SIZE.0 - 1, SIZE.1 - 1), [128; 3], "{name}: the rest is gray");
        }
    }
}

#[test]
fn less_than_half_is_rejected() {
    for coding in CODINGS {
        for chunk in [Chunk::Strips(SIZE.1), Chunk::Strips(4), Chunk::Tiles(16, 16)] {
            let whole = file(coding, chunk);
            let cut = &whole[..whole.len() * 2 / 5];
            let result = try_derive(cut, &preset(&[4000], &[Png]));
            assert!(matches!(result, Err(Rejection::Damaged { .. })), "{coding:?} {chunk:?}");
        }
    }
}

#[test]
fn damaged_data_in_the_middle_costs_one_strip_only() {
    for coding in [Coding::Lzw, Coding::Deflate, Coding::Zstandard] {
        let tiff = Tiff { coding, chunk: Chunk::Strips(4), ..Tiff::new(SIZE, 2, 8, 3) };
        let mut chunks: Vec<Vec<u8>> = Vec::new();
        for (columns, rows) in tiff.areas() {
            let size = (columns.end, rows.end - rows.start);
            let strip = Tiff { coding, ..Tiff::new(size, 2, 8, 3) };
            chunks.push(strip.chunk(|x, y, index| pattern(x, y + rows.start, index, 8)));
        }
        // The third strip begins with what no compression begins with.
        chunks[2].fill(0xFF);
        let (picture, warnings) = decode(&tiff.file(coding as u16, chunks));
        assert_eq!(warnings.len(), 1, "{coding:?}");
        let expected = |x, y| [0, 1, 2].map(|index| level(x, y, index, 8));
        compare("above", &picture, 0..8, expected);
        compare("below", &picture, 12..SIZE.1, expected);
    }
}

#[test]
fn rows_that_the_file_lacks_are_transparent_where_there_is_alpha() {
    let tiff = Tiff { entries: vec![(338, 3, vec![2])], ..Tiff::new(SIZE, 2, 8, 4) };
    let whole = tiff.encode(|x, y, index| if index == 3 { 255 } else { pattern(x, y, index, 8) });
    let (picture, warnings) = decode(&whole[..whole.len() * 4 / 5]);
    assert_eq!((warnings.len(), picture.channels), (1, 4));
    assert_eq!((picture.pixel(5, 0)[3], picture.pixel(5, SIZE.1 - 1)[3]), (255, 0));
}
