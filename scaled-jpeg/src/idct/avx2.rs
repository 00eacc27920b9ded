//! The transforms with AVX2: pairs of coefficients are multiplied and added at once (`vpmaddwd`).

use std::arch::x86_64::*;

use super::weights::{FIRST_HALF, FIRST_SHIFT, SECOND_HALF, SECOND_SHIFT, weight};
use super::{Coefficients, Kernels, Tile};

/// Only made where the processor has AVX2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        there.then_some(Self(()))
    }
}

impl Kernels for Avx2 {
    #[allow(unsafe_code)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        #[inline(never)]
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn compiled<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        // SAFETY: that `self` was made shows that the features were detected.
        unsafe { compiled(work) }
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn nth(self, bits: u64, before: u32) -> u64 {
        // SAFETY: that `self` was made shows that the features were detected.
        unsafe { nth(bits, before) }
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn eight(self, coefficients: &Coefficients) -> Tile {
        // SAFETY: as above.
        unsafe { up_to_eight::<8>(coefficients) }
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn six(self, coefficients: &Coefficients) -> Tile {
        // SAFETY: as above.
        unsafe { up_to_eight::<6>(coefficients) }
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn four(self, coefficients: &Coefficients) -> Tile {
        // SAFETY: as above.
        unsafe { up_to_four::<4>(coefficients) }
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn three(self, coefficients: &Coefficients) -> Tile {
        // SAFETY: as above.
        unsafe { up_to_four::<3>(coefficients) }
    }
}

/// BMI2 deposits one bit at the place asked for.
#[inline]
#[target_feature(enable = "bmi2")]
fn nth(bits: u64, before: u32) -> u64 {
    _pdep_u64(1 << (before & 63), bits)
}

/// Two weights as the halves of a 32-bit lane.
const fn pair(n: usize, x: usize, u: usize, next: usize) -> i32 {
    (weight(n, x, u) as u16 as u32 | (weight(n, x, next) as u16 as u32) << 16) as i32
}

/// A register of one 32-bit value.
const fn lanes(value: i32) -> [i32; 8] {
    [value; 8]
}

/// For sample j of N, j < N / 2: the pairs of frequencies as [`super::Order`] has them.
struct Halves<const N: usize>;

impl<const N: usize> Halves<N> {
    const PAIRS: [[[i32; 8]; 4]; 4] = {
        let mut pairs = [[[0; 8]; 4]; 4];
        let mut j = 0;
        while j < N / 2 {
            pairs[j] = [
                lanes(pair(N, j, 0, 2)),
                lanes(pair(N, j, 4, 6)),
                lanes(pair(N, j, 1, 3)),
                lanes(pair(N, j, 5, 7)),
            ];
            j += 1;
        }
        pairs
    };
}

// No closures below: they are not compiled for AVX2 when something else calls them.

/// One pass: the sums of all even and of all odd frequencies, added for the first half of the samples, subtracted
/// for the second.
#[inline]
#[target_feature(enable = "avx2")]
fn pass<const N: usize, const SHIFT: i32>(inputs: [__m256i; 4], half: i32) -> [__m256i; 8] {
    let half = _mm256_set1_epi32(half);
    let mut outputs = [_mm256_setzero_si256(); 8];
    let mut j = 0;
    while j < N / 2 {
        let weights: &[[i32; 8]; 4] = &Halves::<N>::PAIRS[j];
        let mut even = _mm256_madd_epi16(inputs[0], bytemuck::cast(weights[0]));
        even = _mm256_add_epi32(even, _mm256_madd_epi16(inputs[1], bytemuck::cast(weights[1])));
        let mut odd = _mm256_madd_epi16(inputs[2], bytemuck::cast(weights[2]));
        odd = _mm256_add_epi32(odd, _mm256_madd_epi16(inputs[3], bytemuck::cast(weights[3])));
        even = _mm256_add_epi32(even, half);
        outputs[j] = _mm256_srai_epi32::<SHIFT>(_mm256_add_epi32(even, odd));
        outputs[N - 1 - j] = _mm256_srai_epi32::<SHIFT>(_mm256_sub_epi32(even, odd));
        j += 1;
    }
    outputs
}

/// Two registers' 32-bit lanes, those of even and those of odd number apart, within each half.
#[inline]
#[target_feature(enable = "avx2")]
fn apart(a: __m256i, b: __m256i) -> (__m256i, __m256i) {
    let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
    (
        _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b)),
        _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(a, b)),
    )
}

/// Four rows of eight samples.
#[inline]
#[target_feature(enable = "avx2")]
fn four_rows(rows: [__m256i; 4]) -> [u8; 32] {
    let upper = _mm256_packs_epi32(rows[0], rows[1]);
    let lower = _mm256_packs_epi32(rows[2], rows[3]);
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    bytemuck::cast(_mm256_permutevar8x32_epi32(_mm256_packus_epi16(upper, lower), order))
}

#[inline]
#[target_feature(enable = "avx2")]
fn up_to_eight<const N: usize>(coefficients: &Coefficients) -> Tile {
    let (vectors, _) = coefficients.as_chunks::<16>();
    let inputs = [
        bytemuck::cast(vectors[0]),
        bytemuck::cast(vectors[1]),
        bytemuck::cast(vectors[2]),
        bytemuck::cast(vectors[3]),
    ];
    let x = pass::<N, { FIRST_SHIFT as i32 }>(inputs, FIRST_HALF);

    // Lanes of `x[…]` are v = 0, 2, 4, 6, 1, 3, 5, 7. Packed, pairs of them are what the second pass multiplies.
    let (a, b) = apart(_mm256_packs_epi32(x[0], x[1]), _mm256_packs_epi32(x[2], x[3]));
    let (c, d) = apart(_mm256_packs_epi32(x[4], x[5]), _mm256_packs_epi32(x[6], x[7]));
    let inputs = [
        _mm256_permute2x128_si256::<0x20>(a, c),
        _mm256_permute2x128_si256::<0x20>(b, d),
        _mm256_permute2x128_si256::<0x31>(a, c),
        _mm256_permute2x128_si256::<0x31>(b, d),
    ];
    let y = pass::<N, { SECOND_SHIFT as i32 }>(inputs, SECOND_HALF);
    bytemuck::cast([four_rows([y[0], y[1], y[2], y[3]]), four_rows([y[4], y[5], y[6], y[7]])])
}

/// For two samples at once, one in either half of a register: pairs of frequencies.
struct Quarters<const N: usize>;

impl<const N: usize> Quarters<N> {
    /// Of samples (0, 1) and (2, 3): frequencies (0, 1) and (2, 3).
    const PAIRS: [[[i32; 8]; 2]; 2] =
        [[Self::halves(0, 0), Self::halves(0, 2)], [Self::halves(2, 0), Self::halves(2, 2)]];

