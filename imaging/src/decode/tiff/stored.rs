//! The stored bytes of a strip or tile, decompressed as they are read.

use std::io::{self, Chain, Cursor, Read};

use flate2::read::ZlibDecoder;
use image_header::{TiffCoding, TiffInfo};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use weezl::{BitOrder, LzwStatus, decode};

use super::fax::Fax;

/// Bytes as they lie in the file, or with the bits of each in reverse order.
pub(super) struct Raw<'a> {
    bytes: &'a [u8],
    reversed: bool,
}

impl Iterator for Raw<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(if self.reversed { first.reverse_bits() } else { first })
    }
}

impl Read for Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        if self.reversed {
            buffer[..read].iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        Ok(read)
    }
}

/// Opens `bytes`, one strip or tile whose rows are `row_pixels` wide and which is `size` bytes decompressed.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    tiff: &TiffInfo,
    row_pixels: u32,
    size: u64,
) -> Option<Box<dyn Read + 'a>> {
    let raw = Raw { bytes, reversed: tiff.reversed_bits };
    Some(match &tiff.coding {
        TiffCoding::None => Box::new(raw),
        TiffCoding::Fax(kind) => Box::new(Fax::new(raw, *kind, row_pixels)),
        TiffCoding::Lzw => Box::new(Lzw::new(raw)),
        TiffCoding::Deflate => Box::new(ZlibDecoder::new(raw)),
        TiffCoding::PackBits => Box::new(PackBits { raw, run: Run::Literal(0) }),
        TiffCoding::Zstandard => Box::new(zstandard(raw, size)?),
        TiffCoding::Jpeg(_) | TiffCoding::OldJpeg(_) => return None,
    })
}

/// Returns the window that a Zstandard stream of `size` bytes needs at most: no match reaches farther back than the
/// content's start. Two blocks more serve strips that hold more than the picture.
pub(crate) fn zstandard_window(size: u64) -> u64 {
    size.saturating_add(256 << 10)
}

type Frame<'a> = StreamingDecoder<Chain<Cursor<[u8; 6]>, Raw<'a>>, FrameDecoder>;

/// Opens a frame under another header: the decoder makes room for the stated window at once, and high levels state up
/// to 128 MiB for little content.
fn zstandard(mut raw: Raw<'_>, size: u64) -> Option<Frame<'_>> {
    const CHECKSUM: u8 = 4;
    let mut head = [0; 18];
    let length = raw.bytes.len().min(head.len());
    Raw { bytes: raw.bytes, reversed: raw.reversed }.read_exact(&mut head[..length]).ok()?;
    let (window, length) = frame_header(&head)?;
    raw.bytes = raw.bytes.get(length..)?;
    let window = window.min(zstandard_window(size));
    let descriptor = (0..=u8::MAX).find(|&descriptor| described(descriptor) >= window)?;
    let start = [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], head[4] & CHECKSUM, descriptor];
    StreamingDecoder::new(Cursor::new(start).chain(raw)).ok()
}

const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Returns the window of a window descriptor (RFC 8878, 3.1.1.1.2).
fn described(descriptor: u8) -> u64 {
    let base = 1_u64 << (10 + (descriptor >> 3));
    base + base / 8 * u64::from(descriptor & 7)
}

/// Returns the window that a frame header (RFC 8878, 3.1.1.1) states, and the header's length. `None` if it is none, or
/// needs a dictionary.
fn frame_header(head: &[u8; 18]) -> Option<(u64, usize)> {
    let descriptor = head[4];
    if !head.starts_with(&MAGIC) || descriptor & 3 != 0 {
        return None;
    }
    let single_segment = descriptor & 0x20 != 0;
    let content = match descriptor >> 6 {
        0 => usize::from(single_segment),
        flag => 1 << flag,
    };
    if !single_segment {
        return Some((described(head[5]), 6 + content));
    }
    let field = &head[5..];
    let window = match content {
        1 => u64::from(field[0]),
        2 => u64::from(u16::from_le_bytes(*field.first_chunk()?)) + 256,
        4 => u64::from(u32::from_le_bytes(*field.first_chunk()?)),
        _ => u64::from_le_bytes(*field.first_chunk()?),
    };
    Some((window, 5 + content))
}

struct Lzw<'a> {
    raw: Raw<'a>,
    decoder: decode::Decoder,
    input: [u8; 4_096],
    pending: std::ops::Range<usize>,
}

impl<'a> Lzw<'a> {
    fn new(raw: Raw<'a>) -> Self {
        // Until 1989 writers stored codes with the least significant bit first; those begin with 256 in 9 bits.
        let old = !raw.reversed && raw.bytes.len() > 1 && raw.bytes[0] == 0 && raw.bytes[1] & 1 == 1;
        let decoder = match old {
            true => decode::Decoder::new(BitOrder::Lsb, 8),
            false => decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
        };
        Self { raw, decoder, input: [0; 4_096], pending: 0..0 }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.pending.is_empty() {
                self.pending = 0..self.raw.read(&mut self.input)?;
            }
            let last = self.pending.is_empty();
            let result = self.decoder.decode_bytes(&self.input[self.pending.clone()], buffer);
            self.pending.start += result.consumed_in;
            match result.status {
                _ if result.consumed_out > 0 => return Ok(result.consumed_out),
                Ok(LzwStatus::Ok) if !last || result.consumed_in > 0 => {}
                Ok(LzwStatus::NoProgress) if !last => {}
                Ok(_) => return Ok(0),
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
}

/// TIFF 6.0, section 9.
struct PackBits<'a> {
    raw: Raw<'a>,
    run: Run,
}

enum Run {
    Literal(usize),
    Repeated(usize, u8),
}

impl Read for PackBits<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.run {
                Run::Literal(0) | Run::Repeated(0, _) => {
                    let Some(code) = self.raw.next() else { return Ok(0) };
                    self.run = match code {
                        0..=127 => Run::Literal(usize::from(code) + 1),
                        128 => Run::Literal(0),
                        129..=255 => {
                            let Some(byte) = self.raw.next() else { return Ok(0) };
                            Run::Repeated(257 - usize::from(code), byte)
                        }
                    };
                }
                Run::Literal(left) => {
                    let length = buffer.len().min(*left);
                    let read = self.raw.read(&mut buffer[..length])?;
                    *left -= read;
                    return Ok(read);
                }
                Run::Repeated(left, byte) => {
                    let length = buffer.len().min(*left);
                    buffer[..length].fill(*byte);
                    *left -= length;
                    return Ok(length);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_headers() {
        let head = |bytes: &[u8]| {
            let mut head = [0; 18];
            head[..4].copy_from_slice(&MAGIC);
            head[4..4 + bytes.len()].copy_from_slice(bytes);
            frame_header(&head)
        };
        assert_eq!(head(&[0, 0]), Some((1 << 10, 6)));
        assert_eq!(head(&[4, 13 << 3 | 4]), Some(((1 << 23) + (1 << 22), 6)));
        assert_eq!(head(&[0x80, 0, 9, 9, 9, 9]), Some((1 << 10, 10)));
        assert_eq!(head(&[0x20, 77]), Some((77, 6)));
        assert_eq!(head(&[0x60, 1, 1]), Some((257 + 256, 7)));
        assert_eq!(head(&[0xA0, 0, 0, 0, 1]), Some((1 << 24, 9)));
        assert_eq!(head(&[0xE0, 0, 0, 0, 0, 1]), Some((1 << 32, 13)));
        // A dictionary, and no magic number.
        assert_eq!(head(&[1, 0, 5]), None);
        assert_eq!(frame_header(&[0; 18]), None);
    }
}
