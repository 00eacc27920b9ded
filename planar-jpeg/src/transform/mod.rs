//! Samples to quantised coefficients.
//!
//! The DCT is that of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) in 13-bit fixed point, as accurate as libjpeg's
//! "islow"; columns go first, so that a block lies transposed and needs to be transposed once only.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod scalar;

use crate::quantization::ZIGZAG;

/// A quantised block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// By column of frequencies, then row: index = horizontal × 8 + vertical.
    pub(crate) coefficients: [i16; 64],
    /// Bit k is set if the coefficient at zigzag position k is not 0.
    pub(crate) nonzero: u64,
}

impl Block {
    pub(crate) const ZERO: Self = Self { coefficients: [0; 64], nonzero: 0 };

    /// One that costs nothing after a block of that DC: what lies outside of the picture.
    pub(crate) fn flat(dc: i16) -> Self {
        let mut block = Self::ZERO;
        block.coefficients[0] = dc;
        block.nonzero = u64::from(dc != 0);
        block
    }

    pub(crate) fn dc(&self) -> i16 {
        self.coefficients[0]
    }
}

/// Where the coefficient of every zigzag position lies in [`Block::coefficients`].
pub(crate) const POSITION: [u8; 64] = {
    let mut positions = [0; 64];
    let mut at = 0;
    while at < 64 {
        positions[at] = ZIGZAG[at] % 8 * 8 + ZIGZAG[at] / 8;
        at += 1;
    }
    positions
};

/// Division by a table's steps, by multiplication: ⌊(|c| + bias) × reciprocal ÷ 2¹⁶ × scale ÷ 2¹⁶⌋, which is
/// exact for the 14 bits that |c| + bias takes. Rows are columns of frequencies, each twice: one for each of the
/// two blocks that are in work at once.
pub(crate) struct Quantizer {
    bias: [[u16; 16]; 8],
    reciprocal: [[u16; 16]; 8],
    scale: [[u16; 16]; 8],
}

impl Quantizer {
    /// For `steps` in natural order; `rounding` is, for each, what is added before the fraction is cut off, in 256ths.
    pub(crate) fn new(steps: &[u8; 64], rounding: &[u8; 64]) -> Self {
        let mut made = Self { bias: [[0; 16]; 8], reciprocal: [[0; 16]; 8], scale: [[0; 16]; 8] };
        for horizontal in 0..8 {
            for lane in 0..16 {
                let natural = lane % 8 * 8 + horizontal;
                // The DCT's output is 8 times too large.
                let step = u32::from(steps[natural]) * 8;
                // step ≤ 2^(shift + 1) makes the reciprocal fit 16 bits; below 2^shift it would lose one.
                let shift = step.next_power_of_two().trailing_zeros() - 1;
                made.bias[horizontal][lane] = ((step * u32::from(rounding[natural])) >> 8) as u16;
                made.reciprocal[horizontal][lane] = (1u32 << (16 + shift)).div_ceil(step) as u16;
                made.scale[horizontal][lane] = 1 << (16 - shift);
            }
        }
        made
    }
}

/// Transforms eight rows of samples, `stride` a row, into `stride` ÷ 8 blocks; an even number of them.
pub(crate) fn transform(samples: &[u8], stride: usize, quantizer: &Quantizer, blocks: &mut [Block]) {
    debug_assert!(stride.is_multiple_of(16) && blocks.len() == stride / 8 && samples.len() == stride * 8);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been found to have AVX2, all that the function asks for.
        #[allow(unsafe_code)]
        unsafe {
            avx2::transform(samples, stride, quantizer, blocks);
        }
        return;
    }
    scalar::transform(samples, stride, quantizer, blocks);
}

/// The constants, × 2¹³.
mod constants {
    pub(super) const F0_298: i16 = 2446;
    pub(super) const F0_390: i16 = 3196;
    pub(super) const F0_541: i16 = 4433;
    pub(super) const F0_765: i16 = 6270;
    pub(super) const F0_899: i16 = 7373;
    pub(super) const F1_175: i16 = 9633;
    pub(super) const F1_501: i16 = 12299;
    pub(super) const F1_847: i16 = 15137;
    pub(super) const F1_961: i16 = 16069;
    pub(super) const F2_053: i16 = 16819;
    pub(super) const F2_562: i16 = 20995;
    pub(super) const F3_072: i16 = 25172;
}

