//! The inflated rows of a PNG's image data, still filtered, one after the other.

use fdeflate::Decompressor;
use flate2::Crc;

use crate::decode::words::CUT_OFF;

/// How far back deflate refers (RFC 1951, 2).
const WINDOW: usize = 32 << 10;
/// What is inflated at a time, roughly.
const PIECE: usize = 128 << 10;

/// Inflates the IDAT chunks of a file as rows are asked for.
pub(super) struct Scanlines<'a> {
    /// What of the file is not read yet.
    file: &'a [u8],
    /// What is left of the current chunk's data.
    data: &'a [u8],
    crc: Crc,
    inflater: Box<Decompressor>,
    /// Inflated bytes: already read ones that may be referred to, then those from `start` to `end`, then room.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of a row and its filter.
    row: usize,
}

impl<'a> Scanlines<'a> {
    /// Rows of `row` bytes, filter included, of the PNG `file`.
    pub(super) fn new(file: &'a [u8], row: usize) -> Result<Self, &'static str> {
        let mut inflater = Box::new(Decompressor::new());
        // Each chunk has a checksum of its own.
        inflater.ignore_adler32();
        let mut scanlines = Self {
            file: file.get(8..).unwrap_or_default(),
            data: &[],
            crc: Crc::new(),
            inflater,
            buffer: vec![0; WINDOW + PIECE + 2 * row],
            start: 0,
            end: 0,
            row,
        };
        while scanlines.name()? != b"IDAT" {
            let length = scanlines.length()?;
            scanlines.file = scanlines.file.get(12 + length..).ok_or(CUT_OFF)?;
        }
        Ok(scanlines)
    }

    /// Inflates up to `rows` rows, which [`Self::get`] then has. At most two; at least one, or an error.
    pub(super) fn fill(&mut self, rows: usize) -> Result<usize, &'static str> {
        while self.end - self.start < rows * self.row {
            if let Err(error) = self.inflate() {
                let there = (self.end - self.start) / self.row;
                return if there > 0 { Ok(there) } else { Err(error) };
            }
        }
        Ok(rows)
    }

    /// The filter and the bytes of row number `index` of those that are inflated.
    pub(super) fn get(&self, index: usize) -> (u8, &[u8]) {
        let at = self.start + index * self.row;
        (self.buffer[at], &self.buffer[at + 1..at + self.row])
    }

    /// Lets go of `rows` rows.
    pub(super) fn consume(&mut self, rows: usize) {
        self.start += rows * self.row;
    }

    /// Reads what follows the last row: whether the remaining chunks of image data are whole.
    pub(super) fn finish(mut self) -> Result<(), &'static str> {
        loop {
            self.crc.update(self.data);
            self.data = &[];
            if !self.next_chunk()? {
                return Ok(());
            }
        }
    }

    fn inflate(&mut self) -> Result<(), &'static str> {
        if self.buffer.len() - self.end < PIECE / 2 {
            let kept = self.start.min(self.end.saturating_sub(WINDOW));
            self.buffer.copy_within(kept..self.end, 0);
            self.start -= kept;
            self.end -= kept;
        }
        let more = !self.data.is_empty() || self.next_chunk()?;
        let (taken, made) = self
            .inflater
            .read(self.data, &mut self.buffer, self.end, false)
            .map_err(|_| "the deflate stream is corrupt")?;
        let (taken, left) = self.data.split_at(taken);
        self.crc.update(taken);
        self.data = left;
        self.end += made;
        if made == 0 && (self.inflater.is_done() || !more) {
            return Err("there is too little image data");
        }
        Ok(())
    }

    /// Goes on to the next chunk if that is image data too. The current one is read.
    fn next_chunk(&mut self) -> Result<bool, &'static str> {
        if self.crc.amount() > 0 {
            let sum = self.file.first_chunk::<4>().ok_or(CUT_OFF)?;
            if u32::from_be_bytes(*sum) != self.crc.sum() {
                return Err("a checksum is wrong");
            }
            self.file = &self.file[4..];
            self.crc.reset();
        }
        if self.name()? != b"IDAT" {
            return Ok(false);
        }
        let length = self.length()?;
        self.crc.update(b"IDAT");
        let rest = &self.file[8..];
        (self.data, self.file) = rest.split_at(length.min(rest.len()));
        Ok(true)
    }

    fn length(&self) -> Result<usize, &'static str> {
        let length = self.file.first_chunk::<4>().ok_or(CUT_OFF)?;
        Ok(u32::from_be_bytes(*length) as usize)
    }

    fn name(&self) -> Result<&'a [u8], &'static str> {
        self.file.get(4..8).ok_or(CUT_OFF)
    }
}
