//! Progressive scans' symbols: T.81 G.1.2, figures G.3 to G.9.

use crate::bits::BitWriter;
use crate::huffman::Code;
use crate::markers::Band;
use crate::symbols::sized;
use crate::transform::{Block, POSITION};

/// What a scan will write, and how often each symbol comes up. A token is 16 bits to write as they are, in five bits
/// their number, in eight the symbol before them, in one which table is its, and in the top one whether there is any.
#[derive(Default)]
pub(super) struct Tokens {
    /// In parts, so that nothing is copied, nor half of it empty, while they become more.
    parts: Vec<Vec<u32>>,
    counts: Option<Box<[[u32; 256]; 2]>>,
    predictions: [i16; 3],
}

const HAS_SYMBOL: u32 = 1 << 31;

/// Tokens in a part.
const PART: usize = 1 << 14;

impl Tokens {
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.counts = None;
        self.predictions = [0; 3];
    }

    pub(super) fn counts(&self, table: usize) -> &[u32] {
        self.counts.as_deref().map_or(&[], |counts| &counts[table])
    }

    #[inline]
    fn symbol(&mut self, table: usize, symbol: u32, bits: u32, length: u32) {
        let counts = self.counts.get_or_insert_with(|| Box::new([[0; 256]; 2]));
        counts[table & 1][symbol as usize & 0xFF] += 1;
        self.push(HAS_SYMBOL | (table as u32) << 29 | symbol << 21 | length << 16 | bits);
    }

    #[inline]
    fn raw(&mut self, bits: u32, length: u32) {
        self.push(length << 16 | bits);
    }

    #[inline]
    fn push(&mut self, token: u32) {
        match self.parts.last_mut() {
            Some(part) if part.len() < PART => part.push(token),
            _ => self.begin_part(token),
        }
    }

    #[cold]
    fn begin_part(&mut self, token: u32) {
        let mut part = Vec::with_capacity(PART);
        part.push(token);
        self.parts.push(part);
    }

    pub(super) fn write(&self, codes: &[Code; 2], bits: &mut BitWriter) {
        let codes = [codes[0].assigned(), codes[1].assigned()];
        for &token in self.parts.iter().flatten() {
            if token & HAS_SYMBOL != 0 {
                let (code, length) = codes[(token >> 29 & 1) as usize][(token >> 21 & 0xFF) as usize];
                bits.put(u32::from(code), u32::from(length));
            }
            bits.put(token & 0xFFFF, token >> 16 & 31);
        }
    }
}

/// A block's DC in a first scan; `component` has its own prediction.
pub(super) fn dc_first(block: &Block, component: usize, table: usize, band: Band, tokens: &mut Tokens) {
    let dc = block.dc() >> band.after;
    let prediction = &mut tokens.predictions[component];
    let (size, bits) = sized(dc - *prediction);
    *prediction = dc;
    tokens.symbol(table, size, bits, size);
}

/// A block's next bit of DC.
pub(super) fn dc_refine(block: &Block, band: Band, tokens: &mut Tokens) {
    tokens.raw(u32::from((block.dc() >> band.after) as u16 & 1), 1);
}

/// Zigzag positions of a band, as bits.
fn positions(band: Band) -> u64 {
    u64::MAX >> (63 - band.last) & u64::MAX << band.first
}

fn coefficient(block: &Block, k: u32) -> i16 {
    block.coefficients[usize::from(POSITION[k as usize % 64]) % 64]
}

/// Blocks in a row that end without another symbol.
struct EndOfBand {
    table: usize,
    run: u32,
}

impl EndOfBand {
    fn flush(&mut self, tokens: &mut Tokens) {
        if self.run > 0 {
            let size = self.run.ilog2();
            tokens.symbol(self.table, size << 4, self.run - (1 << size), size);
            self.run = 0;
        }
    }
}

/// A first scan of AC.
pub(super) struct AcFirst {
    band: Band,
    end: EndOfBand,
}

impl AcFirst {
    pub(super) fn new(band: Band, table: usize) -> Self {
        Self { band, end: EndOfBand { table, run: 0 } }
    }

