//! Scans of DC coefficients (T.81, G.1.2.1), of one or several components.

use std::ops::Range;

use super::plan::Planned;
use super::store::Store;
use crate::decoder::Job;
use crate::error::Error;
use crate::huffman::Symbols;
use crate::idct::Kernels;
use crate::layout::{Layout, Unit};
use crate::plane::Band;
use crate::segments::{Piece, Segment, Trouble};
use crate::window::Window;

pub(super) struct Dc<'s> {
    stores: &'s mut [Store],
    /// For each part of the scan, its component and, unless bits are refined, its codes.
    parts: Vec<(usize, Option<Symbols>)>,
    units: Vec<Unit>,
    mcus: (u32, u32),
    low: u32,
}

impl<'s> Dc<'s> {
    pub(super) fn new(
        planned: &Planned<'_>,
        layout: &Layout,
        stores: &'s mut [Store],
    ) -> Result<Self, Error> {
        let scan = &planned.scan;
        let parts = scan.parts.iter().map(|part| {
            if scan.is_refinement() {
                return Ok((part.component, None));
            }
            let codes = planned.tables.dc[part.dc];
            let codes = codes.ok_or_else(|| Error::damaged("a scan's Huffman table is missing"))?;
            Ok((part.component, Some(Symbols::dc(codes)?)))
        });
        let parts = parts.collect::<Result<_, Error>>()?;
        Ok(Self { stores, parts, units: layout.units(scan), mcus: layout.mcus(scan), low: scan.low })
    }

    /// The coefficient of that block; what is beyond the component's edge is none of it.
    #[inline(always)]
    fn coefficient(store: &mut Store, (x, y): (u32, u32)) -> Option<&mut i16> {
        if x >= store.across {
            return None;
        }
        let at = (y as usize * store.across as usize + x as usize) * store.each;
        store.coefficients.get_mut(at)
    }
}

impl Dc<'_> {
    /// Decodes the MCUs of one piece of the scan.
    #[inline(always)]
    fn piece(&mut self, job: &Job<'_>, window: &mut Window<'_>, piece: &mut Piece) -> Result<(), Trouble> {
        let mut predictions = [0_i32; 4];
        let Range { start, end } = piece.mcus;
        let (mut x, mut y) = (start % self.mcus.0, start / self.mcus.0);
        let mut local = piece.bits;
        let (mut row, mut bad) = (start, false);
        for mcu in start..end {
            if local.position >= window.limit {
                local =
                    window.look_after(local).map_err(|_| Trouble::Starved { mcu: mcu.saturating_sub(1) })?;
            }
            for unit in &self.units {
                let (component, symbols) = &self.parts[unit.part];
                let coefficient = Self::coefficient(&mut self.stores[*component], unit.block(x, y));
                local.refill(window.buffer());
                match symbols {
                    Some(symbols) => {
                        let symbol = symbols.peek(&mut local, window.buffer(), &mut bad);
                        let prediction = &mut predictions[unit.part];
                        *prediction = prediction.wrapping_add(local.value(symbol));
                        local.skip(symbol.bits());
                        if let Some(coefficient) = coefficient {
                            *coefficient = (*prediction << self.low) as i16;
                        }
                    }
                    None => {
                        let bit = i16::from(local.bit()) << self.low;
                        if let Some(coefficient) = coefficient {
                            *coefficient |= bit;
                        }
                    }
                }
            }
            x += 1;
            if x == self.mcus.0 {
                (x, y) = (0, y + 1);
                if job.is_cancelled() {
                    return Err(Trouble::Cancelled);
                }
                if bad && !window.is_overrun(local) {
                    piece.damaged += mcu + 1 - row;
                }
                (row, bad) = (mcu + 1, false);
            }
        }
        if bad && !window.is_overrun(local) {
            piece.damaged += end - row;
        }
        piece.bits = local;
        Ok(())
    }
}

impl Segment for Dc<'_> {
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
            || self.piece(job, window, piece),
        )
    }
}
