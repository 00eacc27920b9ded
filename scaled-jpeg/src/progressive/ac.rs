//! Scans of AC coefficients (T.81, G.1.2.2 and G.1.2.3), of one component each.

use std::ops::Range;

use super::plan::{Planned, band};
use super::store::Store;
use crate::bits::{Bits, Buffer};
use crate::decoder::Job;
use crate::error::Error;
use crate::huffman::{BadCode, Symbols};
use crate::idct::Kernels;
use crate::layout::Channel;
use crate::plane::Band;
use crate::segments::{Segment, Trouble};
use crate::window::Window;

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
            places: channel.order.places,
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
    /// The band's first bits of a block. `run`: blocks that end here, this one among them.
    #[inline(always)]
    fn begin(
        &self,
        bits: &mut Bits,
        buffer: &Buffer,
        coefficients: &mut [i16],
        history: &mut u64,
        run: &mut u32,
    ) -> Result<(), BadCode> {
        let mut at = self.first;
        while at <= self.last {
            bits.refill(buffer);
            let symbol = self.symbols.peek(bits, buffer)?;
            if symbol.size() == 0 {
                bits.skip(symbol.code_bits());
                if symbol.run() < 15 {
                    *run = (1 << symbol.run()) - 1 + bits.number(symbol.run());
                    return Ok(());
                }
                at += 16;
                continue;
            }
            at += symbol.run();
            if at > self.last {
                return Err(BadCode);
            }
            if let Some(coefficient) = coefficients.get_mut(usize::from(self.places[at as usize])) {
                *coefficient = (bits.value(symbol) << self.low) as i16;
            }
            *history |= 1 << at;
            bits.skip(symbol.bits());
            at += 1;
        }
        Ok(())
    }

    /// One more bit of the band's coefficients.
    #[inline(always)]
    fn refine<K: Kernels>(
        &self,
        kernels: K,
        bits: &mut Bits,
        buffer: &Buffer,
        coefficients: &mut [i16],
        history: &mut u64,
        run: &mut u32,
    ) -> Result<(), BadCode> {
        let mut rest = self.band;
        if *run == 0 {
            while rest != 0 {
                bits.refill(buffer);
                let symbol = self.symbols.peek(bits, buffer)?;
                bits.skip(symbol.code_bits());
                let new = match (symbol.size(), symbol.run()) {
                    (0, 15) => None,
                    (0, exponent) => {
                        *run = (1 << exponent) + bits.number(exponent);
                        break;
                    }
                    (1, _) => Some(bits.bit()),
                    _ => return Err(BadCode),
                };
                // The zero behind as many zeros as the run is long.
                let place = kernels.nth(rest & !*history, symbol.run());
                let before = if place == 0 { rest } else { rest & (place - 1) };
                self.correct(bits, buffer, coefficients, before & *history);
                if let Some(positive) = new {
                    if place == 0 {
                        return Err(BadCode);
                    }
                    let at = place.trailing_zeros() as usize;
                    if let Some(coefficient) = coefficients.get_mut(usize::from(self.places[at])) {
                        *coefficient = if positive { 1 << self.low } else { -1 << self.low };
                    }
                    *history |= place;
                }
                rest &= !(before | place);
            }
        }
        if *run > 0 {
            self.correct(bits, buffer, coefficients, rest & *history);
            *run -= 1;
        }
        Ok(())
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
        bits: Bits,
        mcus: Range<u32>,
    ) -> Result<Bits, Trouble> {
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
        let (from, to) = (mcus.start as usize, mcus.end as usize);
        let blocks = self.store.coefficients[from * each..to * each].chunks_exact_mut(each);
        let mut run = 0;
        let mut local = bits;
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
            let done = match self.refinement {
                true => pass.refine(kernels, &mut local, window.buffer(), coefficients, history, &mut run),
                false => pass.begin(&mut local, window.buffer(), coefficients, history, &mut run),
            };
            done.map_err(|_| Trouble::BadCode { mcu })?;
        }
        Ok(local)
    }
}

impl Segment for Ac<'_> {
    fn decode<K: Kernels>(
        &mut self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        bits: Bits,
        _: &mut [Band<'_>],
        mcus: Range<u32>,
    ) -> Result<Bits, Trouble> {
        kernels.run(
            #[inline(always)]
            || self.piece(kernels, job, window, bits, mcus),
        )
    }

    /// What an earlier scan showed stays.
    fn blank(&mut self, _: &mut [Band<'_>], _: Range<u32>) {}
}
