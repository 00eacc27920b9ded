//! Fax codings: ITU-T T.4 (Group 3, in one and two dimensions) and T.6 (Group 4), by the code tables of `fax`.

use std::convert::Infallible;
use std::io::{self, Read};

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, ByteReader};
use image_header::TiffFax;

use super::stored::Raw;

/// A decoder that yields packed rows; 1 is black.
pub(super) struct Fax<'a> {
    bits: ByteReader<Box<dyn Iterator<Item = Result<u8, Infallible>> + 'a>>,
    kind: TiffFax,
    width: u32,
    /// Positions of the row above at which the color changes, first from white to black.
    reference: Vec<u32>,
    current: Vec<u32>,
    row: Vec<u8>,
    read: usize,
}

impl<'a> Fax<'a> {
    pub(super) fn new(raw: Raw<'a>, kind: TiffFax, width: u32) -> Self {
        // The tables look ahead, beyond the last code.
        let bytes: Box<dyn Iterator<Item = Result<u8, Infallible>> + 'a> =
            Box::new(Iterator::chain(raw, [0; 4]).map(Ok));
        let bits = match ByteReader::new(bytes) {
            Ok(bits) => bits,
            Err(never) => match never {},
        };
        let row = vec![0; width.div_ceil(8) as usize];
        Self { bits, kind, width, reference: Vec::new(), current: Vec::new(), read: row.len(), row }
    }

    /// Decodes one row into `current`. Returns `None` at the end or where the data is damaged.
    fn decode(&mut self) -> Option<()> {
        self.current.clear();
        match self.kind {
            TiffFax::Rows => {
                self.one_dimension()?;
                self.consume(self.bits.bits_to_byte_boundary())
            }
            TiffFax::Group3 { two_dimensional } => {
                let marked = self.end_of_line()?;
                if two_dimensional && marked {
                    let one_dimension = self.bits.peek(1)? == 1;
                    self.consume(1)?;
                    return if one_dimension { self.one_dimension() } else { self.two_dimensions() };
                }
                self.one_dimension()
            }
            TiffFax::Group4 => self.two_dimensions(),
        }
    }

    fn consume(&mut self, bits: u8) -> Option<()> {
        self.bits.consume(bits).ok()
    }

    /// Skips fill bits and an end-of-line code. Returns whether there was one.
    fn end_of_line(&mut self) -> Option<bool> {
        while self.bits.peek(11)? == 0 {
            let end = self.bits.peek(12)? == 1;
            self.consume(if end { 12 } else { 1 })?;
            if end {
                return Some(true);
            }
        }
        Some(false)
    }

    fn run(&mut self, is_black: bool) -> Option<u32> {
        let mut run = 0_u32;
        loop {
            let part = if is_black { black::decode(&mut self.bits) } else { white::decode(&mut self.bits) }?;
            run += u32::from(part);
            if part < 64 {
                return Some(run);
            }
            if run > self.width {
                return None;
            }
        }
    }

    fn push(&mut self, position: u32) -> Option<()> {
        // Runs of no length could go on as long as the data.
        (self.current.len() < self.width as usize + 2).then(|| self.current.push(position.min(self.width)))
    }

    fn one_dimension(&mut self) -> Option<()> {
        let (mut at, mut is_black) = (0, false);
        while at < self.width {
            at += self.run(is_black)?;
            self.push(at)?;
            is_black = !is_black;
        }
        Some(())
    }

    fn two_dimensions(&mut self) -> Option<()> {
        let width = i64::from(self.width);
        // An imaginary pixel before the first.
        let (mut at, mut is_black, mut above) = (-1_i64, false, 0);
        while at < width {
            let mode = mode::decode(&mut self.bits)?;
            while above > 0 && i64::from(self.reference[above - 1]) > at {
                above -= 1;
            }
            while above < self.reference.len()
                && (i64::from(self.reference[above]) <= at || (above % 2 == 1) != is_black)
            {
                above += 1;
            }
            let change = |index: usize| self.reference.get(index).map_or(width, |&at| i64::from(at));
            match mode {
                Mode::Pass => at = change(above + 1),
                Mode::Vertical(offset) => {
                    let next = change(above) + i64::from(offset);
                    if next < at.max(0) {
                        return None;
                    }
                    at = next;
                    self.push(u32::try_from(next).ok()?)?;
                    is_black = !is_black;
                }
                Mode::Horizontal => {
                    let first = u32::try_from(at.max(0)).ok()?.saturating_add(self.run(is_black)?);
                    let second = first.saturating_add(self.run(!is_black)?);
                    self.push(first)?;
                    self.push(second)?;
                    at = second.into();
                }
                Mode::Extension | Mode::EOF => return None,
            }
        }
        Some(())
    }

    /// Paints black runs.
    fn paint(&mut self) {
        self.row.fill(0);
        for run in self.current.chunks(2).filter(|run| run[0] < self.width) {
            let end = run.get(1).copied().unwrap_or(self.width);
            let (mut at, end) = (run[0] as usize, end as usize);
            while at < end {
                if at % 8 == 0 && at + 8 <= end {
                    self.row[at / 8] = 0xFF;
                    at += 8;
                } else {
                    self.row[at / 8] |= 0x80 >> (at % 8);
                    at += 1;
                }
            }
        }
    }
}

impl Read for Fax<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.row.len() {
            if self.decode().is_none() {
                return Ok(0);
            }
            self.paint();
            std::mem::swap(&mut self.reference, &mut self.current);
            self.read = 0;
        }
        let read = (&self.row[self.read..]).read(buffer)?;
        self.read += read;
        Ok(read)
    }
}
