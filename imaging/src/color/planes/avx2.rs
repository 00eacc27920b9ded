//! [`rows`](super::rows) for processors with AVX2: the same sums in the same order, eight samples of chroma at once.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _CMP_GT_OQ, _mm_and_si128, _mm_cvtsi64_si128, _mm_cvtsi128_si64,
    _mm_packus_epi16, _mm_packus_epi32, _mm_set1_epi16, _mm_srli_epi16, _mm256_add_ps, _mm256_and_si256,
    _mm256_blendv_ps, _mm256_castps_si256, _mm256_castsi256_si128, _mm256_cmp_ps, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi32, _mm256_cvtepu16_epi32, _mm256_div_ps, _mm256_extracti128_si256, _mm256_max_ps,
    _mm256_min_ps, _mm256_mul_ps, _mm256_or_si256, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_slli_epi32, _mm256_sqrt_ps, _mm256_sub_ps,
};

use super::{
    BLUE_OF_GREEN, BLUE_SHARE, Kernel, LARGE, RED_OF_GREEN, RED_SHARE, SIGNAL_OF_ROOT, STRAIGHT, TERMS, TOE,
};

/// Samples of chroma at once.
const LANES: usize = 8;

/// Converts as many samples as there are in whole vectors; returns how many of chroma.
#[target_feature(enable = "avx2")]
pub(super) fn rows(kernel: &Kernel, [upper, lower]: [&mut [u8]; 2], [blue, red]: [&mut [u8]; 2]) -> usize {
    let matrix = kernel.matrix.map(|row| row.map(|factor| _mm256_set1_ps(factor)));
    let (middle, one) = (_mm256_set1_ps(128.0), _mm256_set1_ps(1.0));
    let lumas = upper.as_chunks_mut::<16>().0.iter_mut().zip(lower.as_chunks_mut::<16>().0);
    let chromas = blue.as_chunks_mut::<LANES>().0.iter_mut().zip(red.as_chunks_mut::<LANES>().0);
    let mut done = 0;
    for ((upper, lower), (blue, red)) in lumas.zip(chromas) {
        let [b, r] = [*blue, *red].map(|chroma| _mm256_sub_ps(from_bytes(chroma), middle));
        let offsets = [
            times(r, RED_SHARE),
            _mm256_add_ps(times(b, BLUE_OF_GREEN), times(r, RED_OF_GREEN)),
            times(b, BLUE_SHARE),
        ];
        let (upper_even, upper_odd) = split(*upper);
        let (lower_even, lower_odd) = split(*lower);
        let quad = [upper_even, upper_odd, lower_even, lower_odd];
        let low = _mm256_min_ps(_mm256_min_ps(quad[0], quad[1]), _mm256_min_ps(quad[2], quad[3]));
        let high = _mm256_max_ps(_mm256_max_ps(quad[0], quad[1]), _mm256_max_ps(quad[2], quad[3]));
        let darkest = pixel(kernel, &matrix, low, &offsets);
        let brightest = pixel(kernel, &matrix, high, &offsets);
        let share = _mm256_div_ps(one, _mm256_max_ps(_mm256_sub_ps(high, low), one));
        let above = quad.map(|luma| _mm256_mul_ps(_mm256_sub_ps(luma, low), share));
        let range = _mm256_sub_ps(brightest[1], darkest[1]);
        let lumas = above.map(|above| rounded(_mm256_add_ps(darkest[1], _mm256_mul_ps(above, range))));
        *upper = joined(lumas[0], lumas[1]);
        *lower = joined(lumas[2], lumas[3]);
        let sum = _mm256_add_ps(_mm256_add_ps(above[0], above[1]), _mm256_add_ps(above[2], above[3]));
        let mean = times(sum, 0.25);
        for (channel, share, target) in [(2, BLUE_SHARE, blue), (0, RED_SHARE, red)] {
            let dark = _mm256_sub_ps(darkest[channel], darkest[1]);
            let bright = _mm256_sub_ps(brightest[channel], brightest[1]);
            let off = _mm256_add_ps(dark, _mm256_mul_ps(mean, _mm256_sub_ps(bright, dark)));
            let chroma = _mm256_add_ps(times(off, 1.0 / share), middle);
            *target = to_bytes(rounded(clamp(chroma, 255.0)));
        }
        done += LANES;
    }
    done
}

