//! PNG's filters taken off again (W3C PNG, third edition, 9).

const SUB: u8 = 1;
const UP: u8 = 2;
const AVERAGE: u8 = 3;
const PAETH: u8 = 4;

/// Takes filters off rows, in SSE4.1 where it is there and a pixel has three or four bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfilter {
    pixel: usize,
    simd: bool,
}

impl Unfilter {
    /// For pixels of `pixel` bytes: 1, 2, 3, 4, 6 or 8.
    pub(super) fn new(pixel: usize) -> Self {
        Self { pixel, simd: simd::is_there() && matches!(pixel, 3 | 4) }
    }

    /// Whether two rows of these filters are quicker done by [`Self::pair`].
    pub(super) fn is_pair(self, first: u8, second: u8) -> bool {
        self.simd && first == PAETH && second == PAETH
    }

    /// The row that was filtered to `row` below the row `above`, into `to`; false if there is no such filter.
    pub(super) fn row(self, filter: u8, row: &[u8], above: &[u8], to: &mut [u8]) -> bool {
        match (filter, self.pixel) {
            (0, _) => to.copy_from_slice(row),
            (UP, _) => {
                let pairs = row.iter().zip(above);
                to.iter_mut().zip(pairs).for_each(|(to, (&row, &above))| *to = row.wrapping_add(above));
            }
            (AVERAGE, 3) if self.simd => simd::average::<3>(row, above, to),
            (AVERAGE, 4) if self.simd => simd::average::<4>(row, above, to),
            (SUB | AVERAGE | PAETH, 1) => each::<1>(filter, row, above, to),
            (SUB | AVERAGE | PAETH, 2) => each::<2>(filter, row, above, to),
            (PAETH, 3) if self.simd => simd::paeth::<3>(row, above, to),
            (PAETH, 4) if self.simd => simd::paeth::<4>(row, above, to),
            (SUB | AVERAGE | PAETH, 3) => each::<3>(filter, row, above, to),
            (SUB | AVERAGE | PAETH, 4) => each::<4>(filter, row, above, to),
            (SUB | AVERAGE | PAETH, 6) => each::<6>(filter, row, above, to),
            (SUB | AVERAGE | PAETH, _) => each::<8>(filter, row, above, to),
            _ => return false,
        }
        true
    }

    /// Two rows of Paeth's filter at once, one pixel behind the other.
    pub(super) fn pair(self, rows: [&[u8]; 2], above: &[u8], to: [&mut [u8]; 2]) {
        if self.pixel == 3 {
            simd::paeth_pair::<3>(rows, above, to);
        } else {
            simd::paeth_pair::<4>(rows, above, to);
        }
    }
}

/// The filters that look at the pixel to the left.
fn each<const N: usize>(filter: u8, row: &[u8], above: &[u8], to: &mut [u8]) {
    match filter {
        SUB => walk::<N>(row, above, to, |left, _, _| left),
        AVERAGE => {
            walk::<N>(row, above, to, |left, above, _| ((u16::from(left) + u16::from(above)) / 2) as u8)
        }
        _ => walk::<N>(row, above, to, paeth),
    }
}

/// `predict` is asked with what is to the left, above, and above to the left.
#[inline(always)]
fn walk<const N: usize>(row: &[u8], above: &[u8], to: &mut [u8], predict: impl Fn(u8, u8, u8) -> u8) {
    let (mut left, mut corner) = ([0; N], [0; N]);
    let pixels = row.as_chunks::<N>().0.iter().zip(above.as_chunks::<N>().0);
    for (to, (row, above)) in to.as_chunks_mut::<N>().0.iter_mut().zip(pixels) {
        for i in 0..N {
            to[i] = row[i].wrapping_add(predict(left[i], above[i], corner[i]));
        }
        (left, corner) = (*to, *above);
    }
}

/// Of the three the nearest to left + above - corner, the first of equals. In the form that needs no distances: left
/// or above is nearest if the corner lies outside of what is between them, by less than half of that.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let [left, above, corner] = [left, above, corner].map(i16::from);
    let bound = 3 * corner - above - left;
    let (low, high) = (left.min(above), left.max(above));
    let below = if high > bound { corner } else { low };
    (if bound > low { below } else { high }) as u8
}

#[cfg(target_arch = "x86_64")]
mod simd {
    //! The same arithmetic in 16-bit lanes, a pixel or two at a time.

    use std::arch::x86_64::*;

    pub(super) fn is_there() -> bool {
        is_x86_feature_detected!("sse4.1")
    }

