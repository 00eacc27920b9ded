//! Two blocks at once, one in each half of a register: samples load as they lie, and nothing crosses halves.

use std::arch::x86_64::*;

use bytemuck::cast;

use super::constants::*;
use super::{Block, EXTRA_BITS, POSITION, Quantizer};

type Rows = [__m256i; 8];

#[target_feature(enable = "avx2")]
pub(super) fn transform(samples: &[u8], stride: usize, quantizer: &Quantizer, blocks: &mut [Block]) {
    for (at, pair) in blocks.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let rows = pass::<true>(load(samples, stride, at * 16));
        let rows = pass::<false>(transpose(rows));
        quantize(rows, quantizer, pair);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(samples: &[u8], stride: usize, x: usize) -> Rows {
    let mut rows = [_mm256_setzero_si256(); 8];
    for (row, line) in rows.iter_mut().zip(samples.chunks_exact(stride)) {
        if let Some(sixteen) = line.get(x..).and_then(|line| line.first_chunk::<16>()) {
            *row = _mm256_sub_epi16(_mm256_cvtepu8_epi16(cast(*sixteen)), _mm256_set1_epi16(128));
        }
    }
    rows
}

/// One-dimensional DCTs down the columns.
#[inline]
#[target_feature(enable = "avx2")]
fn pass<const FIRST: bool>(d: Rows) -> Rows {
    let (sum0, odd7) = (_mm256_add_epi16(d[0], d[7]), _mm256_sub_epi16(d[0], d[7]));
    let (sum1, odd6) = (_mm256_add_epi16(d[1], d[6]), _mm256_sub_epi16(d[1], d[6]));
    let (sum2, odd5) = (_mm256_add_epi16(d[2], d[5]), _mm256_sub_epi16(d[2], d[5]));
    let (sum3, odd4) = (_mm256_add_epi16(d[3], d[4]), _mm256_sub_epi16(d[3], d[4]));

    let (even0, even3) = (_mm256_add_epi16(sum0, sum3), _mm256_sub_epi16(sum0, sum3));
    let (even1, even2) = (_mm256_add_epi16(sum1, sum2), _mm256_sub_epi16(sum1, sum2));
    let out0 = whole::<FIRST>(_mm256_add_epi16(even0, even1));
    let out4 = whole::<FIRST>(_mm256_sub_epi16(even0, even1));
    let even = Pair::new(even3, even2);
    let out2 = even.rotate(F0_541 + F0_765, F0_541).scaled::<FIRST>();
    let out6 = even.rotate(F0_541, F0_541 - F1_847).scaled::<FIRST>();

    let shared = Pair::new(_mm256_add_epi16(odd4, odd6), _mm256_add_epi16(odd5, odd7));
    let shared3 = shared.rotate(F1_175 - F1_961, F1_175);
    let shared4 = shared.rotate(F1_175, F1_175 - F0_390);
    let outer = Pair::new(odd4, odd7);
    let out7 = outer.rotate(F0_298 - F0_899, -F0_899).add(shared3).scaled::<FIRST>();
    let out1 = outer.rotate(-F0_899, F1_501 - F0_899).add(shared4).scaled::<FIRST>();
    let inner = Pair::new(odd5, odd6);
    let out5 = inner.rotate(F2_053 - F2_562, -F2_562).add(shared4).scaled::<FIRST>();
    let out3 = inner.rotate(-F2_562, F3_072 - F2_562).add(shared3).scaled::<FIRST>();
    [out0, out1, out2, out3, out4, out5, out6, out7]
}

#[inline]
#[target_feature(enable = "avx2")]
fn whole<const FIRST: bool>(value: __m256i) -> __m256i {
    if FIRST {
        _mm256_slli_epi16::<EXTRA_BITS>(value)
    } else {
        _mm256_srai_epi16::<EXTRA_BITS>(_mm256_add_epi16(value, _mm256_set1_epi16(1 << EXTRA_BITS >> 1)))
    }
}

/// Two rows, their numbers side by side as `pmaddwd` wants them: the low and the high half of each register's halves.
#[derive(Clone, Copy)]
struct Pair(__m256i, __m256i);

/// A row of 32-bit numbers, in the order of [`Pair`].
#[derive(Clone, Copy)]
struct Wide(__m256i, __m256i);

impl Pair {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(a: __m256i, b: __m256i) -> Self {
        Self(_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn rotate(self, by_a: i16, by_b: i16) -> Wide {
        let by = _mm256_set1_epi32(i32::from(by_b) << 16 | i32::from(by_a as u16));
        Wide(_mm256_madd_epi16(self.0, by), _mm256_madd_epi16(self.1, by))
    }
}

impl Wide {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(self, other: Self) -> Self {
        Self(_mm256_add_epi32(self.0, other.0), _mm256_add_epi32(self.1, other.1))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn scaled<const FIRST: bool>(self) -> __m256i {
        if FIRST { self.shifted::<{ 13 - EXTRA_BITS }>() } else { self.shifted::<{ 13 + EXTRA_BITS }>() }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn shifted<const BITS: i32>(self) -> __m256i {
        let half = _mm256_set1_epi32(1 << BITS >> 1);
        let low = _mm256_srai_epi32::<BITS>(_mm256_add_epi32(self.0, half));
        let high = _mm256_srai_epi32::<BITS>(_mm256_add_epi32(self.1, half));
        _mm256_packs_epi32(low, high)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn transpose(r: Rows) -> Rows {
    let (a0, a1) = (_mm256_unpacklo_epi16(r[0], r[1]), _mm256_unpackhi_epi16(r[0], r[1]));
    let (a2, a3) = (_mm256_unpacklo_epi16(r[2], r[3]), _mm256_unpackhi_epi16(r[2], r[3]));
    let (a4, a5) = (_mm256_unpacklo_epi16(r[4], r[5]), _mm256_unpackhi_epi16(r[4], r[5]));
    let (a6, a7) = (_mm256_unpacklo_epi16(r[6], r[7]), _mm256_unpackhi_epi16(r[6], r[7]));
    let (b0, b1) = (_mm256_unpacklo_epi32(a0, a2), _mm256_unpackhi_epi32(a0, a2));
    let (b2, b3) = (_mm256_unpacklo_epi32(a4, a6), _mm256_unpackhi_epi32(a4, a6));
    let (b4, b5) = (_mm256_unpacklo_epi32(a1, a3), _mm256_unpackhi_epi32(a1, a3));
    let (b6, b7) = (_mm256_unpacklo_epi32(a5, a7), _mm256_unpackhi_epi32(a5, a7));
    [
        _mm256_unpacklo_epi64(b0, b2),
        _mm256_unpackhi_epi64(b0, b2),
        _mm256_unpacklo_epi64(b1, b3),
        _mm256_unpackhi_epi64(b1, b3),
        _mm256_unpacklo_epi64(b4, b6),
        _mm256_unpackhi_epi64(b4, b6),
        _mm256_unpacklo_epi64(b5, b7),
        _mm256_unpackhi_epi64(b5, b7),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn quantize(rows: Rows, quantizer: &Quantizer, [left, right]: &mut [Block; 2]) {
    let mut quantized = rows;
    for (at, value) in quantized.iter_mut().enumerate() {
        let magnitude = _mm256_add_epi16(_mm256_abs_epi16(*value), cast(quantizer.bias[at]));
        let divided = _mm256_mulhi_epu16(magnitude, cast(quantizer.reciprocal[at]));
        let divided = _mm256_mulhi_epu16(divided, cast(quantizer.scale[at]));
        *value = _mm256_sign_epi16(divided, *value);
    }
    for (at, two) in quantized.as_chunks::<2>().0.iter().enumerate() {
        let rows = at * 16..at * 16 + 16;
        let low: [i16; 16] = cast(_mm256_permute2x128_si256::<0x20>(two[0], two[1]));
        let high: [i16; 16] = cast(_mm256_permute2x128_si256::<0x31>(two[0], two[1]));
        left.coefficients[rows.clone()].copy_from_slice(&low);
        right.coefficients[rows].copy_from_slice(&high);
    }
    [left.nonzero, right.nonzero] = nonzero(&quantized);
}

/// For every sixteen zigzag positions and every sixteen coefficients, which of these belong there: `pshufb`
/// patterns, the same for both halves.
const SHUFFLES: [[[u8; 32]; 4]; 4] = {
    let mut shuffles = [[[0x80; 32]; 4]; 4];
    let mut k = 0;
    while k < 64 {
        let at = POSITION[k];
        shuffles[k / 16][at as usize / 16][k % 16] = at % 16;
        shuffles[k / 16][at as usize / 16][k % 16 + 16] = at % 16;
        k += 1;
    }
    shuffles
};

#[inline]
#[target_feature(enable = "avx2")]
fn nonzero(rows: &Rows) -> [u64; 2] {
    let zero = _mm256_setzero_si256();
    let mut zeros = [zero; 4];
    for (set, two) in zeros.iter_mut().zip(rows.as_chunks::<2>().0) {
        *set = _mm256_cmpeq_epi8(_mm256_packs_epi16(two[0], two[1]), zero);
    }
    let mut sixteens = [0; 4];
    for (sixteen, shuffles) in sixteens.iter_mut().zip(&SHUFFLES) {
        let mut ordered = zero;
        for (set, shuffle) in zeros.iter().zip(shuffles) {
            ordered = _mm256_or_si256(ordered, _mm256_shuffle_epi8(*set, cast(*shuffle)));
        }
        *sixteen = !(_mm256_movemask_epi8(ordered) as u32);
    }
    let [a, b, c, d] = sixteens.map(u64::from);
    let low = (a & 0xFFFF) | (b & 0xFFFF) << 16 | (c & 0xFFFF) << 32 | (d & 0xFFFF) << 48;
    let high = a >> 16 | (b >> 16) << 16 | (c >> 16) << 32 | (d >> 16) << 48;
    [low, high]
}