/// What a first pass leaves for the second: two more bits than samples have.
const EXTRA_BITS: i32 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quantization::Tables;

    const STRIDE: usize = 16;

    fn scalar(samples: &[u8], quantizer: &Quantizer) -> Vec<Block> {
        let mut blocks = vec![Block::ZERO; 2];
        scalar::transform(samples, STRIDE, quantizer, &mut blocks);
        blocks
    }

    /// Both implementations' answer, once they agree.
    fn both(samples: &[u8], quantizer: &Quantizer) -> Vec<Block> {
        let mut blocks = vec![Block::ZERO; 2];
        transform(samples, STRIDE, quantizer, &mut blocks);
        for (block, twin) in blocks.iter().zip(scalar(samples, quantizer)) {
            assert_eq!(block.coefficients, twin.coefficients);
            assert_eq!(block.nonzero, twin.nonzero);
        }
        blocks
    }

    /// T.81 A.3.3, in floating point.
    fn reference(samples: &[u8], block: usize) -> [f64; 64] {
        use std::f64::consts::{FRAC_1_SQRT_2, PI};
        let norm = |k: usize| if k == 0 { FRAC_1_SQRT_2 } else { 1.0 };
        let cosine = |x: usize, u: usize| ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos();
        std::array::from_fn(|at| {
            let (u, v) = (at / 8, at % 8);
            let mut sum = 0.0;
            for y in 0..8 {
                for x in 0..8 {
                    let sample = f64::from(samples[y * STRIDE + block * 8 + x]) - 128.0;
                    sum += sample * cosine(x, u) * cosine(y, v);
                }
            }
            sum * norm(u) * norm(v) / 4.0
        })
    }

    fn samples() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 128),
            prop::collection::vec(prop_oneof![Just(0), Just(255)], 128),
            prop::collection::vec(120u8..130, 128),
            // The worst that each frequency can be.
            (0usize..8, 0usize..8, any::<bool>()).prop_map(|(u, v, flip)| {
                let sign = |x: usize, u: usize| {
                    (((2 * x + 1) * u) as f64 * std::f64::consts::PI / 16.0).cos() >= 0.0
                };
                (0..128).map(|at| if sign(at % 8, u) ^ sign(at / 16, v) ^ flip { 255 } else { 0 }).collect()
            }),
        ]
    }

    proptest! {
        #[test]
        fn every_processor_gives_the_same(samples in samples(), quality in 1u8..=100, rounding in 0u8..=128) {
            both(&samples, &Quantizer::new(&Tables::new(quality).0[0], &[rounding; 64]));
        }

        #[test]
        fn coefficients_are_the_dct_rounded(samples in samples()) {
            let blocks = both(&samples, &Quantizer::new(&[1; 64], &[128; 64]));
            for (at, block) in blocks.iter().enumerate() {
                for (found, exact) in block.coefficients.iter().zip(reference(&samples, at)) {
                    prop_assert!((f64::from(*found) - exact).abs() < 0.75, "{} for {}", found, exact);
                }
            }
        }

        #[test]
        fn division_rounds_exactly(samples in samples(), step in 1u8..=255) {
            let fine = both(&samples, &Quantizer::new(&[1; 64], &[0; 64]));
            let coarse = both(&samples, &Quantizer::new(&[step; 64], &[0; 64]));
            for (fine, coarse) in fine.iter().zip(&coarse) {
                for (fine, coarse) in fine.coefficients.iter().zip(&coarse.coefficients) {
                    // Cutting off after dividing by 8 and then by the step is cutting off once.
                    prop_assert_eq!(fine / i16::from(step), *coarse);
                }
            }
        }

        #[test]
        fn nonzero_tells_where_in_zigzag_order(samples in samples(), quality in 1u8..=100) {
            for block in both(&samples, &Quantizer::new(&Tables::new(quality).0[1], &[128; 64])) {
                for (k, &at) in POSITION.iter().enumerate() {
                    prop_assert_eq!(block.nonzero >> k & 1 == 1, block.coefficients[usize::from(at)] != 0);
                }
            }
        }
    }

    #[test]
    fn extremes_of_dc_do_not_overflow() {
        let quantizer = Quantizer::new(&[1; 64], &[128; 64]);
        assert_eq!(both(&[0; 128], &quantizer)[0].dc(), -1024);
        assert_eq!(both(&[255; 128], &quantizer)[1].dc(), 1016);
    }
}