    pub(super) fn average<const N: usize>(row: &[u8], above: &[u8], to: &mut [u8]) {
        assert!(is_there());
        #[allow(unsafe_code)]
        // SAFETY: the machine has SSE4.1.
        unsafe {
            average_sse41::<N>(row, above, to);
        }
    }

    pub(super) fn paeth<const N: usize>(row: &[u8], above: &[u8], to: &mut [u8]) {
        assert!(is_there());
        #[allow(unsafe_code)]
        // SAFETY: the machine has SSE4.1.
        unsafe {
            paeth_sse41::<N>(row, above, to);
        }
    }

    pub(super) fn paeth_pair<const N: usize>(rows: [&[u8]; 2], above: &[u8], to: [&mut [u8]; 2]) {
        assert!(is_there());
        #[allow(unsafe_code)]
        // SAFETY: the machine has SSE4.1.
        unsafe {
            paeth_pair_sse41::<N>(rows, above, to);
        }
    }

    #[target_feature(enable = "sse4.1")]
    fn average_sse41<const N: usize>(row: &[u8], above: &[u8], to: &mut [u8]) {
        let mut left = _mm_setzero_si128();
        let pixels = row.as_chunks::<N>().0.iter().zip(above.as_chunks::<N>().0);
        for (to, (row, above)) in to.as_chunks_mut::<N>().0.iter_mut().zip(pixels) {
            let above = _mm_cvtsi32_si128(load(above) as i32);
            // Rounded up by the instruction; down by the filter.
            let odd = _mm_and_si128(_mm_xor_si128(left, above), _mm_set1_epi8(1));
            let predicted = _mm_sub_epi8(_mm_avg_epu8(left, above), odd);
            left = _mm_add_epi8(_mm_cvtsi32_si128(load(row) as i32), predicted);
            to.copy_from_slice(&_mm_cvtsi128_si32(left).to_le_bytes()[..N]);
        }
    }

    #[target_feature(enable = "sse4.1")]
    fn paeth_sse41<const N: usize>(row: &[u8], above: &[u8], to: &mut [u8]) {
        let (mut left, mut corner) = (_mm_setzero_si128(), _mm_setzero_si128());
        let pixels = row.as_chunks::<N>().0.iter().zip(above.as_chunks::<N>().0);
        for (to, (row, above)) in to.as_chunks_mut::<N>().0.iter_mut().zip(pixels) {
            let above = wide(load(above).into());
            left = step(wide(load(row).into()), left, above, corner);
            corner = above;
            to.copy_from_slice(&narrow(left).to_le_bytes()[..N]);
        }
    }

    /// The second row one pixel behind the first, as it needs that one's result: the low four lanes are the first
    /// row's pixel, the high four the second's.
    #[target_feature(enable = "sse4.1")]
    fn paeth_pair_sse41<const N: usize>(rows: [&[u8]; 2], above: &[u8], to: [&mut [u8]; 2]) {
        let [first, second] = rows.map(|row| row.as_chunks::<N>().0);
        let [to_first, to_second] = to.map(|to| to.as_chunks_mut::<N>().0);
        let above = above.as_chunks::<N>().0;
        let (Some(first_pixel), Some(above_pixel), Some(to_pixel)) =
            (first.first(), above.first(), to_first.first_mut())
        else {
            return;
        };
        let zero = _mm_setzero_si128();
        let mut corner = wide(load(above_pixel).into());
        let mut left = step(wide(load(first_pixel).into()), zero, corner, zero);
        to_pixel.copy_from_slice(&narrow(left).to_le_bytes()[..N]);

        let rows = first[1..].iter().zip(second).zip(&above[1..]);
        let targets = to_first[1..].iter_mut().zip(to_second.iter_mut());
        for (((first, second), above), (to_first, to_second)) in rows.zip(targets) {
            let row = wide(u64::from(load(first)) | u64::from(load(second)) << 32);
            let above = _mm_unpacklo_epi64(wide(load(above).into()), left);
            left = step(row, left, above, corner);
            corner = above;
            let bytes = narrow(left).to_le_bytes();
            to_first.copy_from_slice(&bytes[..N]);
            to_second.copy_from_slice(&bytes[4..4 + N]);
        }

        if let (Some(second), Some(to)) = (second.last(), to_second.last_mut()) {
            let above = _mm_unpacklo_epi64(zero, left);
            left = step(wide(u64::from(load(second)) << 32), left, above, corner);
            to.copy_from_slice(&narrow(left).to_le_bytes()[4..4 + N]);
        }
    }

