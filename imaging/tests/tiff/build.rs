//! TIFF files of any layout, from a function that yields samples.
#![allow(dead_code)]

use std::ops::Range;

use fixtures::deflate::zlib;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use weezl::{BitOrder, encode::Encoder};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    None = 1,
    Lzw = 5,
    Deflate = 8,
    PackBits = 32_773,
    Zstandard = 50_000,
}

pub(crate) const CODINGS: [Coding; 5] =
    [Coding::None, Coding::Lzw, Coding::Deflate, Coding::PackBits, Coding::Zstandard];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Rows of a strip.
    Strips(u32),
    /// Width and height of a tile.
    Tiles(u32, u32),
}

/// An entry: tag, type, and the numbers.
pub(crate) type Entry = (u16, u16, Vec<u64>);

#[derive(Debug, Clone)]
pub(crate) struct Tiff {
    pub(crate) size: (u32, u32),
    pub(crate) bits: u32,
    pub(crate) samples: u32,
    pub(crate) photometric: u16,
    pub(crate) coding: Coding,
    pub(crate) chunk: Chunk,
    pub(crate) planar: bool,
    pub(crate) predictor: bool,
    pub(crate) reversed: bool,
    pub(crate) big_endian: bool,
    pub(crate) big: bool,
    /// Further entries.
    pub(crate) entries: Vec<Entry>,
    /// Entries that are left out.
    pub(crate) without: Vec<u16>,
}

impl Tiff {
    /// One uncompressed strip.
    pub(crate) fn new(size: (u32, u32), photometric: u16, bits: u32, samples: u32) -> Self {
        Self {
            size,
            bits,
            samples,
            photometric,
            coding: Coding::None,
            chunk: Chunk::Strips(size.1),
            planar: false,
            predictor: false,
            reversed: false,
            big_endian: false,
            big: false,
            entries: Vec::new(),
            without: Vec::new(),
        }
    }

    /// Returns the file of a picture whose samples at (x, y) are what `sample` returns. 0 fills tiles beyond the
    /// picture.
    pub(crate) fn encode(&self, sample: impl Fn(u32, u32, u32) -> u64) -> Vec<u8> {
        let planes = if self.planar { self.samples } else { 1 };
        let mut chunks = Vec::new();
        for plane in 0..planes {
            let samples = if self.planar { plane..plane + 1 } else { 0..self.samples };
            for (columns, rows) in self.areas() {
                chunks.push(self.compress(&self.pack(columns, rows, samples.clone(), &sample)));
            }
        }
        self.file(self.coding as u16, chunks)
    }

    /// Returns the first strip of the picture, compressed.
    pub(crate) fn chunk(&self, sample: impl Fn(u32, u32, u32) -> u64) -> Vec<u8> {
        self.compress(&self.pack(0..self.size.0, 0..self.size.1, 0..self.samples, sample))
    }

    /// Returns the columns and rows of strips or tiles.
    pub(crate) fn areas(&self) -> Vec<(Range<u32>, Range<u32>)> {
        let (width, height) = self.size;
        let mut areas = Vec::new();
        let (across, down) = match self.chunk {
            Chunk::Strips(rows) => (width, rows),
            Chunk::Tiles(across, down) => (across, down),
        };
        for top in (0..height).step_by(down as usize) {
            for left in (0..width).step_by(across as usize) {
                let bottom = match self.chunk {
                    Chunk::Strips(_) => height.min(top + down),
                    Chunk::Tiles(..) => top + down,
                };
                areas.push((left..left + across, top..bottom));
            }
        }
        areas
    }

    fn pack(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        samples: Range<u32>,
        sample: impl Fn(u32, u32, u32) -> u64,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        for y in rows {
            let at = |x: u32, index: u32| {
                if x < self.size.0 && y < self.size.1 { sample(x, y, index) } else { 0 }
            };
            let mut row = Vec::new();
            for x in columns.clone() {
                for index in samples.clone() {
                    let left = if self.predictor && x > columns.start { at(x - 1, index) } else { 0 };
                    let mask = u64::MAX >> (64 - self.bits);
                    row.push(at(x, index).wrapping_sub(left) & mask);
                }
            }
            out.extend(self.row(&row));
        }
        out
    }

    fn row(&self, samples: &[u64]) -> Vec<u8> {
        if self.bits.is_multiple_of(8) {
            let bytes = (self.bits / 8) as usize;
            let store = |&sample: &u64| match self.big_endian {
                true => sample.to_be_bytes()[8 - bytes..].to_vec(),
                false => sample.to_le_bytes()[..bytes].to_vec(),
            };
            return samples.iter().flat_map(store).collect();
        }
        // The most significant bit first, whatever the byte order.
        let bits: Vec<bool> = samples
            .iter()
            .flat_map(|sample| (0..self.bits).rev().map(move |bit| sample >> bit & 1 == 1))
            .collect();
        bits.chunks(8)
            .map(|bits| bits.iter().enumerate().fold(0, |byte, (at, &bit)| byte | u8::from(bit) << (7 - at)))
            .collect()
    }

