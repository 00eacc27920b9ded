//! A BMP's header in the one form that the `image` crate reads, whatever form the file has.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::stop::Stop;

const FILE_HEADER: usize = 14;
const CORE: usize = 12;
const OS2: usize = 64;
const BITFIELDS: u32 = 3;

/// A header's fields.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) width: i32,
    /// Negative if the topmost row comes first.
    pub(super) height: i32,
    pub(super) bits: u16,
    compression: u32,
    /// Red, green, blue and alpha.
    masks: Option<[u32; 4]>,
    /// Blue, green, red: as many colors as an index can name; black beyond the file's.
    pub(super) palette: Vec<[u8; 3]>,
    /// Offset of the pixels.
    pub(super) pixels: usize,
}

impl Header {
    /// Reads the headers of Windows and OS/2.
    pub(super) fn read(source: &[u8]) -> Option<Self> {
        let pixels = word(source, 10)? as usize;
        let size = word(source, FILE_HEADER)? as usize;
        let header = source.get(FILE_HEADER..FILE_HEADER.checked_add(size)?)?;
        let half = |at: usize| header.get(at..)?.first_chunk().copied().map(u16::from_le_bytes);
        let (width, height, bits) = match size {
            CORE => (i32::from(half(4)?), i32::from(half(6)?), half(10)?),
            _ => (word(header, 4)?.cast_signed(), word(header, 8)?.cast_signed(), half(14)?),
        };
        let compression = if size == CORE { 0 } else { word(header, 16).unwrap_or(0) };
        let windows = size >= 40 && size != OS2;
        // In the header, or right after one of 40 bytes.
        let mask = |index: usize| word(source, FILE_HEADER + 40 + index * 4);
        let alpha = if windows && size >= 56 { mask(3)? } else { 0 };
        let masks = match (compression, bits) {
            (BITFIELDS | 6, _) => Some([mask(0)?, mask(1)?, mask(2)?, alpha]),
            (0, 32) if alpha != 0 => Some([0x00FF_0000, 0xFF00, 0xFF, alpha]),
            _ => None,
        };
        let palette = match bits {
            1..=8 => palette(source, header, size, bits, pixels),
            _ => Vec::new(),
        };
        let start = FILE_HEADER + size;
        let pixels = if pixels > start || (bits > 8 && pixels == start) {
            pixels
        } else {
            // Some writers state no offset, or the palette's.
            start + table_bytes(header, size, bits, compression)
        };
        Some(Self { width, height, bits, compression, masks, palette, pixels })
    }

    pub(super) fn is_run_length(&self) -> bool {
        matches!(self.compression, 1 | 2)
    }

    /// Writes a file header and a BITMAPINFOHEADER, or a BITMAPV4HEADER if there are masks, and the palette.
    fn write(&self) -> Vec<u8> {
        let size: u32 = if self.masks.is_some() { 108 } else { 40 };
        let start = FILE_HEADER as u32 + size + 4 * self.palette.len() as u32;
        let compression = if self.masks.is_some() { BITFIELDS } else { 0 };
        let mut out = b"BM".to_vec();
        for value in [0, 0, start, size, self.width.cast_unsigned(), self.height.cast_unsigned()] {
            out.extend(value.to_le_bytes());
        }
        out.extend(1_u16.to_le_bytes());
        out.extend(self.bits.to_le_bytes());
        for value in [compression, 0, 0, 0, 0, 0] {
            out.extend(value.to_le_bytes());
        }
        self.masks.iter().flatten().for_each(|mask| out.extend(mask.to_le_bytes()));
        out.resize(FILE_HEADER + size as usize, 0);
        self.palette.iter().for_each(|&[blue, green, red]| out.extend([blue, green, red, 0]));
        out
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Returns the bytes between a header and pixels: a palette, or masks after a header of 40 bytes.
fn table_bytes(header: &[u8], size: usize, bits: u16, compression: u32) -> usize {
    match (bits, compression) {
        (1..=8, _) => colors(header, size, bits) * if size == CORE { 3 } else { 4 },
        (_, BITFIELDS) if size == 40 => 12,
        _ => 0,
    }
}

/// Returns how many colors a palette has.
fn colors(header: &[u8], size: usize, bits: u16) -> usize {
    let all = 1_usize << bits;
    let stated = if size == CORE { 0 } else { word(header, 32).unwrap_or(0) as usize };
    if stated == 0 { all } else { stated.min(all) }
}

/// Reads the palette, which the pixels may cut off. Absent colors are black.
fn palette(source: &[u8], header: &[u8], size: usize, bits: u16, pixels: usize) -> Vec<[u8; 3]> {
    let entry = if size == CORE { 3 } else { 4 };
    let all = 1_usize << bits;
    let count = colors(header, size, bits);
    let start = FILE_HEADER + size;
    let end = if pixels > start { pixels.min(source.len()) } else { source.len() };
    let table = source.get(start..end).unwrap_or_default();
    let mut colors: Vec<[u8; 3]> =
        table.chunks_exact(entry).take(count).map(|color| [color[0], color[1], color[2]]).collect();
    colors.resize(all, [0; 3]);
    colors
}

/// A file whose headers are replaced. Reading ends when the work must stop.
pub(super) struct Spliced<'a> {
    head: Vec<u8>,
    pixels: &'a [u8],
    at: u64,
    stop: &'a Stop,
}

impl<'a> Spliced<'a> {
    pub(super) fn new(header: &Header, source: &'a [u8], stop: &'a Stop) -> Self {
        let pixels = source.get(header.pixels..).unwrap_or_default();
        Self { head: header.write(), pixels, at: 0, stop }
    }
}

impl BufRead for Spliced<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.stop.is_stopped() {
            return Err(io::Error::other("stopped"));
        }
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        Ok(match self.head.get(at..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => self.pixels.get(at.saturating_sub(self.head.len())..).unwrap_or_default(),
        })
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount as u64);
    }
}

impl Read for Spliced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // In pieces, so that a decoder that asks for everything at once is stopped too.
        const PIECE: usize = 1 << 16;
        let piece = buffer.len().min(PIECE);
        let read = self.fill_buf()?.read(&mut buffer[..piece])?;
        self.consume(read);
        Ok(read)
    }
}

impl Seek for Spliced<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let to = match position {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => ((self.head.len() + self.pixels.len()) as u64).checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
