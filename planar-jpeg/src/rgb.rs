//! RGB to the planes of 4:2:0, by JFIF's matrix in 16-bit fixed point.

/// A picture's planes: luma at full size, chroma at half of it, each side rounded up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halved {
    /// Y.
    pub luma: Vec<u8>,
    /// Cb.
    pub blue: Vec<u8>,
    /// Cr.
    pub red: Vec<u8>,
}

/// The planes of `rgb`, three bytes a pixel in rows of `width`. Chroma is the mean of two by two pixels; the last column
/// and row stand in for what an odd size lacks. What `rgb` has beyond whole rows is left out.
pub fn halved(rgb: &[u8], width: u32) -> Halved {
    let width = width as usize;
    let pixels = rgb.as_chunks::<3>().0;
    let height = pixels.len().checked_div(width).unwrap_or(0);
    let pixels = &pixels[..width * height];
    let half = width.div_ceil(2) * height.div_ceil(2);
    let mut planes = Halved { luma: vec![0; pixels.len()], blue: vec![0; half], red: vec![0; half] };
    if !pixels.is_empty() {
        convert(pixels, width, &mut planes);
    }
    planes
}

fn convert(pixels: &[[u8; 3]], width: usize, planes: &mut Halved) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been found to have AVX2, all that the function asks for.
        #[allow(unsafe_code)]
        unsafe {
            convert_by_avx2(pixels, width, planes);
        }
        return;
    }
    convert_anywhere(pixels, width, planes);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_by_avx2(pixels: &[[u8; 3]], width: usize, planes: &mut Halved) {
    convert_anywhere(pixels, width, planes);
}

/// Loops that compilers vectorise.
#[inline(always)]
fn convert_anywhere(pixels: &[[u8; 3]], width: usize, planes: &mut Halved) {
    let half = width.div_ceil(2);
    let mut sums = vec![[0_u16; 3]; half];
    let chroma = planes.blue.chunks_exact_mut(half).zip(planes.red.chunks_exact_mut(half));
    for ((rows, luma), (blue, red)) in
        pixels.chunks(width * 2).zip(planes.luma.chunks_mut(width * 2)).zip(chroma)
    {
        for (luma, &[r, g, b]) in luma.iter_mut().zip(rows) {
            let weighted = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b);
            *luma = ((weighted + (1 << 15)) >> 16) as u8;
        }
        let (upper, lower) = rows.split_at(width);
        add_pairs(&mut sums, upper, if lower.is_empty() { upper } else { lower });
        for ((blue, red), &[r, g, b]) in blue.iter_mut().zip(red).zip(&sums) {
            let [r, g, b] = [i32::from(r), i32::from(g), i32::from(b)];
            // Sums of four, hence two more bits. Half of a step less one keeps the largest below 256, as libjpeg does.
            let middle = (128 << 18) + (1 << 17) - 1;
            *blue = ((middle - 11_059 * r - 21_709 * g + 32_768 * b) >> 18) as u8;
            *red = ((middle + 32_768 * r - 27_439 * g - 5_329 * b) >> 18) as u8;
        }
    }
}

/// Sums over two by two pixels.
#[inline(always)]
fn add_pairs(sums: &mut [[u16; 3]], upper: &[[u8; 3]], lower: &[[u8; 3]]) {
    let ((upper_pairs, upper_last), (lower_pairs, lower_last)) =
        (upper.as_chunks::<2>(), lower.as_chunks::<2>());
    for (sum, (upper, lower)) in sums.iter_mut().zip(upper_pairs.iter().zip(lower_pairs)) {
        for channel in 0..3 {
            sum[channel] = u16::from(upper[0][channel])
                + u16::from(upper[1][channel])
                + u16::from(lower[0][channel])
                + u16::from(lower[1][channel]);
        }
    }
    if let ([upper], [lower], Some(sum)) = (upper_last, lower_last, sums.last_mut()) {
        *sum = std::array::from_fn(|channel| 2 * (u16::from(upper[channel]) + u16::from(lower[channel])));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// JFIF's formulas.
    fn exact([r, g, b]: [f64; 3]) -> [f64; 3] {
        [
            0.299 * r + 0.587 * g + 0.114 * b,
            128.0 - 0.168_735_9 * r - 0.331_264_1 * g + 0.5 * b,
            128.0 + 0.5 * r - 0.418_687_6 * g - 0.081_312_4 * b,
        ]
    }

    fn pictures() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
        (1usize..40, 1usize..6).prop_flat_map(|(width, height)| {
            let sample = prop_oneof![any::<u8>(), Just(0), Just(255)];
            (Just(width), Just(height), prop::collection::vec(sample, width * height * 3))
        })
    }

    proptest! {
        #[test]
        fn planes_are_jfifs_to_a_rounding((width, height, rgb) in pictures()) {
            let planes = halved(&rgb, width as u32);
            let pixel = |x: usize, y: usize| -> [f64; 3] {
                let at = (y.min(height - 1) * width + x.min(width - 1)) * 3;
                std::array::from_fn(|channel| f64::from(rgb[at + channel]))
            };
            for y in 0..height {
                for x in 0..width {
                    let luma = f64::from(planes.luma[y * width + x]);
                    prop_assert!((luma - exact(pixel(x, y))[0]).abs() < 0.51);
                }
            }
            let half = width.div_ceil(2);
            for y in 0..height.div_ceil(2) {
                for x in 0..half {
                    let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| pixel(2 * x + right, 2 * y + down));
                    let mean = std::array::from_fn(|channel| four.iter().map(|pixel| pixel[channel]).sum::<f64>() / 4.0);
                    let [_, blue, red] = exact(mean);
                    prop_assert!((f64::from(planes.blue[y * half + x]) - blue).abs() < 0.52);
                    prop_assert!((f64::from(planes.red[y * half + x]) - red).abs() < 0.52);
                }
            }
        }

        #[test]
        fn every_processor_gives_the_same((width, _, rgb) in pictures()) {
            let planes = halved(&rgb, width as u32);
            let mut twin = Halved {
                luma: vec![0; planes.luma.len()], blue: vec![0; planes.blue.len()], red: vec![0; planes.red.len()],
            };
            convert_anywhere(rgb.as_chunks::<3>().0, width, &mut twin);
            prop_assert_eq!(planes, twin);
        }
    }

    #[test]
    fn nothing_makes_nothing() {
        assert_eq!(halved(&[], 0), Halved { luma: vec![], blue: vec![], red: vec![] });
        assert_eq!(halved(&[1, 2, 3], 5).luma, []);
    }
}
