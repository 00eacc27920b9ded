//! Rows of a picture as they arrive, averaged in boxes, so that the whole of a large one is never held.

use std::ops::AddAssign;

use super::shrink;
use crate::picture::{Components, Interleaved, Samples};

/// A sample of 8 or 16 bits, and what sums of it over [`shrink::LARGEST`] rows fit into.
pub(super) trait Sample: Copy + Into<u32> {
    /// A column of samples.
    type Sum: Copy + Default + AddAssign + From<Self> + Into<u32>;
    /// A column, or a box, of samples times alpha.
    type Weighted: Copy + Default + AddAssign + From<u32> + Into<u64>;

    /// The whole part of `value`, which the type holds.
    fn floor(value: f64) -> Self;
    /// Adds a row of pixels of four components, the last of which is alpha, to sums of its columns.
    fn weigh_four(sums: &mut [Self::Weighted], row: &[Self]) {
        weigh::<Self, 4>(sums, row);
    }
    fn samples(samples: Vec<Self>) -> Samples;
}

impl Sample for u8 {
    type Sum = u16;
    type Weighted = u32;

    fn floor(value: f64) -> Self {
        value as u8
    }

    #[cfg(target_arch = "x86_64")]
    fn weigh_four(sums: &mut [u32], row: &[u8]) {
        if is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code)]
            // SAFETY: the machine has AVX2.
            unsafe {
                weigh_avx2(sums, row);
            }
        } else {
            weigh::<u8, 4>(sums, row);
        }
    }

    fn samples(samples: Vec<Self>) -> Samples {
        Samples::Eight(samples)
    }
}

impl Sample for u16 {
    type Sum = u32;
    type Weighted = u64;

    fn floor(value: f64) -> Self {
        value as u16
    }

    fn samples(samples: Vec<Self>) -> Samples {
        Samples::Sixteen(samples)
    }
}

/// A picture in the making: `factor` × `factor` of its pixels become one. Colours are averaged as they are encoded,
/// as resizing does it, and weighted by alpha.
pub(super) struct Boxes<S: Sample> {
    size: (u32, u32),
    components: Components,
    factor: u32,
    /// Rows that the sums hold.
    rows: u32,
    /// Of each sample of a row, its column's; empty where there is alpha.
    sums: Vec<S::Sum>,
    /// The same for colours times alpha; alpha itself is not multiplied.
    weighted: Vec<S::Weighted>,
    samples: Vec<S>,
    /// Samples that are made.
    made: usize,
}

impl<S: Sample> Boxes<S> {
    /// For a picture of `size` pixels. What never arrives is `missing`.
    pub(super) fn new(size: (u32, u32), components: Components, factor: u32, missing: S) -> Self {
        let (width, height) = shrink::size(size.0, size.1, factor);
        let columns = if factor > 1 { size.0 as usize * components.count() } else { 0 };
        let (sums, weighted) = if components.has_alpha() { (0, columns) } else { (columns, 0) };
        Self {
            size,
            components,
            factor,
            rows: 0,
            sums: vec![S::Sum::default(); sums],
            weighted: vec![S::Weighted::default(); weighted],
            samples: vec![missing; width as usize * height as usize * components.count()],
            made: 0,
        }
    }

    /// Takes the next row. There may be no more rows than the picture has.
    pub(super) fn push(&mut self, row: &[S]) {
        if self.factor == 1 {
            self.samples[self.made..self.made + row.len()].copy_from_slice(row);
            self.made += row.len();
            return;
        }
        match self.components.count() {
            2 if self.components.has_alpha() => weigh::<S, 2>(&mut self.weighted, row),
            4 if self.components.has_alpha() => S::weigh_four(&mut self.weighted, row),
            _ => self.sums.iter_mut().zip(row).for_each(|(sum, &sample)| *sum += S::Sum::from(sample)),
        }
        self.rows += 1;
        if self.rows == self.factor {
            self.close();
        }
    }

