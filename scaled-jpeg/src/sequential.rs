//! Scans of whole blocks: baseline and extended sequential (T.81, F.2).

use std::ops::Range;

use crate::bits::{Bits, Buffer};
use crate::block;
use crate::decoder::{Job, Quantizers};
use crate::error::Error;
use crate::huffman::{BadCode, END, Skips, Symbols};
use crate::idct::{Coefficients, Kernels};
use crate::layout::{Layout, Unit};
use crate::plane::Band;
use crate::scale::Scale;
use crate::scan::Scan;
use crate::segments::{Segment, Trouble};
use crate::tables::Tables;
use crate::window::Window;

/// One component's part of a scan.
struct Channel {
    component: usize,
    scale: Scale,
    needed: u32,
    /// For each place in zigzag order, the quantiser's step and, in the low eight bits, where the coefficient goes.
    steps: [u32; 128],
    dc: Symbols,
    ac: Symbols,
    skips: Skips,
}

/// A scan ready to be decoded.
pub(crate) struct Sequential {
    channels: Vec<Channel>,
    units: Vec<Unit>,
    mcus: (u32, u32),
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
            let mut steps = [u32::from(order.places[79]); 128];
            for (index, (step, place)) in steps.iter_mut().zip(order.places).enumerate() {
                let quantizer = quantization.get(index).copied().unwrap_or(0);
                *step = u32::from(quantizer) << 8 | u32::from(place);
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

    /// Decodes the MCUs of one piece of the scan between restart markers.
    #[inline(always)]
    fn piece<K: Kernels>(
        &self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        bits: Bits,
        bands: &mut [Band<'_>],
        mcus: Range<u32>,
    ) -> Result<Bits, Trouble> {
        let mut predictions = [0; 4];
        let mut coefficients: Coefficients = [0; 128];
        let (mut x, mut y) = (mcus.start % self.mcus.0, mcus.start / self.mcus.0);
        // A copy of its own can live in registers.
        let mut local = bits;
        for mcu in mcus {
            if local.position >= window.limit {
                local =
                    window.look_after(local).map_err(|_| Trouble::Starved { mcu: mcu.saturating_sub(1) })?;
            }
            for unit in &self.units {
                let channel = &self.channels[unit.part];
                let place = unit.block(x, y);
                let prediction = &mut predictions[unit.part];
                let flat = channel
                    .block(&mut local, window.buffer(), prediction, &mut coefficients)
                    .map_err(|_| Trouble::BadCode { mcu })?;
                block::render(
                    kernels,
                    channel.scale,
                    &coefficients,
                    flat,
                    place,
                    &mut bands[channel.component],
                );
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
            }
        }
        Ok(local)
    }
}

impl Segment for Sequential {
    fn mcus(&self) -> u32 {
        self.mcus.0 * self.mcus.1
    }

    #[inline(always)]
    fn decode<K: Kernels>(
        &mut self,
        kernels: K,
        job: &Job<'_>,
        window: &mut Window<'_>,
        bits: Bits,
        bands: &mut [Band<'_>],
        mcus: Range<u32>,
    ) -> Result<Bits, Trouble> {
        self.piece(kernels, job, window, bits, bands, mcus)
    }

    fn blank(&mut self, bands: &mut [Band<'_>], mcus: Range<u32>) {
        for mcu in mcus {
            for unit in &self.units {
                let channel = &self.channels[unit.part];
                let place = unit.block(mcu % self.mcus.0, mcu / self.mcus.0);
                bands[channel.component].blank(channel.scale.numerator(), place);
            }
        }
    }
}

impl Channel {
    /// Decodes one block; the coefficients that the scale needs go to `coefficients`, which are zero before. Whether
    /// there is none but the first.
    #[inline(always)]
    fn block(
        &self,
        bits: &mut Bits,
        buffer: &Buffer,
        prediction: &mut i32,
        coefficients: &mut Coefficients,
    ) -> Result<bool, BadCode> {
        bits.refill(buffer);
        let symbol = self.dc.peek(bits)?;
        *prediction = prediction.wrapping_add(bits.value(symbol));
        bits.skip(symbol.bits());
        coefficients[0] = dequantized(*prediction, self.steps[0]);

        let mut at = 1;
        while at < self.needed {
            bits.refill(buffer);
            let symbol = self.ac.peek(bits)?;
            // The end of a block and sixteen zeros write a zero where there is one.
            let step = self.steps[((at + symbol.run()) & 127) as usize];
            coefficients[(step & 127) as usize] = dequantized(bits.value(symbol), step);
            bits.skip(symbol.bits());
            at += symbol.advance();
        }
        if at >= END {
            return Ok(at == 1 + END);
        }
        let flat = at == 1;
        while at < 64 {
            bits.refill(buffer);
            let (taken, advance) = self.skips.peek(bits);
            let next = at + advance;
            if next < 64 {
                bits.skip(taken);
                at = next;
            } else if next == 64 || (1..64).contains(&next.wrapping_sub(END)) {
                bits.skip(taken);
                return Ok(flat);
            } else {
                // What an entry takes may reach into the next block: a step at a time.
                let symbol = self.ac.peek(bits)?;
                bits.skip(symbol.bits());
                at += symbol.advance();
                if at >= END {
                    return Ok(flat);
                }
            }
        }
        if at == 64 { Ok(flat) } else { Err(BadCode) }
    }
}

#[inline(always)]
fn dequantized(value: i32, step: u32) -> i16 {
    value.wrapping_mul((step >> 8) as i32).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
