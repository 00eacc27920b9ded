//! A scan's bytes without stuffing, a window at a time.

use memchr::memchr;

use crate::bits::{Bits, Buffer, LENGTH};
use crate::marker::is_restart;

/// What one MCU takes at most: ten blocks of 64 coefficients, each a code of 16 bits and a value of 15.
const MCU: usize = 10 * 64 * 31 / 8 + 16;
/// Bytes of the file that are in the buffer at once.
const ROOM: usize = LENGTH - MCU;

/// The window slides over the file and ends at any marker. Behind that it holds zeros.
pub(crate) struct Window<'a> {
    file: &'a [u8],
    /// Where the file goes on; at a marker, where `ended`.
    at: usize,
    buffer: Box<Buffer>,
    /// Bytes of the buffer that came from the file.
    length: usize,
    ended: bool,
    /// From here on the window has to be looked after before another MCU.
    pub(crate) limit: usize,
}

/// More was read than the file holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starved;

impl<'a> Window<'a> {
    /// Begins at `at`.
    pub(crate) fn new(file: &'a [u8], at: usize) -> (Self, Bits) {
        let buffer = Box::new([0; LENGTH]);
        let mut window = Self { file, at, buffer, length: 0, ended: false, limit: 0 };
        let mut bits = Bits::default();
        window.fill(&mut bits);
        (window, bits)
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// To be called before an MCU where `bits` have come to [`Self::limit`], and at the end.
    #[cold]
    #[inline(never)]
    pub(crate) fn look_after(&mut self, mut bits: Bits) -> Result<Bits, Starved> {
        if !self.ended {
            self.fill(&mut bits);
        }
        if self.ended && bits.taken() > self.length as u64 * 8 { Err(Starved) } else { Ok(bits) }
    }

    /// Drops what was read and appends what follows.
    fn fill(&mut self, bits: &mut Bits) {
        let read = bits.position.min(self.length);
        self.buffer.copy_within(read..self.length, 0);
        self.length -= read;
        bits.position -= read;
        while self.length < ROOM && !self.ended {
            let rest = &self.file[self.at.min(self.file.len())..];
            let rest = &rest[..rest.len().min(ROOM - self.length)];
            let run = memchr(0xFF, rest).unwrap_or(rest.len());
            self.buffer[self.length..self.length + run].copy_from_slice(&rest[..run]);
            self.length += run;
            self.at += run;
            if run < rest.len() {
                self.stuffed();
            } else if run == 0 {
                self.ended = true;
            }
        }
        self.buffer[self.length..].fill(0);
        self.limit = self.length.saturating_sub(MCU);
    }

    /// An 0xFF: of data if 0 follows, a fill byte if another does, else the beginning of a marker.
    fn stuffed(&mut self) {
        match self.file.get(self.at + 1) {
            Some(0) => {
                self.buffer[self.length] = 0xFF;
                self.length += 1;
                self.at += 2;
            }
            Some(0xFF) => self.at += 1,
            _ => self.ended = true,
        }
    }

    /// Where the marker that ends this piece of the scan lies; the file's end, if there is none.
    pub(crate) fn end(&self) -> usize {
        if self.ended {
            return self.at;
        }
        let mut at = self.at;
        while let Some(run) = memchr(0xFF, &self.file[at.min(self.file.len())..]) {
            at += run;
            match self.file.get(at + 1) {
                Some(0) => at += 2,
                Some(0xFF) => at += 1,
                _ => return at,
            }
        }
        self.file.len()
    }

    /// Goes on behind the next restart marker and gives its number, 0 to 7; `None` if another marker or the end of
    /// the file comes first.
    pub(crate) fn restart(&mut self) -> Option<(Bits, u8)> {
        let end = self.end();
        let code = self.file.get(end + 1).copied().filter(|&code| is_restart(code))?;
        self.at = end + 2;
        (self.length, self.ended) = (0, false);
        let mut bits = Bits::default();
        self.fill(&mut bits);
        Some((bits, code & 7))
    }
}
