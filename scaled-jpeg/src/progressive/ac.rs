//! Scans of AC coefficients (T.81, G.1.2.2 and G.1.2.3), of one component each.

use super::plan::{Planned, band};
use super::store::Store;
use crate::bits::{Bits, Buffer};
use crate::decoder::Job;
use crate::error::Error;
use crate::huffman::Symbols;
use crate::idct::Kernels;
use crate::layout::Channel;
use crate::plane::Band;
use crate::segments::{Piece, Segment, Trouble};
use crate::window::Window;

/// The last coefficient's place. Damaged data lead past it; libjpeg counts that as the last one.
const LAST: u32 = 63;

pub(super) struct Ac<'s> {
    store: &'s mut Store,
    symbols: Symbols,
    places: [u8; 80],
    /// Coefficients that are kept, by place in zigzag order.
    wanted: u64,
    refinement: bool,
    first: u32,
    last: u32,
    low: u32,
    band: u64,
}

impl<'s> Ac<'s> {
    pub(super) fn new(planned: &Planned<'_>, channel: &Channel, store: &'s mut Store) -> Result<Self, Error> {
        let scan = &planned.scan;
        let codes = planned.tables.ac[scan.parts[0].ac];
        let codes = codes.ok_or_else(|| Error::damaged("a scan's Huffman table is missing"))?;
        Ok(Self {
            store,
            symbols: Symbols::ac(codes)?,
            places: std::array::from_fn(|at| channel.order.places[at.min(LAST as usize)]),
            wanted: channel.order.wanted(),
            refinement: scan.is_refinement(),
            first: scan.first,
            last: scan.last,
            low: scan.low,
            band: band(scan),
        })
    }
}

/// What does not change from block to block.
struct Pass<'p> {
    symbols: &'p Symbols,
    places: &'p [u8; 80],
    wanted: u64,
    first: u32,
    last: u32,
    low: u32,
    band: u64,
}

impl Pass<'_> {
    /// Decodes the band's first bits of a block. `run` counts the blocks after it that end at once. Returns true if
    /// the data are damaged.
    #[inline(always)]
    fn begin(
        &self,
        bits: &mut Bits,
        buffer: &Buffer,
        coefficients: &mut [i16],
        history: &mut u64,
        run: &mut u32,
    ) -> bool {
        let mut bad = false;
        let mut at = self.first;
        while at <= self.last {
            bits.refill(buffer);
            let symbol = self.symbols.peek(bits, buffer, &mut bad);
            if symbol.size() == 0 {
                bits.skip(symbol.code_bits());
                if symbol.run() < 15 {
                    *run = (1 << symbol.run()) - 1 + bits.number(symbol.run());
                    return bad;
                }
                at += 16;
                continue;
            }
            at += symbol.run();
            bad |= at > self.last;
            if let Some(coefficient) = coefficients.get_mut(usize::from(self.places[at as usize])) {
                *coefficient = (bits.value(symbol) << self.low) as i16;
            }
            *history |= 1 << at.min(LAST);
            bits.skip(symbol.bits());
            at += 1;
        }
        bad
    }

    /// Decodes one more bit of the band's coefficients. Returns true if the data are damaged.
    #[inline(always)]
    fn refine<K: Kernels>(
        &self,
        kernels: K,
        bits: &mut Bits,
        buffer: &Buffer,
        coefficients: &mut [i16],
        history: &mut u64,
        run: &mut u32,
    ) -> bool {
        let mut bad = false;
        let mut rest = self.band;
        if *run == 0 {
            while rest != 0 {
                bits.refill(buffer);
                let symbol = self.symbols.peek(bits, buffer, &mut bad);
                bits.skip(symbol.code_bits());
                let new = match (symbol.size(), symbol.run()) {
                    (0, 15) => None,
                    (0, exponent) => {
                        *run = (1 << exponent) + bits.number(exponent);
                        break;
                    }
                    (size, _) => {
                        bad |= size > 1;
                        Some(bits.bit())
                    }
                };
                // The zero behind as many zeros as the run is long.
                let place = kernels.nth(rest & !*history, symbol.run());
                let before = if place == 0 { rest } else { rest & (place - 1) };
                self.correct(bits, buffer, coefficients, before & *history);
                if let Some(positive) = new {
                    // The band has not so many zeros: the coefficient goes behind it.
                    bad |= place == 0;
                    let at = if place == 0 { (self.last + 1).min(LAST) } else { place.trailing_zeros() };
                    let at = at as usize;
                    if let Some(coefficient) = coefficients.get_mut(usize::from(self.places[at])) {
                        *coefficient = if positive { 1 << self.low } else { -1 << self.low };
                    }
                    *history |= 1 << at;
                }
                rest &= !(before | place);
            }
        }
        if *run > 0 {
            self.correct(bits, buffer, coefficients, rest & *history);
            *run -= 1;
        }
        bad
    }

    /// A bit for each of `nonzero`: whether its magnitude grows.
    #[inline(always)]
    fn correct(&self, bits: &mut Bits, buffer: &Buffer, coefficients: &mut [i16], nonzero: u64) {
        // Those that are wanted come first, but for a few.
        let mut kept = nonzero & (u64::MAX >> self.wanted.leading_zeros());
        let mut passed = (nonzero & !kept).count_ones();
        bits.refill(buffer);
        let mut there = Bits::REFILLED;
        while kept != 0 {
            if there == 0 {
                bits.refill(buffer);
                there = Bits::REFILLED;
            }
            let at = kept.trailing_zeros() as usize;
            kept &= kept - 1;
            there -= 1;
            if bits.bit()
                && let Some(coefficient) = coefficients.get_mut(usize::from(self.places[at]))
            {
                let step = 1_i16 << self.low;
                // A file may say so twice; libjpeg looks, too.
                if *coefficient & step == 0 {
                    *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -step } else { step });
                }
            }
        }
        bits.refill(buffer);
        let some = passed.min(Bits::REFILLED);
        bits.skip(some);
        passed -= some;
        if passed > 0 {
            bits.refill(buffer);
            bits.skip(passed);
        }
    }
}

