//! BMPs of every header, depth and coding that is decoded, and such as lack a part.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Decoded, close, derive_all, preset, try_derive};
use imaging::FormatChoice::Png;
use imaging::Rejection;

const WIDTH: usize = 13;
const HEIGHT: usize = 7;

/// A bitmap of `WIDTH` × `HEIGHT` pixels, topmost row first in memory.
struct Bitmap {
    header: u32,
    bits: u16,
    compression: u32,
    top_down: bool,
    /// Four masks, for headers that have room for them, or three after the header.
    masks: Vec<u32>,
    palette: Vec<[u8; 3]>,
    /// Offset of the pixels as the header states it; right after the palette if absent.
    offset: Option<u32>,
}

impl Bitmap {
    fn new(header: u32, bits: u16) -> Self {
        let palette = (0..if bits <= 8 { 1_u32 << bits } else { 0 }).map(color).collect();
        Self { header, bits, compression: 0, top_down: false, masks: vec![], palette, offset: None }
    }

    /// Returns the file whose pixel at (x, y) is stored as `pixel` says.
    fn encode(&self, pixel: impl Fn(usize, usize) -> u32) -> Vec<u8> {
        let mut rows: Vec<Vec<u8>> = (0..HEIGHT).map(|y| self.row(|x| pixel(x, y))).collect();
        if !self.top_down {
            rows.reverse();
        }
        self.file(&rows.concat())
    }

    fn row(&self, pixel: impl Fn(usize) -> u32) -> Vec<u8> {
        let bits = usize::from(self.bits);
        let mut row = vec![0_u8; (WIDTH * bits).div_ceil(32) * 4];
        for x in 0..WIDTH {
            if bits < 8 {
                row[x * bits / 8] |= (pixel(x) << (8 - bits - x * bits % 8)) as u8;
            } else {
                let bytes = bits / 8;
                row[x * bytes..(x + 1) * bytes].copy_from_slice(&pixel(x).to_le_bytes()[..bytes]);
            }
        }
        row
    }

    fn file(&self, data: &[u8]) -> Vec<u8> {
        let mut header = self.header.to_le_bytes().to_vec();
        let height = if self.top_down { -(HEIGHT as i32) } else { HEIGHT as i32 };
        if self.header == 12 {
            header.extend([WIDTH as u16, height as u16, 1, self.bits].map(u16::to_le_bytes).concat());
        } else {
            header.extend([WIDTH as u32, height as u32].map(u32::to_le_bytes).concat());
            header.extend([1, self.bits].map(u16::to_le_bytes).concat());
            header.extend(self.compression.to_le_bytes());
            header.resize(40, 0);
            header.extend(self.masks.iter().flat_map(|mask| mask.to_le_bytes()));
            let masks_apart = if self.header == 40 { 4 * self.masks.len() } else { 0 };
            header.resize(self.header as usize + masks_apart, 0);
        }
        let mut table = Vec::new();
        for [red, green, blue] in &self.palette {
            table.extend([blue, green, red]);
            table.extend((self.header != 12).then_some(0));
        }
        let start = 14 + header.len() + table.len();
        let offset = self.offset.unwrap_or(start as u32);
        let length = ((start + data.len()) as u32).to_le_bytes();
        [&b"BM"[..], &length, &[0; 4], &offset.to_le_bytes(), &header, &table, data].concat()
    }
}

fn color(index: u32) -> [u8; 3] {
    [index * 37 % 256, 255 - index * 11 % 256, index * 101 % 256].map(|part| part as u8)
}

fn index(x: usize, y: usize, bits: u16) -> u32 {
    (x * 5 + y * 3) as u32 % (1 << bits)
}

fn decode(file: &[u8]) -> (Decoded, Vec<String>) {
    let (derived, renditions) = derive_all(file, &preset(&[4000], &[Png]));
    (Decoded::of(&renditions[0]), derived.warnings)
}

