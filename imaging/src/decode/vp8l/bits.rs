//! Bits of a lossless WebP stream, the lowest of a byte first (RFC 9649, 3.2).

use image_header::Rejection;

/// Reads from the front; what lies behind the end is an error.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bits read so far.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The next `count` bits (up to 25).
    pub(super) fn read(&mut self, count: u32) -> Result<u32, Rejection> {
        let end = self.position + count as usize;
        if end > self.bytes.len() * 8 {
            return Err(Rejection::damaged("its lossless data break off"));
        }
        let rest = &self.bytes[self.position / 8..];
        let there = rest.len().min(4);
        let mut window = [0; 4];
        window[..there].copy_from_slice(&rest[..there]);
        let bits = u32::from_le_bytes(window) >> (self.position % 8) & ((1 << count) - 1);
        self.position = end;
        Ok(bits)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Rejection> {
        Ok(self.read(1)? == 1)
    }

    /// The length or distance of a copy that prefix `symbol` (up to 39) begins (RFC 9649, 3.6.2.2).
    pub(super) fn prefixed(&mut self, symbol: u32) -> Result<u32, Rejection> {
        if symbol < 4 {
            return Ok(symbol + 1);
        }
        let extra = (symbol - 2) >> 1;
        Ok(((2 + (symbol & 1)) << extra) + self.read(extra)? + 1)
    }
}
