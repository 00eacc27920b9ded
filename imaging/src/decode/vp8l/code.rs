//! Prefix codes of a lossless WebP stream (RFC 9649, 3.7.2.1), and what the decoder's tables of them take up.

use std::iter;

use image_header::Rejection;

use super::bits::Bits;

const MAX_LENGTH: usize = 15;
/// Code lengths up to which `image-webp` looks symbols up in a table of 32-bit entries; longer ones are
/// found in a tree behind it.
const TABLE_BITS: usize = 10;
const TABLE_ENTRY_BYTES: u64 = 4;
/// Two nodes of 16 bytes are reserved for every longer symbol.
const TREE_BYTES: u64 = 2 * 16;
/// What is allowed for the allocator's own, and the smallest code's three nodes.
const ALLOCATION_BYTES: u64 = 64;
/// The order in which the lengths of the codes of lengths are given.
const LENGTH_ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// A canonical prefix code. A code of a single symbol takes no bits.
pub(super) struct Code {
    /// Symbols by the length of their codes.
    counts: [u16; MAX_LENGTH + 1],
    /// In the order of their codes.
    symbols: Vec<u16>,
}

impl Code {
    /// Reads the description of a code for symbols below `alphabet`.
    pub(super) fn read(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, Rejection> {
        if bits.flag()? {
            return Self::read_simple(bits, alphabet);
        }
        let mut lengths = [0; LENGTH_ORDER.len()];
        let given = 4 + bits.read(4)? as usize;
        for &symbol in LENGTH_ORDER.iter().take(given) {
            lengths[symbol] = bits.read(3)? as u8;
        }
        let lengths = Self::from_lengths(&lengths)?.read_lengths(bits, alphabet)?;
        Self::from_lengths(&lengths)
    }

    /// One or two symbols, written out. To the decoder the first is the bit 0, the other the bit 1, even where
    /// they are in falling order or the same.
    fn read_simple(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, Rejection> {
        let two = bits.flag()?;
        let first_bits = if bits.flag()? { 8 } else { 1 };
        let mut symbols = vec![bits.read(first_bits)? as u16];
        if two {
            symbols.push(bits.read(8)? as u16);
        }
        if symbols.iter().any(|&symbol| usize::from(symbol) >= alphabet) {
            return Err(broken());
        }
        let mut counts = [0; MAX_LENGTH + 1];
        counts[1] = symbols.len() as u16;
        Ok(Self { counts, symbols })
    }

    /// Reads the code lengths of `alphabet` symbols by this code, of lengths and their repetitions.
    fn read_lengths(&self, bits: &mut Bits<'_>, alphabet: usize) -> Result<Vec<u8>, Rejection> {
        let mut left = alphabet;
        if bits.flag()? {
            let size = 2 + 2 * bits.read(3)?;
            left = 2 + bits.read(size)? as usize;
        }
        if left > alphabet {
            return Err(broken());
        }
        let mut lengths = Vec::with_capacity(alphabet);
        let mut previous = 8;
        while lengths.len() < alphabet && left > 0 {
            left -= 1;
            let (length, times) = match self.next(bits)? {
                16 => (previous, 3 + bits.read(2)?),
                17 => (0, 3 + bits.read(3)?),
                18 => (0, 11 + bits.read(7)?),
                length => (length as u8, 1),
            };
            if length != 0 {
                previous = length;
            }
            lengths.extend(iter::repeat_n(length, times as usize));
        }
        if lengths.len() > alphabet {
            return Err(broken());
        }
        Ok(lengths)
    }

    /// The code whose symbols have these lengths; 0 is none. All bit strings must mean something.
    fn from_lengths(lengths: &[u8]) -> Result<Self, Rejection> {
        let mut counts = [0_u16; MAX_LENGTH + 1];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        counts[0] = 0;
        let mut starts = [0; MAX_LENGTH + 1];
        let (mut coded, mut share) = (0, 0);
        for (length, &count) in counts.iter().enumerate() {
            starts[length] = coded;
            coded += usize::from(count);
            share += usize::from(count) << (MAX_LENGTH - length);
        }
        if coded == 0 || coded > 1 && share != 1 << MAX_LENGTH {
            return Err(broken());
        }
        let mut symbols = vec![0; coded];
        for (symbol, &length) in lengths.iter().enumerate().filter(|&(_, &length)| length != 0) {
            let at = &mut starts[usize::from(length)];
            symbols[*at] = symbol as u16;
            *at += 1;
        }
        Ok(Self { counts, symbols })
    }

    /// Reads a symbol.
    pub(super) fn next(&self, bits: &mut Bits<'_>) -> Result<u16, Rejection> {
        if let [only] = self.symbols[..] {
            return Ok(only);
        }
        // Codes of a length are consecutive numbers; `first` is the lowest, `index` its symbol's place.
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in &self.counts[1..] {
            code = code << 1 | bits.read(1)? as usize;
            first <<= 1;
            if code < first + usize::from(count) {
                return Ok(self.symbols[index + code - first]);
            }
            first += usize::from(count);
            index += usize::from(count);
        }
        Err(broken())
    }

    /// Bytes that the decoder allocates for this code.
    pub(super) fn bytes(&self) -> u64 {
        if self.symbols.len() == 1 {
            return 0;
        }
        let longest = self.counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        let in_tree: u64 = self.counts[TABLE_BITS + 1..].iter().copied().map(u64::from).sum();
        (TABLE_ENTRY_BYTES << longest.min(TABLE_BITS)) + TREE_BYTES * in_tree + ALLOCATION_BYTES
    }

    /// The most that [`Code::bytes`] can be for symbols below `alphabet`.
    pub(super) fn most_bytes(alphabet: usize) -> u64 {
        (TABLE_ENTRY_BYTES << TABLE_BITS) + TREE_BYTES * alphabet as u64 + ALLOCATION_BYTES
    }
}

fn broken() -> Rejection {
    Rejection::damaged("a prefix code of its lossless data is broken")
}