fn check(name: &str, file: &[u8], expected: impl Fn(usize, usize) -> [u8; 4]) {
    let (picture, warnings) = decode(file);
    assert_eq!(warnings, Vec::<String>::new(), "{name}");
    for (x, y) in (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y))) {
        let (got, expected) = (picture.rgb(x as u32, y as u32), expected(x, y));
        let alpha = if picture.channels == 4 { picture.pixel(x as u32, y as u32)[3] } else { 255 };
        assert!(alpha.abs_diff(expected[3]) <= 1, "{name} at {x}, {y}: alpha {alpha}, not {}", expected[3]);
        let shown = alpha == 0 || close(got, [expected[0], expected[1], expected[2]], 1);
        assert!(shown, "{name} at {x}, {y}: {got:?}, not {expected:?}");
    }
}

fn opaque([red, green, blue]: [u8; 3]) -> [u8; 4] {
    [red, green, blue, 255]
}

#[test]
fn palettes_under_headers_of_windows_and_os2() {
    for header in [12_u32, 16, 24, 40, 48, 52, 56, 64, 108, 124] {
        for bits in [1, 2, 4, 8] {
            if header == 12 && bits == 2 {
                continue;
            }
            // OS/2's short headers end before the fields that follow the depth.
            if header < 40 && header != 12 {
                let mut file = Bitmap::new(40, bits).encode(|x, y| index(x, y, bits));
                file.drain(14 + header as usize..54);
                file[14..18].copy_from_slice(&header.to_le_bytes());
                let start = 14 + header + (4 << bits);
                file[10..14].copy_from_slice(&start.to_le_bytes());
                check(&format!("{header} {bits}"), &file, |x, y| opaque(color(index(x, y, bits))));
                continue;
            }
            for top_down in [false, true] {
                if header == 12 && top_down {
                    continue;
                }
                let bitmap = Bitmap { top_down, ..Bitmap::new(header, bits) };
                let file = bitmap.encode(|x, y| index(x, y, bits));
                check(&format!("{header} {bits}"), &file, |x, y| opaque(color(index(x, y, bits))));
            }
        }
    }
}

#[test]
fn direct_colors_under_headers_of_windows_and_os2() {
    let stored = |x: usize, y: usize| (x * 19) as u32 | ((y * 30) as u32) << 8 | ((200 - x * y) as u32) << 16;
    for header in [12, 40, 52, 56, 64, 108, 124] {
        for bits in [24, 32] {
            let file = Bitmap::new(header, bits).encode(stored);
            check(&format!("{header} {bits}"), &file, |x, y| {
                let [blue, green, red, _] = stored(x, y).to_le_bytes();
                [red, green, blue, 255]
            });
        }
    }
}

#[test]
fn alpha_masks_with_and_without_bit_fields() {
    let stored = |x: usize, y: usize| u32::from_le_bytes([20, 30, 200, (x * 19 + y) as u8]);
    for header in [56, 108, 124] {
        for compression in [0, 3] {
            for (alpha, expected) in [(0xFF00_0000, None), (0, Some(255))] {
                let masks = vec![0xFF_0000, 0xFF00, 0xFF, alpha];
                let file = Bitmap { compression, masks, ..Bitmap::new(header, 32) }.encode(stored);
                check(&format!("{header} {compression} {alpha:x}"), &file, |x, y| {
                    [200, 30, 20, expected.unwrap_or((x * 19 + y) as u8)]
                });
            }
        }
    }
}

#[test]
fn bit_fields_of_any_order_and_size() {
    let five = |value: u32| ((value * 255 + 15) / 31) as u8;
    let shade = |x: usize| (x * 2) as u32;
    // 5-5-5 with alpha in the highest bit, and the colors in reverse order.
    for (masks, header) in [
        (vec![0x7C00, 0x03E0, 0x001F, 0x8000], 124),
        (vec![0x001F, 0x03E0, 0x7C00, 0x8000], 56),
        (vec![0x7C00, 0x03E0, 0x001F], 40),
    ] {
        let reversed = masks[0] == 0x1F;
        let has_alpha = masks.len() == 4;
        let file = Bitmap { compression: 3, masks, ..Bitmap::new(header, 16) }
            .encode(|x, y| (y as u32 % 2) << 15 | shade(x) << 10 | 8 << 5 | 31);
        check(&format!("{header}"), &file, |x, y| {
            let (high, low) = (five(shade(x)), 255);
            let alpha = if has_alpha && y % 2 == 0 { 0 } else { 255 };
            if reversed { [low, five(8), high, alpha] } else { [high, five(8), low, alpha] }
        });
    }
}