    /// The picture of all rows that arrived.
    pub(super) fn finish(mut self) -> Interleaved {
        self.close();
        let (width, height) = shrink::size(self.size.0, self.size.1, self.factor);
        Interleaved {
            width,
            height,
            extent: shrink::extent(self.size.0, self.size.1, self.factor),
            components: self.components,
            samples: S::samples(self.samples),
        }
    }

    /// Makes a row of pixels of the rows that are there.
    fn close(&mut self) {
        if self.rows == 0 {
            return;
        }
        let made = match (self.components.count(), self.components.has_alpha()) {
            (1, _) => self.average::<1>(),
            (2, true) => self.average_weighted::<2>(),
            (4, true) => self.average_weighted::<4>(),
            (3, _) => self.average::<3>(),
            _ => self.average::<4>(),
        };
        self.made += made;
        self.rows = 0;
        self.sums.fill(S::Sum::default());
        self.weighted.fill(S::Weighted::default());
    }

    fn average<const N: usize>(&mut self) -> usize {
        let boxes = self.sums.as_chunks::<N>().0.chunks(self.factor as usize);
        let targets = self.samples[self.made..].as_chunks_mut::<N>().0;
        let mut made = 0;
        for (pixels, target) in boxes.zip(targets) {
            let count = pixels.len() as u32 * self.rows;
            let scale = 1.0 / f64::from(count);
            let mut sums = [0_u32; N];
            for pixel in pixels {
                for (sum, &sample) in sums.iter_mut().zip(pixel) {
                    *sum += sample.into();
                }
            }
            // Rounded, and half a unit away from where multiplying in floating point could be wrong.
            *target = sums.map(|sum| S::floor((f64::from(sum) + f64::from(count / 2) + 0.5) * scale));
            made += N;
        }
        made
    }

    /// The last of `N` components is alpha.
    fn average_weighted<const N: usize>(&mut self) -> usize {
        let boxes = self.weighted.as_chunks::<N>().0.chunks(self.factor as usize);
        let targets = self.samples[self.made..].as_chunks_mut::<N>().0;
        let mut made = 0;
        for (pixels, target) in boxes.zip(targets) {
            let count = pixels.len() as u64 * u64::from(self.rows);
            let mut sums = [S::Weighted::default(); N];
            for pixel in pixels {
                for (sum, &sample) in sums.iter_mut().zip(pixel) {
                    *sum += sample;
                }
            }
            let sums: [u64; N] = sums.map(Into::into);
            let alpha = sums[N - 1];
            // A signed number of 64 bits is converted in one instruction; all are below 2^53.
            let average =
                |sum: u64, count: u64, scale: f64| S::floor(((sum + count / 2) as i64 as f64 + 0.5) * scale);
            // A box that is wholly transparent has no colour.
            let scale = 1.0 / alpha.max(1) as f64;
            *target = sums.map(|sum| average(sum, alpha, scale));
            target[N - 1] = average(alpha, count, 1.0 / count as f64);
            made += N;
        }
        made
    }
}

/// Adds a row of pixels, the last of whose components is alpha, to sums of its columns.
fn weigh<S: Sample, const N: usize>(sums: &mut [S::Weighted], row: &[S]) {
    for (sums, pixel) in sums.as_chunks_mut::<N>().0.iter_mut().zip(row.as_chunks::<N>().0) {
        let alpha: u32 = pixel[N - 1].into();
        for (sum, &color) in sums.iter_mut().zip(&pixel[..N - 1]) {
            // At most 65,535 × 65,535.
            *sum += (color.into() * alpha).into();
        }
        sums[N - 1] += alpha.into();
    }
}