    const fn halves(x: usize, u: usize) -> [i32; 8] {
        let (a, b) = (pair(N, x, u, u + 1), pair(N, x + 1, u, u + 1));
        [a, a, a, a, b, b, b, b]
    }
}

/// Samples (0, 1) and (2, 3), four lanes each.
#[inline]
#[target_feature(enable = "avx2")]
fn short_pass<const N: usize, const SHIFT: i32>(input: __m256i, half: i32) -> (__m256i, __m256i) {
    let low = _mm256_permute2x128_si256::<0x00>(input, input);
    let high = _mm256_permute2x128_si256::<0x11>(input, input);
    let half = _mm256_set1_epi32(half);
    let weights: &[[[i32; 8]; 2]; 2] = &Quarters::<N>::PAIRS;
    let mut first = _mm256_madd_epi16(low, bytemuck::cast(weights[0][0]));
    first = _mm256_add_epi32(first, _mm256_madd_epi16(high, bytemuck::cast(weights[0][1])));
    let mut second = _mm256_madd_epi16(low, bytemuck::cast(weights[1][0]));
    second = _mm256_add_epi32(second, _mm256_madd_epi16(high, bytemuck::cast(weights[1][1])));
    (
        _mm256_srai_epi32::<SHIFT>(_mm256_add_epi32(first, half)),
        _mm256_srai_epi32::<SHIFT>(_mm256_add_epi32(second, half)),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn up_to_four<const N: usize>(coefficients: &Coefficients) -> Tile {
    let input = bytemuck::cast(coefficients.as_chunks::<16>().0[0]);
    let (first, second) = short_pass::<N, { FIRST_SHIFT as i32 }>(input, FIRST_HALF);
    // x = 0, 2 in the lower half, 1, 3 in the upper; of each (v 0, v 1), (v 2, v 3).
    let packed = _mm256_packs_epi32(first, second);
    let input = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 2, 6, 1, 5, 3, 7));
    let (first, second) = short_pass::<N, { SECOND_SHIFT as i32 }>(input, SECOND_HALF);
    // Rows 0, 2 in the lower half, 1, 3 in the upper.
    let packed = _mm256_packs_epi32(first, second);
    let bytes: [[u8; 4]; 8] = bytemuck::cast(_mm256_packus_epi16(packed, packed));
    let mut tile = [0; 64];
    tile[..4].copy_from_slice(&bytes[0]);
    tile[8..12].copy_from_slice(&bytes[4]);
    tile[16..20].copy_from_slice(&bytes[1]);
    tile[24..28].copy_from_slice(&bytes[5]);
    tile
}

#[cfg(test)]
mod tests {
    use super::super::Portable;
    use super::*;

