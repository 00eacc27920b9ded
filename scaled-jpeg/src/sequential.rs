//! Scans of whole blocks: baseline and extended sequential (T.81, F.2).

use std::ops::Range;

use crate::ahead;
use crate::bits::{Bits, Buffer};
use crate::block;
use crate::decoder::{Job, Quantizers};
use crate::error::Error;
use crate::huffman::{END, Skips, Symbols};
use crate::idct::{Coefficients, Kernels};
use crate::layout::{Layout, Unit};
use crate::plane::Band;
use crate::scale::Scale;
use crate::scan::Scan;
use crate::segments::{Piece, Segment, Trouble};
use crate::tables::Tables;
use crate::window::{Halt, Window};

/// One component's part of a scan.
pub(crate) struct Channel {
    pub(crate) component: usize,
    pub(crate) scale: Scale,
    needed: u32,
    /// For each place in zigzag order, the quantiser's step and, in the low eight bits, where the coefficient goes.
    pub(crate) steps: [u32; 128],
    dc: Symbols,
    ac: Symbols,
    skips: Skips,
}

/// A scan ready to be decoded.
pub(crate) struct Sequential {
    pub(crate) channels: Vec<Channel>,
    pub(crate) units: Vec<Unit>,
    /// MCUs across and down.
    pub(crate) mcus: (u32, u32),
}

impl Sequential {
    pub(crate) fn new(
        scan: &Scan,
        layout: &Layout,
        job: &Job<'_>,
        quantizers: &mut Quantizers,
        tables: &Tables<'_>,
    ) -> Result<Self, Error> {
        let channels = scan.parts.iter().map(|part| {
            let order = &layout.channels[part.component].order;
            let quantization = quantizers.latch(part.component, job.header, tables)?;
            let missing = || Error::damaged("a scan's Huffman table is missing");
            let ac = Symbols::ac(tables.ac[part.ac].ok_or_else(missing)?)?;
            let step = |index: usize| u32::from(quantization[index]) << 8 | u32::from(order.places[index]);
            // Damaged data lead past the last coefficient; libjpeg counts that as the last one.
            let mut steps = [step(63); 128];
            for (index, entry) in steps[..64].iter_mut().enumerate() {
                *entry = step(index);
            }
            Ok(Channel {
                component: part.component,
                scale: layout.channels[part.component].scale,
                needed: order.needed,
                steps,
                dc: Symbols::dc(tables.dc[part.dc].ok_or_else(missing)?)?,
                skips: Skips::new(&ac),
                ac,
            })
        });
        Ok(Self {
            channels: channels.collect::<Result<_, Error>>()?,
            units: layout.units(scan),
            mcus: layout.mcus(scan),
        })
    }

    /// Rows of samples that so many rows of MCUs have of that component; all, if the scan has none of it.
    pub(crate) fn rows(&self, component: usize, mcus: u32) -> u32 {
        let channel = |unit: &&Unit| self.channels[unit.part].component == component;
        self.units.iter().find(channel).map_or(u32::MAX, |unit| {
            unit.block(0, mcus).1.saturating_sub(unit.block(0, 0).1)
                * self.channels[unit.part].scale.numerator()
        })
    }

    /// Decodes MCUs from where `state` is up to number `end`, and leaves it there.
    #[inline(always)]
    pub(crate) fn piece<S: Sink>(
        &self,
        job: &Job<'_>,
        window: &mut Window<'_>,
        state: &mut State,
        end: u32,
        sink: &mut S,
    ) -> Result<(), Trouble> {
        let mut coefficients: Coefficients = [0; 128];
        let (mut x, mut y) = (state.mcu % self.mcus.0, state.mcu / self.mcus.0);
        // A copy of its own can live in registers.
        let mut bits = state.bits;
        let (mut row, mut bad, mut was_bad) = (state.mcu, false, false);
        for mcu in state.mcu..end {
            if bits.position >= window.limit {
                match window.look_out(bits) {
                    Ok(next) => (bits, was_bad) = (next, bad),
                    // Bad codes of the last MCU are no news: it has too few data.
                    Err(Halt::Starved) => {
                        let last = mcu.saturating_sub(1);
                        if was_bad {
                            state.damaged += last.saturating_sub(row);
                        }
                        return Err(Trouble::Starved { mcu: last });
                    }
                    Err(Halt::Watched(next)) => {
                        if bad {
                            state.damaged += mcu - row;
                        }
                        (state.mcu, state.bits) = (mcu, next);
                        return Err(Trouble::Watched);
                    }
                }
            }
            for unit in &self.units {
                let channel = &self.channels[unit.part];
                let prediction = &mut state.predictions[unit.part];
                let flat = channel.block(&mut bits, window.buffer(), prediction, &mut coefficients, &mut bad);
                sink.block(channel, unit.block(x, y), &coefficients, flat);
                if !flat {
                    coefficients[..64].fill(0);
                }
            }
            x += 1;
            if x == self.mcus.0 {
                (x, y) = (0, y + 1);
                if job.is_cancelled() {
                    return Err(Trouble::Cancelled);
                }
                if bad && !window.is_overrun(bits) {
                    state.damaged += mcu + 1 - row;
                }
                (row, bad, was_bad) = (mcu + 1, false, false);
            }
        }
        if bad && !window.is_overrun(bits) {
            state.damaged += end - row;
        }
        (state.mcu, state.bits) = (end, bits);
        Ok(())
    }
}