    pub(super) fn block(&mut self, block: &Block, tokens: &mut Tokens) {
        let mut before = u32::from(self.band.first) - 1;
        let mut left = block.nonzero & positions(self.band);
        while left != 0 {
            let k = left.trailing_zeros();
            left &= left - 1;
            let value = coefficient(block, k);
            let magnitude = (value.unsigned_abs() >> self.band.after) as i16;
            if magnitude == 0 {
                continue;
            }
            self.end.flush(tokens);
            let mut run = k - before - 1;
            before = k;
            while run > 15 {
                tokens.symbol(self.end.table, 0xF0, 0, 0);
                run -= 16;
            }
            let (size, bits) = sized(if value < 0 { -magnitude } else { magnitude });
            tokens.symbol(self.end.table, run << 4 | size, bits, size);
        }
        if before < u32::from(self.band.last) {
            self.end.run += 1;
            if self.end.run == 0x7FFF {
                self.end.flush(tokens);
            }
        }
    }

    pub(super) fn finish(&mut self, tokens: &mut Tokens) {
        self.end.flush(tokens);
    }
}

/// Bits of coefficients that earlier scans have made known, to be written after the next symbol.
#[derive(Default)]
struct Corrections(Vec<bool>);

impl Corrections {
    fn flush(&mut self, tokens: &mut Tokens) {
        for bits in self.0.chunks(16) {
            tokens.raw(bits.iter().fold(0, |all, &bit| all << 1 | u32::from(bit)), bits.len() as u32);
        }
        self.0.clear();
    }
}

/// libjpeg's decoders know no limit, but its encoder keeps to this many corrections after one symbol.
const MOST_CORRECTIONS: usize = 1000 - 63;

/// A later scan of AC.
pub(super) struct AcRefine {
    band: Band,
    end: EndOfBand,
    /// Of the blocks that `end` counts.
    ended: Corrections,
    /// Of the block in work, since its last symbol.
    current: Corrections,
}

impl AcRefine {
    pub(super) fn new(band: Band, table: usize) -> Self {
        let end = EndOfBand { table, run: 0 };
        Self { band, end, ended: Corrections::default(), current: Corrections::default() }
    }

    fn flush_ended(&mut self, tokens: &mut Tokens) {
        self.end.flush(tokens);
        self.ended.flush(tokens);
    }

    pub(super) fn block(&mut self, block: &Block, tokens: &mut Tokens) {
        let magnitude = |k: u32| coefficient(block, k).unsigned_abs() >> self.band.after;
        let all = block.nonzero & positions(self.band);
        let mut last_new = 0;
        let mut left = all;
        while left != 0 {
            let k = left.ilog2();
            left ^= 1 << k;
            if magnitude(k) == 1 {
                last_new = k;
                break;
            }
        }

        let (mut before, mut run) = (u32::from(self.band.first) - 1, 0);
        let mut left = all;
        while left != 0 {
            let k = left.trailing_zeros();
            left &= left - 1;
            run += k - before - 1;
            before = k;
            let now = coefficient(block, k).unsigned_abs() >> self.band.after;
            if now == 0 {
                run += 1;
                continue;
            }
            while run > 15 && k <= last_new {
                self.flush_ended(tokens);
                tokens.symbol(self.end.table, 0xF0, 0, 0);
                self.current.flush(tokens);
                run -= 16;
            }
            if now > 1 {
                self.current.0.push(now & 1 == 1);
                continue;
            }
            self.flush_ended(tokens);
            let positive = u32::from(coefficient(block, k) > 0);
            tokens.symbol(self.end.table, run << 4 | 1, positive, 1);
            self.current.flush(tokens);
            run = 0;
        }
        run += u32::from(self.band.last) - before;
        if run > 0 || !self.current.0.is_empty() {
            self.end.run += 1;
            self.ended.0.append(&mut self.current.0);
            if self.end.run == 0x7FFF || self.ended.0.len() > MOST_CORRECTIONS {
                self.flush_ended(tokens);
            }
        }
    }

    pub(super) fn finish(&mut self, tokens: &mut Tokens) {
        self.flush_ended(tokens);
    }
}
