//! Coefficients between scans.

use crate::block;
use crate::decoder::Job;
use crate::error::Error;
use crate::idct::{Coefficients, Kernels};
use crate::layout::Channel;
use crate::plane::Band;
use crate::scale::Scale;

/// Those coefficients of one component's blocks that its scale needs, not dequantised, and which of all are not zero.
pub(super) struct Store {
    scale: Scale,
    /// Place in a block of each coefficient in zigzag order.
    places: [u8; 80],
    /// Blocks.
    pub(super) across: u32,
    /// Coefficients a block.
    pub(super) each: usize,
    pub(super) coefficients: Vec<i16>,
    /// For each block, by place in zigzag order: coefficients that are not zero. Empty where the scale needs none
    /// but the first.
    pub(super) history: Vec<u64>,
}

impl Store {
    fn each(channel: &Channel) -> usize {
        match channel.scale {
            Scale::Eighth => 1,
            Scale::Quarter => 4,
            Scale::ThreeEighths | Scale::Half => 16,
            Scale::ThreeQuarters | Scale::Full => 64,
        }
    }

    /// Bytes it will take.
    pub(super) fn bytes(channel: &Channel) -> u64 {
        let (across, down) = channel.blocks();
        let each = match Self::each(channel) {
            1 => 2,
            each => each as u64 * 2 + 8,
        };
        u64::from(across) * u64::from(down) * each
    }

    pub(super) fn new(channel: &Channel) -> Self {
        let (across, down) = channel.blocks();
        let blocks = across as usize * down as usize;
        let each = Self::each(channel);
        let history = if each == 1 { Vec::new() } else { vec![0; blocks] };
        let coefficients = vec![0; blocks * each];
        Self { scale: channel.scale, places: channel.order.places, across, each, coefficients, history }
    }

    /// Writes every block.
    #[inline(always)]
    pub(super) fn render<K: Kernels>(
        &self,
        kernels: K,
        job: &Job<'_>,
        quantization: &[u16; 64],
        band: &mut Band<'_>,
    ) -> Result<(), Error> {
        let mut steps = [0_i32; 128];
        for (&quantizer, &place) in quantization.iter().zip(&self.places) {
            steps[usize::from(place)] = quantizer.into();
        }
        let mut dequantized: Coefficients = [0; 128];
        let across = self.across as usize * self.each;
        for (y, row) in self.coefficients.chunks_exact(across.max(1)).enumerate() {
            if job.is_cancelled() {
                return Err(Error::Cancelled);
            }
            for (x, stored) in row.chunks_exact(self.each).enumerate() {
                let flat = stored[1..].iter().fold(0, |all, &coefficient| all | coefficient) == 0;
                for ((target, &coefficient), &step) in dequantized.iter_mut().zip(stored).zip(&steps) {
                    *target = i32::from(coefficient).wrapping_mul(step) as i16;
                }
                block::render(kernels, self.scale, &dequantized, flat, (x as u32, y as u32), band);
            }
        }
        Ok(())
    }
}