    #[inline]
    fn load<const N: usize>(pixel: &[u8; N]) -> u32 {
        let mut bytes = [0; 4];
        bytes[..N].copy_from_slice(pixel);
        u32::from_le_bytes(bytes)
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn wide(bytes: u64) -> __m128i {
        _mm_cvtepu8_epi16(_mm_cvtsi64_si128(bytes as i64))
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn narrow(lanes: __m128i) -> u64 {
        _mm_cvtsi128_si64(_mm_packus_epi16(lanes, lanes)) as u64
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn step(row: __m128i, left: __m128i, above: __m128i, corner: __m128i) -> __m128i {
        let thrice = _mm_add_epi16(corner, _mm_add_epi16(corner, corner));
        let bound = _mm_sub_epi16(_mm_sub_epi16(thrice, above), left);
        let (low, high) = (_mm_min_epi16(left, above), _mm_max_epi16(left, above));
        let below = _mm_blendv_epi8(low, corner, _mm_cmpgt_epi16(high, bound));
        let predicted = _mm_blendv_epi8(high, below, _mm_cmpgt_epi16(bound, low));
        _mm_and_si128(_mm_add_epi16(row, predicted), _mm_set1_epi16(255))
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod simd {
    pub(super) fn is_there() -> bool {
        false
    }

    pub(super) fn average<const N: usize>(row: &[u8], above: &[u8], to: &mut [u8]) {
        super::each::<N>(super::AVERAGE, row, above, to);
    }

    pub(super) fn paeth<const N: usize>(row: &[u8], above: &[u8], to: &mut [u8]) {
        super::each::<N>(super::PAETH, row, above, to);
    }

    pub(super) fn paeth_pair<const N: usize>(
        [first, second]: [&[u8]; 2],
        above: &[u8],
        [to_first, to_second]: [&mut [u8]; 2],
    ) {
        paeth::<N>(first, above, to_first);
        paeth::<N>(second, to_first, to_second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W3C PNG, 9.4, word for word.
    fn as_specified(a: u8, b: u8, c: u8) -> u8 {
        let p = i32::from(a) + i32::from(b) - i32::from(c);
        let [pa, pb, pc] = [a, b, c].map(|value| (p - i32::from(value)).abs());
        if pa <= pb && pa <= pc {
            a
        } else if pb <= pc {
            b
        } else {
            c
        }
    }

    #[test]
    fn the_short_form_of_paeth_is_the_specified_one() {
        for a in 0..=255 {
            for b in 0..=255 {
                for c in (0..=255).step_by(3).chain([254]) {
                    assert_eq!(paeth(a, b, c), as_specified(a, b, c), "{a} {b} {c}");
                }
            }
        }
    }

    fn noise(length: usize, mut seed: u32) -> Vec<u8> {
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Steps of all sizes, so that each of the three is the nearest at times.
            (seed >> 24) as u8 >> (seed >> 8 & 7)
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn simd_is_bit_for_bit_the_plain_code() {
        for pixel in [3, 4] {
            let unfilter = Unfilter::new(pixel);
            for pixels in [0, 1, 2, 3, 7, 64, 501] {
                let length = pixels * pixel;
                let [first, second, above] = [1, 2, 3].map(|seed| noise(length, seed));
                let mut expected = [vec![0; length], vec![0; length]];
                let plain = Unfilter { simd: false, ..unfilter };
                let [one, two] = &mut expected;
                assert!(plain.row(PAETH, &first, &above, one) && plain.row(PAETH, &second, one, two));

                let [mut averages, mut plain_averages] = [vec![0; length], vec![0; length]];
                assert!(unfilter.row(AVERAGE, &first, &above, &mut averages));
                assert!(plain.row(AVERAGE, &first, &above, &mut plain_averages));
                assert_eq!(averages, plain_averages, "{pixels} of {pixel} bytes");

                let mut single = vec![0; length];
                assert!(unfilter.row(PAETH, &first, &above, &mut single));
                assert_eq!(single, expected[0], "{pixels} of {pixel} bytes");
                if unfilter.is_pair(PAETH, PAETH) {
                    let [mut one, mut two] = [vec![0; length], vec![0; length]];
                    unfilter.pair([&first, &second], &above, [&mut one, &mut two]);
                    assert_eq!([one, two], expected, "{pixels} of {pixel} bytes");
                }
            }
        }
    }
}