/// Red, luma and blue of sRGB, 0 to 255.
#[target_feature(enable = "avx2")]
fn pixel(kernel: &Kernel, matrix: &[[__m256; 3]; 3], luma: __m256, offsets: &[__m256; 3]) -> [__m256; 3] {
    let mut linear = [_mm256_setzero_ps(); 3];
    for at in 0..3 {
        let value = clamp(_mm256_add_ps(luma, offsets[at]), 255.0);
        linear[at] = polynomial(&kernel.curves[at], value);
    }
    let mut signal = [_mm256_setzero_ps(); 3];
    for at in 0..3 {
        let [r, g, b] = matrix[at];
        let sum = _mm256_add_ps(_mm256_mul_ps(r, linear[0]), _mm256_mul_ps(g, linear[1]));
        signal[at] = encode(_mm256_add_ps(sum, _mm256_mul_ps(b, linear[2])));
    }
    let [red, green, blue] = signal;
    let luma = _mm256_add_ps(_mm256_add_ps(times(red, 0.299), times(green, 0.587)), times(blue, 0.114));
    [red, luma, blue]
}

#[target_feature(enable = "avx2")]
fn polynomial(coefficients: &[f32; TERMS], x: __m256) -> __m256 {
    let mut sum = _mm256_set1_ps(coefficients[TERMS - 1]);
    for &coefficient in coefficients[..TERMS - 1].iter().rev() {
        sum = _mm256_add_ps(_mm256_mul_ps(sum, x), _mm256_set1_ps(coefficient));
    }
    sum
}

#[target_feature(enable = "avx2")]
fn encode(linear: __m256) -> __m256 {
    let linear = clamp(linear, 1.0);
    let curved = polynomial(&SIGNAL_OF_ROOT, _mm256_sqrt_ps(linear));
    let above = _mm256_cmp_ps::<_CMP_GT_OQ>(linear, _mm256_set1_ps(TOE));
    _mm256_blendv_ps(times(linear, STRAIGHT), curved, above)
}

#[target_feature(enable = "avx2")]
fn clamp(value: __m256, most: f32) -> __m256 {
    _mm256_min_ps(_mm256_max_ps(value, _mm256_setzero_ps()), _mm256_set1_ps(most))
}

#[target_feature(enable = "avx2")]
fn times(value: __m256, factor: f32) -> __m256 {
    _mm256_mul_ps(value, _mm256_set1_ps(factor))
}

/// A byte in each lane.
#[target_feature(enable = "avx2")]
fn rounded(value: __m256) -> __m256i {
    let large = _mm256_add_ps(value, _mm256_set1_ps(LARGE));
    _mm256_and_si256(_mm256_castps_si256(large), _mm256_set1_epi32(0xFF))
}

#[target_feature(enable = "avx2")]
fn from_bytes(bytes: [u8; LANES]) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(bytes))))
}

/// The even and the odd ones.
#[target_feature(enable = "avx2")]
fn split(bytes: [u8; 16]) -> (__m256, __m256) {
    let bytes: __m128i = bytemuck::cast(bytes);
    let even = _mm_and_si128(bytes, _mm_set1_epi16(0xFF));
    let odd = _mm_srli_epi16::<8>(bytes);
    (_mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(even)), _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(odd)))
}

#[target_feature(enable = "avx2")]
fn joined(even: __m256i, odd: __m256i) -> [u8; 16] {
    bytemuck::cast(narrowed(_mm256_or_si256(even, _mm256_slli_epi32::<8>(odd))))
}

#[target_feature(enable = "avx2")]
fn to_bytes(bytes: __m256i) -> [u8; LANES] {
    let words = narrowed(bytes);
    _mm_cvtsi128_si64(_mm_packus_epi16(words, words)).to_le_bytes()
}

/// 16 bits of each lane.
#[target_feature(enable = "avx2")]
fn narrowed(lanes: __m256i) -> __m128i {
    _mm_packus_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes))
}