impl Ac<'_> {
    /// Decodes the MCUs of one piece of the scan.
    #[inline(always)]
    fn piece<K: Kernels>(
        &mut self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        piece: &mut Piece,
    ) -> Result<(), Trouble> {
        let pass = Pass {
            symbols: &self.symbols,
            places: &self.places,
            wanted: self.wanted,
            first: self.first,
            last: self.last,
            low: self.low,
            band: self.band,
        };
        let (each, across) = (self.store.each, self.store.across);
        let mcus = piece.mcus.clone();
        let (from, to) = (mcus.start as usize, mcus.end as usize);
        let blocks = self.store.coefficients[from * each..to * each].chunks_exact_mut(each);
        let mut run = 0;
        let mut local = piece.bits;
        let mut bad = false;
        for ((mcu, coefficients), history) in mcus.zip(blocks).zip(&mut self.store.history[from..to]) {
            if mcu.is_multiple_of(across) && job.is_cancelled() {
                return Err(Trouble::Cancelled);
            }
            if !self.refinement && run > 0 {
                run -= 1;
                continue;
            }
            if local.position >= window.limit {
                local =
                    window.look_after(local).map_err(|_| Trouble::Starved { mcu: mcu.saturating_sub(1) })?;
            }
            let buffer = window.buffer();
            bad |= match self.refinement {
                true => pass.refine(kernels, &mut local, buffer, coefficients, history, &mut run),
                false => pass.begin(&mut local, buffer, coefficients, history, &mut run),
            };
        }
        if bad {
            piece.damaged = to as u32 - from as u32;
        }
        piece.bits = local;
        Ok(())
    }
}

impl Segment for Ac<'_> {
    fn decode<K: Kernels>(
        &mut self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        piece: &mut Piece,
        _: &mut [Band<'_>],
    ) -> Result<(), Trouble> {
        kernels.run(
            #[inline(always)]
            || self.piece(kernels, job, window, piece),
        )
    }
}