/// [`weigh`] of 8-bit RGBA, two pixels at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn weigh_avx2(sums: &mut [u32], row: &[u8]) {
    use std::arch::x86_64::*;

    let (sums, last_sums) = sums.as_chunks_mut::<8>();
    let (pixels, last_pixel) = row.as_chunks::<8>();
    let one = _mm256_set1_epi32(1);
    for (sums, pixels) in sums.iter_mut().zip(pixels) {
        let samples = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(*pixels)));
        let alphas = _mm256_shuffle_epi32::<0b11_11_11_11>(samples);
        let weights = _mm256_blend_epi32::<0b1000_1000>(alphas, one);
        // Of each pair of 16-bit factors the upper ones are 0.
        let weighted = _mm256_madd_epi16(samples, weights);
        *sums = bytemuck::cast(_mm256_add_epi32(bytemuck::cast(*sums), weighted));
    }
    weigh::<u8, 4>(last_sums, last_pixel);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::picture::Extent;
    use std::sync::Arc;

    use crate::jobs::Piece;
    use crate::resize::{Chroma, Resizer};

    const ALL: [Components; 5] = [
        Components::Grey,
        Components::GreyAlpha,
        Components::Rgb,
        Components::Rgba,
        Components::Cmyk { inverted: false },
    ];

    /// Rows of one picture through boxes.
    fn boxed<S: Sample>(size: (u32, u32), components: Components, factor: u32, samples: &[S]) -> Interleaved {
        let mut boxes = Boxes::new(size, components, factor, S::floor(7.0));
        samples.chunks_exact(size.0 as usize * components.count()).for_each(|row| boxes.push(row));
        boxes.finish()
    }

    /// Box by box, in whole numbers.
    fn plainly<S: Sample>(
        (width, height): (u32, u32),
        components: Components,
        factor: u32,
        samples: &[S],
    ) -> Vec<u64> {
        let count = components.count();
        let sample = |x: u32, y: u32, c: usize| -> u64 {
            let at = (y as usize * width as usize + x as usize) * count + c;
            u64::from(Into::<u32>::into(samples[at]))
        };
        let mut made = Vec::new();
        for top in (0..height).step_by(factor as usize) {
            for left in (0..width).step_by(factor as usize) {
                let (right, bottom) = ((left + factor).min(width), (top + factor).min(height));
                let pixels: Vec<(u32, u32)> =
                    (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))).collect();
                let total = pixels.len() as u64;
                let rounded = |sum: u64, by: u64| (sum + by / 2) / by.max(1);
                for c in 0..count {
                    if components.has_alpha() && c < count - 1 {
                        let weight = |&(x, y): &(u32, u32)| sample(x, y, count - 1);
                        let alpha = pixels.iter().map(weight).sum();
                        made.push(rounded(
                            pixels.iter().map(|at| sample(at.0, at.1, c) * weight(at)).sum(),
                            alpha,
                        ));
                    } else {
                        made.push(rounded(pixels.iter().map(|at| sample(at.0, at.1, c)).sum(), total));
                    }
                }
            }
        }
        made
    }

    fn values(picture: &Interleaved) -> Vec<u64> {
        match &picture.samples {
            Samples::Eight(samples) => samples.iter().map(|&sample| sample.into()).collect(),
            Samples::Sixteen(samples) => samples.iter().map(|&sample| sample.into()).collect(),
        }
    }

    proptest! {
        #[test]
        fn boxes_are_averages(
            width in 1_u32..40, height in 1_u32..40, factor in 1_u32..12, which in 0..ALL.len(), seed: u64,
        ) {
            let components = ALL[which];
            let mut state = seed | 1;
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // Much of it black, white, opaque, or transparent.
                match state >> 61 { 0 | 1 => 0, 2 | 3 => u16::MAX, _ => (state >> 20) as u16 }
            };
            let deep: Vec<u16> = (0..width as usize * height as usize * components.count()).map(|_| next()).collect();
            let eight: Vec<u8> = deep.iter().map(|&sample| (sample >> 8) as u8).collect();
            if factor > 1 {
                prop_assert_eq!(
                    values(&boxed((width, height), components, factor, &deep)),
                    plainly((width, height), components, factor, &deep)
                );
            }
            let shrunk = boxed((width, height), components, factor, &eight);
            prop_assert_eq!((shrunk.width, shrunk.height), (width.div_ceil(factor), height.div_ceil(factor)));
            if factor > 1 {
                prop_assert_eq!(values(&shrunk), plainly((width, height), components, factor, &eight));
            } else {
                prop_assert_eq!(values(&shrunk), eight.iter().map(|&sample| sample.into()).collect::<Vec<u64>>());
            }
        }
    }

    #[test]
    fn the_largest_boxes_do_not_overflow() {
        let size = (shrink::LARGEST, shrink::LARGEST);
        for components in ALL {
            let samples = size.0 as usize * size.1 as usize * components.count();
            let white = boxed(size, components, shrink::LARGEST, &vec![u16::MAX; samples]);
            assert_eq!(values(&white), vec![65_535; components.count()], "{components:?}");
            let white = boxed(size, components, shrink::LARGEST, &vec![u8::MAX; samples]);
            assert_eq!(values(&white), vec![255; components.count()], "{components:?}");
        }
    }

    #[test]
    fn rows_that_never_come_are_as_they_were_asked_to_be() {
        let mut boxes = Boxes::new((4, 8), Components::Grey, 3, 128_u8);
        for value in [10, 20, 30, 50] {
            boxes.push(&[value; 4]);
        }
        // A box is the average of the rows that it got.
        assert_eq!(values(&boxes.finish()), [20, 20, 50, 50, 128, 128]);
    }

    fn resized(picture: Interleaved, size: (u32, u32)) -> Vec<u64> {
        let pixels = Piece::Pixels(Arc::new(picture));
        let resized = Resizer::default().resize(pixels, size, Chroma::Full).unwrap();
        let Piece::Pixels(resized) = resized else { panic!("a plane of interleaved pixels") };
        values(&resized)
    }

    /// The largest and the mean difference to resizing the whole picture.
    fn difference(size: (u32, u32), factor: u32, to: (u32, u32), at: impl Fn(f64, f64) -> f64) -> (u64, f64) {
        let samples: Vec<u8> = (0..size.1)
            .flat_map(|y| (0..size.0).map(move |x| (f64::from(x) + 0.5, f64::from(y) + 0.5)))
            .map(|(x, y)| at(x, y) as u8)
            .collect();
        let whole = Interleaved {
            width: size.0,
            height: size.1,
            extent: Extent::whole(size.0, size.1),
            components: Components::Grey,
            samples: Samples::Eight(samples.clone()),
        };
        let expected = resized(whole, to);
        let got = resized(boxed(size, Components::Grey, factor, &samples), to);
        let differences: Vec<u64> = expected.iter().zip(got).map(|(&a, b)| a.abs_diff(b)).collect();
        let mean = differences.iter().sum::<u64>() as f64 / differences.len() as f64;
        (differences.into_iter().max().unwrap(), mean)
    }

    #[test]
    fn what_is_shrunk_in_part_neither_shifts_nor_stretches() {
        for (size, factor) in [((1_009, 757), 4), ((1_010, 758), 4), ((1_011, 755), 4), ((999, 701), 7)] {
            let (width, height) = (f64::from(size.0), f64::from(size.1));
            let to = (size.0 / (3 * factor), size.1 / (3 * factor));
            let (most, _) = difference(size, factor, to, |x, _| x / width * 255.0);
            assert!(most <= 1, "across {size:?} by {factor}: {most}");
            let (most, _) = difference(size, factor, to, |_, y| y / height * 255.0);
            assert!(most <= 1, "down {size:?} by {factor}: {most}");
            // Rings that get narrower up to the finest that the result can show.
            let (middle, finest) = ((width / 2.0, height / 2.0), f64::from(to.0) / width / width);
            let plate = |x: f64, y: f64| {
                let square = (x - middle.0).powi(2) + (y - middle.1).powi(2);
                127.5 + 127.0 * (std::f64::consts::PI * finest * square).cos()
            };
            let (most, mean) = difference(size, factor, to, plate);
            assert!(most <= 24 && mean < 4.0, "rings in {size:?} by {factor}: {most}, {mean}");
        }
    }
}
