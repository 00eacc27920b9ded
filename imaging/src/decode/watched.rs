//! A file in memory that ends reading when the work is to stop: most decoders can be asked in no other way.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use crate::stop::Stop;

pub(super) struct Watched<'a> {
    file: Cursor<&'a [u8]>,
    stop: &'a Stop,
}

impl<'a> Watched<'a> {
    pub(super) fn new(file: &'a [u8], stop: &'a Stop) -> Self {
        Self { file: Cursor::new(file), stop }
    }

    fn check(&self) -> io::Result<()> {
        if self.stop.is_stopped() { Err(io::Error::other("stopped")) } else { Ok(()) }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // In pieces, so that a decoder that asks for everything at once is stopped too.
        const PIECE: usize = 1 << 16;
        self.check()?;
        let piece = buffer.len().min(PIECE);
        self.file.read(&mut buffer[..piece])
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}