    /// Coefficients as files have them, up to the largest and beyond.
    fn coefficients(seed: u32, bits: u32) -> Coefficients {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut coefficients = [0; 128];
        for coefficient in &mut coefficients[..64] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let magnitude = (state >> 16) as i16 >> (16 - bits);
            *coefficient = if state >> 8 & 3 == 0 { magnitude } else { 0 };
        }
        coefficients
    }

    #[test]
    fn both_find_the_same_bit() {
        let Some(avx2) = Avx2::detect() else { return };
        for seed in 0..1_000_u64 {
            let bits = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (seed % 60);
            for before in 0..20 {
                assert_eq!(avx2.nth(bits, before), Portable.nth(bits, before), "{bits:#x}, {before}");
            }
        }
    }

    #[test]
    fn both_do_the_same_arithmetic() {
        let Some(avx2) = Avx2::detect() else { return };
        for seed in 0..4_000 {
            let block = coefficients(seed, 4 + seed % 13);
            let rows = |tile: Tile, n: usize| -> Vec<u8> {
                tile.chunks_exact(8).take(n).flat_map(|row| row[..n].to_vec()).collect()
            };
            assert_eq!(rows(avx2.eight(&block), 8), rows(Portable.eight(&block), 8), "8, {seed}");
            assert_eq!(rows(avx2.six(&block), 6), rows(Portable.six(&block), 6), "6, {seed}");
            assert_eq!(rows(avx2.four(&block), 4), rows(Portable.four(&block), 4), "4, {seed}");
            assert_eq!(rows(avx2.three(&block), 3), rows(Portable.three(&block), 3), "3, {seed}");
        }
    }

    #[test]
    fn a_flat_block_is_what_the_passes_make_of_it() {
        for dc in (-20_000..20_000).step_by(7) {
            let mut block = [0; 128];
            block[0] = dc;
            assert_eq!(Portable.eight(&block), [super::super::flat(dc); 64], "{dc}");
            assert_eq!(Portable.four(&block)[..4], [super::super::flat(dc); 4], "{dc}");
        }
    }
}
