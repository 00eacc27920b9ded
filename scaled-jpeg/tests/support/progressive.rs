//! Blocks of progressive scans (G.1.2).

use super::{
    picture::Block,
    token::{Class, Token, category, magnitude},
};

/// A first scan of the first coefficient: the difference of its upper bits.
pub(crate) fn first_dc(block: &Block, previous: i16, low: u8, slot: u8, out: &mut Vec<Token>) {
    let difference = i32::from(block[0] >> low) - i32::from(previous >> low);
    out.push(Token::Code { class: Class::Dc, slot, symbol: category(difference) });
    out.push(magnitude(difference));
}

/// One more bit of the first coefficient.
pub(crate) fn refine_dc(block: &Block, low: u8, out: &mut Vec<Token>) {
    out.push(Token::Bits { value: (block[0] >> low & 1) as u16, count: 1 });
}

/// A band of other coefficients, first scan or refinement, with the run of blocks that have nothing (more) in it.
pub(crate) struct Band {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) low: u8,
    pub(crate) slot: u8,
    /// The longest run of ended blocks, 1..=32767.
    pub(crate) longest: u16,
    ended: u16,
    /// Correction bits of the ended blocks.
    corrections: Vec<bool>,
}

impl Band {
    pub(crate) fn new(from: u8, to: u8, low: u8, slot: u8, longest: u16) -> Self {
        let (from, to) = (usize::from(from), usize::from(to));
        Self { from, to, low, slot, longest, ended: 0, corrections: Vec::new() }
    }

    pub(crate) fn first(&mut self, block: &Block, out: &mut Vec<Token>) {
        let mut run = 0;
        for &coefficient in &block[self.from..=self.to] {
            let value = i32::from(coefficient.signum()) * i32::from(coefficient.unsigned_abs() >> self.low);
            if value == 0 {
                run += 1;
                continue;
            }
            self.flush(out);
            while run > 15 {
                out.push(self.code(0xf0));
                run -= 16;
            }
            out.push(self.code(run << 4 | category(value)));
            out.push(magnitude(value));
            run = 0;
        }
        if run > 0 {
            self.end(Vec::new(), out);
        }
    }

    pub(crate) fn refine(&mut self, block: &Block, out: &mut Vec<Token>) {
        let band = &block[self.from..=self.to];
        let magnitudes: Vec<u16> = band.iter().map(|value| value.unsigned_abs() >> self.low).collect();
        let last_new = magnitudes.iter().rposition(|&magnitude| magnitude == 1);
        let (mut run, mut corrections) = (0, Vec::new());
        for (k, &magnitude) in magnitudes.iter().enumerate() {
            if magnitude == 0 {
                run += 1;
                continue;
            }
            while run > 15 && last_new.is_some_and(|last| k <= last) {
                self.flush(out);
                out.push(self.code(0xf0));
                out.extend(corrections.drain(..).map(bit));
                run -= 16;
            }
            if magnitude > 1 {
                corrections.push(magnitude & 1 == 1);
                continue;
            }
            self.flush(out);
            out.push(self.code(run << 4 | 1));
            out.push(bit(band[k] > 0));
            out.extend(corrections.drain(..).map(bit));
            run = 0;
        }
        if run > 0 || !corrections.is_empty() {
            self.end(corrections, out);
        }
    }

    /// Writes the run of ended blocks, if there is one.
    pub(crate) fn flush(&mut self, out: &mut Vec<Token>) {
        if self.ended == 0 {
            return;
        }
        let count = self.ended.ilog2() as u8;
        out.push(self.code(count << 4));
        out.push(Token::Bits { value: self.ended & ((1 << count) - 1), count });
        out.extend(self.corrections.drain(..).map(bit));
        self.ended = 0;
    }

    fn end(&mut self, corrections: Vec<bool>, out: &mut Vec<Token>) {
        self.ended += 1;
        self.corrections.extend(corrections);
        if self.ended >= self.longest {
            self.flush(out);
        }
    }

    fn code(&self, symbol: u8) -> Token {
        Token::Code { class: Class::Ac, slot: self.slot, symbol }
    }
}

fn bit(set: bool) -> Token {
    Token::Bits { value: u16::from(set), count: 1 }
}
