//! Huffman decoding by lookup: one symbol at once, or all that fit where their values do not matter.
//!
//! Damaged data are decoded as libjpeg decodes them (`jpeg_huff_decode`): bits that are no code count as a symbol of
//! zero, which is no difference for DC and ends the block for AC, and take 17 bits.

use crate::bits::{Bits, Buffer};
use crate::error::Error;
use crate::tables::HuffmanCodes;

/// Bits that index [`Symbols`]; longer codes, one in a thousand, are found length by length.
const FAST: u32 = 10;
/// Bits that index [`Skips`]: two tables of two bytes an entry stay in a first-level cache of 32 KiB.
const SKIP: u32 = 12;

/// Added to a block's position by a symbol that ends it.
pub(crate) const END: u32 = 128;

/// What a code stands for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Symbol(u32);

impl Symbol {
    const fn new(code_bits: u32, symbol: u8, is_dc: bool) -> Self {
        let (run, size) = if is_dc { (0, symbol as u32) } else { (symbol as u32 >> 4, symbol as u32 & 15) };
        let advance = if size == 0 && run != 15 { END } else { run + 1 };
        Self((code_bits + size) | code_bits << 8 | (run << 4 | size) << 16 | advance << 24)
    }

    fn is_known(self) -> bool {
        self.0 != 0
    }

    /// Whether the index that finds it has all of its bits.
    fn is_short(self) -> bool {
        (1..=FAST).contains(&self.bits())
    }

    /// Bits of the code and of the value behind it.
    pub(crate) fn bits(self) -> u32 {
        self.0 & 0xFF
    }

    /// Bits of the code.
    pub(crate) fn code_bits(self) -> u32 {
        self.0 >> 8 & 0xFF
    }

    /// Bits of the value.
    pub(crate) fn size(self) -> u32 {
        self.0 >> 16 & 15
    }

    /// Zero coefficients before the value.
    pub(crate) fn run(self) -> u32 {
        self.0 >> 20 & 15
    }

    /// How far a block's position moves; [`END`] where the symbol ends the block.
    pub(crate) fn advance(self) -> u32 {
        self.0 >> 24
    }
}

/// Bits that libjpeg has read when it knows that they are no code.
const NO_CODE: u32 = 17;

/// Decodes one symbol at a time.
pub(crate) struct Symbols {
    fast: Box<[Symbol; 1 << FAST]>,
    /// The values that lie within the index themselves.
    values: Box<[i16; 1 << FAST]>,
    canonical: Canonical,
}

impl Symbols {
    pub(crate) fn dc(codes: HuffmanCodes<'_>) -> Result<Self, Error> {
        // libjpeg draws this line, though a difference of 8-bit samples has 11 bits at most (T.81, F.1.2.1.1).
        if codes.symbols.iter().any(|&size| size > 15) {
            return Err(Error::damaged("a Huffman table for DC has symbols that do not exist"));
        }
        Self::new(codes, true)
    }

    pub(crate) fn ac(codes: HuffmanCodes<'_>) -> Result<Self, Error> {
        Self::new(codes, false)
    }

    fn new(codes: HuffmanCodes<'_>, is_dc: bool) -> Result<Self, Error> {
        let canonical = Canonical::new(codes, is_dc)?;
        let mut fast = Box::new([Symbol::default(); 1 << FAST]);
        canonical.spread(FAST, &mut fast[..]);
        let mut values = Box::new([0; 1 << FAST]);
        for (index, (symbol, value)) in fast.iter().zip(values.iter_mut()).enumerate() {
            if symbol.is_short() {
                *value = Bits::of((index as u64) << (64 - FAST)).value(*symbol) as i16;
            }
        }
        Ok(Self { fast, values, canonical })
    }

    /// Returns the next symbol, which is not taken yet, and its value. Works as [`Self::peek`] otherwise.
    #[inline(always)]
    pub(crate) fn peek_value(&self, bits: &mut Bits, buffer: &Buffer, bad: &mut bool) -> (Symbol, i32) {
        let index = bits.peek::<FAST>();
        let symbol = self.fast[index];
        if symbol.is_short() {
            return (symbol, self.values[index].into());
        }
        let symbol = self.peek(bits, buffer, bad);
        (symbol, bits.value(symbol))
    }

    /// Returns the next symbol, which is not taken yet, with its value. 25 bits must be left. Sets `bad` if they
    /// begin with no code.
    #[inline(always)]
    pub(crate) fn peek(&self, bits: &mut Bits, buffer: &Buffer, bad: &mut bool) -> Symbol {
        let symbol = self.fast[bits.peek::<FAST>()];
        if symbol.is_known() {
            return symbol;
        }
        bits.refill(buffer);
        self.canonical.find(bits.peek::<16>() as u32, bad)
    }
}

/// Decodes several AC symbols at once, if nothing but how far they reach is wanted.
pub(crate) struct Skips {
    /// Bits taken, and from bit 8 on how far the block's position moves; [`Skips::UNKNOWN`] where not even one
    /// code is whole.
    entries: Box<[u16; 1 << SKIP]>,
}

impl Skips {
    const UNKNOWN: u16 = 0xFF00;
    /// Most bits of an entry.
    const MOST: u32 = 18;
    /// Entries that can be taken after a refill.
    pub(crate) const A_REFILL: u32 = Bits::REFILLED / Self::MOST;

