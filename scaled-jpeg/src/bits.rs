//! A reservoir of bits over bytes without stuffing.

use crate::huffman::Symbol;

/// Bytes of a buffer. A constant, so that refilling takes one comparison.
pub(crate) const LENGTH: usize = 1 << 16;
/// Where the last word of it begins.
const LAST: usize = LENGTH - 8;

pub(crate) type Buffer = [u8; LENGTH];

/// The next bits of a scan, most significant first, and where more come from. A small value to copy, so that it
/// lives in registers.
///
/// Refilled without branches by whole words, as Fabian Giesen describes ("Reading bits in far too many ways",
/// part 2, variant 4): bits below `count` are either zero or what the next refill brings again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bits {
    word: u64,
    /// Bits of `word` that are counted, 63 at most.
    count: u32,
    /// Where the next byte that is not counted lies in the buffer.
    pub(crate) position: usize,
}

impl Bits {
    /// Fewest bits there are after a refill.
    pub(crate) const REFILLED: u32 = 56;

    /// Just these.
    pub(crate) fn of(word: u64) -> Self {
        Self { word, count: 63, position: 8 }
    }

    /// Makes sure of [`Self::REFILLED`] bits. What lies behind the buffer is zero.
    #[inline(always)]
    pub(crate) fn refill(&mut self, buffer: &Buffer) {
        let next = match self.position {
            0..=LAST => u64::from_be_bytes(*buffer[self.position..].first_chunk().unwrap_or(&[0; 8])),
            _ => 0,
        };
        self.word |= next >> self.count;
        self.position += ((63 - self.count) / 8) as usize;
        self.count |= Self::REFILLED;
    }

    /// The next `N` bits.
    #[inline(always)]
    pub(crate) fn peek<const N: u32>(&self) -> usize {
        (self.word >> (64 - N)) as usize
    }

    /// Takes `count` bits, 63 at most.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.word <<= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    /// The value that follows the code of `symbol` (T.81, F.2.2.1's EXTEND), which is not taken yet.
    #[inline(always)]
    pub(crate) fn value(&self, symbol: Symbol) -> i32 {
        let size = symbol.size();
        let after = self.word << (symbol.code_bits() & 63);
        let magnitude = (after >> 1 >> (63 - size)) as i32;
        // Values that begin with a 0 are negative.
        let negative = !((after as i64) >> 63) as i32;
        magnitude + (negative & (1 - (1 << size)))
    }

    /// Takes one bit.
    #[inline(always)]
    pub(crate) fn bit(&mut self) -> bool {
        let bit = self.word >> 63 != 0;
        self.skip(1);
        bit
    }

    /// Takes `count` bits, 0 to 31, as a number.
    #[inline(always)]
    pub(crate) fn number(&mut self, count: u32) -> u32 {
        let number = (self.word >> 1 >> (63 - count)) as u32;
        self.skip(count);
        number
    }

    /// Bits taken since the beginning of the buffer.
    pub(crate) fn taken(&self) -> u64 {
        self.taken_since(0)
    }

    /// Bits taken since `dropped` bytes before the beginning of the buffer, some of which may still be counted.
    pub(crate) fn taken_since(&self, dropped: u64) -> u64 {
        ((dropped + self.position as u64) * 8).saturating_sub(u64::from(self.count))
    }
}