    fn compress(&self, bytes: &[u8]) -> Vec<u8> {
        match self.coding {
            Coding::None => bytes.to_vec(),
            Coding::Lzw => Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(bytes).unwrap(),
            Coding::Deflate => zlib(bytes, 6),
            Coding::PackBits => pack_bits(bytes),
            Coding::Zstandard => zstandard(bytes),
        }
    }

    /// Returns a file of these strips or tiles.
    pub(crate) fn file(&self, coding: u16, mut chunks: Vec<Vec<u8>>) -> Vec<u8> {
        if self.reversed {
            chunks.iter_mut().flatten().for_each(|byte| *byte = byte.reverse_bits());
        }
        let mut entries: Vec<Entry> = vec![
            (256, 4, vec![self.size.0.into()]),
            (257, 4, vec![self.size.1.into()]),
            (258, 3, vec![self.bits.into(); self.samples as usize]),
            (259, 3, vec![coding.into()]),
            (262, 3, vec![self.photometric.into()]),
            (277, 3, vec![self.samples.into()]),
        ];
        let long = if self.big { 16 } else { 4 };
        let lengths: Vec<u64> = chunks.iter().map(|chunk| chunk.len() as u64).collect();
        let (offsets, counts) = match self.chunk {
            Chunk::Strips(rows) => {
                entries.push((278, 4, vec![rows.into()]));
                (273, 279)
            }
            Chunk::Tiles(across, down) => {
                entries.extend([(322, 3, vec![across.into()]), (323, 3, vec![down.into()])]);
                (324, 325)
            }
        };
        entries.extend([(offsets, long, vec![0; chunks.len()]), (counts, long, lengths)]);
        if self.planar {
            entries.push((284, 3, vec![2]));
        }
        if self.predictor {
            entries.push((317, 3, vec![2]));
        }
        if self.reversed {
            entries.push((266, 3, vec![2]));
        }
        entries.extend(self.entries.clone());
        entries.retain(|entry| !self.without.contains(&entry.0));
        entries.sort_by_key(|entry| entry.0);
        // Once for its length, and again with the right offsets.
        let mut at = self.directory(&entries).len() as u64;
        for (entry, chunk) in
            entries.iter_mut().filter(|entry| entry.0 == offsets).flat_map(|entry| &mut entry.2).zip(&chunks)
        {
            *entry = at;
            at += chunk.len() as u64;
        }
        [self.directory(&entries), chunks.concat()].concat()
    }

    fn directory(&self, entries: &[Entry]) -> Vec<u8> {
        let number = |value: u64, bytes: usize| match self.big_endian {
            true => value.to_be_bytes()[8 - bytes..].to_vec(),
            false => value.to_le_bytes()[..bytes].to_vec(),
        };
        let (word, count) = if self.big { (8, 8) } else { (4, 2) };
        let mut out = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        out.extend(number(if self.big { 43 } else { 42 }, 2));
        if self.big {
            out.extend([number(8, 2), number(0, 2)].concat());
        }
        out.extend(number((out.len() + word) as u64, word));
        out.extend(number(entries.len() as u64, count));
        let mut behind = Vec::new();
        let behind_at = out.len() + entries.len() * (4 + 2 * word) + word;
        for (tag, kind, values) in entries {
            let size = match kind {
                1 | 7 => 1,
                3 => 2,
                4 => 4,
                // RATIONAL: two numbers of 32 bits.
                5 => 4,
                _ => 8,
            };
            let mut field: Vec<u8> = values.iter().flat_map(|&value| number(value, size)).collect();
            let count = if *kind == 5 { values.len() / 2 } else { values.len() };
            if field.len() > word {
                let at = number((behind_at + behind.len()) as u64, word);
                behind.extend(std::mem::replace(&mut field, at));
            }
            field.resize(word, 0);
            out.extend(
                [number((*tag).into(), 2), number((*kind).into(), 2), number(count as u64, word), field]
                    .concat(),
            );
        }
        out.extend(number(0, word));
        out.extend(behind);
        out
    }
}

/// A frame that states a window of 64 MiB, as high levels do.
fn zstandard(bytes: &[u8]) -> Vec<u8> {
    let mut frame = compress_to_vec(bytes, CompressionLevel::Fastest);
    assert_eq!(frame[4] & 0x20, 0, "a window descriptor is there");
    frame[5] = 0x80;
    frame
}

/// Runs where a byte repeats, literals elsewhere, and a no-operation now and then.
fn pack_bits(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80];
    for run in bytes.chunk_by(|a, b| a == b) {
        for part in run.chunks(128) {
            match part.len() {
                1 => out.extend([0, part[0]]),
                length => out.extend([(257 - length) as u8, part[0]]),
            }
        }
    }
    out
}
