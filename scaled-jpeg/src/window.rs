//! A scan's bytes without stuffing, a window at a time.

use memchr::memchr;

use crate::bits::{Bits, Buffer, LENGTH};
use crate::marker::{SOF0, is_restart};

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
    /// Bytes that were in the buffer before.
    dropped: u64,
    /// A place of the file, and where that is in all of the bytes without stuffing, once it was seen.
    watched: Option<(usize, Option<u64>)>,
    /// Whether to go on over it.
    passed: bool,
}

/// Why a window cannot go on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Halt {
    /// More was read than the file holds.
    Starved,
    /// Reading has come to the place that is watched for, with these bits.
    Watched(Bits),
}

/// The marker or end that follows a piece of a scan.
pub(crate) enum Restart {
    /// A restart marker. `is_orderly` is false if it is another than the expected one, or others came before.
    Found { bits: Bits, is_orderly: bool },
    /// No data: the next piece is empty. `is_over` is true if the pieces after it are empty as well.
    Lost { is_over: bool },
}

impl<'a> Window<'a> {
    /// Begins at `at`.
    pub(crate) fn new(file: &'a [u8], at: usize) -> (Self, Bits) {
        let buffer = Box::new([0; LENGTH]);
        let mut window = Self {
            file,
            at,
            buffer,
            length: 0,
            ended: false,
            limit: 0,
            dropped: 0,
            watched: None,
            passed: false,
        };
        let mut bits = Bits::default();
        window.fill(&mut bits);
        (window, bits)
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Halts where reading comes near `place` of the file, which is not within a stuffed byte and lies behind what was
    /// read.
    pub(crate) fn watch(&mut self, place: usize) {
        self.watched = Some((place, None));
    }

    /// Goes on over the place that is watched for.
    pub(crate) fn unwatch(&mut self) {
        self.passed = true;
        self.limit = self.length.saturating_sub(MCU);
    }

    /// Bytes of the file that are not in the buffer yet.
    pub(crate) fn rest(&self) -> usize {
        self.file.len().saturating_sub(self.at)
    }

    /// The middle of what is not in the buffer yet, but not within a stuffed byte.
    pub(crate) fn middle(&self) -> usize {
        let middle = self.at + self.rest() / 2;
        if self.file.get(middle.wrapping_sub(1)) == Some(&0xFF) { middle + 1 } else { middle }
    }

    /// Bits taken behind the place that was watched for; `None` if it was not seen.
    pub(crate) fn behind_watched(&self, bits: Bits) -> Option<i64> {
        let (_, seen) = self.watched?;
        Some(self.taken(bits) as i64 - (seen? * 8) as i64)
    }

    /// Bits taken since the window's beginning.
    pub(crate) fn taken(&self, bits: Bits) -> u64 {
        bits.taken_since(self.dropped)
    }

    /// To be called before an MCU where `bits` have come to [`Self::limit`], and at the end.
    #[cold]
    #[inline(never)]
    pub(crate) fn look_after(&mut self, mut bits: Bits) -> Result<Bits, Halt> {
        if !self.ended {
            self.fill(&mut bits);
        }
        if self.is_overrun(bits) { Err(Halt::Starved) } else { Ok(bits) }
    }

    /// Returns whether more bits were taken than the file holds.
    pub(crate) fn is_overrun(&self, bits: Bits) -> bool {
        self.ended && bits.taken() > self.length as u64 * 8
    }

    /// [`Self::look_after`], and whether the place that is watched for was come to.
    #[cold]
    #[inline(never)]
    pub(crate) fn look_out(&mut self, bits: Bits) -> Result<Bits, Halt> {
        let bits = self.look_after(bits)?;
        if let Some((_, Some(seen))) = self.watched
            && !self.passed
            && self.dropped + bits.position as u64 >= seen
        {
            return Err(Halt::Watched(bits));
        }
        Ok(bits)
    }

    /// Drops what was read and appends what follows.
    fn fill(&mut self, bits: &mut Bits) {
        let read = bits.position.min(self.length);
        self.buffer.copy_within(read..self.length, 0);
        self.length -= read;
        self.dropped += read as u64;
        bits.position -= read;
        while self.length < ROOM && !self.ended {
            let rest = &self.file[self.at.min(self.file.len())..];
            let mut room = ROOM - self.length;
            if let Some((place, seen)) = &mut self.watched {
                if *place > self.at {
                    room = room.min(*place - self.at);
                } else if seen.is_none() {
                    *seen = Some(self.dropped + self.length as u64);
                }
            }
            let rest = &rest[..rest.len().min(room)];
            let run = memchr(0xFF, rest).unwrap_or(rest.len());
            self.buffer[self.length..self.length + run].copy_from_slice(&rest[..run]);
            self.length += run;
            self.at += run;
            if run < rest.len() {
                self.stuffed();
            } else if self.at >= self.file.len() {
                self.ended = true;
            }
        }
        self.buffer[self.length..self.length + MCU].fill(0);
        self.limit = self.length.saturating_sub(MCU);
        if let Some((_, Some(seen))) = self.watched
            && !self.passed
        {
            self.limit = self.limit.min(seen.saturating_sub(self.dropped) as usize);
        }
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

    /// Continues behind the restart marker that has the number `expected`, 0 to 7, or one that libjpeg takes for it
    /// (`jpeg_resync_to_restart`).
    pub(crate) fn restart(&mut self, expected: u8) -> Restart {
        let mut orderly = true;
        loop {
            self.at = self.end();
            let code = self.file.get(self.at + 1).copied();
            let distance = code.filter(|&code| is_restart(code)).map(|code| code.wrapping_sub(expected) & 7);
            match (code, distance) {
                // One of the two before, or a code that no marker has: the expected one may follow.
                (_, Some(6..=7)) | (Some(..SOF0), None) => {
                    self.at += 2;
                    self.ended = false;
                    orderly = false;
                }
                // One of the next two, or the end of the scan: the marker was lost with all data up to here.
                (_, Some(1..=2) | None) => {
                    self.length = 0;
                    self.buffer[..MCU].fill(0);
                    (self.limit, self.ended) = (0, true);
                    return Restart::Lost { is_over: distance.is_none() };
                }
                (_, Some(distance)) => {
                    self.at += 2;
                    (self.length, self.ended) = (0, false);
                    let mut bits = Bits::default();
                    self.fill(&mut bits);
                    return Restart::Found { bits, is_orderly: orderly && distance == 0 };
                }
            }
        }
    }
}