    pub(crate) fn new(symbols: &Symbols) -> Self {
        let mut first = vec![Symbol::default(); 1 << SKIP];
        symbols.canonical.spread(SKIP, &mut first);
        let mut entries = Box::new([Self::UNKNOWN; 1 << SKIP]);
        for (index, entry) in entries.iter_mut().enumerate() {
            let (mut taken, mut advance) = (0, 0);
            // The last symbol's value may lie behind the index: its bits are counted, not seen.
            while taken < SKIP {
                let symbol = first[index << taken & ((1 << SKIP) - 1)];
                let fits = symbol.is_known()
                    && taken + symbol.code_bits() <= SKIP
                    && taken + symbol.bits() <= Self::MOST;
                // END is above all that symbols can add up to.
                if !fits || (symbol.advance() < END && advance + symbol.advance() > 64) {
                    break;
                }
                taken += symbol.bits();
                advance += symbol.advance();
                if advance >= END {
                    break;
                }
            }
            if taken > 0 {
                *entry = (taken | advance << 8) as u16;
            }
        }
        Self { entries }
    }

    /// Bits taken, and how far the position moves; more than 64 and less than [`END`] where one symbol
    /// has to be taken at a time.
    #[inline(always)]
    pub(crate) fn peek(&self, bits: &Bits) -> (u32, u32) {
        let entry = u32::from(self.entries[bits.peek::<SKIP>()]);
        (entry & 0xFF, entry >> 8)
    }
}

/// The code as lengths and first codes (T.81, Annex C and F.2.2.3).
struct Canonical {
    /// For each length from 1 on: one more than its last code, in 16 bits aligned to the left; never decreasing.
    limits: [u32; 16],
    /// For each length: what added to a code gives the index of its symbol.
    offsets: [i32; 16],
    symbols: Vec<u8>,
    is_dc: bool,
}

impl Canonical {
    fn new(codes: HuffmanCodes<'_>, is_dc: bool) -> Result<Self, Error> {
        let (mut limits, mut offsets) = ([0; 16], [0; 16]);
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, &count) in (1..).zip(codes.counts) {
            offsets[length - 1] = index as i32 - code as i32;
            code += u32::from(count);
            index += u32::from(count);
            if code > 1 << length {
                return Err(Error::damaged("a Huffman table has more codes than there can be"));
            }
            limits[length - 1] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self { limits, offsets, symbols: codes.symbols.to_vec(), is_dc })
    }

    /// Writes each symbol whose code has at most `bits` bits wherever an index begins with that code.
    fn spread(&self, bits: u32, table: &mut [Symbol]) {
        let mut at = 0_usize;
        for length in 1..=bits {
            let first = at;
            let end = (self.limits[length as usize - 1] >> (16 - bits)) as usize;
            let step = 1_usize << (bits - length);
            while at < end {
                let code = (at >> (bits - length)) as i32;
                let symbol = self.symbols.get((code + self.offsets[length as usize - 1]) as usize);
                if let Some(&symbol) = symbol {
                    table[at..at + step].fill(Symbol::new(length, symbol, self.is_dc));
                }
                at += step;
            }
            debug_assert!(at >= first);
        }
    }

    /// Returns the symbol that these 16 bits begin with. They are passed by value: bits whose address is known stay out
    /// of registers.
    #[cold]
    #[inline(never)]
    fn find(&self, next: u32, bad: &mut bool) -> Symbol {
        let found = self.limits.iter().position(|&limit| next < limit).and_then(|index| {
            let length = index as u32 + 1;
            let code = (next >> (16 - length)) as i32;
            let symbol = self.symbols.get((code + self.offsets[index]) as usize)?;
            Some(Symbol::new(length, *symbol, self.is_dc))
        });
        found.unwrap_or_else(|| {
            *bad = true;
            Symbol::new(NO_CODE, 0, self.is_dc)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::LENGTH;

    /// Annex K.3.2's first codes for luma's AC.
    const COUNTS: [u8; 16] = [0, 2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const CODES: HuffmanCodes<'_> =
        HuffmanCodes { counts: &COUNTS, symbols: &[0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0xF0] };

    fn bits(word: u64) -> Bits {
        Bits::of(word)
    }

    #[test]
    fn symbols_are_found_by_their_codes() {
        let symbols = Symbols::ac(CODES).unwrap();
        let peek = |word| {
            let mut bad = false;
            let symbol = symbols.peek(&mut bits(word), &[0; LENGTH], &mut bad);
            ((symbol.code_bits(), symbol.bits(), symbol.run(), symbol.advance()), bad)
        };
        assert_eq!(peek(0b00 << 62), ((2, 3, 0, 1), false));
        assert_eq!(peek(0b100 << 61), ((3, 6, 0, 1), false));
        assert_eq!(peek(0b1010 << 60), ((4, 4, 0, END), false));
        assert_eq!(peek(0b1100 << 60), ((4, 5, 1, 2), false));
        // The one code of 16 bits, and one that does not exist.
        assert_eq!(peek(0b1101_0000_0000_0000 << 48), ((16, 16, 15, 16), false));
        assert_eq!(peek(u64::MAX), ((17, 17, 0, END), true));
    }

    #[test]
    fn skips_take_what_fits() {
        let skips = Skips::new(&Symbols::ac(CODES).unwrap());
        // 00 x, 00 x, 1010: two coefficients and the end of the block.
        assert_eq!(skips.peek(&bits(0b00_1000_1010 << 54)), (10, 2 + END));
        // The value of the last symbol lies outside of the twelve bits.
        assert_eq!(skips.peek(&bits(0b00_1000_1011_0000 << 50)), (14, 3));
        assert!((65..END).contains(&skips.peek(&bits(u64::MAX)).1) || skips.peek(&bits(u64::MAX)).1 > 192);
    }

    #[test]
    fn too_many_codes_are_refused() {
        let counts = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(Symbols::ac(HuffmanCodes { counts: &counts, symbols: &[1, 2, 3] }).is_err());
    }
}