#[test]
fn offsets_that_writers_leave_out_or_put_at_the_palette() {
    for bits in [4, 8, 24] {
        for offset in [0, 54] {
            let bitmap = Bitmap { offset: Some(offset), ..Bitmap::new(40, bits) };
            let file = bitmap.encode(|x, y| index(x, y, bits.min(8)));
            check(&format!("{bits} {offset}"), &file, |x, y| match bits {
                24 => [0, 0, index(x, y, 8) as u8, 255],
                _ => opaque(color(index(x, y, bits))),
            });
        }
    }
}

#[test]
fn a_palette_that_is_shorter_than_indices_can_be() {
    let mut bitmap = Bitmap::new(40, 8);
    bitmap.palette.truncate(10);
    // Colors that the file lacks are black.
    check("short", &bitmap.encode(|x, y| index(x, y, 5)), |x, y| match index(x, y, 5) {
        index @ 0..10 => opaque(color(index)),
        _ => [0, 0, 0, 255],
    });
}

#[test]
fn run_lengths_of_4_and_8_bits() {
    for (bits, compression) in [(8, 1), (4, 2)] {
        let bitmap = Bitmap { compression, ..Bitmap::new(40, bits) };
        let mut data = Vec::new();
        // A run of 6, five literal colors, a run of 2.
        for _ in 0..HEIGHT {
            if bits == 8 {
                data.extend([6, 9, 0, 5, 1, 2, 3, 4, 5, 0, 2, 7, 0, 0]);
            } else {
                data.extend([6, 0x99, 0, 5, 0x12, 0x34, 0x50, 0, 2, 0x77, 0, 0]);
            }
        }
        data.extend([0, 1]);
        let row = [9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 7, 7];
        check(&format!("{bits}"), &bitmap.file(&data), |x, _| opaque(color(row[x])));
        // Without the marks of the last row's and the picture's end.
        check(&format!("{bits}"), &bitmap.file(&data[..data.len() - 4]), |x, _| opaque(color(row[x])));
    }
}

#[test]
fn gaps_in_run_lengths_are_transparent() {
    let bitmap = Bitmap { compression: 1, ..Bitmap::new(40, 8) };
    // The lowest row ends early; a move by 4 to the right and 2 up; the rest is left out.
    let data = [5, 3, 0, 0, 0, 2, 4, 2, 9, 6, 0, 1];
    check("gaps", &bitmap.file(&data), |x, y| match (x, HEIGHT - 1 - y) {
        (0..5, 0) => opaque(color(3)),
        (4.., 3) => opaque(color(6)),
        _ => [0; 4],
    });
}

#[test]
fn rows_that_the_file_lacks() {
    for bits in [8, 24, 32] {
        let whole = Bitmap::new(40, bits).encode(|x, y| index(x, y, bits.min(8)));
        let start = u32::from_le_bytes([whole[10], whole[11], whole[12], whole[13]]) as usize;
        let pixels = whole.len() - start;
        let (picture, warnings) = decode(&whole[..start + pixels * 3 / 4]);
        assert_eq!(warnings.len(), 1, "{bits}: {warnings:?}");
        // Rows come from the bottom up.
        assert_eq!(picture.rgb(3, 0), [128; 3]);
        assert_ne!(picture.rgb(3, HEIGHT as u32 - 1), [128; 3]);
        let rejected = try_derive(&whole[..start + pixels * 2 / 5], &preset(&[4000], &[Png]));
        assert!(matches!(rejected, Err(Rejection::Damaged { .. })), "{bits}");
    }
    // The header of a huge picture, alone.
    let mut alone = Bitmap::new(40, 24).file(&[]);
    for at in [18, 22] {
        alone[at..at + 4].copy_from_slice(&15_800_u32.to_le_bytes());
    }
    let rejected = imaging::probe(&alone, &imaging::Limits::default());
    assert!(matches!(rejected, Err(Rejection::Damaged { .. })), "{rejected:?}");
}
