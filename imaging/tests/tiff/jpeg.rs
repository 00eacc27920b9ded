//! JPEG in TIFF: strips and tiles that are JPEG files, with their tables or without, and the old style's whole file.

use fixtures::Raster;
use fixtures::jpeg::{Jpeg, Sampling};

use crate::build::{Chunk, Tiff};
use crate::common::close;
use crate::decode;

const SIZE: (u32, u32) = (80, 56);

fn color(x: u32, y: u32) -> [u8; 3] {
    [(40 + x * 2) as u8, (200 - y * 2) as u8, (60 + x + y) as u8]
}

fn raster(left: u32, top: u32, width: u32, height: u32, channels: usize) -> Raster<u8> {
    Raster::from_fn(width, height, channels, |x, y, pixel| {
        pixel.copy_from_slice(&color(left + x, top + y)[..channels]);
    })
}

/// Takes tables out of a JPEG. Returns them as a file without a picture, and the rest.
fn without_tables(jpeg: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut tables, mut rest) = (vec![0xFF, 0xD8], vec![0xFF, 0xD8]);
    let mut at = 2;
    while jpeg[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        match jpeg[at + 1] {
            0xDB | 0xC4 => tables.extend(&jpeg[at..end]),
            _ => rest.extend(&jpeg[at..end]),
        }
        at = end;
    }
    tables.extend([0xFF, 0xD9]);
    rest.extend(&jpeg[at..]);
    (tables, rest)
}

fn check(name: &str, file: &[u8], grey: bool) {
    let (picture, warnings) = decode(file);
    assert_eq!((picture.width, picture.height), SIZE, "{name}");
    assert_eq!(warnings, Vec::<String>::new(), "{name}");
    for (x, y) in (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y))) {
        let expected = if grey { [color(x, y)[0]; 3] } else { color(x, y) };
        let got = picture.rgb(x, y);
        assert!(close(got, expected, 9), "{name} at {x}, {y}: {got:?}, not {expected:?}");
    }
}

#[test]
fn strips_and_tiles() {
    for chunk in [Chunk::Strips(56), Chunk::Strips(16), Chunk::Tiles(32, 32), Chunk::Tiles(96, 64)] {
        for sampling in [Some(Sampling::S444), Some(Sampling::S420), None] {
            for apart in [false, true] {
                let channels = if sampling.is_some() { 3 } else { 1 };
                let plain = Tiff::new(SIZE, if channels == 3 { 6 } else { 1 }, 8, channels);
                let mut tiff = Tiff { chunk, ..plain };
                let mut files = Vec::new();
                for (columns, rows) in tiff.areas() {
                    let (width, height) = (columns.end - columns.start, rows.end - rows.start);
                    let raster = raster(columns.start, rows.start, width, height, channels as usize);
                    let jpeg = Jpeg::new(&raster).quality(95);
                    let jpeg = sampling.map_or(jpeg.clone(), |sampling| jpeg.sampling(sampling)).encode();
                    if apart {
                        let (tables, rest) = without_tables(&jpeg);
                        let tables = tables.into_iter().map(u64::from).collect();
                        tiff.entries = vec![(347, 7, tables)];
                        files.push(rest);
                    } else {
                        files.push(jpeg);
                    }
                }
                check(&format!("{chunk:?} {sampling:?} {apart}"), &tiff.file(7, files), channels == 1);
            }
        }
    }
}

#[test]
fn the_old_style_with_a_whole_file() {
    let jpeg = Jpeg::new(&raster(0, 0, SIZE.0, SIZE.1, 3)).quality(95).encode();
    let tiff = Tiff { chunk: Chunk::Strips(SIZE.1), ..Tiff::new(SIZE, 6, 8, 3) };
    check("as a strip", &tiff.file(6, vec![jpeg.clone()]), false);
    // The directory's length does not depend on the offset's value.
    let with = |at: u64| Tiff {
        entries: vec![(513, 4, vec![at]), (514, 4, vec![jpeg.len() as u64])],
        ..tiff.clone()
    };
    let at = with(0).file(6, vec![jpeg.clone()]).len() - jpeg.len();
    check("by its own entries", &with(at as u64).file(6, vec![jpeg.clone()]), false);
}

#[test]
fn a_strip_that_is_cut_off_is_shown_as_far_as_it_goes() {
    let jpeg = Jpeg::new(&raster(0, 0, SIZE.0, SIZE.1, 3)).quality(95).encode();
    let tiff = Tiff { chunk: Chunk::Strips(SIZE.1), ..Tiff::new(SIZE, 6, 8, 3) };
    let file = tiff.file(7, vec![jpeg]);
    let (picture, warnings) = decode(&file[..file.len() - file.len() / 6]);
    assert_eq!(warnings.len(), 1);
    assert!(close(picture.rgb(10, 10), color(10, 10), 9));
    assert_eq!(picture.rgb(79, 55), [128; 3]);
}