/// Where decoding stands.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// The next MCU.
    pub(crate) mcu: u32,
    pub(crate) bits: Bits,
    /// Of each part of the scan, the last DC coefficient.
    pub(crate) predictions: [i32; 4],
    /// MCUs in rows in which some data were no code, or led past the end of a block.
    pub(crate) damaged: u32,
}

/// What becomes of decoded blocks.
pub(crate) trait Sink {
    /// The block in that column and row of blocks. `flat`: it has no other coefficient than the first.
    fn block(&mut self, channel: &Channel, place: (u32, u32), coefficients: &Coefficients, flat: bool);
}

/// They become samples.
pub(crate) struct Render<'r, 'b, K> {
    pub(crate) kernels: K,
    pub(crate) bands: &'r mut [Band<'b>],
}

impl<K: Kernels> Sink for Render<'_, '_, K> {
    #[inline(always)]
    fn block(&mut self, channel: &Channel, place: (u32, u32), coefficients: &Coefficients, flat: bool) {
        let band = &mut self.bands[channel.component];
        block::render(self.kernels, channel.scale, coefficients, flat, place, band);
    }
}

impl Segment for &Sequential {
    fn decode<K: Kernels>(
        &mut self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        piece: &mut Piece,
        bands: &mut [Band<'_>],
    ) -> Result<(), Trouble> {
        let Range { start, end } = piece.mcus;
        let mut state = State { mcu: start, bits: piece.bits, predictions: [0; 4], damaged: 0 };
        let done = if (start, end) == (0, self.mcus.0 * self.mcus.1) && ahead::is_worth_it(self, job, window)
        {
            ahead::decode(kernels, self, job, window, &mut state, bands)
        } else {
            kernels.run(
                #[inline(always)]
                || self.piece(job, window, &mut state, end, &mut Render { kernels, bands }),
            )
        };
        (piece.bits, piece.damaged) = (state.bits, state.damaged);
        done
    }
}

impl Channel {
    /// Decodes one block into `coefficients`, which must be zero before and get those that the scale needs. Returns
    /// true if the block has no coefficient except the first. Sets `bad` where the data are damaged.
    #[inline(always)]
    fn block(
        &self,
        bits: &mut Bits,
        buffer: &Buffer,
        prediction: &mut i32,
        coefficients: &mut Coefficients,
        bad: &mut bool,
    ) -> bool {
        bits.refill(buffer);
        let symbol = self.dc.peek(bits, buffer, bad);
        *prediction = prediction.wrapping_add(bits.value(symbol));
        bits.skip(symbol.bits());
        coefficients[0] = dequantized(*prediction, self.steps[0]);

        // A refill is enough for two symbols.
        let mut at = 1;
        while at < self.needed {
            at = self.symbol(bits, buffer, coefficients, at, bad);
            bits.refill(buffer);
            if at < self.needed {
                at = self.symbol(bits, buffer, coefficients, at, bad);
            }
        }
        match at {
            0..64 => {
                self.skip(bits, buffer, at, bad);
                at == 1
            }
            64 => false,
            // What ends at once is flat.
            END.. => at == 1 + END,
            _ => {
                *bad = true;
                false
            }
        }
    }

    /// Decodes the coefficient at `at`, or behind zeros there, and returns the place of the next.
    #[inline(always)]
    fn symbol(
        &self,
        bits: &mut Bits,
        buffer: &Buffer,
        coefficients: &mut Coefficients,
        at: u32,
        bad: &mut bool,
    ) -> u32 {
        let (symbol, value) = self.ac.peek_value(bits, buffer, bad);
        // The end of a block and sixteen zeros write a zero where there is one.
        let step = self.steps[((at + symbol.run()) & 127) as usize];
        coefficients[(step & 127) as usize] = dequantized(value, step);
        bits.skip(symbol.bits());
        at + symbol.advance()
    }

    /// Passes over the rest of a block.
    #[inline(always)]
    fn skip(&self, bits: &mut Bits, buffer: &Buffer, mut at: u32, bad: &mut bool) {
        loop {
            bits.refill(buffer);
            for _ in 0..Skips::A_REFILL {
                let (taken, advance) = self.skips.peek(bits);
                let next = at + advance;
                if next < 64 {
                    bits.skip(taken);
                    at = next;
                    continue;
                }
                if next == 64 || (1..64).contains(&next.wrapping_sub(END)) {
                    bits.skip(taken);
                    return;
                }
                // What an entry takes may reach into the next block: a symbol at a time.
                bits.refill(buffer);
                let symbol = self.ac.peek(bits, buffer, bad);
                bits.skip(symbol.bits());
                at += symbol.advance();
                if at == 64 || at >= END {
                    return;
                }
                if at > 64 {
                    *bad = true;
                    return;
                }
                break;
            }
        }
    }
}

#[inline(always)]
fn dequantized(value: i32, step: u32) -> i16 {
    // Coefficients of real pictures have 11 bits; what overflows means nothing.
    value.wrapping_mul((step >> 8) as i32) as i16
}
